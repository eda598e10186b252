"""Small matching situations: by hand, at random, and solved by trying everything."""

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

from bench.market import market
from domain.availability import Availability, WeeklyWindow
from domain.measures import convert
from domain.vocabulary import CapacityKind, Urgency
from matching.model import (
    Diminishing,
    FreeSlot,
    Offer,
    Order,
    Policy,
    Quota,
    Relations,
    Segment,
    Situation,
)
from matching.plans import Refusal
from matching.rules import Allowed, category_fits, judge, together
from matching.score import parts, total, worth
from matching.text import TextIndex

NOW = datetime(2026, 5, 4, 0, 0, tzinfo=UTC)  # a Monday, 08:00 in Shanghai
POLICY = Policy()
TEXTS = ("会议室可容纳五十人", "晚间停车位", "健康义诊服务", "法律咨询讲座", "亲子绘画课程")


def an_order(number: int = 1, **changes: object) -> Order:
    standard = Order(
        id=f"order{number}",
        text="需要会议室开会",
        category="/venue/",
        quantity=10,
        measure="PERSON",
        receiver_id=f"community{number}",
        area_path="/city/district/community/",
        deadline=date(2026, 6, 30),
    )
    return replace(standard, **changes)


def an_offer(number: int = 1, **changes: object) -> Offer:
    standard = Offer(
        id=f"offer{number}",
        text="会议室开放",
        category="/venue/",
        capacity_kind=CapacityKind.TOTAL,
        capacity=10,
        measure="PERSON",
        supplier_id=f"unit{number}",
        area_path="/city/district/street/",
    )
    return replace(standard, **changes)


def slotted(offer: Offer, kind: CapacityKind, size: int, *windows: str, days: int = 14) -> Offer:
    """Give an offer the free slots of its windows, all of them empty."""
    when = tuple(WeeklyWindow.parse(window) for window in windows)
    first = NOW.date()
    available = Availability(first, first + timedelta(days=days), when)
    times = available.slots(NOW, NOW + timedelta(days=days))
    return replace(
        offer,
        capacity_kind=kind,
        capacity=size,
        windows=when,
        slots=tuple(FreeSlot(time=time, capacity=size) for time in times),
    )


def situation(
    orders: list[Order],
    offers: list[Offer],
    relations: Relations | None = None,
    substitutes: frozenset[tuple[str, str]] = frozenset(),
) -> Situation:
    return Situation(
        orders=tuple(orders),
        offers=tuple(offers),
        now=NOW,
        relations=relations or {},
        substitutes=substitutes,
    )


def at_random(seed: int, *, kinds: tuple[CapacityKind, ...], lots: bool) -> Situation:
    """Return a situation small enough to try everything, and varied enough to be wrong about."""
    chance = random.Random(seed)
    measure = chance.choice(("PERSON", "SESSION", "PIECE"))
    orders = [
        an_order(
            number,
            text=chance.choice(TEXTS),
            quantity=(quantity := chance.randint(1, 4)),
            minimum_lot=chance.randint(1, quantity) if lots else 1,
            measure=measure,
            urgency=chance.choice(list(Urgency)),
            area_path=chance.choice(("/city/one/", "/city/two/", "/city/two/b/")),
            windows=chance.choice(((), (WeeklyWindow(3, 600, 720),))),
        )
        for number in range(chance.randint(1, 3))
    ]
    offers = [
        _random_offer(chance, number, measure, kinds) for number in range(chance.randint(1, 2))
    ]
    return situation(orders, offers)


def _random_offer(
    chance: random.Random, number: int, measure: str, kinds: tuple[CapacityKind, ...]
) -> Offer:
    kind = chance.choice(kinds)
    plain = an_offer(
        number,
        text=chance.choice(TEXTS),
        measure=chance.choice((measure, "DOZEN")) if measure == "PIECE" else measure,
        capacity=chance.randint(1, 5),
        area_path=chance.choice(("/city/one/", "/city/two/")),
        serves=chance.choice(((), ("/city/two/",))),
    )
    if kind is CapacityKind.TOTAL:
        return plain
    return slotted(plain, kind, chance.randint(1, 4), "3 09:00-11:00", "5 14:00-16:00", days=5)


@dataclass(frozen=True)
class Pair:
    """An order and an offer that every rule allows, asked one by one."""

    order: Order
    offer: Offer
    allowed: Allowed
    worth: int


def asked_one_by_one(
    case: Situation, policy: Policy = POLICY
) -> tuple[list[Pair], dict[str, dict[Refusal, int]]]:
    """Return all pairs that the rules allow, and how many offers each rule refuses an order."""
    texts = TextIndex(item.text for item in (*case.orders, *case.offers))
    substitutes = case.substitutes if policy.allow_substitutes else frozenset[tuple[str, str]]()
    pairs: list[Pair] = []
    refused: dict[str, dict[Refusal, int]] = {order.id: {} for order in case.orders}
    for order in sorted(case.orders, key=lambda order: order.id):
        for offer in sorted(case.offers, key=lambda offer: offer.id):
            if not (order.quantity and category_fits(order.category, offer.category, substitutes)):
                continue
            verdict = judge(order, offer, policy, case.now)
            if isinstance(verdict, Refusal):
                counts = refused[order.id]
                counts[verdict] = counts.get(verdict, 0) + 1
                continue
            score = total(parts(order, offer, policy, texts, case.relations))
            if score < max(each.least_score for each in (order, offer, policy)):
                counts = refused[order.id]
                counts[Refusal.SCORE] = counts.get(Refusal.SCORE, 0) + 1
                continue
            pairs.append(Pair(order, offer, verdict, worth(order, score, policy)))
    return pairs, refused


