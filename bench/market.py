"""A made-up city to match, the same for the same seed: what it has of real ones is its unevenness.

Categories follow Zipf's law, communities differ in what they want, units serve their street, their
county or the whole city, and per category and measure there is about as much as is wanted.
"""

import random
from collections import defaultdict
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from functools import cache

from domain.availability import Availability, SlotTime, WeeklyWindow
from domain.categories import CATEGORIES, SUBSTITUTES, CategoryFact
from domain.vocabulary import CapacityKind, Urgency
from matching.model import FreeSlot, Offer, Order, RelationKind, Relations, Situation, agent_pair

NOW = datetime(2026, 5, 4, 0, 0, tzinfo=UTC)
HORIZON = 56
PER_COMMUNITY = 50
PER_SUBDISTRICT = 10
PER_COUNTY = 10
FILLERS = (
    *(
        "周末",
        "晚间",
        "老年人",
        "居民",
        "小区",
        "一期",
        "二期",
        "东区",
        "西区",
        "长期",
        "临时",
        "公益",
    ),
    *(
        "免费",
        "预约",
        "上门",
        "集中",
        "支持",
        "共建",
        "党员",
        "青年",
        "儿童",
        "楼院",
        "广场旁",
        "开放日",
    ),
)
SKILLS = ("摄影", "驾驶", "急救", "手语", "心理", "法律", "电工", "书法", "舞蹈", "翻译")
BY_ROOT = {
    "venue": ("PERSON", "SESSION"),
    "parking": ("PARKING_SPACE", "PARKING_SPACE"),
    "money": ("CNY", "CNY"),
    "goods": ("PIECE", "SET"),
    "jobs": ("POST", "POST"),
    "volunteers": ("PERSON_TIME", "HOUR"),
}
DEFAULT_MEASURES = ("PERSON_TIME", "SESSION")
PATTERNS = tuple(
    (day, start, start + length)
    for day in range(1, 8)
    for start, length in ((540, 120), (600, 120), (840, 120), (1140, 120), (1110, 90))
)


@dataclass(frozen=True)
class Community:
    id: str
    path: str
    place: tuple[float, float]
    weight: float


@dataclass(frozen=True)
class Unit:
    id: str
    home: Community


