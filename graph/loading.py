"""What a load reads and writes: nodes by id, relationships by the ids of their ends, in batches.

The texts of labels and relationship types are made once, from the lists below; each is a
registered statement like any other.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, LiteralString

from graph.accounts import Run
from graph.driver import Transaction
from graph.statements import Statement, statement

Properties = dict[str, Any]
Pairs = set[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class NodeStatements:
    """Reading, making and changing nodes of one label."""

    read: Statement
    make: Statement
    change: Statement


@dataclass(frozen=True, slots=True)
class Relation:
    """A relationship type between two labels, seen from the row that states it.

    `owner_first` says that the row's node is the start. The statements take and give pairs of
    (owner, other).
    """

    name: str
    owner_first: bool
    read: Statement
    join: Statement
    cut: Statement


_LABELS: tuple[tuple[LiteralString, LiteralString], ...] = (
    ("Area", "Area"),
    ("Community", "Area:Agent"),
    ("Unit", "Unit:Agent"),
    ("PartyBranch", "PartyBranch:Agent"),
    ("Member", "Member:Agent"),
    ("Category", "Category"),
    ("ResourceList", "ResourceList"),
    ("NeedList", "NeedList"),
    ("ResourceOffer", "ResourceOffer"),
    ("DemandOrder", "DemandOrder"),
    ("Pairing", "Pairing"),
    ("Agreement", "Agreement"),
    ("Alliance", "Alliance"),
    ("ChairTerm", "ChairTerm"),
    ("CheckIn", "CheckIn"),
    ("Import", "Import"),
)
"""Our name for a kind of node, and its labels; an area of level COMMUNITY is an agent too."""

_AREAS = frozenset({"Area", "Community"})

RELATION_ENDS: tuple[tuple[LiteralString, LiteralString, LiteralString, bool], ...] = (
    ("PART_OF", "Area", "Area", True),
    ("LOCATED_IN", "Unit", "Area", True),
    ("UNDER", "PartyBranch", "PartyBranch", True),
    ("OF_UNIT", "PartyBranch", "Unit", True),
    ("OF_AREA", "PartyBranch", "Area", True),
    ("BELONGS_TO", "Member", "PartyBranch", True),
    ("WORKS_AT", "Member", "Unit", True),
    ("LIVES_IN", "Member", "Area", True),
    ("CHILD_OF", "Category", "Category", True),
    ("SUBSTITUTABLE_BY", "Category", "Category", True),
    ("ISSUES_RESOURCES", "Agent", "ResourceList", False),
    ("ISSUES_NEEDS", "Agent", "NeedList", False),
    ("LISTS_OFFER", "ResourceList", "ResourceOffer", False),
    ("LISTS_ORDER", "NeedList", "DemandOrder", False),
    ("OFFERS", "Agent", "ResourceOffer", False),
    ("NEEDS", "Agent", "DemandOrder", False),
    ("OFFER_CATEGORY", "ResourceOffer", "Category", True),
    ("ORDER_CATEGORY", "DemandOrder", "Category", True),
    ("OFFER_AT", "ResourceOffer", "Area", True),
    ("ORDER_AT", "DemandOrder", "Area", True),
    ("SERVES", "ResourceOffer", "Area", True),
    ("PAIRS", "Pairing", "Agent", True),
    ("AGREED_BY", "Agreement", "Agent", True),
    ("ALLIANCE_MEMBER", "Alliance", "Agent", True),
    ("ALLIANCE_SUPPORTER", "Alliance", "Agent", True),
    ("ALLIANCE_AT", "Alliance", "Area", True),
    ("HAS_TERM", "Alliance", "ChairTerm", False),
    ("CHAIRED_BY", "ChairTerm", "Agent", True),
    ("CHECKS_IN", "Agent", "CheckIn", False),
    ("CHECKED_IN_AT", "CheckIn", "Area", True),
    ("LOADED_INTO", "Import", "Area", True),
)
"""Type, label of the start, label of the end, whether the row's node is the start."""

PLACING: frozenset[str] = frozenset({"OFFER_AT", "ORDER_AT"})
"""By these an item is in an area, whose path it carries for who reads by areas (decision 0031)."""


