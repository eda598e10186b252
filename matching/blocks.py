"""The rules and the score of many pairs at once: a block of offers (rows) by orders (columns).

The orders of a block share category, measure and zone. Each rule is a table of yes and no, in the
order of `Refusal`; `matching/rules.py` and `matching/score.py` say the same of one pair, and a
property test holds them together to the last digit.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from domain.availability import DAYS_PER_WEEK
from domain.measures import ratio
from matching.block_limits import Limits
from matching.block_tables import (
    ancestors_of,
    rejections_of,
    relations_of,
    served_ranges,
    text_matrix,
)
from matching.columns import TOTAL, Columns, Flags, Integers, Numbers
from matching.model import PartName
from matching.places import nearness_by_metre, nearness_by_steps, squared_limit
from matching.plans import Refusal
from matching.rules import category_fits
from matching.score import (
    BELOW,
    SUBSTITUTE,
    micro,
    worth_divisor,
)
from matching.sparse import listed, matrix
from matching.text import LENGTH, MICRO
from matching.timetables import WHOLE_WEEK, Timetable, weekdays
from matching.timing import shares_time

Squares = NDArray[np.float64]
Words = NDArray[np.uint64]
NO_STEP = (0, 0)


@dataclass(frozen=True, slots=True, eq=False)
class Scope:
    """What the orders of a block share, and the offers of fitting categories."""

    category: int
    measure: int
    zone: int
    offers: Integers
    category_values: Integers
    """By offer of the whole situation, in millionths; -1 where the category does not fit."""
    steps: Integers
    """By measure of an offer: how many of the order's measure are how many of it; 0 for none."""


