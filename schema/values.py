"""Scalars, and values that are objects in the schema but text in the graph."""

from datetime import UTC, date, datetime
from typing import Any, NewType

import strawberry
from strawberry.types.scalar import ScalarDefinition

from domain.availability import WeeklyWindow, clock

Long = NewType("Long", int)
"""A whole number of up to 53 bits, which JSON readers keep exact."""

LARGEST_LONG = 2**53 - 1
EARLIEST, LATEST = datetime(1000, 1, 1, tzinfo=UTC), datetime(9999, 1, 1, tzinfo=UTC)
"""Between these every instant has a UTC form of the fixed width in which it is stored."""


def _instant(value: str) -> datetime:
    found = datetime.fromisoformat(value)
    if found.tzinfo is None:
        raise ValueError(f"an instant needs its zone, as in 2026-05-09T01:00:00Z: {value!r}")
    if not EARLIEST <= found < LATEST:
        raise ValueError(f"an instant lies in the years 1000 to 9998: {value!r}")
    return found


def _stored(value: Any) -> str:
    """Return what the graph stores: instants and dates are served as they are kept."""
    if not isinstance(value, str):
        raise TypeError(f"not a stored instant or date: {value!r}")
    return value


def _long(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or abs(value) > LARGEST_LONG:
        raise ValueError(f"not a whole number of up to 53 bits: {value!r}")
    return value


SCALARS: dict[object, ScalarDefinition] = {
    datetime: strawberry.scalar(name="DateTime", serialize=_stored, parse_value=_instant),
    date: strawberry.scalar(name="Date", serialize=_stored, parse_value=date.fromisoformat),
    Long: strawberry.scalar(name="Long", serialize=_long, parse_value=_long),
}


@strawberry.type(name="WeeklyWindow")
class Window:
    """A window that recurs every week; the times are local, `HH:MM`."""

    weekday: int
    start: str
    end: str


def parse_windows(stored: list[str] | None) -> list[dict[str, Any]]:
    """Return stored windows as the fields of `WeeklyWindow`."""
    windows = [WeeklyWindow.parse(each) for each in stored or ()]
    return [
        {"weekday": each.weekday, "start": clock(each.start), "end": clock(each.end)}
        for each in windows
    ]
