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
- What the driver raises when the engine cannot be reached becomes `EngineUnavailable`.
"""

import asyncio
import logging
import random
import warnings
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, LiteralString, Protocol, TypeVar, cast

from neo4j import (
    READ_ACCESS,
    WRITE_ACCESS,
    AsyncDriver,
    AsyncGraphDatabase,
    AsyncResult,
    AsyncSession,
    AsyncTransaction,
    Query,
)
from neo4j.api import AsyncBookmarkManager
from neo4j.exceptions import (
    AuthError,
    ConfigurationError,
    ConstraintError,
    DriverError,
    IncompleteCommit,
    Neo4jError,
    ServiceUnavailable,
)

from domain.errors import EngineUnavailable
from graph.statements import CompiledStatement, Statement

T = TypeVar("T")
Observer = Callable[[str, str, Mapping[str, Any]], None]

# Our errors tell of lost connections; without a handler the terminal would be told as well.
logging.getLogger("neo4j").addHandler(logging.NullHandler())

FIRST_DELAY = 0.004
LONGEST_DELAY = 0.25
CONSTRAINT_ATTEMPTS = 4
"""Two merges of one id at the same time: the embedded engine refuses the second at its commit;
on the next attempt it finds the node. A breach that is still there then is a real one."""
OTHER_NOTIFICATIONS = (
    "GENERIC",
    "HINT",
    "PERFORMANCE",
    "SCHEMA",
    "SECURITY",
    "TOPOLOGY",
    "UNRECOGNIZED",
    "UNSUPPORTED",
)


class Dialect(StrEnum):
    """Which engine answers."""

    NEO4J = "NEO4J"
    EMBEDDED = "EMBEDDED"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where an engine answers, and who we are there."""

    uri: str
    user: str
    password: str
    database: str

    def __repr__(self) -> str:
        """Show no password: an endpoint may get into a log."""
        return f"Endpoint({self.uri}, {self.user}, {self.database})"


@dataclass(frozen=True, slots=True)
class DriverLimits:
    """How long and how much. Times in seconds.

    `embedded_writers` is how many transactions of one process write at the same time on the
    embedded engine. It is optimistic, page by page: of writers side by side all but one lose, so
    taking turns they are through sooner (64 contenders for one node: 0.2 s one at a time, 0.6 s
    and 180 refused attempts with 8). Neo4j queues by itself.
    """

    pool_size: int = 100
    connect_time: float = 10.0
    acquisition_time: float = 30.0
    read_time: float = 10.0
    write_time: float = 60.0
    statement_time: float | None = 30.0
    embedded_writers: int = 1
    warn_of_deprecations: bool = False


