"""A matching run over hubs as people run them: its owner is killed, and the other completes it."""

import asyncio
import os
import signal
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from domain.identity import global_id, parse_global_id
from graph.driver import Graph
from graph.statements import CompiledStatement
from resolvers import matching
from resolvers.match_runs import read_run
from resolvers.matching import proposals_of_run
from server.tokens import Tokens
from tests.graph.events_of import events_of
from tests.graph.matching_market import Market
from tests.race.hubs import HubProcess, hub_process
from tests.receiving import KEY

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(600)]

LEASE_SECONDS = 2
PATIENCE_SECONDS = 120
OWNER = CompiledStatement(
    "MATCH (r:MatchRun {id: $id}) RETURN r.owner AS owner, r.ownedUntil AS until"
)
START = """mutation($input: StartMatchingInput!) { result: startMatching(input: $input) {
  ... on StartMatchingPayload { run { id state } } ... on Problem { code message }
} }"""
RUN = """query($id: ID!) { run: matchRun(id: $id) {
  state progress { step share } proposals { totalCount }
} }"""


@asynccontextmanager
async def silent_cluster() -> AsyncGenerator[str]:
    """The address of a scheduler that takes connections and says nothing."""
    open_connections: list[asyncio.StreamWriter] = []

    async def accept(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        open_connections.append(writer)

    server = await asyncio.start_server(accept, "127.0.0.1", 0)
    try:
        port = server.sockets[0].getsockname()[1]
        yield f"tcp://127.0.0.1:{port}"
    finally:
        server.close()
        for writer in open_connections:
            writer.close()


async def ask(hub: HubProcess, token: str, query: str, **variables: object) -> dict[str, Any]:
    async with httpx.AsyncClient(timeout=60) as client:
        answer = await client.post(
            hub.address,
            json={"query": query, "variables": variables},
            headers={"Authorization": f"Bearer {token}"},
        )
    body = answer.json()
    assert "errors" not in body, body
    return next(iter(body["data"].values()))


async def test_a_run_whose_owner_is_killed_is_completed_by_another_with_the_same_plan(
    graph: Graph, engine_environment: dict[str, str]
) -> None:
    market = await Market(graph).open()
    for quantity in (4, 9, 12):
        await market.order(quantity=quantity)
        await market.offer(capacity=quantity)
    account = market.here.viewer("coordinator").account_id or ""
    token = Tokens(KEY).sign(account, now=datetime.now(UTC), lifetime=timedelta(days=1))
    area = global_id("Area", market.here.subdistrict)
    environment = {
        **engine_environment,
        "RENLING_TOKEN_SECRET": KEY,
        "RENLING_MATCHING_LEASE_SECONDS": str(LEASE_SECONDS),
    }
    async with AsyncExitStack() as stack:
        address = await stack.enter_async_context(silent_cluster())
        stuck = {**environment, "RENLING_MATCHING_WORKERS": address}
        owner = await stack.enter_async_context(hub_process(stuck))
        given = {"idempotencyKey": "run", "areaId": area}
        started = (await ask(owner, token, START, input=given))["run"]
        run_id, (_, uid) = started["id"], parse_global_id(started["id"])

        async def until(condition: Any) -> dict[str, Any]:
            async with asyncio.timeout(PATIENCE_SECONDS):
                while not condition(found := await ask(asked, token, RUN, id=run_id)):
                    await asyncio.sleep(0.05)
                return found

        asked = owner
        await until(lambda found: (found["progress"] or {}).get("step") == "PAIRS")
        asked = other = await stack.enter_async_context(hub_process(environment))
        # For longer than a lease both are there, and the other leaves it alone.
        (begun,) = await graph.read(OWNER, id=uid)
        held = begun
        while held["until"] < begun["until"] + LEASE_SECONDS * 1500:
            (held,) = await graph.read(OWNER, id=uid)
        assert held["owner"].split(":")[1] == str(owner.process.pid)
        under_way = await read_run(graph.read, uid)
        expected = await matching.plan(
            graph, below=market.here.path("subdistrict"), now=under_way.created_at
        )
        assert await proposals_of_run(graph, uid) == []
        os.kill(owner.process.pid, signal.SIGKILL)
        done = await until(lambda found: found["state"] not in {"QUEUED", "RUNNING"})
    assert (done["state"], done["progress"]) == ("DONE", None)
    written = [
        (row.order_id, row.offer_id, row.proposal.quantity)
        for row in await proposals_of_run(graph, uid)
    ]
    planned = [(each.order_id, each.offer_id, each.quantity) for each in expected.plan.proposals]
    assert sorted(written) == sorted(planned)
    assert done["proposals"]["totalCount"] == len(planned) > 0
    told = await events_of(graph, uid)
    assert [each.action for each in told if each.action != "MATCHING_STEP"] == [
        "MATCHING_START",
        "MATCHING_BEGIN",
        "MATCHING_BEGIN",
        "MATCHING_RUN",
    ]
    assert other.process.returncode == 0
