"""Times of many orders and offers at once: which windows meet, what they cover, which slots suit.

The same answers as `matching/timing.py`, as tables over the windows and slots that occur.
"""

from dataclasses import dataclass
from functools import cache
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from domain.availability import DAYS_PER_WEEK, WeeklyWindow
from matching.columns import Columns, Flags, Integers, Numbers
from matching.places import MICRO
from matching.timing import local_windows

Bytes = NDArray[np.uint8]
Singles = NDArray[np.float32]
WHOLE_WEEK = (1 << DAYS_PER_WEEK) - 1


@dataclass(frozen=True, slots=True, eq=False)
class SlotTable:
    """Slots as the orders of one zone see them.

    `kinds` and `days` are, for each time that a slot has, its kind within the week and the local
    date on which it begins; `suits[w, k]` whether a slot of that kind suits a list of windows.
    """

    kinds: Numbers
    days: Numbers
    suits: Flags


class Timetable:
    """What the lists of windows of a situation, and its slots, have in common."""

    def __init__(self, columns: Columns) -> None:
        """Number the windows that occur; compare them when asked."""
        self._columns = columns
        self._least = columns.policy.overlap_minutes
        lists = columns.tables.windows
        distinct = sorted({window for windows in lists for window in windows})
        numbers = {window: number for number, window in enumerate(distinct)}
        self._windows = _table(distinct)
        self._within: Singles = np.zeros((len(lists), len(distinct)), dtype=np.float32)
        for row, windows in enumerate(lists):
            for window in windows:
                self._within[row, numbers[window]] += 1
        self._asked = self._within @ (self._windows[:, 2] - self._windows[:, 1]).astype(np.float32)
        self._slots: dict[int, SlotTable] = {}

    def meets(self, offered: Numbers, wanted: Numbers) -> Bytes:
        """Return on which weekdays windows of two lists share enough, as bits from Monday on.

        A list without windows is there at all times.
        """
        weekday = self._windows[:, 0]
        days: Bytes = np.zeros((len(self._within), DAYS_PER_WEEK), dtype=np.uint8)
        for day in range(DAYS_PER_WEEK):
            days[:, day] = (self._within[:, weekday == day + 1] > 0).any(axis=1)
        bits = (days << np.arange(DAYS_PER_WEEK)).sum(axis=1).astype(np.uint8)
        bits[self._within.sum(axis=1) == 0] = WHOLE_WEEK
        found = bits[offered][:, None] & bits[wanted][None, :]
        both = (bits[offered] < WHOLE_WEEK)[:, None] | (bits[wanted] < WHOLE_WEEK)[None, :]
        stated = np.flatnonzero(self._within.sum(axis=1) > 0)
        if not len(stated) or not both.size:
            return found
        enough = _enough(self._windows, self._windows, self._least)
        meeting = np.zeros((len(offered), len(wanted)), dtype=np.uint8)
        for day in range(DAYS_PER_WEEK):
            of_day = np.flatnonzero(weekday == day + 1)
            shared = enough[np.ix_(of_day, of_day)].astype(np.float32)
            one, other = (self._within[ids][:, of_day] for ids in (offered, wanted))
            meeting[(one @ shared @ other.T) > 0] |= 1 << day
        compared = np.isin(offered, stated)[:, None] & np.isin(wanted, stated)[None, :]
        return np.where(compared, meeting, found)

    def coverage(self, offered: Numbers, wanted: Numbers) -> Integers:
        """Return which share of the wanted minutes is covered, in millionths."""
        minutes = _minutes(self._windows, self._windows).astype(np.float32)
        met = (self._within[offered] @ minutes @ self._within[wanted].T).astype(np.int64)
        asked = self._asked[wanted].astype(np.int64)[None, :]
        share = np.minimum(MICRO, MICRO * met // np.maximum(asked, 1))
        share[:, asked[0] == 0] = MICRO
        share[self._asked[offered] == 0, :] = MICRO
        return share

    def slots(self, zone: int) -> SlotTable:
        """Return the slots as orders of this zone see them."""
        if zone not in self._slots:
            self._slots[zone] = self._slot_table(zone)
        return self._slots[zone]

    def _slot_table(self, zone: int) -> SlotTable:
        name = self._columns.tables.zones[zone]
        times = self._columns.tables.times
        pieces = [local_windows(time, name) for time in times]
        kinds = sorted(set(pieces))
        numbers = {kind: number for number, kind in enumerate(kinds)}
        local = ZoneInfo(name)
        suits = np.zeros((len(self._within), len(kinds)), dtype=bool)
        for length in {len(kind) for kind in kinds}:
            same = [number for number, kind in enumerate(kinds) if len(kind) == length]
            for place in range(length):
                part = _table([kinds[number][place] for number in same])
                enough = _enough(self._windows, part, self._least).astype(np.float32)
                suits[:, same] |= (self._within @ enough) > 0
        suits[self._within.sum(axis=1) == 0] = True
        return SlotTable(
            np.array([numbers[kind] for kind in pieces], dtype=np.int32),
            np.array(
                [time.starts_at.astimezone(local).date().toordinal() for time in times],
                dtype=np.int32,
            ),
            suits,
        )


@cache
def weekdays() -> Bytes:
    """Return the weekdays, as bits, of so many days (the second index) from one on (the first)."""
    days = np.zeros((DAYS_PER_WEEK, DAYS_PER_WEEK + 1), dtype=np.uint8)
    for first in range(DAYS_PER_WEEK):
        for count in range(DAYS_PER_WEEK + 1):
            days[first, count] = sum(1 << ((first + step) % DAYS_PER_WEEK) for step in range(count))
    return days


def _table(windows: list[WeeklyWindow]) -> Integers:
    rows = [(window.weekday, window.start, window.end) for window in windows]
    return np.array(rows, dtype=np.int64).reshape(-1, 3)


def _minutes(one: Integers, other: Integers) -> Integers:
    """Return for how many minutes of a week each of these windows meets each of those."""
    first, second = one[:, None, :], other[None, :, :]
    shared = np.minimum(first[..., 2], second[..., 2]) - np.maximum(first[..., 1], second[..., 1])
    return np.where(first[..., 0] == second[..., 0], np.maximum(shared, 0), 0)


def _enough(one: Integers, other: Integers, least: int) -> Flags:
    shorter = np.minimum((one[:, 2] - one[:, 1])[:, None], (other[:, 2] - other[:, 1])[None, :])
    return _minutes(one, other) >= np.minimum(least, shorter)
