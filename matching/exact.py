"""The exact plan of what cannot be split freely: minimum lots, one-user slots, conversions.

CP-SAT with one worker, a fixed seed and a limit in deterministic time, so that the same input
gives the same plan on any machine. First the value; then, as long as the effort lasts, the fewest
claims and slots among plans of that value, so that no order is scattered without need.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from ortools.sat.python import cp_model

from matching.circuit import SolverFailed
from matching.instance import Component, Take
from matching.program import Amounts, Program

SEED = 20220613
TIDYING = 0.2
"""Which part of the effort may go into a tidier plan of the same value."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What CP-SAT found: a plan, its value, and the value that it proved no plan exceeds."""

    takes: tuple[Take, ...]
    value: int
    bound: int


def solve_exact(component: Component, effort: float) -> Outcome:
    """Return the best plan found within the effort, and what is proven of it.

    Where the effort was too little for any plan it is the empty one. Raises SolverFailed when the
    solver calls the instance impossible, which none is.
    """
    together = Program(component, slot_by_slot=False)
    amounts, bound = _solve(together, effort)
    takes = together.deal(_tidied(together, amounts, effort)) or together.deal(amounts)
    if takes is None:
        apart = Program(component, slot_by_slot=True)
        amounts, closer = _solve(apart, effort)
        bound = min(bound, closer)
        takes = apart.deal(_tidied(apart, amounts, effort))
    if takes is None:
        raise SolverFailed("a plan by slots does not fit into the slots")
    return Outcome(takes, _value(component, takes), bound)


def _value(component: Component, takes: Iterable[Take]) -> int:
    supplied: dict[int, int] = defaultdict(int)
    value = 0
    for take in takes:
        arc = component.arcs[take.arc]
        supplied[arc.supply] += take.quantity
        value += arc.worth * take.quantity
    return value + component.early(supplied)


def _solve(program: Program, effort: float) -> tuple[Amounts, int]:
    """Return a plan of the largest value found and the bound that is proven."""
    program.model.maximize(program.value)
    solver = deterministic_solver(effort, presolve=False)
    status = solver.solve(program.model)
    if status == cp_model.UNKNOWN:
        return [], program.component.worth_bound
    if status not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
        raise SolverFailed(f"CP-SAT ended with {solver.status_name(status)}")
    for variable in program.variables():
        program.model.add_hint(variable, solver.value(variable))
    # Inside the solver the objective is the negated value: whole, unlike its floats.
    return _amounts(program, solver), -int(solver.response_proto.inner_objective_lower_bound)


def _tidied(program: Program, amounts: Amounts, effort: float) -> Amounts:
    """Return a plan of the same value with fewer lines, where one is found in time."""
    if not amounts:
        return amounts
    takes = (Take(use.arc, None, program.step(use) * steps) for use, steps in amounts)
    value = _value(program.component, takes)
    program.model.add(program.value == value)
    program.model.minimize(program.lines)
    solver = deterministic_solver(effort * TIDYING, presolve=False)
    status = solver.solve(program.model)
    found = status in (cp_model.OPTIMAL, cp_model.FEASIBLE)
    return _amounts(program, solver) if found else amounts


def deterministic_solver(effort: float, *, presolve: bool) -> cp_model.CpSolver:
    """Return a solver that gives the same on any machine, within an effort."""
    solver = cp_model.CpSolver()
    solver.parameters.num_workers = 1
    solver.parameters.random_seed = SEED
    solver.parameters.max_deterministic_time = effort
    # Its presolve takes the flow apart that programs of lots are made of: 60 s and no plan, where
    # without it the best plan of the same component is proven in 2 s.
    solver.parameters.cp_model_presolve = presolve
    # It would take SIGINT away from the process for good: Ctrl-C then kills it without a clean end.
    solver.parameters.catch_sigint_signal = False
    return solver


def _amounts(program: Program, solver: cp_model.CpSolver) -> Amounts:
    taken = [(use, solver.value(use.steps)) for use in program.uses]
    return [(use, steps) for use, steps in taken if steps]
