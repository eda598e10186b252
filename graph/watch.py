"""Whether the engine answers: nobody is left hanging on one that does not.

Each attempt at the graph is outstanding for a limited time. While a process watches (a service
does, a command does not), an attempt that is outstanding for long makes the watch look whether
the engine answers anything at all. If it does not, whatever is outstanding ends at once, and so
does whatever comes, until the engine is found to answer again. Nothing has to be restarted.
"""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from types import TracebackType

import structlog

from domain.errors import EngineError, EngineUnavailable, StatementTimedOut

INTERVAL = 0.5
"""Seconds between two looks."""
log = structlog.get_logger()


class Watch:
    """Looks after the engine of one graph.

    `probe` raises EngineError when the engine does not answer; `patience` is in seconds: of an
    attempt until the engine is looked at, and of that look.
    """

    def __init__(
        self,
        probe: Callable[[], Awaitable[None]],
        gone: Callable[[Exception], EngineUnavailable],
        patience: float,
    ) -> None:
        self.patience = patience
        self._probe = probe
        self._describe = gone
        self._gone: EngineUnavailable | None = None
        self._watching = False
        self._outstanding: dict[asyncio.Timeout, float] = {}
        self.returns = 0
        """How often the engine came back: what it kept in its memory is gone since."""

    @property
    def watching(self) -> bool:
        """Whether somebody looks after the engine."""
        return self._watching

    @property
    def present(self) -> bool:
        """Whether the engine answers, as far as is known."""
        return self._gone is None

    def outstanding(self, limit: float | None, margin: float = 0.0) -> "Outstanding":
        """Make an attempt within a limit of seconds, and a margin for the engine to say it first.

        Raises EngineUnavailable when the engine is gone, or goes; StatementTimedOut when it is
        there and the time is over.
        """
        return Outstanding(self, limit, margin, self._outstanding)

    def check(self) -> None:
        """Raise EngineUnavailable while the engine is known not to answer."""
        if self._gone is not None:
            raise self._fresh(self._gone)

    def why(self, limit: float | None) -> Exception:
        """Return why the time of an attempt was over."""
        if self._gone is not None:
            return self._fresh(self._gone)
        return StatementTimedOut(limit=limit)

    def lost(self, error: EngineUnavailable) -> None:
        """Take note that the engine does not answer, and end whatever is outstanding."""
        if not self._watching or self._gone is not None:
            return
        self._gone = error
        log.error("the engine does not answer", problem=str(error))
        now = asyncio.get_running_loop().time()
        for scope in self._outstanding:
            # One that is over, or about to be, ends by itself.
            if not scope.expired() and (scope.when() or now) >= now:
                scope.reschedule(now)

    @asynccontextmanager
    async def watched(self) -> AsyncGenerator[None]:
        """Look after the engine for as long as this lasts."""
        self._watching = True
        looking = asyncio.create_task(self._look_on())
        try:
            yield
        finally:
            self._watching, self._gone = False, None
            looking.cancel()
            with suppress(asyncio.CancelledError):
                await looking

    async def _look_on(self) -> None:
        while True:
            await asyncio.sleep(INTERVAL)
            if self._gone is not None or self._longest() > self.patience:
                await self._look()

    async def _look(self) -> None:
        try:
            async with asyncio.timeout(self.patience):
                await self._probe()
        except TimeoutError as error:
            self.lost(self._describe(error))
        except EngineUnavailable as error:
            self.lost(error)
        except EngineError as error:
            self.lost(self._describe(error))
        except Exception:
            # Nobody waits for this task: without a word here nobody would look any more.
            log.exception("looking after the engine failed")
        else:
            if self._gone is not None:
                self._gone = None
                self.returns += 1
                log.info("the engine answers again")

    def _longest(self) -> float:
        """Return for how long the oldest attempt is outstanding; the oldest comes first."""
        since = next(iter(self._outstanding.values()), None)
        return 0.0 if since is None else asyncio.get_running_loop().time() - since

    @staticmethod
    def _fresh(error: EngineUnavailable) -> EngineUnavailable:
        return EngineUnavailable(**error.details)


class Outstanding:
    """One attempt at the graph; a context of its own, since there is one for every read."""

    __slots__ = ("_among", "_limit", "_scope", "_watch")

    def __init__(
        self, watch: Watch, limit: float | None, margin: float, among: dict[asyncio.Timeout, float]
    ) -> None:
        self._watch = watch
        self._limit = limit
        self._among = among
        self._scope = asyncio.timeout(None if limit is None else limit + margin)

    async def __aenter__(self) -> None:
        self._watch.check()
        await self._scope.__aenter__()
        self._among[self._scope] = asyncio.get_running_loop().time()

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        del self._among[self._scope]
        try:
            await self._scope.__aexit__(kind, error, traceback)
        except TimeoutError as over:
            raise self._watch.why(self._limit) from over
