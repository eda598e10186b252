"""All that the graph holds of a person: a member, or an account that speaks for nobody but itself.

Each part is one statement from the member or from the accounts; the texts are made from the lists
below.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, LiteralString

from domain.records import Node
from graph.accounts import Run
from graph.driver import Transaction
from graph.records import properties
from graph.statements import Statement, statement

Properties = dict[str, Any]

LOCK_MEMBER = statement(
    "persons.lock_member",
    "MATCH (m:Member {id: $id}) SET m.lock = $token RETURN m.id AS id",
    writes=True,
)
LOCK_ACCOUNTS = statement(
    "persons.lock_accounts",
    """UNWIND $ids AS i MATCH (a:Account {id: i})
WITH a ORDER BY a.id SET a.lock = $token RETURN a.id AS id""",
    writes=True,
)


def _of_member(name: str, pattern: LiteralString) -> Statement:
    return statement(
        f"persons.{name} of a member",
        f"MATCH (m:Member {{id: $id}}){pattern} "
        "RETURN DISTINCT found.id AS id, properties(found) AS p ORDER BY id",
    )


def _of_accounts(name: str, pattern: LiteralString) -> Statement:
    return statement(
        f"persons.{name} of accounts",
        f"UNWIND $ids AS i MATCH (a:Account {{id: i}}){pattern} "
        "RETURN found.id AS id, properties(found) AS p ORDER BY id",
    )


MEMBER = statement(
    "persons.member",
    "MATCH (found:Member {id: $id}) RETURN found.id AS id, properties(found) AS p",
)
ACCOUNTS = statement(
    "persons.accounts",
    "UNWIND $ids AS i MATCH (found:Account {id: i}) RETURN found.id AS id, properties(found) AS p "
    "ORDER BY id",
)
MEMBERS_OF_ACCOUNT = statement(
    "persons.members of an account",
    """MATCH (a:Account {id: $id})-[:HOLDS]->(g:Grant {role: 'MEMBER'})-[:FOR_AGENT]->(m:Member)
RETURN DISTINCT m.id AS id ORDER BY id""",
)
OF_MEMBER: Mapping[str, Statement] = {
    "accounts": _of_member(
        "accounts", "<-[:FOR_AGENT]-(:Grant {role: 'MEMBER'})<-[:HOLDS]-(found:Account)"
    ),
    "checkIns": _of_member("check-ins", "-[:CHECKS_IN]->(found:CheckIn)"),
    "resourceLists": _of_member("resource lists", "-[:ISSUES_RESOURCES]->(found:ResourceList)"),
    "needLists": _of_member("need lists", "-[:ISSUES_NEEDS]->(found:NeedList)"),
    "offers": _of_member("offers", "-[:OFFERS]->(found:ResourceOffer)"),
    "orders": _of_member("orders", "-[:NEEDS]->(found:DemandOrder)"),
    "claims": _of_member("claims", "<-[:CLAIM_SUPPLIER|CLAIM_RECEIVER]-(found:Claim)"),
    "evaluations": _of_member(
        "evaluations",
        "<-[:CLAIM_SUPPLIER|CLAIM_RECEIVER]-(:Claim)<-[:EVALUATES]-(found:Evaluation)",
    ),
    "evidenceFiles": _of_member(
        "evidence files",
        "<-[:CLAIM_SUPPLIER|CLAIM_RECEIVER]-(:Claim)<-[:EVIDENCE_OF]-(found:EvidenceFile)",
    ),
    "offersProposed": _of_member(
        "proposals from offers", "-[:OFFERS]->(:ResourceOffer)<-[:PROPOSES_OFFER]-(found:Proposal)"
    ),
    "ordersProposed": _of_member(
        "proposals for orders", "-[:NEEDS]->(:DemandOrder)<-[:PROPOSES_ORDER]-(found:Proposal)"
    ),
}
OF_ACCOUNTS: Mapping[str, Statement] = {
    "grants": _of_accounts("grants", "-[:HOLDS]->(found:Grant)"),
    "identities": _of_accounts("identities", "-[:SIGNS_IN_AS]->(found:Identity)"),
    "sessions": _of_accounts("sessions", "-[:HAS_SESSION]->(found:Session)"),
    "webhooks": _of_accounts("webhooks", "-[:HAS_WEBHOOK]->(found:Webhook)"),
    "uploads": _of_accounts("uploads", "<-[:UPLOADED_BY]-(found:EvidenceFile)"),
}
PLACES = statement(
    "persons.places",
    """MATCH (m:Member {id: $id})-[r:BELONGS_TO|WORKS_AT|LIVES_IN]->(p)
RETURN type(r) AS relationship, p.id AS id, p.name AS name, p.level AS level
ORDER BY relationship, id""",
)
EVENTS = statement(
    "persons.events",
    """MATCH (e:Event) WHERE e.actor IN $actors OR any(i IN $ids WHERE i IN e.nodeIds)
RETURN e.createdAt AS at, e.action AS action, e.actor IN $actors AS byThePerson,
    e.sortKey AS sortKey
