"""The integer program of a component that cannot be split freely.

Two shapes of one program. *Together*: the slots of a bin are one room, and only their sum counts;
small, and an upper bound. Its plan is dealt out to the slots afterwards, which nearly always works
out. *Slot by slot*: each slot of a shared bin is a room of its own; exact, and larger.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import gcd

from ortools.sat.python import cp_model

from matching.instance import Arc, Component, Supply, Take
from matching.model import FreeSlot
from matching.placing import fill


@dataclass(frozen=True, slots=True)
class Room:
    """`size` in each of some slots of a bin, or in its only room."""

    slots: tuple[FreeSlot, ...]
    size: int
    exclusive: bool

    @property
    def count(self) -> int:
        """How many times the size is there."""
        return max(1, len(self.slots))


@dataclass(frozen=True, slots=True)
class Use:
    """An arc of the component into one room.

    `steps` counts steps of the arc. `lines` counts the slots that it takes, where each of them
    has to hold a lot or has one user only; None where any split will do. `most` steps fit in.
    """

    arc: int
    room: int
    steps: cp_model.IntVar
    lines: cp_model.IntVar | None
    most: int


Amounts = Sequence[tuple[Use, int]]
"""How many steps each use takes; those that take none are left out."""


class Program:
    """Variables and constraints, in multiples of what divides all numbers of the component."""

    def __init__(self, component: Component, *, slot_by_slot: bool) -> None:
        """Build the program; `value` is its sum of worths, `lines` counts what is scattered."""
        self.model = cp_model.CpModel()
        self.component = component
        self.unit = _unit(component)
        self.uses: list[Use] = []
        self._rooms: list[Room] = []
        self._slot_by_slot = slot_by_slot
        self._scattered: list[cp_model.IntVar] = []
        self._choices: list[cp_model.IntVar] = []
        for number in range(len(component.bins)):
            self._add_bin(number)
        self._add_lots()
        self._add_limits()
        self._add_runs()
        self._segments = [segment for nest in self._through() for segment in nest]

    @property
    def value(self) -> cp_model.LinearExprT:
        """The plan's value."""
        worths = (self._amount(use) * self._arc(use.arc).worth * self.unit for use in self.uses)
        return sum(worths) + sum(part * bonus * self.unit for part, bonus in self._segments)

    @property
    def lines(self) -> cp_model.LinearExprT:
        """How many claims and slots the plan is scattered over."""
        return sum(self._scattered)

    def variables(self) -> list[cp_model.IntVar]:
        """Return all variables that a hint sets."""
        lines = [use.lines for use in self.uses if use.lines is not None]
        segments = [part for part, _ in self._segments]
        steps = (use.steps for use in self.uses)
        return [*steps, *lines, *self._scattered, *self._choices, *segments]

    def deal(self, amounts: Amounts) -> tuple[Take, ...] | None:
        """Return what each arc carries in each slot; None where the slots do not work out."""
        by_room: dict[int, list[tuple[Use, int]]] = defaultdict(list)
        for use, steps in amounts:
            by_room[use.room].append((use, steps))
        takes: list[Take] = []
        for number, uses in sorted(by_room.items()):
            dealt = self._deal_room(self._rooms[number], uses)
            if dealt is None:
                return None
            takes.extend(dealt)
        return tuple(sorted(takes, key=lambda take: (take.arc, take.slot.key if take.slot else "")))

    def _deal_room(self, room: Room, uses: Amounts) -> list[Take] | None:
        if not room.slots:
            return [Take(use.arc, None, steps * self.step(use)) for use, steps in uses]
        left = dict.fromkeys(room.slots, room.size)
        takes: list[Take] = []
        lined = [(use, part) for use, steps in uses for part in self._parts(room, use, steps)]
        for use, part in sorted(
            lined, key=lambda line: (-self._given(line[0], line[1]), line[0].arc)
        ):
            given = self._given(use, part)
            slot = next((slot for slot, rest in left.items() if rest >= given), None)
            if slot is None:
                return None
            left[slot] = 0 if room.exclusive else left[slot] - given
            takes.append(Take(use.arc, slot, part * self.step(use)))
        for use, steps in uses:
            if use.lines is None:
                poured = self._pour(use, steps, left)
                if poured is None:
                    return None
                takes.extend(poured)
        return takes

    def _parts(self, room: Room, use: Use, steps: int) -> list[int]:
        """Return the steps of each slot of a use that counts its slots: few, and even."""
        if use.lines is None:
            return []
        count = -(-steps // (room.size // self._arc(use.arc).given))
        return [steps // count + (index < steps % count) for index in range(count)]

    def _pour(self, use: Use, steps: int, left: dict[FreeSlot, int]) -> list[Take] | None:
        """Take steps out of what is left in slots, wherever there is room."""
        arc = self._arc(use.arc)
        if (arc.step, arc.given) == (1, 1):
            takes = fill(use.arc, steps, left)
            return [Take(take.arc, take.slot, take.quantity * self.unit) for take in takes]
        poured: list[Take] = []
        for slot, rest in left.items():
            if part := min(steps, rest // arc.given):
                left[slot] -= part * arc.given
                steps -= part
                poured.append(Take(use.arc, slot, part * arc.step))
        return None if steps else poured

    def _add_bin(self, number: int) -> None:
        each = self.component.bins[number]
        arcs = [index for index, arc in enumerate(self.component.arcs) if arc.bin == number]
        rooms = [each.slots]
        if each.slots and any(self._supply(arc).run_minutes for arc in arcs):
            rooms = [(slot,) for slot in each.slots]
        elif self._slot_by_slot and not each.exclusive and self._slots_matter(arcs):
            rooms = [(slot,) for slot in each.slots[: self._slots_needed(number, arcs)]] or [()]
        for slots in rooms:
            room = Room(slots, each.size // self.unit, each.exclusive)
            self._rooms.append(room)
            uses = [self._use(arc, len(self._rooms) - 1) for arc in arcs]
            if each.exclusive:
                self.model.add(
                    sum(use.lines for use in uses if use.lines is not None) <= room.count
                )
            else:
                given = [self._arc(use.arc).given * use.steps for use in uses]
                self.model.add(sum(given) <= room.size * room.count)

    def _use(self, arc: int, number: int) -> Use:
        room, supply = self._rooms[number], self._supply(arc)
        per_slot = room.size // self._arc(arc).given
        most = min(self._quantity(supply) // self._arc(arc).step, per_slot * room.count)
        steps = self.model.new_int_var(0, most, "")
        least = self._least(arc) if supply.together else 1
        plain = least <= 1 and not room.exclusive and not supply.run_minutes
        if not room.slots or plain:
            use = Use(arc, number, steps, None, most)
        else:
            lines = self.model.new_int_var(0, min(room.count, most // least), "")
            self.model.add(steps <= per_slot * lines)
            self.model.add(steps >= least * lines)
            self._scattered.append(lines)
            use = Use(arc, number, steps, lines, most)
        self.uses.append(use)
        return use

    def _slots_matter(self, arcs: Sequence[int]) -> bool:
        return any(
            (self._supply(arc).together and self._supply(arc).lot > 1)
            or (self._arc(arc).step, self._arc(arc).given) != (1, 1)
            for arc in arcs
        )

    def _slots_needed(self, number: int, arcs: Sequence[int]) -> int:
        """Return how many slots of a shared bin some best plan needs at most.

        Each line of a lot needs one. And two slots whose contents fit into one can be one, so in
        the tightest plan any two hold more than a slot together. Conversions waste a part of a
        slot, so there only the first holds.
        """
        size, lines, units, exact = self.component.bins[number].size, 0, 0, True
        for index in arcs:
            arc, supply = self._arc(index), self._supply(index)
            steps = supply.quantity // arc.step
            lined = supply.together and supply.lot > 1
            per_slot = max(1, size // arc.given)
            lines += supply.quantity // supply.lot if lined else -(-steps // per_slot)
            units += steps * arc.given
            exact = exact and (arc.step, arc.given) == (1, 1)
        return max(1, min(lines, 2 * units // size + 1) if exact else lines)

    def _add_lots(self) -> None:
        """Each claim takes a lot at least; each order's rest is nothing or a lot at least."""
        by_order: dict[int, list[Use]] = defaultdict(list)
        for use in self.uses:
            by_order[self._arc(use.arc).supply].append(use)
        for number, uses in sorted(by_order.items()):
            supply = self.component.supplies[number]
            quantity, lot = self._quantity(supply), -(-supply.lot // self.unit)
            taken = sum(self._amount(use) for use in uses)
            self.model.add(taken <= quantity)
            if lot <= 1:
                continue
            rest = self.model.new_bool_var("")
            self.model.add(quantity - taken >= lot * rest)
            self.model.add(quantity - taken <= quantity * rest)
            for claim in self._by_offer(uses).values():
                self._add_claim(claim, lot, quantity)

    def _add_limits(self) -> None:
        """Only so many partners have anything."""
        by_arc: dict[int, list[Use]] = defaultdict(list)
        for use in self.uses:
            by_arc[use.arc].append(use)
        for limit in self.component.limits:
            chosen: list[cp_model.IntVar] = []
            for arcs in limit.partners:
                has = self.model.new_bool_var("")
                for use in (use for arc in arcs for use in by_arc[arc]):
                    self.model.add(use.steps <= use.most * has)
                chosen.append(has)
            self.model.add(sum(chosen) <= limit.most)
            self._choices.extend(chosen)

    def _add_runs(self) -> None:
        """Contiguous bookings take slots that follow one another, for long enough."""
        claims: dict[tuple[int, str], list[tuple[FreeSlot, cp_model.IntVar]]] = defaultdict(list)
        for use in self.uses:
            arc = self._arc(use.arc)
            if use.lines is not None and self._supply(use.arc).run_minutes:
                (slot,) = self._rooms[use.room].slots
                claims[arc.supply, self.component.bins[arc.bin].offer_id].append((slot, use.lines))
        for (supply, _), found in sorted(claims.items()):
            found.sort(key=lambda each: each[0].time)
            starts: list[cp_model.LinearExprT] = [found[0][1]]
            for (before, earlier), (slot, lines) in pairwise(found):
                if before.time.ends_at != slot.time.starts_at:
                    starts.append(lines)
                    continue
                start = self.model.new_bool_var("")
                self.model.add(start >= lines - earlier)
                self._choices.append(start)
                starts.append(start)
            used = self.model.new_bool_var("")
            self._choices.append(used)
            self.model.add(sum(starts) <= used)
            lasting = sum(slot.time.minutes * lines for slot, lines in found)
            self.model.add(lasting >= self.component.supplies[supply].run_minutes * used)

    def _through(self) -> Iterator[list[tuple[cp_model.IntVar, int]]]:
        """Bound what flows through each group; yield the parts of those with bonuses."""
        amounts: dict[int, list[cp_model.LinearExpr]] = defaultdict(list)
        for use in self.uses:
            arc, supply = self._arc(use.arc), self._supply(use.arc)
            for group in self.component.around(supply.group):
                amounts[group].append(self._amount(use))
            for group in self.component.around(self.component.bins[arc.bin].group):
                amounts[group].append(arc.given * use.steps)
        for group, through in sorted(amounts.items()):
            nest = self.component.nests[group]
            if not any(bonus for _, bonus in nest.segments):
                self.model.add(sum(through) <= nest.room // self.unit)
                continue
            parts = [
                (self.model.new_int_var(0, room // self.unit, ""), bonus)
                for room, bonus in nest.segments
            ]
            self.model.add(sum(through) == sum(part for part, _ in parts))
            yield parts

    def _by_offer(self, uses: Sequence[Use]) -> Mapping[str, list[Use]]:
        found: dict[str, list[Use]] = defaultdict(list)
        for use in uses:
            found[self.component.bins[self._arc(use.arc).bin].offer_id].append(use)
        return dict(sorted(found.items()))

    def _add_claim(self, uses: Sequence[Use], lot: int, quantity: int) -> None:
        if all(use.lines is not None and self._supply(use.arc).together for use in uses):
            return  # each of its slots holds a lot already
        used = self.model.new_bool_var("")
        amount = sum(self._amount(use) for use in uses)
        self.model.add(amount >= lot * used)
        self.model.add(amount <= quantity * used)
        self._scattered.append(used)

    def _arc(self, arc: int) -> Arc:
        return self.component.arcs[arc]

    def _supply(self, arc: int) -> Supply:
        return self.component.supplies[self._arc(arc).supply]

    def _quantity(self, supply: Supply) -> int:
        return supply.quantity // self.unit

    def _least(self, arc: int) -> int:
        """Return the fewest steps that make a lot."""
        lot = -(-self._supply(arc).lot // self.unit)
        return max(1, -(-lot // self._arc(arc).step))

    def _given(self, use: Use, steps: int) -> int:
        return self._arc(use.arc).given * steps

    def step(self, use: Use) -> int:
        """Return how many of the supply's smallest units a step of a use is."""
        return self._arc(use.arc).step * self.unit

    def _amount(self, use: Use) -> cp_model.LinearExpr:
        return self._arc(use.arc).step * use.steps


def _unit(component: Component) -> int:
    """Return what divides all quantities, lots and rooms: a best plan in multiples of it exists.

    With the yes-or-no choices made, the rest is a flow between whole multiples of it. A
    conversion breaks that, and so does a slot of a run, which holds any amount: there it is 1.
    """
    converted = any((arc.step, arc.given) != (1, 1) for arc in component.arcs)
    if converted or any(supply.run_minutes for supply in component.supplies):
        return 1
    return gcd(
        *(supply.quantity for supply in component.supplies),
        *(supply.lot for supply in component.supplies if supply.lot > 1),
        *(each.size for each in component.bins),
        *(room for nest in component.nests for room, _ in nest.segments),
    )
