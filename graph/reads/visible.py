"""Which nodes of a type a caller may see: the rules alone, without a read of anything else."""

from collections.abc import Sequence
from datetime import datetime
from functools import cache

from domain.access import Viewer
from graph.access import AccessKind, Rules
from graph.access_parameters import used_parameters
from graph.driver import Graph
from graph.statements import CompiledStatement


@cache
def visible_statement(kind: AccessKind, label: str) -> CompiledStatement:
    """Return what asks which of `$ids` are nodes of a type that such callers may see."""
    visible = Rules(kind).visible((label,), "n")
    where = "" if visible is None else f" WHERE {visible}"
    return CompiledStatement(
        f"UNWIND $ids AS id MATCH (n:{label} {{id: id}}){where} RETURN n.id AS id"
    )


async def visible_ids(
    graph: Graph, viewer: Viewer, now: datetime, label: str, ids: Sequence[str]
) -> set[str]:
    """Return which of the nodes of a type the caller may see now. Raises EngineError."""
    statement = visible_statement(AccessKind.of(viewer), label)
    parameters = used_parameters(statement, viewer, now)
    rows = await graph.read(statement, ids=list(ids), **parameters)
    return {row["id"] for row in rows}
