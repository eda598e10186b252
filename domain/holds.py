"""What a claim holds on its order, its offer and the offer's slots. Integers only, pure.

A claim holds its lines from PROPOSED until it is given up; where the owner chooses among
proposals (`Selection.CHOOSE`) only from CONFIRMED on. What is completed stays held: it is used up.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from domain.availability import Availability, SlotTime
from domain.errors import (
    BadInput,
    LotViolated,
    MeasuresDiffer,
    NotClaimable,
    QuantityExceeded,
    SlotUnavailable,
)
from domain.identity import NodeReference
from domain.items import SET_BY_PEOPLE, derive_state, lot_allows
from domain.language import Phrase
from domain.measures import convert
from domain.records import DemandOrder, ResourceOffer, Slot
from domain.vocabulary import CapacityKind, ClaimState, ItemState, Selection

COMMITTED = frozenset(
    {
        ClaimState.CONFIRMED,
        ClaimState.IN_PROGRESS,
        ClaimState.DELIVERED,
        ClaimState.DISPUTED,
        ClaimState.COMPLETED,
        ClaimState.EVALUATED,
    }
)
"""States that hold whatever the selection; PROPOSED holds where the first proposals do."""

SETTLED = frozenset({ClaimState.COMPLETED, ClaimState.EVALUATED})
"""States in which what was delivered is fixed."""

LARGEST_QUANTITY = 10**12
"""No single quantity is larger (a bound for input; sums stay far inside 64 bits)."""


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a claim: `quantity` in the claim's measure, `offer_quantity` in the offer's.

    `delivered` and `offer_delivered` are set when the claim is completed and are what it holds
    from then on.
    """

    quantity: int
    offer_quantity: int | None = None
    slot: SlotTime | None = None
    delivered: int | None = None
    offer_delivered: int | None = None
    id: str = ""

    @property
    def held(self) -> int:
        """What the line holds of the order, while its claim holds."""
        return self.quantity if self.delivered is None else self.delivered

    @property
    def offer_held(self) -> int:
        """What the line holds of the offer, while its claim holds."""
        if self.offer_quantity is None:
            return 0
        return self.offer_quantity if self.offer_delivered is None else self.offer_delivered


@dataclass(frozen=True, slots=True)
class LineRequest:
    """A line as it is asked for: a quantity in the claim's measure, the start of its slot."""

    quantity: int
    slot: datetime | None = None


def holds(state: ClaimState, selection: Selection) -> bool:
    """Whether a claim in this state holds on an order or offer with this selection."""
    return state in COMMITTED or (state is ClaimState.PROPOSED and selection is Selection.FIRST)


def order_hold(state: ClaimState, selection: Selection, lines: Iterable[Line]) -> int:
    """Return what a claim holds of its order, in the order's measure."""
    return sum(line.held for line in lines) if holds(state, selection) else 0


def offer_hold(state: ClaimState, selection: Selection, lines: Iterable[Line]) -> int:
    """Return what a claim holds of its offer, all slots together, in the offer's measure."""
    return sum(line.offer_held for line in lines) if holds(state, selection) else 0


def slot_holds(state: ClaimState, selection: Selection, lines: Iterable[Line]) -> dict[str, int]:
    """Return what a claim holds in each slot, by slot key."""
    if not holds(state, selection):
        return {}
    return {line.slot.key: line.offer_held for line in lines if line.slot is not None}


def lines_of(
    requests: Sequence[LineRequest],
    order: DemandOrder | None,
    offer: ResourceOffer | None,
    now: datetime,
) -> tuple[Line, ...]:
    """Return the lines that are asked for, with the offer's quantities and real slots.

    Raises BadInput for impossible lines, MeasuresDiffer without an exact rule between the two
    measures, SlotUnavailable for a slot that the offer does not have or that has begun.
    """
    if not requests:
        raise BadInput(field="lines", value=0, expected=">= 1")
    found: list[Line] = []
    for request in requests:
        if not 0 < request.quantity <= LARGEST_QUANTITY:
            raise BadInput(
                field="quantity", value=request.quantity, expected=f"1..{LARGEST_QUANTITY}"
            )
        found.append(
            Line(
                quantity=request.quantity,
                offer_quantity=_offer_quantity(request.quantity, order, offer),
                slot=_slot(request, offer, now),
            )
        )
    keys = [line.slot.key if line.slot else "" for line in found]
    if len(set(keys)) < len(keys):
        raise BadInput(
            field="lines", value=len(keys), expected=Phrase("expected.one_line_per_slot")
        )
    return tuple(sorted(found, key=lambda line: line.slot.key if line.slot else ""))


