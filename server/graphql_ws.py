"""The protocol `graphql-transport-ws` over WebSocket, as its specification says.

One connection carries any number of operations. `connection_init` may bring the token
(`{"authorization": "Bearer ..."}` or `{"token": "..."}`), for browsers cannot send headers with a
WebSocket. What breaks the protocol closes the connection with the code of the specification; what
is wrong with an operation ends that operation alone.
"""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import aclosing, suppress
from enum import IntEnum
from typing import Any, Protocol, cast

import orjson
import structlog
from starlette.types import Receive, Scope, Send

from domain.errors import (
    DomainError,
    EngineError,
    LimitError,
    NotSignedIn,
    OriginRefused,
    SignInUnavailable,
)
from domain.language import Language
from resolvers.event_feed import FeedStopped
from schema.answers import failed
from schema.streams import StreamRefused
from server.graphql_http import HTTPProblem, language_asked
from server.logs import graph_failed

PROTOCOL = "graphql-transport-ws"
INIT_SECONDS = 10.0
"""How long a client has to send `connection_init`."""
SEND_SECONDS = 30.0
"""How long a client may take to receive one message before it is taken for stuck."""
PING_SECONDS = 20.0
"""Between pings of ours, at which the caller's token is looked at again."""
LARGEST_MESSAGE = 1_000_000
OPERATIONS = 100
"""Operations of one connection at a time."""
log = structlog.get_logger()


class Close(IntEnum):
    """Why a connection is closed, as clients of the protocol know it."""

    GOING_AWAY = 1001
    TRY_AGAIN_LATER = 1013
    BAD_REQUEST = 4400
    UNAUTHORIZED = 4401
    FORBIDDEN = 4403
    NOT_ACCEPTABLE = 4406
    INIT_TIMEOUT = 4408
    SUBSCRIBER_EXISTS = 4409
    TOO_MANY = 4429
    INTERNAL = 4500


