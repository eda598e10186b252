"""How long an attempt at the graph is made again, and with which pauses."""

import asyncio
import random
from typing import TYPE_CHECKING

from neo4j.exceptions import DriverError, ServiceUnavailable, SessionExpired

if TYPE_CHECKING:
    from graph.driver import Graph

FIRST_DELAY = 0.004
LONGEST_DELAY = 0.25


class Patience:
    """The pauses between attempts, until their time is over. Seconds."""

    def __init__(self, graph: "Graph", time: float) -> None:
        self._graph = graph
        self._deadline = asyncio.get_running_loop().time() + time
        self._attempt = 0
        self._lost = False

    async def pause(self, cause: Exception) -> None:
        """Wait a little before the next attempt. Raises EngineUnavailable when time is over."""
        lost = isinstance(cause, (ServiceUnavailable, SessionExpired))
        now = asyncio.get_running_loop().time()
        watch = self._graph.watch
        if lost and not self._lost and watch.watching:
            self._lost = True
            self._deadline = min(self._deadline, now + watch.patience)
        if now < self._deadline:
            try:
                async with asyncio.timeout_at(self._deadline):
                    if isinstance(cause, DriverError):
                        await self._graph.recover()
                    self._attempt += 1
                    longest = min(LONGEST_DELAY, FIRST_DELAY * 2**self._attempt)
                    # Random over the whole width, so that contenders do not meet again.
                    await asyncio.sleep(random.uniform(0, longest))  # noqa: S311
            except TimeoutError:
                now = self._deadline
            else:
                return
        error = self._graph.unavailable(cause, "unreachable" if lost else "busy")
        if lost:
            watch.lost(error)
        raise error from cause
