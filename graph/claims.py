"""Claims with their lines, sides and voices, as the claim machine needs them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from domain.availability import SlotTime, instant_text, parse_instant
from domain.claims import LIVE
from domain.edits import ClaimOnItem
from domain.holds import COMMITTED, Line
from domain.records import Claim, ClaimLine, DemandOrder, Evaluation, ResourceOffer
from domain.vocabulary import ClaimState, Side
from graph.driver import Transaction
from graph.events import PERSONAL_FIELDS, Changes, changes_between
from graph.items import slot_id, stored_changes
from graph.records import properties, record
from graph.statements import statement

CLAIM_ENDS = statement(
    "claims.ends",
    """MATCH (c:Claim {id: $id})
RETURN head([(c)-[:FOR_ORDER]->(o:DemandOrder) | o.id]) AS orderId,
    head([(c)-[:FROM_OFFER]->(f:ResourceOffer) | f.id]) AS offerId,
    head([(c)-[:CLAIM_SUPPLIER]->(s:Agent) | s.id]) AS supplierId,
    head([(c)-[:CLAIM_RECEIVER]->(r:Agent) | r.id]) AS receiverId""",
)
READ_CLAIM = statement(
    "claims.read",
    """MATCH (c:Claim {id: $id})
SET c.lock = $token
WITH c
RETURN properties(c) AS claim,
    head([(c)-[:INITIATED_BY]->(i:Account) | i.id]) AS initiatedBy,
    COLLECT {
        MATCH (c)-[:HAS_LINE]->(l:ClaimLine)
        WITH l ORDER BY l.id
        RETURN [l.id, l.quantity, l.offerQuantity, l.deliveredQuantity, l.deliveredOfferQuantity,
            head([(l)-[:USES_SLOT]->(s:Slot) | s.startsAt]),
            head([(l)-[:USES_SLOT]->(s:Slot) | s.endsAt])]
    } AS lines,
    COLLECT {
        MATCH (c)-[:SUPPLIER_SPOKEN_BY]->(a:Account) WITH a ORDER BY a.id RETURN a.id
    } AS supplierVoices,
    COLLECT {
        MATCH (c)-[:RECEIVER_SPOKEN_BY]->(a:Account) WITH a ORDER BY a.id RETURN a.id
    } AS receiverVoices,
    COLLECT {
        MATCH (c)<-[:EVALUATES]-(e:Evaluation) WITH e ORDER BY e.by RETURN e.by
    } AS evaluated""",
    writes=True,
)
CLAIM_PROPERTIES = statement(
    "claims.properties",
    "MATCH (c:Claim {id: $id}) RETURN properties(c) AS claim",
)
# The lists have one id or none: nothing is bound by a null.
CREATE_CLAIM = statement(
    "claims.create",
    """MATCH (s:Agent {id: $supplierId})
MATCH (r:Agent {id: $receiverId})
MATCH (a:Account {id: $accountId})
CREATE (c:Claim) SET c = $properties
CREATE (c)-[:CLAIM_SUPPLIER]->(s)
CREATE (c)-[:CLAIM_RECEIVER]->(r)
CREATE (c)-[:INITIATED_BY]->(a)
WITH c
CALL (c) { UNWIND $orderIds AS i MATCH (o:DemandOrder {id: i}) CREATE (c)-[:FOR_ORDER]->(o) }
CALL (c) { UNWIND $offerIds AS i MATCH (f:ResourceOffer {id: i}) CREATE (c)-[:FROM_OFFER]->(f) }
RETURN c.id AS id""",
    writes=True,
)
UPDATE_CLAIM = statement(
    "claims.update",
    "MATCH (c:Claim {id: $id}) SET c += $changes",
    writes=True,
)
DELETE_LINES = statement(
    "claims.delete_lines",
    "MATCH (:Claim {id: $id})-[:HAS_LINE]->(l:ClaimLine) DETACH DELETE l",
    writes=True,
)
CREATE_LINES = statement(
    "claims.create_lines",
    """MATCH (c:Claim {id: $id})
UNWIND $lines AS row
CREATE (c)-[:HAS_LINE]->(l:ClaimLine)
SET l = row""",
    writes=True,
)
LINK_SLOTS = statement(
    "claims.link_slots",
    """UNWIND $links AS link
