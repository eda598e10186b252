"""Many clients over HTTP, two hubs on one graph: exactly as many win as there is capacity.

`RENLING_RACE_ROUNDS` sets the number of rounds; 1,000 are run on demand.
"""

import asyncio
import os
from collections import Counter
from collections.abc import AsyncGenerator
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from domain.access import Viewer
from domain.identity import global_id
from domain.vocabulary import CapacityKind
from graph.driver import Graph
from server.tokens import Tokens
from tests.graph.builders import Neighbourhood
from tests.graph.checking import check_holds
from tests.race.claimants import claimants
from tests.race.hubs import HubProcess, http_client, http_clients, hub_process, mutate

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(7200)]

CLIENTS = 64
ROUNDS = int(os.environ.get("RENLING_RACE_ROUNDS", "50"))
CAPACITY = 10
EXPECTED = {
    CapacityKind.TOTAL: (CAPACITY, "QUANTITY_EXCEEDED"),
    CapacityKind.SHARED: (CAPACITY, "QUANTITY_EXCEEDED"),
    CapacityKind.EXCLUSIVE: (1, "SLOT_UNAVAILABLE"),
}
SECRET = "a secret of at least thirty-two bytes for the tests"


@pytest.fixture(scope="module")
async def here(graph: Graph) -> Neighbourhood:
    return await Neighbourhood(graph).build()


@pytest.fixture(scope="module")
async def crowd(here: Neighbourhood) -> list[tuple[str, Viewer]]:
    return await claimants(here, CLIENTS)


@pytest.fixture(scope="module")
async def hubs(
    here: Neighbourhood, engine_environment: dict[str, str]
) -> AsyncGenerator[list[HubProcess]]:
    environment = {**engine_environment, "RENLING_TOKEN_SECRET": SECRET}
    async with hub_process(environment) as first, hub_process(environment) as second:
        yield [first, second]


def token_of(viewer: Viewer) -> str:
    return Tokens(SECRET).sign(
        viewer.account_id or "", now=datetime.now(UTC), lifetime=timedelta(days=1)
    )


async def test_exactly_as_many_win_as_there_is_capacity(
    here: Neighbourhood, crowd: list[tuple[str, Viewer]], hubs: list[HubProcess]
) -> None:
    zone = ZoneInfo("Asia/Shanghai")
    today = datetime.now(zone).date()
    slot = datetime.combine(today + timedelta(days=2), time(), zone)
    tokens = [(unit_id, token_of(viewer)) for unit_id, viewer in crowd]
    async with http_clients(CLIENTS) as clients:
        for number in range(ROUNDS):
            kind = list(CapacityKind)[number % len(CapacityKind)]
            offer = await here.offer(
                capacity_kind=kind,
                capacity=CAPACITY,
                starts_on=today,
                ends_on=today + timedelta(days=30),
            )
            line = {"quantity": 1, "slot": None if kind is CapacityKind.TOTAL else slot.isoformat()}
            answers = await asyncio.gather(
                *(
                    mutate(
                        client,
                        hubs[index % len(hubs)].address,
                        token,
                        "proposeClaim",
                        {
                            "idempotencyKey": offer.id,
                            "initiator": "RECEIVER",
                            "offerId": global_id("ResourceOffer", offer.id),
                            "receiverId": global_id("Unit", unit_id),
                            "lines": [line],
                        },
                    )
                    for index, (client, (unit_id, token)) in enumerate(
                        zip(clients, tokens, strict=True)
                    )
                )
            )
            counted = Counter(answer.get("code", "CLAIMED") for answer in answers)
            winners, refusal = EXPECTED[kind]
            assert counted == {"CLAIMED": winners, refusal: CLIENTS - winners}, number
    await check_holds(here.graph)


async def test_a_hundred_calls_with_one_key_at_both_hubs_make_one_claim(
    here: Neighbourhood, hubs: list[HubProcess]
) -> None:
    order = await here.order(quantity=1000)
    given = {
        "idempotencyKey": "one",
        "initiator": "SUPPLIER",
        "orderId": global_id("DemandOrder", order.id),
        "supplierId": global_id("Unit", here.unit),
        "lines": [{"quantity": 7}],
    }
    token = token_of(here.viewer("unit"))
    async with http_client() as client:
        answers = await asyncio.gather(
            *(
                mutate(client, hubs[index % 2].address, token, "proposeClaim", given)
                for index in range(100)
            )
        )
    assert len({answer["claim"]["id"] for answer in answers}) == 1
    assert (await check_holds(here.graph))[order.id] == 7


async def test_claims_that_cross_each_other_at_both_hubs_all_come_about(
    here: Neighbourhood, hubs: list[HubProcess]
) -> None:
    orders = [await here.order(quantity=1000) for _ in range(2)]
    offers = [(who, await here.offer(who, capacity=1000)) for who in ("unit", "school")]
    crossings = [(order, who, offer) for order in orders for who, offer in offers] * 16
    community = token_of(here.viewer("community"))

    async def live(index: int) -> list[str]:
        """Propose at one hub and accept at the other, while the others do the same."""
        order, who, offer = crossings[index]
        proposed = await mutate(
            client,
            hubs[index % 2].address,
            token_of(here.viewer(who)),
            "proposeClaim",
            {
                "idempotencyKey": f"crossing {index}",
                "initiator": "SUPPLIER",
                "orderId": global_id("DemandOrder", order.id),
                "offerId": global_id("ResourceOffer", offer.id),
                "lines": [{"quantity": 1}],
            },
        )
        accepted = await mutate(
            client,
            hubs[1 - index % 2].address,
            community,
            "acceptClaim",
            {"idempotencyKey": f"crossing {index}", "claimId": proposed["claim"]["id"]},
        )
        return [answer.get("code", "DONE") for answer in (proposed, accepted)]

    async with http_client() as client:
        answers = await asyncio.gather(*map(live, range(len(crossings))))
    assert Counter(code for codes in answers for code in codes) == {"DONE": 2 * len(crossings)}
    held = await check_holds(here.graph)
    assert [held[order.id] for order in orders] == [32, 32]
