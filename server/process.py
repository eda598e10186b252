"""Running a command to its end: signals, clean stops, exit codes."""

import asyncio
import gc
import signal
from collections.abc import Awaitable, Callable, Generator
from contextlib import contextmanager

import uvloop

INTERRUPTED = 130
"""The exit status of a command that Ctrl-C ended, as shells count (128 + SIGINT)."""


class Stop:
    """What SIGINT and SIGTERM do: they cancel the command, or tell a service that attends."""

    def __init__(self) -> None:
        self._task: asyncio.Future[int] | None = None
        self._requested: asyncio.Event | None = None

    def watch(self, task: "asyncio.Future[int]") -> None:
        """Let the signals stop this task."""
        self._task = task
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self._signalled)

    @contextmanager
    def attended(self) -> Generator[asyncio.Event]:
        """Give an event that a signal sets to whoever attends to it and then ends by itself."""
        self._requested = asyncio.Event()
        try:
            yield self._requested
        finally:
            self._requested = None

    def _signalled(self) -> None:
        if self._requested is not None:
            self._requested.set()
        elif self._task is not None:
            self._task.cancel()


def keep_what_is_there() -> None:
    """Take what is there out of the rounds of the garbage collector.

    For a process that serves, once the schema is built: it lives as long as the process, and is
    far larger than all that requests make.
    """
    gc.collect()
    gc.freeze()


def run(main: Callable[[Stop], Awaitable[int]]) -> int:
    """Run a command, close all that it opened, and return its exit status."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(_supervised(main))


async def _supervised(main: Callable[[Stop], Awaitable[int]]) -> int:
    stop = Stop()
    task = asyncio.ensure_future(main(stop))
    stop.watch(task)
    try:
        return await task
    except asyncio.CancelledError:
        return INTERRUPTED
