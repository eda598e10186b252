"""Running a command to its end: signals, clean stops, exit codes."""

import asyncio
import signal
from collections.abc import Awaitable, Callable

INTERRUPTED = 130
"""The exit status of a command that Ctrl-C ended, as shells count (128 + SIGINT)."""


class Stop:
    """Whether the person, or the system, wants the process to end.

    A command is cancelled; a service that waits for `requested` first gets the time to finish
    what it is answering, and a second signal cancels it too.
    """

    def __init__(self) -> None:
        self.requested = asyncio.Event()
        self._task: asyncio.Future[int] | None = None
        self._patient = False

    def watch(self, task: "asyncio.Future[int]") -> None:
        """Let SIGINT and SIGTERM stop this task."""
        self._task = task
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self._signalled)

    async def wait(self) -> None:
        """Wait for the first signal, which then does not cancel."""
        self._patient = True
        await self.requested.wait()

    def _signalled(self) -> None:
        if self._task is not None and (self.requested.is_set() or not self._patient):
            self._task.cancel()
        self.requested.set()


def run(main: Callable[[Stop], Awaitable[int]]) -> int:
    """Run a command, close all that it opened, and return its exit status."""
    return asyncio.run(_supervised(main))


async def _supervised(main: Callable[[Stop], Awaitable[int]]) -> int:
    stop = Stop()
    task = asyncio.ensure_future(main(stop))
    stop.watch(task)
    try:
        return await task
    except asyncio.CancelledError:
        return INTERRUPTED
