"""Prices of a plan, computed from the plan alone: the proof that it is best.

Take the residual graph of a plan `x`: an arc order -> bin at cost `-worth`, its reverse where
`x > 0`, bin -> sink where room is left, sink -> bin where some is used, order -> sink always, sink
-> order where something is unmatched. Prices `p` of orders and `r` of bins with `p + r >= worth` on
every arc, equal where `x > 0`, `p = 0` where an order misses something and `r = 0` where room is
left exist exactly when no cycle in it gains, that is when no better plan exists. Groups
(`matching/groups.py`) are nodes between the bins and the sink, and between the sink and the orders.

Along what the plan uses prices are bound to each other, so they are computed by parts: within a
part they follow from one of its members, those of the part with something missing or left are
fixed, and the others' differences are shortest distances between parts. A node's level is what a
unit is worth there: an order's price, less a bin's; the sink's is 0.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from matching.columns import Integers
from matching.groups import Groups, flows
from matching.network import Arcs
from matching.sparse import connected, graph, parents

LOWEST = np.iinfo(np.int64).min // 4
NOBODY = np.zeros(0, dtype=np.int64)


class PlanRejected(ValueError):
    """A plan is not what it says: it breaks a rule, or its value or bound is wrong."""


BETTER = "a better plan exists: the residual graph has a cycle that gains"


class Prices(NamedTuple):
    """What a unit of each order and of each bin is worth, their groups' prices in it.

    `groups` are those of the groups alone: what a unit through one counts more (quotas) or less
    (bonuses that are still to be had).
    """

    orders: Integers
    bins: Integers
    groups: Integers = NOBODY

    def alone(self, groups: Groups | None) -> "Prices":
        """Return the prices without those of the groups around."""
        if groups is None:
            return self
        return Prices(
            self.orders - groups.around(groups.of_orders, self.groups),
            self.bins - groups.around(groups.of_bins, self.groups),
            self.groups,
        )


def prices_of(
    arcs: Arcs,
    carried: Integers,
    quantity: Integers,
    capacity: Integers,
    groups: Groups | None = None,
) -> Prices:
    """Return the prices that a plan implies. Raises PlanRejected.

    Where a plan leaves several, they lie between the lowest and the highest.
    """
    orders, bins = len(quantity), len(capacity)
    short, slack = shortfalls(arcs, carried, quantity, capacity)
    used = np.flatnonzero(carried > 0)
    tree = _tree(arcs, carried, groups, orders, bins)
    sink = orders + bins + (len(groups) if groups else 0)
    ends = np.concatenate([np.flatnonzero(short > 0), orders + np.flatnonzero(slack > 0)])
    ties = _Steps(arcs.orders[used], orders + arcs.bins[used], arcs.worths[used])
    ties = ties.with_more(ends, tree.exits[ends], 0)
    ties = ties.with_more(tree.ties.tails, tree.ties.heads, tree.ties.worths)
    parts = connected(graph(ties.tails, ties.heads, sink + 1))
    roots = _first_of_each(parts)
    roots = roots[parts[roots] != parts[sink]]
    levels = _levels(sink + 1, ties.with_more(roots, np.full(len(roots), sink), 0))
    if (levels[ties.tails] - levels[ties.heads] != ties.worths).any():
        raise PlanRejected(BETTER)
    steps = _Steps(arcs.orders, orders + arcs.bins, arcs.worths)
    steps = steps.with_more(tree.steps.tails, tree.steps.heads, tree.steps.worths)
    levels += _shifts(steps, levels, parts, tree)[parts]
    return Prices(levels[:orders], -levels[orders : orders + bins], tree.prices(levels))


def shortfalls(
    arcs: Arcs, carried: Integers, quantity: Integers, capacity: Integers
) -> tuple[Integers, Integers]:
    """Return what each order misses and each bin has left. Raises PlanRejected below zero."""
    short, slack = quantity.copy(), capacity.copy()
    np.subtract.at(short, arcs.orders, carried)
    np.subtract.at(slack, arcs.bins, carried)
    if (carried < 0).any() or (short < 0).any() or (slack < 0).any():
        raise PlanRejected("more is carried than there is")
    return short, slack


def through(arcs: Arcs, carried: Integers, groups: Groups) -> Integers:
    """Return what flows through each group. Raises PlanRejected where one has too little room."""
    totals = flows(arcs.orders, arcs.bins, carried, groups)
    if (totals > groups.most).any():
        raise PlanRejected("more is carried than a quota allows")
    return totals


def value_of(arcs: Arcs, carried: Integers, groups: Groups | None) -> int:
    """Return the value of what arcs carry, the bonuses of groups in it."""
    value = exact_sum(arcs.worths, carried)
    if groups is not None:
        value += int(groups.bonus(through(arcs, carried, groups)).sum())
    return value


def dual_bound(
    arcs: Arcs,
    prices: Prices,
    quantity: Integers,
    capacity: Integers,
    groups: Groups | None = None,
) -> int:
    """Return the value that prices prove no plan on these arcs exceeds. Raises PlanRejected."""
    own = prices.alone(groups)
    if (own.orders < 0).any() or (own.bins < 0).any():
        raise PlanRejected("a price is below zero")
    if (prices.orders[arcs.orders] + prices.bins[arcs.bins] < arcs.worths).any():
        raise PlanRejected("prices do not cover an arc")
    bound = exact_sum(own.orders, quantity) + exact_sum(own.bins, capacity)
    return bound + (0 if groups is None else int(room_worths(groups, prices).sum()))


def room_worths(groups: Groups, prices: Prices) -> Integers:
    """Return what the room of each group is worth at most, by its price."""
    gains = np.maximum(0, groups.bonuses + prices.groups[groups.owners])
    return groups.summed(groups.rooms * gains)


def exact_sum(one: Integers, other: Integers) -> int:
    """Return the sum of the products, whatever its size."""
    kept = (one != 0) & (other != 0)
    first, second = one[kept], other[kept]
    largest = int(np.abs(first).max(initial=0)) * int(np.abs(second).max(initial=0)) * len(first)
    if largest < 1 << 63:
        return int(first @ second)
    return sum(map(int.__mul__, first.tolist(), second.tolist()))


@dataclass(frozen=True, slots=True, eq=False)
class _Steps:
    """By how much the levels of two nodes differ: the tail's is `worths` higher than the head's."""

    tails: Integers
    heads: Integers
    worths: Integers

    def with_more(self, tails: Integers, heads: Integers, worths: Integers | int) -> "_Steps":
        return _Steps(
            np.concatenate([self.tails, tails]),
            np.concatenate([self.heads, heads]),
            np.concatenate([self.worths, np.broadcast_to(worths, len(tails))]),
        )


@dataclass(frozen=True, slots=True, eq=False)
class _Tree:
    """What is between the bins and the sink, and the sink and the orders.

    `exits` are the nodes next to orders, bins and groups on that way. Levels differ by `ties`
    exactly, by `steps` at least, and lie between `lowest` and `highest`.
    """

    exits: Integers
    ties: _Steps
    steps: _Steps
    lowest: Integers
    highest: Integers
    groups: Groups | None
    first: int

    def prices(self, levels: Integers) -> Integers:
        """Return the groups' prices, given the levels."""
        if self.groups is None:
            return NOBODY
        nodes = self.first + np.arange(len(self.groups))
        above = levels[nodes] - levels[self.exits[nodes]]
        return np.where(self.groups.wanted, above, -above)