MATCH (l:ClaimLine {id: link[0]})
MATCH (s:Slot {id: link[1]})
CREATE (l)-[:USES_SLOT]->(s)""",
    writes=True,
)
SETTLE_LINES = statement(
    "claims.settle_lines",
    """UNWIND $lines AS row
MATCH (l:ClaimLine {id: row[0]})
SET l.deliveredQuantity = row[1], l.deliveredOfferQuantity = row[2]""",
    writes=True,
)
SUPPLIER_SPOKE = statement(
    "claims.supplier_spoke",
    """MATCH (c:Claim {id: $id})
MATCH (a:Account {id: $accountId})
MERGE (c)-[:SUPPLIER_SPOKEN_BY]->(a)""",
    writes=True,
)
RECEIVER_SPOKE = statement(
    "claims.receiver_spoke",
    """MATCH (c:Claim {id: $id})
MATCH (a:Account {id: $accountId})
MERGE (c)-[:RECEIVER_SPOKEN_BY]->(a)""",
    writes=True,
)
CREATE_EVALUATION = statement(
    "claims.evaluate",
    """MATCH (c:Claim {id: $id})
CREATE (e:Evaluation)-[:EVALUATES]->(c)
SET e = $properties""",
    writes=True,
)
OPEN_AS_SUPPLIER = statement(
    "claims.open_as_supplier",
    """MATCH (a:Agent {id: $id})
SET a.lock = $token
WITH a
RETURN COUNT {
    MATCH (a)<-[:CLAIM_SUPPLIER]-(c:Claim)
    WHERE c.state = 'PROPOSED' AND c.initiator = 'SUPPLIER' AND c.expiresAt > $now
    RETURN c
} AS open""",
    writes=True,
)
OPEN_AS_RECEIVER = statement(
    "claims.open_as_receiver",
    """MATCH (a:Agent {id: $id})
SET a.lock = $token
WITH a
RETURN COUNT {
    MATCH (a)<-[:CLAIM_RECEIVER]-(c:Claim)
    WHERE c.state = 'PROPOSED' AND c.initiator = 'RECEIVER' AND c.expiresAt > $now
    RETURN c
} AS open""",
    writes=True,
)
LAPSED = statement(
    "claims.lapsed",
    """MATCH (c:Claim)
WHERE c.state = 'PROPOSED' AND c.expiresAt <= $now
RETURN c.id AS id ORDER BY id LIMIT $size""",
)
LAPSED_ON_ORDERS = statement(
    "claims.lapsed_on_orders",
    """UNWIND $ids AS i
MATCH (:DemandOrder {id: i})<-[:FOR_ORDER]-(c:Claim)
WHERE c.state = 'PROPOSED' AND c.expiresAt <= $now
RETURN c.id AS id""",
)
LAPSED_ON_OFFERS = statement(
    "claims.lapsed_on_offers",
    """UNWIND $ids AS i
MATCH (:ResourceOffer {id: i})<-[:FROM_OFFER]-(c:Claim)
WHERE c.state = 'PROPOSED' AND c.expiresAt <= $now
RETURN c.id AS id""",
)
UNEVALUATED = statement(
    "claims.unevaluated",
    """MATCH (c:Claim)
WHERE c.state = 'COMPLETED' AND c.completedAt <= $before
RETURN c.id AS id ORDER BY id LIMIT $size""",
)
ON_ORDER = statement(
    "claims.on_order",
    """MATCH (:DemandOrder {id: $id})<-[:FOR_ORDER]-(c:Claim)
WHERE c.state IN $states
RETURN c.id AS id, c.state AS state,
    COLLECT {
        MATCH (c)-[:HAS_LINE]->(l:ClaimLine)
        WITH l ORDER BY l.id
        RETURN [l.id, l.quantity, l.offerQuantity, l.deliveredQuantity, l.deliveredOfferQuantity,
            head([(l)-[:USES_SLOT]->(s:Slot) | s.startsAt]),
            head([(l)-[:USES_SLOT]->(s:Slot) | s.endsAt])]
    } AS lines
ORDER BY id""",
)
ON_OFFER = statement(
    "claims.on_offer",
    """MATCH (:ResourceOffer {id: $id})<-[:FROM_OFFER]-(c:Claim)
