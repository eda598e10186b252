"""What of a claim made by hand does not suit; people may know better, so it is only told. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from domain.availability import MINUTES_PER_HOUR, SlotTime
from domain.holds import end_of
from domain.records import DemandOrder
from domain.vocabulary import Vocabulary


class Misfit(Vocabulary):
    """Why an offer does not suit an order."""

    CATEGORY_DIFFERS = "CATEGORY_DIFFERS"
    OUTSIDE_SERVICE_AREA = "OUTSIDE_SERVICE_AREA"
    OUTSIDE_WINDOWS = "OUTSIDE_WINDOWS"
    AFTER_DEADLINE = "AFTER_DEADLINE"


@dataclass(frozen=True, slots=True)
class Pair:
    """An order with the offer that a claim takes it from, and the slots of the claim.

    `wanted` and `offered` are the paths of their categories, `instead` those that may stand in for
    the wanted one; `serves` are the paths of the areas that the offer serves, none for everybody.
    """

    order: DemandOrder
    area_path: str | None
    wanted: str | None
    offered: str | None
    instead: tuple[str, ...]
    serves: tuple[str, ...]
    slots: tuple[SlotTime, ...]


def misfits(pair: Pair) -> list[Misfit]:
    """Return what does not suit, in the order of the vocabulary."""
    found: list[Misfit] = []
    if pair.wanted and pair.offered and not _below(pair.offered, (pair.wanted, *pair.instead)):
        found.append(Misfit.CATEGORY_DIFFERS)
    if pair.serves and pair.area_path and not _below(pair.area_path, pair.serves):
        found.append(Misfit.OUTSIDE_SERVICE_AREA)
    if pair.order.windows and not all(_wanted_at(pair.order, slot) for slot in pair.slots):
        found.append(Misfit.OUTSIDE_WINDOWS)
    deadline = pair.order.deadline
    if deadline is not None:
        last = end_of(deadline, pair.order.time_zone)
        if any(slot.starts_at >= last for slot in pair.slots):
            found.append(Misfit.AFTER_DEADLINE)
    return found


def _below(path: str, above: Sequence[str]) -> bool:
    return any(path.startswith(each) for each in above)


def _wanted_at(order: DemandOrder, slot: SlotTime) -> bool:
    """Whether a slot has some time in a window of the order."""
    zone = ZoneInfo(order.time_zone)
    starts, ends = slot.starts_at.astimezone(zone), slot.ends_at.astimezone(zone)
    start = starts.hour * MINUTES_PER_HOUR + starts.minute
    length = int((ends - starts).total_seconds()) // 60
    return any(
        window.weekday == starts.isoweekday()
        and start < window.end
        and window.start < start + length
        for window in order.windows
    )
