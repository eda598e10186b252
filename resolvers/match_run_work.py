"""Working on matching runs to their end: what one comes to is written once.

The transaction that writes the plan reads whether the run is still held by its worker
(`resolvers.match_run_holding`): whoever lost it, or comes to a run that was cancelled, writes
nothing.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress

import structlog

from domain.clock import Clock
from domain.errors import EngineError, MatchingError, NotFound
from domain.identity import new_id
from domain.run_records import MatchRun
from domain.runs import CANCELLED, FAULT, UNFINISHED, failure_of, read_failure
from domain.vocabulary import RunState, RunStep
from graph import match_runs, run_owners
from graph.driver import Graph, Transaction
from matching.model import Progress
from matching.policies import policy_of_run
from resolvers import matching
from resolvers.claims_common import fresh_viewer
from resolvers.claims_sweep import sweep_expired
from resolvers.match_run_ends import end_run
from resolvers.match_run_holding import Keeper, RunLost, Taken, Working, take

POLL_SECONDS = 0.2
"""Between looks at a run that another works on."""
log = structlog.get_logger()


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
            await end_run(
                transaction, locked, RunState.FAILED, now, event_id, reason=failure_of(error)
            )

    await graph.write(work, repeatable=True)


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
            await end_run(transaction, locked, RunState.CANCELLED, now, event_id)

    await graph.write(work, repeatable=True)
