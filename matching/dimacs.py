"""The instance that was solved, and its plan, in the DIMACS minimum-cost-flow format.

So that anyone can check the optimum with another solver. Nodes are the orders that have pairs, the
bins that have room for them, and last the sink. Costs are the worths, negated: the smaller the
cost, the better the plan. An order that gets nothing sends its quantity to the sink at no cost.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from matching.columns import Flags, Integers
from matching.network import Arcs, Network
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
    """Which node an order or a bin is, from 1 on; the sink is the last."""

    def __init__(self, network: Network, arcs: Arcs) -> None:
        self.orders, self.bins = np.unique(arcs.orders), np.unique(arcs.bins)
        self.of_order = np.zeros(len(network.quantity), dtype=np.int64)
        self.of_order[self.orders] = np.arange(1, len(self.orders) + 1)
        self.of_bin = np.zeros(len(network.capacity), dtype=np.int64)
        self.of_bin[self.bins] = np.arange(1, len(self.bins) + 1) + len(self.orders)
        self.sink = len(self.orders) + len(self.bins) + 1


def _instance(network: Network, arcs: Arcs, numbering: _Numbering) -> Iterator[str]:
    columns = network.found.columns
    quantity, capacity = network.quantity[numbering.orders], network.capacity[numbering.bins]
    yield "c matching of orders and offers; costs are worths, negated\n"
    for node, order in enumerate(listed(numbering.orders), start=1):
        yield f"c order {node} {columns.orders[order].id}\n"
    for node, offer in enumerate(listed(network.bins[numbering.bins]), start=1):
        yield f"c offer {node + len(quantity)} {columns.offers[offer].id}\n"
    yield f"p min {numbering.sink} {len(arcs) + len(quantity) + len(capacity)}\n"
    for node, amount in enumerate(listed(quantity), start=1):
        yield f"n {node} {amount}\n"
    yield f"n {numbering.sink} {-int(quantity.sum())}\n"
    tails, heads = numbering.of_order[arcs.orders], numbering.of_bin[arcs.bins]
    rooms = np.minimum(network.quantity[arcs.orders], network.capacity[arcs.bins])
    yield from _lines("a {} {} 0 {} {}\n", tails, heads, rooms, -arcs.worths)
    for first, amounts in ((1, quantity), (1 + len(quantity), capacity)):
        nodes = first + np.arange(len(amounts))
        yield from _lines(f"a {{}} {numbering.sink} 0 {{}} 0\n", nodes, amounts)


def _plan(network: Network, flow: Solution, numbering: _Numbering) -> Iterator[str]:
    used = flow.carried > 0
    arcs, carried = flow.arcs.take(used), flow.carried[used]
    tails, heads = numbering.of_order[arcs.orders], numbering.of_bin[arcs.bins]
    short, taken = network.quantity.copy(), np.zeros_like(network.capacity)
    np.subtract.at(short, arcs.orders, carried)
    np.add.at(taken, arcs.bins, carried)
    yield f"s {-flow.value}\n"
    yield from _lines("f {} {} {}\n", tails, heads, carried)
    for numbers, amounts, nodes in (
        (numbering.orders, short, numbering.of_order),
        (numbering.bins, taken, numbering.of_bin),
    ):
        some = numbers[amounts[numbers] > 0]
        yield from _lines(f"f {{}} {numbering.sink} {{}}\n", nodes[some], amounts[some])


def _lines(shape: str, *columns: Integers) -> Iterator[str]:
    for begin in range(0, len(columns[0]), LINES_AT_ONCE):
        part = slice(begin, begin + LINES_AT_ONCE)
        for row in zip(*(listed(column[part]) for column in columns), strict=True):
            yield shape.format(*row)