def _offer_quantity(
    quantity: int, order: DemandOrder | None, offer: ResourceOffer | None
) -> int | None:
    if offer is None:
        return None
    if order is None:
        return quantity
    converted = convert(quantity, order.measure, offer.measure)
    if converted is None:
        raise MeasuresDiffer(order_measure=order.measure, offer_measure=offer.measure)
    return converted


def _slot(request: LineRequest, offer: ResourceOffer | None, now: datetime) -> SlotTime | None:
    if offer is None or offer.capacity_kind is CapacityKind.TOTAL:
        if request.slot is not None:
            raise BadInput(field="slot", value=request.slot.isoformat(), expected="null")
        return None
    if request.slot is None:
        raise BadInput(field="slot", value=None, expected="startsAt")
    if request.slot.tzinfo is None:
        raise BadInput(field="slot", value=request.slot.isoformat(), expected="ISO 8601 + zone")
    found = slot_at(offer, request.slot)
    if found is None or found.starts_at <= now:
        raise SlotUnavailable(
            slot=request.slot.isoformat(), node=NodeReference("ResourceOffer", offer.id)
        )
    return found


def availability(offer: ResourceOffer) -> Availability:
    """Return when a slotted offer is there; an end that is not stated lies beyond all dates."""
    return Availability(
        starts_on=offer.starts_on or date.min,
        ends_on=offer.ends_on or date.max,
        windows=offer.windows,
        slot_minutes=offer.slot_minutes,
        time_zone=offer.time_zone,
    )


def slot_at(offer: ResourceOffer, starts_at: datetime) -> SlotTime | None:
    """Return the slot of an offer that starts at this instant, or None."""
    try:
        day = starts_at.astimezone(ZoneInfo(offer.time_zone)).date()
    except OverflowError:
        # Before the first or after the last date that there is.
        return None
    for slot in availability(offer).slots_on(day):
        if slot.starts_at == starts_at:
            return slot
    return None


def slots_to_come(offer: ResourceOffer, now: datetime) -> int | None:
    """Return how many slots of an offer have not begun, or None where it has no last date."""
    if offer.ends_on is None:
        return None
    when = availability(offer)
    today = now.astimezone(ZoneInfo(offer.time_zone)).date()
    count = sum(slot.starts_at > now for slot in when.slots_on(today))
    first = max(today + timedelta(days=1), when.starts_on)
    days = (offer.ends_on - first).days + 1
    if days <= 0:
        return count
    weeks, rest = divmod(days, 7)
    for index in range(min(days, 7)):
        day = first + timedelta(days=index)
        count += len(when.slots_on(day)) * (weeks + (index < rest))
    return count


def end_of(day: date, time_zone: str) -> datetime:
    """Return the instant, in UTC, at which a local date is over."""
    if day == date.max:
        return datetime.max.replace(tzinfo=UTC)
    midnight = datetime.combine(day + timedelta(days=1), time(), ZoneInfo(time_zone))
    return midnight.astimezone(UTC)


def order_past(order: DemandOrder, now: datetime) -> bool:
    """Whether the order's deadline is over."""
    return order.deadline is not None and end_of(order.deadline, order.time_zone) <= now


def offer_past(offer: ResourceOffer, now: datetime) -> bool:
    """Whether the offer's last date is over."""
    return offer.ends_on is not None and end_of(offer.ends_on, offer.time_zone) <= now


def check_order(order: DemandOrder, held_by_others: int, quantity: int, now: datetime) -> None:
    """Refuse a claim of `quantity` that the order cannot bear beside what others hold.

    Raises NotClaimable, QuantityExceeded or LotViolated.
    """
    _check_open(NodeReference("DemandOrder", order.id), order.state, past=order_past(order, now))
    left = order.quantity - held_by_others
    if quantity > left:
        raise QuantityExceeded(
            asked=quantity,
            left=left,
            measure=order.measure,
            node=NodeReference("DemandOrder", order.id),
        )
    whole = not order.indivisible or quantity == order.quantity
    if not whole or not lot_allows(remaining=left, lot=order.minimum_lot, quantity=quantity):
        raise LotViolated(asked=quantity, lot=order.minimum_lot, left=left)


