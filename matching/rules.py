"""The hard rules: a pair of an order and an offer exists only when every rule allows it.

These functions say of one pair whether it is allowed and why not; `matching/blocks.py` asks the
same of all pairs at once. Each rule answers for itself and names its refusal; they are asked in
the order of `Refusal`. To add a rule: a code in `Refusal`, a line in `judge` and one in
`blocks.py`, its sentences in the catalogues (`matching.unmatched.CODE`), a test.
"""

import math
from dataclasses import dataclass
from datetime import datetime

from domain.availability import SlotTime
from domain.measures import ratio
from domain.vocabulary import CapacityKind
from matching.model import FreeSlot, Offer, Order, Policy
from matching.places import point, squared, squared_limit
from matching.plans import Refusal
from matching.runs import in_runs, least_per_slot, most_in_run, run_taken
from matching.timing import shares_time, suitable_slots

EARTH_KM = 6371.0

CUMULATIVE_MEASURES = frozenset({"PERSON_TIME", "SESSION", "HOUR", "TRIP", "CNY"})
"""Measures that add up over time: four sessions on four days are four sessions. Of the others
(persons, households, parking spaces, things) a lot is wanted together, in one slot."""


@dataclass(frozen=True, slots=True)
class Allowed:
    """A pair that the rules allow.

    `step` are the smallest whole amounts that equal each other: of the order's measure, of the
    offer's. `slots` are the free slots that suit (none for TOTAL).
    """

    step: tuple[int, int]
    slots: tuple[FreeSlot, ...]


def together(order: Order) -> bool:
    """Whether a lot of the order has to be in one slot."""
    return order.measure not in CUMULATIVE_MEASURES


def category_fits(
    order_category: str, offer_category: str, substitutes: frozenset[tuple[str, str]]
) -> bool:
    """Whether an offer of this category may meet an order of that one.

    It may in the order's category or below it, not above: who offers "a venue" has not offered a
    sports hall. Substitutes hold for all that lies below them.
    """
    return offer_category.startswith(order_category) or any(
        order_category.startswith(wanted) and offer_category.startswith(instead)
        for wanted, instead in substitutes
    )


def kilometres(first: tuple[float, float], second: tuple[float, float]) -> float:
    """Return the great-circle distance of two places given as latitude and longitude."""
    latitude, other = math.radians(first[0]), math.radians(second[0])
    across = math.radians(second[1] - first[1])
    half = (
        math.sin((other - latitude) / 2) ** 2
        + math.cos(latitude) * math.cos(other) * math.sin(across / 2) ** 2
    )
    return 2 * EARTH_KM * math.asin(min(1.0, math.sqrt(half)))


def within_reach(order: Order, offer: Offer, policy: Policy) -> bool:
    """Whether the order's place is served: by the stated service area, else by distance."""
    if offer.serves:
        return any(order.area_path.startswith(path) for path in offer.serves)
    if order.coordinates is None or offer.coordinates is None:
        return True
    distance = squared(point(order.coordinates), point(offer.coordinates))
    return distance <= squared_limit(policy.max_km)


def largest_take(order: Order, offer: Offer, allowed: Allowed) -> int:
    """Return the most, in the order's measure, that a claim of this order could take here."""
    wanted, given = allowed.step
    if in_runs(order, offer):
        most = most_in_run(order, run_rooms(allowed), least_in_slot(order, allowed))
        return min(most, order.quantity // wanted * wanted)
    rooms = (
        [slot.capacity for slot in allowed.slots]
        if offer.capacity_kind is not CapacityKind.TOTAL
        else [offer.capacity or 0]
    )
    amounts = [room // given * wanted for room in rooms]
    together_only = offer.capacity_kind is not CapacityKind.TOTAL and together(order)
    most = max(amounts) if together_only and order.lot > 1 else sum(amounts)
    return min(most, order.quantity // wanted * wanted)


def run_rooms(allowed: Allowed) -> dict[SlotTime, int]:
    """Return what each slot that suits holds, in the order's measure."""
    wanted, given = allowed.step
    return {slot.time: slot.capacity // given * wanted for slot in allowed.slots}


def least_in_slot(order: Order, allowed: Allowed) -> int:
    """Return the least that a slot of a contiguous booking holds."""
    return least_per_slot(order, allowed.step[0], lot_in_slot=together(order))


def run_of(order: Order, allowed: Allowed, most: int) -> dict[SlotTime, int]:
    """Return the contiguous booking that a claim of at most so much would be; empty for none."""
    least = least_in_slot(order, allowed)
    return run_taken(order, run_rooms(allowed), order.quantity, least, allowed.step[0], most)


def partners_allow(order: Order, offer: Offer) -> bool:
    """Whether neither side has all the partners already that it may have."""
    return _may_join(order, offer.supplier_id) and _may_join(offer, order.receiver_id)


def _may_join(item: Order | Offer, agent_id: str) -> bool:
    limit = item.partner_limit
    return limit is None or agent_id in item.partners or len(item.partners) < limit


def judge(order: Order, offer: Offer, policy: Policy, now: datetime) -> Allowed | Refusal:
    """Return what the rules after the category say: what is allowed, or the first refusal."""
    if order.receiver_id == offer.supplier_id:
        return Refusal.OWN
    if offer.id in order.rejected_offers or offer.supplier_id in order.rejected_suppliers:
        return Refusal.REJECTED
    step = ratio(order.measure, offer.measure)
    if step is None or order.quantity < step[0]:
        return Refusal.MEASURE
    if offer.capacity is None:
        return Refusal.UNSTATED
    slotted = offer.capacity_kind is not CapacityKind.TOTAL
    if (not offer.slots) if slotted else offer.capacity < step[1]:
        return Refusal.EXHAUSTED
    slots = suitable_slots(order, offer, policy) if slotted else ()
    if not (slots if slotted else shares_time(order, offer, policy, now)):
        return Refusal.TIME
    if not within_reach(order, offer, policy):
        return Refusal.REACH
    if not partners_allow(order, offer):
        return Refusal.PARTNERS
    return _judge_amounts(order, offer, Allowed(step, slots))


def _judge_amounts(order: Order, offer: Offer, allowed: Allowed) -> Allowed | Refusal:
    """Return what the rules of runs and lots say of a pair that all others allow."""
    most = largest_take(order, offer, allowed)
    if in_runs(order, offer) and (offer.id in order.pinned_offers or not most):
        return Refusal.CONTIGUOUS
    least = order.lot if order.lot <= order.quantity - order.lot else order.quantity
    return Refusal.LOT if most < least else allowed