def _node_statements(name: LiteralString, labels: LiteralString) -> NodeStatements:
    label: LiteralString = labels.partition(":")[0]
    return NodeStatements(
        read=statement(
            f"loading.read {name}",
            f"UNWIND $ids AS i MATCH (n:{label} {{id: i}}) RETURN n.id AS id, properties(n) AS p",
        ),
        make=statement(
            f"loading.make {name}",
            f"UNWIND $rows AS row MERGE (n:{labels} {{id: row.id}}) "
            "ON CREATE SET n += row RETURN n.id AS id, n.createdAt AS createdAt",
            writes=True,
        ),
        change=statement(
            f"loading.change {name}",
            f"UNWIND $rows AS row MATCH (n:{label} {{id: row.id}}) "
            "SET n += row.changes RETURN count(n) AS changed",
            writes=True,
        ),
    )


def _relation(
    name: LiteralString, start: LiteralString, end: LiteralString, *, owner_first: bool
) -> Relation:
    owner: LiteralString = start if owner_first else end
    other: LiteralString = end if owner_first else start
    arrow: LiteralString = f"-[r:{name}]->" if owner_first else f"<-[r:{name}]-"
    also: LiteralString = "SET a.areaPath = b.path " if name in PLACING else ""
    return Relation(
        name=name,
        owner_first=owner_first,
        read=statement(
            f"loading.read {name}",
            f"UNWIND $ids AS i MATCH (a:{owner} {{id: i}}){arrow}(b:{other}) "
            "RETURN a.id AS owner, b.id AS other",
        ),
        join=statement(
            f"loading.join {name}",
            f"UNWIND $pairs AS pair MATCH (a:{owner} {{id: pair[0]}}) "
            f"MATCH (b:{other} {{id: pair[1]}}) MERGE (a){arrow}(b) "
            f"{also}RETURN count(r) AS joined",
            writes=True,
        ),
        cut=statement(
            f"loading.cut {name}",
            f"UNWIND $pairs AS pair MATCH (a:{owner} {{id: pair[0]}})"
            f"{arrow}(b:{other} {{id: pair[1]}}) DELETE r",
            writes=True,
        ),
    )


NODES: dict[str, NodeStatements] = {
    name: _node_statements(name, labels) for name, labels in _LABELS
}
RELATIONS: dict[str, Relation] = {
    name: _relation(name, start, end, owner_first=owner_first)
    for name, start, end, owner_first in RELATION_ENDS
}
FOLLOW_AREAS = statement(
    "loading.follow areas",
    """UNWIND $ids AS i MATCH (a:Area {id: i})<-[:OFFER_AT|ORDER_AT]-(n)
SET n.areaPath = a.path RETURN count(n) AS followed""",
    writes=True,
)

