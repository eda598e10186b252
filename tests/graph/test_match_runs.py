"""Matching runs as processes: taken, held, cancelled, taken over, and written once."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator
from contextlib import aclosing
from typing import Any

import orjson
import pytest

from domain.access import ActingAccount
from domain.errors import Forbidden, IdempotencyConflict, MatchingError, NotFound, NotSignedIn
from domain.identity import new_id
from domain.run_records import MatchRun
from domain.runs import MOST_ATTEMPTS, MOST_WAITING
from domain.vocabulary import ProposalState, RunState
from graph import match_runs, run_owners
from graph.driver import Graph, Transaction
from graph.events import SYSTEM
from graph.statements import Statement
from resolvers import match_run_holding, matching
from resolvers.event_feed import EventFeed
from resolvers.match_run_holding import Keeper, RunLost, Taken, Working, take
from resolvers.match_run_work import seen_to_its_end, work_on
from resolvers.match_runs import cancel_run, run_matching, start_matching
from resolvers.matching import proposals_of_run
from schema.context import Context
from schema.ids import encode
from schema.streams import StreamRefused, Streams
from tests.graph.asking_both_ways import EXECUTOR, data
from tests.graph.builders import dump
from tests.graph.events_of import events_of
from tests.graph.matching_market import Market

pytestmark = pytest.mark.anyio

WORKING = Working(process="tests", lease_seconds=600)
SILENT = Working(process="silent", lease_seconds=0)
"""A worker whose lease is over at once, as if it had died."""
SHOWN = """query Run($id: ID!) { matchRun(id: $id) {
  state stateLabel finishedAt allowedActions progress { step text { zh en } share }
  failure { code text { zh en } } proposals { totalCount }
} }"""
FOLLOWED = """subscription Followed($area: ID) { matchRunChanged(after: 0, area: $area) {
  action run { id state progress { step } }
} }"""
END_GRANTS = Statement(
    "tests.end_grants",
    "MATCH (:Account {id: $id})-[:HOLDS]->(g:Grant) SET g.validUntil = $now",
    writes=True,
)


END_RUNS = Statement(
    "tests.end_runs",
    "MATCH (r:MatchRun) WHERE r.state IN ['QUEUED', 'RUNNING'] SET r.state = 'CANCELLED'",
    writes=True,
)


@pytest.fixture(autouse=True)
def slow_beats() -> Generator[None]:
    """Let leases be renewed where a test says so, however slow the machine is."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(match_run_holding, "BEAT_SECONDS", 3600.0)
        yield


@pytest.fixture
async def market(graph: Graph) -> AsyncGenerator[Market]:
    made = await Market(graph).open()
    await made.order()
    await made.offer()
    yield made
    await graph.write(lambda writing: writing.run(END_RUNS))


async def start(
    market: Market, area: str = "subdistrict", who: str = "coordinator", key: str | None = None
) -> MatchRun:
    return await start_matching(
        market.graph,
        viewer=market.here.viewer(who),
        area_id=market.here.id(area),
        clock=market.here.clock,
        idempotency_key=key or new_id(),
    )


async def cancel(market: Market, run_id: str, who: str = "coordinator") -> MatchRun:
    return await cancel_run(
        market.graph,
        viewer=market.here.viewer(who),
        run_id=run_id,
        idempotency_key=f"cancel {run_id}",
        clock=market.here.clock,
    )


async def taken_by(market: Market, run: MatchRun, working: Working = WORKING) -> Taken:
    taken = await take(market.graph, working, clock=market.here.clock, until=run.id)
    assert taken is not None
    assert taken.run.id == run.id
    return taken


async def worked(market: Market, taken: Taken, working: Working = WORKING) -> MatchRun | None:
    return await work_on(market.graph, taken, working, clock=market.here.clock)


async def now(market: Market, run: MatchRun) -> MatchRun:
    found = await match_runs.read_run(market.graph.read, run.id)
    assert found is not None
    return found


async def shown(market: Market, run: MatchRun, who: str = "coordinator") -> dict[str, Any]:
    found = await data(market.here, who, SHOWN, {"id": encode("MatchRun", run.id)})
    return found["matchRun"]


