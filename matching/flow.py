"""The exact plan of what can be split: a minimum-cost flow, with the prices that prove it.

Orders -> bins -> sink, and an arc of no cost from each order to the sink for what stays
unmatched, so that a feasible flow always exists. Groups of bins lie between the bins and the sink.
So do groups of orders, on the way of what stays unmatched: it loses the bonuses, the lowest first.
Nodes and arcs come in canonical order and the method is deterministic, so the same instance gives
the same plan.
"""

from collections.abc import Iterable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from matching.circuit import UNBOUNDED, Circuit
from matching.columns import Integers
from matching.groups import NONE, Groups
from matching.network import Arcs, labelled
from matching.prices import NOBODY, Prices, through
from matching.spreading import spread

NODES_AT_ONCE = 256
"""Small components are solved together, up to about so many nodes."""


class Flow(NamedTuple):
    """What each arc carries in a best plan, and prices that cover all of the arcs."""

    carried: Integers
    prices: Prices


class Problem(NamedTuple):
    """A flow to be improved, wherever, from `flow` and levels near to its own (`simplex.py`)."""

    circuit: Circuit
    nodes: int
    flow: Integers
    levels: Integers | None


def solve_flow(
    arcs: Arcs,
    quantity: Integers,
    capacity: Integers,
    executor: Executor | None = None,
    groups: Groups | None = None,
) -> Flow:
    """Return the plan whose total worth is largest. Raises SolverFailed.

    The arcs are by order. Each connected component is solved for itself.
    """
    instance = _Instance(arcs, quantity, capacity, groups)
    pieces = [instance.piece(some) for some in batches(arcs, len(quantity), len(capacity), groups)]
    problems = [piece.problem for piece in pieces]
    return instance.assembled(pieces, spread(executor, solve_problem, problems))


def improved_flow(
    arcs: Arcs,
    begin: Flow,
    quantity: Integers,
    capacity: Integers,
    groups: Groups | None = None,
) -> Flow:
    """Return the plan whose total worth is largest, from another on. Raises SolverFailed.

    The nearer that is to it, and its prices (any) to what they will be, the sooner it is found.
    """
    instance = _Instance(arcs, quantity, capacity, groups, begin)
    piece = instance.piece(np.arange(len(arcs)))
    return instance.assembled([piece], [solve_problem(piece.problem)])


def solve_problem(problem: Problem) -> tuple[Integers, Integers]:
    """Return the best flow of a problem and the levels of its nodes. Raises SolverFailed."""
    from matching.simplex import improved  # noqa: PLC0415 - loads the compiler

    return improved(problem.circuit, problem.nodes, problem.flow, problem.levels)


@dataclass(frozen=True, slots=True, eq=False)
class _Piece:
    """Some of the arcs, and which orders, bins and groups its nodes are, in this order.

    `exits` are the nodes next to them on the way to the sink.
    """

    arcs: Integers
    orders: Integers
    bins: Integers
    groups: Integers
    exits: Integers
    problem: Problem


