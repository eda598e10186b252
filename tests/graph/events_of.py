"""What the history says of a node, for tests of changes."""

import json
from dataclasses import dataclass
from typing import Any

from graph.driver import Graph
from graph.statements import CompiledStatement

EVENTS = CompiledStatement(
    """MATCH (e:Event) WHERE $id IN e.nodeIds
RETURN e.actor AS actor, e.action AS action, e.changes AS changes ORDER BY e.sortKey"""
)


@dataclass(frozen=True)
class Told:
    """An event, its changes read."""

    actor: str
    action: str
    changes: dict[str, dict[str, list[Any]]]


async def events_of(graph: Graph, node_id: str, action: str | None = None) -> list[Told]:
    """Return the events of a node, oldest first, those of one action where it is given."""
    rows = await graph.read(EVENTS, id=node_id)
    found = [Told(row["actor"], row["action"], json.loads(row["changes"])) for row in rows]
    return [each for each in found if action is None or each.action == action]
