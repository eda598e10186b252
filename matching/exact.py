"""The exact plan of what cannot be split freely: minimum lots, one-user slots, conversions.

An integer program per component, solved by CP-SAT with one worker, a fixed seed and a limit in
deterministic time, so that the same input gives the same plan on any machine. Worth comes first;
among plans of equal worth the one with the fewest lines wins, so that no slot is taken needlessly
and no order is scattered.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from math import gcd

from ortools.sat.python import cp_model

from matching.flow import SolverFailed, fill
from matching.instance import Component, Supply, Take
from matching.model import FreeSlot

SAFE_VALUE = 1 << 60
SEED = 20220613


@dataclass(frozen=True, slots=True)
class Outcome:
    """What CP-SAT found: a plan, its value, and the value that it proved no plan exceeds."""

    takes: tuple[Take, ...]
    value: int
    bound: int


@dataclass(frozen=True, slots=True)
class _Room:
    """A bin of the program: `size` in each of some slots of a bin, or in its only room."""

    slots: tuple[FreeSlot, ...]
    size: int
    exclusive: bool

    @property
    def count(self) -> int:
        return max(1, len(self.slots))


@dataclass(frozen=True, slots=True)
class _Use:
    """An arc of the component into one room; `steps` counts steps of the arc, `users` slots."""

    arc: int
    room: int
    steps: cp_model.IntVar
    most: int
    users: cp_model.IntVar | None


def solve_exact(component: Component, effort: float) -> Outcome:
    """Return the best plan found within the effort, and what is proven of it.

    Raises SolverFailed: every instance has a plan, the empty one.
    """
    program = _Program(component)
    solver = cp_model.CpSolver()
    solver.parameters.num_workers = 1
    solver.parameters.random_seed = SEED
    solver.parameters.max_deterministic_time = effort
    status = solver.solve(program.model)
    if status not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
        raise SolverFailed(f"CP-SAT ended with {solver.status_name(status)}")
    takes = program.takes(solver)
    value = sum(component.arcs[take.arc].worth * take.quantity for take in takes)
    if status == cp_model.OPTIMAL:
        return Outcome(takes, value, value)
    objective_bound = -int(solver.response_proto.inner_objective_lower_bound)
    return Outcome(takes, value, (objective_bound + program.most_lines) // program.scale)


class _Program:
    """The integer program of a component, in multiples of what divides all its numbers."""

    def __init__(self, component: Component) -> None:
        self.model = cp_model.CpModel()
        self.component = component
        self._unit = _unit(component)
        self._rooms: list[_Room] = []
        self._uses: list[_Use] = []
        self._lines: list[cp_model.IntVar] = []
        self.most_lines = 0
        for number in range(len(component.bins)):
            self._add_bin(number)
        self._add_lots()
        self.scale = self.most_lines + 1
        if component.worth_bound * self.scale >= SAFE_VALUE:
            self.scale, self._lines = 1, []
        self.model.maximize(
            sum(self._amount(use) * self._worth(use) * self.scale for use in self._uses)
            - sum(self._lines)
        )

    def takes(self, solver: cp_model.CpSolver) -> tuple[Take, ...]:
        """Return the plan: what each arc carries in each slot, in the order of arcs and times."""
        found: list[Take] = []
        free = {number: list(room.slots) for number, room in enumerate(self._rooms)}
        left = {
            number: dict.fromkeys(room.slots, room.size * self._unit)
            for number, room in enumerate(self._rooms)
        }
        for use in sorted(self._uses, key=lambda use: (use.arc, use.room)):
            if not (steps := solver.value(use.steps)):
                continue
            room, step = self._rooms[use.room], self._step(use)
            if room.exclusive and use.users is not None:
                count = min(solver.value(use.users), steps)
                slots, free[use.room] = free[use.room][:count], free[use.room][count:]
                found.extend(
                    Take(use.arc, slot, (steps // count + (index < steps % count)) * step)
                    for index, slot in enumerate(slots)
                )
            elif len(room.slots) > 1:
                found.extend(fill(use.arc, steps * step, left[use.room]))
            else:
                found.append(Take(use.arc, next(iter(room.slots), None), steps * step))
        return tuple(found)

    def _add_bin(self, number: int) -> None:
        each, arcs = self.component.bins[number], self._arcs_into(number)
        if each.exclusive:
            room = self._room(_Room(each.slots, each.size // self._unit, exclusive=True))
            uses = [self._exclusive_use(arc, room) for arc in arcs]
            self.model.add(
                sum(use.users for use in uses if use.users is not None) <= len(each.slots)
            )
            return
        rooms = [each.slots]
        if each.slots and self._slot_by_slot(arcs):
            rooms = [(slot,) for slot in each.slots[: self._slots_needed(number, arcs)]]
        for slots in rooms:
            room = self._room(_Room(slots, each.size // self._unit, exclusive=False))
            uses = [self._shared_use(arc, room) for arc in arcs]
            given = [self.component.arcs[use.arc].given * use.steps for use in uses]
            self.model.add(sum(given) <= self._rooms[room].size * self._rooms[room].count)

    def _arcs_into(self, number: int) -> list[int]:
        return [index for index, arc in enumerate(self.component.arcs) if arc.bin == number]

    def _room(self, room: _Room) -> int:
        self._rooms.append(room)
        return len(self._rooms) - 1

    def _slot_by_slot(self, arcs: Sequence[int]) -> bool:
        """Whether it matters which slot of a shared bin is taken: for lots and for conversions."""
        return any(
            (self._supply(arc).together and self._supply(arc).lot > 1)
            or (self.component.arcs[arc].step, self.component.arcs[arc].given) != (1, 1)
            for arc in arcs
        )

    def _slots_needed(self, number: int, arcs: Sequence[int]) -> int:
        """Return how many slots of a shared bin any plan needs at most; the rest is left out."""
        size, lines, fluid = self.component.bins[number].size, 0, 0
        for index in arcs:
            arc, supply = self.component.arcs[index], self._supply(index)
            if supply.together and supply.lot > 1:
                lines += supply.quantity // supply.lot
            else:
                steps_per_slot = max(1, size // arc.given)
                fluid += -(-(supply.quantity // arc.step) // steps_per_slot)
        return max(1, lines + fluid)

    def _most(self, arc: int, room: int) -> int:
        """Return the most steps of an arc that fit into a room."""
        there, supply = self.component.arcs[arc], self._supply(arc)
        per_slot = self._rooms[room].size // there.given
        return min(supply.quantity // self._unit // there.step, per_slot * self._rooms[room].count)

    def _least(self, arc: int) -> int:
        """Return the fewest steps that make a lot."""
        lot = -(-self._supply(arc).lot // self._unit)
        return max(1, -(-lot // self.component.arcs[arc].step))

    def _exclusive_use(self, arc: int, room: int) -> _Use:
        most = self._most(arc, room)
        slots = min(self._rooms[room].count, most)
        steps = self.model.new_int_var(0, most, "")
        users = self.model.new_int_var(0, slots, "")
        per_slot = self._rooms[room].size // self.component.arcs[arc].given
        self.model.add(steps <= per_slot * users)
        if self._supply(arc).together:
            self.model.add(steps >= self._least(arc) * users)
        return self._remember(_Use(arc, room, steps, most, users), users, slots)

    def _shared_use(self, arc: int, room: int) -> _Use:
        most = self._most(arc, room)
        steps = self.model.new_int_var(0, most, "")
        least = self._least(arc)
        in_slot = bool(self._rooms[room].slots) and self._supply(arc).together
        if not in_slot or least <= 1:
            return self._remember(_Use(arc, room, steps, most, None), None, 0)
        used = self.model.new_bool_var("")
        self.model.add(steps >= least * used)
        self.model.add(steps <= most * used)
        return self._remember(_Use(arc, room, steps, most, used), used, 1)

    def _remember(self, use: _Use, line: cp_model.IntVar | None, most_lines: int) -> _Use:
        self._uses.append(use)
        if line is not None:
            self._lines.append(line)
            self.most_lines += most_lines
        return use

    def _add_lots(self) -> None:
        """Each claim takes a lot at least; each order's rest is nothing or a lot at least."""
        by_order: dict[int, list[_Use]] = defaultdict(list)
        for use in self._uses:
            by_order[self.component.arcs[use.arc].supply].append(use)
        for number, uses in sorted(by_order.items()):
            supply = self.component.supplies[number]
            quantity, lot = supply.quantity // self._unit, -(-supply.lot // self._unit)
            taken = sum(self._amount(use) for use in uses)
            self.model.add(taken <= quantity)
            if lot <= 1:
                continue
            rest = self.model.new_bool_var("")
            self.model.add(quantity - taken >= lot * rest)
            self.model.add(quantity - taken <= quantity * rest)
            self._add_claims(uses, lot, quantity)

    def _add_claims(self, uses: Sequence[_Use], lot: int, quantity: int) -> None:
        by_offer: dict[str, list[_Use]] = defaultdict(list)
        for use in uses:
            by_offer[self.component.bins[self.component.arcs[use.arc].bin].offer_id].append(use)
        for _, claim in sorted(by_offer.items()):
            if all(use.users is not None and self._supply(use.arc).together for use in claim):
                continue
            used = self.model.new_bool_var("")
            amount = sum(self._amount(use) for use in claim)
            self.model.add(amount >= lot * used)
            self.model.add(amount <= quantity * used)
            self._lines.append(used)
            self.most_lines += 1

    def _supply(self, arc: int) -> Supply:
        return self.component.supplies[self.component.arcs[arc].supply]

    def _step(self, use: _Use) -> int:
        return self.component.arcs[use.arc].step * self._unit

    def _amount(self, use: _Use) -> cp_model.LinearExpr:
        return self.component.arcs[use.arc].step * use.steps

    def _worth(self, use: _Use) -> int:
        return self.component.arcs[use.arc].worth * self._unit


def _unit(component: Component) -> int:
    """Return what divides all quantities, lots and rooms: a best plan in multiples of it exists.

    With the yes-or-no choices made, the rest is a flow between whole multiples of it. A
    conversion breaks that, so there it is 1.
    """
    if any((arc.step, arc.given) != (1, 1) for arc in component.arcs):
        return 1
    return gcd(
        *(supply.quantity for supply in component.supplies),
        *(supply.lot for supply in component.supplies if supply.lot > 1),
        *(each.size for each in component.bins),
    )
