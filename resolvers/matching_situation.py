"""What the matcher works on, from what the graph holds."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from domain.availability import instant_text
from domain.holds import availability, offer_past, order_past
from domain.records import DemandOrder, ResourceOffer
from domain.vocabulary import CapacityKind
from graph import matching
from graph.driver import Graph
from graph.matching import Branch, OfferRow, OrderRow
from matching.model import FreeSlot, Offer, Order, Policy, Situation
from resolvers.matching_relations import relations_between


async def read_situation(graph: Graph, *, below: str, now: datetime, policy: Policy) -> Situation:
    """Return the open orders at or below the area with this path, and all open offers."""
    orders = [
        matched_order(row)
        for row in await matching.open_orders(graph)
        if row.area_path.startswith(below)
        and row.order.quantity > row.order.held
        and not order_past(row.order, now)
    ]
    until = now + timedelta(days=policy.horizon_days)
    offers = [
        matched_offer(row, now, until)
        for row in await matching.open_offers(graph, now)
        if not offer_past(row.offer, now)
    ]
    return Situation(
        orders=tuple(orders),
        offers=tuple(offers),
        now=now,
        relations=await relations_between(
            graph,
            {order.receiver_id for order in orders},
            {offer.supplier_id for offer in offers},
            await matching.worked_together(graph),
            now,
        ),
        substitutes=await matching.substitutes(graph),
        above=agents_above(await matching.branches(graph)) if policy.quotas else {},
    )


def agents_above(branches: Sequence[Branch]) -> dict[str, str]:
    """Return the agent around each: of a branch the one above it, of a unit or area its branch.

    Of several branches of one unit the highest counts.
    """
    above = {branch.id: branch.under[0] for branch in branches if branch.under}
    own: dict[str, list[str]] = defaultdict(list)
    for branch in branches:
        for agent_id in branch.of:
            own[agent_id].append(branch.id)
    for agent_id, found in own.items():
        highest = [branch for branch in found if above.get(branch) not in found]
        above[agent_id] = min(highest or found)
    return above


def matched_order(row: OrderRow) -> Order:
    """Return an order as the matcher sees it: what no claim holds yet."""
    order = row.order
    return Order(
        id=order.id,
        text=_text(order),
        category=row.category_path,
        quantity=order.quantity - order.held,
        measure=order.measure,
        receiver_id=row.receiver_id,
        area_path=row.area_path,
        minimum_lot=order.minimum_lot,
        placed_at=instant_text(order.created_at),
        starts_on=order.starts_on,
        deadline=order.deadline,
        windows=order.windows,
        time_zone=order.time_zone,
        urgency=order.urgency,
        least_score=order.least_score or 0.0,
        partner_limit=order.partner_limit,
        partners=row.partners,
        contiguous_minutes=order.contiguous_minutes,
        coordinates=row.place,
        skills=frozenset(order.skills),
        rejected_offers=row.rejected_offers,
        rejected_suppliers=row.rejected_suppliers,
    )


def matched_offer(row: OfferRow, now: datetime, until: datetime) -> Offer:
    """Return an offer as the matcher sees it: what is left of it, or the slots that have room."""
    offer = row.offer
    capacity = offer.capacity
    slots: tuple[FreeSlot, ...] = ()
    if capacity is not None and offer.capacity_kind is CapacityKind.TOTAL:
        capacity -= offer.held
    elif capacity is not None:
        slots = free_slots(offer, row.held, now, until)
    return Offer(
        id=offer.id,
        text=_text(offer),
        category=row.category_path,
        capacity_kind=offer.capacity_kind,
        capacity=capacity,
        measure=offer.measure,
        supplier_id=row.supplier_id,
        area_path=row.area_path,
        placed_at=instant_text(offer.created_at),
        slots=slots,
        starts_on=offer.starts_on,
        ends_on=offer.ends_on,
        windows=offer.windows,
        time_zone=offer.time_zone,
        serves=row.serves,
        least_score=offer.least_score or 0.0,
        partner_limit=offer.partner_limit,
        partners=row.partners,
        coordinates=row.place,
        skills=frozenset(offer.skills),
    )


def free_slots(
    offer: ResourceOffer, held: Mapping[datetime, int], now: datetime, until: datetime
) -> tuple[FreeSlot, ...]:
    """Return the slots that begin after now and before `until` and still have room."""
    size = offer.capacity or 0
    exclusive = offer.capacity_kind is CapacityKind.EXCLUSIVE
    found: list[FreeSlot] = []
    for slot in availability(offer).slots(now, until):
        taken = held.get(slot.starts_at, 0)
        room = (0 if taken else size) if exclusive else size - taken
        if room > 0 and slot.starts_at > now:
            found.append(FreeSlot(time=slot, capacity=room))
    return tuple(found)


def _text(item: DemandOrder | ResourceOffer) -> str:
    return f"{item.title} {item.description or ''}".strip()
