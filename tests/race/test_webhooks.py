"""Webhooks over hubs as people run them: one is killed while it delivers, and nothing is lost."""

import os
import re
import signal
import threading
from collections.abc import AsyncGenerator, Generator
from contextlib import AsyncExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from runpy import run_path
from typing import Any

import pytest

from domain.identity import global_id
from graph.driver import Graph
from graph.statements import CompiledStatement
from server.tokens import Tokens
from tests.graph.builders import Neighbourhood
from tests.race.claimants import claimants
from tests.race.hubs import HubProcess, http_client, hub_process, mutate
from tests.receiving import KEY, Receiver, eventually, receiving

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(600)]

DOCUMENTATION = (Path(__file__).parents[2] / "docs" / "webhooks.md").read_text(encoding="utf-8")
CLAIMS = 8
SECONDS = 3
HOLDER = CompiledStatement("MATCH (l:EngineLock {id: 'webhooks'}) RETURN l.owner AS owner")
CREATE = """mutation($input: CreateWebhookInput!) { result: createWebhook(input: $input) {
  ... on WebhookSecretPayload { secret webhook { id } } ... on Problem { code message }
} }"""
TEST = """mutation($input: NodeInput!) { result: testWebhook(input: $input) {
  ... on TestWebhookPayload { delivered status problem } ... on Problem { code message }
} }"""
SEEN = "{ events(first: 100) { nodes { number action } } }"


@pytest.fixture(scope="module")
async def here(graph: Graph) -> Neighbourhood:
    return await Neighbourhood(graph).build()


@pytest.fixture
async def hubs(
    here: Neighbourhood, engine_environment: dict[str, str]
) -> AsyncGenerator[list[HubProcess]]:
    assert here
    environment = {
        **engine_environment,
        "RENLING_TOKEN_SECRET": KEY,
        "RENLING_WEBHOOK_KEY": KEY,
        "RENLING_WEBHOOK_NETWORKS": "127.0.0.0/8",
        "RENLING_WEBHOOK_SECONDS": str(SECONDS),
        "RENLING_WEBHOOK_RETRY_SECONDS": "0.2",
    }
    async with AsyncExitStack() as stack:
        yield [await stack.enter_async_context(hub_process(environment)) for _ in range(2)]


@contextmanager
def documented_receiver(directory: Path) -> Generator[tuple[type[Any], list[dict[str, Any]], str]]:
    """Serve the receiver that the documentation shows, and collect what it takes."""
    (source,) = re.findall(r"```python\n(.*?)```", DOCUMENTATION, re.DOTALL)
    module = directory / "receiver.py"
    module.write_text(source, encoding="utf-8")
    names = run_path(str(module))
    taken: list[dict[str, Any]] = []

    class Quiet(names["Receiver"]):
        def take(self, message: dict[str, Any]) -> None:
            taken.append(message)

        def log_message(self, *_: object) -> None: ...

    assert issubclass(Quiet, BaseHTTPRequestHandler)
    with ThreadingHTTPServer(("127.0.0.1", 0), Quiet) as server:
        serving = threading.Thread(target=server.serve_forever)
        serving.start()
        try:
            yield Quiet, taken, f"http://127.0.0.1:{server.server_port}/"
        finally:
            server.shutdown()
            serving.join()


def token_of(here: Neighbourhood, name: str) -> str:
    account_id = here.viewer(name).account_id or ""
    return Tokens(KEY).sign(account_id, now=datetime.now(UTC), lifetime=timedelta(days=1))


async def ask(hub: HubProcess, token: str, query: str, **given: object) -> dict[str, Any]:
    """Return what a hub answers."""
    async with http_client() as client:
        answer = await client.post(
            hub.address,
            json={"query": query, "variables": {"input": {"idempotencyKey": "key", **given}}},
            headers={"Authorization": f"Bearer {token}"},
        )
    body = answer.json()
    assert "errors" not in body, body
    return body["data"]


async def test_nothing_is_lost_and_the_order_stays_when_the_hub_that_delivers_is_killed(
    here: Neighbourhood, graph: Graph, hubs: list[HubProcess], tmp_path: Path
) -> None:
    coordinator = token_of(here, "coordinator")
    order = await here.order(quantity=1000)
    crowd = await claimants(here, CLAIMS)
    alive = list(hubs)

    async def claim(place: int, hub: HubProcess) -> None:
        unit_id, viewer = crowd[place]
        given = {
            "idempotencyKey": str(place),
            "initiator": "SUPPLIER",
            "orderId": global_id("DemandOrder", order.id),
            "supplierId": global_id("Unit", unit_id),
            "lines": [{"quantity": 1}],
        }
        token = Tokens(KEY).sign(
            viewer.account_id or "", now=datetime.now(UTC), lifetime=timedelta(days=1)
        )
        async with http_client() as client:
            made = await mutate(client, hub.address, token, "proposeClaim", given)
        assert made["claim"]["state"] == "PROPOSED"

    async def kill_who_delivers() -> None:
        (row,) = await graph.read(HOLDER)
        (delivering,) = [
            each for each in hubs if str(each.process.pid) == row["owner"].split(":")[1]
        ]
        alive.remove(delivering)
        os.kill(delivering.process.pid, signal.SIGKILL)

    async with receiving() as receiver:
        with documented_receiver(tmp_path) as (documented, taken, address):
            made = (await ask(hubs[0], coordinator, CREATE, url=address))["result"]
            documented.secret = made["secret"]
            tried = await ask(hubs[1], coordinator, TEST, id=made["webhook"]["id"])
            assert tried["result"] == {"delivered": True, "status": 204, "problem": None}
            assert [each["type"] for each in taken] == ["TEST"]
            taken.clear()
            community = token_of(here, "community")
            secret = (await ask(hubs[0], community, CREATE, url=receiver.address))["result"][
                "secret"
            ]
            await claim(0, hubs[0])
            await claim(1, hubs[1])
            await eventually(lambda: len(taken) == len(receiver.heard) == 2)
            await _while_it_is_held(receiver, claim(2, hubs[0]))
            await kill_who_delivers()
            receiver.open.set()
            for place in range(3, CLAIMS):
                await claim(place, alive[0])
            await eventually(
                lambda: (
                    len(taken) >= CLAIMS and len({each.id for each in receiver.heard}) == CLAIMS
                ),
                seconds=60,
            )
    seen = (await ask(alive[0], coordinator, SEEN))["events"]["nodes"]
    history = [each["number"] for each in seen if each["action"] == "CLAIM_PROPOSE"]
    assert len(history) == CLAIMS
    # What the hub was sending when it was killed comes again; the first of each is in order.
    assert [each["data"]["number"] for each in taken] == history
    firsts = list(dict.fromkeys(each.number for each in receiver.heard))
    assert firsts == history
    assert [each.number for each in receiver.heard] == sorted(
        each.number for each in receiver.heard
    )
    assert len(receiver.heard) > CLAIMS
    assert receiver.heard[-1].verify(secret)["type"] == "CLAIM_PROPOSE"


async def _while_it_is_held(receiver: Receiver, work: Any) -> None:
    """Do some work, and return when a message that came of it waits for its answer."""
    receiver.open.clear()
    before = len(receiver.heard)
    await work
    await eventually(lambda: len(receiver.heard) > before)
