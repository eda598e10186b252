"""Receivers of webhooks on loopback, and what webhooks need of a process, for tests."""

import asyncio
import json
import ssl
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from standardwebhooks import Webhook as Verifier

from domain.addresses import parse_networks
from domain.webhooks import Outcome
from resolvers.webhooks import Message, WebhookWays
from server.keys import FixedKeys
from server.sealing import Sealing

KEY = "a key of at least thirty-two characters for the tests"
LOOPBACK = parse_networks("127.0.0.0/8")
Answer = tuple[int, dict[str, str]]
TAKEN: Answer = (204, {})


async def nowhere(_: Message) -> Outcome:
    """Send nothing, and say that it was taken."""
    return Outcome(204)


def ways(**given: Any) -> WebhookWays:
    """Return how webhooks are sealed, and sent nowhere unless said otherwise."""
    found: dict[str, Any] = {
        "secrets": Sealing(FixedKeys(KEY)),
        "send": nowhere,
        "networks": LOOPBACK,
    }
    return WebhookWays(**(found | given))


@dataclass
class Heard:
    """A request that arrived: its headers, by small letters, and its body."""

    headers: dict[str, str]
    body: str

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]

    @property
    def data(self) -> dict[str, Any]:
        return json.loads(self.body)["data"]

    @property
    def number(self) -> int:
        return self.data["number"]

    def verify(self, secret: str) -> dict[str, Any]:
        """Return the message, as a receiver with this secret reads it."""
        return Verifier(secret).verify(self.body, self.headers)


@dataclass
class Receiver:
    """What arrived, and what is answered: a status and headers, 204 unless a test says."""

    address: str
    heard: list[Heard] = field(default_factory=list[Heard])
    answer: Callable[[Heard], Answer] = lambda _: TAKEN
    open: asyncio.Event = field(default_factory=asyncio.Event)
    """While it is not set, nothing is answered."""

    def __post_init__(self) -> None:
        self.open.set()

    @property
    def actions(self) -> list[str]:
        """The actions of the events that arrived, in the order in which they did."""
        return [each.data["event"]["action"] for each in self.heard]

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
            headers = {
                name.lower(): value.strip()
                for name, _, value in (line.partition(":") for line in head[1:] if line)
            }
            body = await reader.readexactly(int(headers["content-length"]))
            heard = Heard(headers, body.decode())
            self.heard.append(heard)
            await self.open.wait()
            status, more = self.answer(heard)
            fields = "".join(f"{name}: {value}\r\n" for name, value in more.items())
            said = "" if status == 204 else "something <b>went</b>\n wrong"
            length = "" if status == 204 else f"Content-Length: {len(said)}\r\n"
            writer.write(f"HTTP/1.1 {status} X\r\n{fields}{length}\r\n{said}".encode())
            await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()


@asynccontextmanager
async def receiving(certificates: ssl.SSLContext | None = None) -> AsyncGenerator[Receiver]:
    """Listen on a free port of loopback."""
    receiver = Receiver("")
    server = await asyncio.start_server(receiver.handle, "127.0.0.1", 0, ssl=certificates)
    port = server.sockets[0].getsockname()[1]
    receiver.address = f"http{'s' if certificates else ''}://127.0.0.1:{port}/hook?a=1"
    try:
        yield receiver
    finally:
        receiver.open.set()
        server.close()


async def eventually(condition: Callable[[], bool], seconds: float = 30) -> None:
    """Wait until something holds."""
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.01)
