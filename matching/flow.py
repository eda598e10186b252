"""The exact plan of what can be split: an integer minimum-cost flow (OR-Tools).

Orders -> bins -> sink, and an arc of no cost from each order to the sink for what stays
unmatched, so that a feasible flow always exists. Costs are whole. Nodes and arcs come in canonical
order and the solver is deterministic, so the same instance gives the same plan.
"""

from concurrent.futures import Executor
from dataclasses import dataclass
from math import gcd
from typing import Protocol, cast

import numpy as np
from numpy.typing import NDArray
from ortools.graph.python.min_cost_flow import SimpleMinCostFlow

from matching.columns import Integers
from matching.network import Arcs, labelled
from matching.spreading import spread

SAFE_BITS = 62
"""Costs, multiplied by the solver with the count of nodes, stay below 2^62."""
NODES_AT_ONCE = 256
"""Small components are solved together, up to about so many nodes."""


class _Solver(Protocol):
    """What is used of OR-Tools' solver (its own annotations take array types for shapes)."""

    def add_arcs_with_capacity_and_unit_cost(
        self,
        tails: NDArray[np.int32],
        heads: NDArray[np.int32],
        capacities: Integers,
        unit_costs: Integers,
        /,
    ) -> object: ...
    def set_nodes_supplies(self, nodes: NDArray[np.int32], supplies: Integers, /) -> None: ...
    def solve(self) -> object: ...
    def flows(self, arcs: NDArray[np.int32], /) -> Integers: ...


class SolverFailed(RuntimeError):
    """The solver gave no optimal flow for an instance that has one: a fault, never expected."""


def solve_flow(
    arcs: Arcs, quantity: Integers, capacity: Integers, executor: Executor | None = None
) -> Integers:
    """Return what each arc carries so that the total worth is largest. Raises SolverFailed.

    The arcs are by order. Each connected component is solved for itself, in multiples of what
    divides all its quantities and rooms.
    """
    carried = np.zeros(len(arcs), dtype=np.int64)
    if not len(arcs):
        return carried
    numbers = batches(arcs, len(quantity), len(capacity))
    problems = (_problem(arcs.take(some), quantity, capacity) for some in numbers)
    for some, flow in zip(numbers, spread(executor, solve_problem, problems), strict=True):
        carried[some] = flow
    return carried


@dataclass(frozen=True, slots=True, eq=False)
class Problem:
    """A flow to be solved, wherever: arcs from orders to bins, what each wants and holds."""

    tails: Integers
    heads: Integers
    worths: Integers
    wanted: Integers
    room: Integers


def solve_problem(problem: Problem) -> Integers:
    """Return what each arc of a problem carries. Raises SolverFailed."""
    unit = gcd(*problem.wanted.tolist(), *problem.room.tolist()) or 1
    wanted, room = problem.wanted // unit, problem.room // unit
    return unit * _solve(problem.tails, problem.heads, problem.worths, wanted, room)


def _problem(arcs: Arcs, quantity: Integers, capacity: Integers) -> Problem:
    orders, tails = np.unique(arcs.orders, return_inverse=True)
    bins, heads = np.unique(arcs.bins, return_inverse=True)
    return Problem(tails, heads, arcs.worths, quantity[orders], capacity[bins])


def batches(arcs: Arcs, orders: int, bins: int) -> list[Integers]:
    """Return the arcs of each component; those of small components together."""
    used, counts = np.unique(arcs.orders, return_counts=True)
    starts = np.zeros(orders + 1, dtype=np.int64)
    starts[used + 1] = counts
    labels = labelled(orders, bins, np.cumsum(starts), arcs.bins)
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


def _solve(
    tails: Integers, heads: Integers, worths: Integers, wanted: Integers, room: Integers
) -> Integers:
    orders = len(wanted)
    sink = orders + len(room)
    if int(worths.max()) * (sink + 2) >= 1 << SAFE_BITS:
        raise SolverFailed("worths are too large for 64 bits")
    nodes = np.arange(sink + 1, dtype=np.int32)
    solver = cast("_Solver", SimpleMinCostFlow())
    solver.add_arcs_with_capacity_and_unit_cost(
        np.concatenate([tails, nodes[:sink]]).astype(np.int32),
        np.concatenate([heads + orders, np.full(sink, sink)]).astype(np.int32),
        np.concatenate([np.minimum(wanted[tails], room[heads]), wanted, room]),
        np.concatenate([-worths, np.zeros(sink, dtype=np.int64)]),
    )
    supplies = np.zeros(sink + 1, dtype=np.int64)
    supplies[:orders] = wanted
    supplies[sink] = -wanted.sum()
    solver.set_nodes_supplies(nodes, supplies)
    status = solver.solve()
    if status != SimpleMinCostFlow.OPTIMAL:
        raise SolverFailed(f"minimum-cost flow ended with {status}")
    return solver.flows(np.arange(len(tails), dtype=np.int32))
