"""How much work the hub takes on: so much at once, a short queue, and no more.

Whoever finds the queue full, or waits in it for too long, is told at once to come again. So what
was taken on is answered in bounded time, however much is asked for.
"""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from domain.errors import Overloaded

RETRY_SECONDS = 1
"""After how long coming again makes sense: the queue is then another one."""


class Admission:
    """Turns to work. `patience` is in seconds."""

    def __init__(self, *, at_once: int, waiting: int, patience: float) -> None:
        self._turns = asyncio.Semaphore(at_once)
        self._most_waiting = waiting
        self._patience = patience
        self.running = 0
        """How many have a turn."""
        self.waiting = 0
        """How many wait for one."""

    @asynccontextmanager
    async def turn(self) -> AsyncGenerator[None]:
        """Wait for a turn and have it. Raises Overloaded, with nothing done."""
        await self._enter()
        self.running += 1
        try:
            yield
        finally:
            self.running -= 1
            self._turns.release()

    def check(self) -> None:
        """Raise Overloaded when all turns are taken and no more can wait."""
        if self._turns.locked() and self.waiting >= self._most_waiting:
            raise Overloaded(retry_after=RETRY_SECONDS)

    async def _enter(self) -> None:
        if not self._turns.locked():
            await self._turns.acquire()
            return
        self.check()
        self.waiting += 1
        try:
            async with asyncio.timeout(self._patience):
                await self._turns.acquire()
        except TimeoutError as problem:
            raise Overloaded(retry_after=RETRY_SECONDS) from problem
        finally:
            self.waiting -= 1
