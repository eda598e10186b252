"""What is live and refers to a node: it would be left without it, so the node is not retired."""

from datetime import datetime
from typing import LiteralString
from zoneinfo import ZoneInfo

from domain.availability import DEFAULT_TIME_ZONE, instant_text
from domain.identity import NodeReference
from graph.driver import Transaction
from graph.statements import Statement, statement

_LIVE_ITEM: LiteralString = "NOT m.state IN ['WITHDRAWN', 'REJECTED', 'FULFILLED', 'EXPIRED']"
_LIVE_CLAIM: LiteralString = (
    "m.state IN ['PROPOSED', 'CONFIRMED', 'IN_PROGRESS', 'DELIVERED', 'DISPUTED']"
)
_LIVE_LIST: LiteralString = "m.state = 'PUBLISHED'"
_IN_USE: LiteralString = "m.retiredAt IS NULL"
_RUNNING: LiteralString = "m.retiredAt IS NULL AND (m.endsOn IS NULL OR m.endsOn >= $today)"
_IN_FORCE: LiteralString = "m.validUntil IS NULL OR m.validUntil > $now"
_AGREED: LiteralString = "m.retiredAt IS NULL AND (m.validUntil IS NULL OR m.validUntil >= $today)"
_TERM: LiteralString = (
    "(m.endsOn IS NULL OR m.endsOn >= $today) "
    "AND EXISTS { MATCH (m)<-[:HAS_TERM]-(a:Alliance) WHERE a.retiredAt IS NULL }"
)
_OF_AGENTS: tuple[tuple[LiteralString, LiteralString, LiteralString], ...] = (
    ("-[:OFFERS]->", "ResourceOffer", _LIVE_ITEM),
    ("-[:NEEDS]->", "DemandOrder", _LIVE_ITEM),
    ("-[:ISSUES_RESOURCES]->", "ResourceList", _LIVE_LIST),
    ("-[:ISSUES_NEEDS]->", "NeedList", _LIVE_LIST),
    ("<-[:CLAIM_SUPPLIER]-", "Claim", _LIVE_CLAIM),
    ("<-[:CLAIM_RECEIVER]-", "Claim", _LIVE_CLAIM),
    ("<-[:FOR_AGENT]-", "Grant", _IN_FORCE),
    ("<-[:AGREED_BY]-", "Agreement", _AGREED),
    ("<-[:PAIRS]-", "Pairing", _IN_USE),
    ("<-[:ALLIANCE_MEMBER]-", "Alliance", _IN_USE),
    ("<-[:ALLIANCE_SUPPORTER]-", "Alliance", _IN_USE),
    ("<-[:CHAIRED_BY]-", "ChairTerm", _TERM),
    ("-[:CHECKS_IN]->", "CheckIn", _RUNNING),
)
_USERS: dict[LiteralString, tuple[tuple[LiteralString, LiteralString, LiteralString], ...]] = {
    "Unit": (
        *_OF_AGENTS,
        ("<-[:OF_UNIT]-", "PartyBranch", _IN_USE),
        ("<-[:WORKS_AT]-", "Member", _IN_USE),
    ),
    "PartyBranch": (
        *_OF_AGENTS,
        ("<-[:UNDER]-", "PartyBranch", _IN_USE),
        ("<-[:BELONGS_TO]-", "Member", _IN_USE),
    ),
    "Member": _OF_AGENTS,
    "Area": (
        *_OF_AGENTS,
        ("<-[:PART_OF]-", "Area", _IN_USE),
        ("<-[:LOCATED_IN]-", "Unit", _IN_USE),
        ("<-[:OF_AREA]-", "PartyBranch", _IN_USE),
        ("<-[:LIVES_IN]-", "Member", _IN_USE),
        ("<-[:FOR_AREA]-", "Grant", _IN_FORCE),
        ("<-[:ALLIANCE_AT]-", "Alliance", _IN_USE),
        ("<-[:CHECKED_IN_AT]-", "CheckIn", _RUNNING),
        ("<-[:OFFER_AT]-", "ResourceOffer", _LIVE_ITEM),
        ("<-[:ORDER_AT]-", "DemandOrder", _LIVE_ITEM),
    ),
    "Category": (
        ("<-[:CHILD_OF]-", "Category", _IN_USE),
        ("<-[:OFFER_CATEGORY]-", "ResourceOffer", _LIVE_ITEM),
        ("<-[:ORDER_CATEGORY]-", "DemandOrder", _LIVE_ITEM),
    ),
}
"""What refers to a node of a kind and would be left without it: way, label, while live."""


def _users(
    kind: LiteralString, ways: tuple[tuple[LiteralString, LiteralString, LiteralString], ...]
) -> Statement:
    found: LiteralString = " + ".join(
        f"COLLECT {{ MATCH (n){way}(m:{label}) WHERE {live} RETURN ['{label}', m.id] }}"
        for way, label, live in ways
    )
    return statement(
        f"users of {kind}",
        f"MATCH (n:{kind} {{id: $id}}) WITH n, {found} AS users RETURN users",
    )


USERS = {kind: _users(kind, ways) for kind, ways in _USERS.items()}


async def live_users(
    transaction: Transaction, kind: str, node_id: str, now: datetime
) -> list[NodeReference]:
    """Return what is live and refers to a node of one of the kinds of USERS, each once, sorted."""
    today = now.astimezone(ZoneInfo(DEFAULT_TIME_ZONE)).date().isoformat()
    rows = await transaction.run(USERS[kind], id=node_id, now=instant_text(now), today=today)
    return sorted({NodeReference(label, each) for label, each in rows[0]["users"]})
