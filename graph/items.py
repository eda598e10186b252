"""Offers and orders as claims and edits see them: locked, then read, then changed.

A lock is a property that gets a new value, by the first clause of the statement that reads the
node; on Neo4j the next writer waits there, on the embedded engine one of the two starts anew.
Use cases lock in one order, so that no two wait for each other: idempotency key, lists, orders,
offers, agents, proposal, claims, several of one kind by their ids. A slot is changed only under
its offer's lock.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from domain.availability import SlotTime, instant_text, parse_instant
from domain.identity import derived_id
from domain.records import DemandOrder, Node, ResourceOffer, Slot
from domain.searching import of_offer, of_order, search_text
from domain.vocabulary import ListState
from graph.driver import Transaction
from graph.records import changed_properties, properties, record
from graph.statements import statement

READ_ORDER = statement(
    "items.read_order",
    """MATCH (o:DemandOrder {id: $id})
SET o.lock = $token
WITH o
RETURN properties(o) AS item,
    head([(o)<-[:NEEDS]-(a:Agent) | a.id]) AS owner,
    head([(o)-[:ORDER_AT]->(p:Area) | p.path]) AS areaPath,
    head([(o)<-[:LISTS_ORDER]-(l:NeedList) | l.state]) AS listState,
    head([(o)-[:ESCALATED_TO]->(e:Area) | e.path]) AS escalatedPath,
    COLLECT {
        MATCH (o)<-[:FOR_ORDER]-(c:Claim)
        WHERE c.state = 'PROPOSED' AND c.expiresAt <= $now
        WITH c ORDER BY c.id
        RETURN c.id
    } AS lapsed""",
    writes=True,
)
READ_OFFER = statement(
    "items.read_offer",
    """MATCH (o:ResourceOffer {id: $id})
SET o.lock = $token
WITH o
RETURN properties(o) AS item,
    head([(o)<-[:OFFERS]-(a:Agent) | a.id]) AS owner,
    head([(o)-[:OFFER_AT]->(p:Area) | p.path]) AS areaPath,
    head([(o)<-[:LISTS_OFFER]-(l:ResourceList) | l.state]) AS listState,
    COLLECT {
        MATCH (o)-[:HAS_SLOT]->(s:Slot)
        WHERE s.startsAt >= $now
        WITH s ORDER BY s.startsAt
        RETURN [s.id, s.createdAt, s.startsAt, s.endsAt, s.timeZone, s.held, s.completed,
            s.version]
    } AS slots,
    COLLECT {
        MATCH (:Claim {id: $claimId})-[:HAS_LINE]->(:ClaimLine)-[:USES_SLOT]->(s:Slot)
        WITH s ORDER BY s.startsAt
        RETURN [s.id, s.createdAt, s.startsAt, s.endsAt, s.timeZone, s.held, s.completed,
            s.version]
    } AS ownSlots,
    COLLECT {
        MATCH (o)<-[:FROM_OFFER]-(c:Claim)
        WHERE c.state = 'PROPOSED' AND c.expiresAt <= $now
        WITH c ORDER BY c.id
        RETURN c.id
    } AS lapsed""",
    writes=True,
)
UPDATE_ORDER = statement(
    "items.update_order",
    "MATCH (o:DemandOrder {id: $id}) SET o += $changes",
    writes=True,
)
UPDATE_OFFER = statement(
    "items.update_offer",
    "MATCH (o:ResourceOffer {id: $id}) SET o += $changes",
    writes=True,
)
WRITE_SLOTS = statement(
    "items.write_slots",
    """MATCH (o:ResourceOffer {id: $offerId})
UNWIND $slots AS row
MERGE (s:Slot {id: row.id})
SET s += row
MERGE (o)-[:HAS_SLOT]->(s)""",
    writes=True,
)
ESCALATE = statement(
    "items.escalate",
    """MATCH (o:DemandOrder {id: $id})
