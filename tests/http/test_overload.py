"""More is asked of a hub than it takes on: what it accepts is answered, the rest refused."""

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator

import httpx
import pytest

from tests.engines.own_engine import OwnEngine
from tests.race.hubs import HubProcess, http_client, hub_process

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(300)]

AT_ONCE, WAITING = 2, 3
TAKEN_ON = AT_ONCE + WAITING
OFFERED = 40
QUERY = {"query": "{ units { totalCount } }"}


@pytest.fixture(scope="module")
async def hub(own_engine: OwnEngine) -> AsyncGenerator[HubProcess]:
    environment = {
        **own_engine.environment,
        "RENLING_REQUESTS_AT_ONCE": str(AT_ONCE),
        "RENLING_REQUESTS_WAITING": str(WAITING),
        "RENLING_WAITING_SECONDS": "120",
        "RENLING_ENGINE_PATIENCE_SECONDS": "120",
        "RENLING_STATEMENT_SECONDS": "120",
        "RENLING_RATE_PER_TOKEN": "5/hour",
    }
    async with hub_process(environment) as process:
        yield process


async def ask(client: httpx.AsyncClient, hub: HubProcess) -> tuple[int, str]:
    answer = await client.post(hub.address, json=QUERY)
    found = answer.json()
    if answer.status_code == 200:
        assert found == {"data": {"units": {"totalCount": 0}}}
        return 200, "answered"
    assert int(answer.headers["retry-after"]) >= 1
    return answer.status_code, found["errors"][0]["extensions"]["code"]


async def test_what_is_accepted_is_answered_and_the_rest_refused(
    hub: HubProcess, own_engine: OwnEngine
) -> None:
    async with http_client(connections=OFFERED) as client:
        assert await ask(client, hub) == (200, "answered")
        for _ in range(2):
            own_engine.freeze()
            try:
                offered = {asyncio.create_task(ask(client, hub)) for _ in range(OFFERED)}
                # Those that are refused are told while nothing at all gets done.
                refused: list[tuple[int, str]] = []
                accepted = offered
                while len(accepted) > TAKEN_ON:
                    done, accepted = await asyncio.wait(
                        accepted, return_when=asyncio.FIRST_COMPLETED
                    )
                    refused += [each.result() for each in done]
            finally:
                own_engine.thaw()
            assert Counter(refused) == {(503, "OVERLOADED"): OFFERED - TAKEN_ON}
            assert await asyncio.gather(*accepted) == [(200, "answered")] * TAKEN_ON
            # Nobody has to do anything for it to be well again.
            assert await ask(client, hub) == (200, "answered")


async def test_a_rate_is_kept_over_http(hub: HubProcess) -> None:
    headers = {"Authorization": "Bearer no-good"}
    body = {"query": "{ __typename }"}
    async with httpx.AsyncClient(timeout=60, headers=headers) as client:
        statuses = [(await client.post(hub.address, json=body)).status_code for _ in range(6)]
        assert statuses == [401] * 5 + [429]
        refused = (await client.post(hub.address, json=body)).json()["errors"][0]
    assert refused["extensions"]["code"] == "RATE_EXCEEDED"
    assert (refused["extensions"]["what"], refused["extensions"]["limit"]) == ("TOKEN", 5)
    async with httpx.AsyncClient(timeout=60) as client:
        assert (await client.post(hub.address, json=body)).status_code == 200