class ClosedError(Exception):
    """The connection is to be closed."""

    def __init__(self, code: Close, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


class Session(Protocol):
    """What a connection needs of the hub; made anew for each."""

    language: Language

    async def open(self, authorization: str | None) -> None:
        """Know the caller. Raises NotSignedIn, LimitError, EngineError."""
        ...

    async def check(self) -> None:
        """See whether the caller is still signed in. Raises NotSignedIn, EngineError."""
        ...

    def run(
        self,
        query: str,
        variables: dict[str, Any] | None,
        operation_name: str | None,
        language: Language | None = None,
    ) -> AsyncGenerator[bytes]:
        """Run an operation (`schema.streams`), in the language that it asks for.

        Raises LimitError as well.
        """
        ...

    def close(self) -> None:
        """Give back what the connection held."""
        ...


class WebSocketEndpoint:
    """The ASGI endpoint of WebSocket connections."""

    def __init__(
        self, session: Callable[[Scope], Session], *, init_seconds: float = INIT_SECONDS
    ) -> None:
        self._session = session
        self._init_seconds = init_seconds
        self._connections: set[_Connection] = set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection until it is closed."""
        await receive()  # websocket.connect
        if PROTOCOL not in scope.get("subprotocols", ()):
            # Accepted first, so that the client learns the code and not just that it failed.
            await send({"type": "websocket.accept"})
            await _close(send, Close.NOT_ACCEPTABLE, "Subprotocol not acceptable")
            return
        await send({"type": "websocket.accept", "subprotocol": PROTOCOL})
        session = self._session(scope)
        connection = _Connection(session, receive, send, _header(scope), self._init_seconds)
        self._connections.add(connection)
        try:
            await connection.serve()
        finally:
            self._connections.discard(connection)
            session.close()

    async def stop(self) -> None:
        """Close all connections: clients go on elsewhere, with `after`."""
        for connection in list(self._connections):
            connection.end(ClosedError(Close.GOING_AWAY, "Going away"))


class _Connection:
    def __init__(
        self,
        session: Session,
        receive: Receive,
        send: Send,
        authorization: str | None,
        init_seconds: float,
    ) -> None:
        self._session = session
        self._receive = receive
        self._send_raw = send
        self._authorization = authorization
        self._init_seconds = init_seconds
        self._initialised = self._acknowledged = False
        self._sending = asyncio.Lock()
        self._operations: dict[str, asyncio.Task[None]] = {}
        self._ended: asyncio.Future[ClosedError] = asyncio.get_running_loop().create_future()

    def end(self, reason: ClosedError) -> None:
        """Have the connection closed; the first reason counts."""
        if not self._ended.done():
            self._ended.set_result(reason)

    async def serve(self) -> None:
        """Serve until the client goes or the connection has to be closed."""
        reading = asyncio.create_task(self._guarded(self._read()))
        watching = asyncio.create_task(self._guarded(self._watch()))
        try:
            await asyncio.wait({reading, self._ended}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            tasks = [reading, watching, *self._operations.values()]
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        if self._ended.done():
            reason = self._ended.result()
            await _close(self._send_raw, reason.code, reason.reason)

    async def _guarded(self, work: Awaitable[None]) -> None:
        """Do a part of the connection's work; what breaks it ends the connection."""
        try:
            await work
        except ClosedError as error:
            self.end(error)
        except (NotSignedIn, OriginRefused):
            self.end(ClosedError(Close.FORBIDDEN, "Forbidden"))
        except FeedStopped:
            self.end(ClosedError(Close.GOING_AWAY, "Going away"))
        except SignInUnavailable:
            self.end(ClosedError(Close.TRY_AGAIN_LATER, "Try again later, resume with after"))
        except EngineError as error:
            graph_failed(error)
            self.end(ClosedError(Close.TRY_AGAIN_LATER, "Try again later, resume with after"))
        except Exception:
            log.exception("a connection failed")
            self.end(ClosedError(Close.INTERNAL, "Internal server error"))

    async def _watch(self) -> None:
        """Close what never begins; ping, and see that the caller's token still holds."""
        await asyncio.sleep(self._init_seconds)
        if not self._initialised:
            raise ClosedError(Close.INIT_TIMEOUT, "Connection initialisation timeout")
        while True:
            await asyncio.sleep(PING_SECONDS)
            await self._session.check()
            await self._send({"type": "ping"})

    async def _read(self) -> None:
        while True:
            message = await self._receive()
            if message["type"] == "websocket.disconnect":
                return
            await self._handle(_decoded(message))

    async def _handle(self, message: Mapping[str, Any]) -> None:
        match message:
            case {"type": "connection_init"}:
                await self._open(message.get("payload"))
            case {"type": "ping"}:
                payload = message.get("payload")
                answer = {"type": "pong"} if payload is None else {**message, "type": "pong"}
                await self._send(answer)
            case {"type": "pong"}:
                pass
            case {"type": "subscribe", "id": str(key)} if key:
                self._subscribe(key, message.get("payload"))
            case {"type": "complete", "id": str(key)}:
                task = self._operations.pop(key, None)
                if task is not None:
                    task.cancel()
            case _:
                raise ClosedError(Close.BAD_REQUEST, "Invalid message received")

    async def _open(self, payload: object) -> None:
        if self._initialised:
            raise ClosedError(Close.TOO_MANY, "Too many initialisation requests")
        if payload is not None and not isinstance(payload, dict):
            raise ClosedError(Close.BAD_REQUEST, "Invalid message received")
        self._initialised = True
        given = cast("dict[str, Any]", payload or {})
        try:
            await self._session.open(_authorization(given) or self._authorization)
        except LimitError as error:
            raise ClosedError(Close.TRY_AGAIN_LATER, error.code) from error
        await self._send({"type": "connection_ack"})
        self._acknowledged = True

    def _subscribe(self, key: str, payload: object) -> None:
        if not self._acknowledged:
            raise ClosedError(Close.UNAUTHORIZED, "Unauthorized")
        match payload:
            case {"query": str(query)}:
                given = cast("dict[str, Any]", payload)
                variables, name = given.get("variables"), given.get("operationName")
            case _:
                raise ClosedError(Close.BAD_REQUEST, "Invalid message received")
        extensions = given.get("extensions")
        shaped = isinstance(variables, dict | None) and isinstance(extensions, dict | None)
        if not shaped or not isinstance(name, str | None):
            raise ClosedError(Close.BAD_REQUEST, "Invalid message received")
        try:
            language = language_asked(cast("dict[str, Any]", extensions or {}))
        except HTTPProblem as error:
            raise ClosedError(Close.BAD_REQUEST, "Invalid message received") from error
        if key in self._operations:
            raise ClosedError(Close.SUBSCRIBER_EXISTS, f"Subscriber for {key} already exists")
        if len(self._operations) >= OPERATIONS:
            raise ClosedError(Close.TRY_AGAIN_LATER, "Too many operations")
        running = self._session.run(query, cast("dict[str, Any] | None", variables), name, language)
        work = self._operate(key, running)
        self._operations[key] = asyncio.create_task(self._guarded(work))

    async def _operate(self, key: str, running: AsyncGenerator[bytes]) -> None:
        """Run one operation: `next` for each answer, then `complete`, or one `error`."""
        mine = asyncio.current_task()
        last: dict[str, Any] = {"id": key, "type": "complete"}
        try:
            async with aclosing(running) as answers:
                async for answer in answers:
                    payload = orjson.Fragment(answer)
                    await self._send({"id": key, "type": "next", "payload": payload})
        except StreamRefused as error:
            errors = orjson.loads(error.body)["errors"]
            last = {"id": key, "type": "error", "payload": errors}
        except (NotSignedIn, OriginRefused, SignInUnavailable, EngineError):
            raise
        except DomainError as error:
            errors = failed(error, self._session.language)["errors"]
            last = {"id": key, "type": "error", "payload": errors}
        # The id is free again before the client can know that the operation is over.
        if self._operations.get(key) is mine:
            del self._operations[key]
            await self._send(last)

    async def _send(self, message: Mapping[str, Any]) -> None:
        """Send one message; a client that does not take it is given up."""
        text = orjson.dumps(message).decode()
        try:
            async with self._sending, asyncio.timeout(SEND_SECONDS):
                await self._send_raw({"type": "websocket.send", "text": text})
        except TimeoutError as error:
            reason = "Too slow, resume with after"
            raise ClosedError(Close.TRY_AGAIN_LATER, reason) from error


async def _close(send: Send, code: Close, reason: str) -> None:
    # A client that is gone, or takes nothing, hears no reason.
    with suppress(Exception):
        async with asyncio.timeout(SEND_SECONDS):
            await send({"type": "websocket.close", "code": int(code), "reason": reason})


def _decoded(message: Mapping[str, Any]) -> dict[str, Any]:
    text = message.get("text")
    if not isinstance(text, str) or len(text) > LARGEST_MESSAGE:
        raise ClosedError(Close.BAD_REQUEST, "Invalid message received")
    try:
        decoded = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise ClosedError(Close.BAD_REQUEST, "Invalid message received") from error
    if not isinstance(decoded, dict):
        raise ClosedError(Close.BAD_REQUEST, "Invalid message received")
    return cast("dict[str, Any]", decoded)


def _header(scope: Scope) -> str | None:
    found = dict(scope["headers"]).get(b"authorization")
    return None if found is None else found.decode("latin-1")


def _authorization(payload: Mapping[str, Any]) -> str | None:
    """Return what `connection_init` brings to sign in with, as a header would say it."""
    for name, value in payload.items():
        if name.lower() == "authorization" and isinstance(value, str):
            return value
    token = payload.get("token")
    return f"Bearer {token}" if isinstance(token, str) else None
