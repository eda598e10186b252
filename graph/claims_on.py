"""The claims on an order, an offer or an agent, and those whose time is over."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import LiteralString

from domain.availability import instant_text
from domain.claims import LIVE
from domain.edits import ClaimOnItem
from domain.holds import COMMITTED, holds
from domain.records import Claim, DemandOrder, ResourceOffer
from domain.vocabulary import ClaimState, Side
from graph.claims import LINES, lines_of, update_claim
from graph.driver import Transaction
from graph.events import Changes, changes_between
from graph.records import record
from graph.statements import Statement, statement


def _open_as(side: LiteralString) -> Statement:
    return statement(
        f"claims.open_as_{side.lower()}",
        f"""MATCH (a:Agent {{id: $id}})
SET a.lock = $token
WITH a
RETURN COUNT {{
    MATCH (a)<-[:CLAIM_{side}]-(c:Claim)
    WHERE c.state = 'PROPOSED' AND c.initiator = '{side}' AND c.expiresAt > $now
    RETURN c
}} AS open""",
        writes=True,
    )


OPEN_AS = {Side.SUPPLIER: _open_as("SUPPLIER"), Side.RECEIVER: _open_as("RECEIVER")}
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
    f"""MATCH (:DemandOrder {{id: $id}})<-[:FOR_ORDER]-(c:Claim)
WHERE c.state IN $states
RETURN c.id AS id, c.state AS state,
    {LINES}
ORDER BY id""",
)
ON_OFFER = statement(
    "claims.on_offer",
    f"""MATCH (:ResourceOffer {{id: $id}})<-[:FROM_OFFER]-(c:Claim)
WHERE c.state IN $states
RETURN c.id AS id, c.state AS state,
    {LINES}
ORDER BY id""",
)
OUTLASTING = statement(
    "claims.outlasting",
    """MATCH (:DemandOrder {id: $id})<-[:FOR_ORDER]-(c:Claim)
WHERE c.state = 'PROPOSED' AND c.expiresAt > $until
RETURN properties(c) AS claim ORDER BY c.id""",
)
SUPPLIERS_OF_ORDER = statement(
    "claims.suppliers_of_order",
    """MATCH (:DemandOrder {id: $id})<-[:FOR_ORDER]-(c:Claim)-[:CLAIM_SUPPLIER]->(a:Agent)
WHERE c.state IN $states AND c.id <> $claimId
RETURN DISTINCT a.id AS id""",
)
RECEIVERS_OF_OFFER = statement(
    "claims.receivers_of_offer",
    """MATCH (:ResourceOffer {id: $id})<-[:FROM_OFFER]-(c:Claim)-[:CLAIM_RECEIVER]->(a:Agent)
WHERE c.state IN $states AND c.id <> $claimId
RETURN DISTINCT a.id AS id""",
)
UNDER_WAY_OR_DONE = sorted(COMMITTED | LIVE)
"""States of claims that an edit has to bear in mind."""


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
            lines=lines_of(row["lines"]),
        )
        for row in rows
    ]


async def partners_of(
    transaction: Transaction, node: DemandOrder | ResourceOffer, claim_id: str
) -> frozenset[str]:
    """Return who deals with an order or offer, by the claims beside one that hold on it."""
    found = SUPPLIERS_OF_ORDER if isinstance(node, DemandOrder) else RECEIVERS_OF_OFFER
    states = sorted(state for state in ClaimState if holds(state, node.selection))
    rows = await transaction.run(found, id=node.id, states=states, claimId=claim_id)
    return frozenset(row["id"] for row in rows)


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
    rows = await transaction.run(OPEN_AS[side], id=agent_id, now=instant_text(now), token=token)
    return rows[0]["open"] if rows else 0
