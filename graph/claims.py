"""Claims with their lines, sides and voices, as the claim machine needs them.

Those of an order, an offer or an agent are in `graph.claims_on`.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, LiteralString

from domain.availability import SlotTime, parse_instant
from domain.holds import Line
from domain.records import Claim, ClaimLine, Evaluation
from domain.vocabulary import Side
from graph.driver import Transaction
from graph.events import PERSONAL_FIELDS
from graph.items import slot_id, stored_changes
from graph.records import present_properties, properties, record
from graph.statements import statement

LINES: LiteralString = """COLLECT {
        MATCH (c)-[:HAS_LINE]->(l:ClaimLine)
        WITH l ORDER BY l.id
        RETURN [l.id, l.quantity, l.offerQuantity, l.deliveredQuantity, l.deliveredOfferQuantity,
            head([(l)-[:USES_SLOT]->(s:Slot) | s.startsAt]),
            head([(l)-[:USES_SLOT]->(s:Slot) | s.endsAt])]
    } AS lines"""
"""The lines of a claim `c`, for `lines_of`."""
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
    f"""MATCH (c:Claim {{id: $id}})
SET c.lock = $token
WITH c
RETURN properties(c) AS claim,
    head([(c)-[:INITIATED_BY]->(i:Account) | i.id]) AS initiatedBy,
    {LINES},
    COLLECT {{
        MATCH (c)-[:SUPPLIER_SPOKEN_BY]->(a:Account) WITH a ORDER BY a.id RETURN a.id
    }} AS supplierVoices,
    COLLECT {{
        MATCH (c)-[:RECEIVER_SPOKEN_BY]->(a:Account) WITH a ORDER BY a.id RETURN a.id
    }} AS receiverVoices,
    COLLECT {{
        MATCH (c)<-[:EVALUATES]-(e:Evaluation) WITH e ORDER BY e.by RETURN e.by
    }} AS evaluated""",
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
        lines=lines_of(row["lines"]),
        initiated_by=row["initiatedBy"],
        voices={
            Side.SUPPLIER: frozenset(row["supplierVoices"]),
            Side.RECEIVER: frozenset(row["receiverVoices"]),
        },
        evaluated=frozenset(Side(side) for side in row["evaluated"]),
    )


def lines_of(rows: Sequence[Sequence[Any]]) -> tuple[Line, ...]:
    """Return the lines that `LINES` has read, in the order of their slots."""
    return tuple(sorted(map(_line, rows), key=_line_order))


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
        properties=present_properties(claim),
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
    rows = [present_properties(line_record(line, at)) for line in written]
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
    await transaction.run(CREATE_EVALUATION, id=claim_id, properties=present_properties(evaluation))
