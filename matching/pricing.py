"""The best plan over all pairs, with only those arcs in the solver that can matter.

Solve on each side's best pairs; take the prices of that plan; price every pair with them. A pair
worth more than the prices of its order and its bin would gain: such pairs join, and it is solved
again. When none is left the prices cover every pair: the last pricing is the certificate.

Pairs that join find the plan as it is, and it is improved from there on (`simplex.py`). So is the
last plan after a change.
"""

from dataclasses import dataclass

import numpy as np

from matching.columns import Flags, Integers
from matching.flow import Flow, improved_flow, solve_flow
from matching.groups import Groups
from matching.network import Arcs, Network
from matching.prices import (
    Prices,
    dual_bound,
    prices_of,
    value_of,
)
from matching.sparse import Whole

BEST = 8
"""So many pairs of each order and of each offer are in the solver from the beginning."""
JOINING = 8
"""So many of the uncovered pairs of an order, and of an offer, join in one round."""
LIKELY = 2 * JOINING
"""So many are looked at first, as an offer may have bins that are cheaper but suit no order."""
MANY = 32
"""Where more than this part of the arcs joins, a plan is made anew: it is as fast, in parts."""
NOTHING = np.iinfo(np.int64).min


@dataclass(frozen=True, slots=True, eq=False)
class Solution:
    """A best plan: what its arcs carry, and prices that cover every pair.

    `value` and `bound` are equal; `rounds` is how often it was priced.
    """

    arcs: Arcs
    carried: Integers
    prices: Prices
    value: int
    bound: int
    rounds: int


def solve_priced(
    network: Network,
    chosen: Flags | None = None,
    prices: Prices | None = None,
    seeds: Integers | None = None,
) -> Solution:
    """Return the best plan of the pairs (of those `chosen`), and prices that prove it.

    `prices` of an earlier plan, and pairs (`seeds`) that it used, say where to begin.
    """
    pricing = _Pricing(network, chosen)
    arcs = network.arcs(np.flatnonzero(pricing.begin(prices, seeds)))
    return pricing.completed(arcs, _solved(network, arcs), anew=True)


def proven_prices(
    network: Network, arcs: Arcs, carried: Integers, chosen: Flags | None = None
) -> Prices:
    """Return prices that a plan implies and that cover every pair. Raises PlanRejected.

    Nothing is solved: `arcs` carry the plan, and pairs that its prices do not cover yet join them
    until prices cover all, or a better plan shows.
    """
    pricing = _Pricing(network, chosen)
    pricing.active[arcs.pairs] = True
    prices = _prices(network, arcs, carried)
    while len(joining := pricing.uncovered(prices)):
        arcs, carried = _joined(arcs, carried, network.arcs(joining))
        pricing.active[joining] = True
        prices = _prices(network, arcs, carried)
    return prices


def repaired(network: Network, flow: Solution) -> Solution:
    """Return the best plan after quantities or capacities changed, beginning from the one before.

    Equal in value to one made anew, and different from the one before only where something gains.
    """
    return repaired_from(network, None, flow.arcs, flow.carried, flow.prices)


def repaired_from(
    network: Network, chosen: Flags | None, arcs: Arcs, carried: Integers, prices: Prices
) -> Solution:
    """Return the best plan of the chosen pairs, beginning from what `arcs` carry.

    That may be more than there is room for; `prices` may be any that are not below zero. A pair
    has all its arcs among them.
    """
    pricing = _Pricing(network, chosen)
    pricing.active[arcs.pairs] = True
    carried = _within_limits(arcs, carried, network)
    flow = _improved(network, arcs, Flow(carried, prices))
    return pricing.completed(arcs, flow, anew=False)


def _solved(network: Network, arcs: Arcs) -> Flow:
    return solve_flow(arcs, network.quantity, network.capacity, network.executor, network.groups)


def _improved(network: Network, arcs: Arcs, begin: Flow) -> Flow:
    return improved_flow(arcs, begin, network.quantity, network.capacity, network.groups)


def _prices(network: Network, arcs: Arcs, carried: Integers) -> Prices:
    return prices_of(arcs, carried, network.quantity, network.capacity, network.groups)


def _within_limits(arcs: Arcs, carried: Integers, network: Network) -> Integers:
    """Return what arcs carry, cut where an order wants less now or a bin or quota has less room."""
    cut, every = carried.copy(), np.arange(len(arcs))
    limited = [(arcs.orders, every, network.quantity), (arcs.bins, every, network.capacity)]
    if (groups := network.groups) is not None:
        limited.append((*_in_groups(arcs, groups), groups.most))
    for owners, places, limits in limited:
        totals = np.zeros(len(limits), dtype=np.int64)
        np.add.at(totals, owners, cut[places])
        if (totals <= limits).all():
            continue
        order = np.argsort(owners, kind="stable")
        owner, place = owners[order], places[order]
        amounts = cut[place]
        before = np.cumsum(amounts) - amounts
        first = np.searchsorted(owner, owner)
        left = np.clip(limits[owner] - (before - before[first]), 0, amounts)
        np.minimum.at(cut, place, left)
    return cut


def _in_groups(arcs: Arcs, groups: Groups) -> tuple[Integers, Integers]:
    """Return all groups that arcs lead through, and which arc each of them is of."""
    found = [
        (owners[inside], inside)
        for innermost in (groups.of_orders[arcs.orders], groups.of_bins[arcs.bins])
        for owners in groups.outwards(innermost)
        for inside in (np.flatnonzero(owners >= 0),)
    ]
    nothing = np.zeros(0, dtype=np.int64)
    return (
        np.concatenate([nothing, *(owners for owners, _ in found)]),
        np.concatenate([nothing, *(inside for _, inside in found)]),
    )