class _Instance:
    """All arcs with what is wanted and what there is, and a plan to begin with, if any."""

    def __init__(
        self,
        arcs: Arcs,
        quantity: Integers,
        capacity: Integers,
        groups: Groups | None,
        begin: Flow | None = None,
    ) -> None:
        self._arcs, self._quantity, self._capacity = arcs, quantity, capacity
        self._groups = groups
        self._prices = None if begin is None else begin.prices
        self._carried = np.zeros(len(arcs), dtype=np.int64) if begin is None else begin.carried
        self._got, self._used = np.zeros_like(quantity), np.zeros_like(capacity)
        np.add.at(self._got, arcs.orders, self._carried)
        np.add.at(self._used, arcs.bins, self._carried)
        self._through = NOBODY if groups is None else through(arcs, self._carried, groups)

    def piece(self, some: Integers) -> _Piece:
        """Return some arcs as a problem of their own."""
        arcs, prices = self._arcs.take(some), self._prices
        orders, tails = _numbered(arcs.orders, len(self._quantity))
        bins, heads = _numbered(arcs.bins, len(self._capacity))
        first = len(orders) + len(bins)
        inside, exits = self._around(orders, bins)
        segments = self._segments(orders, inside, exits, first)
        circuit = Circuit(
            np.concatenate([tails, np.arange(first), segments.tails]),
            np.concatenate([len(orders) + heads, exits[:first], segments.heads]),
            np.concatenate(
                [
                    np.full(len(some) + len(orders), UNBOUNDED),
                    self._capacity[bins],
                    segments.capacities,
                ]
            ),
            np.concatenate([-arcs.worths, np.zeros(first, dtype=np.int64), segments.costs]),
        )
        short = self._quantity[orders] - self._got[orders]
        flow = np.concatenate([self._carried[some], short, self._used[bins], segments.flow])
        levels = None
        if prices is not None:
            outer = self._levels(prices)[inside]
            levels = np.concatenate([prices.orders[orders], -prices.bins[bins], outer, [0]])
        problem = Problem(_opened(circuit), first + len(inside) + 1, flow, levels)
        return _Piece(some, orders, bins, inside, exits, problem)

    def assembled(
        self, pieces: Sequence[_Piece], answers: Iterable[tuple[Integers, Integers]]
    ) -> Flow:
        """Return the plan and the prices that the pieces' answers make."""
        carried = np.zeros_like(self._carried)
        orders, bins = np.zeros_like(self._quantity), np.zeros_like(self._capacity)
        groups = NOBODY if self._groups is None else np.zeros(len(self._groups), dtype=np.int64)
        for piece, (flow, levels) in zip(pieces, answers, strict=True):
            carried[piece.arcs] = flow[: len(piece.arcs)]
            above = levels[:-1] - levels[piece.exits]
            first, last = len(piece.orders), len(piece.orders) + len(piece.bins)
            orders[piece.orders] = above[:first]
            # A bin and a quota that nothing flows through are worth nothing, however low its level.
            bins[piece.bins] = np.maximum(0, -above[first:last])
            if self._groups is not None:
                wanted = self._groups.wanted[piece.groups]
                groups[piece.groups] = np.where(wanted, above[last:], np.maximum(0, -above[last:]))
        if self._groups is not None:
            orders += self._groups.around(self._groups.of_orders, groups)
            bins += self._groups.around(self._groups.of_bins, groups)
        return Flow(carried, Prices(orders, bins, groups))

    def _around(self, orders: Integers, bins: Integers) -> tuple[Integers, Integers]:
        """Return the groups of some orders and bins, and to which node each of all these leads."""
        first = len(orders) + len(bins)
        if (groups := self._groups) is None:
            return NOBODY, np.full(first, first)
        innermost = np.concatenate([groups.of_orders[orders], groups.of_bins[bins]])
        found = np.zeros(len(groups) + 1, dtype=bool)
        for around in groups.outwards(innermost):
            found[around] = True
        inside = np.flatnonzero(found[:-1])
        # A node for each group here, and for none, -1, the sink.
        nodes = np.full(len(groups) + 1, first + len(inside))
        nodes[inside] = first + np.arange(len(inside))
        return inside, nodes[np.concatenate([innermost, groups.parents[inside]])]

    def _segments(
        self, orders: Integers, inside: Integers, exits: Integers, first: int
    ) -> "_Segments":
        """Return the segments of some groups, as arcs from each to what is around it.

        Of a community's room only so much is there as the orders want: the best of it.
        """
        if (groups := self._groups) is None:
            return _Segments(NOBODY, NOBODY, NOBODY, NOBODY, NOBODY)
        asked = np.zeros_like(self._quantity)
        asked[orders] = self._quantity[orders]
        wants = groups.filled(groups.totals(asked, np.zeros_like(self._capacity)))
        filled, wanted = groups.filled(self._through), groups.wanted[groups.owners]
        flow = np.where(wanted, wants - filled, filled)
        best = np.diff(groups.owners, prepend=NONE) > 0
        # No more can be missing than is wanted, so this binds nothing.
        wants[best] = UNBOUNDED
        some = np.flatnonzero(np.isin(groups.owners, inside))
        places = np.searchsorted(inside, groups.owners[some])
        return _Segments(
            first + places,
            exits[first + places],
            np.where(wanted, wants, groups.rooms)[some],
            groups.bonuses[some],
            flow[some],
        )

    def _levels(self, prices: Prices) -> Integers:
        """Return the levels of all groups by these prices; 0 where they know none."""
        if (groups := self._groups) is None:
            return NOBODY
        if not len(prices.groups):
            return np.zeros(len(groups), dtype=np.int64)
        signed = np.where(groups.wanted, prices.groups, -prices.groups)
        return groups.around(np.arange(len(groups)), signed)


class _Segments(NamedTuple):
    """Arcs from groups to those around them, and what they carry to begin with."""

    tails: Integers
    heads: Integers
    capacities: Integers
    costs: Integers
    flow: Integers


def _numbered(numbers: Integers, count: int) -> tuple[Integers, Integers]:
    """Return which numbers below `count` occur, and the place of each among them."""
    found = np.zeros(count, dtype=bool)
    found[numbers] = True
    return np.flatnonzero(found), (np.cumsum(found) - 1)[numbers]


def _opened(circuit: Circuit) -> Circuit:
    """Return the circuit with arcs too dear to be used where there is no room at all.

    So that every node can send something to the sink, were it never worth it.
    """
    shut = circuit.capacities == 0
    dear = -int(circuit.costs.min(initial=0)) + int(circuit.costs.sum(where=circuit.costs > 0)) + 1
    return circuit._replace(
        capacities=np.where(shut, UNBOUNDED, circuit.capacities),
        costs=np.where(shut, dear, circuit.costs),
    )


def batches(arcs: Arcs, orders: int, bins: int, groups: Groups | None = None) -> list[Integers]:
    """Return the arcs of each component; those of small components together."""
    if not len(arcs):
        return []
    used, counts = np.unique(arcs.orders, return_counts=True)
    starts = np.zeros(orders + 1, dtype=np.int64)
    starts[used + 1] = counts
    labels = labelled(orders, bins, np.cumsum(starts), arcs.bins)
    if groups is not None:
        labels = groups.joined(labels, np.concatenate([groups.of_orders, groups.of_bins]))
    sizes = np.bincount(labels)
    # A component joins the ones before it until they are large enough together.
    joined = np.cumsum(np.where(np.bincount(labels[used], minlength=len(sizes)) > 0, sizes, 0))
    large = sizes > NODES_AT_ONCE
    batch = np.where(
        large, np.arange(len(sizes)) + joined[-1] // NODES_AT_ONCE + 1, joined // NODES_AT_ONCE
    )
    of_arcs = batch[labels[arcs.orders]]
    ordered = np.argsort(of_arcs, kind="stable")
    breaks = np.flatnonzero(np.diff(of_arcs[ordered])) + 1
    return np.split(ordered, breaks)
