"""Reading the numbered history in its order."""

from dataclasses import dataclass

from graph.driver import Graph
from graph.event_scopes import Scope, parse_scopes
from graph.statements import statement

AFTER = statement(
    "history.after",
    """MATCH (e:Event) WHERE e.number > $after AND e.number <= $until
WITH e ORDER BY e.number LIMIT $size
RETURN e.number AS number, e.id AS id, e.action AS action, e.createdAt AS createdAt,
       e.nodeIds AS nodeIds, e.nodeTypes AS nodeTypes, e.areaIds AS areaIds,
       e.scopes AS scopes
ORDER BY number""",
)


@dataclass(frozen=True, slots=True)
class Happened:
    """An event as those who follow the history need it: what happened, where, to which nodes."""

    number: int
    id: str
    action: str
    created_at: str
    nodes: tuple[tuple[str, str], ...]
    """Id and label of each node that it changed."""
    area_ids: frozenset[str]
    """The areas in which they lie, and all above."""
    scopes: dict[str, Scope]
    """By id of the claims and orders among them."""


async def events_after(graph: Graph, number: int, until: int, size: int) -> list[Happened]:
    """Return up to `size` events after a number, until another (included), in their order."""
    rows = await graph.read(AFTER, after=number, until=until, size=size)
    return [
        Happened(
            number=row["number"],
            id=row["id"],
            action=row["action"],
            created_at=row["createdAt"],
            nodes=tuple(zip(row["nodeIds"] or (), row["nodeTypes"] or (), strict=False)),
            area_ids=frozenset(row["areaIds"] or ()),
            scopes=parse_scopes(row["scopes"]),
        )
        for row in rows
    ]