def _joined(arcs: Arcs, carried: Integers, more: Arcs) -> tuple[Arcs, Integers]:
    """Return the arcs with more of them, by order, and what they carry."""
    order = np.argsort(np.concatenate([arcs.pairs, more.pairs]), kind="stable")
    both = Arcs(
        *(
            np.concatenate([getattr(arcs, name), getattr(more, name)])[order]
            for name in ("pairs", "orders", "bins", "worths")
        )
    )
    return both, np.concatenate([carried, np.zeros(len(more), dtype=np.int64)])[order]


class _Pricing:
    """Which pairs are worth a place in the solver, by what they are worth and by prices.

    `active` are those that have one.
    """

    def __init__(self, network: Network, chosen: Flags | None) -> None:
        self.active = np.zeros(len(network.found), dtype=bool)
        self._network = network
        self._chosen = chosen
        self._orders, self._offers = network.found.orders, network.found.offers

    def begin(self, prices: Prices | None, seeds: Integers | None) -> Flags:
        """Return the pairs to begin with: each side's best, by worth less the other's price."""
        network = self._network
        gains = network.worths.copy()
        if prices is not None:
            gains -= prices.orders[self._orders] + cheapest(network, prices.bins)[self._offers]
        if self._chosen is not None:
            gains[~self._chosen] = NOTHING
        by_offer = network.found.by_offer
        self.active |= best_of_each(self._orders, gains, BEST)
        self.active[by_offer[best_of_each(self._offers[by_offer], gains[by_offer], BEST)]] = True
        if seeds is not None:
            self.active[seeds] = True
        if self._chosen is not None:
            self.active &= self._chosen
        return self.active

    def completed(self, arcs: Arcs, flow: Flow, *, anew: bool) -> Solution:
        """Let pairs join until the prices cover every pair; return the plan.

        With `anew` it does not matter how near the plan stays to the one it began with.
        """
        network, rounds = self._network, 1
        while len(joining := self.uncovered(flow.prices)):
            rounds += 1
            arcs, carried = _joined(arcs, flow.carried, network.arcs(joining))
            self.active[joining] = True
            if anew and MANY * len(joining) > len(arcs):
                flow = _solved(network, arcs)
            else:
                flow = _improved(network, arcs, Flow(carried, flow.prices))
        carried, prices = flow
        value = value_of(arcs, carried, network.groups)
        bound = dual_bound(arcs, prices, network.quantity, network.capacity, network.groups)
        return Solution(arcs, carried, prices, value, bound, rounds)

    def uncovered(self, prices: Prices) -> Integers:
        """Return the pairs that the prices do not cover, the worst of each order and offer."""
        network = self._network
        gaps = network.worths - prices.orders[self._orders]
        gaps -= cheapest(network, prices.bins)[self._offers]
        suspects = np.flatnonzero(gaps > 0)
        suspects = suspects[~self.active[suspects]]
        if self._chosen is not None:
            suspects = suspects[self._chosen[suspects]]
        likely = self._some(suspects, gaps[suspects], LIKELY)
        joining = self._truly(likely, prices)
        if not len(joining) and len(likely) < len(suspects):
            joining = self._truly(suspects, prices)
        return joining

    def _truly(self, pairs: Integers, prices: Prices) -> Integers:
        """Return those that have an arc worth more than its prices, the worst of each side."""
        arcs = self._network.arcs(pairs)
        gaps = arcs.worths - prices.orders[arcs.orders] - prices.bins[arcs.bins]
        true = np.flatnonzero(gaps > 0)
        return np.unique(self._some(arcs.pairs[true], gaps[true], JOINING))

    def _some(self, pairs: Integers, gaps: Integers, most: int) -> Integers:
        """Return the pairs that are among the worst of their order or offer."""
        offers = self._offers[pairs]
        by_offer = np.argsort(offers, kind="stable")
        kept = best_of_each(self._orders[pairs], gaps, most)
        kept[by_offer[best_of_each(offers[by_offer], gaps[by_offer], most)]] = True
        return pairs[kept]


def cheapest(network: Network, of_bins: Integers) -> Integers:
    """Return the lowest price of each offer's bins; 0 of one that has none."""
    counts = np.diff(network.bin_starts)
    lowest = np.zeros(len(counts), dtype=np.int64)
    having = np.flatnonzero(counts)
    if len(having):
        lowest[having] = np.minimum.reduceat(of_bins, network.bin_starts[:-1][having])
    return lowest


def promising(network: Network, chosen: Flags | None, prices: Prices, seeds: Integers) -> Flags:
    """Return the pairs to begin with by these prices: each side's best, and the seeds."""
    return _Pricing(network, chosen).begin(prices, seeds)


def best_of_each(owners: Whole, gains: Integers, most: int) -> Flags:
    """Return which are among the best of their owner, `most` of them and those as good as these.

    The owners come one after the other.
    """
    best = np.zeros(len(owners), dtype=bool)
    if not len(owners):
        return best
    new = np.concatenate([[True], owners[1:] != owners[:-1]])
    begins = np.flatnonzero(new)
    number = np.cumsum(new) - 1
    left = gains.copy()
    for _ in range(most):
        top = np.maximum.reduceat(left, begins)
        hits = np.flatnonzero((left == top[number]) & (left > NOTHING))
        if not len(hits):
            break
        best[hits] = True
        left[hits] = NOTHING
    return best
