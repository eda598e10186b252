"""Orders and offers as columns: one array for each fact, in the order of the ids.

What many items share (categories, areas, windows, skills, agents) is a number into a table. An
offer's slots lie one after the other, in the order of time.
"""

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Generic, TypeVar
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from domain.availability import SlotTime, WeeklyWindow
from domain.vocabulary import CapacityKind
from matching.model import Offer, Order, Policy, Situation
from matching.places import point
from matching.rules import together
from matching.score import micro, milli
from matching.text import TextIndex

Integers = NDArray[np.int64]
Numbers = NDArray[np.int32]
Flags = NDArray[np.bool_]

KINDS: dict[CapacityKind, int] = {kind: number for number, kind in enumerate(CapacityKind)}
TOTAL = KINDS[CapacityKind.TOTAL]
EXCLUSIVE = KINDS[CapacityKind.EXCLUSIVE]
FIRST_DAY, LAST_DAY = date.min.toordinal(), date.max.toordinal()
UNLIMITED = np.iinfo(np.int32).max
"""How many partners may still join where no limit is stated."""


Value = TypeVar("Value", bound=Hashable)


class Table(Generic[Value]):
    """Numbers for values, in the order in which they come."""

    def __init__(self) -> None:
        """Begin empty."""
        self.numbers: dict[Value, int] = {}

    def __call__(self, values: Iterable[Value]) -> Numbers:
        """Return the numbers of values, new ones for those that are new."""
        numbers = self.numbers
        return np.array(
            [numbers.setdefault(value, len(numbers)) for value in values], dtype=np.int32
        )

    @property
    def values(self) -> list[Value]:
        """The values in the order of their numbers."""
        return list(self.numbers)


@dataclass(frozen=True, slots=True, eq=False)
class Tables:
    """What the numbers in the columns stand for. `areas` are in the order of their paths."""

    categories: list[str]
    measures: list[str]
    zones: list[str]
    agents: list[str]
    areas: list[str]
    windows: list[tuple[WeeklyWindow, ...]]
    skills: list[frozenset[str]]
    served: list[tuple[str, ...]]
    times: list[SlotTime]


@dataclass(frozen=True, slots=True, eq=False)
class Items:
    """What orders and offers have in common; `first` and `last` are days as ordinals.

    An order's `first` is its own first date or the day of the run. `points` are whole metres from
    the earth's centre, where `placed`. `texts` are rows of the text index, `least` the least
    scores in millionths, `joining` how many partners may join those that are there already.
    """

    category: Numbers
    measure: Numbers
    zone: Numbers
    agent: Numbers
    area: Numbers
    windows: Numbers
    skills: Numbers
    first: Numbers
    last: Numbers
    placed: Flags
    points: NDArray[np.float64]
    texts: Numbers
    least: Integers
    joining: Integers


@dataclass(frozen=True, slots=True, eq=False)
class OrderColumns:
    """The orders; `begins` is the first date that an order itself states.

    `run_minutes` is how long a contiguous booking lasts at least, 0 where none is asked for.
    """

    items: Items
    quantity: Integers
    lot: Integers
    together: Flags
    begins: Numbers
    urgency: Integers
    run_minutes: Integers


@dataclass(frozen=True, slots=True, eq=False)
class OfferColumns:
    """The offers; slots of offer `j` are `slot_starts[j]` to `slot_starts[j + 1]`.

    `capacity` is 0 where it is not stated.
    """

    items: Items
    kind: Numbers
    stated: Flags
    capacity: Integers
    served: Numbers
    slot_starts: Integers
    slot_times: Numbers
    slot_rooms: Integers


@dataclass(frozen=True, slots=True, eq=False)
class Columns:
    """A situation as columns, with the records in the same order."""

    situation: Situation
    policy: Policy
    orders: tuple[Order, ...]
    offers: tuple[Offer, ...]
    tables: Tables
    wanted: OrderColumns
    given: OfferColumns
    texts: TextIndex


