"""Which statements Neo4j has planned already, and planning others before they are needed.

To plan a text that it has not seen costs Neo4j far more than to run it, so a compiled read whose
statement is not planned yet is run by levels (`graph.reads.levels`), in small statements that are,
while the whole is planned in the background: run with parameters of the same sizes that find
nothing, since EXPLAIN leaves the second half of the planning to the first run. What is planned is
kept per text and per size class of the parameters (`graph.reads.shapes`), as Neo4j keeps it.
"""

import asyncio
import contextlib
from collections import OrderedDict
from collections.abc import AsyncGenerator, Hashable, Iterable, Mapping
from enum import StrEnum
from typing import Any
from weakref import WeakKeyDictionary

import structlog
from neo4j.exceptions import Neo4jError

from domain.errors import EngineError
from graph.driver import Graph
from graph.endpoint import Dialect
from graph.reads.shapes import example, size_class
from graph.statements import LEVEL, CompiledStatement

MOST_REMEMBERED = 200
MOST_PLANNED = 300
"""Whole statements that are taken for planned; Neo4j keeps 1,000 texts of all kinds."""

log = structlog.get_logger()


class ByLevels(StrEnum):
    """When compiled reads run by levels."""

    NEVER = "NEVER"
    UNPLANNED = "UNPLANNED"
    ALWAYS = "ALWAYS"


class Planning:
    """What is planned on one graph. Its background work ends with `close`."""

    def __init__(self, graph: Graph, by_levels: ByLevels) -> None:
        self._graph = graph
        self._by_levels = by_levels
        self._planned: OrderedDict[Hashable, tuple[str, Mapping[str, Any]]] = OrderedDict()
        self._awaited: OrderedDict[Hashable, tuple[CompiledStatement, Mapping[str, Any]]] = (
            OrderedDict()
        )
        self._worker: asyncio.Task[None] | None = None

    def runs_by_levels(self, statement: CompiledStatement, parameters: Mapping[str, Any]) -> bool:
        """Whether to run it by levels now; if it has still to be planned, that begins."""
        if self._by_levels is not ByLevels.UNPLANNED:
            return self._by_levels is ByLevels.ALWAYS
        key = statement.text, size_class(parameters)
        if key in self._planned:
            self._planned.move_to_end(key)
            return False
        # Somebody asks it now: before what is only expected to be asked.
        self.plan(statement, parameters)
        if key in self._awaited:
            self._awaited.move_to_end(key, last=False)
        return True

    @property
    def waits_for_plans(self) -> bool:
        """Whether planning ahead is worth it."""
        return self._by_levels is ByLevels.UNPLANNED

    def plan(self, statement: CompiledStatement, parameters: Mapping[str, Any]) -> None:
        """Plan a statement in the background, after those that were asked for before."""
        key = statement.text, size_class(parameters)
        if key in self._planned or key in self._awaited:
            return
        self._awaited[key] = statement, parameters
        if self._worker is None or self._worker.done():
            self._worker = asyncio.create_task(self._work())

    def remembered(self) -> list[Any]:
        """Return the statements used last, with the sizes of their parameters but no values."""
        used = list(self._planned.values())[-MOST_REMEMBERED:]
        return [[text, example(parameters)] for text, parameters in used]

    def recall(self, remembered: Iterable[Any]) -> None:
        """Plan what an earlier process remembered."""
        for text, parameters in remembered:
            self.plan(CompiledStatement(text), parameters)

    async def settled(self) -> None:
        """Wait until all that was asked for is planned."""
        while self._worker is not None and not self._worker.done():
            await asyncio.wait([self._worker])

    async def close(self) -> None:
        """End the background work."""
        if self._worker is not None:
            self._worker.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._worker

    async def _work(self) -> None:
        """Plan one after the other: side by side they would hold up the answers."""
        while self._awaited:
            key, (statement, parameters) = next(iter(self._awaited.items()))
            try:
                await self._graph.rehearse(statement, example(parameters))
            except (EngineError, Neo4jError) as error:
                # The statement itself will meet the same, and tells it to who asks.
                log.warning("not planned", problem=str(error))
                del self._awaited[key]
                continue
            del self._awaited[key]
            if statement.name == LEVEL:
                continue
            self._planned[key] = statement.text, parameters
            if len(self._planned) > MOST_PLANNED:
                self._planned.popitem(last=False)


_PLANNINGS: WeakKeyDictionary[Graph, Planning] = WeakKeyDictionary()


def planning_of(graph: Graph) -> Planning | None:
    """Return what is planned on a graph, None where nobody keeps it: then all is run whole."""
    return _PLANNINGS.get(graph)


@contextlib.asynccontextmanager
async def keeping_plans(
    graph: Graph, by_levels: ByLevels | None = None
) -> AsyncGenerator[Planning]:
    """Keep what is planned on a graph, until the end.

    Where nothing else is said, statements run by levels until they are planned on Neo4j; on the
    embedded engine, which plans quickly, never.
    """
    if by_levels is None:
        on_neo4j = graph.dialect is Dialect.NEO4J
        by_levels = ByLevels.UNPLANNED if on_neo4j else ByLevels.NEVER
    planning = Planning(graph, by_levels)
    _PLANNINGS[graph] = planning
    try:
        yield planning
    finally:
        del _PLANNINGS[graph]
        await planning.close()