Place = tuple[str, str | None]
"""An offer, and its slot where it has slots."""
Choice = Mapping[tuple[str, str, str | None], int]
"""What one order takes: offer, order, slot -> quantity in the order's measure."""


Counting = Callable[[Mapping[tuple[str, str], int]], int | None]
"""What a whole plan counts beside its worths, by order and offer; None where it may not be."""


def nothing_more(_: Mapping[tuple[str, str], int]) -> int:
    return 0


def best_value(case: Situation, policy: Policy = POLICY, counting: Counting = nothing_more) -> int:
    """Return the value of the best plan, found by trying every plan."""
    pairs = tuple(asked_one_by_one(case, policy)[0])
    by_order: dict[str, list[Pair]] = {}
    for pair in pairs:
        by_order.setdefault(pair.order.id, []).append(pair)
    options = [list(_choices(found)) for _, found in sorted(by_order.items())]
    offers = {pair.offer.id: pair.offer for pair in pairs}

    def count(taken: Sequence[Choice]) -> int | None:
        amounts: dict[tuple[str, str], int] = {}
        for choice in taken:
            for (offer, order, _), amount in choice.items():
                amounts[order, offer] = amounts.get((order, offer), 0) + amount
        return counting(amounts)

    known = {(pair.order.id, pair.offer.id): (pair.order.measure, pair.worth) for pair in pairs}
    rooms = {
        (offer.id, slot): room
        for offer in offers.values()
        for slot, room in [
            (None, offer.capacity or 0),
            *((free.key, free.capacity) for free in offer.slots),
        ]
    }
    best = _best(options, (offers, rooms), known, {}, {}, ((), count))
    assert best is not None
    return best


def _best(
    options: list[list[Choice]],
    given_by: tuple[Mapping[str, Offer], Mapping[Place, int]],
    known: Mapping[tuple[str, str], tuple[str, int]],
    used: Mapping[Place, int],
    users: Mapping[Place, int],
    whole: tuple[tuple[Choice, ...], Callable[[Sequence[Choice]], int | None]],
) -> int | None:
    (offers, rooms), (taken, count) = given_by, whole
    if not options:
        return count(taken)
    best: int | None = None
    for choice in options[0]:
        now_used, now_users = dict(used), dict(users)
        for (offer, order, slot), quantity in choice.items():
            given = convert(quantity, known[order, offer][0], offers[offer].measure)
            assert given is not None
            now_used[offer, slot] = now_used.get((offer, slot), 0) + given
            now_users[offer, slot] = now_users.get((offer, slot), 0) + 1
        if not all(
            _fits(offers[key[0]], rooms[key], now_used[key], now_users[key]) for key in now_used
        ):
            continue
        value = sum(known[order, offer][1] * amount for (offer, order, _), amount in choice.items())
        rest = _best(options[1:], given_by, known, now_used, now_users, ((*taken, choice), count))
        if rest is not None:
            best = value + rest if best is None else max(best, value + rest)
    return best


def _fits(offer: Offer, room: int, used: int, users: int) -> bool:
    return used <= room and (offer.capacity_kind is not CapacityKind.EXCLUSIVE or users == 1)


def _choices(pairs: list[Pair]) -> Iterator[Choice]:
    """Yield all that one order may take of its offers without breaking a rule of lots."""
    order = pairs[0].order
    cells = [
        (pair.offer.id, order.id, slot)
        for pair in pairs
        for slot in ([slot.key for slot in pair.allowed.slots] or [None])
    ]
    convertible = {pair.offer.id: pair.offer.measure for pair in pairs}
    for amounts in _splits(len(cells), order.quantity):
        choice = {cell: amount for cell, amount in zip(cells, amounts, strict=True) if amount}
        rest = order.quantity - sum(amounts)
        claims: dict[str, int] = {}
        for (offer, _, _), amount in choice.items():
            claims[offer] = claims.get(offer, 0) + amount
        whole = all(
            convert(amount, order.measure, convertible[offer]) is not None
            for (offer, _, _), amount in choice.items()
        )
        lots = all(amount >= order.lot for amount in claims.values())
        in_slots = all(
            amount >= order.lot or slot is None or not together(order)
            for (_, _, slot), amount in choice.items()
        )
        runs = all(_in_a_run(pair, choice) for pair in pairs)
        if whole and lots and in_slots and runs and not 0 < rest < order.lot:
            yield choice


