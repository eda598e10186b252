"""Clients that follow the hub, over WebSocket or event streams, and come back with `after`."""

import asyncio
import json
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass, field
from typing import Any

import httpx
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException
from websockets.typing import Subprotocol

PROTOCOL = Subprotocol("graphql-transport-ws")
EVENTS = """subscription($after: Long, $area: ID) {
  told: eventAppended(after: $after, area: $area) { number event { id number action } }
}"""
CLAIMS = """subscription($after: Long, $area: ID, $agent: ID, $claim: ID) {
  told: claimChanged(after: $after, area: $area, agent: $agent, claim: $claim) {
    number action claim { id state }
  }
}"""
ORDERS = """subscription($after: Long, $area: ID) {
  told: orderChanged(after: $after, area: $area) { number action order { id state } }
}"""


def socket_of(address: str) -> str:
    """Return the address of a hub's WebSockets."""
    return address.replace("http://", "ws://")


async def opened(address: str, token: str | None) -> ClientConnection:
    """Connect to a hub and sign in."""
    socket = await connect(socket_of(address), subprotocols=[PROTOCOL])
    payload = {} if token is None else {"authorization": f"Bearer {token}"}
    await socket.send(json.dumps({"type": "connection_init", "payload": payload}))
    acknowledged = await heard(socket)
    assert acknowledged == {"type": "connection_ack"}, acknowledged
    return socket


async def heard(socket: ClientConnection) -> dict[str, Any]:
    """Return the next message but pings."""
    while True:
        message = json.loads(await socket.recv())
        if message["type"] != "ping":
            return message


async def subscribe(
    socket: ClientConnection, query: str, key: str = "1", **variables: object
) -> None:
    """Begin an operation."""
    payload = {"query": query, "variables": variables}
    await socket.send(json.dumps({"type": "subscribe", "id": key, "payload": payload}))


@dataclass
class Follower:
    """Follows by a query for as long as its task runs, at whichever hub answers."""

    hubs: Callable[[], str]
    token: str
    query: str
    variables: dict[str, Any] = field(default_factory=dict[str, Any])
    after: int = 0
    streamed: bool = False
    told: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    connections: int = 0

    async def run(self) -> None:
        """Follow until cancelled; after each end begin again after the last number."""
        while True:
            try:
                self.connections += 1
                async for message in self._stream() if self.streamed else self._socket():
                    assert "errors" not in message, message
                    self.told.append(message["data"]["told"])
                    self.after = message["data"]["told"]["number"]
            except (OSError, WebSocketException, httpx.HTTPError):
                await asyncio.sleep(0.05)

    async def _socket(self) -> AsyncGenerator[dict[str, Any]]:
        socket = await opened(self.hubs(), self.token)
        try:
            await subscribe(socket, self.query, after=self.after, **self.variables)
            while True:
                message = await heard(socket)
                assert message["type"] == "next", message
                yield message["payload"]
        finally:
            await socket.close()

    async def _stream(self) -> AsyncGenerator[dict[str, Any]]:
        body = {"query": self.query, "variables": {"after": self.after, **self.variables}}
        headers = {"Authorization": f"Bearer {self.token}", "Accept": "text/event-stream"}
        async with (
            httpx.AsyncClient(timeout=60) as client,
            client.stream("POST", self.hubs(), json=body, headers=headers) as answer,
        ):
            assert answer.status_code == httpx.codes.OK
            async for line in answer.aiter_lines():
                if line.startswith("data: {"):
                    yield json.loads(line.removeprefix("data: "))
