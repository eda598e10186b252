"""Counters that nodes of earlier hubs lack: versions of what people edit, what slots completed."""

from collections.abc import Awaitable, Callable
from typing import LiteralString

from graph.driver import Graph, Transaction
from graph.statements import Statement, statement

BATCH = 2000
EDITED: tuple[LiteralString, ...] = (
    "Area",
    "Unit",
    "PartyBranch",
    "Member",
    "Category",
    "ResourceList",
    "NeedList",
    "Pairing",
    "Agreement",
    "Alliance",
    "ChairTerm",
    "CheckIn",
)


def _number(label: LiteralString) -> Statement:
    return statement(
        f"versions.number {label}",
        f"MATCH (n:{label}) WHERE n.version IS NULL WITH n LIMIT $size "
        "SET n.version = 0 RETURN count(n) AS done",
        writes=True,
    )


NUMBER = {label: _number(label) for label in EDITED}
COMPLETE_SLOTS = statement(
    "versions.complete slots",
    """MATCH (s:Slot) WHERE s.completed IS NULL WITH s LIMIT $size
WITH s, COLLECT {
    MATCH (s)<-[:USES_SLOT]-(l:ClaimLine)<-[:HAS_LINE]-(c:Claim)
    WHERE c.state IN ['COMPLETED', 'EVALUATED']
    RETURN l.deliveredOfferQuantity
} AS delivered
SET s.completed = reduce(total = 0, each IN delivered | total + coalesce(each, 0))
RETURN count(s) AS done""",
    writes=True,
)


async def apply(graph: Graph) -> None:
    """Set what is missing, batch by batch."""
    for text in (*NUMBER.values(), COMPLETE_SLOTS):
        while await graph.write(_batch(text), repeatable=True):
            pass


def _batch(text: Statement) -> Callable[[Transaction], Awaitable[int]]:
    async def work(transaction: Transaction) -> int:
        rows = await transaction.run(text, size=BATCH)
        return rows[0]["done"] if rows else 0

    return work
