"""Work beside requests: a task of this process, until it is stopped."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress


class Background:
    """Runs a function in a task of its own, once it is started."""

    def __init__(self, work: Callable[[], Awaitable[None]]) -> None:
        self._work = work
        self._running: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin."""
        self._running = asyncio.create_task(self._worked())

    async def stop(self) -> bool:
        """Cancel the work and wait for its end; return whether it was running."""
        if self._running is None:
            return False
        running, self._running = self._running, None
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running
        return True

    async def _worked(self) -> None:
        await self._work()