def columns_of(situation: Situation, policy: Policy) -> Columns:
    """Return a situation as columns, in the order of the ids."""
    orders = tuple(sorted(situation.orders, key=lambda order: order.id))
    offers = tuple(sorted(situation.offers, key=lambda offer: offer.id))
    reader = _Reader(situation, [*orders, *offers])
    tables = reader.tables
    wanted = OrderColumns(
        items=reader.order_items(orders),
        quantity=_integers(order.quantity for order in orders),
        lot=_integers(order.lot for order in orders),
        together=np.array([together(order) for order in orders], dtype=bool),
        begins=_days((order.starts_on for order in orders), FIRST_DAY),
        urgency=_integers(milli(policy.urgencies[order.urgency]) for order in orders),
        run_minutes=_integers(order.contiguous_minutes or 0 for order in orders),
    )
    slots = [sorted(offer.slots, key=lambda slot: slot.time) for offer in offers]
    given = OfferColumns(
        items=reader.offer_items(offers),
        kind=np.array([KINDS[offer.capacity_kind] for offer in offers], dtype=np.int32),
        stated=np.array([offer.capacity is not None for offer in offers], dtype=bool),
        capacity=_integers(offer.capacity or 0 for offer in offers),
        served=reader.served(offer.serves for offer in offers),
        slot_starts=np.concatenate([[0], np.cumsum(_integers(map(len, slots)))]).astype(np.int64),
        slot_times=reader.times(slot.time for found in slots for slot in found),
        slot_rooms=_integers(slot.capacity for found in slots for slot in found),
    )
    return Columns(situation, policy, orders, offers, tables(), wanted, given, reader.texts)


class _Reader:
    """Reads records into numbers, with the tables that they share."""

    def __init__(self, situation: Situation, items: Sequence[Order | Offer]) -> None:
        self._situation = situation
        self._categories, self._measures = Table[str](), Table[str]()
        self._zones, self._agents = Table[str](), Table[str]()
        self._areas = Table[str]()
        self._areas(sorted({item.area_path for item in items}))
        self._windows = Table[tuple[WeeklyWindow, ...]]()
        self._windows([()])
        self._skills = Table[frozenset[str]]()
        self._skills([frozenset()])
        self.served = Table[tuple[str, ...]]()
        self.served([()])
        self.times = Table[SlotTime]()
        self.texts = TextIndex(item.text for item in items)

    def tables(self) -> Tables:
        return Tables(
            self._categories.values,
            self._measures.values,
            self._zones.values,
            self._agents.values,
            self._areas.values,
            self._windows.values,
            self._skills.values,
            self.served.values,
            self.times.values,
        )

    def order_items(self, orders: Sequence[Order]) -> Items:
        today = {
            zone: self._situation.now.astimezone(ZoneInfo(zone)).date()
            for zone in {order.time_zone for order in orders}
        }
        first = (max(order.starts_on or date.min, today[order.time_zone]) for order in orders)
        last = _days((order.deadline for order in orders), LAST_DAY)
        agents = self._agents(order.receiver_id for order in orders)
        return self._items(orders, agents, _days(first, FIRST_DAY), last)

    def offer_items(self, offers: Sequence[Offer]) -> Items:
        first = _days((offer.starts_on for offer in offers), FIRST_DAY)
        last = _days((offer.ends_on for offer in offers), LAST_DAY)
        return self._items(offers, self._agents(offer.supplier_id for offer in offers), first, last)

    def _items(
        self, items: Sequence[Order | Offer], agents: Numbers, first: Numbers, last: Numbers
    ) -> Items:
        places = [item.coordinates for item in items]
        known = {place: point(place) for place in set(places) if place is not None}
        nowhere = (0, 0, 0)
        points = [nowhere if place is None else known[place] for place in places]
        return Items(
            category=self._categories(item.category for item in items),
            measure=self._measures(item.measure for item in items),
            zone=self._zones(item.time_zone for item in items),
            agent=agents,
            area=self._areas(item.area_path for item in items),
            windows=self._windows(item.windows for item in items),
            skills=self._skills(item.skills for item in items),
            first=first,
            last=last,
            placed=np.array([place is not None for place in places], dtype=bool),
            points=np.array(points, dtype=np.float64).reshape(-1, 3),
            texts=np.array([self.texts.row[item.text] for item in items], dtype=np.int32),
            least=_integers(micro(item.least_score) for item in items),
            joining=_integers(map(_joining, items)),
        )


def _joining(item: Order | Offer) -> int:
    if item.partner_limit is None:
        return UNLIMITED
    return max(0, item.partner_limit - len(item.partners))


def _integers(values: Iterable[int]) -> Integers:
    return np.array(list(values), dtype=np.int64)


def _days(days: Iterable[date | None], missing: int) -> Numbers:
    return np.array([missing if day is None else day.toordinal() for day in days], dtype=np.int32)


def ragged(starts: Integers, counts: Integers) -> Integers:
    """Return `starts[k], starts[k] + 1, ...`, `counts[k]` of them, for each k in turn."""
    ends = np.cumsum(counts)
    total = int(ends[-1]) if len(ends) else 0
    return np.arange(total) + np.repeat(starts - (ends - counts), counts)
