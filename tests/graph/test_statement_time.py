"""A statement may take so long and no longer, on both engines, and leaves the graph usable."""

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import replace

import pytest

from domain.errors import EngineUnavailable, StatementTimedOut
from graph.driver import Graph, Transaction
from graph.engine import EngineSettings, open_graph
from graph.statements import CompiledStatement, Statement

pytestmark = [pytest.mark.anyio, pytest.mark.unrecorded]

ENDLESS = (
    "UNWIND range(1, 100000) AS a UNWIND range(1, 100000) AS b "
    "WITH a, b WHERE a * b < 0 RETURN count(*) AS n"
)
SHORT = CompiledStatement("UNWIND range(1, 10) AS a RETURN count(a) AS n")
LIMIT = 1.0


@pytest.fixture(scope="module")
async def hasty(graph: Graph, engine_settings: EngineSettings) -> AsyncGenerator[Graph]:
    limits = replace(engine_settings.limits, statement_time=LIMIT, write_time=LIMIT)
    async with open_graph(replace(engine_settings, limits=limits)) as opened:
        yield opened


async def test_a_read_that_takes_too_long_is_ended(hasty: Graph) -> None:
    with pytest.raises(StatementTimedOut) as ended:
        await hasty.read_single(CompiledStatement(ENDLESS), {})
    assert ended.value.details == {"limit": LIMIT}
    assert await hasty.read_single(SHORT, {}) == [10]


async def test_a_write_that_takes_too_long_is_ended_and_changes_nothing(
    hasty: Graph, graph: Graph
) -> None:
    make = Statement("test.make", "CREATE (n:EngineLock {id: 'endless'})", writes=True)
    endless = Statement("test.endless", ENDLESS)

    async def work(transaction: Transaction) -> None:
        await transaction.run(make)
        await transaction.run(endless)

    with pytest.raises((StatementTimedOut, EngineUnavailable)):
        await hasty.write(work)
    count = CompiledStatement("MATCH (n:EngineLock {id: 'endless'}) RETURN count(n) AS n")
    assert await graph.read_single(count, {}) == [0]


async def test_whoever_waits_for_a_gone_engine_is_told_and_so_is_whoever_comes(
    hasty: Graph, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The engine is there; the watch is made to believe that it is not, and then that it is."""
    away = asyncio.Event()

    async def probe() -> None:
        if not away.is_set():
            raise EngineUnavailable(problem="unreachable", address="here", reason="gone")

    monkeypatch.setattr(hasty.watch, "_probe", probe)
    monkeypatch.setattr(hasty.watch, "patience", 0.0)
    async with hasty.watch.watched():
        with pytest.raises(EngineUnavailable):
            await hasty.read_single(CompiledStatement(ENDLESS), {})
        assert not hasty.watch.present
        with pytest.raises(EngineUnavailable):
            await hasty.read_single(SHORT, {})
        away.set()
        async with asyncio.timeout(60):
            while not hasty.watch.present:
                await asyncio.sleep(0.05)
        assert await hasty.read_single(SHORT, {}) == [10]
