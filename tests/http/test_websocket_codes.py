"""The codes with which the hub closes a WebSocket when it is not the client's message."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from typing import Any

import orjson
import pytest
from structlog.testing import capture_logs

from domain.errors import EngineUnavailable, LimitExceeded, NotSignedIn, SignInUnavailable
from domain.language import Language
from domain.limits import Limit
from resolvers.event_feed import FeedStopped
from server import graphql_ws
from server.graphql_ws import PROTOCOL, Session, WebSocketEndpoint

pytestmark = pytest.mark.anyio

AWAY = EngineUnavailable(problem="unreachable", address="", reason="")
INIT = {"type": "connection_init"}


class Scripted(Session):
    """A session that fails where it is told to; otherwise an operation goes on for ever."""

    language = Language.EN

    def __init__(self, **failures: Exception) -> None:
        self.failures = failures
        self.closed = False

    def _at(self, place: str) -> None:
        if place in self.failures:
            raise self.failures[place]

    async def open(self, authorization: str | None) -> None:
        assert authorization is None
        self._at("open")

    async def check(self) -> None:
        self._at("check")

    async def run(
        self,
        query: str,
        variables: dict[str, Any] | None,
        operation_name: str | None,
        language: Language | None = None,
    ) -> AsyncGenerator[bytes]:
        del query, variables, operation_name, language
        self._at("run")
        yield b"{}"
        await asyncio.Event().wait()

    def close(self) -> None:
        self.closed = True


def subscribe(key: str) -> dict[str, Any]:
    return {"type": "subscribe", "id": key, "payload": {"query": "subscription { x }"}}


async def closed_with(
    session: Scripted,
    *messages: dict[str, Any],
    init_seconds: float = 30,
    slow: Callable[[dict[str, Any]], bool] = lambda _: False,
) -> tuple[int, str]:
    """Return code and reason with which a connection is closed after some messages."""
    arriving: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
    arriving.put_nowait({"type": "websocket.connect"})
    for message in messages:
        text = orjson.dumps(message).decode()
        arriving.put_nowait({"type": "websocket.receive", "text": text})
    closed: list[tuple[int, str]] = []

    async def send(message: Any) -> None:  # (ASGI)
        if message["type"] == "websocket.close":
            closed.append((message["code"], message["reason"]))
        elif message["type"] == "websocket.send" and slow(orjson.loads(message["text"])):
            await asyncio.Event().wait()

    endpoint = WebSocketEndpoint(lambda _: session, init_seconds=init_seconds)
    scope = {"type": "websocket", "subprotocols": [PROTOCOL], "headers": []}
    async with asyncio.timeout(20):
        await endpoint(scope, arriving.get, send)
    assert session.closed
    ((code, reason),) = closed
    return code, reason


async def test_a_connection_that_never_begins_is_closed() -> None:
    assert (await closed_with(Scripted(), init_seconds=0.01))[0] == 4408
    ping = {"type": "ping"}
    assert (await closed_with(Scripted(), ping, init_seconds=0.01))[0] == 4408


@pytest.mark.parametrize(
    ("failures", "code"),
    [
        ({"open": LimitExceeded(what=Limit.CONNECTIONS, asked=2, limit=1)}, 1013),
        ({"open": SignInUnavailable()}, 1013),
        ({"open": AWAY}, 1013),
        ({"run": AWAY}, 1013),
        ({"run": FeedStopped()}, 1001),
        ({"run": NotSignedIn(reason="")}, 4403),
        ({"check": NotSignedIn(reason="")}, 4403),
        ({"check": AWAY}, 1013),
        ({"run": RuntimeError("a fault")}, 4500),
    ],
    ids=str,
)
async def test_what_fails_has_its_code(
    failures: dict[str, Exception], code: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(graphql_ws, "PING_SECONDS", 0.01)
    with capture_logs() as logged:
        session = Scripted(**failures)
        seen, reason = await closed_with(session, INIT, subscribe("1"), init_seconds=0.01)
    assert seen == code
    assert "a fault" not in reason
    assert bool(logged) == (code == 4500 or AWAY in failures.values())


async def test_too_many_operations_of_one_connection_close_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(graphql_ws, "OPERATIONS", 2)
    messages = [INIT, *(subscribe(str(number)) for number in range(3))]
    assert (await closed_with(Scripted(), *messages))[0] == 1013


async def test_who_takes_nothing_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(graphql_ws, "SEND_SECONDS", 0.05)
    code, reason = await closed_with(
        Scripted(), INIT, subscribe("1"), slow=lambda message: message["type"] == "next"
    )
    assert (code, reason) == (1013, "Too slow, resume with after")
