"""What a hub has Neo4j plan before anybody waits for it, and what it remembers of that."""

import asyncio
from collections.abc import AsyncGenerator, Iterable
from contextlib import asynccontextmanager
from pathlib import Path

import orjson
import structlog
from graphql import GraphQLSchema

from graph.driver import Graph
from graph.planning import Planning, planning_of
from schema.resolve import mapping_of
from schema.warming import document_statements, level_statements
from server.settings import Settings

FILE = "planned-statements.json"
log = structlog.get_logger()


@asynccontextmanager
async def remembering(planning: Planning, settings: Settings) -> AsyncGenerator[None]:
    """Plan the statements that an earlier process used last, and keep those of this one.

    The file holds texts of statements and the sizes of their parameters, no values. What cannot be
    read is left aside: it costs the first answers some time, nothing else.
    """
    if not planning.waits_for_plans:
        yield
        return
    file = settings.data_directory / FILE
    planning.recall(_read(file))
    try:
        yield
    finally:
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(orjson.dumps(planning.remembered()))
        except OSError as problem:
            log.warning("statements not remembered", file=str(file), problem=str(problem))


async def plan_ahead(graph: Graph, schema: GraphQLSchema, documents: Iterable[str]) -> None:
    """Ask for the documents' statements to be planned, then for all small ones of the levels."""
    planning = planning_of(graph)
    if planning is None or not planning.waits_for_plans:
        return
    mapping = mapping_of(schema)
    try:
        # Made in another thread: there are hundreds, and requests are answered meanwhile.
        whole = await asyncio.to_thread(document_statements, schema, mapping, documents)
        small = await asyncio.to_thread(level_statements, schema, mapping)
    except Exception:
        # Nobody waits for this task; without it the first answers take longer, and that is all.
        log.exception("nothing was planned ahead")
        return
    ahead = small[: planning.most_ahead]
    for statement, parameters in (*whole, *ahead):
        planning.plan(statement, parameters)
    log.info("planning ahead", documents=len(whole), levels=len(ahead), of_levels=len(small))


def _read(file: Path) -> list[tuple[str, dict[str, object]]]:
    try:
        found = orjson.loads(file.read_bytes())
        return [(str(text), dict(parameters)) for text, parameters in found]
    except (OSError, ValueError, TypeError):
        return []
