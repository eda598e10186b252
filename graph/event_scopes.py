"""Whom an event concerns: the agents and the areas of the nodes that it changed.

It is read when the event is numbered, and kept with it (`areaIds`, `agentIds`, `scopes`): who may
see the event, and which subscription or webhook it goes to, is then told without a walk through
the graph, and stays as it was when areas are joined or nodes go.
"""

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, LiteralString

from graph.driver import Graph
from graph.event_numbers import WaitingEvent
from graph.reads.places import TO_AREA
from graph.statements import statement

FOLLOWED = ("Claim", "DemandOrder", "MatchRun")
"""The kinds of nodes that have subscriptions of their own: each node's scope is kept."""
AGENT_KINDS = ("Area", "Member", "PartyBranch", "Unit")
NONE: LiteralString = "[]"


def _agents(pattern: LiteralString) -> LiteralString:
    return f"COLLECT {{ MATCH {pattern} RETURN a.id }}"


def _areas(pattern: LiteralString) -> LiteralString:
    return f"COLLECT {{ MATCH {pattern} RETURN x.path }}"


def _both(one: LiteralString, other: LiteralString) -> LiteralString:
    return f"{one} + {other}"


_ALLIED: LiteralString = "-[:ALLIANCE_MEMBER|ALLIANCE_SUPPORTER]->(a:Agent)"
_SIDES: LiteralString = "-[:CLAIM_SUPPLIER|CLAIM_RECEIVER]->(a:Agent)"
_ANCHORS: dict[LiteralString, tuple[LiteralString, LiteralString]] = {
    "Area": (_agents("(n)-[:PART_OF*0..0]->(a:Agent)"), "[n.path]"),
    "Claim": (_agents(f"(n){_SIDES}"), NONE),
    "ClaimLine": (_agents(f"(n)<-[:HAS_LINE]-(:Claim){_SIDES}"), NONE),
    "Evaluation": (_agents(f"(n)-[:EVALUATES]->(:Claim){_SIDES}"), NONE),
    "DemandOrder": (_agents("(n)<-[:NEEDS]-(a:Agent)"), _areas("(n)-[:ORDER_AT]->(x:Area)")),
    "ResourceOffer": (_agents("(n)<-[:OFFERS]-(a:Agent)"), _areas("(n)-[:OFFER_AT]->(x:Area)")),
    "Slot": (
        _agents("(n)<-[:HAS_SLOT]-(:ResourceOffer)<-[:OFFERS]-(a:Agent)"),
        _areas("(n)<-[:HAS_SLOT]-(:ResourceOffer)-[:OFFER_AT]->(x:Area)"),
    ),
    "ResourceList": (_agents("(n)<-[:ISSUES_RESOURCES]-(a:Agent)"), NONE),
    "NeedList": (_agents("(n)<-[:ISSUES_NEEDS]-(a:Agent)"), NONE),
    "MatchRun": (NONE, _areas("(n)-[:RUN_IN]->(x:Area)")),
    "Proposal": (NONE, _areas("(n)-[:PROPOSES_ORDER]->(:DemandOrder)-[:ORDER_AT]->(x:Area)")),
    "Package": (
        _agents(f"(n)<-[:BOUND_BY]-(:Claim){_SIDES}"),
        _areas("(n)-[:PACKS]->(:Proposal)-[:PROPOSES_ORDER]->(:DemandOrder)-[:ORDER_AT]->(x:Area)"),
    ),
    "Pairing": (_agents("(n)-[:PAIRS]->(a:Agent)"), NONE),
    "Agreement": (_agents("(n)-[:AGREED_BY]->(a:Agent)"), NONE),
    "Alliance": (
        _agents(f"(n){_ALLIED}"),
        _areas("(n)-[:ALLIANCE_AT]->(x:Area)"),
    ),
    "ChairTerm": (
        _both(
            _agents("(n)-[:CHAIRED_BY]->(a:Agent)"),
            _agents(f"(n)<-[:HAS_TERM]-(:Alliance){_ALLIED}"),
        ),
        _areas("(n)<-[:HAS_TERM]-(:Alliance)-[:ALLIANCE_AT]->(x:Area)"),
    ),
    "CheckIn": (
        _both(
            _agents("(n)<-[:CHECKS_IN]-(a:Agent)"),
            _agents("(n)-[:CHECKED_IN_AT]->(a:Agent)"),
        ),
        _areas("(n)-[:CHECKED_IN_AT]->(x:Area)"),
    ),
    "EvidenceFile": (_agents(f"(n)-[:EVIDENCE_OF]->(:Claim){_SIDES}"), NONE),
    "Import": (NONE, _areas("(n)-[:LOADED_INTO]->(x:Area)")),
}
"""By kind: the agents whose node it is, and the paths of the areas where it lies by itself."""
OWN_AREA_ONLY = frozenset({"DemandOrder", "ResourceOffer", "Slot"})
"""What lies where it is offered or wanted; everything else where its agents are."""