class Blocks:
    """Rules and scores over the columns of a situation."""

    def __init__(self, columns: Columns) -> None:
        """Prepare what all blocks share."""
        self.columns = columns
        self.timetable = Timetable(columns)
        self.limits = Limits(columns, self.timetable)
        self._weights = {name: micro(columns.policy.weights[name]) for name in PartName}
        self._limit = squared_limit(columns.policy.max_km)
        self._ancestors = ancestors_of(columns.tables.areas)
        self._ranges = served_ranges(columns)
        self._relations = relations_of(columns)
        self._rejected = rejections_of(columns)
        self._grams = text_matrix(columns)
        self._category_fits: dict[int, tuple[Integers, Integers]] = {}

    def scope(self, category: int, measure: int, zone: int) -> Scope:
        """Return what orders of this category, measure and zone may be compared with."""
        if category not in self._category_fits:
            self._category_fits[category] = self._fitting(category)
        offers, values = self._category_fits[category]
        tables = self.columns.tables
        steps = [ratio(tables.measures[measure], other) or NO_STEP for other in tables.measures]
        return Scope(
            category, measure, zone, offers, values, np.array(steps, dtype=np.int64).reshape(-1, 2)
        )

    def _fitting(self, category: int) -> tuple[Integers, Integers]:
        columns = self.columns
        tables, policy = columns.tables, columns.policy
        wanted = tables.categories[category]
        substitutes = (
            columns.situation.substitutes
            if policy.allow_substitutes
            else frozenset[tuple[str, str]]()
        )
        values = np.full(len(tables.categories), -1, dtype=np.int64)
        for number, path in enumerate(tables.categories):
            if category_fits(wanted, path, substitutes):
                below = BELOW if path.startswith(wanted) else SUBSTITUTE
                values[number] = micro(1.0 if path == wanted else below)
        of_offers = values[columns.given.items.category]
        return np.flatnonzero(of_offers >= 0), of_offers

    def usable(self, scope: Scope) -> Integers:
        """Return the offers of a scope that their own facts do not rule out."""
        given = self.columns.given
        offers = scope.offers
        step = scope.steps[given.items.measure[offers], 1]
        slots = given.slot_starts[offers + 1] - given.slot_starts[offers]
        there = np.where(given.kind[offers] == TOTAL, given.capacity[offers] >= step, slots > 0)
        return offers[(step > 0) & given.stated[offers] & there]

    def within_reach_of_any(self, offers: Integers, orders: Integers) -> Integers:
        """Return the offers that may reach one of the orders at least; some may reach none."""
        wanted, given = self.columns.wanted.items, self.columns.given
        lows, highs = (part[given.served[offers]] for part in self._ranges)
        areas = wanted.area[orders]
        near = ((lows <= areas.max()) & (highs > areas.min())).any(axis=1)
        free = np.flatnonzero(given.served[offers] == 0)
        near[free] = True
        if len(free) and wanted.placed[orders].all():
            places = wanted.points[orders]
            middle = (places.min(axis=0) + places.max(axis=0)) / 2
            radius = np.sqrt(((places - middle) ** 2).sum(axis=1).max())
            away = np.sqrt(((given.items.points[offers[free]] - middle) ** 2).sum(axis=1))
            reach = away <= np.sqrt(self._limit) + radius + 1
            near[free] = reach | ~given.items.placed[offers[free]]
        return offers[near]

    # The rules, each a table of offers by orders.

    def rules(
        self, scope: Scope, offers: Integers, orders: Integers
    ) -> Iterator[tuple[Refusal, Flags]]:
        """Yield for each rule which pairs it allows, in the order of asking.

        All offers are slotted, or none is.
        """
        wanted, given = self.columns.wanted, self.columns.given
        yield Refusal.OWN, given.items.agent[offers][:, None] != wanted.items.agent[orders][None, :]
        yield Refusal.REJECTED, ~self._rejected.flags(offers, orders)
        step = scope.steps[given.items.measure[offers]]
        fine = wanted.quantity[orders][None, :] >= step[:, :1]
        yield Refusal.MEASURE, fine & (step[:, 1:] > 0)
        yield Refusal.UNSTATED, _rows(given.stated[offers], orders)
        counts = given.slot_starts[offers + 1] - given.slot_starts[offers]
        slotted = bool(given.kind[offers[0]] != TOTAL)
        there = counts > 0 if slotted else given.capacity[offers] >= step[:, 1]
        yield Refusal.EXHAUSTED, _rows(there, orders)
        if slotted:
            fits, most = self._slots(scope, offers, orders)
        else:
            fits, most = self._dates(scope, offers, orders), self._room(scope, offers, orders)
        yield Refusal.TIME, fits
        yield Refusal.REACH, self._reach(offers, orders)
        yield Refusal.PARTNERS, self.limits.partners_allow(offers, orders)
        runs = np.flatnonzero(wanted.run_minutes[orders]) if slotted else ()
        if len(runs):
            in_runs = np.ones(fits.shape, dtype=bool)
            for column in runs:
                most[:, column] = self.limits.most_in_runs(
                    scope.zone, step, offers, int(orders[column])
                )
                in_runs[:, column] = most[:, column] > 0
            yield Refusal.CONTIGUOUS, in_runs
        lot, quantity = wanted.lot[orders], wanted.quantity[orders]
        least = np.where(lot <= quantity - lot, lot, quantity)
        rounded = quantity // np.maximum(step[:, :1], 1) * step[:, :1]
        yield Refusal.LOT, np.minimum(most, rounded) >= least[None, :]

    def allowed(self, scope: Scope, offers: Integers, orders: Integers) -> Flags:
        """Return which pairs every rule allows."""
        allowed = self._reach(offers, orders)
        for rule, flags in self.rules(scope, offers, orders):
            if rule is not Refusal.REACH:
                allowed = allowed & flags
        return allowed

    def _reach(self, offers: Integers, orders: Integers) -> Flags:
        wanted, given = self.columns.wanted.items, self.columns.given
        served = given.served[offers]
        reach = np.zeros((len(offers), len(orders)), dtype=bool)
        named, free = np.flatnonzero(served > 0), np.flatnonzero(served == 0)
        areas = wanted.area[orders][None, :]
        if len(named):
            low, high = (part[served[named]] for part in self._ranges)
            inside = np.zeros((len(named), len(orders)), dtype=bool)
            for number in range(low.shape[1]):
                inside |= (low[:, number : number + 1] <= areas) & (
                    areas < high[:, number : number + 1]
                )
            reach[named] = inside
        if len(free):
            near = self._squares(offers[free], orders) <= self._limit
            unknown = ~given.items.placed[offers[free]][:, None] | ~wanted.placed[orders][None, :]
            reach[free] = near | unknown
        return reach

    def _squares(self, offers: Integers, orders: Integers) -> Squares:
        """Return the squares of the distances; whole numbers below 2^53, so exact."""
        one, other = (
            self.columns.given.items.points[offers],
            self.columns.wanted.items.points[orders],
        )
        return (
            (one * one).sum(axis=1)[:, None]
            + (other * other).sum(axis=1)[None, :]
            - 2 * (one @ other.T)
        )

    def _dates(self, scope: Scope, offers: Integers, orders: Integers) -> Flags:
        """Whether there is a common date, and a window on such a date where windows are stated."""
        wanted, given = self.columns.wanted.items, self.columns.given.items
        first = np.maximum(given.first[offers][:, None], wanted.first[orders][None, :])
        span = np.minimum(given.last[offers][:, None], wanted.last[orders][None, :]) - first + 1
        meeting = span > 0
        offered, row = np.unique(given.windows[offers], return_inverse=True)
        asked, column = np.unique(wanted.windows[orders], return_inverse=True)
        table = self.timetable.meets(offered, asked)
        if (table < WHOLE_WEEK).any():
            days = weekdays()[(first - 1) % DAYS_PER_WEEK, np.clip(span, 0, DAYS_PER_WEEK)]
            meeting &= (table[row][:, column] & days) > 0
        abroad = (given.zone[offers] != scope.zone) & (given.windows[offers] > 0)
        if abroad.any():
            self._compare_abroad(meeting, offers, orders, np.flatnonzero(abroad))
        return meeting

    def _compare_abroad(
        self, meeting: Flags, offers: Integers, orders: Integers, rows: Integers
    ) -> None:
        """Compare windows of two zones one by one, as instants."""
        columns = self.columns
        stated = np.flatnonzero(columns.wanted.items.windows[orders] > 0)
        for row in listed(rows):
            for column in listed(stated):
                order, offer = columns.orders[int(orders[column])], columns.offers[int(offers[row])]
                meeting[row, column] = shares_time(
                    order, offer, columns.policy, columns.situation.now
                )

    def _room(self, scope: Scope, offers: Integers, orders: Integers) -> Integers:
        """Return what the capacity is in the orders' measure."""
        given = self.columns.given
        step = scope.steps[given.items.measure[offers]]
        amount = given.capacity[offers] // np.maximum(step[:, 1], 1) * step[:, 0]
        return np.broadcast_to(amount[:, None], (len(offers), len(orders)))

    def _slots(self, scope: Scope, offers: Integers, orders: Integers) -> tuple[Flags, Integers]:
        """Return which offers have a slot that suits, and the most that a claim could take."""
        wanted, given = self.columns.wanted, self.columns.given
        step = scope.steps[given.items.measure[offers]]
        in_one = (wanted.together[orders] & (wanted.lot[orders] > 1))[None, :]
        shape = len(offers), len(orders)
        any_fits = np.zeros(shape, dtype=bool)
        most = np.zeros(shape, dtype=np.int64)
        plain = not in_one.any() and bool((wanted.lot[orders] == 1).all())
        for rows, slots, fits in self.slot_by_slot(scope, offers, orders):
            any_fits[rows] |= fits
            rooms = given.slot_rooms[slots] // np.maximum(step[rows, 1], 1) * step[rows, 0]
            if plain:
                most[rows] |= fits & (rooms > 0)[:, None]
                continue
            amount = np.where(fits, rooms[:, None], 0)
            most[rows] = np.where(in_one, np.maximum(most[rows], amount), most[rows] + amount)
        if plain:
            # A lot of one: any room makes it; the rule asks for no more.
            most *= np.maximum(step[:, :1], 1)
        return any_fits, most

    def slot_by_slot(
        self, scope: Scope, offers: Integers, orders: Integers
    ) -> Iterator[tuple[Integers, Integers, Flags]]:
        """Yield for the first slot, the second ...: which rows have one, the slots, who fits."""
        wanted, given = self.columns.wanted, self.columns.given
        table = self.timetable.slots(scope.zone)
        asked, column = np.unique(wanted.items.windows[orders], return_inverse=True)
        any_time = bool((asked == 0).all())
        begins, last = wanted.begins[orders][None, :], wanted.items.last[orders][None, :]
        starts = given.slot_starts[offers]
        counts = given.slot_starts[offers + 1] - starts
        for number in range(int(counts.max(initial=0))):
            rows = np.flatnonzero(counts > number)
            slots = starts[rows] + number
            days = table.days[given.slot_times[slots]][:, None]
            fits = (begins <= days) & (days <= last)
            if not any_time:
                kinds = table.kinds[given.slot_times[slots]]
                fits &= table.suits[asked][:, kinds].T[:, column]
            yield rows, slots, fits

    # The score of the pairs that are allowed: rows and columns of a block.

    def scores(
        self,
        scope: Scope,
        offers: Integers,
        orders: Integers,
        at: tuple[Integers, Integers],
        alike: NDArray[np.float32],
    ) -> Integers:
        """Return the scores of these pairs of the block, in millionths of a millionth."""
        rows, places = at
        wanted, given = self.columns.wanted, self.columns.given
        weights = self._weights
        one, other = offers[rows], orders[places]
        score = (weights[PartName.CATEGORY] * scope.category_values[offers])[rows]
        text = np.minimum(MICRO, alike[rows, places].astype(np.int64) * MICRO // (LENGTH * LENGTH))
        score += weights[PartName.TEXT] * text
        score += weights[PartName.NEARNESS] * self._nearness(offers, orders, at)
        score += weights[PartName.WINDOWS] * self._windows(offers, orders, at)
        score += weights[PartName.SKILLS] * self._skills(offers, orders, at)
        score += weights[PartName.RELATION] * self._relations.values(
            wanted.items.agent[other], given.items.agent[one]
        )
        return np.minimum(score, MICRO * MICRO)

    def worths(self, scope: Scope, orders: Integers, scores: Integers) -> Integers:
        """Return what a unit of these orders is worth with these scores."""
        divisor = worth_divisor(self.columns.tables.measures[scope.measure])
        return (scores * self.columns.wanted.urgency[orders] + divisor // 2) // divisor

    @cached_property
    def thresholds(self) -> bool:
        """Whether anybody asks a score for anything."""
        columns = self.columns
        asked = (columns.wanted.items.least, columns.given.items.least)
        return columns.policy.least_score > 0 or any(bool(least.any()) for least in asked)

    def reached(self, offers: Integers, orders: Integers, scores: Integers) -> Flags:
        """Return which pairs have the score that both sides and the policy ask for."""
        wanted, given = self.columns.wanted.items.least, self.columns.given.items.least
        least = np.maximum(wanted[orders], given[offers])
        return scores >= np.maximum(least, micro(self.columns.policy.least_score)) * MICRO

    def alike(self, offers: Integers, orders: Integers) -> NDArray[np.float32]:
        """Return the products of the texts' vectors; whole numbers below 2^24, so exact."""
        wanted, given = (
            self.columns.wanted.items.texts[orders],
            self.columns.given.items.texts[offers],
        )
        theirs = self._grams[wanted]
        used, columns = np.unique(theirs.indices, return_inverse=True)
        number = np.full(self._grams.shape[1], -1, dtype=np.int32)
        number[used] = np.arange(len(used), dtype=np.int32)
        table = np.zeros((len(used) or 1, len(orders)), dtype=np.float32)
        table[columns, np.repeat(np.arange(len(orders)), np.diff(theirs.indptr))] = theirs.data
        ours = self._grams[given]
        kept = number[ours.indices]
        inside = kept >= 0
        ends = np.concatenate([[0], np.cumsum(inside)])[ours.indptr]
        grams = matrix((ours.data[inside], kept[inside], ends), (len(offers), len(used) or 1))
        return grams @ table

    def _nearness(
        self, offers: Integers, orders: Integers, at: tuple[Integers, Integers]
    ) -> Integers:
        rows, places = at
        wanted, given = self.columns.wanted.items, self.columns.given.items
        by_metre = nearness_by_metre()
        known = given.placed[offers].all() and wanted.placed[orders].all()
        metres = np.sqrt(self._squares(offers, orders)[rows, places])
        value = by_metre[np.minimum(metres, len(by_metre) - 1).astype(np.int64)]
        if not known:
            unknown = np.flatnonzero(~(given.placed[offers][rows] & wanted.placed[orders][places]))
            value[unknown] = self._nearness_by_steps(
                wanted.area[orders[places[unknown]]], given.area[offers[rows[unknown]]]
            )
        return value

    def _nearness_by_steps(self, one: Numbers, other: Numbers) -> Integers:
        ancestors, depths = self._ancestors
        common = np.zeros(len(one), dtype=np.int64)
        for level in range(ancestors.shape[1]):
            mine, theirs = ancestors[one, level], ancestors[other, level]
            common += (mine == theirs) & (mine >= 0)
        by_steps = nearness_by_steps()
        steps = depths[one] + depths[other] - 2 * common
        value = by_steps[np.minimum(steps, len(by_steps) - 1)]
        return np.where(common > 0, value, 0)

    def _windows(
        self, offers: Integers, orders: Integers, at: tuple[Integers, Integers]
    ) -> Integers:
        rows, places = at
        offered, row = np.unique(self.columns.given.items.windows[offers], return_inverse=True)
        asked, column = np.unique(self.columns.wanted.items.windows[orders], return_inverse=True)
        return self.timetable.coverage(offered, asked)[row[rows], column[places]]

    def _skills(
        self, offers: Integers, orders: Integers, at: tuple[Integers, Integers]
    ) -> Integers:
        rows, places = at
        offered, row = np.unique(self.columns.given.items.skills[offers], return_inverse=True)
        asked, column = np.unique(self.columns.wanted.items.skills[orders], return_inverse=True)
        if asked.max(initial=0) == 0:
            return np.full(len(rows), MICRO, dtype=np.int64)
        skills = self.columns.tables.skills
        table = [
            [
                MICRO * len(skills[want] & skills[have]) // len(skills[want]) if want else MICRO
                for want in listed(asked)
            ]
            for have in listed(offered)
        ]
        return np.array(table, dtype=np.int64)[row[rows], column[places]]


def _rows(flags: Flags, orders: Integers) -> Flags:
    return np.broadcast_to(flags[:, None], (len(flags), len(orders)))