ORDER BY sortKey""",
)
OTHER_GRANTS = statement(
    "persons.other_grants",
    """UNWIND $ids AS i MATCH (a:Account {id: i})-[:HOLDS]->(g:Grant)
WHERE (g.validUntil IS NULL OR g.validUntil > $now)
    AND NOT EXISTS { MATCH (g)-[:FOR_AGENT]->(m:Member) WHERE m.id = $member AND g.role = 'MEMBER' }
RETURN DISTINCT a.id AS id""",
)

_CHANGED: tuple[LiteralString, ...] = (
    "Member",
    "Account",
    "ResourceList",
    "NeedList",
    "ResourceOffer",
    "DemandOrder",
    "Claim",
    "Evaluation",
    "Proposal",
)
CHANGE: Mapping[str, Statement] = {
    label: statement(
        f"persons.change {label}",
        f"UNWIND $rows AS row MATCH (n:{label} {{id: row.id}}) SET n += row.changes",
        writes=True,
    )
    for label in _CHANGED
}
FORGET_SEARCH: Mapping[str, Statement] = {
    label: statement(
        f"persons.forget search of {label}",
        f"UNWIND $ids AS i MATCH (n:{label} {{id: i}}) SET n.search = null",
        writes=True,
    )
    for label in ("ResourceOffer", "DemandOrder")
}
UNLINK = statement(
    "persons.unlink",
    """MATCH (m:Member {id: $id})<-[r:FOR_AGENT]-(g:Grant)
SET g.validUntil = CASE WHEN g.validUntil IS NULL OR g.validUntil > $now THEN $now
    ELSE g.validUntil END
DELETE r""",
    writes=True,
)
LEAVE_PLACES = statement(
    "persons.leave_places",
    """MATCH (m:Member {id: $id})-[r:BELONGS_TO|WORKS_AT|LIVES_IN]->(p)
WHERE NOT (type(r) = 'LIVES_IN' AND p.level = 'COMMUNITY') DELETE r""",
    writes=True,
)
STAY_IN_COMMUNITY = statement(
    "persons.stay_in_community",
    """MATCH (m:Member {id: $id})-[:LIVES_IN]->(:Area)-[:PART_OF*1..4]->(c:Area)
WHERE c.level = 'COMMUNITY'
MERGE (m)-[:LIVES_IN]->(c)""",
    writes=True,
)
# What is evidence of nothing is swept, with its content; and nobody can attach it again.
CUT_EVIDENCE = statement(
    "persons.cut_evidence",
    """MATCH (:Member {id: $id})<-[:CLAIM_SUPPLIER|CLAIM_RECEIVER]-(c:Claim)
MATCH (c)<-[:EVIDENCE_OF]-(f:EvidenceFile)
WITH DISTINCT f, c.id AS claim
SET f.lock = $token
WITH f, claim, f.id AS id
MATCH (f)-[r:EVIDENCE_OF|UPLOADED_BY]->()
DELETE r
RETURN DISTINCT id, claim""",
    writes=True,
)
END_GRANTS = statement(
    "persons.end_grants",
    """UNWIND $ids AS i MATCH (a:Account {id: i})-[:HOLDS]->(g:Grant)
WHERE g.validUntil IS NULL OR g.validUntil > $now SET g.validUntil = $now""",
    writes=True,
)
FORGET_OF_ACCOUNTS: tuple[Statement, ...] = tuple(
    statement(
        f"persons.forget {relationship}",
        f"UNWIND $ids AS i MATCH (a:Account {{id: i}})-[:{relationship}]->(n) DETACH DELETE n",
        writes=True,
    )
    for relationship in ("SIGNS_IN_AS", "HAS_SESSION", "HAS_CODE", "HAS_WEBHOOK")
)
FORGET_ANSWERS = statement(
    "persons.forget_answers",
    """MATCH (k:IdempotencyKey)
WHERE k.actor IN $actors OR any(i IN $ids WHERE k.result CONTAINS i) DELETE k""",
    writes=True,
)


async def nodes(run: Run, read: Statement, **parameters: Any) -> list[Properties]:
    """Return the properties of the nodes that a statement finds, without what is the hub's own."""
    return [
        {name: value for name, value in row["p"].items() if name not in {"lock", "sortKey"}}
        for row in await run(read, **parameters)
    ]


async def change(transaction: Transaction, changed: Iterable[tuple[Node, Node]]) -> None:
    """Write records that differ from what they were: before and after."""
    rows: dict[str, list[dict[str, Any]]] = {}
    for before, after in changed:
        old, new = properties(before), properties(after)
        differing = {name: value for name, value in new.items() if old[name] != value}
        rows.setdefault(type(after).__name__, []).append({"id": after.id, "changes": differing})
    for label, of_label in rows.items():
        await transaction.run(CHANGE[label], rows=of_label)


async def forget_search(transaction: Transaction, ids: Mapping[str, Sequence[str]]) -> None:
    """Remove the search text of offers and orders, by label; the index follows."""
    for label, found in ids.items():
        await transaction.run(FORGET_SEARCH[label], ids=list(found))
