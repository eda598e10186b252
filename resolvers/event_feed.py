"""The sequencer and the feed of one hub process: numbers events, and tells who follows them.

Every process runs one `EventFeed`. Of several on one graph the holder of the lease numbers; all of
them see the numbers grow, read what is new once, and wake their own followers. A follower is a
place in the history, not a queue: it reads from the events kept here, or from the graph where it
is further behind, so a slow one costs nothing but its own delay.
"""

import asyncio
import os
import socket
from collections import deque
from collections.abc import Callable
from contextlib import suppress

import structlog

from domain.errors import EngineError
from domain.identity import new_id
from graph.driver import Graph
from graph.event_numbers import Standing, give_numbers, give_up_lease, standing, waiting
from graph.event_scopes import scoping
from graph.history import Happened, events_after
from resolvers.background import Background

BATCH = 200
"""Events that are numbered in one transaction, and read at once."""
KEPT = 2_000
"""Latest events that are kept here for followers."""
POLL_SECONDS = 0.1
"""Between looks at what other processes have committed; a commit of this one wakes at once."""
RETRY_SECONDS = 1.0
"""After the engine did not answer."""
log = structlog.get_logger()


class FeedStopped(Exception):
    """The hub is being stopped: followers go on elsewhere, from where they are."""


def owner_name() -> str:
    """Return a name for the sequencer of this process: host, process and a random part."""
    return f"{socket.gethostname()}:{os.getpid()}:{new_id()}"


async def number_waiting(
    graph: Graph, owner: str, *, ids: Callable[[], str] = new_id
) -> int | None:
    """Number up to a batch of the events that wait, as the sequencer `owner`.

    Return the last number given so far, or None when there was nothing to number or another
    sequencer holds the lease.
    """
    found = await waiting(graph, BATCH)
    if not found:
        return None
    scopes = await scoping(graph, found)
    rows = [(event.id, scope) for event, scope in zip(found, scopes, strict=True)]
    return await give_numbers(graph, owner, ids(), rows)


class EventFeed:
    """Numbers events while it is its turn, and wakes those who follow the history."""

    def __init__(
        self, graph: Graph, *, owner: str | None = None, poll_seconds: float = POLL_SECONDS
    ) -> None:
        self._graph = graph
        self.owner = owner or owner_name()
        self._poll_seconds = poll_seconds
        self.last = 0
        """The last number that this process knows of."""
        self._kept: deque[Happened] = deque(maxlen=KEPT)
        self._committed = asyncio.Event()
        self._advanced = asyncio.Event()
        self._stopped = False
        self._following = Background(self._run)

    async def start(self) -> None:
        """Look where the history stands, and begin to follow it. Raises EngineError."""
        self.last = (await standing(self._graph, self.owner)).last
        self._graph.commit_listeners.append(self._committed.set)
        self._following.start()

    async def stop(self) -> None:
        """Stop, give up the lease, and let all followers go with FeedStopped."""
        self._stopped = True
        self._advanced.set()
        if not await self._following.stop():
            return
        self._graph.commit_listeners.remove(self._committed.set)
        with suppress(EngineError):
            await give_up_lease(self._graph, self.owner)

    async def after(self, number: int) -> list[Happened]:
        """Return the next events after a number, in their order; wait until there is one.

        Raises FeedStopped when the hub stops, EngineError when the graph does not answer.
        """
        while True:
            if self._stopped:
                raise FeedStopped
            if number < self.last:
                return await self._read(number)
            await self._advanced.wait()

    async def _read(self, number: int) -> list[Happened]:
        if self._kept and self._kept[0].number <= number + 1:
            skipped = number + 1 - self._kept[0].number
            return [self._kept[place] for place in range(skipped, len(self._kept))][:BATCH]
        return await events_after(self._graph, number, self.last, BATCH)

    async def _run(self) -> None:
        while True:
            pause = self._poll_seconds
            try:
                if await self._turn():
                    continue
            except EngineError as error:
                log.warning("the history is not followed", code=error.code)
                pause = RETRY_SECONDS
            except Exception:
                # Nobody waits for this task: without a word here nothing would be numbered.
                log.exception("numbering events failed")
                pause = RETRY_SECONDS
            with suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await self._committed.wait()

    async def _turn(self) -> bool:
        """Number what waits, read what is new; True where it is worth to look again at once."""
        self._committed.clear()
        found: Standing = await standing(self._graph, self.owner)
        last = found.last
        numbered: int | None = None
        if found.waiting and found.may_number:
            numbered = await number_waiting(self._graph, self.owner)
            last = max(last, numbered or 0)
        await self._advance(last)
        return numbered is not None and found.waiting > BATCH

    async def _advance(self, last: int) -> None:
        """Keep the events until the last number, and wake the followers."""
        while self.last < last:
            news = await events_after(self._graph, self.last, last, BATCH)
            if not news:
                # Restored anew beneath us: the numbers are others now.
                self._kept.clear()
                break
            self._kept.extend(news)
            self.last = news[-1].number
            woken, self._advanced = self._advanced, asyncio.Event()
            woken.set()
