"""The instance that was solved, and its plan, in the DIMACS minimum-cost-flow format.

So that anyone can check the optimum with another solver. Nodes are the orders that have pairs, the
bins that have room for them, the groups around them, and last the sink. Costs are the worths,
negated: the smaller the cost, the better the plan. What an order does not get goes to the sink at
no cost; on its way through communities it costs the bonuses that are lost, so that the cost of a
plan is all these bonuses less its value.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from matching.columns import Flags, Integers
from matching.network import Arcs, Network
from matching.prices import through
from matching.pricing import Solution
from matching.sparse import listed

LINES_AT_ONCE = 100_000


def dimacs_lines(network: Network, chosen: Flags | None, flow: Solution) -> "Lines":
    """Return the lines of the instance and those of its plan.

    `chosen` are the pairs that were solved; None for all.
    """
    pairs = np.arange(len(network.found)) if chosen is None else np.flatnonzero(chosen)
    arcs = network.arcs(pairs)
    numbering = _Numbering(network, arcs)
    return Lines(_instance(network, arcs, numbering), _plan(network, flow, numbering))


@dataclass(frozen=True, slots=True)
class Lines:
    """The instance (`p`, `n`, `a` lines) and the plan (`s`, `f` lines)."""

    instance: Iterator[str]
    plan: Iterator[str]


class _Numbering:
    """Which node an order, a bin or a group is, from 1 on; the sink is the last."""

    def __init__(self, network: Network, arcs: Arcs) -> None:
        self.orders, self.bins = np.unique(arcs.orders), np.unique(arcs.bins)
        self.of_order = np.zeros(len(network.quantity), dtype=np.int64)
        self.of_order[self.orders] = np.arange(1, len(self.orders) + 1)
        self.of_bin = np.zeros(len(network.capacity), dtype=np.int64)
        self.of_bin[self.bins] = np.arange(1, len(self.bins) + 1) + len(self.orders)
        self.first_group = len(self.orders) + len(self.bins) + 1
        self.groups = network.groups
        count = 0 if self.groups is None else len(self.groups)
        self.sink = self.first_group + count
        self.rooms = self.lost = np.zeros(0, dtype=np.int64)
        if self.groups is not None:
            asked = np.zeros(len(network.quantity), dtype=np.int64)
            asked[self.orders] = network.quantity[self.orders]
            held = self.groups.totals(asked, np.zeros(len(network.capacity), dtype=np.int64))
            self.lost = self.groups.bonus(held)
            wanted = self.groups.wanted[self.groups.owners]
            self.rooms = np.where(wanted, self.groups.filled(held), self.groups.rooms)

    def exits(self, innermost: Integers) -> Integers:
        """Return where nodes in these groups lead."""
        return np.where(innermost >= 0, self.first_group + innermost, self.sink)

    def exits_of_orders(self) -> Integers:
        """Return where what orders miss goes."""
        if self.groups is None:
            return np.full(len(self.orders), self.sink)
        return self.exits(self.groups.of_orders[self.orders])

    def exits_of_bins(self) -> Integers:
        """Return where what is taken of bins goes."""
        if self.groups is None:
            return np.full(len(self.bins), self.sink)
        return self.exits(self.groups.of_bins[self.bins])

    def segments(self) -> tuple[Integers, Integers]:
        """Return from where to where each segment leads."""
        if self.groups is None:
            return self.rooms, self.rooms
        owners = self.groups.owners
        return self.first_group + owners, self.exits(self.groups.parents[owners])


def _instance(network: Network, arcs: Arcs, numbering: _Numbering) -> Iterator[str]:
    columns, groups = network.found.columns, network.groups
    quantity, capacity = network.quantity[numbering.orders], network.capacity[numbering.bins]
    yield "c matching of orders and offers; costs are worths, negated\n"
    if groups is not None:
        yield f"c the cost of a plan is {int(numbering.lost.sum())} less its value\n"
    for node, order in enumerate(listed(numbering.orders), start=1):
        yield f"c order {node} {columns.orders[order].id}\n"
    for node, offer in enumerate(listed(network.bins[numbering.bins]), start=1):
        yield f"c offer {node + len(quantity)} {columns.offers[offer].id}\n"
    for node, name in enumerate(groups.names if groups else (), start=numbering.first_group):
        yield f"c group {node} {name}\n"
    count = len(arcs) + len(quantity) + len(capacity) + len(numbering.rooms)
    yield f"p min {numbering.sink} {count}\n"
    for node, amount in enumerate(listed(quantity), start=1):
        yield f"n {node} {amount}\n"
    yield f"n {numbering.sink} {-int(quantity.sum())}\n"
    tails, heads = numbering.of_order[arcs.orders], numbering.of_bin[arcs.bins]
    rooms = np.minimum(network.quantity[arcs.orders], network.capacity[arcs.bins])
    yield from _lines("a {} {} 0 {} {}\n", tails, heads, rooms, -arcs.worths)
    for first, exits, amounts in (
        (1, numbering.exits_of_orders(), quantity),
        (1 + len(quantity), numbering.exits_of_bins(), capacity),
    ):
        nodes = first + np.arange(len(amounts))
        yield from _lines("a {} {} 0 {} 0\n", nodes, exits, amounts)
    if groups is not None:
        segments = numbering.segments()
        yield from _lines("a {} {} 0 {} {}\n", *segments, numbering.rooms, groups.bonuses)


def _plan(network: Network, flow: Solution, numbering: _Numbering) -> Iterator[str]:
    used = flow.carried > 0
    arcs, carried = flow.arcs.take(used), flow.carried[used]
    tails, heads = numbering.of_order[arcs.orders], numbering.of_bin[arcs.bins]
    short, taken = network.quantity.copy(), np.zeros_like(network.capacity)
    np.subtract.at(short, arcs.orders, carried)
    np.add.at(taken, arcs.bins, carried)
    yield f"s {int(numbering.lost.sum()) - flow.value}\n"
    yield from _lines("f {} {} {}\n", tails, heads, carried)
    for numbers, amounts, nodes, exits in (
        (numbering.orders, short, numbering.of_order, numbering.exits_of_orders()),
        (numbering.bins, taken, numbering.of_bin, numbering.exits_of_bins()),
    ):
        some = amounts[numbers] > 0
        part = numbers[some]
        yield from _lines("f {} {} {}\n", nodes[part], exits[some], amounts[part])
    if (groups := network.groups) is not None:
        filled = groups.filled(through(arcs, carried, groups))
        wanted = groups.wanted[groups.owners]
        flows = np.where(wanted, numbering.rooms - filled, filled)
        some = flows > 0
        yield from _lines(
            "f {} {} {}\n", *(ends[some] for ends in numbering.segments()), flows[some]
        )


def _lines(shape: str, *columns: Integers) -> Iterator[str]:
    for begin in range(0, len(columns[0]), LINES_AT_ONCE):
        part = slice(begin, begin + LINES_AT_ONCE)
        for row in zip(*(listed(column[part]) for column in columns), strict=True):
            yield shape.format(*row)