AREAS_BY_CODE = statement(
    "loading.areas by code",
    """UNWIND $codes AS code MATCH (a:Area {code: code})
RETURN a.id AS id, a.name AS name, a.code AS code, a.level AS level, a.path AS path,
    a.aliases AS aliases""",
)
AREAS_BY_NAME = statement(
    "loading.areas by name",
    """MATCH (a:Area {name: $name})
RETURN a.id AS id, a.name AS name, a.code AS code, a.level AS level, a.path AS path,
    a.aliases AS aliases
ORDER BY a.code, a.id""",
)
AREAS_BY_ID = statement(
    "loading.areas by id",
    """UNWIND $ids AS i MATCH (a:Area {id: i})
RETURN a.id AS id, a.name AS name, a.code AS code, a.level AS level, a.path AS path,
    a.aliases AS aliases""",
)
AREAS_BELOW = statement(
    "loading.areas below",
    """MATCH (a:Area) WHERE a.path STARTS WITH $path
RETURN a.id AS id, a.name AS name, a.code AS code, a.level AS level, a.path AS path,
    a.aliases AS aliases
ORDER BY a.path""",
)
UNITS_BELOW = statement(
    "loading.units below",
    """MATCH (a:Area) WHERE a.path STARTS WITH $path
MATCH (u:Unit)-[:LOCATED_IN]->(a)
RETURN u.id AS id, u.name AS name, u.creditCode AS creditCode, u.aliases AS aliases,
    a.id AS area
ORDER BY u.id""",
)
BRANCHES_OF_AREAS_BELOW = statement(
    "loading.branches of areas below",
    """MATCH (a:Area) WHERE a.path STARTS WITH $path
MATCH (b:PartyBranch)-[:OF_AREA]->(a)
RETURN b.id AS id, b.name AS name, b.aliases AS aliases, a.id AS area
ORDER BY b.id""",
)
BRANCHES_OF_UNITS_BELOW = statement(
    "loading.branches of units below",
    """MATCH (a:Area) WHERE a.path STARTS WITH $path
MATCH (u:Unit)-[:LOCATED_IN]->(a)
MATCH (b:PartyBranch)-[:OF_UNIT]->(u)
RETURN b.id AS id, b.name AS name, b.aliases AS aliases, a.id AS area
ORDER BY b.id""",
)
ALLIANCE_PLACES = statement(
    "loading.places of alliances",
    """UNWIND $ids AS i MATCH (l:Alliance {id: i})
RETURN l.id AS id, [(l)-[:ALLIANCE_AT]->(a:Area) | a.path] AS lies""",
)
MEMBER_PLACES = statement(
    "loading.places of members",
    """UNWIND $ids AS i MATCH (m:Member {id: i})
RETURN m.id AS id,
    [(m)-[:LIVES_IN]->(a:Area) | a.path] AS lives,
    [(m)-[:WORKS_AT]->(:Unit)-[:LOCATED_IN]->(a:Area) | a.path] AS works,
    [(m)-[:BELONGS_TO]->(:PartyBranch)-[:OF_AREA]->(a:Area) | a.path] AS belongs,
    [(m)-[:BELONGS_TO]->(:PartyBranch)-[:OF_UNIT]->(:Unit)-[:LOCATED_IN]->(a:Area) | a.path]
        AS belongsAtWork""",
)


class OvertakenError(Exception):
    """Another load made one of the nodes in the meantime: the batch is compared anew."""


async def read_nodes(run: Run, kind: str, ids: Sequence[str]) -> dict[str, Properties]:
    """Return the properties of the nodes that exist, by id."""
    if not ids:
        return {}
    return {row["id"]: row["p"] for row in await run(NODES[kind].read, ids=list(ids))}


async def read_relation(run: Run, name: str, owners: Sequence[str]) -> dict[str, set[str]]:
    """Return the other ends of a relationship type, by owner."""
    found: dict[str, set[str]] = {}
    if owners:
        for row in await run(RELATIONS[name].read, ids=list(owners)):
            found.setdefault(row["owner"], set()).add(row["other"])
    return found


async def make_nodes(
    transaction: Transaction, kind: str, rows: Iterable[Mapping[str, Any]]
) -> None:
    """Make nodes. Raises OvertakenError where one has been made by somebody else since."""
    made = [{name: value for name, value in row.items() if value is not None} for row in rows]
    if not made:
        return
    created_at = {row["id"]: row["createdAt"] for row in made}
    for row in await transaction.run(NODES[kind].make, rows=made):
        if row["createdAt"] != created_at[row["id"]]:
            raise OvertakenError(row["id"])


async def change_nodes(
    transaction: Transaction, kind: str, changes: Mapping[str, Mapping[str, Any]]
) -> None:
    """Set properties of nodes by id; None removes. Items follow the path of their area."""
    if not changes:
        return
    rows = [{"id": node_id, "changes": dict(changed)} for node_id, changed in changes.items()]
    await transaction.run(NODES[kind].change, rows=rows)
    moved = [node_id for node_id, changed in changes.items() if "path" in changed]
    if moved and kind in _AREAS:
        await transaction.run(FOLLOW_AREAS, ids=moved)


async def join(transaction: Transaction, name: str, pairs: Pairs) -> None:
    """Make relationships. Raises OvertakenError where an end is gone."""
    if not pairs:
        return
    rows = await transaction.run(RELATIONS[name].join, pairs=[list(pair) for pair in sorted(pairs)])
    if rows[0]["joined"] != len(pairs):
        raise OvertakenError(name)


async def cut(transaction: Transaction, name: str, pairs: Pairs) -> None:
    """Remove relationships."""
    if pairs:
        await transaction.run(RELATIONS[name].cut, pairs=[list(pair) for pair in sorted(pairs)])
