"""kill -9 of the embedded engine during claims: what was answered is there, service goes on."""

import asyncio
import os
import signal
from pathlib import Path

import pytest

from domain.errors import EngineError
from domain.holds import LineRequest
from domain.records import Claim
from domain.vocabulary import ClaimState, Initiator
from graph.embedded import EmbeddedEngine
from graph.engine import EngineSettings, open_graph
from graph.migrations import migrate
from graph.statements import CompiledStatement
from resolvers.claims import propose
from tests.engines.brief import BRIEF
from tests.graph.builders import Neighbourhood
from tests.graph.checking import check_holds

pytestmark = pytest.mark.anyio

CLAIMS = CompiledStatement("MATCH (c:Claim) RETURN c.id AS id, c.state AS state")
EVENTS = CompiledStatement(
    "MATCH (e:Event)-[:CHANGED]->(c:Claim) RETURN c.id AS id, count(e) AS events"
)
CALLS = 30
CALLERS = 6
KILLED_AFTER = (8, 20)


async def test_nothing_that_was_answered_is_lost(tmp_path: Path) -> None:
    settings = EngineSettings(data_directory=tmp_path / "data", embedded_java_options=BRIEF)
    async with open_graph(settings) as graph:
        await migrate(graph)
        here = await Neighbourhood(graph).build()
        order = await here.order(quantity=1000)
        answered: dict[int, Claim] = {}
        waiting = list(range(CALLS))
        kills = list(KILLED_AFTER)
        assert isinstance(graph.engine, EmbeddedEngine)

        async def call(number: int) -> Claim:
            """Claim as a client does: the same key again until there is an answer."""
            while True:
                try:
                    return await propose(
                        graph,
                        viewer=here.viewer("unit"),
                        initiator=Initiator.SUPPLIER,
                        supplier_id=here.unit,
                        order_id=order.id,
                        lines=[LineRequest(1)],
                        idempotency_key=str(number),
                        clock=here.clock,
                    )
                except EngineError:
                    await asyncio.sleep(0.1)

        async def caller() -> None:
            assert isinstance(graph.engine, EmbeddedEngine)
            while waiting:
                number = waiting.pop()
                answered[number] = await call(number)
                if kills and len(answered) >= kills[0]:
                    kills.pop(0)
                    process = graph.engine.process()
                    assert process is not None
                    os.kill(process, signal.SIGKILL)

        await asyncio.gather(*(caller() for _ in range(CALLERS)))
        assert not kills
        assert len(answered) == CALLS
        found = {row["id"]: row["state"] for row in await graph.read(CLAIMS)}
        assert found == {claim.id: ClaimState.PROPOSED for claim in answered.values()}
        events = {row["id"]: row["events"] for row in await graph.read(EVENTS)}
        assert events == dict.fromkeys(found, 1)
        assert (await check_holds(graph))[order.id] == CALLS
