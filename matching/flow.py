"""The exact plan of what can be split: an integer minimum-cost flow (OR-Tools).

Orders -> bins -> sink, and an arc of no cost from each order to the sink for what stays
unmatched, so that a feasible flow always exists. Groups of bins lie between the bins and the sink.
So do groups of orders, on the way of what stays unmatched: it loses the bonuses, the lowest first.
Costs are whole. Nodes and arcs come in canonical order and the solver is deterministic, so the same
instance gives the same plan.
"""

from concurrent.futures import Executor
from dataclasses import dataclass
from math import gcd
from typing import Protocol, cast

import numpy as np
from numpy.typing import NDArray
from ortools.graph.python.min_cost_flow import SimpleMinCostFlow

from matching.columns import Integers
from matching.groups import Groups
from matching.network import Arcs, labelled
from matching.sparse import listed
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
    arcs: Arcs,
    quantity: Integers,
    capacity: Integers,
    executor: Executor | None = None,
    groups: Groups | None = None,
) -> Integers:
    """Return what each arc carries so that the total worth is largest. Raises SolverFailed.

    The arcs are by order. Each connected component is solved for itself, in multiples of what
    divides all its quantities and rooms.
    """
    carried = np.zeros(len(arcs), dtype=np.int64)
    if not len(arcs):
        return carried
    numbers = batches(arcs, len(quantity), len(capacity), groups)
    problems = (_problem(arcs.take(some), quantity, capacity, groups) for some in numbers)
    for some, flow in zip(numbers, spread(executor, solve_problem, problems), strict=True):
        carried[some] = flow
    return carried


@dataclass(frozen=True, slots=True, eq=False)
class Nests:
    """The groups of a problem: where orders and bins lead (-1: to the sink), and their segments.

    A segment leads from a group to the one around it; `costs` are the bonuses that are lost.
    """

    of_orders: Integers
    of_bins: Integers
    count: int
    tails: Integers
    heads: Integers
    rooms: Integers
    costs: Integers


@dataclass(frozen=True, slots=True, eq=False)
class Problem:
    """A flow to be solved, wherever: arcs from orders to bins, what each wants and holds."""

    tails: Integers
    heads: Integers
    worths: Integers
    wanted: Integers
    room: Integers
    nests: Nests | None = None


def solve_problem(problem: Problem) -> Integers:
    """Return what each arc of a problem carries. Raises SolverFailed."""
    sizes = listed(problem.wanted) + listed(problem.room)
    if problem.nests is not None:
        sizes += listed(problem.nests.rooms)
    unit = gcd(*sizes) or 1
    return unit * _solve(problem, unit)


def _problem(arcs: Arcs, quantity: Integers, capacity: Integers, groups: Groups | None) -> Problem:
    orders, tails = np.unique(arcs.orders, return_inverse=True)
    bins, heads = np.unique(arcs.bins, return_inverse=True)
    wanted = quantity[orders]
    nests = None if groups is None else _nests(groups, orders, bins, wanted)
    return Problem(tails, heads, arcs.worths, wanted, capacity[bins], nests)


def _nests(groups: Groups, orders: Integers, bins: Integers, wanted: Integers) -> Nests | None:
    """Return the groups of some orders and bins, None where they have none.

    Of a community's room only so much is there as its orders here want: the best of it.
    """
    members = [groups.of_orders[orders], groups.of_bins[bins]]
    inside = np.zeros(len(groups) + 1, dtype=bool)
    for innermost in members:
        for around in groups.outwards(innermost):
            inside[around] = True
    inside = inside[:-1]
    if not inside.any():
        return None
    got = np.zeros(len(groups.of_orders), dtype=np.int64)
    got[orders] = wanted
    rooms = groups.filled(groups.totals(got, np.zeros(len(groups.of_bins), dtype=np.int64)))
    rooms = np.where(groups.wanted[groups.owners], rooms, groups.rooms)
    # A number for each group here, and for none the last, -1.
    numbers = np.append(np.where(inside, np.cumsum(inside) - 1, -1), -1)
    some = np.flatnonzero(inside[groups.owners])
    owners = groups.owners[some]
    return Nests(
        numbers[members[0]],
        numbers[members[1]],
        int(inside.sum()),
        numbers[owners],
        numbers[groups.parents[owners]],
        rooms[some],
        groups.bonuses[some],
    )


def batches(arcs: Arcs, orders: int, bins: int, groups: Groups | None = None) -> list[Integers]:
    """Return the arcs of each component; those of small components together."""
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


def _solve(problem: Problem, unit: int) -> Integers:
    tails, heads, worths = problem.tails, problem.heads, problem.worths
    wanted, room = problem.wanted // unit, problem.room // unit
    orders, first = len(wanted), len(wanted) + len(room)
    sink = first + (0 if problem.nests is None else problem.nests.count)
    exits = np.full(first, sink)
    more_tails = more_heads = rooms = costs = np.zeros(0, dtype=np.int64)
    if (nests := problem.nests) is not None:
        innermost = np.concatenate([nests.of_orders, nests.of_bins])
        exits = np.where(innermost >= 0, first + innermost, sink)
        more_tails = first + nests.tails
        more_heads = np.where(nests.heads >= 0, first + nests.heads, sink)
        rooms, costs = nests.rooms // unit, nests.costs
    highest = max(int(worths.max()), int(costs.max(initial=0)))
    if highest * (sink + 2) >= 1 << SAFE_BITS:
        raise SolverFailed("worths are too large for 64 bits")
    nodes = np.arange(sink + 1, dtype=np.int32)
    solver = cast("_Solver", SimpleMinCostFlow())
    solver.add_arcs_with_capacity_and_unit_cost(
        np.concatenate([tails, nodes[:first], more_tails]).astype(np.int32),
        np.concatenate([heads + orders, exits, more_heads]).astype(np.int32),
        np.concatenate([np.minimum(wanted[tails], room[heads]), wanted, room, rooms]),
        np.concatenate([-worths, np.zeros(first, dtype=np.int64), costs]),
    )
    supplies = np.zeros(sink + 1, dtype=np.int64)
    supplies[:orders] = wanted
    supplies[sink] = -wanted.sum()
    solver.set_nodes_supplies(nodes, supplies)
    status = solver.solve()
    if status != SimpleMinCostFlow.OPTIMAL:
        raise SolverFailed(f"minimum-cost flow ended with {status}")
    return solver.flows(np.arange(len(tails), dtype=np.int32))