def check_offer(
    offer: ResourceOffer,
    held_by_others: int,
    slots_held_by_others: Mapping[str, int],
    lines: Sequence[Line],
    now: datetime,
) -> None:
    """Refuse lines that the offer cannot bear beside what others hold.

    A capacity that is not stated bounds nothing but that an exclusive slot has one user. Raises
    NotClaimable, QuantityExceeded or SlotUnavailable.
    """
    _check_open(NodeReference("ResourceOffer", offer.id), offer.state, past=offer_past(offer, now))
    if offer.capacity_kind is CapacityKind.TOTAL:
        _check_capacity(offer, sum(line.offer_held for line in lines), held_by_others)
        return
    for line in lines:
        if line.slot is None:
            raise SlotUnavailable(slot="", node=NodeReference("ResourceOffer", offer.id))
        others = slots_held_by_others.get(line.slot.key, 0)
        if offer.capacity_kind is CapacityKind.EXCLUSIVE and others:
            raise SlotUnavailable(slot=line.slot.key, node=NodeReference("ResourceOffer", offer.id))
        _check_capacity(offer, line.offer_held, others)


def _check_open(node: str, state: ItemState, *, past: bool) -> None:
    if state in SET_BY_PEOPLE:
        raise NotClaimable(node=node, state=state)
    if past:
        raise NotClaimable(node=node, state=ItemState.EXPIRED)


def _check_capacity(offer: ResourceOffer, asked: int, others: int) -> None:
    if offer.capacity is not None and asked > offer.capacity - others:
        raise QuantityExceeded(
            asked=asked,
            left=offer.capacity - others,
            measure=offer.measure,
            node=NodeReference("ResourceOffer", offer.id),
        )


def settle(lines: Sequence[Line], delivered: int) -> tuple[Line, ...]:
    """Return the lines with what was delivered of each, the earliest slots first.

    Of the offer only whole units of its own measure are released: a dozen that was broken is
    used up.
    """
    left = delivered
    settled: list[Line] = []
    for line in lines:
        part = min(left, line.quantity)
        left -= part
        used = line.offer_quantity
        if used is not None:
            used -= used * (line.quantity - part) // line.quantity
        settled.append(replace(line, delivered=part, offer_delivered=used))
    return tuple(settled)


def order_state(order: DemandOrder, now: datetime) -> ItemState:
    """Return the state of an order from what is held and completed of it."""
    return derive_state(
        order.state,
        quantity=order.quantity,
        held=order.held,
        completed=order.completed,
        past=order_past(order, now),
    )


@dataclass(frozen=True, slots=True)
class SlotUse:
    """What of a slot is held, and of that completed, in the offer's measure."""

    held: int
    completed: int = 0


def offer_state(
    offer: ResourceOffer, slots: Mapping[str, SlotUse | Slot], now: datetime
) -> ItemState:
    """Return the state of an offer; of a slotted one over the slots to come.

    `slots` is what is held and completed by slot key.
    """
    past = offer_past(offer, now)
    if offer.capacity_kind is CapacityKind.TOTAL:
        return derive_state(
            offer.state,
            quantity=offer.capacity,
            held=offer.held,
            completed=offer.completed,
            past=past,
        )
    present = SlotTime(now, now).key
    coming = [use for key, use in slots.items() if key > present and use.held > 0]
    count = slots_to_come(offer, now)
    if offer.capacity_kind is CapacityKind.EXCLUSIVE:
        quantity, held = count, len(coming)
        completed = sum(use.completed > 0 for use in coming)
    else:
        known = count is not None and offer.capacity is not None
        quantity = count * offer.capacity if known and count and offer.capacity else None
        held = sum(use.held for use in coming)
        completed = sum(use.completed for use in coming)
    return derive_state(offer.state, quantity=quantity, held=held, completed=completed, past=past)
