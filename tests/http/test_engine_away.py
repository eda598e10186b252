"""The engine goes away for ten seconds: what callers are told meanwhile, and that all recovers."""

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from domain.identity import global_id, new_id
from tests.engines.own_engine import OwnEngine
from tests.hub_commands import commands_of
from tests.race.hubs import HubProcess, hub_process

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(300)]

AWAY_SECONDS = 10
CALLERS = 8
RECOVERY_SECONDS = 90
READ = {"query": "{ units { totalCount } }"}
WRITE = {
    "query": """mutation($input: ClaimStepInput!) { startClaim(input: $input) {
        ... on Problem { code } } }""",
    "variables": {
        "input": {"claimId": global_id("Claim", new_id()), "idempotencyKey": "while away"}
    },
}
AWAY = (503, "ENGINE_UNAVAILABLE")
GOOD = {(200, "read"), (200, "NOT_FOUND")}


@dataclass
class Hub:
    process: HubProcess
    client: httpx.AsyncClient
    headers: dict[str, str]

    async def ask(self, body: dict[str, Any]) -> tuple[int, str]:
        """Ask and return the status, and the code of the problem or error where there is one."""
        answer = await self.client.post(self.process.address, json=body, headers=self.headers)
        found = answer.json()
        if answer.status_code == 503:
            assert answer.headers["retry-after"]
            assert not any((found.get("data") or {}).values())
        if "errors" in found:
            return answer.status_code, found["errors"][0]["extensions"]["code"]
        (root,) = found["data"].values()
        return answer.status_code, root.get("code", "read")

    async def ask_many(self) -> list[tuple[int, str]]:
        bodies = [READ, WRITE] * (CALLERS // 2)
        return list(await asyncio.gather(*(self.ask(body) for body in bodies)))


@pytest.fixture(scope="module")
async def hub(own_engine: OwnEngine) -> AsyncGenerator[Hub]:
    made = await asyncio.to_thread(
        commands_of(own_engine.environment).run, "account", "值班", "ADMIN", "--json"
    )
    headers = {"Authorization": f"Bearer {made['token']}"}
    environment = {**own_engine.environment, "RENLING_ENGINE_PATIENCE_SECONDS": "1"}
    # Shorter than the hub keeps an idle connection: the two do not give it up at the same moment.
    limits = httpx.Limits(keepalive_expiry=2)
    async with (
        hub_process(environment) as process,
        httpx.AsyncClient(timeout=60, limits=limits) as client,
    ):
        yield Hub(process, client, headers)


async def while_away(hub: Hub) -> Counter[tuple[int, str]]:
    """Ask for as long as the engine is away, and return how often each answer came."""
    answers: Counter[tuple[int, str]] = Counter()
    loop = asyncio.get_running_loop()
    until = loop.time() + AWAY_SECONDS
    while loop.time() < until:
        answers.update(await hub.ask_many())
        await asyncio.sleep(0.2)
    return answers


async def recovered(hub: Hub) -> None:
    """Wait until the hub answers again, and find that then it answers everybody."""
    async with asyncio.timeout(RECOVERY_SECONDS):
        while (await hub.ask(READ))[0] != 200:
            await asyncio.sleep(0.2)
    for _ in range(3):
        assert set(await hub.ask_many()) == GOOD
    health = await hub.client.get(hub.process.address.replace("/graphql", "/health"))
    assert health.status_code == 200
    assert hub.process.process.returncode is None


async def test_an_engine_that_holds_still_leaves_nobody_hanging(
    hub: Hub, own_engine: OwnEngine
) -> None:
    await recovered(hub)
    own_engine.freeze()
    try:
        # All of these are answered before the engine goes on.
        answers = await while_away(hub)
        health = await hub.client.get(hub.process.address.replace("/graphql", "/health"))
    finally:
        own_engine.thaw()
    assert set(answers) == {AWAY}
    assert health.status_code == 503
    await recovered(hub)


async def test_an_engine_that_dies_is_used_again_when_it_is_back(
    hub: Hub, own_engine: OwnEngine
) -> None:
    await recovered(hub)
    own_engine.kill()
    answers = await while_away(hub)
    if own_engine.restarts_by_itself:
        assert set(answers) <= GOOD | {AWAY}
    else:
        assert set(answers) == {AWAY}
        own_engine.start_again()
    await recovered(hub)
