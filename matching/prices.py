"""Prices of a plan, computed from the plan alone: the proof that it is best.

Take the residual graph of a plan `x`: an arc order -> bin at cost `-worth`, its reverse where
`x > 0`, bin -> sink where room is left, sink -> bin where some is used, order -> sink always, sink
-> order where something is unmatched. Prices `p` of orders and `r` of bins with `p + r >= worth` on
every arc, equal where `x > 0`, `p = 0` where an order misses something and `r = 0` where room is
left exist exactly when no cycle in it gains, that is when no better plan exists.

Along what the plan uses prices are bound to each other, so they are computed by groups: within a
group they follow from one of its members, those of groups with something missing or left are
fixed, and the others' differences are shortest distances between groups.
"""

import numpy as np

from matching.columns import Flags, Integers
from matching.network import Arcs
from matching.sparse import connected, graph, parents

LOWEST = np.iinfo(np.int64).min // 4


class PlanRejected(ValueError):
    """A plan is not what it says: it breaks a rule, or its value or bound is wrong."""


BETTER = "a better plan exists: the residual graph has a cycle that gains"


def prices_of(
    arcs: Arcs, carried: Integers, quantity: Integers, capacity: Integers
) -> tuple[Integers, Integers]:
    """Return the prices of orders and bins that a plan implies. Raises PlanRejected.

    Where a plan leaves several, they lie between the lowest and the highest.
    """
    orders, bins = len(quantity), len(capacity)
    short, slack = shortfalls(arcs, carried, quantity, capacity)
    sink = orders + bins
    used = np.flatnonzero(carried > 0)
    tails, heads = arcs.orders[used], orders + arcs.bins[used]
    ends = np.concatenate([np.flatnonzero(short > 0), orders + np.flatnonzero(slack > 0)])
    groups = _groups(sink + 1, (tails, heads), ends)
    roots = _first_of_each(groups)
    roots = roots[groups[roots] != groups[sink]]
    levels = _levels(
        sink + 1, (tails, heads, arcs.worths[used]), np.concatenate([ends, roots]), orders
    )
    if (levels[tails] - levels[heads] != arcs.worths[used]).any() or (levels[ends] != 0).any():
        raise PlanRejected(BETTER)
    shifts = _shifts(arcs, levels, groups, orders, sink)
    levels += shifts[groups]
    return levels[:orders], -levels[orders:sink]


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


def dual_bound(
    arcs: Arcs, prices: tuple[Integers, Integers], quantity: Integers, capacity: Integers
) -> int:
    """Return the value that prices prove no plan on these arcs exceeds. Raises PlanRejected."""
    of_orders, of_bins = prices
    if (of_orders < 0).any() or (of_bins < 0).any():
        raise PlanRejected("a price is below zero")
    if (of_orders[arcs.orders] + of_bins[arcs.bins] < arcs.worths).any():
        raise PlanRejected("prices do not cover an arc")
    return exact_sum(of_orders, quantity) + exact_sum(of_bins, capacity)


def exact_sum(one: Integers, other: Integers) -> int:
    """Return the sum of the products, whatever its size."""
    kept = (one != 0) & (other != 0)
    first, second = one[kept], other[kept]
    largest = int(np.abs(first).max(initial=0)) * int(np.abs(second).max(initial=0)) * len(first)
    if largest < 1 << 63:
        return int(first @ second)
    return sum(map(int.__mul__, first.tolist(), second.tolist()))


def _groups(nodes: int, arcs: tuple[Integers, Integers], ends: Integers) -> Integers:
    sink = np.full(len(ends), nodes - 1)
    rows, columns = np.concatenate([arcs[0], ends]), np.concatenate([arcs[1], sink])
    return connected(graph(rows, columns, nodes))


def _first_of_each(groups: Integers) -> Integers:
    return np.unique(groups, return_index=True)[1]


def _levels(
    nodes: int, arcs: tuple[Integers, Integers, Integers], ends: Integers, orders: int
) -> Integers:
    """Return each node's level below the sink along a tree of what is used.

    An order lies an arc's worth above the bin; what is tied to the sink lies at 0.
    """
    tails, heads, worths = arcs
    sink = nodes - 1
    rows = np.concatenate([tails, ends])
    columns = np.concatenate([heads, np.full(len(ends), sink)])
    above = parents(graph(rows, columns, nodes), sink)
    above[above < 0] = sink
    children = np.flatnonzero((above != sink) & (np.arange(nodes) != sink))
    over, under = np.minimum(children, above[children]), np.maximum(children, above[children])
    keys = tails * nodes + heads
    by_key = np.argsort(keys)
    along = worths[by_key[np.searchsorted(keys[by_key], over * nodes + under)]]
    steps = np.zeros(nodes, dtype=np.int64)
    steps[children] = np.where(children < orders, along, -along)
    while (above != sink).any():
        steps += steps[above]
        above = above[above]
    return steps


def _shifts(arcs: Arcs, levels: Integers, groups: Integers, orders: int, sink: int) -> Integers:
    """Return by how much to shift each group so that every arc is covered. Raises PlanRejected."""
    count, fixed = int(groups.max()) + 1, int(groups[sink])
    lowest = np.full(count, LOWEST, dtype=np.int64)
    highest = np.full(count, -LOWEST, dtype=np.int64)
    np.maximum.at(lowest, groups[:orders], -levels[:orders])
    np.minimum.at(highest, groups[orders:sink], -levels[orders:sink])
    # No price has to be higher than the highest worth.
    most = int(arcs.worths.max(initial=0))
    np.maximum.at(lowest, groups[orders:sink], -levels[orders:sink] - most)
    np.minimum.at(highest, groups[:orders], most - levels[:orders])
    gaps = arcs.worths - levels[arcs.orders] + levels[orders + arcs.bins]
    ones, others = groups[arcs.orders], groups[orders + arcs.bins]
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


def uncovered(arcs: Arcs, prices: tuple[Integers, Integers]) -> Flags:
    """Return which arcs the prices do not cover."""
    return prices[0][arcs.orders] + prices[1][arcs.bins] < arcs.worths
