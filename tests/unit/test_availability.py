from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.availability import (
    Availability,
    WeeklyWindow,
    instant_text,
    overlapping,
    parse_instant,
)

SATURDAY_MORNING = WeeklyWindow(6, 9 * 60, 11 * 60 + 30)
MAY = (date(2026, 5, 1), date(2026, 5, 31))


@st.composite
def windows(draw: st.DrawFn) -> WeeklyWindow:
    start = draw(st.integers(0, 1439))
    return WeeklyWindow(draw(st.integers(1, 7)), start, draw(st.integers(start + 1, 1440)))


@given(windows())
def test_a_window_reads_back_from_its_stored_form(window: WeeklyWindow) -> None:
    assert WeeklyWindow.parse(str(window)) == window


@given(windows(), windows())
def test_overlap_is_symmetric_and_agrees_with_overlapping(a: WeeklyWindow, b: WeeklyWindow) -> None:
    assert a.overlap(b) == b.overlap(a)
    assert (overlapping([a, b]) is not None) == (a.overlap(b) > 0)


@pytest.mark.parametrize(
    "text", ["8 09:00-10:00", "1 10:00-09:00", "1 9:00-10:00", "", "1 25:00-26:00"]
)
def test_what_is_no_window_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="weekly window"):
        WeeklyWindow.parse(text)


def test_slots_are_the_windows_on_their_dates() -> None:
    availability = Availability(*MAY, windows=(SATURDAY_MORNING,))
    slots = list(
        availability.slots(datetime(2026, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC))
    )
    assert [slot.key for slot in slots] == [
        f"2026-05-{day:02}T01:00Z" for day in (2, 9, 16, 23, 30)
    ]
    assert all(slot.ends_at - slot.starts_at == timedelta(hours=2, minutes=30) for slot in slots)


def test_finer_slots_leave_out_the_rest_that_is_too_short() -> None:
    availability = Availability(*MAY, windows=(SATURDAY_MORNING,), slot_minutes=60)
    assert [slot.key for slot in availability.slots_on(date(2026, 5, 2))] == [
        "2026-05-02T01:00Z",
        "2026-05-02T02:00Z",
    ]


def test_without_windows_each_date_is_one_slot() -> None:
    availability = Availability(*MAY)
    (slot,) = availability.slots_on(date(2026, 5, 31))
    assert slot.ends_at - slot.starts_at == timedelta(days=1)
    assert availability.slots_on(date(2026, 6, 1)) == []


def test_past_slots_are_left_out() -> None:
    availability = Availability(*MAY)
    now = datetime(2026, 5, 30, 12, tzinfo=UTC)
    assert [slot.key for slot in availability.slots(now, now + timedelta(days=9))] == [
        "2026-05-30T16:00Z"
    ]


instants = st.datetimes(
    min_value=datetime(2, 1, 1),  # noqa: DTZ001
    max_value=datetime(9998, 1, 1),  # noqa: DTZ001
    timezones=st.timezones(),
)


@given(instants, instants)
def test_stored_instants_sort_as_time_does(one: datetime, other: datetime) -> None:
    assert parse_instant(instant_text(one)) == one.astimezone(UTC)
    assert (instant_text(one) < instant_text(other)) == (
        one.astimezone(UTC) < other.astimezone(UTC)
    )


def test_a_naive_time_is_not_an_instant() -> None:
    with pytest.raises(ValueError, match="zone"):
        instant_text(datetime(2026, 5, 1))  # noqa: DTZ001