ANCHORS = {
    kind: statement(
        f"event_scopes.{kind}",
        f"UNWIND $ids AS id MATCH (n:{kind} {{id: id}}) "
        f"RETURN n.id AS id, {agents} AS agents, {areas} AS paths",
    )
    for kind, (agents, areas) in _ANCHORS.items()
}
# A resident without an account is spoken for by the community, as in `graph.access`.
PLACES = statement(
    "event_scopes.places",
    f"""UNWIND $ids AS id
MATCH (n:Agent {{id: id}})
RETURN n.id AS id,
       COLLECT {{ MATCH (n)-[:{TO_AREA}*0..3]->(x:Area)
                 RETURN DISTINCT x.path }} AS paths,
       COLLECT {{ MATCH (n)-[:LIVES_IN]->(x:Area)
                 WHERE NOT EXISTS {{ MATCH (n)<-[:FOR_AGENT]-(:Grant) }}
                 RETURN x.path }} AS homes""",
)
ROLES = statement(
    "event_scopes.roles",
    """UNWIND $rows AS row
MATCH (a:Account {id: row[1]})-[:HOLDS]->(held:Grant)
WHERE held.validFrom <= row[2] AND (held.validUntil IS NULL OR held.validUntil > row[2])
RETURN row[0] AS id, collect(DISTINCT held.role) AS roles""",
)


@dataclass(slots=True)
class Scope:
    """The agents that something concerns, and the paths of the areas in which it lies."""

    agents: set[str] = field(default_factory=set[str])
    paths: set[str] = field(default_factory=set[str])

    def add(self, other: "Scope") -> None:
        """Add what else it concerns."""
        self.agents |= other.agents
        self.paths |= other.paths

    def lies_in(self, area_id: str) -> bool:
        """Whether it lies in the area, or below it."""
        return any(f"/{area_id}/" in path for path in self.paths)


def scopes_text(scopes: Mapping[str, Scope]) -> str:
    """Return scopes by node id as they are stored."""
    found = {
        node_id: [sorted(scope.agents), sorted(scope.paths)] for node_id, scope in scopes.items()
    }
    return json.dumps(found, separators=(",", ":"), sort_keys=True)


def parse_scopes(stored: str | None) -> dict[str, Scope]:
    """Return stored scopes by node id."""
    found: dict[str, list[list[str]]] = json.loads(stored or "{}")
    return {node_id: Scope(set(agents), set(paths)) for node_id, (agents, paths) in found.items()}


async def scoping(graph: Graph, events: Sequence[WaitingEvent]) -> list[dict[str, Any]]:
    """Return the properties that say whom each event concerns, in the order of the events."""
    by_kind: dict[str, set[str]] = {}
    for event in events:
        for node_id, kind in event.nodes:
            by_kind.setdefault(kind, set()).add(node_id)
    of_nodes = await _scopes(graph, by_kind)
    roles = await _roles(graph, events)
    return [_properties(event, of_nodes, roles.get(event.id, [])) for event in events]


def _properties(
    event: WaitingEvent, of_nodes: Mapping[str, Scope], roles: list[str]
) -> dict[str, Any]:
    whole = Scope()
    followed: dict[str, Scope] = {}
    for node_id, kind in event.nodes:
        if (scope := of_nodes.get(node_id)) is not None:
            whole.add(scope)
            if kind in FOLLOWED:
                followed[node_id] = scope
    areas = {part for path in whole.paths for part in path.split("/") if part}
    found: dict[str, Any] = {
        "areaIds": sorted(areas),
        "agentIds": sorted(whole.agents),
        "actorRoles": sorted(roles),
        "scopes": scopes_text(followed) if followed else None,
    }
    return {name: value for name, value in found.items() if value}


async def _scopes(graph: Graph, by_kind: Mapping[str, Collection[str]]) -> dict[str, Scope]:
    scopes: dict[str, Scope] = {}
    agents_of: dict[str, tuple[str, list[str]]] = {}
    for kind, ids in by_kind.items():
        if kind in {"Unit", "PartyBranch", "Member"}:
            agents_of |= {node_id: (kind, [node_id]) for node_id in ids}
            continue
        if kind not in ANCHORS:
            continue
        for row in await graph.read(ANCHORS[kind], ids=sorted(ids)):
            scopes[row["id"]] = Scope(paths=set(filter(None, row["paths"])))
            agents_of[row["id"]] = (kind, row["agents"])
    places = await _places(graph, {each for _, agents in agents_of.values() for each in agents})
    for node_id, (kind, agents) in agents_of.items():
        scope = scopes.setdefault(node_id, Scope())
        for agent in agents:
            place = places.get(agent, Scope())
            scope.agents |= {agent, *place.agents}
            if kind not in OWN_AREA_ONLY:
                scope.paths |= place.paths
    return scopes


async def _places(graph: Graph, agent_ids: Iterable[str]) -> dict[str, Scope]:
    """Return for each agent where it lies, and who speaks for it beside itself."""
    rows = await graph.read(PLACES, ids=sorted(agent_ids))
    return {
        row["id"]: Scope(
            agents={part for path in row["homes"] for part in path.split("/") if part},
            paths=set(row["paths"]),
        )
        for row in rows
    }


async def _roles(graph: Graph, events: Sequence[WaitingEvent]) -> dict[str, list[str]]:
    """Return by event the roles that its actor held when it was made."""
    asked = [[event.id, event.actor, event.created_at] for event in events]
    return {row["id"]: row["roles"] for row in await graph.read(ROLES, rows=asked)}
