"""Partner limits and contiguous bookings over blocks of offers by orders.

The same answers as `partners_allow` (`matching/rules.py`) and `most_in_run` (`matching/runs.py`).
"""

from functools import cached_property

import numpy as np

from matching.block_tables import Lookup, partners_of
from matching.columns import Columns, Flags, Integers, ragged
from matching.sparse import listed
from matching.timetables import Timetable

SECONDS_PER_MINUTE = 60


class Limits:
    """What limits of partners, and wishes for runs, say of many pairs at once."""

    def __init__(self, columns: Columns, timetable: Timetable) -> None:
        """Remember what the answers go by."""
        self._columns, self._timetable = columns, timetable

    @cached_property
    def known(self) -> tuple[Lookup, Lookup]:
        """The partners that orders, and that offers, have already: agent by owner."""
        return partners_of(self._columns)

    def partners_allow(self, offers: Integers, orders: Integers) -> Flags:
        """Return which pairs neither side has too many partners for already."""
        wanted, given = self._columns.wanted.items, self._columns.given.items
        allowed = np.ones((len(offers), len(orders)), dtype=bool)
        columns, rows = (
            np.flatnonzero(wanted.joining[orders] <= 0),
            np.flatnonzero(given.joining[offers] <= 0),
        )
        of_orders, of_offers = self.known if len(rows) or len(columns) else (None, None)
        if of_orders and len(columns):
            allowed[:, columns] &= of_orders.flags(given.agent[offers], orders[columns])
        if of_offers and len(rows):
            allowed[rows] &= of_offers.flags(wanted.agent[orders], offers[rows]).T
        return allowed

    def most_in_runs(self, zone: int, steps: Integers, offers: Integers, order: int) -> Integers:
        """Return the room of the largest run of each slotted offer that an order could have.

        `steps` are those of each offer's measure; 0 where there is no such run.
        """
        wanted, given = self._columns.wanted, self._columns.given
        starts = given.slot_starts[offers]
        counts = given.slot_starts[offers + 1] - starts
        rows, slots = np.repeat(np.arange(len(offers)), counts), ragged(starts, counts)
        times, table = given.slot_times[slots], self._timetable.slots(zone)
        days = table.days[times]
        suits = (wanted.begins[order] <= days) & (days <= wanted.items.last[order])
        suits &= table.suits[wanted.items.windows[order], table.kinds[times]]
        step = np.maximum(steps[rows, 0], 1)
        rooms = given.slot_rooms[slots] // np.maximum(steps[rows, 1], 1) * step
        lot = int(wanted.lot[order]) if wanted.together[order] else 1
        least = np.maximum(1, -(-lot // step)) * step
        kept = np.flatnonzero(suits & (rooms >= least))
        most = np.zeros(len(offers), dtype=np.int64)
        if not len(kept):
            return most
        begins, minutes = self._clock
        rows, rooms, least, times = rows[kept], rooms[kept], least[kept], times[kept]
        new = np.ones(len(kept), dtype=bool)
        new[1:] = (np.diff(kept) != 1) | (rows[1:] != rows[:-1])
        new[1:] |= begins[times[:-1]] + minutes[times[:-1]] != begins[times[1:]]
        first = np.flatnonzero(new)
        run = np.cumsum(new) - 1
        ends = np.append(first[1:], len(kept))[run]
        lasting = np.concatenate([[0], np.cumsum(minutes[times])])
        at = np.arange(len(kept))
        reached = np.searchsorted(lasting, lasting[:-1] + int(wanted.run_minutes[order]))
        fewest = np.minimum.reduceat(np.where(reached <= ends, reached - at, len(slots) + 1), first)
        fits = (fewest <= len(slots)) & (fewest * least[first] <= wanted.quantity[order])
        totals = np.add.reduceat(rooms, first)
        np.maximum.at(most, rows[first[fits]], totals[fits])
        pinned = self._columns.orders[order].pinned_offers
        if pinned:
            most[[self._columns.offers[offer].id in pinned for offer in listed(offers)]] = 0
        return most

    @cached_property
    def _clock(self) -> tuple[Integers, Integers]:
        """When each slot time begins, in minutes, and how many minutes it lasts."""
        times = self._columns.tables.times
        begins = [int(time.starts_at.timestamp()) // SECONDS_PER_MINUTE for time in times]
        return (
            np.array(begins, dtype=np.int64),
            np.array([time.minutes for time in times], dtype=np.int64),
        )