def _tree(arcs: Arcs, carried: Integers, groups: Groups | None, orders: int, bins: int) -> _Tree:
    # No price has to be higher than the highest worth.
    most = int(arcs.worths.max(initial=0))
    if groups is None:
        sink = orders + bins
        lowest = np.repeat(np.array([0, -most, 0]), [orders, bins, 1])
        highest = np.repeat(np.array([most, 0, 0]), [orders, bins, 1])
        nothing = _Steps(NOBODY, NOBODY, NOBODY)
        return _Tree(np.full(sink, sink), nothing, nothing, lowest, highest, None, sink)
    first = orders + bins
    sink = first + len(groups)
    innermost = np.concatenate([groups.of_orders, groups.of_bins, groups.parents])
    exits = np.where(innermost >= 0, first + innermost, sink)
    bonuses = groups.first_bonuses
    around = groups.around(groups.of_orders, bonuses)
    deep = int(around.max(initial=0))
    within = np.where(groups.wanted, -deep, -most - deep)
    lowest = np.concatenate([-around, np.full(bins, -most - deep), within, [0]])
    highest = np.repeat(np.array([most, 0, 0, 0]), [orders, bins, len(groups), 1])
    return _Tree(
        exits,
        *_between(groups, groups.filled(through(arcs, carried, groups)), exits, first),
        lowest,
        highest,
        groups,
        first,
    )