MATCH (a:Area {id: $areaId})
CREATE (o)-[:ESCALATED_TO]->(a)""",
    writes=True,
)
CALM = statement(
    "items.calm",
    "MATCH (:DemandOrder {id: $id})-[r:ESCALATED_TO]->(:Area) DELETE r",
    writes=True,
)
# Bound on both sides, as everything that looks along an index has to be.
ORDERS_PAST = statement(
    "items.orders_past",
    """MATCH (o:DemandOrder)
WHERE o.deadline > $since AND o.deadline <= $today AND o.state = 'OPEN'
RETURN o.id AS id, properties(o) AS item ORDER BY id SKIP $skip LIMIT $size""",
)
OFFERS_PAST = statement(
    "items.offers_past",
    """MATCH (o:ResourceOffer)
WHERE o.endsOn > $since AND o.endsOn <= $today AND o.state = 'OPEN'
RETURN o.id AS id, properties(o) AS item, [] AS slots ORDER BY id SKIP $skip LIMIT $size""",
)
OFFERS_IN_SLOTS = statement(
    "items.offers_in_slots",
    """MATCH (o:ResourceOffer)
WHERE o.state IN ['CLAIMED', 'FULFILLED', 'PARTIALLY_CLAIMED']
    AND o.capacityKind IN ['SHARED', 'EXCLUSIVE']
WITH o ORDER BY o.id SKIP $skip LIMIT $size
RETURN o.id AS id, properties(o) AS item,
    COLLECT {
        MATCH (o)-[:HAS_SLOT]->(s:Slot)
        WHERE s.startsAt > $now AND s.held > 0
        RETURN [s.startsAt, s.held, s.completed] ORDER BY s.startsAt
    } AS slots
ORDER BY id""",
)
ORDER_WORDS = statement(
    "items.order_words",
    """MATCH (o:DemandOrder {id: $id})
RETURN head([(o)-[:ORDER_CATEGORY]->(c:Category) | [c.name, c.aliases]]) AS category,
    head([(o)<-[:NEEDS]-(a:Agent) | a.name]) AS owner""",
)
OFFER_WORDS = statement(
    "items.offer_words",
    """MATCH (o:ResourceOffer {id: $id})
RETURN head([(o)-[:OFFER_CATEGORY]->(c:Category) | [c.name, c.aliases]]) AS category,
    head([(o)<-[:OFFERS]-(a:Agent) | a.name]) AS owner""",
)
GIVEN_UP = statement(
    "items.given_up",
    """MATCH (o:DemandOrder {id: $id})
