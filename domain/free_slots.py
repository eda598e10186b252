"""What is still free of an offer between two dates, beside what claims hold. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from domain.availability import SlotTime
from domain.errors import BadInput
from domain.holds import availability, end_of, offer_past
from domain.items import SET_BY_PEOPLE
from domain.records import ResourceOffer
from domain.vocabulary import CapacityKind

MOST_DAYS = 62
MOST_SLOTS = 500


@dataclass(frozen=True, slots=True)
class FreeSlot:
    """A slot with room: `left` in the offer's measure, None where the capacity is not stated."""

    time: SlotTime
    left: int | None


def check_range(since: date, until: date) -> None:
    """Refuse dates in the wrong order, or too far apart. Raises BadInput."""
    if until < since:
        raise BadInput(field="to", value=until, expected=f">= {since}")
    if (until - since).days >= MOST_DAYS:
        latest = since + timedelta(days=MOST_DAYS - 1)
        raise BadInput(field="to", value=until, expected=f"<= {latest}")


def free_slots(
    offer: ResourceOffer, slots_held: Mapping[str, int], since: date, until: date, now: datetime
) -> list[FreeSlot]:
    """Return what is free of an offer on the local dates from one to another, both included.

    `slots_held` is what is held by slot key, `offer.held` what is held of a TOTAL offer; neither
    counts holds that have lapsed. A slot that has begun is not free, and of what is not published
    or over nothing is. TOTAL has no slots: it is one stretch of the dates on which the offer is
    there, with all that is left of it.

    Raises BadInput, with the last date that would do, for more than MOST_SLOTS slots.
    """
    if offer.state in SET_BY_PEOPLE or offer_past(offer, now):
        return []
    # Nothing that is over is free; and no arithmetic meets the first date that there is.
    since = max(since, now.astimezone(ZoneInfo(offer.time_zone)).date(), offer.starts_on or since)
    until = min(until, offer.ends_on or until)
    if offer.capacity_kind is CapacityKind.TOTAL:
        return _stretch(offer, since, until, now)
    found: list[FreeSlot] = []
    for slot in _slots(offer, since, until, now):
        left = room(offer, slots_held.get(slot.key, 0))
        if left == 0:
            continue
        if len(found) == MOST_SLOTS:
            last = found[-1].time.starts_at.astimezone(ZoneInfo(offer.time_zone)).date()
            raise BadInput(field="to", value=until, expected=f"< {max(last, since)}")
        found.append(FreeSlot(slot, left))
    return found


def room(offer: ResourceOffer, held: int) -> int | None:
    """Return what is left of one slot, or of a TOTAL offer, of which so much is held.

    None where the capacity is not stated: then as much as the two sides agree on.
    """
    if offer.capacity_kind is CapacityKind.EXCLUSIVE and held:
        return 0
    return None if offer.capacity is None else max(0, offer.capacity - held)


def _slots(offer: ResourceOffer, since: date, until: date, now: datetime) -> Iterator[SlotTime]:
    when = availability(offer)
    for number in range((until - since).days + 1):
        day = since + timedelta(days=number)
        yield from (slot for slot in when.slots_on(day) if slot.starts_at > now)


def _stretch(offer: ResourceOffer, since: date, until: date, now: datetime) -> list[FreeSlot]:
    left = room(offer, offer.held)
    if until < since or left == 0:
        return []
    begins = datetime.combine(since, time(), ZoneInfo(offer.time_zone))
    return [FreeSlot(SlotTime(max(begins, now), end_of(until, offer.time_zone)), left)]