def _between(
    groups: Groups, filled: Integers, exits: Integers, first: int
) -> tuple[_Steps, _Steps]:
    """Return by what levels differ along the groups: exactly, and at least."""
    nodes = first + groups.owners
    wanted = groups.wanted[groups.owners]
    tails = np.where(wanted, exits[nodes], nodes)
    heads = np.where(wanted, nodes, exits[nodes])
    bonuses, room = groups.bonuses, filled < groups.rooms
    # What a quota has left is worth nothing.
    tied = room & ((filled > 0) | ~wanted)
    ties = _Steps(tails[tied], heads[tied], bonuses[tied])
    steps = _Steps(tails[room], heads[room], bonuses[room])
    used = filled > 0
    steps = steps.with_more(heads[used], tails[used], -bonuses[used])
    # No order and no bin is worth less alone than nothing, and no quota; a community is worth at
    # most its highest bonus less than what is around it, and never more.
    inside = np.flatnonzero(exits[:first] >= first)
    inside = inside[exits[inside] < len(exits)]
    orders = len(groups.of_orders)
    ours = inside < orders
    steps = steps.with_more(
        np.where(ours, inside, exits[inside]), np.where(ours, exits[inside], inside), 0
    )
    every = first + np.arange(len(groups))
    steps = steps.with_more(exits[every], every, 0)
    some = every[groups.wanted]
    return ties, steps.with_more(some, exits[some], -groups.first_bonuses[groups.wanted])


def _first_of_each(parts: Integers) -> Integers:
    return np.unique(parts, return_index=True)[1]


def _levels(nodes: int, ties: _Steps) -> Integers:
    """Return each node's level above the sink along a tree of what is tied."""
    sink = nodes - 1
    above = parents(graph(ties.tails, ties.heads, nodes), sink)
    above[sink] = sink
    children = np.flatnonzero(np.arange(nodes) != sink)
    over, under = np.minimum(children, above[children]), np.maximum(children, above[children])
    down = ties.tails < ties.heads
    keys = np.where(down, ties.tails * nodes + ties.heads, ties.heads * nodes + ties.tails)
    signed = np.where(down, ties.worths, -ties.worths)
    by_key = np.argsort(keys)
    along = signed[by_key[np.searchsorted(keys[by_key], over * nodes + under)]]
    steps = np.zeros(nodes, dtype=np.int64)
    steps[children] = np.where(children < above[children], along, -along)
    while (above != sink).any():
        steps += steps[above]
        above = above[above]
    return steps


def _shifts(steps: _Steps, levels: Integers, parts: Integers, tree: _Tree) -> Integers:
    """Return by how much to shift each part so that every step holds. Raises PlanRejected."""
    count, fixed = int(parts.max()) + 1, int(parts[-1])
    lowest = np.full(count, LOWEST, dtype=np.int64)
    highest = np.full(count, -LOWEST, dtype=np.int64)
    np.maximum.at(lowest, parts, tree.lowest - levels)
    np.minimum.at(highest, parts, tree.highest - levels)
    gaps = steps.worths - levels[steps.tails] + levels[steps.heads]
    ones, others = parts[steps.tails], parts[steps.heads]
    if (gaps[ones == others] > 0).any() or lowest[fixed] > 0 or highest[fixed] < 0:
        raise PlanRejected(BETTER)
    lowest[fixed] = highest[fixed] = 0
    apart = ones != others
    ones, others, gaps = ones[apart], others[apart], gaps[apart]
    into, out = ones == fixed, others == fixed
    np.minimum.at(highest, others[into], -gaps[into])
    np.maximum.at(lowest, ones[out], gaps[out])
    free = ~into & ~out
    between = ones[free], others[free], gaps[free]
    low = _raised(lowest, between)
    high = -_raised(-highest, (between[1], between[0], between[2]))
    if (low > high).any():
        raise PlanRejected(BETTER)
    # The middle of two solutions, rounded down, is a solution of differences again.
    return low + (high - low) // 2


def _raised(lowest: Integers, between: tuple[Integers, Integers, Integers]) -> Integers:
    """Return the least values not below these that differ by the gaps. Raises PlanRejected."""
    ones, others, gaps = between
    order = np.lexsort((others, ones))
    ones, others, gaps = ones[order], others[order], gaps[order]
    values = lowest.copy()
    if not len(ones):
        return values
    begins = np.flatnonzero(np.concatenate([[True], ones[1:] != ones[:-1]]))
    heads = ones[begins]
    for _ in range(len(values) + 1):
        asked = np.maximum.reduceat(values[others] + gaps, begins)
        raised = asked > values[heads]
        if not raised.any():
            return values
        values[heads[raised]] = asked[raised]
    raise PlanRejected(BETTER)
