"""The one way to the graph: reads, and writes that are retried, over the official async driver.

What a caller of this module has to know:

- `Graph.read` runs one statement outside of a transaction; a transient failure (a memory pool, a
  leader switch, an engine that is being restarted) is repeated for a short while.
- `Graph.write` runs a piece of work in one transaction, again from the start whenever another
  writer came in between. So the work has no effect outside of the graph, and makes no ids or
  times: they are made before. It takes its locks first, by setting a property to a new value that
  is a parameter: on Neo4j, `SET n.turn = n.turn + 1` as a lock makes writers deadlock. It does
  not call `Graph.write`, whose turn it has.
- When the connection is lost while the commit is under way, nobody knows whether it happened.
  Such work is run again only where the caller says that this is harmless (`repeatable=True`: the
  work looks up its idempotency key first, or only merges by id). Otherwise `EngineUnavailable`
  with the problem `unknown_outcome` says so; the client repeats with its key and finds out.
- What the driver raises when the engine cannot be reached becomes `EngineUnavailable`. In a
  process that watches (`Graph.watch.watched()`), an engine that does not answer is found out after
  some seconds, and everything fails at once until it answers again; see `graph.watch`.
"""

import asyncio
import logging
import warnings
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, LiteralString, Protocol, TypeVar, cast

from neo4j import (
    READ_ACCESS,
    WRITE_ACCESS,
    AsyncResult,
    AsyncSession,
    AsyncTransaction,
    Query,
)
from neo4j.exceptions import (
    ConstraintError,
    DriverError,
    IncompleteCommit,
    Neo4jError,
)

from domain.errors import EngineUnavailable, StatementTimedOut
from graph.connecting import bookmarks_of, open_driver
from graph.endpoint import Dialect, DriverLimits, Endpoint, Engine
from graph.failures import translated, unavailable
from graph.patience import Patience
from graph.statements import CompiledStatement, Statement
from graph.telemetry import SILENT, Telemetry
from graph.watch import Watch

T = TypeVar("T")
Observer = Callable[[str, str, Mapping[str, Any]], None]

# Our errors tell of lost connections; without a handler the terminal would be told as well.
logging.getLogger("neo4j").addHandler(logging.NullHandler())

log = logging.getLogger(__name__)
MARGIN = 1.0
"""Seconds by which our own end of a statement comes after the engine's."""
CONSTRAINT_ATTEMPTS = 4
"""Two merges of one id at the same time: the embedded engine refuses the second at its commit;
on the next attempt it finds the node. A breach that is still there then is a real one."""


class Recorder(Protocol):
    """Is told what ran and what it answered: the differential test replays it elsewhere."""

    def ran(
        self,
        statement: Statement | CompiledStatement,
        parameters: Mapping[str, Any],
        rows: list[Any],
        transaction: "Transaction | None",
    ) -> None:
        """Take note of a statement, in its transaction or outside of any."""
        ...

    def ended(self, transaction: "Transaction", *, committed: bool) -> None:
        """Take note of the end of a transaction."""
        ...


class Transaction:
    """An open transaction; only `Graph.write` makes one."""

    def __init__(self, transaction: AsyncTransaction, graph: "Graph") -> None:
        self._transaction = transaction
        self._graph = graph
        self.announced = False

    def announce(self) -> None:
        """Have the graph's listeners told once this is committed."""
        self.announced = True

    async def run(self, statement: Statement, /, **parameters: Any) -> list[dict[str, Any]]:
        """Run a statement and return its records."""
        self._graph.observe(statement, parameters)
        with (self._graph.telemetry or SILENT).statement(statement.name):
            result = await self._transaction.run(statement.text, parameters)
            rows = [dict(record) async for record in result]
        await self._graph.warn_of(result, statement)
        for recorder in self._graph.recorders:
            recorder.ran(statement, parameters, rows, self)
        return rows


