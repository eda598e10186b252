"""Working on matching runs: take one, hold it, and write what it comes to, once.

A worker holds a run by a lease that it renews while it works. The transaction that writes the plan
reads whether the run is still held by it: whoever lost it, or comes to a run that was cancelled,
writes nothing.
"""

import asyncio
from collections.abc import Callable
from contextlib import nullcontext, suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from types import TracebackType
from typing import Self

import structlog

from domain.clock import Clock
from domain.errors import EngineError, MatchingError, NotFound
from domain.identity import new_id
from domain.language import Phrase
from domain.records import MatchRun
from domain.runs import (
    BROKEN_OFF,
    CANCELLED,
    FAULT,
    MOST_ATTEMPTS,
    UNFINISHED,
    RunProgress,
    failure_of,
    failure_text,
    next_due,
    read_failure,
)
from domain.vocabulary import RunState, RunStep
from graph import events, match_runs, run_owners
from graph.driver import Graph, Transaction
from graph.events import ChangedFields
from graph.records import present_properties
from graph.run_owners import LockedRun
from matching.model import Progress
from matching.policies import policy_of_run
from resolvers import matching
from resolvers.claims_common import fresh_viewer
from resolvers.claims_sweep import sweep_expired
from resolvers.event_feed import owner_name
from resolvers.matching import OpenExecutor

BEAT_SECONDS = 1.0
"""Between renewals of a lease, and of what is said of the progress."""
BEATS_OF_A_LEASE = 4
POLL_SECONDS = 0.2
"""Between looks at a run that another works on."""
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
            await _end(transaction, locked, RunState.FAILED, now, event_id, BROKEN_OFF)
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


async def work_on(
    graph: Graph,
    taken: Taken,
    working: Working,
    *,
    clock: Clock,
    ids: Callable[[], str] = new_id,
    progress: Progress | None = None,
) -> MatchRun | None:
    """Work on a run to its end; None where it was cancelled or went to another meanwhile.

    One that fails is FAILED, and its error is raised. Interrupted, it is left to others. Raises
    EngineError when the graph does not answer; then others take it when the lease is over.
    """
    keeper = Keeper(graph, taken, working, clock=clock, ids=ids, progress=progress)
    try:
        async with keeper:
            return await _worked(graph, taken, working, keeper, clock, ids)
    except RunLost:
        return None
    except asyncio.CancelledError:
        with suppress(EngineError):
            await graph.write(
                lambda transaction: run_owners.give_up(transaction, taken.run.id, taken.owner)
            )
        raise
    except EngineError:
        raise
    except Exception as error:
        await _failed(graph, taken, error, clock, ids)
        raise


async def _worked(
    graph: Graph,
    taken: Taken,
    working: Working,
    keeper: Keeper,
    clock: Clock,
    ids: Callable[[], str],
) -> MatchRun:
    run, path = taken.run, taken.locked.path
    keeper.progress(RunStep.READ, 0, 1)
    while await sweep_expired(graph, clock=clock, ids=ids):
        pass
    planned = await matching.plan(
        graph,
        below=path,
        now=run.created_at,
        policy=policy_of_run(run.policy, run.weights),
        progress=keeper.progress,
        executor=working.executor,
    )
    proposals = len(planned.plan.proposals)
    keeper.progress(RunStep.WRITE, 0, proposals)
    token, event_id, finished = ids(), ids(), clock()

    async def work(transaction: Transaction) -> MatchRun:
        locked = await run_owners.lock(transaction, run.id, token)
        if locked is not None and locked.run.state is RunState.DONE:
            # Written before: the answer to the commit was lost.
            return locked.run
        if locked is None or not locked.is_held_by(taken.owner):
            raise RunLost
        fresh = await fresh_viewer(transaction, locked.starter, finished)
        matching.check_coordinates(fresh, locked.path, "MATCHING_RUN")
        return await matching.write_plan(
            transaction, locked, planned, finished=finished, event_id=event_id, token=token
        )

    written = await graph.write(work, repeatable=True)
    keeper.progress(RunStep.WRITE, proposals, proposals)
    return written


async def _failed(
    graph: Graph, taken: Taken, error: Exception, clock: Clock, ids: Callable[[], str]
) -> None:
    """Write why a run failed, where it is still this worker's."""
    token, event_id, now = ids(), ids(), clock()

    async def work(transaction: Transaction) -> None:
        locked = await run_owners.lock(transaction, taken.run.id, token)
        if locked is not None and locked.is_held_by(taken.owner):
            await _end(transaction, locked, RunState.FAILED, now, event_id, failure_of(error))

    await graph.write(work, repeatable=True)


async def _end(
    transaction: Transaction,
    locked: LockedRun,
    state: RunState,
    now: datetime,
    event_id: str,
    reason: Phrase | None = None,
) -> None:
    """Let a locked run be over without a plan, by itself."""
    failure = None if reason is None else failure_text(reason)
    after = replace(locked.run, state=state, finished_at=now, progress=None, failure=failure)
    await run_owners.finish(transaction, after.id, present_properties(after))
    changes = {after.id: events.changes_between(locked.run, after)}
    action = "MATCHING_FAIL" if state is RunState.FAILED else "MATCHING_CANCEL"
    event = events.event(event_id, now, events.SYSTEM, action, changes)
    await events.write_event(transaction, event)


async def seen_to_its_end(
    graph: Graph,
    run_id: str,
    working: Working,
    *,
    clock: Clock,
    ids: Callable[[], str] = new_id,
    progress: Progress | None = None,
) -> MatchRun:
    """Return a run when it is done, working on it, and on those before it, where nobody does.

    Raises NotFound, EngineError, what it failed of, and MatchingError where another found it to
    fail, or it was cancelled.
    """
    try:
        return await _seen_to_its_end(graph, run_id, working, clock, ids, progress)
    except asyncio.CancelledError:
        if working.cancels:
            with suppress(EngineError):
                await _cancelled(graph, run_id, clock, ids)
        raise


async def _seen_to_its_end(
    graph: Graph,
    run_id: str,
    working: Working,
    clock: Clock,
    ids: Callable[[], str],
    progress: Progress | None,
) -> MatchRun:
    while True:
        run = await match_runs.read_run(graph.read, run_id)
        if run is None:
            raise NotFound(type="MatchRun", id=run_id)
        if run.state is RunState.DONE:
            return run
        if run.state not in UNFINISHED:
            reason = CANCELLED if run.state is RunState.CANCELLED else read_failure(run.failure)
            raise MatchingError(reason=reason or FAULT)
        taken = await take(graph, working, clock=clock, ids=ids, until=run_id)
        if taken is None:
            await asyncio.sleep(POLL_SECONDS)
            continue
        own = taken.run.id == run_id
        try:
            await work_on(
                graph, taken, working, clock=clock, ids=ids, progress=progress if own else None
            )
        except EngineError:
            raise
        except Exception as error:
            if own:
                raise
            log.warning("a run that was there first failed", run=taken.run.id, problem=str(error))


async def _cancelled(graph: Graph, run_id: str, clock: Clock, ids: Callable[[], str]) -> None:
    token, event_id, now = ids(), ids(), clock()

    async def work(transaction: Transaction) -> None:
        locked = await run_owners.lock(transaction, run_id, token)
        if locked is not None and locked.run.state in UNFINISHED:
            await _end(transaction, locked, RunState.CANCELLED, now, event_id)

    await graph.write(work, repeatable=True)
