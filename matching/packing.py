"""Which cycles of a graph, no node in two of them, are worth most together: a set packing.

All cycles of a strongly connected part are walked, and CP-SAT chooses among them; where they are
too many, or the effort is over, an assignment bounds what any set of them could be worth.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, cast

import numpy as np
from ortools.graph.python.linear_sum_assignment import SimpleLinearSumAssignment
from ortools.sat.python import cp_model

from matching.circuit import SolverFailed
from matching.exact import deterministic_solver
from matching.sparse import graph, listed, strongly_connected

SHORTEST = 2
LENGTH_DISCOUNT = 5
"""Percent that a cycle loses for each agent beyond two."""
MOST_CYCLES = 20_000
MOST_STEPS = 2_000_000
"""Cycles that are compared in one part of the graph, and steps that are taken to find them."""

Arc = tuple[int, int]
"""Who gives and who receives, by number."""


class _Assigner(Protocol):
    """What is used of OR-Tools' solver of assignments (it ships no types of its package)."""

    def add_arc_with_cost(self, tail: int, head: int, cost: int, /) -> object: ...
    def solve(self) -> object: ...
    def optimal_cost(self) -> int: ...


@dataclass(frozen=True, slots=True)
class Part:
    """The packages of one strongly connected part, as cycles of agent numbers."""

    chosen: tuple[tuple[int, ...], ...]
    cycles: int
    complete: bool
    value: int
    bound: int


def cycle_value(values: Sequence[int]) -> int:
    """Return what a cycle counts whose links count so much."""
    return sum(values) * (100 - LENGTH_DISCOUNT * (len(values) - SHORTEST)) // 100


def parts_of(values: Mapping[Arc, int]) -> list[list[int]]:
    """Return the strongly connected parts of more than one agent, in the order of their first."""
    if not values:
        return []
    arcs = np.array(list(values), dtype=np.int64)
    numbers = strongly_connected(graph(arcs[:, 0], arcs[:, 1], int(arcs.max()) + 1))
    parts: dict[int, list[int]] = defaultdict(list)
    for agent, part in enumerate(listed(numbers)):
        parts[part].append(agent)
    return sorted(members for members in parts.values() if len(members) > 1)


def best_cycles(
    values: Mapping[Arc, int],
    members: Sequence[int],
    longest: int,
    most_cycles: int,
    most_steps: int,
    effort: float,
) -> Part:
    """Return the best cycles of a part; where too many, among each agent's best receivers."""
    inside = frozenset(members)
    receivers: dict[int, list[int]] = {agent: [] for agent in members}
    for (tail, head), value in sorted(values.items(), key=lambda each: (-each[1], each[0])):
        if value and tail in inside and head in inside:
            receivers[tail].append(head)
    width = most = max(map(len, receivers.values()))
    cycles: list[tuple[int, ...]] | None = None
    while cycles is None and width:
        followed = {agent: sorted(found[:width]) for agent, found in receivers.items()}
        cycles = _cycles(followed, longest, most_cycles, most_steps)
        if cycles is None:
            width //= 2
    counted = [
        (cycle, cycle_value([values[arc] for arc in arcs_of(cycle)])) for cycle in cycles or ()
    ]
    chosen, bound = _packed(counted, effort)
    value = sum(counted[number][1] for number in chosen)
    complete = width == most
    if bound is None or not complete:
        bound = _assignment(values, members)
    return Part(
        tuple(counted[number][0] for number in chosen), len(counted), complete, value, bound
    )


def arcs_of(cycle: Sequence[int]) -> list[Arc]:
    """Return the arcs of a cycle, the one back to its first agent last."""
    return list(zip(cycle, (*cycle[1:], cycle[0]), strict=True))


def _cycles(
    receivers: Mapping[int, Sequence[int]], longest: int, most_cycles: int, most_steps: int
) -> list[tuple[int, ...]] | None:
    """Return all cycles, each from its first agent on; None where they are too many."""
    found: list[tuple[int, ...]] = []
    for step, cycle in enumerate(_walked(receivers, longest)):
        if cycle:
            found.append(cycle)
        if step >= most_steps or len(found) > most_cycles:
            return None
    return found


def _walked(receivers: Mapping[int, Sequence[int]], longest: int) -> Iterator[tuple[int, ...]]:
    """Yield for each step that is taken the cycle that it closes, or nothing: ()."""
    for first in sorted(receivers):
        paths: list[tuple[int, ...]] = [(first,)]
        while paths:
            path = paths.pop()
            for head in receivers[path[-1]]:
                if head == first:
                    yield path
                    continue
                yield ()
                if head > first and head not in path and len(path) < longest:
                    paths.append((*path, head))


def _packed(
    cycles: Sequence[tuple[tuple[int, ...], int]], effort: float
) -> tuple[list[int], int | None]:
    """Return the best cycles that share no agent, and the bound that is proven; None for none."""
    if not cycles:
        return [], 0
    model = cp_model.CpModel()
    uses = [model.new_bool_var("") for _ in cycles]
    by_agent: dict[int, list[cp_model.IntVar]] = defaultdict(list)
    for (cycle, _), use in zip(cycles, uses, strict=True):
        for agent in cycle:
            by_agent[agent].append(use)
    for shared in by_agent.values():
        model.add_at_most_one(shared)
    model.maximize(sum(value * use for (_, value), use in zip(cycles, uses, strict=True)))
    solver = deterministic_solver(effort, presolve=True)
    status = solver.solve(model)
    if status == cp_model.UNKNOWN:
        return [], None
    if status not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
        raise SolverFailed(f"CP-SAT ended with {solver.status_name(status)}")
    chosen = [number for number, use in enumerate(uses) if solver.boolean_value(use)]
    if status == cp_model.OPTIMAL:
        return chosen, sum(cycles[number][1] for number in chosen)
    return chosen, None


def _assignment(values: Mapping[Arc, int], members: Sequence[int]) -> int:
    """Return what no set of cycles of any length exceeds: each gives to one and takes from one."""
    solver = cast("_Assigner", SimpleLinearSumAssignment())
    numbers = {agent: number for number, agent in enumerate(members)}
    for number in numbers.values():
        solver.add_arc_with_cost(number, number, 0)
    for (tail, head), value in sorted(values.items()):
        if tail in numbers and head in numbers:
            solver.add_arc_with_cost(numbers[tail], numbers[head], -value)
    status = solver.solve()
    if status != SimpleLinearSumAssignment.OPTIMAL:
        raise SolverFailed(f"the assignment ended with {status}")
    return -solver.optimal_cost()
