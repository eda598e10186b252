"""What is free of an offer between two dates."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from domain.availability import WeeklyWindow
from domain.errors import BadInput
from domain.free_slots import MOST_DAYS, MOST_SLOTS, check_range, free_slots, room
from domain.holds import availability
from domain.items import SET_BY_PEOPLE
from domain.records import ResourceOffer
from domain.vocabulary import CapacityKind, ItemState

NOW = datetime(2026, 5, 4, 2, 0, tzinfo=UTC)
"""Monday, ten in the morning in Shanghai."""
MONDAY = date(2026, 5, 4)
MORNINGS = tuple(WeeklyWindow(weekday, 540, 660) for weekday in range(1, 8))


def offer(kind: CapacityKind = CapacityKind.SHARED, **values: Any) -> ResourceOffer:
    given: dict[str, Any] = {"capacity": 10, "windows": MORNINGS, "measure": "PERSON"}
    given |= {"id": "x", "created_at": NOW, "title": "x", "capacity_kind": kind}
    return ResourceOffer(**(given | values))


def left(of: ResourceOffer, held: dict[str, int] | None = None, days: int = 3) -> dict[str, Any]:
    found = free_slots(of, held or {}, MONDAY, MONDAY + timedelta(days=days - 1), NOW)
    return {slot.time.key: slot.left for slot in found}


def test_slots_to_come_with_what_is_left() -> None:
    tuesday, wednesday = "2026-05-05T01:00Z", "2026-05-06T01:00Z"
    # This morning's has begun.
    assert left(offer()) == {tuesday: 10, wednesday: 10}
    assert left(offer(), {tuesday: 4, wednesday: 10}) == {tuesday: 6}
    assert left(offer(CapacityKind.EXCLUSIVE), {tuesday: 1}) == {wednesday: 10}


def test_a_capacity_that_is_not_stated_bounds_nothing() -> None:
    tuesday = "2026-05-05T01:00Z"
    assert left(offer(capacity=None), {tuesday: 99}, days=2) == {tuesday: None}
    assert left(offer(CapacityKind.EXCLUSIVE, capacity=None), {tuesday: 1}, days=2) == {}
    assert room(offer(capacity=3), 5) == 0


def test_a_total_is_one_stretch_of_what_is_left() -> None:
    of = offer(CapacityKind.TOTAL, held=4, ends_on=date(2026, 5, 5), windows=())
    (found,) = free_slots(of, {}, date(2026, 4, 1), date(2026, 5, 20), NOW)
    assert found.left == 6
    assert found.time.starts_at == NOW
    assert found.time.ends_at == datetime(2026, 5, 5, 16, tzinfo=UTC)
    later = offer(CapacityKind.TOTAL, starts_on=date(2026, 5, 6))
    (found,) = free_slots(later, {}, MONDAY, date(2026, 5, 20), NOW)
    assert found.time.starts_at == datetime(2026, 5, 5, 16, tzinfo=UTC)
    assert left(offer(CapacityKind.TOTAL, held=10)) == {}
    assert left(later, days=2) == {}


@pytest.mark.parametrize("kind", CapacityKind)
def test_nothing_is_free_of_what_is_over_or_not_published(kind: CapacityKind) -> None:
    assert left(offer(kind, ends_on=date(2026, 5, 3))) == {}
    for state in SET_BY_PEOPLE:
        assert left(offer(kind, state=state)) == {}
    for state in set(ItemState) - SET_BY_PEOPLE:
        assert left(offer(kind, state=state))


@pytest.mark.parametrize("kind", CapacityKind)
def test_the_ends_of_the_calendar(kind: CapacityKind) -> None:
    assert free_slots(offer(kind), {}, date.min, date(1, 2, 1), NOW) == []
    assert free_slots(offer(kind), {}, date(9999, 12, 1), date.max, NOW)


def test_a_range_is_bounded() -> None:
    check_range(MONDAY, MONDAY)
    check_range(MONDAY, MONDAY + timedelta(days=MOST_DAYS - 1))
    for until in (MONDAY - timedelta(days=1), MONDAY + timedelta(days=MOST_DAYS)):
        with pytest.raises(BadInput):
            check_range(MONDAY, until)


def test_too_many_slots_are_refused_with_a_date_that_would_do() -> None:
    fine = offer(slot_minutes=5)
    per_day = len(availability(fine).slots_on(MONDAY))
    days = MOST_SLOTS // per_day
    with pytest.raises(BadInput) as refused:
        left(fine, days=days + 2)
    assert refused.value.details["expected"] == f"< {MONDAY + timedelta(days=days + 1)}"
    assert len(left(fine, days=days + 1)) <= MOST_SLOTS
