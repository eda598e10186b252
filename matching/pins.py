"""Pins: bookings that a plan has to hold. What they take is gone before anything is solved.

A pin holds when the rules still allow its pair and its whole quantity is still there, also of its
supplier's quota and of both sides' partner limits; else it is dropped and told (`Dropped`). Several
are asked in the order of ids.
"""

from dataclasses import dataclass, replace

from domain.measures import ratio
from domain.vocabulary import CapacityKind
from matching.model import Booking, FreeSlot, Offer, Order, Policy, Situation
from matching.plans import Refusal
from matching.quotas import given, rooms_left
from matching.rules import partners_allow
from matching.runs import contiguous, in_runs
from matching.verdicts import Verdicts


@dataclass(frozen=True, slots=True)
class Dropped:
    """A pin that does not hold any more, and the rule that says so; None: one side is gone."""

    pin: Booking
    refusal: Refusal | None


@dataclass(frozen=True, slots=True)
class Settled:
    """What is left to be matched (`situation.held` are the pins in it), and the pins dropped."""

    situation: Situation
    dropped: tuple[Dropped, ...]


def settled(situation: Situation, policy: Policy) -> Settled:
    """Return what the pins leave, and those that do not hold."""
    if not situation.pins:
        return Settled(situation, ())
    orders = {order.id: order for order in situation.orders}
    offers = {offer.id: offer for offer in situation.offers}
    left, rooms = dict(orders), dict(offers)
    quotas = rooms_left(situation, policy)
    held: list[Booking] = []
    dropped: list[Dropped] = []
    verdicts = Verdicts(situation, policy)
    for pin in sorted(situation.pins, key=lambda pin: pin.pair):
        if pin.order_id not in orders or pin.offer_id not in offers:
            dropped.append(Dropped(pin, None))
            continue
        refusal = verdicts.refusal(orders[pin.order_id], offers[pin.offer_id])
        order, offer = left[pin.order_id], rooms[pin.offer_id]
        bound = quotas.room(offer)
        refusal = refusal or _kept_out(order, offer, pin)
        if refusal is None and bound is not None:
            amount = given(pin.quantity, order.measure, offer.measure)
            refusal = Refusal.QUOTA if amount > bound else None
        rest = None if refusal else _taken(order, offer, pin)
        if rest is None:
            dropped.append(Dropped(pin, refusal or Refusal.EXHAUSTED))
            continue
        held.append(pin)
        quotas.take(offer, given(pin.quantity, order.measure, offer.measure))
        left[order.id], rooms[offer.id] = rest
    rest_of = replace(
        situation,
        orders=tuple(left[order.id] for order in situation.orders),
        offers=tuple(rooms[offer.id] for offer in situation.offers),
        pins=(),
        held=(*situation.held, *held),
    )
    return Settled(rest_of, tuple(dropped))


def _kept_out(order: Order, offer: Offer, pin: Booking) -> Refusal | None:
    """Return what forbids a pin after those before it: a limit of partners, or a gap in its run."""
    if not partners_allow(order, offer):
        return Refusal.PARTNERS
    times = {slot.key: slot.time for slot in offer.slots}
    run = [times[key] for key in sorted(dict(pin.slots)) if key in times]
    if in_runs(order, offer) and not contiguous(run, order.contiguous_minutes or 0):
        return Refusal.CONTIGUOUS
    return None


def _taken(order: Order, offer: Offer, pin: Booking) -> tuple[Order, Offer] | None:
    """Return what is left on both sides; None where less is there than the pin takes."""
    step = ratio(order.measure, offer.measure)
    left = order.quantity - pin.quantity
    if step is None or pin.quantity < order.lot or (left != 0 and left < order.lot):
        return None
    wanted, given = step
    offer = replace(offer, partners=offer.partners | {order.receiver_id})
    rest = replace(order, quantity=left, partners=order.partners | {offer.supplier_id})
    if offer.capacity_kind is CapacityKind.TOTAL:
        capacity = (offer.capacity or 0) - pin.quantity // wanted * given
        return None if capacity < 0 else (rest, replace(offer, capacity=capacity))
    rooms = {slot.key: slot for slot in offer.slots}
    for key, quantity in pin.slots:
        slot, amount = rooms.get(key), quantity // wanted * given
        if slot is None or slot.capacity < amount:
            return None
        alone = offer.capacity_kind is CapacityKind.EXCLUSIVE
        rooms[key] = FreeSlot(time=slot.time, capacity=0 if alone else slot.capacity - amount)
    if in_runs(order, offer):
        rest = replace(rest, pinned_offers=rest.pinned_offers | {offer.id})
    slots = tuple(slot for slot in rooms.values() if slot.capacity)
    return rest, replace(offer, slots=slots)
