"""When an offer is there and when an order wants it: dates, weekly windows and slots.

Times are local to the area (Asia/Shanghai unless the area says otherwise) and carry their zone.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

DEFAULT_TIME_ZONE = "Asia/Shanghai"
DAYS_PER_WEEK = 7
END_OF_DAY = 24 * 60
MINUTES_PER_HOUR = 60

_WINDOW_TEXT = re.compile(r"([1-7]) (\d\d):(\d\d)-(\d\d):(\d\d)")


@dataclass(frozen=True, order=True, slots=True)
class WeeklyWindow:
    """A window that recurs every week on one day.

    `weekday` is the ISO number (1 Monday to 7 Sunday); `start` and `end` are minutes after local
    midnight, `start < end <= 1440`. Windows do not cross midnight.
    """

    weekday: int
    start: int
    end: int

    def __post_init__(self) -> None:
        if not (1 <= self.weekday <= DAYS_PER_WEEK and 0 <= self.start < self.end <= END_OF_DAY):
            raise ValueError(f"no such weekly window: {self.weekday} {self.start}-{self.end}")

    def __str__(self) -> str:
        """Return the stored form, such as `6 09:00-11:30`."""
        return f"{self.weekday} {clock(self.start)}-{clock(self.end)}"

    @classmethod
    def parse(cls, text: str) -> "WeeklyWindow":
        """Read the stored form back. Raises ValueError if it is not one."""
        found = _WINDOW_TEXT.fullmatch(text)
        if found is None:
            raise ValueError(f"not a weekly window: {text!r}")
        weekday, start_hour, start_minute, end_hour, end_minute = map(int, found.groups())
        return cls(
            weekday,
            start_hour * MINUTES_PER_HOUR + start_minute,
            end_hour * MINUTES_PER_HOUR + end_minute,
        )

    def overlap(self, other: "WeeklyWindow") -> int:
        """Return for how many minutes of a week both windows are open."""
        if self.weekday != other.weekday:
            return 0
        return max(0, min(self.end, other.end) - max(self.start, other.start))


def clock(minutes: int) -> str:
    """Return minutes after midnight as `HH:MM`."""
    return f"{minutes // MINUTES_PER_HOUR:02}:{minutes % MINUTES_PER_HOUR:02}"


def overlapping(windows: Sequence[WeeklyWindow]) -> tuple[WeeklyWindow, WeeklyWindow] | None:
    """Return two windows that overlap, or None; the windows of one offer never may."""
    ordered = sorted(windows)
    for earlier, later in pairwise(ordered):
        if earlier.overlap(later):
            return earlier, later
    return None


@dataclass(frozen=True, order=True, slots=True)
class SlotTime:
    """One slot of an offer: two aware instants, `starts_at < ends_at`."""

    starts_at: datetime
    ends_at: datetime

    @property
    def key(self) -> str:
        """The start in UTC, the name of the slot within its offer: `2026-05-09T01:00Z`."""
        return self.starts_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%MZ")

    @property
    def minutes(self) -> int:
        """How long it lasts."""
        return (self.ends_at - self.starts_at) // timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Availability:
    """When something is there: a closed range of dates, weekly windows in it, the zone.

    Without windows every date of the range is one slot, from midnight to midnight. With
    `slot_minutes` a window is cut into slots of that length (a shorter rest at the end is none).
    """

    starts_on: date
    ends_on: date
    windows: tuple[WeeklyWindow, ...] = ()
    slot_minutes: int | None = None
    time_zone: str = DEFAULT_TIME_ZONE

    def slots(self, since: datetime, until: datetime) -> Iterator[SlotTime]:
        """Yield the slots that start in `[since, until)`, in the order of time."""
        zone = ZoneInfo(self.time_zone)
        day = max(self.starts_on, since.astimezone(zone).date())
        last = min(self.ends_on, until.astimezone(zone).date())
        while day <= last:
            for slot in self.slots_on(day):
                if since <= slot.starts_at < until:
                    yield slot
            day += timedelta(days=1)

    def slots_on(self, day: date) -> list[SlotTime]:
        """Return the slots of one local date, in the order of time.

        The last date that there is has none: no midnight follows it.
        """
        if not self.starts_on <= day <= self.ends_on or day == date.max:
            return []
        if not self.windows:
            return [self._slot(day, 0, END_OF_DAY)]
        found: list[SlotTime] = []
        for window in sorted(self.windows):
            if window.weekday != day.isoweekday():
                continue
            length = self.slot_minutes or window.end - window.start
            found.extend(
                self._slot(day, start, start + length)
                for start in range(window.start, window.end - length + 1, length)
            )
        return found

    def _slot(self, day: date, start: int, end: int) -> SlotTime:
        zone = ZoneInfo(self.time_zone)
        midnight = datetime.combine(day, time(), zone)
        return SlotTime(
            starts_at=midnight + timedelta(minutes=start),
            ends_at=midnight + timedelta(minutes=end),
        )


def instant_text(instant: datetime) -> str:
    """Return an aware instant as it is stored: UTC, fixed width, so that text order is time order.

    Raises ValueError for a naive datetime, whose instant nobody can know.
    """
    if instant.tzinfo is None:
        raise ValueError("an instant needs its zone")
    return instant.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


def parse_instant(text: str) -> datetime:
    """Read the stored form of an instant back."""
    return datetime.fromisoformat(text)
