"""Followers at two hubs: nobody misses anything, nothing comes twice, the order is one."""

import asyncio
import json
import os
import signal
from collections import Counter
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from domain.access import Viewer
from domain.identity import global_id
from graph.driver import Graph
from graph.statements import CompiledStatement, Statement
from server.tokens import Tokens
from tests.graph.builders import Neighbourhood
from tests.race.claimants import claimants
from tests.race.followers import (
    CLAIMS,
    EVENTS,
    ORDERS,
    PROTOCOL,
    Follower,
    heard,
    opened,
    socket_of,
    subscribe,
)
from tests.race.hubs import HubProcess, http_client, hub_process, mutate

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(600)]

SECRET = "a secret of at least thirty-two bytes for the tests"
WRITERS = 6
CLAIMS_EACH = 6
OWNER = CompiledStatement("MATCH (l:EngineLock {id: 'events'}) RETURN l.owner AS owner")
END_GRANTS = Statement(
    "tests.end_grants",
    "MATCH (:Account {id: $id})-[:HOLDS]->(g:Grant) SET g.validUntil = '2026-01-01'",
    writes=True,
)
HISTORY = CompiledStatement(
    "MATCH (e:Event) RETURN e.number AS number, e.action AS action ORDER BY number"
)


@pytest.fixture(scope="module")
async def here(graph: Graph) -> Neighbourhood:
    return await Neighbourhood(graph).build()


@pytest.fixture(scope="module")
def environment(engine_environment: dict[str, str]) -> dict[str, str]:
    return {**engine_environment, "RENLING_TOKEN_SECRET": SECRET}


@pytest.fixture(scope="module")
async def hub(here: Neighbourhood, environment: dict[str, str]) -> AsyncGenerator[HubProcess]:
    assert here
    async with hub_process(environment) as process:
        yield process


def token_of(viewer: Viewer, lifetime: timedelta = timedelta(days=1)) -> str:
    return Tokens(SECRET).sign(viewer.account_id or "", now=datetime.now(UTC), lifetime=lifetime)


async def eventually(condition: Any, seconds: float = 60) -> None:
    """Wait until something holds."""
    async with asyncio.timeout(seconds):
        while not await condition():
            await asyncio.sleep(0.05)


def proposal(here: Neighbourhood, order_id: str, unit_id: str, key: str) -> dict[str, Any]:
    assert here
    return {
        "idempotencyKey": key,
        "initiator": "SUPPLIER",
        "orderId": global_id("DemandOrder", order_id),
        "supplierId": global_id("Unit", unit_id),
        "lines": [{"quantity": 1}],
    }


