"""What claims hold, what fits beside it, and which state follows."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import pytest

from domain.availability import SlotTime, WeeklyWindow
from domain.errors import (
    BadInput,
    LotViolated,
    MeasuresDiffer,
    NotClaimable,
    QuantityExceeded,
    SlotUnavailable,
)
from domain.holds import (
    Line,
    LineRequest,
    SlotUse,
    check_offer,
    check_order,
    lines_of,
    offer_state,
    order_hold,
    order_state,
    settle,
    slot_at,
    slots_to_come,
)
from domain.records import DemandOrder, ResourceOffer
from domain.vocabulary import CapacityKind, ClaimState, ItemState, Selection

NOW = datetime(2026, 5, 4, 2, 0, tzinfo=UTC)
SATURDAY = datetime(2026, 5, 9, 1, 0, tzinfo=UTC)


def order(**values: Any) -> DemandOrder:
    given: dict[str, Any] = {"title": "order", "quantity": 10, "measure": "PIECE"}
    return DemandOrder(id="order", created_at=NOW, **(given | values))


def offer(kind: CapacityKind = CapacityKind.TOTAL, **values: Any) -> ResourceOffer:
    given: dict[str, Any] = {
        "title": "offer",
        "capacity": 10,
        "measure": "PIECE",
        "starts_on": date(2026, 5, 1),
        "ends_on": date(2026, 5, 31),
    }
    if kind is not CapacityKind.TOTAL:
        given["windows"] = (WeeklyWindow(6, 540, 600), WeeklyWindow(6, 600, 660))
    return ResourceOffer(id="offer", created_at=NOW, capacity_kind=kind, **(given | values))


def line(quantity: int, starts_at: datetime = SATURDAY) -> Line:
    slot = SlotTime(starts_at, starts_at + timedelta(hours=1))
    return Line(quantity=quantity, offer_quantity=quantity, slot=slot)


@pytest.mark.parametrize(
    ("state", "first", "chosen"),
    [
        (ClaimState.PROPOSED, 7, 0),
        (ClaimState.CONFIRMED, 7, 7),
        (ClaimState.IN_PROGRESS, 7, 7),
        (ClaimState.DELIVERED, 7, 7),
        (ClaimState.DISPUTED, 7, 7),
        (ClaimState.COMPLETED, 7, 7),
        (ClaimState.EVALUATED, 7, 7),
        (ClaimState.DECLINED, 0, 0),
        (ClaimState.WITHDRAWN, 0, 0),
        (ClaimState.EXPIRED, 0, 0),
        (ClaimState.RETURNED, 0, 0),
        (ClaimState.CANCELLED, 0, 0),
    ],
)
def test_which_states_hold(state: ClaimState, first: int, chosen: int) -> None:
    lines = (Line(quantity=3), Line(quantity=4))
    assert order_hold(state, Selection.FIRST, lines) == first
    assert order_hold(state, Selection.CHOOSE, lines) == chosen


def test_an_order_bears_what_is_left() -> None:
    check_order(order(), 6, 4, NOW)
    with pytest.raises(QuantityExceeded) as refused:
        check_order(order(), 6, 5, NOW)
    assert refused.value.details == {
        "asked": 5,
        "left": 4,
        "measure": "PIECE",
        "node": "order",
    }


@pytest.mark.parametrize("quantity", [2, 8, 9])
def test_a_lot_is_neither_undercut_nor_left_over(quantity: int) -> None:
    with pytest.raises(LotViolated):
        check_order(order(minimum_lot=3), 0, quantity, NOW)


def test_an_indivisible_order_goes_to_one_claim_even_after_a_short_delivery() -> None:
    whole = order(minimum_lot=10)
    check_order(whole, 0, 10, NOW)
    with pytest.raises(LotViolated):
        check_order(whole, 8, 2, NOW)


def test_what_is_set_by_people_or_past_is_not_claimable() -> None:
    with pytest.raises(NotClaimable):
        check_order(order(state=ItemState.WITHDRAWN), 0, 1, NOW)
    with pytest.raises(NotClaimable):
        check_order(order(deadline=date(2026, 5, 3)), 0, 1, NOW)
    check_order(order(deadline=date(2026, 5, 4)), 0, 1, NOW)
    with pytest.raises(NotClaimable):
        check_offer(offer(ends_on=date(2026, 5, 3)), 0, {}, [Line(1, 1)], NOW)


def test_total_capacity_is_used_up() -> None:
    check_offer(offer(), 4, {}, [Line(6, 6)], NOW)
    with pytest.raises(QuantityExceeded):
        check_offer(offer(), 5, {}, [Line(6, 6)], NOW)
    check_offer(offer(capacity=None), 500, {}, [Line(600, 600)], NOW)


def test_shared_capacity_is_so_much_in_each_slot() -> None:
    shared, key = offer(CapacityKind.SHARED), "2026-05-09T01:00Z"
    check_offer(shared, 400, {key: 4}, [line(6)], NOW)
    with pytest.raises(QuantityExceeded):
        check_offer(shared, 400, {key: 5}, [line(6)], NOW)
    check_offer(shared, 400, {key: 10}, [line(10, SATURDAY + timedelta(hours=1))], NOW)


def test_an_exclusive_slot_has_one_user_up_to_its_size() -> None:
    hall, key = offer(CapacityKind.EXCLUSIVE), "2026-05-09T01:00Z"
    check_offer(hall, 0, {key: 0}, [line(10)], NOW)
    with pytest.raises(SlotUnavailable):
        check_offer(hall, 1, {key: 1}, [line(1)], NOW)
    with pytest.raises(QuantityExceeded):
        check_offer(hall, 0, {}, [line(11)], NOW)
    with pytest.raises(SlotUnavailable):
        check_offer(replace(hall, capacity=None), 1, {key: 1}, [line(1)], NOW)


def test_lines_meet_real_slots_in_any_zone() -> None:
    shanghai = datetime(2026, 5, 9, 9, 0, tzinfo=timezone(timedelta(hours=8)))
    found = lines_of([LineRequest(2, shanghai)], None, offer(CapacityKind.SHARED), NOW)
    assert [each.slot.key for each in found if each.slot] == ["2026-05-09T01:00Z"]


@pytest.mark.parametrize(
    "slot",
    [
        SATURDAY + timedelta(minutes=30),
        SATURDAY + timedelta(days=1),
        SATURDAY - timedelta(days=7),
        SATURDAY + timedelta(days=28),
    ],
)
def test_slots_that_are_none_or_past(slot: datetime) -> None:
    with pytest.raises(SlotUnavailable):
        lines_of([LineRequest(2, slot)], None, offer(CapacityKind.SHARED), NOW)


@pytest.mark.parametrize(
    ("kind", "requests"),
    [
        (CapacityKind.TOTAL, []),
        (CapacityKind.TOTAL, [LineRequest(0)]),
        (CapacityKind.TOTAL, [LineRequest(-1)]),
        (CapacityKind.TOTAL, [LineRequest(10**13)]),
        (CapacityKind.TOTAL, [LineRequest(1), LineRequest(1)]),
        (CapacityKind.TOTAL, [LineRequest(1, SATURDAY)]),
        (CapacityKind.SHARED, [LineRequest(1)]),
        (CapacityKind.SHARED, [LineRequest(1, SATURDAY), LineRequest(1, SATURDAY)]),
        (CapacityKind.SHARED, [LineRequest(1, SATURDAY.replace(tzinfo=None))]),
    ],
)
def test_impossible_lines(kind: CapacityKind, requests: list[LineRequest]) -> None:
    with pytest.raises(BadInput):
        lines_of(requests, None, offer(kind), NOW)


def test_measures_are_equal_or_exactly_converted() -> None:
    dozens = offer(measure="DOZEN")
    assert lines_of([LineRequest(24)], order(), dozens, NOW)[0].offer_quantity == 2
    for found in (dozens, offer(measure="CNY")):
        with pytest.raises(MeasuresDiffer):
            lines_of([LineRequest(13)], order(), found, NOW)


def test_completion_releases_the_rest_in_whole_units_of_the_offer() -> None:
    first, second = line(5), line(4, SATURDAY + timedelta(hours=1))
    settled = settle([first, second], 6)
    assert [(each.held, each.offer_held) for each in settled] == [(5, 5), (1, 1)]
    dozens = settle([Line(quantity=24, offer_quantity=2)], 13)
    assert [(each.held, each.offer_held) for each in dozens] == [(13, 2)]
    assert settle([Line(quantity=24, offer_quantity=2)], 12)[0].offer_held == 1


def test_states_of_slotted_offers_are_over_the_slots_to_come() -> None:
    hall = offer(CapacityKind.EXCLUSIVE, held=1)
    key = "2026-05-09T01:00Z"
    assert offer_state(hall, {key: SlotUse(1)}, NOW) is ItemState.PARTIALLY_CLAIMED
    assert offer_state(hall, {key: SlotUse(1)}, SATURDAY) is ItemState.OPEN
    assert offer_state(hall, {}, datetime(2026, 6, 1, tzinfo=UTC)) is ItemState.EXPIRED
    two = replace(hall, ends_on=date(2026, 5, 10))
    both = (key, "2026-05-09T02:00Z")
    assert offer_state(two, dict.fromkeys(both, SlotUse(1)), NOW) is ItemState.CLAIMED
    assert offer_state(two, dict.fromkeys(both, SlotUse(1, 1)), NOW) is ItemState.FULFILLED
    half = {key: SlotUse(1, 1), both[1]: SlotUse(1)}
    assert offer_state(two, half, NOW) is ItemState.CLAIMED
    parking = replace(two, capacity_kind=CapacityKind.SHARED, capacity=3)
    assert offer_state(parking, dict.fromkeys(both, SlotUse(3, 3)), NOW) is ItemState.FULFILLED
    assert offer_state(parking, dict.fromkeys(both, SlotUse(3, 2)), NOW) is ItemState.CLAIMED


def test_states_of_orders() -> None:
    late = datetime(2026, 6, 1, tzinfo=UTC)
    dated = order(deadline=date(2026, 5, 31))
    assert order_state(dated, NOW) is ItemState.OPEN
    assert order_state(dated, late) is ItemState.EXPIRED
    assert order_state(replace(dated, held=3), late) is ItemState.PARTIALLY_CLAIMED
    assert order_state(replace(dated, held=10), NOW) is ItemState.CLAIMED
    assert order_state(replace(dated, held=10, completed=10), NOW) is ItemState.FULFILLED


@pytest.mark.parametrize("until", [date(2026, 5, 4), date(2026, 5, 9), date(2026, 7, 1)])
@pytest.mark.parametrize("windows", [(), (WeeklyWindow(1, 600, 720), WeeklyWindow(6, 0, 60))])
@pytest.mark.parametrize("now", [NOW, NOW - timedelta(days=30), NOW + timedelta(days=20, hours=9)])
def test_slots_to_come_are_counted_as_they_are_listed(
    until: date, windows: tuple[WeeklyWindow, ...], now: datetime
) -> None:
    found = offer(CapacityKind.SHARED, ends_on=until, windows=windows, slot_minutes=30)
    if not windows:
        found = replace(found, slot_minutes=None)
    listed = 0
    day = date(2026, 4, 1)
    while day <= until:
        for hour in range(48):
            start = datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(hours=hour / 2)
            listed += slot_at(found, start) is not None and start > now
        day += timedelta(days=1)
    assert slots_to_come(found, now) == listed


@pytest.mark.parametrize(
    "starts_at",
    [
        "9999-12-31T23:59:00Z",
        "9999-12-31T00:00:00+08:00",
        "9999-12-31T16:00:00Z",
        "0001-01-01T00:00:00+14:00",
        "0001-01-01T00:00:00+00:00",
    ],
)
@pytest.mark.parametrize("windows", [(), tuple(WeeklyWindow(day, 0, 1440) for day in range(1, 8))])
def test_slots_at_the_ends_of_time_are_none(
    starts_at: str, windows: tuple[WeeklyWindow, ...]
) -> None:
    endless = offer(CapacityKind.EXCLUSIVE, starts_on=None, ends_on=None, windows=windows)
    with pytest.raises(SlotUnavailable):
        lines_of([LineRequest(1, datetime.fromisoformat(starts_at))], None, endless, NOW)
