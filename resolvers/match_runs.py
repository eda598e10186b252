"""Matching runs: start one, cancel one.

Starting writes the run and leaves the work to whoever takes it (`resolvers.match_run_holding`);
`run_matching` starts one and sees it to its end.
"""

from collections.abc import Callable

from domain.access import Viewer
from domain.clock import Clock, system_clock
from domain.errors import MatchingError, NotFound
from domain.identity import new_id
from domain.language import Phrase
from domain.run_records import MatchRun
from domain.runs import MOST_WAITING, UNFINISHED, overlap
from domain.vocabulary import RunState
from graph import events, match_runs, run_owners
from graph.driver import Graph, Transaction
from graph.idempotency import Repeatable, earlier_result, record_result
from matching.documents import policy_text, weights_text
from matching.model import Policy, Progress
from resolvers.claims_common import caller_of, fresh_viewer
from resolvers.match_run_ends import CANCEL, end_run
from resolvers.match_run_holding import Working
from resolvers.match_run_work import seen_to_its_end
from resolvers.matching import DEFAULT_POLICY, area_path, check_coordinates, kept

START = "MATCHING_START"


async def start_matching(
    graph: Graph,
    *,
    viewer: Viewer,
    idempotency_key: str,
    area_id: str | None = None,
    policy: Policy = DEFAULT_POLICY,
    clock: Clock = system_clock,
    ids: Callable[[], str] = new_id,
    operation: str = "matching.start",
) -> MatchRun:
    """Write a run for the orders of an area (all without one), to be taken by a worker.

    For ADMIN, and for the coordinator of the area. Raises NotSignedIn, Forbidden, NotFound,
    IdempotencyConflict, and MatchingError where too many wait for the area.
    """
    account_id, now, token, run_id, event_id = caller_of(viewer), clock(), ids(), ids(), ids()
    path = await area_path(graph.read, area_id)
    run = MatchRun(
        id=run_id,
        created_at=now,
        state=RunState.QUEUED,
        policy=policy_text(policy),
        weights=weights_text(policy),
    )
    given = {"areaId": area_id, "policy": run.policy, "weights": run.weights}
    write = Repeatable(account_id, operation, idempotency_key, given)

    async def work(transaction: Transaction) -> MatchRun:
        earlier = await earlier_result(transaction, write, now, kept(), token)
        if earlier is not None:
            return await read_run(transaction.run, earlier["runId"])
        check_coordinates(await fresh_viewer(transaction, account_id, now), path, START)
        await run_owners.take_turn(transaction, token)
        unfinished = await run_owners.unfinished(transaction.run)
        if sum(overlap(path, other.path) for other in unfinished) >= MOST_WAITING:
            raise MatchingError(
                reason=Phrase("matching.problem.MANY_WAITING", {"count": MOST_WAITING})
            )
        await match_runs.create_run(transaction, run, area_id)
        await run_owners.set_starter(transaction, run.id, account_id)
        changes = {run.id: events.changes_between(None, run)}
        event = events.event(event_id, now, account_id, START, changes)
        await events.write_event(transaction, event)
        await record_result(transaction, write, now, {"runId": run.id})
        return run

    return await graph.write(work, repeatable=True)


async def cancel_run(
    graph: Graph,
    *,
    viewer: Viewer,
    run_id: str,
    idempotency_key: str,
    clock: Clock = system_clock,
    ids: Callable[[], str] = new_id,
) -> MatchRun:
    """End a run that is not over, without proposals: the last plan stays.

    For whoever may start one there. Raises NotSignedIn, Forbidden, NotFound,
    IdempotencyConflict, and MatchingError when it is over.
    """
    account_id, now, token, event_id = caller_of(viewer), clock(), ids(), ids()
    write = Repeatable(account_id, "matching.cancel", idempotency_key, {"runId": run_id})

    async def work(transaction: Transaction) -> MatchRun:
        earlier = await earlier_result(transaction, write, now, kept(), token)
        fresh = await fresh_viewer(transaction, account_id, now)
        locked = await run_owners.lock(transaction, run_id, token)
        if locked is None:
            raise NotFound(type="MatchRun", id=run_id)
        if earlier is not None:
            return locked.run
        check_coordinates(fresh, locked.path, CANCEL)
        if locked.run.state not in UNFINISHED:
            raise MatchingError(reason=Phrase("matching.problem.OVER"))
        after = await end_run(
            transaction, locked, RunState.CANCELLED, now, event_id, actor=account_id
        )
        await record_result(transaction, write, now, {"runId": run_id})
        return after

    return await graph.write(work, repeatable=True)


async def run_matching(
    graph: Graph,
    *,
    viewer: Viewer,
    area_id: str | None = None,
    idempotency_key: str | None = None,
    policy: Policy = DEFAULT_POLICY,
    progress: Progress | None = None,
    clock: Clock = system_clock,
    ids: Callable[[], str] = new_id,
    working: Working | None = None,
) -> MatchRun:
    """Match the orders of an area (all without one) and return the run, its proposals written.

    It waits for runs of the area that were there first, and works on what nobody else does.
    Open proposals of earlier runs for these orders are superseded. For ADMIN, and for the
    coordinator of the area. Raises NotSignedIn, Forbidden, NotFound, IdempotencyConflict, and
    MatchingError where the run fails or is cancelled.
    """
    started = await start_matching(
        graph,
        viewer=viewer,
        idempotency_key=idempotency_key or ids(),
        area_id=area_id,
        policy=policy,
        clock=clock,
        ids=ids,
        operation="matching.run",
    )
    return await seen_to_its_end(
        graph, started.id, working or Working(), clock=clock, ids=ids, progress=progress
    )


async def read_run(run: match_runs.Run, run_id: str) -> MatchRun:
    """Return a run. Raises NotFound."""
    found = await match_runs.read_run(run, run_id)
    if found is None:
        raise NotFound(type="MatchRun", id=run_id)
    return found
