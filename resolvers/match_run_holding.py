"""Holding a matching run: a worker takes it by a lease, which it renews while it works."""

import asyncio
from collections.abc import Callable
from contextlib import nullcontext, suppress
from dataclasses import dataclass, field, replace
from types import TracebackType
from typing import Self

import structlog

from domain.clock import Clock
from domain.errors import EngineError
from domain.identity import new_id
from domain.run_records import MatchRun
from domain.runs import BROKEN_OFF, MOST_ATTEMPTS, UNFINISHED, RunProgress, next_due
from domain.vocabulary import RunState, RunStep
from graph import events, run_owners
from graph.driver import Graph, Transaction
from graph.events import ChangedFields
from graph.run_owners import LockedRun
from matching.model import Progress
from resolvers.event_feed import owner_name
from resolvers.match_run_ends import end_run
from resolvers.matching import OpenExecutor

BEAT_SECONDS = 1.0
"""Between renewals of a lease, and of what is said of the progress."""
BEATS_OF_A_LEASE = 4
log = structlog.get_logger()


class RunLost(Exception):
    """The run is no longer this worker's: it was cancelled, or another has taken it."""


@dataclass(frozen=True, slots=True)
class Working:
    """How a process works on runs: under which name, how long it may be silent, and with what."""

    process: str = field(default_factory=owner_name)
    lease_seconds: float = 15.0
    """After which another may take a run over."""
    executor: OpenExecutor = nullcontext
    cancels: bool = False
    """Whether a run that is interrupted here is cancelled, and not left to other workers."""


@dataclass(frozen=True, slots=True)
class Taken:
    """A run that a worker holds, under a name that is of this one taking."""

    locked: LockedRun
    owner: str

    @property
    def run(self) -> MatchRun:
        """The run as it was taken."""
        return self.locked.run


async def take(
    graph: Graph,
    working: Working,
    *,
    clock: Clock,
    ids: Callable[[], str] = new_id,
    until: str | None = None,
) -> Taken | None:
    """Take the first run that nobody works on and that need not wait; None where there is none.

    `until` looks no further than at the run with this id. One that was broken off too often is
    FAILED instead. Raises EngineError.
    """
    if next_due(await run_owners.unfinished(graph.read), until) is None:
        return None
    owner, token, event_id, now = f"{working.process}:{ids()}", ids(), ids(), clock()

    async def work(transaction: Transaction) -> Taken | None:
        await run_owners.take_turn(transaction, token)
        due = next_due(await run_owners.unfinished(transaction.run), until)
        locked = due and await run_owners.lock(transaction, due.id, token)
        # Its owner may have renewed the lease, or ended it, before it was locked.
        if locked is None or locked.held or locked.run.state not in UNFINISHED:
            return None
        if locked.attempts >= MOST_ATTEMPTS:
            await end_run(transaction, locked, RunState.FAILED, now, event_id, reason=BROKEN_OFF)
            return None
        after = replace(locked.run, state=RunState.RUNNING, progress=None)
        await run_owners.hold(
            transaction,
            locked,
            owner,
            milliseconds=_milliseconds(working),
            attempts=locked.attempts + 1,
            progress=None,
        )
        changes = {after.id: events.changes_between(locked.run, after)}
        begun = events.event(event_id, now, events.SYSTEM, "MATCHING_BEGIN", changes)
        await events.write_event(transaction, begun)
        return Taken(replace(locked, run=after, owner=owner), owner)

    return await graph.write(work, repeatable=True)


def _milliseconds(working: Working) -> int:
    return int(working.lease_seconds * 1000)


class Keeper:
    """Holds a run while it is worked on: renews the lease, and writes how far it is."""

    def __init__(
        self,
        graph: Graph,
        taken: Taken,
        working: Working,
        *,
        clock: Clock,
        ids: Callable[[], str] = new_id,
        progress: Progress | None = None,
    ) -> None:
        self._graph = graph
        self._taken = taken
        self._working = working
        self._clock = clock
        self._ids = ids
        self._also = progress
        self._progress: RunProgress | None = None
        self._told: RunStep | None = None
        self._renewing: asyncio.Task[None] | None = None
        self.lost = False

    def progress(self, step: str, done: int, total: int) -> None:
        """Take note of how far the work is, from whatever thread. Raises RunLost to end it."""
        if self.lost:
            raise RunLost
        self._progress = RunProgress.of(step, done, total)
        if self._also is not None:
            self._also(step, done, total)

    async def beat(self) -> bool:
        """Hold the run from now on; False where it is no longer this worker's.

        Raises EngineError.
        """
        token, event_id, now = self._ids(), self._ids(), self._clock()
        progress, taken = self._progress, self._taken
        step = None if progress is None else progress.step

        async def work(transaction: Transaction) -> bool:
            locked = await run_owners.lock(transaction, taken.run.id, token)
            if locked is None or not locked.is_held_by(taken.owner):
                return False
            await run_owners.hold(
                transaction,
                locked,
                taken.owner,
                milliseconds=_milliseconds(self._working),
                attempts=locked.attempts,
                progress=None if progress is None else progress.text(),
            )
            if step is not self._told:
                changed = ChangedFields("MatchRun", {"progress": [self._told, step]})
                changes = {taken.run.id: changed}
                begun = events.event(event_id, now, events.SYSTEM, "MATCHING_STEP", changes)
                await events.write_event(transaction, begun)
            return True

        held = await self._graph.write(work, repeatable=True)
        self._told, self.lost = step, self.lost or not held
        return held

    async def __aenter__(self) -> Self:
        """Begin to renew the lease."""
        self._renewing = asyncio.create_task(self._renew())
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Renew it no more. What is still at work in a thread ends at its next step."""
        self.lost = True
        if self._renewing is not None:
            self._renewing.cancel()
            with suppress(asyncio.CancelledError):
                await self._renewing

    async def _renew(self) -> None:
        pause = min(BEAT_SECONDS, self._working.lease_seconds / BEATS_OF_A_LEASE)
        while not self.lost:
            await asyncio.sleep(pause)
            try:
                await self.beat()
            except EngineError as failed:
                log.warning("a matching run is not held", code=failed.code)
            except Exception:
                # Nobody waits for this task: without a word the run would go to another worker.
                log.exception("a matching run cannot be held")