RETURN COUNT {
    MATCH (o)<-[:FOR_ORDER]-(c:Claim)
    WHERE c.state = 'RETURNED'
        OR (c.state = 'DECLINED' AND c.initiator IN ['COORDINATOR', 'MATCHER'])
    RETURN c
} AS times""",
)


@dataclass(frozen=True, slots=True)
class OrderItem:
    """An order, its owner, where it is, its list's state, to whom it has been escalated.

    `lapsed` are proposals whose time is over and which nobody has written EXPIRED yet.
    """

    order: DemandOrder
    owner_id: str
    area_path: str | None
    list_state: ListState | None
    escalated_path: str | None
    lapsed: tuple[str, ...]

    @property
    def node(self) -> DemandOrder:
        """The order."""
        return self.order


@dataclass(frozen=True, slots=True)
class OfferItem:
    """An offer likewise; `slots` by key, those to come and those of the claim at hand."""

    offer: ResourceOffer
    owner_id: str
    area_path: str | None
    list_state: ListState | None
    slots: dict[str, Slot]
    lapsed: tuple[str, ...]

    @property
    def node(self) -> ResourceOffer:
        """The offer."""
        return self.offer


def slot_id(offer_id: str, key: str) -> str:
    """Return the id of a slot of an offer."""
    return derived_id("Slot", offer_id, key)


def slot_key(starts_at: datetime) -> str:
    """Return the key of the slot that starts at an instant."""
    return SlotTime(starts_at, starts_at).key


async def read_order(
    transaction: Transaction, order_id: str, now: datetime, token: str
) -> OrderItem | None:
    """Lock an order and return it as it stands, None if there is none."""
    rows = await transaction.run(READ_ORDER, id=order_id, now=instant_text(now), token=token)
    if not rows:
        return None
    row = rows[0]
    return OrderItem(
        order=record(DemandOrder, row["item"]),
        owner_id=row["owner"],
        area_path=row["areaPath"],
        list_state=ListState(row["listState"]) if row["listState"] else None,
        escalated_path=row["escalatedPath"],
        lapsed=tuple(row["lapsed"]),
    )


async def read_offer(
    transaction: Transaction, offer_id: str, claim_id: str | None, now: datetime, token: str
) -> OfferItem | None:
    """Lock an offer and return it with its slots to come and those of a claim; None for none."""
    rows = await transaction.run(
        READ_OFFER, id=offer_id, claimId=claim_id, now=instant_text(now), token=token
    )
    if not rows:
        return None
    row = rows[0]
    slots = [
        Slot(
            id=found[0],
            created_at=parse_instant(found[1]),
            starts_at=parse_instant(found[2]),
            ends_at=parse_instant(found[3]),
            time_zone=found[4],
            held=found[5],
            completed=found[6],
            version=found[7],
        )
        for found in row["slots"] + row["ownSlots"]
    ]
    return OfferItem(
        offer=record(ResourceOffer, row["item"]),
        owner_id=row["owner"],
        area_path=row["areaPath"],
        list_state=ListState(row["listState"]) if row["listState"] else None,
        slots={slot_key(slot.starts_at): slot for slot in slots},
        lapsed=tuple(row["lapsed"]),
    )


def stored_changes(changes: Mapping[str, list[Any]], after: Node) -> dict[str, Any]:
    """Return the properties to set, from the changed fields of a record; None removes."""
    return changed_properties(after, changes)


async def update_order(
    transaction: Transaction, order: DemandOrder, changes: Mapping[str, list[Any]]
) -> None:
    """Write the changed fields of an order."""
    await transaction.run(UPDATE_ORDER, id=order.id, changes=stored_changes(changes, order))


async def update_offer(
    transaction: Transaction, offer: ResourceOffer, changes: Mapping[str, list[Any]]
) -> None:
    """Write the changed fields of an offer."""
    await transaction.run(UPDATE_OFFER, id=offer.id, changes=stored_changes(changes, offer))


async def search_of(transaction: Transaction, node: DemandOrder | ResourceOffer) -> str:
    """Return what an order or offer is found by, with its category and owner as they are now."""
    is_order = isinstance(node, DemandOrder)
    row = (await transaction.run(ORDER_WORDS if is_order else OFFER_WORDS, id=node.id))[0]
    name, aliases = row["category"] or (None, None)
    category = [each for each in (name, *(aliases or ())) if each]
    owner = row["owner"] or ""
    if isinstance(node, DemandOrder):
        return search_text(of_order(node, category, owner))
    return search_text(of_offer(node, category, owner))


async def write_slots(transaction: Transaction, offer_id: str, slots: Iterable[Slot]) -> None:
    """Write slots of an offer that is locked; a slot is made with its first claim."""
    rows = [
        {name: value for name, value in properties(slot).items() if value is not None}
        for slot in slots
    ]
    if rows:
        await transaction.run(WRITE_SLOTS, offerId=offer_id, slots=rows)


async def times_given_up(transaction: Transaction, order_id: str) -> int:
    """Return how often a dispatch of the order was declined or its supplier gave it back."""
    rows = await transaction.run(GIVEN_UP, id=order_id)
    return rows[0]["times"]


async def escalate(transaction: Transaction, order_id: str, area_id: str) -> None:
    """Hand an order to the coordinator of an area, instead of whoever had it."""
    await transaction.run(CALM, id=order_id)
    await transaction.run(ESCALATE, id=order_id, areaId=area_id)