class Graph:
    """An open graph on either engine. Safe for any number of concurrent tasks of one loop."""

    def __init__(self, engine: Engine, endpoint: Endpoint, limits: DriverLimits) -> None:
        self.observers: list[Observer] = []
        """Called with name, text and parameters of each statement before it runs."""
        self.recorders: list[Recorder] = []
        """Told of each statement after it ran, and of the end of each transaction."""
        self.commit_listeners: list[Callable[[], None]] = []
        """Called after each commit of this process that was announced."""
        self.telemetry: Telemetry | None = None
        """Told of each statement, where somebody measures."""
        self.engine = engine
        self._limits = limits
        self._endpoint = endpoint
        self._driver = open_driver(endpoint, limits)
        self._bookmarks = bookmarks_of(endpoint)
        self._recovery: asyncio.Task[None] | None = None
        self.watch = Watch(self._probe, self._gone, limits.patience)
        """Whether the engine answers."""
        writers = (
            limits.embedded_writers if engine.dialect is Dialect.EMBEDDED else limits.pool_size
        )
        self._writers = asyncio.Semaphore(writers)
        # Only Neo4j takes a time from the driver; the embedded engine has one for all statements.
        self._read_timeout = limits.statement_time if engine.dialect is Dialect.NEO4J else None

    @property
    def dialect(self) -> Dialect:
        """Which engine answers."""
        return self.engine.dialect

    @property
    def address(self) -> str:
        """Where it answers."""
        return self._endpoint.uri

    def observe(
        self, statement: Statement | CompiledStatement, parameters: Mapping[str, Any]
    ) -> None:
        """Tell the observers that a statement is about to run."""
        for observer in self.observers:
            observer(statement.name, statement.text, parameters)

    async def warn_of(self, result: AsyncResult, statement: Statement | CompiledStatement) -> None:
        """Warn of what the server says is deprecated, where the limits ask for it (in tests).

        The driver's own way to do so looks at the whole stack for every result, which takes far
        longer than the statement.
        """
        if not self._limits.warn_of_deprecations:
            return
        summary = await result.consume()
        for status in summary.gql_status_objects:
            if status.is_notification:
                said = f"{statement.name}: {status.status_description}"
                warnings.warn(said, DeprecationWarning, stacklevel=2)

    async def read(
        self, statement: Statement | CompiledStatement, /, **parameters: Any
    ) -> list[dict[str, Any]]:
        """Run a reading statement and return its records.

        Raises EngineUnavailable when the engine does not answer.
        """

        async def attempt() -> list[dict[str, Any]]:
            async with self._session(READ_ACCESS) as session:
                result = await session.run(self._query(statement.text), parameters)
                rows = [dict(record) async for record in result]
                await self.warn_of(result, statement)
                return rows

        self.observe(statement, parameters)
        with (self.telemetry or SILENT).statement(statement.name):
            rows = await self._reading(attempt)
        for recorder in self.recorders:
            recorder.ran(statement, parameters, rows, None)
        return rows

    async def read_single(
        self, statement: Statement | CompiledStatement, parameters: dict[str, Any]
    ) -> list[Any]:
        """Run a reading statement and return the values of its first record, [] for none.

        The short way of compiled reads: no dictionary is built.
        Raises EngineUnavailable when the engine does not answer.
        """

        async def attempt() -> list[Any]:
            async with self._session(READ_ACCESS) as session:
                result = await session.run(self._query(statement.text), parameters)
                record = await anext(aiter(result), None)
                await self.warn_of(result, statement)
                return [] if record is None else record.values()

        if self.observers:
            self.observe(statement, parameters)
        if self.telemetry is None:
            values = await self._reading(attempt)
        else:
            with self.telemetry.statement(statement.name):
                values = await self._reading(attempt)
        for recorder in self.recorders:
            recorder.ran(statement, parameters, values, None)
        return values

    async def read_column(
        self, statement: CompiledStatement, parameters: dict[str, Any]
    ) -> list[Any]:
        """Run a reading statement and return the first value of each of its records.

        Raises EngineUnavailable when the engine does not answer.
        """

        async def attempt() -> list[Any]:
            async with self._session(READ_ACCESS) as session:
                result = await session.run(self._query(statement.text), parameters)
                values = await result.value()
                await self.warn_of(result, statement)
                return values

        self.observe(statement, parameters)
        with (self.telemetry or SILENT).statement(statement.name):
            values = await self._reading(attempt)
        for recorder in self.recorders:
            recorder.ran(statement, parameters, values, None)
        return values

    async def rehearse(
        self, statement: Statement | CompiledStatement, parameters: dict[str, Any]
    ) -> None:
        """Have the engine plan a statement by running it with parameters that find nothing.

        Nobody is told of it.

        Raises EngineUnavailable when the engine does not answer.
        """

        async def attempt() -> None:
            async with self._session(READ_ACCESS) as session:
                result = await session.run(self._query(statement.text), parameters)
                await result.consume()

        await self._reading(attempt)

    async def write(
        self, work: Callable[[Transaction], Awaitable[T]], *, repeatable: bool = False
    ) -> T:
        """Run `work` in one transaction and commit it, again while other writers are in the way.

        `repeatable` says that the work may be run again after a commit whose outcome is unknown.
        Raises EngineUnavailable when the engine does not answer or the time is over, and whatever
        the work raises, after rolling back.
        """
        patience, breaches = Patience(self, self._limits.write_time), 0
        while True:
            try:
                return await self._once(work)
            except IncompleteCommit as error:
                if not repeatable:
                    await self.recover()
                    raise self.unavailable(error, "unknown_outcome") from error
                cause: Exception = error
            except ConstraintError as error:
                breaches += 1
                if breaches == CONSTRAINT_ATTEMPTS:
                    raise
                cause = error
            except (Neo4jError, DriverError) as error:
                if not error.is_retryable():
                    raise self._translated(error) from error
                cause = error
            await patience.pause(cause)

    async def verify(self) -> None:
        """Reach the engine and sign in. Raises EngineUnavailable saying what is wrong."""
        async with self.watch.outstanding(self._limits.statement_time):
            await self._reach()

    async def schema(self, text: LiteralString) -> None:
        """Run a Cypher schema command (constraints, indexes), which cannot share a transaction.

        Only for migrations, which hold a lock. Raises EngineUnavailable.
        """

        async def attempt() -> None:
            async with self._session(WRITE_ACCESS) as session:
                await (await session.run(text)).consume()

        await self._reading(attempt)

    async def close(self) -> None:
        """Close the connections and leave the engine."""
        try:
            await self._driver.close()
        finally:
            await self.engine.close()

    async def _once(self, work: Callable[[Transaction], Awaitable[T]]) -> T:
        committing = False
        outcome: list[tuple[T, bool]] = []
        try:
            async with (
                self.watch.outstanding(self._limits.write_time, MARGIN),
                self._writers,
                self._session(WRITE_ACCESS) as session,
            ):
                transaction = await session.begin_transaction(timeout=self._limits.write_time)
                ours = Transaction(transaction, self)
                try:
                    result = await work(ours)
                    committing = True
                    await transaction.commit()
                    outcome.append((result, ours.announced))
                except asyncio.CancelledError:
                    # No round trip any more: the connection is dropped, the engine rolls back.
                    transaction.cancel()
                    raise
                finally:
                    for recorder in self.recorders:
                        recorder.ended(ours, committed=bool(outcome))
                    await transaction.close()
        except (EngineUnavailable, StatementTimedOut) as error:
            if committing and not outcome:
                raise self.unavailable(error, "unknown_outcome") from error
            if not outcome:
                raise
        result, announced = outcome[0]
        if announced:
            for listener in self.commit_listeners:
                listener()
        return result

    async def _reading(self, attempt_once: Callable[[], Awaitable[T]]) -> T:
        # Neo4j's own time comes first: it stops the statement as well.
        margin = MARGIN if self.dialect is Dialect.NEO4J else 0.0
        patience: Patience | None = None
        while True:
            try:
                async with self.watch.outstanding(self._limits.statement_time, margin):
                    return await attempt_once()
            except (Neo4jError, DriverError) as error:
                if not error.is_retryable() and not isinstance(error, IncompleteCommit):
                    raise self._translated(error) from error
                patience = patience or Patience(self, self._limits.read_time)
                await patience.pause(error)

    async def recover(self) -> None:
        """Find where the engine answers now (our own is started anew) and connect there.

        Whoever comes meanwhile waits for the same; who gives up waiting does not stop it.
        Raises EngineUnusable.
        """
        if self._recovery is None:
            self._recovery = asyncio.create_task(self._find())
            self._recovery.add_done_callback(self._found)
        await asyncio.shield(self._recovery)

    async def _find(self) -> None:
        endpoint = await self.engine.endpoint()
        if endpoint != self._endpoint:
            former, self._driver = self._driver, open_driver(endpoint, self._limits)
            self._endpoint = endpoint
            await former.close()

    def _found(self, recovery: asyncio.Task[None]) -> None:
        self._recovery = None
        if not recovery.cancelled() and (error := recovery.exception()) is not None:
            log.warning("the engine was not found again: %s", error)

    async def _reach(self) -> None:
        try:
            async with self._session(READ_ACCESS) as session:
                await (await session.run("RETURN 1 AS one")).consume()
        except (Neo4jError, DriverError, OSError, ValueError) as error:
            raise self._translated(error) from error

    async def _probe(self) -> None:
        await self.recover()
        await self._reach()

    def _gone(self, error: Exception) -> EngineUnavailable:
        return self.unavailable(error, "unreachable")

    def _session(self, access: str) -> AsyncSession:
        return self._driver.session(  # pyright: ignore[reportUnknownMemberType]
            database=self._endpoint.database,
            default_access_mode=access,
            fetch_size=-1,
            bookmark_manager=self._bookmarks,
        )

    def _query(self, text: str) -> Query | LiteralString:
        # The driver's types ask for literals; ours are, or the read compiler's canonical pieces.
        literal = cast("LiteralString", text)
        return literal if self._read_timeout is None else Query(literal, timeout=self._read_timeout)

    def _translated(self, error: Exception) -> Exception:
        return translated(error, self._endpoint, self._limits.statement_time)

    def unavailable(self, error: Exception, problem: str) -> EngineUnavailable:
        """Return the error that says what is wrong with the engine."""
        return unavailable(error, problem, self._endpoint)
