"""Which statements Neo4j has planned already, and planning others before they are needed.

To plan a text that it has not seen costs Neo4j far more than to run it, so a compiled read whose
statement is not planned yet is run by levels (`graph.reads.levels`), in small statements that are,
while the whole is planned in the background: run with parameters of the same sizes that find
nothing, since EXPLAIN leaves the second half of the planning to the first run. What is planned is
kept per text and per size class of the parameters (`graph.reads.shapes`), as Neo4j keeps it.

Neo4j keeps so many plans and no more. Full, it takes a new one only for a text that was asked for
more often than one that it would drop: what is run once would be planned anew at every run. So we
ask for no more than a share of what it keeps, and plan a text until it is seen to be kept.
"""

import asyncio
import contextlib
from collections import OrderedDict
from collections.abc import AsyncGenerator, Generator, Hashable, Iterable, Mapping
from enum import StrEnum
from typing import Any
from weakref import WeakKeyDictionary

import structlog
from neo4j.exceptions import Neo4jError

from domain.errors import EngineError
from graph.driver import Graph
from graph.endpoint import Dialect
from graph.reads.shapes import example, size_class
from graph.statements import LEVEL, CompiledStatement, Statement

MOST_REMEMBERED = 200
KEPT_BY_DEFAULT = 1_000
"""Plans that Neo4j keeps of a database where it is not told otherwise."""
SHARE_OF_WHOLE, SHARE_AHEAD = 0.25, 0.55
"""Of these, how many may be of whole statements, and of small ones planned ahead; the rest is for
all other statements."""
QUICK = 0.02
"""Seconds within which a statement answers that is planned, and finds nothing."""
MOST_RUNS = 3
"""Runs of a statement to have it planned and kept."""
LONGEST_PAUSE = 0.25
"""Seconds for which planning makes way for reads by levels."""
_KEPT = Statement(
    "planning.kept",
    "SHOW SETTINGS 'server.memory.query_cache.per_db_cache_num_entries' YIELD value RETURN value",
)
# Not registered: it is asked of Neo4j alone.

log = structlog.get_logger()


class ByLevels(StrEnum):
    """When compiled reads run by levels."""

    NEVER = "NEVER"
    UNPLANNED = "UNPLANNED"
    ALWAYS = "ALWAYS"


class Planning:
    """What is planned on one graph. Its background work ends with `close`."""

    def __init__(self, graph: Graph, by_levels: ByLevels, kept: int = KEPT_BY_DEFAULT) -> None:
        self.most_ahead = int(SHARE_AHEAD * kept)
        """How many small statements may be planned ahead."""
        self._most_whole = int(SHARE_OF_WHOLE * kept)
        self._graph = graph
        self._by_levels = by_levels
        self._planned: OrderedDict[Hashable, tuple[str, Mapping[str, Any]]] = OrderedDict()
        self._awaited: OrderedDict[Hashable, tuple[CompiledStatement, Mapping[str, Any]]] = (
            OrderedDict()
        )
        self._worker: asyncio.Task[None] | None = None
        self._reading = 0
        self._quiet = asyncio.Event()
        self._quiet.set()
        self._returns = graph.watch.returns

    def runs_by_levels(self, statement: CompiledStatement, parameters: Mapping[str, Any]) -> bool:
        """Whether to run it by levels now; if it has still to be planned, that begins."""
        if self._by_levels is not ByLevels.UNPLANNED:
            return self._by_levels is ByLevels.ALWAYS
        key = statement.text, size_class(parameters)
        if self._returns != self._graph.watch.returns:
            self._begin_anew()
        if key in self._planned:
            self._planned.move_to_end(key)
            return False
        # Somebody asks it now: before what is only expected to be asked.
        self.plan(statement, parameters)
        if key in self._awaited:
            self._awaited.move_to_end(key, last=False)
        return True

    @contextlib.contextmanager
    def reading_by_levels(self) -> Generator[None]:
        """Keep planning from taking the engine's time while somebody waits for such a read."""
        self._reading += 1
        self._quiet.clear()
        try:
            yield
        finally:
            self._reading -= 1
            if not self._reading:
                self._quiet.set()

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
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LONGEST_PAUSE):
                    await self._quiet.wait()
            key, (statement, parameters) = next(iter(self._awaited.items()))
            try:
                await self._rehearse(statement, example(parameters))
            except (EngineError, Neo4jError) as error:
                # The statement itself will meet the same, and tells it to who asks.
                log.warning("not planned", problem=str(error))
                del self._awaited[key]
                continue
            del self._awaited[key]
            if statement.name == LEVEL:
                continue
            self._planned[key] = statement.text, parameters
            if len(self._planned) > self._most_whole:
                self._planned.popitem(last=False)

    def _begin_anew(self) -> None:
        """Plan again what was planned: an engine that was away has forgotten it."""
        self._returns = self._graph.watch.returns
        former = self.remembered()
        self._planned.clear()
        self.recall(former)

    async def _rehearse(self, statement: CompiledStatement, parameters: dict[str, Any]) -> None:
        """Run a statement until it is planned and its plan is kept."""
        clock = asyncio.get_running_loop().time
        for _ in range(MOST_RUNS):
            began = clock()
            await self._graph.rehearse(statement, parameters)
            if clock() - began < QUICK:
                return


_PLANNINGS: WeakKeyDictionary[Graph, Planning] = WeakKeyDictionary()


def planning_of(graph: Graph) -> Planning | None:
    """Return what is planned on a graph, None where nobody keeps it: then all is run whole."""
    return _PLANNINGS.get(graph)


async def plans_kept(graph: Graph) -> int:
    """Return how many plans the engine keeps, as far as it tells."""
    if graph.dialect is not Dialect.NEO4J:
        return KEPT_BY_DEFAULT
    try:
        rows = await graph.read(_KEPT)
        return int(rows[0]["value"]) if rows else KEPT_BY_DEFAULT
    except (EngineError, Neo4jError) as error:
        # A hosted one need not tell its settings.
        log.info("settings not told", problem=str(error))
        return KEPT_BY_DEFAULT


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
    waits = by_levels is ByLevels.UNPLANNED
    kept = await plans_kept(graph) if waits else KEPT_BY_DEFAULT
    planning = Planning(graph, by_levels, kept)
    _PLANNINGS[graph] = planning
    try:
        yield planning
    finally:
        del _PLANNINGS[graph]
        await planning.close()