def interrupting(monkeypatch: pytest.MonkeyPatch, between: Callable[[], Awaitable[object]]) -> None:
    """Let something happen when the plan is made and not yet written."""
    planned = matching.plan

    async def plan(where: Graph, **given: Any) -> matching.Planned:
        found = await planned(where, **given)
        monkeypatch.undo()
        await between()
        return found

    monkeypatch.setattr(matching, "plan", plan)


async def test_a_run_is_started_taken_and_done(graph: Graph, market: Market) -> None:
    started = await start(market)
    assert started.state is RunState.QUEUED
    waiting = await shown(market, started)
    assert (waiting["state"], waiting["stateLabel"]) == ("QUEUED", "Waiting")
    assert (waiting["progress"], waiting["allowedActions"]) == (None, ["CANCEL"])
    taken = await taken_by(market, started)
    assert (await now(market, started)).state is RunState.RUNNING
    assert await take(graph, SILENT, clock=market.here.clock, until=started.id) is None
    done = await worked(market, taken)
    assert done is not None
    assert done == await now(market, started)
    assert (done.state, done.created_at) == (RunState.DONE, started.created_at)
    assert done.matched_orders == 1
    told = await events_of(graph, started.id)
    account = market.here.viewer("coordinator").account_id
    assert [(each.action, each.actor) for each in told] == [
        ("MATCHING_START", account),
        ("MATCHING_BEGIN", SYSTEM),
        ("MATCHING_RUN", account),
    ]
    (row,) = await proposals_of_run(graph, started.id)
    assert told[-1].changes[row.proposal.id] == {"state": [None, "OPEN"]}
    assert told[-1].changes[started.id]["certificate"] == [None, None]
    assert (await shown(market, done))["allowedActions"] == []


async def test_progress_is_seen_while_it_works(graph: Graph, market: Market) -> None:
    run = await start(market)
    taken = await taken_by(market, run)
    keeper = Keeper(graph, taken, WORKING, clock=market.here.clock)
    keeper.progress("PAIRS", 1, 4)
    assert await keeper.beat()
    keeper.progress("PAIRS", 2, 4)
    assert await keeper.beat()
    assert (await shown(market, run))["progress"] == {
        "step": "PAIRS",
        "text": {"zh": "寻找可行的配对", "en": "Looking for possible pairs"},
        "share": 0.5,
    }
    keeper.progress("SOLVE", 0, 1)
    assert await keeper.beat()
    steps = await events_of(graph, run.id, "MATCHING_STEP")
    assert [each.changes[run.id]["progress"] for each in steps] == [
        [None, "PAIRS"],
        ["PAIRS", "SOLVE"],
    ]


@pytest.mark.unrecorded
async def test_a_run_is_followed_by_who_may_see_it(graph: Graph, market: Market) -> None:
    run = await start(market)
    taken = await taken_by(market, run)
    keeper = Keeper(graph, taken, WORKING, clock=market.here.clock)
    keeper.progress("SOLVE", 0, 1)
    assert await keeper.beat()
    feed = EventFeed(graph)
    await feed.start()

    async def told(who: str, many: int) -> list[dict[str, Any]]:
        viewer = await market.viewer(who)
        context = Context(graph=graph, viewer=viewer, clock=market.here.clock, feed=feed)
        area = {"area": encode("Area", market.here.id("district"))}
        stream = Streams(EXECUTOR).run(FOLLOWED, area, None, context)
        async with aclosing(stream):
            bodies = [await anext(stream) for _ in range(many)]
        return [orjson.loads(body)["data"]["matchRunChanged"] for body in bodies]

    try:
        now_at = {
            "id": encode("MatchRun", run.id),
            "state": "RUNNING",
            "progress": {"step": "SOLVE"},
        }
        assert await told("coordinator", 3) == [
            {"action": action, "run": now_at}
            for action in ("MATCHING_START", "MATCHING_BEGIN", "MATCHING_STEP")
        ]
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.5):
                await told("unit", 1)
        with pytest.raises(StreamRefused):
            await told("nobody", 1)
    finally:
        await feed.stop()


