"""The best plan over all pairs, with only those arcs in the solver that can matter.

Solve on each side's best pairs; take the prices of that plan; price every pair with them. A pair
worth more than the prices of its order and its bin would gain: such pairs join, and it is solved
again. When none is left the prices cover every pair: the last pricing is the certificate.
"""

from dataclasses import dataclass

import numpy as np

from matching.columns import TOTAL, Flags, Integers
from matching.flow import solve_flow
from matching.network import Arcs, Network
from matching.prices import dual_bound, exact_sum, prices_of

BEST = 6
"""So many pairs of each order and of each offer are in the solver from the beginning."""
JOINING = 8
"""So many of the uncovered pairs of an order, and of an offer, join in one round."""


@dataclass(frozen=True, slots=True, eq=False)
class Solution:
    """A best plan: what its arcs carry, and prices that cover every pair.

    `value` and `bound` are equal; `rounds` is how often it was priced.
    """

    arcs: Arcs
    carried: Integers
    order_prices: Integers
    bin_prices: Integers
    value: int
    bound: int
    rounds: int


def solve_priced(network: Network, chosen: Flags | None = None, prices: tuple[Integers, Integers] | None = None, seeds: Integers | None = None) -> Solution:
    """Return the best plan of the pairs (of those `chosen`), and prices that prove it.

    `prices` of an earlier plan, and pairs (`seeds`) that it used, say where to begin.
    """
    pricing = _Pricing(network, chosen)
    active = pricing.begin(prices, seeds)
    arcs = network.arcs(np.flatnonzero(active))
    carried = solve_flow(arcs, network.quantity, network.capacity)
    rounds = 1
    while True:
        found = prices_of(arcs, carried, network.quantity, network.capacity)
        joining = pricing.uncovered(found, active)
        if not len(joining):
            break
        rounds += 1
        before = arcs
        active[joining] = True
        arcs = network.arcs(np.flatnonzero(active))
        carried = solve_flow(arcs, network.quantity, network.capacity)
        del before
    value = exact_sum(arcs.worths, carried)
    bound = dual_bound(arcs, found, network.quantity, network.capacity)
    return Solution(arcs, carried, *found, value, bound, rounds)


class _Pricing:
    """Which pairs are worth a place in the solver, by what they are worth and by prices."""

    def __init__(self, network: Network, chosen: Flags | None) -> None:
        self._network = network
        self._chosen = chosen
        found = network.found
        self._orders, self._offers = found.orders, found.offers

    def begin(
        self, prices: tuple[Integers, Integers] | None, seeds: Integers | None
    ) -> Flags:
        """Return the pairs to begin with: each side's best, by worth less the other's price."""
        network = self._network
        gains = network.worths.copy()
        if prices is not None:
            gains -= prices[0][self._orders] + self._cheapest(prices[1])[self._offers]
        if self._chosen is not None:
            gains[~self._chosen] = np.iinfo(np.int64).min
        active = best_of_each(self._orders, gains, BEST) | best_of_each(self._offers, gains, BEST)
        if seeds is not None:
            active[seeds] = True
        if self._chosen is not None:
            active &= self._chosen
        return active

    def uncovered(self, prices: tuple[Integers, Integers], active: Flags) -> Integers:
        """Return the pairs that the prices do not cover, the worst of each order and offer."""
        network, (of_orders, of_bins) = self._network, prices
        gaps = network.worths - of_orders[self._orders]
        gaps -= self._cheapest(of_bins)[self._offers]
        suspects = np.flatnonzero(gaps > 0)
        suspects = suspects[~active[suspects]]
        if self._chosen is not None:
            suspects = suspects[self._chosen[suspects]]
        if not len(suspects):
            return suspects
        arcs = network.arcs(suspects)
        gaps = arcs.worths - of_orders[arcs.orders] - of_bins[arcs.bins]
        true = np.flatnonzero(gaps > 0)
        pairs, gaps = arcs.pairs[true], gaps[true]
        offers = self._offers[pairs]
        kept = best_of_each(arcs.orders[true], gaps, JOINING) | best_of_each(offers, gaps, JOINING)
        return np.unique(pairs[kept])

    def _cheapest(self, of_bins: Integers) -> Integers:
        """Return the lowest price of each offer's bins; 0 of one that has none."""
        starts = self._network.bin_starts
        counts = np.diff(starts)
        lowest = np.zeros(len(counts), dtype=np.int64)
        having = np.flatnonzero(counts)
        if len(having):
            lowest[having] = np.minimum.reduceat(of_bins, starts[:-1][having])
        return lowest


def best_of_each(owners: Integers, gains: Integers, most: int) -> Flags:
    """Return which are among the best `most` of their owner; of equal ones the first."""
    order = np.lexsort((-gains, owners))
    ranked = owners[order]
    begins = np.flatnonzero(np.concatenate([[True], ranked[1:] != ranked[:-1]]))
    counts = np.diff(np.append(begins, len(ranked)))
    rank = np.arange(len(ranked)) - np.repeat(begins, counts)
    best = np.zeros(len(owners), dtype=bool)
    best[order[rank < most]] = True
    return best