class Engine(Protocol):
    """What serves the graph."""

    @property
    def dialect(self) -> Dialect:
        """Which engine it is."""
        ...

    async def endpoint(self) -> Endpoint:
        """Return where it answers now; an engine of our own that has died is started anew.

        Raises EngineUnusable when it cannot be started.
        """
        ...

    async def schema_command(self, text: LiteralString) -> None:
        """Run a schema command that Cypher does not have (the embedded engine's SQL)."""
        ...

    async def close(self) -> None:
        """Leave the engine; one of our own stops with its last user."""
        ...


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
        self.engine = engine
        self._limits = limits
        self._endpoint = endpoint
        self._driver = _driver(endpoint, limits)
        self._bookmarks = _bookmarks(endpoint)
        self._reconnecting = asyncio.Lock()
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
        values = await self._reading(attempt)
        for recorder in self.recorders:
            recorder.ran(statement, parameters, values, None)
        return values

    async def write(
        self, work: Callable[[Transaction], Awaitable[T]], *, repeatable: bool = False
    ) -> T:
        """Run `work` in one transaction and commit it, again while other writers are in the way.

        `repeatable` says that the work may be run again after a commit whose outcome is unknown.
        Raises EngineUnavailable when the engine does not answer or the time is over, and whatever
        the work raises, after rolling back.
        """
        deadline = asyncio.get_running_loop().time() + self._limits.write_time
        attempt = breaches = 0
        while True:
            try:
                return await self._once(work)
            except IncompleteCommit as error:
                if not repeatable:
                    await self._recover()
                    raise self._unavailable(error, "unknown_outcome") from error
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
            attempt += 1
            await self._pause(cause, attempt, deadline)

    async def verify(self) -> None:
        """Reach the engine and sign in. Raises EngineUnavailable saying what is wrong."""
        try:
            async with self._session(READ_ACCESS) as session:
                await (await session.run("RETURN 1 AS one")).consume()
        except (Neo4jError, DriverError, OSError, ValueError) as error:
            raise self._translated(error) from error

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
        async with self._writers, self._session(WRITE_ACCESS) as session:
            transaction = await session.begin_transaction(timeout=self._limits.write_time)
            ours, committed = Transaction(transaction, self), False
            try:
                result = await work(ours)
                await transaction.commit()
                committed = True
            except asyncio.CancelledError:
                # No round trip any more: the connection is dropped and the engine rolls back.
                transaction.cancel()
                raise
            finally:
                for recorder in self.recorders:
                    recorder.ended(ours, committed=committed)
                await transaction.close()
        if ours.announced:
            for listener in self.commit_listeners:
                listener()
        return result

    async def _reading(self, attempt_once: Callable[[], Awaitable[T]]) -> T:
        deadline = asyncio.get_running_loop().time() + self._limits.read_time
        attempt = 0
        while True:
            try:
                return await attempt_once()
            except (Neo4jError, DriverError) as error:
                if not error.is_retryable() and not isinstance(error, IncompleteCommit):
                    raise self._translated(error) from error
                attempt += 1
                await self._pause(error, attempt, deadline)

    async def _pause(self, cause: Exception, attempt: int, deadline: float) -> None:
        """Wait a little before the next attempt. Raises EngineUnavailable after the deadline."""
        if asyncio.get_running_loop().time() >= deadline:
            problem = "unreachable" if isinstance(cause, ServiceUnavailable) else "busy"
            raise self._unavailable(cause, problem) from cause
        if isinstance(cause, DriverError):
            await self._recover()
        longest = min(LONGEST_DELAY, FIRST_DELAY * 2**attempt)
        # Random over the whole width, so that contenders do not meet again.
        await asyncio.sleep(random.uniform(0, longest))  # noqa: S311

    async def _recover(self) -> None:
        """Find where the engine answers now (our own is started anew) and connect there."""
        async with self._reconnecting:
            endpoint = await self.engine.endpoint()
            if endpoint != self._endpoint:
                former, self._driver = self._driver, _driver(endpoint, self._limits)
                self._endpoint = endpoint
                await former.close()

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
        """Return our error for what the driver raised; a fault of ours stays what it is."""
        if isinstance(error, AuthError):
            return self._unavailable(error, "sign_in")
        if isinstance(error, Neo4jError):
            code = error.code or ""
            if code.endswith("Database.DatabaseNotFound"):
                return self._unavailable(error, "database")
            if ".Transaction.TransactionTimedOut" in code:
                return self._unavailable(error, "too_long")
            return error
        if isinstance(error, (ConfigurationError, ValueError)):
            return self._unavailable(error, "address")
        return self._unavailable(error, "unreachable")

    def _unavailable(self, error: Exception, problem: str) -> EngineUnavailable:
        return EngineUnavailable(
            problem=problem,
            address=self._endpoint.uri,
            user=self._endpoint.user,
            database=self._endpoint.database,
            reason=_reason(error),
        )


def _reason(error: Exception) -> str:
    """Return what happened in one line, without the codes around it."""
    said = error.message if isinstance(error, Neo4jError) else str(error)
    return (said or str(error)).strip().partition("\n")[0].rstrip(":. ")


def _bookmarks(endpoint: Endpoint) -> AsyncBookmarkManager | None:
    """Read what was written, also from another member of a cluster; one server needs no help."""
    routed = endpoint.uri.startswith("neo4j")
    return AsyncGraphDatabase.bookmark_manager() if routed else None


def _driver(endpoint: Endpoint, limits: DriverLimits) -> AsyncDriver:
    notifications: dict[str, Any] = {"notifications_min_severity": "OFF"}
    if limits.warn_of_deprecations:
        notifications = {
            "notifications_min_severity": "WARNING",
            "notifications_disabled_classifications": list(OTHER_NOTIFICATIONS),
        }
    try:
        return AsyncGraphDatabase.driver(  # pyright: ignore[reportUnknownMemberType]
            endpoint.uri,
            auth=(endpoint.user, endpoint.password),
            max_connection_pool_size=limits.pool_size,
            connection_acquisition_timeout=limits.acquisition_time,
            connection_timeout=limits.connect_time,
            liveness_check_timeout=60,
            user_agent="renling",
            telemetry_disabled=True,
            **notifications,
        )
    except (ConfigurationError, ValueError) as error:
        raise EngineUnavailable(
            problem="address", address=endpoint.uri, reason=str(error)
        ) from error
