"""The clients that front-end teams use: each asks, pages both ways, claims, and hears of it."""

import asyncio
import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from gql import Client, GraphQLRequest
from gql.transport.httpx import HTTPXAsyncTransport
from gql.transport.websockets import WebsocketsTransport

from tests.clients.conftest import HERE, run_program
from tests.hub_commands import TIMEOUT, Service

pytestmark = pytest.mark.clients

Node = Callable[..., Any]
PAGE = """query Page($first: Int, $after: String, $last: Int, $before: String) {
  offers(first: $first, after: $after, last: $last, before: $before) {
    edges { node { id } } pageInfo { startCursor endCursor } } }"""
PROPOSE = """mutation Propose($input: ProposeClaimInput!) { proposeClaim(input: $input) {
  ... on ClaimPayload { claim { id state quantity } } ... on Problem { code message } } }"""
FOLLOW = """subscription Follow($after: Long) {
  claimChanged(after: $after) { number claim { id state } } }"""
LAST_EVENT = "{ events(last: 1) { nodes { number } } }"
ROOMY = """{ offers(first: 1, filter: {title: {contains: "灭火器"}}) { nodes { id } }
  areas(first: 1, filter: {level: {eq: COMMUNITY}}) { nodes { id } } }"""


@pytest.fixture(scope="module")
def asked(service: Service) -> dict[str, Any]:
    """An offer with room for everybody's claim, and who receives it."""
    headers = {"Authorization": f"Bearer {service.tokens['ADMIN']}"}
    answer = httpx.post(service.address, json={"query": ROOMY}, headers=headers, timeout=TIMEOUT)
    found = answer.json()["data"]
    return {
        "initiator": "COORDINATOR",
        "offerId": found["offers"]["nodes"][0]["id"],
        "receiverId": found["areas"]["nodes"][0]["id"],
        "lines": [{"quantity": 1}],
    }


def check(seen: dict[str, Any]) -> None:
    """Compare what a client saw with what it should have seen."""
    assert len(seen["first"]) == 3
    assert seen["two"][:3] == seen["first"] == seen["back"]
    assert len(set(seen["two"])) == 6
    claim = seen["claim"]["claim"]
    assert (claim["state"], claim["quantity"]) == ("PROPOSED", 1)
    assert seen["heard"]["claim"]["id"] == claim["id"]
    assert seen["heard"]["claim"]["state"] == "PROPOSED"


@pytest.mark.parametrize("client", ["apollo", "urql", "relay", "websocket", "events"])
def test_a_client_asks_pages_claims_and_follows(
    client: str, service: Service, asked: dict[str, Any], node: Node
) -> None:
    if client == "relay":
        run_program("relay-compiler", "relay.config.json", directory=HERE)
    given = {
        "url": service.address,
        "token": service.tokens["COORDINATOR"],
        "input": asked | {"idempotencyKey": f"client-{client}"},
    }
    check(node(f"{client}.mjs", json.dumps(given)))


def request(text: str, variables: dict[str, Any] | None = None) -> GraphQLRequest:
    return GraphQLRequest(text, variable_values=variables)


def test_the_python_client_asks_pages_claims_and_follows(
    service: Service, asked: dict[str, Any]
) -> None:
    headers = {"Authorization": f"Bearer {service.tokens['COORDINATOR']}"}

    async def converse() -> dict[str, Any]:
        http = HTTPXAsyncTransport(service.address, headers=headers, timeout=TIMEOUT)
        socket = WebsocketsTransport(
            service.address.replace("http", "ws", 1),
            init_payload={"authorization": headers["Authorization"]},
            subprotocols=[WebsocketsTransport.GRAPHQLWS_SUBPROTOCOL],
        )
        async with Client(transport=http, fetch_schema_from_transport=True) as session:

            async def page(**variables: Any) -> dict[str, Any]:
                return (await session.execute(request(PAGE, variables)))["offers"]

            first = await page(first=3)
            second = await page(first=3, after=first["pageInfo"]["endCursor"])
            back = await page(last=3, before=second["pageInfo"]["startCursor"])
            last = await session.execute(request(LAST_EVENT))
            after = last["events"]["nodes"][0]["number"]
            given = asked | {"idempotencyKey": "client-gql"}
            proposed = await session.execute(request(PROPOSE, {"input": given}))
            async with Client(transport=socket) as following, asyncio.timeout(TIMEOUT):
                changes = following.subscribe(request(FOLLOW, {"after": after}))
                heard = (await anext(changes))["claimChanged"]
                await changes.aclose()

        def ids(found: dict[str, Any]) -> list[str]:
            return [edge["node"]["id"] for edge in found["edges"]]

        return {
            "first": ids(first),
            "two": ids(first) + ids(second),
            "back": ids(back),
            "claim": proposed["proposeClaim"],
            "heard": heard,
        }

    check(asyncio.run(converse()))
