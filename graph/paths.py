"""Links between nodes that anybody may know of, followed level by level.

Each level is one small statement for each label, over the nodes reached so far; the engines'
own shortest paths differ in when they look at a condition (the embedded one after the search), so
a node that may not be seen would hide the way around it.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from domain.access import Viewer
from domain.clock import Clock
from graph.access import AccessKind, Rules
from graph.access_parameters import used_parameters
from graph.driver import Graph
from graph.statements import CompiledStatement

FOLLOWED = (
    "AGREED_BY",
    "ALLIANCE_AT",
    "ALLIANCE_MEMBER",
    "ALLIANCE_SUPPORTER",
    "CHILD_OF",
    "ISSUES_NEEDS",
    "ISSUES_RESOURCES",
    "LISTS_OFFER",
    "LISTS_ORDER",
    "LOCATED_IN",
    "NEEDS",
    "OFFERS",
    "OFFER_AT",
    "OFFER_CATEGORY",
    "OF_AREA",
    "OF_UNIT",
    "ORDER_AT",
    "ORDER_CATEGORY",
    "PAIRS",
    "PART_OF",
    "SERVES",
    "SUBSTITUTABLE_BY",
    "UNDER",
)
"""The relationships that a way may take: none of claims, of persons, of accounts."""
KINDS = (
    "Agreement",
    "Alliance",
    "Area",
    "Category",
    "DemandOrder",
    "NeedList",
    "Pairing",
    "PartyBranch",
    "ResourceList",
    "ResourceOffer",
    "Unit",
)
"""The types of the nodes that a way may pass: no persons."""


@dataclass(frozen=True, slots=True, order=True)
class Stop:
    """A node on a way."""

    kind: str
    id: str


@dataclass(frozen=True, slots=True, order=True)
class Step:
    """A relationship from one node to another, in its own direction."""

    start: Stop
    relationship: str
    end: Stop


def _seen(kind: AccessKind, types: Collection[str], variable: str) -> str:
    visible = Rules(kind).visible(types, variable)
    return "" if visible is None else f" AND {visible}"


def _existing(kind: AccessKind, label: str) -> CompiledStatement:
    text = f"MATCH (n:{label}) WHERE n.id = $id{_seen(kind, (label,), 'n')} RETURN n.id AS id"
    return CompiledStatement(text, "paths.existing")


def _links(kind: AccessKind, label: str) -> CompiledStatement:
    """Return the statement of the links of nodes of one label to nodes that may be seen.

    Both directions are patterns of their own: an undirected one does not say which way it went.
    """
    followed = "|".join(FOLLOWED)
    labels = " OR ".join(f"m:{each}" for each in KINDS)
    lists = [
        f"COLLECT {{ UNWIND $ids AS wanted MATCH (n:{label} {{id: wanted}}){left}[r:{followed}]"
        f"{right}(m) WHERE ({labels}){_seen(kind, KINDS, 'm')} WITH n, r, m LIMIT $most "
        f"RETURN [n.id, type(r), head([l IN labels(m) WHERE l <> 'Agent']), m.id] }}"
        for left, right in (("-", "->"), ("<-", "-"))
    ]
    return CompiledStatement(f"RETURN [{', '.join(lists)}] AS row", "paths.links")


async def may_see(graph: Graph, viewer: Viewer, clock: Clock, stop: Stop) -> bool:
    """Whether there is such a node for this caller."""
    found = _existing(AccessKind.of(viewer), stop.kind)
    parameters = {"id": stop.id, **used_parameters(found, viewer, clock())}
    return bool(await graph.read_single(found, parameters))


async def links_of(
    graph: Graph, viewer: Viewer, clock: Clock, label: str, ids: Sequence[str], most: int
) -> list[Step]:
    """Return the links of nodes of one label, at most so many in each direction, sorted."""
    statement = _links(AccessKind.of(viewer), label)
    parameters = {"ids": list(ids), "most": most, **used_parameters(statement, viewer, clock())}
    (row,) = await graph.read_single(statement, parameters)
    out, into = row
    steps = [Step(Stop(label, near), kind, Stop(other, far)) for near, kind, other, far in out]
    steps += [Step(Stop(other, far), kind, Stop(label, near)) for near, kind, other, far in into]
    return sorted(steps)