async def test_nothing_is_missed_and_nothing_comes_twice_when_a_hub_is_killed(  # noqa: C901, PLR0915
    here: Neighbourhood, graph: Graph, environment: dict[str, str]
) -> None:
    crowd = await claimants(here, WRITERS)
    order = await here.order(quantity=1000)
    async with AsyncExitStack() as stack:
        running = [await stack.enter_async_context(hub_process(environment)) for _ in range(2)]
        alive = list(running)

        async def kill_the_sequencer() -> None:
            """Kill the hub whose turn it is to number, as a crash would."""
            owners: list[Any] = []

            async def owned() -> bool:
                owners[:] = [row["owner"] for row in await graph.read(OWNER)]
                return bool(owners and owners[0])

            await eventually(owned)
            process_id = int(owners[0].split(":")[1])
            (sequencing,) = [each for each in running if each.process.pid == process_id]
            alive.remove(sequencing)
            os.kill(process_id, signal.SIGKILL)

        def at(place: int) -> str:
            return alive[place % len(alive)].address

        admin, coordinator = token_of(here.viewer("admin")), token_of(here.viewer("coordinator"))
        area = {"area": global_id("Area", here.subdistrict)}
        everything = [
            Follower(lambda: at(0), admin, EVENTS),
            Follower(lambda: at(1), admin, EVENTS),
            Follower(lambda: at(0), coordinator, EVENTS, area, streamed=True),
            Follower(lambda: at(1), coordinator, EVENTS, area, streamed=True),
        ]
        of_claims = [
            Follower(lambda: at(0), coordinator, CLAIMS, area),
            Follower(lambda: at(1), token_of(here.viewer("community")), CLAIMS, streamed=True),
        ]
        of_orders = [Follower(lambda: at(1), coordinator, ORDERS, area)]
        denied = [
            Follower(lambda: at(0), token_of(here.viewer("village")), EVENTS),
            Follower(lambda: at(1), token_of(here.viewer("village")), CLAIMS, area),
        ]
        followers = [*everything, *of_claims, *of_orders, *denied]
        tasks = [asyncio.create_task(each.run()) for each in followers]

        async def write(
            index: int, unit_id: str, viewer: Viewer, client: httpx.AsyncClient
        ) -> None:
            for number in range(CLAIMS_EACH):
                key = f"{index} {number}"
                given = proposal(here, order.id, unit_id, key)
                while True:
                    try:
                        made = await mutate(
                            client, at(index), token_of(viewer), "proposeClaim", given
                        )
                        step = {"idempotencyKey": key, "claimId": made["claim"]["id"]}
                        community = token_of(here.viewer("community"))
                        await mutate(client, at(index + 1), community, "acceptClaim", step)
                        break
                    except httpx.HTTPError:
                        await asyncio.sleep(0.05)
                if (index, number) == (0, CLAIMS_EACH // 3):
                    await kill_the_sequencer()

        try:
            async with http_client() as client:
                await asyncio.gather(
                    *(
                        write(index, unit_id, viewer, client)
                        for index, (unit_id, viewer) in enumerate(crowd)
                    )
                )

            async def all_told() -> bool:
                for task in tasks:
                    if task.done():
                        task.result()
                history = await graph.read(HISTORY)
                numbered = [row["number"] for row in history]
                return (
                    None not in numbered
                    and all(each.after == max(numbered) for each in [*everything, *of_claims])
                    and all(len(each.told) >= WRITERS * CLAIMS_EACH for each in of_orders)
                )

            await eventually(all_told)
        finally:
            for task in tasks:
                task.cancel()
            results = await asyncio.gather(*tasks, return_exceptions=True)
        assert all(isinstance(each, asyncio.CancelledError) for each in results), results
    history = [(row["number"], row["action"]) for row in await graph.read(HISTORY)]
    numbers = [number for number, _ in history]
    assert len(history) == 2 * WRITERS * CLAIMS_EACH
    assert numbers == list(range(1, len(history) + 1))
    for follower in everything:
        told = [(each["number"], each["event"]["action"]) for each in follower.told]
        assert told == history
        assert all(each["event"]["number"] == each["number"] for each in follower.told)
    for follower in of_claims:
        assert [(each["number"], each["action"]) for each in follower.told] == history
        steps: dict[str, list[str]] = {}
        for each in follower.told:
            steps.setdefault(each["claim"]["id"], []).append(each["action"])
        assert Counter(map(tuple, steps.values())) == {
            ("CLAIM_PROPOSE", "CLAIM_ACCEPT"): WRITERS * CLAIMS_EACH
        }
    for follower in of_orders:
        assert {each["order"]["id"] for each in follower.told} == {
            global_id("DemandOrder", order.id)
        }
        # Accepting changes the claim, and nothing of the order.
        assert [each["number"] for each in follower.told] == [
            number for number, action in history if action == "CLAIM_PROPOSE"
        ]
    assert [each.told for each in denied] == [[], []]
    assert max(each.connections for each in followers) > 1


async def test_a_grant_that_ends_ends_the_delivery(
    here: Neighbourhood, graph: Graph, hub: HubProcess
) -> None:
    (unit_id, viewer), (other_id, other) = await claimants(here, 2)
    order = await here.order(quantity=1000)
    socket = await opened(hub.address, token_of(viewer))
    await subscribe(socket, CLAIMS, agent=global_id("Unit", unit_id))
    # Begun once it answers: what is asked after it is told after it.
    await subscribe(socket, "{ viewer { accountId } }", "2")
    assert {(await heard(socket))["type"] for _ in range(2)} == {"next", "complete"}
    async with http_client() as client:
        given = proposal(here, order.id, unit_id, "mine")
        made = await mutate(client, hub.address, token_of(viewer), "proposeClaim", given)
        told = await heard(socket)
        assert told["payload"]["data"]["told"]["claim"]["id"] == made["claim"]["id"]
        await graph.write(lambda transaction: transaction.run(END_GRANTS, id=viewer.account_id))
        await asyncio.sleep(2.5)
        step = {"idempotencyKey": "mine", "claimId": made["claim"]["id"]}
        community = token_of(here.viewer("community"))
        await mutate(client, hub.address, community, "acceptClaim", step)
        given = proposal(here, order.id, other_id, "other")
        await mutate(client, hub.address, token_of(other), "proposeClaim", given)
    await asyncio.sleep(1)
    await subscribe(socket, "{ viewer { accountId } }", "3")
    assert [(await heard(socket))["id"] for _ in range(2)] == ["3", "3"]
    await socket.close()


async def closed_with(socket: Any) -> int | None:
    """Return the code with which the hub closes, after whatever it says before."""
    try:
        async with asyncio.timeout(60):
            while True:
                await socket.recv()
    except ConnectionClosed as end:
        return end.rcvd.code if end.rcvd else None


async def test_the_protocol_is_kept_strictly(here: Neighbourhood, hub: HubProcess) -> None:
    token = token_of(here.viewer("admin"))
    address = socket_of(hub.address)
    init = json.dumps({"type": "connection_init"})
    query = {"query": "{ viewer { accountId } }"}
    broken: list[tuple[list[object], int]] = [
        (["not json"], 4400),
        (["[]"], 4400),
        ([b"bytes"], 4400),
        ([{"type": "unknown"}], 4400),
        ([{"type": "subscribe", "id": "1", "payload": query}], 4401),
        ([init, init], 4429),
        ([{"type": "connection_init", "payload": {"token": "none of ours"}}], 4403),
        ([init, {"type": "subscribe", "id": "", "payload": query}], 4400),
        ([init, {"type": "subscribe", "id": "1"}], 4400),
        ([init, {"type": "subscribe", "id": "1", "payload": {"query": 1}}], 4400),
        (
            [
                {"type": "connection_init", "payload": {"token": token}},
                {"type": "subscribe", "id": "1", "payload": {"query": EVENTS}},
                {"type": "subscribe", "id": "1", "payload": {"query": EVENTS}},
            ],
            4409,
        ),
    ]
    for messages, code in broken:
        async with connect(address, subprotocols=[PROTOCOL]) as socket:
            for message in messages:
                raw = isinstance(message, str | bytes)
                await socket.send(message if raw else json.dumps(message))
            assert await closed_with(socket) == code, messages
    async with connect(address) as socket:
        assert await closed_with(socket) == 4406


async def test_a_connection_carries_all_kinds_of_operations(
    here: Neighbourhood, hub: HubProcess
) -> None:
    order = await here.order(quantity=5)
    socket = await opened(hub.address, token_of(here.viewer("unit")))
    await socket.send(json.dumps({"type": "ping", "payload": {"a": 1}}))
    assert await heard(socket) == {"type": "pong", "payload": {"a": 1}}
    await subscribe(socket, "query($id: ID!) { order(id: $id) { quantity } }", "q",
                    id=global_id("DemandOrder", order.id))  # fmt: skip
    data = {"order": {"quantity": 5}}
    assert await heard(socket) == {"id": "q", "type": "next", "payload": {"data": data}}
    assert await heard(socket) == {"id": "q", "type": "complete"}
    claiming = "mutation($input: ProposeClaimInput!) { proposeClaim(input: $input) { __typename } }"
    given = proposal(here, order.id, here.unit, "over a socket")
    await subscribe(socket, claiming, "q", input=given)
    told = await heard(socket)
    assert told["payload"]["data"] == {"proposeClaim": {"__typename": "ClaimPayload"}}
    assert await heard(socket) == {"id": "q", "type": "complete"}
    await subscribe(socket, "{ nothing }", "wrong")
    refused = await heard(socket)
    assert (refused["id"], refused["type"]) == ("wrong", "error")
    assert refused["payload"][0]["extensions"]["code"] == "GRAPHQL_VALIDATION_FAILED"
    await subscribe(socket, EVENTS, "ahead", after=10**9)
    assert (await heard(socket))["payload"][0]["extensions"]["code"] == "BAD_INPUT"
    await socket.close()
    visitor = await opened(hub.address, None)
    await subscribe(visitor, EVENTS)
    assert (await heard(visitor))["payload"][0]["extensions"]["code"] == "FORBIDDEN"
    await visitor.close()


async def test_who_is_no_longer_signed_in_is_let_go(here: Neighbourhood, hub: HubProcess) -> None:
    order = await here.order(quantity=5)
    # A hub's first answers take longer than the token lasts, where the engine plans slowly.
    warming = await opened(hub.address, token_of(here.viewer("coordinator")))
    await subscribe(warming, "{ viewer { accountId } }")
    assert (await heard(warming))["type"] == "next"
    await warming.close()
    short = token_of(here.viewer("coordinator"), timedelta(seconds=3))
    socket = await opened(hub.address, short)
    await subscribe(socket, EVENTS)
    ending = asyncio.create_task(closed_with(socket))
    await asyncio.sleep(5.5)
    async with http_client() as client:
        given = proposal(here, order.id, here.unit, order.id)
        await mutate(client, hub.address, token_of(here.viewer("unit")), "proposeClaim", given)
        assert await ending == 4403
        headers = {"Authorization": f"Bearer {short}", "Accept": "text/event-stream"}
        answer = await client.post(hub.address, json={"query": EVENTS}, headers=headers)
        assert answer.status_code == httpx.codes.UNAUTHORIZED


async def test_each_operation_asks_for_its_language(here: Neighbourhood, hub: HubProcess) -> None:
    """By its extensions, else the browser's; on a socket and over an event stream."""
    query, english = "{ viewer { language } }", {"language": "en"}
    socket = await opened(hub.address, token_of(here.viewer("unit")))
    for number, extensions in enumerate((english, None)):
        payload = {"query": query, "extensions": extensions}
        await socket.send(json.dumps({"id": str(number), "type": "subscribe", "payload": payload}))
        told = (await heard(socket))["payload"]["data"]
        assert told == {"viewer": {"language": "zh" if extensions is None else "en"}}
        assert (await heard(socket))["type"] == "complete"
    wrong = {"query": query, "extensions": {"language": "fr"}}
    await socket.send(json.dumps({"id": "wrong", "type": "subscribe", "payload": wrong}))
    assert await closed_with(socket) == 4400
    async with http_client() as client:
        for headers, asked, language in (
            ({"Accept-Language": "en-GB"}, {}, "en"),
            ({"Accept-Language": "zh"}, english, "en"),
        ):
            answer = await client.post(
                hub.address,
                json={"query": query, "extensions": asked},
                headers={**headers, "Accept": "text/event-stream"},
            )
            assert f'{{"viewer":{{"language":"{language}"}}}}' in answer.text


async def test_event_streams_answer_once_as_well(here: Neighbourhood, hub: HubProcess) -> None:
    headers = {
        "Authorization": f"Bearer {token_of(here.viewer('unit'))}",
        "Accept": "text/event-stream",
    }
    async with http_client() as client:
        answer = await client.get(
            hub.address, params={"query": "{ viewer { __typename } }"}, headers=headers
        )
        assert answer.headers["content-type"].startswith("text/event-stream")
        told = 'event: next\ndata: {"data":{"viewer":{"__typename":"Viewer"}}}\n\n'
        assert answer.text == f":\n\n{told}event: complete\ndata: \n\n"
        mutation = (
            'mutation { startClaim(input: {claimId: "x", idempotencyKey: "y"}) { __typename } }'
        )
        answer = await client.get(hub.address, params={"query": mutation}, headers=headers)
        assert "POST" in answer.text
        answer = await client.post(hub.address, json={"query": "{ x }"}, headers=headers)
        assert "GRAPHQL_VALIDATION_FAILED" in answer.text
        assert answer.text.endswith("event: complete\ndata: \n\n")


async def test_a_hub_that_stops_lets_its_followers_go(
    here: Neighbourhood, environment: dict[str, str]
) -> None:
    token = token_of(here.viewer("admin"))
    headers = {"Authorization": f"Bearer {token}", "Accept": "text/event-stream"}
    async with hub_process(environment) as process, http_client() as client:
        socket = await opened(process.address, token)
        await subscribe(socket, EVENTS)
        query = {"query": EVENTS}
        async with client.stream("POST", process.address, json=query, headers=headers) as stream:
            process.process.terminate()
            assert await closed_with(socket) == 1001
            text = "".join([part async for part in stream.aiter_text()])
        assert "complete" not in text
        async with asyncio.timeout(8):
            assert await process.process.wait() == 0
