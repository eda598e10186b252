"""Whether an offer is there when an order wants it: date ranges, weekly windows, slots.

Windows are local to their zone. Two of the same zone are compared as weekly windows on the dates
that both ranges share; across zones, as instants within the policy's horizon.
"""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from functools import lru_cache
from itertools import product
from zoneinfo import ZoneInfo

from domain.availability import (
    DAYS_PER_WEEK,
    END_OF_DAY,
    MINUTES_PER_HOUR,
    Availability,
    SlotTime,
    WeeklyWindow,
)
from matching.model import FreeSlot, Offer, Order, Policy
from matching.places import MICRO

EVERY_DAY = frozenset(range(1, DAYS_PER_WEEK + 1))


def shares_time(order: Order, offer: Offer, policy: Policy, now: datetime) -> bool:
    """Whether there is a date, and a window where windows are stated, that suits both."""
    today = now.astimezone(ZoneInfo(order.time_zone)).date()
    first = max(day for day in (today, order.starts_on, offer.starts_on) if day is not None)
    last = min(order.deadline or date.max, offer.ends_on or date.max)
    if first > last:
        return False
    if order.time_zone != offer.time_zone and order.windows and offer.windows:
        return _shares_instants(order, offer, (first, last), policy, now)
    days = _weekdays(first, last)
    wanted = [window for window in order.windows if window.weekday in days]
    there = [window for window in offer.windows if window.weekday in days]
    if not order.windows:
        return bool(there) or not offer.windows
    if not offer.windows:
        return bool(wanted)
    return any(_enough(one, other, policy) for one, other in product(wanted, there))


def suitable_slots(order: Order, offer: Offer, policy: Policy) -> tuple[FreeSlot, ...]:
    """Return the offer's free slots that suit the order, in the order of time."""
    return tuple(sorted(_suitable(order, offer, policy), key=lambda slot: slot.time))


def coverage(order: Order, offer: Offer) -> float:
    """Return which share of the order's weekly window minutes the offer covers.

    1.0 where either of them states no windows: then nothing is missed.
    """
    if not order.windows or not offer.windows:
        return 1.0
    asked = sum(window.end - window.start for window in order.windows)
    met = sum(one.overlap(other) for one, other in product(order.windows, offer.windows))
    return min(MICRO, MICRO * met // asked) / MICRO


def _suitable(order: Order, offer: Offer, policy: Policy) -> Iterator[FreeSlot]:
    first, last = order.starts_on or date.min, order.deadline or date.max
    zone = ZoneInfo(order.time_zone)
    for slot in offer.slots:
        if not first <= slot.time.starts_at.astimezone(zone).date() <= last:
            continue
        if order.windows and not any(
            _enough(window, piece, policy)
            for window, piece in product(order.windows, local_windows(slot.time, order.time_zone))
        ):
            continue
        yield slot


def _enough(wanted: WeeklyWindow, there: WeeklyWindow, policy: Policy) -> bool:
    shorter = min(wanted.end - wanted.start, there.end - there.start)
    return wanted.overlap(there) >= min(policy.overlap_minutes, shorter)


def _weekdays(first: date, last: date) -> frozenset[int]:
    count = (last - first).days + 1
    if count >= DAYS_PER_WEEK:
        return EVERY_DAY
    return frozenset((first + timedelta(days=day)).isoweekday() for day in range(count))


@lru_cache(maxsize=100_000)
def local_windows(slot: SlotTime, time_zone: str) -> tuple[WeeklyWindow, ...]:
    """Return a slot as windows of the zone's own days, one for each day that it touches."""
    zone = ZoneInfo(time_zone)
    start, left = slot.starts_at.astimezone(zone), slot.minutes
    day, minute = start.isoweekday(), start.hour * MINUTES_PER_HOUR + start.minute
    found: list[WeeklyWindow] = []
    while left > 0:
        end = min(END_OF_DAY, minute + left)
        found.append(WeeklyWindow(day, minute, end))
        left -= end - minute
        day, minute = day % DAYS_PER_WEEK + 1, 0
    return tuple(found)


def _shares_instants(
    order: Order, offer: Offer, dates: tuple[date, date], policy: Policy, now: datetime
) -> bool:
    first, last = dates
    until = min(last, first + timedelta(days=policy.horizon_days))
    ends = now + timedelta(days=(until - first).days + policy.horizon_days + 1)
    wanted, there = (
        list(Availability(first, until, item.windows, None, item.time_zone).slots(now, ends))
        for item in (order, offer)
    )
    return any(
        min(one.ends_at, other.ends_at) - max(one.starts_at, other.starts_at)
        >= timedelta(minutes=min(policy.overlap_minutes, one.minutes, other.minutes))
        for one, other in product(wanted, there)
    )
