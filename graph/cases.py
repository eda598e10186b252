"""Past cases: completed claims, with what they were for, as far as the caller may see both."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from domain.access import Viewer
from domain.clock import Clock
from domain.holds import SETTLED
from graph.access import AccessKind, Rules
from graph.access_parameters import used_parameters
from graph.driver import Graph
from graph.statements import CompiledStatement

OVER = sorted(state.value for state in SETTLED)
ABOUT = (
    "[{id}, {node}.title, {node}.description, "
    "head(COLLECT {{ MATCH ({node})-[:{name}_CATEGORY]->(g:Category) RETURN g.path }}), "
    "head(COLLECT {{ MATCH ({node})-[:{name}_AT]->(p:Area) RETURN p.path }})]"
)


@dataclass(frozen=True, slots=True)
class CaseRow:
    """What an order, or a claim, is about; the id is the order's, or the claim's."""

    id: str
    title: str
    description: str
    category_path: str
    area_path: str


async def order_about(graph: Graph, viewer: Viewer, clock: Clock, order_id: str) -> CaseRow | None:
    """Return what an order is about, None where there is none for the caller."""
    (row,) = await _read(graph, _order(AccessKind.of(viewer)), viewer, clock, id=order_id) or [None]
    return None if row is None else _row(row)


async def past_cases(
    graph: Graph, viewer: Viewer, clock: Clock, order_id: str, root: str, most: int
) -> Sequence[CaseRow]:
    """Return the completed claims of the categories below a root, but those for this order.

    The latest `most` of those for orders, and as many of those that only name an offer.
    """
    statement = _cases(AccessKind.of(viewer))
    (row,) = await _read(
        graph, statement, viewer, clock, id=order_id, root=root, most=most, over=OVER
    )
    return [_row(each) for found in row for each in found if each[3] is not None]


def _order(kind: AccessKind) -> CompiledStatement:
    about = ABOUT.format(id="n.id", node="n", name="ORDER")
    text = f"MATCH (n:DemandOrder) WHERE n.id = $id{_seen(kind, 'DemandOrder', 'n')} "
    return CompiledStatement(f"{text}RETURN {about} AS row", "cases.order")


def _cases(kind: AccessKind) -> CompiledStatement:
    """Return the statement of past cases: those for an order, and those of an offer alone."""
    for_order = _found(kind, "ORDER", "DemandOrder", "FOR_ORDER", " AND n.id <> $id")
    alone = " AND NOT EXISTS { MATCH (c)-[:FOR_ORDER]->(:DemandOrder) }"
    of_offer = _found(kind, "OFFER", "ResourceOffer", "FROM_OFFER", alone)
    return CompiledStatement(f"RETURN [{for_order}, {of_offer}] AS row", "cases.past")


def _found(kind: AccessKind, name: str, label: str, link: str, further: str) -> str:
    return (
        f"COLLECT {{ MATCH (k:Category)<-[:{name}_CATEGORY]-(n:{label})<-[:{link}]-(c:Claim) "
        f"WHERE k.path STARTS WITH $root AND c.state IN $over{further}"
        f"{_seen(kind, 'Claim', 'c')}{_seen(kind, label, 'n')} "
        f"WITH c, n ORDER BY c.sortKey DESC LIMIT $most "
        f"RETURN {ABOUT.format(id='c.id', node='n', name=name)} }}"
    )


def _seen(kind: AccessKind, name: str, variable: str) -> str:
    visible = Rules(kind).visible((name,), variable)
    return "" if visible is None else f" AND ({visible})"


async def _read(
    graph: Graph, statement: CompiledStatement, viewer: Viewer, clock: Clock, **given: object
) -> list[Any]:
    return await graph.read_single(
        statement, {**given, **used_parameters(statement, viewer, clock())}
    )


def _row(row: Sequence[Any]) -> CaseRow:
    case_id, title, description, category, area = row
    return CaseRow(case_id, title, description or "", category or "", area or "")
