"""The proof that a plan is best, made from the plan alone and not from the solver.

For a plan `x` of a component without lots, conversions and exclusive slots take its residual
graph: an arc order -> bin at cost `-worth` (always, its capacity never binds), its reverse at
`+worth` where `x > 0`, bin -> sink where room is left, sink -> bin where some is used, order ->
sink always, sink -> order where something is unmatched. Shortest distances in it exist exactly
when no cycle gains, that is when no better plan exists. They are prices: what a unit of an order
(`p`) and of a bin (`r`) is worth. `p + r >= worth` on every arc, and the bound
`sum(quantity * p) + sum(capacity * r)` equals the plan's value in whole numbers.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from matching.instance import Component

Integers = NDArray[np.int64]
Arcs = tuple[Integers, Integers, Integers]


class PlanRejected(ValueError):
    """A plan is not what it says: it breaks a rule, or its value or bound is wrong."""


@dataclass(frozen=True, slots=True)
class Prices:
    """What a unit of each supply and of each bin is worth; the dual of the plan."""

    orders: tuple[int, ...]
    bins: tuple[int, ...]


def value_of(component: Component, carried: Sequence[int] | Integers) -> int:
    """Return the sum of the worths of what the arcs carry."""
    return sum(arc.worth * int(units) for arc, units in zip(component.arcs, carried, strict=True))


def dual_bound(component: Component, prices: Prices, capacities: Sequence[int]) -> int:
    """Return the value that the prices prove no plan exceeds.

    Raises PlanRejected for prices that are no dual: below zero, or lower than an arc's worth.
    """
    if min((*prices.orders, *prices.bins), default=0) < 0:
        raise PlanRejected("a price is below zero")
    for arc in component.arcs:
        if prices.orders[arc.supply] + prices.bins[arc.bin] < arc.worth:
            raise PlanRejected("prices do not cover an arc")
    wanted = sum(
        supply.quantity * price
        for supply, price in zip(component.supplies, prices.orders, strict=True)
    )
    return wanted + sum(room * price for room, price in zip(capacities, prices.bins, strict=True))


def prices_of(component: Component, carried: Integers, capacities: Sequence[int]) -> Prices:
    """Return the prices that a plan implies. Raises PlanRejected when a better plan exists."""
    supplies, bins = len(component.supplies), len(component.bins)
    sink = supplies + bins
    tails = np.array([arc.supply for arc in component.arcs], dtype=np.int64)
    heads = np.array([arc.bin for arc in component.arcs], dtype=np.int64)
    worths = np.array([arc.worth for arc in component.arcs], dtype=np.int64)
    quantities = np.array([supply.quantity for supply in component.supplies], dtype=np.int64)
    rooms = np.array(capacities, dtype=np.int64)
    given = np.zeros(supplies, dtype=np.int64)
    used = np.zeros(bins, dtype=np.int64)
    np.add.at(given, tails, carried)
    np.add.at(used, heads, carried)
    if (carried < 0).any() or (given > quantities).any() or (used > rooms).any():
        raise PlanRejected("more is carried than there is")
    nodes = np.arange(sink + 1)
    orders, places = nodes[:supplies], nodes[supplies:sink]
    back, open_places, taken = carried > 0, places[used < rooms], places[used > 0]
    short = orders[given < quantities]
    distances = _shortest(
        sink + 1,
        (tails, supplies + heads, -worths),
        (supplies + heads[back], tails[back], worths[back]),
        _free(orders, sink),
        _free(open_places, sink),
        _backwards(_free(taken, sink)),
        _backwards(_free(short, sink)),
    )
    return Prices(
        tuple(int(price) for price in distances[:supplies] - distances[sink]),
        tuple(int(max(0, price)) for price in distances[sink] - distances[places]),
    )


def _free(sources: Integers, sink: int) -> Arcs:
    """Return arcs of no cost to the sink."""
    count = len(sources)
    return sources, np.full(count, sink, dtype=np.int64), np.zeros(count, dtype=np.int64)


def _backwards(arcs: Arcs) -> Arcs:
    tails, heads, costs = arcs
    return heads, tails, -costs


def _shortest(nodes: int, *arcs: Arcs) -> Integers:
    """Return shortest distances from everywhere at once (Bellman-Ford, all arcs in a round)."""
    tails, heads, costs = (np.concatenate(columns) for columns in zip(*arcs, strict=True))
    distances = np.zeros(nodes, dtype=np.int64)
    for _ in range(nodes + 1):
        nearer = distances.copy()
        np.minimum.at(nearer, heads, distances[tails] + costs)
        if np.array_equal(nearer, distances):
            return distances
        distances = nearer
    raise PlanRejected("a better plan exists: the residual graph has a cycle that gains")