WHERE c.state IN $states
RETURN c.id AS id, c.state AS state,
    COLLECT {
        MATCH (c)-[:HAS_LINE]->(l:ClaimLine)
        WITH l ORDER BY l.id
        RETURN [l.id, l.quantity, l.offerQuantity, l.deliveredQuantity, l.deliveredOfferQuantity,
            head([(l)-[:USES_SLOT]->(s:Slot) | s.startsAt]),
            head([(l)-[:USES_SLOT]->(s:Slot) | s.endsAt])]
    } AS lines
ORDER BY id""",
)
OUTLASTING = statement(
    "claims.outlasting",
    """MATCH (:DemandOrder {id: $id})<-[:FOR_ORDER]-(c:Claim)
WHERE c.state = 'PROPOSED' AND c.expiresAt > $until
RETURN properties(c) AS claim ORDER BY c.id""",
)
UNDER_WAY_OR_DONE = sorted(COMMITTED | LIVE)
"""States of claims that an edit has to bear in mind."""


@dataclass(frozen=True, slots=True)
class ClaimEnds:
    """What a claim binds; it never changes."""

    order_id: str | None
    offer_id: str | None
    supplier_id: str
    receiver_id: str


@dataclass(frozen=True, slots=True)
class ClaimFile:
    """A claim with its lines, who started it, who spoke for which side, and who evaluated it."""

    claim: Claim
    ends: ClaimEnds
    lines: tuple[Line, ...]
    initiated_by: str | None
    voices: Mapping[Side, frozenset[str]]
    evaluated: frozenset[Side]


async def read_ends(transaction: Transaction, claim_id: str) -> ClaimEnds | None:
    """Return what a claim binds, None if there is no such claim."""
    rows = await transaction.run(CLAIM_ENDS, id=claim_id)
    if not rows:
        return None
    row = rows[0]
    return ClaimEnds(row["orderId"], row["offerId"], row["supplierId"], row["receiverId"])


async def claim_as_recorded(transaction: Transaction, recorded: Mapping[str, Any]) -> Claim:
    """Return a claim as it was when its idempotency key was recorded, with the texts of today.

    What people wrote is not kept with the key, so that it can be erased in one place.
    """
    row = (await transaction.run(CLAIM_PROPERTIES, id=recorded["id"]))[0]
    texts = {name: value for name, value in row["claim"].items() if name in PERSONAL_FIELDS}
    return record(Claim, texts | dict(recorded))


def to_record(claim: Claim) -> dict[str, Any]:
    """Return what an idempotency key keeps of a claim."""
    return {name: value for name, value in properties(claim).items() if name not in PERSONAL_FIELDS}


async def read_claim(
    transaction: Transaction, claim_id: str, ends: ClaimEnds, token: str
) -> ClaimFile:
    """Lock a claim that is known to be there, and return it as it stands."""
    row = (await transaction.run(READ_CLAIM, id=claim_id, token=token))[0]
    return ClaimFile(
        claim=record(Claim, row["claim"]),
        ends=ends,
        lines=tuple(sorted(map(_line, row["lines"]), key=_line_order)),
        initiated_by=row["initiatedBy"],
        voices={
            Side.SUPPLIER: frozenset(row["supplierVoices"]),
            Side.RECEIVER: frozenset(row["receiverVoices"]),
        },
        evaluated=frozenset(Side(side) for side in row["evaluated"]),
    )


def _line(row: Sequence[Any]) -> Line:
    slot = SlotTime(parse_instant(row[5]), parse_instant(row[6])) if row[5] else None
    return Line(
        id=row[0],
        quantity=row[1],
        offer_quantity=row[2],
        delivered=row[3],
        offer_delivered=row[4],
        slot=slot,
    )


def _line_order(line: Line) -> str:
    return line.slot.key if line.slot else ""


async def create_claim(
    transaction: Transaction, claim: Claim, ends: ClaimEnds, account_id: str
) -> None:
    """Write a new claim without its lines."""
    await transaction.run(
        CREATE_CLAIM,
        supplierId=ends.supplier_id,
        receiverId=ends.receiver_id,
        accountId=account_id,
        orderIds=[ends.order_id] if ends.order_id else [],
        offerIds=[ends.offer_id] if ends.offer_id else [],
        properties=_present(properties(claim)),
    )


async def update_claim(
    transaction: Transaction, claim: Claim, changes: Mapping[str, list[Any]]
) -> None:
    """Write the changed fields of a claim."""
    await transaction.run(UPDATE_CLAIM, id=claim.id, changes=stored_changes(changes, claim))


async def delete_lines(transaction: Transaction, claim_id: str) -> None:
    """Take away the lines of a claim, which are about to be others."""
    await transaction.run(DELETE_LINES, id=claim_id)


async def create_lines(
    transaction: Transaction,
    claim_id: str,
    offer_id: str | None,
    lines: Iterable[Line],
    at: datetime,
) -> None:
    """Write the lines of a claim; their slots are there already."""
    written = list(lines)
    rows = [_present(properties(line_record(line, at))) for line in written]
    await transaction.run(CREATE_LINES, id=claim_id, lines=rows)
    links = [
        [line.id, slot_id(offer_id, line.slot.key)]
        for line in written
        if line.slot is not None and offer_id is not None
    ]
    if links:
        await transaction.run(LINK_SLOTS, links=links)


async def settle_lines(transaction: Transaction, lines: Iterable[Line]) -> None:
    """Write what was delivered of each line."""
    rows = [[line.id, line.delivered, line.offer_delivered] for line in lines]
    await transaction.run(SETTLE_LINES, lines=rows)


def line_record(line: Line, at: datetime) -> ClaimLine:
    """Return the record of a line."""
    return ClaimLine(
        id=line.id,
        created_at=at,
        quantity=line.quantity,
        offer_quantity=line.offer_quantity,
        delivered_quantity=line.delivered,
        delivered_offer_quantity=line.offer_delivered,
    )


async def note_voice(transaction: Transaction, claim_id: str, side: Side, account_id: str) -> None:
    """Keep that an account has spoken for a side of a claim."""
    spoke = SUPPLIER_SPOKE if side is Side.SUPPLIER else RECEIVER_SPOKE
    await transaction.run(spoke, id=claim_id, accountId=account_id)


async def write_evaluation(transaction: Transaction, claim_id: str, evaluation: Evaluation) -> None:
    """Write what one side says of a claim."""
    await transaction.run(
        CREATE_EVALUATION, id=claim_id, properties=_present(properties(evaluation))
    )


async def claims_on(
    transaction: Transaction, node: DemandOrder | ResourceOffer
) -> list[ClaimOnItem]:
    """Return the claims on an order or offer that are under way or done."""
    found = ON_ORDER if isinstance(node, DemandOrder) else ON_OFFER
    rows = await transaction.run(found, id=node.id, states=UNDER_WAY_OR_DONE)
    return [
        ClaimOnItem(
            id=row["id"],
            state=ClaimState(row["state"]),
            lines=tuple(sorted(map(_line, row["lines"]), key=_line_order)),
        )
        for row in rows
    ]


async def shorten_proposals(transaction: Transaction, order_id: str, until: datetime) -> Changes:
    """Let no proposal for an order outlast an instant, and return the changes.

    The order is locked, so no claim of it changes meanwhile.
    """
    changes: Changes = {}
    for row in await transaction.run(OUTLASTING, id=order_id, until=instant_text(until)):
        before = record(Claim, row["claim"])
        after = replace(before, expires_at=until, version=before.version + 1)
        changes[after.id] = changes_between(before, after)
        await update_claim(transaction, after, changes[after.id])
    return changes


async def lapsed_on(
    transaction: Transaction, order_ids: Sequence[str], offer_ids: Sequence[str], now: datetime
) -> frozenset[str]:
    """Return the ids of proposals on orders and offers that still hold past their time."""
    rows = [
        *await transaction.run(LAPSED_ON_ORDERS, ids=list(order_ids), now=instant_text(now)),
        *await transaction.run(LAPSED_ON_OFFERS, ids=list(offer_ids), now=instant_text(now)),
    ]
    return frozenset(row["id"] for row in rows)


async def open_proposals(
    transaction: Transaction, agent_id: str, side: Side, now: datetime, token: str
) -> int:
    """Lock an agent and return how many of its proposals wait for an answer."""
    counted = OPEN_AS_SUPPLIER if side is Side.SUPPLIER else OPEN_AS_RECEIVER
    rows = await transaction.run(counted, id=agent_id, now=instant_text(now), token=token)
    return rows[0]["open"] if rows else 0


def _present(found: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in found.items() if value is not None}