async def test_a_run_that_was_taken_over_is_written_by_the_new_owner_alone(
    graph: Graph, market: Market, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = await start(market)
    slow = await taken_by(market, run, SILENT)
    results: list[MatchRun | None] = []

    async def taken_over() -> None:
        fresh = await taken_by(market, run)
        assert fresh.owner != slow.owner
        keeper = Keeper(graph, slow, SILENT, clock=market.here.clock)
        assert not await keeper.beat()
        with pytest.raises(RunLost):
            keeper.progress("SOLVE", 1, 2)
        await lost_before_the_result(slow)
        results.append(await worked(market, fresh))

    async def lost_before_the_result(taken: Taken) -> None:
        before = await dump(graph)
        assert await worked(market, taken) is None
        assert await dump(graph) == before

    interrupting(monkeypatch, taken_over)
    # The slow one comes to its end after the other: it finds the result, and writes none.
    assert await worked(market, slow) == results[0]
    assert len(await events_of(graph, run.id, "MATCHING_RUN")) == 1
    assert len(await events_of(graph, run.id, "MATCHING_BEGIN")) == 2
    (row,) = await proposals_of_run(graph, run.id)
    assert row.proposal.state is ProposalState.OPEN


async def test_a_cancelled_run_leaves_no_proposals_and_the_last_plan_as_it_was(
    graph: Graph, market: Market, monkeypatch: pytest.MonkeyPatch
) -> None:
    last = await market.run()
    run = await start(market)
    taken = await taken_by(market, run)
    interrupting(monkeypatch, lambda: cancel(market, run.id))
    assert await worked(market, taken) is None
    assert (await now(market, run)).state is RunState.CANCELLED
    assert await proposals_of_run(graph, run.id) == []
    (row,) = await proposals_of_run(graph, last.id)
    assert row.proposal.state is ProposalState.OPEN
    again = await cancel(market, run.id)
    assert again.state is RunState.CANCELLED
    other = await market.run()
    before = await dump(graph)
    with pytest.raises(MatchingError):
        await cancel(market, other.id)
    assert await dump(graph) == before


@pytest.mark.unrecorded
async def test_a_run_that_waits_is_cancelled_and_seen_to_be(graph: Graph, market: Market) -> None:
    await taken_by(market, await start(market))
    waiting = asyncio.create_task(market.run())
    while True:
        queued = [
            each
            for each in await run_owners.unfinished(graph.read)
            if each.state is RunState.QUEUED and each.path == market.here.path("subdistrict")
        ]
        if queued:
            break
    await cancel(market, queued[0].id)
    with pytest.raises(MatchingError, match="已被取消"):
        await waiting


async def test_an_interrupted_run_leaves_no_proposals_and_another_completes_it(
    graph: Graph, market: Market, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = await start(market)
    taken = await taken_by(market, run)
    reached = asyncio.Event()

    async def endless() -> None:
        reached.set()
        await asyncio.Event().wait()

    interrupting(monkeypatch, endless)
    working = asyncio.create_task(worked(market, taken))
    await reached.wait()
    working.cancel()
    with pytest.raises(asyncio.CancelledError):
        await working
    assert await proposals_of_run(graph, run.id) == []
    assert (await now(market, run)).state is RunState.RUNNING
    # It was left, not broken off: another goes on at once.
    done = await seen_to_its_end(graph, run.id, WORKING, clock=market.here.clock)
    assert (done.state, done.matched_orders) == (RunState.DONE, 1)


async def test_a_command_that_is_interrupted_cancels_its_run(
    graph: Graph, market: Market, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def stopped() -> None:
        raise asyncio.CancelledError

    interrupting(monkeypatch, stopped)
    with pytest.raises(asyncio.CancelledError):
        await run_matching(
            graph,
            viewer=market.here.viewer("coordinator"),
            area_id=market.here.subdistrict,
            idempotency_key="interrupted",
            clock=market.here.clock,
            working=Working(cancels=True),
        )
    with pytest.raises(MatchingError, match="已被取消"):
        await run_matching(
            graph,
            viewer=market.here.viewer("coordinator"),
            area_id=market.here.subdistrict,
            idempotency_key="interrupted",
            clock=market.here.clock,
        )


async def test_what_is_cut_off_while_the_plan_is_written_leaves_nothing_of_it(
    graph: Graph, market: Market, monkeypatch: pytest.MonkeyPatch
) -> None:
    last = await market.run()
    run = await start(market)
    taken = await taken_by(market, run)
    remember = match_runs.remember

    async def fail(transaction: Transaction, *given: Any) -> None:
        await remember(transaction, *given)
        raise ConnectionAbortedError

    monkeypatch.setattr(match_runs, "remember", fail)
    with pytest.raises(ConnectionAbortedError):
        await worked(market, taken)
    failed = await shown(market, run)
    assert (failed["state"], failed["failure"]["code"]) == ("FAILED", "FAULT")
    assert failed["proposals"] == {"totalCount": 0}
    (row,) = await proposals_of_run(graph, last.id)
    assert row.proposal.state is ProposalState.OPEN
    path = market.here.path("subdistrict")
    remembered = await match_runs.remembered(graph.read, path)
    assert remembered is not None
    assert remembered.run_id == last.id


async def test_what_takes_its_workers_down_is_not_tried_for_ever(
    graph: Graph, market: Market
) -> None:
    run = await start(market)
    for _ in range(MOST_ATTEMPTS):
        await taken_by(market, run, SILENT)
    assert await take(graph, WORKING, clock=market.here.clock, until=run.id) is None
    failed = await shown(market, run)
    assert (failed["state"], failed["failure"]["code"]) == ("FAILED", "BROKEN_OFF")
    assert failed["finishedAt"] is not None
    assert "联系运维" in failed["failure"]["text"]["zh"]
    assert "broken off" in failed["failure"]["text"]["en"]
    assert await take(graph, WORKING, clock=market.here.clock, until=run.id) is None


async def test_rights_that_end_meanwhile_end_the_run(
    graph: Graph, market: Market, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = await start(market)
    taken = await taken_by(market, run)
    account = market.here.viewer("coordinator").account_id
    at = market.here.clock().isoformat()

    async def end_grants() -> None:
        await graph.write(lambda writing: writing.run(END_GRANTS, id=account, now=at))

    interrupting(monkeypatch, end_grants)
    with pytest.raises(Forbidden):
        await worked(market, taken)
    failed = await shown(market, run, "admin")
    assert (failed["state"], failed["failure"]["code"]) == ("FAILED", "RIGHTS_GONE")
    assert failed["proposals"] == {"totalCount": 0}


async def test_runs_of_one_area_wait_and_not_too_many(graph: Graph, market: Market) -> None:
    first = await taken_by(market, await start(market))
    second = await start(market, "community")
    apart = await start(market, "village")
    assert await take(graph, WORKING, clock=market.here.clock, until=second.id) is None
    assert await take(graph, WORKING, clock=market.here.clock, until=apart.id) is None
    await worked(market, first)
    here, there = await taken_by(market, second), await taken_by(market, apart)
    assert await worked(market, there)
    assert await worked(market, here)
    for _ in range(MOST_WAITING):
        await start(market, "village")
    before = await dump(graph)
    with pytest.raises(MatchingError, match=str(MOST_WAITING)):
        await start(market)
    assert await dump(graph) == before
    await start(market, "community")


async def test_who_may_not_run_starts_and_cancels_nothing(graph: Graph, market: Market) -> None:
    run = await start(market, key="once")
    assert await start(market, key="once") == run
    before = await dump(graph)
    for who, error in (("unit", Forbidden), ("community", Forbidden), ("never seen", NotSignedIn)):
        with pytest.raises(error):
            await start(market, who=who)
        with pytest.raises(error):
            await cancel(market, run.id, who)
    with pytest.raises(IdempotencyConflict):
        await start(market, "community", key="once")
    with pytest.raises(NotFound):
        await cancel(market, "nowhere")
    assert await dump(graph) == before


async def test_who_acted_for_another_is_known_when_the_plan_is_written(
    graph: Graph, market: Market
) -> None:
    run = await start(market)
    acting = ActingAccount("deputy", "coordinator")

    async def work(transaction: Transaction) -> str:
        await run_owners.set_starter(transaction, run.id, acting)
        locked = await run_owners.lock(transaction, run.id, "token")
        assert locked is not None
        assert isinstance(locked.starter, ActingAccount)
        return f"{locked.starter} for {locked.starter.acting_for}"

    assert await graph.write(work) == "deputy for coordinator"