def market(size: int, seed: int = 1, *, indivisible: float = 0.0, demand: float = 1.0) -> Situation:
    """Return so many orders and offers; `demand` is wanted by there."""
    chance = random.Random(seed)
    communities = _communities(chance, max(4, size // PER_COMMUNITY))
    units = [
        Unit(f"unit{number:06}", chance.choice(communities)) for number in range(max(4, size // 4))
    ]
    leaves = [fact for fact in CATEGORIES.values() if fact.parent is not None]
    chance.shuffle(leaves)
    orders = _orders(chance, size, communities, leaves, indivisible)
    offers = _offers(chance, size, units, leaves, orders, demand)
    return Situation(
        orders=tuple(orders),
        offers=tuple(offers),
        now=NOW,
        relations=_relations(chance, communities, units),
        substitutes=frozenset(
            (CATEGORIES[wanted].path, CATEGORIES[offered].path) for wanted, offered in SUBSTITUTES
        ),
    )


def restricted(
    case: Situation, seed: int = 1, *, limited: float = 0.0, contiguous: float = 0.0
) -> Situation:
    """Return a market in which shares of all have partner limits, and of orders want runs.

    Each limit is of one to three partners; a run is an hour and a half at least, which is one slot
    of the market or several that adjoin.
    """
    chance = random.Random(seed)

    def limit() -> int | None:
        return chance.randint(1, 3) if chance.random() < limited else None

    def run() -> int | None:
        return 90 if chance.random() < contiguous else None

    orders = [
        replace(order, partner_limit=limit(), contiguous_minutes=run()) for order in case.orders
    ]
    offers = [replace(offer, partner_limit=limit()) for offer in case.offers]
    return replace(case, orders=tuple(orders), offers=tuple(offers))


def _communities(chance: random.Random, count: int) -> list[Community]:
    found: list[Community] = []
    county, street = (40.97, 117.94), (40.97, 117.94)
    for number in range(count):
        county_number = number // (PER_SUBDISTRICT * PER_COUNTY)
        street_number = number // PER_SUBDISTRICT
        if number % (PER_SUBDISTRICT * PER_COUNTY) == 0:
            county = 40.5 + 0.35 * (county_number % 5), 116.5 + 0.45 * (county_number // 5)
        if number % PER_SUBDISTRICT == 0:
            street = _near(chance, county, 0.06)
        found.append(
            Community(
                f"community{number:05}",
                f"/city/c{county_number:03}/s{street_number:04}/m{number:05}/",
                _near(chance, street, 0.012),
                1 / (1 + chance.randrange(count)) ** 0.5,
            )
        )
    return found


def _near(chance: random.Random, place: tuple[float, float], spread: float) -> tuple[float, float]:
    return (
        round(place[0] + chance.gauss(0, spread), 5),
        round(place[1] + chance.gauss(0, spread), 5),
    )


def _categories(
    chance: random.Random, leaves: list[CategoryFact], count: int
) -> list[CategoryFact]:
    weights = [1 / rank for rank in range(1, len(leaves) + 1)]
    return chance.choices(leaves, weights, k=count)


def _measure(chance: random.Random, fact: CategoryFact) -> str:
    usual, other = BY_ROOT.get(fact.parent or fact.code, DEFAULT_MEASURES)
    return usual if chance.random() < 0.8 else other


def _text(chance: random.Random, fact: CategoryFact) -> str:
    words = (fact.name, *fact.aliases, *fact.keywords)
    said = chance.sample(words, min(len(words), chance.randint(1, 3)))
    return "".join(
        (*chance.sample(FILLERS, chance.randint(2, 5)), *said, str(chance.randrange(99)))
    )


def _quantity(chance: random.Random, measure: str) -> int:
    if measure == "CNY":
        return 10_000 * chance.randint(5, 100)
    if measure == "HOUR":
        return 60 * chance.randint(1, 12)
    if measure == "SESSION":
        return chance.choice((1, 1, 1, 2, 4))
    return max(1, round(chance.lognormvariate(2.3, 0.8)))


def _orders(
    chance: random.Random,
    size: int,
    communities: list[Community],
    leaves: list[CategoryFact],
    indivisible: float,
) -> list[Order]:
    homes = chance.choices(communities, [home.weight for home in communities], k=size)
    found: list[Order] = []
    for number, (home, fact) in enumerate(
        zip(homes, _categories(chance, leaves, size), strict=True)
    ):
        measure = _measure(chance, fact)
        quantity = _quantity(chance, measure)
        found.append(
            Order(
                id=f"order{number:06}",
                text=_text(chance, fact),
                category=fact.path,
                quantity=quantity,
                measure=measure,
                receiver_id=home.id,
                area_path=home.path,
                minimum_lot=quantity if chance.random() < indivisible else 1,
                placed_at=_placed(chance, 4, number),
                starts_on=NOW.date() + timedelta(days=chance.choice((0, 0, 7, 14))),
                deadline=NOW.date() + timedelta(days=chance.randint(15, 60)),
                windows=_windows(chance, 3) if chance.random() < 0.3 else (),
                urgency=chance.choices(list(Urgency), (3, 5, 2, 1))[0],
                coordinates=_near(chance, home.place, 0.003),
                skills=frozenset({chance.choice(SKILLS)}) if chance.random() < 0.1 else frozenset(),
                rejected_suppliers=frozenset({f"unit{chance.randrange(max(4, size // 4)):06}"})
                if chance.random() < 0.02
                else frozenset(),
            )
        )
    return found


def _placed(chance: random.Random, month: int, number: int) -> str:
    day, hour = chance.randint(1, 30), chance.randrange(24)
    return f"2026-{month:02}-{day:02}T{hour:02}:{number % 60:02}"


def _windows(chance: random.Random, most: int) -> tuple[WeeklyWindow, ...]:
    days = chance.sample(range(7), chance.randint(1, most))
    return tuple(WeeklyWindow(*PATTERNS[5 * day + chance.randrange(5)]) for day in sorted(days))


def _offers(
    chance: random.Random,
    size: int,
    units: list[Unit],
    leaves: list[CategoryFact],
    orders: list[Order],
    demand: float,
) -> list[Offer]:
    wanted: dict[tuple[str, str], int] = defaultdict(int)
    for order in orders:
        wanted[order.category, order.measure] += order.quantity
    planned = [(fact, _measure(chance, fact)) for fact in _categories(chance, leaves, size)]
    suppliers: dict[tuple[str, str], int] = defaultdict(int)
    for fact, measure in planned:
        suppliers[fact.path, measure] += 1
    found: list[Offer] = []
    for number, (fact, measure) in enumerate(planned):
        key = fact.path, measure
        share = max(1.0, wanted[key] / suppliers[key] / demand)
        capacity = max(1, round(share * chance.uniform(0.3, 1.7)))
        found.append(_offer(chance, number, chance.choice(units), fact, measure, capacity))
    return found


def _offer(
    chance: random.Random, number: int, unit: Unit, fact: CategoryFact, measure: str, capacity: int
) -> Offer:
    kind = CapacityKind.TOTAL
    if measure == "SESSION":
        kind = chance.choice((CapacityKind.EXCLUSIVE, CapacityKind.TOTAL))
    elif chance.random() < 0.25:
        kind = CapacityKind.SHARED
    slotted = kind is not CapacityKind.TOTAL
    windows = _windows(chance, 2) if slotted or chance.random() < 0.3 else ()
    starts_on = NOW.date() + timedelta(days=chance.choice((0, 0, 0, 7, 14)))
    ends_on = starts_on + timedelta(days=chance.randint(14, 100))
    slots: tuple[FreeSlot, ...] = ()
    if slotted:
        times = _times(starts_on, ends_on, windows)
        size = 1 if kind is CapacityKind.EXCLUSIVE else max(1, round(capacity / len(times)))
        few = chance.sample(times, min(len(times), capacity)) if size == 1 else times
        slots = tuple(FreeSlot(time=time, capacity=size) for time in sorted(few))
        capacity = size
    home = unit.home.path.strip("/").split("/")
    reach = chance.choices((0, 4, 3, 2, 1), (8, 12, 45, 30, 5))[0]
    return Offer(
        id=f"offer{number:06}",
        text=_text(chance, fact),
        category=fact.path,
        capacity_kind=kind,
        capacity=capacity,
        measure=measure,
        supplier_id=unit.id,
        area_path=unit.home.path,
        placed_at=_placed(chance, 3, number),
        slots=slots,
        starts_on=starts_on,
        ends_on=ends_on,
        windows=windows,
        serves=("/" + "/".join(home[:reach]) + "/",) if reach else (),
        coordinates=unit.home.place,
        skills=frozenset({chance.choice(SKILLS)}) if chance.random() < 0.2 else frozenset(),
    )


@cache
def _times(starts_on: date, ends_on: date, windows: tuple[WeeklyWindow, ...]) -> list[SlotTime]:
    """Return the slots to come within the horizon; a first one where that holds none."""
    until = NOW + timedelta(days=HORIZON)
    return list(Availability(starts_on, ends_on, windows).slots(NOW + timedelta(minutes=1), until))


def _relations(chance: random.Random, communities: list[Community], units: list[Unit]) -> Relations:
    found: dict[tuple[str, str], RelationKind] = {}
    for home in communities:
        for number in range(7):
            kind = RelationKind.PAIRED if number > 4 else RelationKind.WORKED_TOGETHER
            found[agent_pair(home.id, chance.choice(units).id)] = kind
    return found