def _in_a_run(pair: Pair, choice: Choice) -> bool:
    """Whether what is taken of slots for an order that asks for a run is one, and long enough."""
    asked = pair.order.contiguous_minutes
    taken = [
        number
        for number, slot in enumerate(pair.allowed.slots)
        if (pair.offer.id, pair.order.id, slot.key) in choice
    ]
    if asked is None or not taken:
        return True
    times = [pair.allowed.slots[number].time for number in taken]
    gaps = [other.starts_at - one.ends_at for one, other in pairwise(times)]
    lasting = sum((time.ends_at - time.starts_at for time in times), timedelta())
    return not any(gaps) and lasting >= timedelta(minutes=asked)


def within_limits(case: Situation) -> Counting:
    """Return what refuses a plan in which more deal with somebody than its limit allows."""
    suppliers = {offer.id: offer.supplier_id for offer in case.offers}
    receivers = {order.id: order.receiver_id for order in case.orders}

    def counted(amounts: Mapping[tuple[str, str], int]) -> int | None:
        for order in case.orders:
            joined = {suppliers[offer] for each, offer in amounts if each == order.id}
            if _crowded(order, joined):
                return None
        for offer in case.offers:
            joined = {receivers[order] for order, each in amounts if each == offer.id}
            if _crowded(offer, joined):
                return None
        return 0

    return counted


def _crowded(item: Order | Offer, joined: set[str]) -> bool:
    new = joined - item.partners
    limit = item.partner_limit
    return limit is not None and bool(new) and len(item.partners) + len(new) > limit


def with_limits(case: Situation, seed: int) -> Situation:
    """Return a case whose orders and offers have partner limits, some of them partners already."""
    chance = random.Random(seed)
    agents = [f"unit{number}" for number in range(2)], [f"community{n}" for n in range(2)]

    def limited(item: dict[str, str], known: list[str]) -> dict[str, object]:
        return {
            **item,
            "partner_limit": chance.choice((None, 1, 1, 2)),
            "partners": frozenset(chance.sample(known, chance.choice((0, 0, 0, 1)))),
        }

    return replace(
        case,
        orders=tuple(
            replace(each, **limited({"receiver_id": chance.choice(agents[1])}, agents[0]))
            for each in case.orders
        ),
        offers=tuple(
            replace(each, **limited({"supplier_id": chance.choice(agents[0])}, agents[1]))
            for each in case.offers
        ),
    )


def random_runs(seed: int, *, lots: bool = True) -> Situation:
    """Return orders that ask for runs of slots of one or two offers, which have gaps."""
    chance = random.Random(seed)
    measure = chance.choice(("PERSON", "SESSION"))
    orders = [
        an_order(
            number,
            measure=measure,
            quantity=(quantity := chance.randint(1, 4)),
            minimum_lot=chance.randint(1, quantity) if lots else 1,
            urgency=chance.choice(list(Urgency)),
            contiguous_minutes=chance.choice((None, 1, 60, 90, 120)),
        )
        for number in range(chance.randint(1, 2))
    ]
    windows = ("3 09:00-10:00", "3 10:00-11:00", "3 11:00-12:00", "3 14:00-15:00", "3 15:00-16:30")
    offers = [
        slotted(
            an_offer(number, measure=measure, text=chance.choice(TEXTS)),
            chance.choice((CapacityKind.SHARED, CapacityKind.EXCLUSIVE)),
            chance.randint(1, 3),
            *chance.sample(windows, chance.randint(1, 4)),
            days=5,
        )
        for number in range(chance.randint(1, 2))
    ]
    offers = [_with_uneven_slots(chance, offer) for offer in offers]
    return situation(orders, offers)


def _with_uneven_slots(chance: random.Random, offer: Offer) -> Offer:
    if offer.capacity_kind is CapacityKind.EXCLUSIVE:
        return offer
    slots = [replace(slot, capacity=chance.randint(1, slot.capacity)) for slot in offer.slots]
    return replace(offer, slots=tuple(slots))


def _splits(cells: int, most: int) -> Iterator[tuple[int, ...]]:
    if not cells:
        yield ()
        return
    for first in range(most + 1):
        for rest in _splits(cells - 1, most - first):
            yield (first, *rest)


EARLY = Diminishing(
    community=(Segment(share=300, bonus=0.8), Segment(share=300, bonus=0.3)),
    subdistrict=(Segment(share=500, bonus=0.4),),
)


def city_with_groups(
    orders: int, seed: int, *, indivisible: float = 0.0
) -> tuple[Situation, Policy]:
    """Return a city whose units are in branches, with quotas of both, and segments."""
    case = market(orders, seed, indivisible=indivisible)
    suppliers = sorted({offer.supplier_id for offer in case.offers})
    above = {supplier: f"branch{number % 7}" for number, supplier in enumerate(suppliers)}
    measures = sorted({offer.measure for offer in case.offers})
    quotas = [
        Quota(agent_id=f"branch{number}", measure=measure, most=40)
        for number in range(5)
        for measure in measures
    ]
    quotas += [Quota(agent_id=each, measure=measures[0], most=9) for each in suppliers[::3]]
    policy = replace(POLICY, quotas=tuple(quotas), diminishing=EARLY, effort=0.5)
    return replace(case, above=above), policy
