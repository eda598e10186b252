"""GraphQL over HTTP, as the specification of that name says (POST, and GET for queries).

A thin ASGI endpoint: it reads the request, knows the caller, asks the short way of reads first
and the executor otherwise. Requests that are not well formed answer 4xx with `errors`, those for
which the graph cannot be asked 503; whatever else fails is logged and answers 500, as JSON too.
"""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Protocol, cast

import orjson
import structlog
from starlette.datastructures import Headers, QueryParams
from starlette.types import Message, Receive, Scope, Send

from domain.errors import (
    BadInput,
    DomainError,
    EngineError,
    LimitExceeded,
    NotSignedIn,
    OriginRefused,
    Overloaded,
    RateExceeded,
    SignInUnavailable,
)
from domain.language import Language, Phrase, text
from domain.limits import Limit
from graph.telemetry import SILENT, Telemetry
from schema.answers import INTERNAL, details_of
from server.graphql_sse import MEDIA_TYPE, stream_events
from server.logs import graph_failed
from server.rates import address_of

JSON = "application/json"
GRAPHQL_JSON = "application/graphql-response+json"
RETRY_SECONDS = 5
"""After how long asking again makes sense when the graph does not answer."""
log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class GraphQLRequest:
    """The parameters of one request."""

    query: str | None
    variables: dict[str, Any] | None
    operation_name: str | None
    document_id: str | None = None
    """The id of a trusted document, or the SHA-256 of the query."""
    language: Language | None = None
    """In which messages are asked for, before what the account or a header says."""
    address: str = field(default="", compare=False)
    """Where it came from."""


@dataclass(frozen=True, slots=True)
class GraphQLAnswer:
    """The encoded answer.

    `refused` when no execution began (syntax, validation, variables), `unavailable` when nothing
    could be answered because the graph is away, `only_post` when a mutation came by GET.
    """

    body: bytes
    refused: bool = False
    unavailable: bool = False
    only_post: bool = False


Execute = Callable[[GraphQLRequest, Headers, Language, bool], Awaitable[GraphQLAnswer]]
"""Answers a request for a caller's headers; the last argument says whether mutations may run."""
Stream = Callable[[GraphQLRequest, Headers, bool], Awaitable[AsyncGenerator[bytes]]]
"""Begins an operation whose responses are sent as they come; the last argument as above."""


class Guard(Protocol):
    """What a request passes before it is worked on; see `server.gate`."""

    def check(self) -> None:
        """Refuse at once, before anything is read, while there is too much to do."""
        ...

    def turn(self, address: str, headers: Headers) -> AbstractAsyncContextManager[None]:
        """Give the turn in which a request is worked on. Raises LimitError on entering."""
        ...


class Unguarded:
    """Lets every request in."""

    def check(self) -> None:
        """Refuse nothing."""

    def turn(self, address: str, headers: Headers) -> AbstractAsyncContextManager[None]:
        """Give a turn at once."""
        del address, headers
        return nullcontext()


UNGUARDED = Unguarded()


class HTTPProblem(Exception):
    """A request that is refused before GraphQL sees it."""

    def __init__(
        self, status: HTTPStatus, error: DomainError, headers: dict[str, str] | None = None
    ) -> None:
        super().__init__(status)
        self.status = status
        self.error = error
        self.headers = headers or {}


class GraphQLEndpoint:
    """The ASGI endpoint.

    `max_body_bytes` bounds what is read of a body (413 beyond), `body_seconds` how long (408).
    """

    def __init__(
        self,
        execute: Execute,
        *,
        max_body_bytes: int,
        language: Language,
        body_seconds: float = 20.0,
        guard: Guard = UNGUARDED,
        telemetry: Telemetry = SILENT,
        stream: Stream | None = None,
    ) -> None:
        self._execute = execute
        self._telemetry = telemetry
        self._stream = stream
        self._guard = guard
        self._max_body_bytes = max_body_bytes
        self._body_seconds = body_seconds
        self._language = language

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one HTTP request."""
        headers = Headers(scope=scope)
        language = preferred_language(headers.get("accept-language"), self._language)
        streamed = self._stream if wants_events(headers.get("accept")) else None
        media_type = GRAPHQL_JSON if streamed else accepted(headers.get("accept"))
        if media_type is None:
            error = BadInput(field="Accept", value=headers["accept"], expected=GRAPHQL_JSON)
            body = error_body(error, language)
            await respond(send, HTTPStatus.NOT_ACCEPTABLE, body, GRAPHQL_JSON)
            return
        try:
            self._guard.check()
            request = await self._read(scope, receive, headers)
            if streamed is not None:
                answers = await streamed(request, headers, scope["method"] == "POST")
                await stream_events(answers, language, receive, send)
                return
            async with self._guard.turn(request.address, headers):
                answer = await self._execute(request, headers, language, scope["method"] == "POST")
        except Exception as error:  # noqa: BLE001  (whatever it is, the client is told)
            cause = error.error if isinstance(error, HTTPProblem) else error
            self._telemetry.refused(cause)
            status, body, fields = told(error, language)
            await respond(send, status, body, media_type, fields)
            return
        status, fields = HTTPStatus.OK, dict[str, str]()
        if answer.unavailable:
            status, fields = HTTPStatus.SERVICE_UNAVAILABLE, {"Retry-After": str(RETRY_SECONDS)}
        elif answer.only_post:
            status, fields = HTTPStatus.METHOD_NOT_ALLOWED, {"Allow": "POST"}
        elif answer.refused and media_type == GRAPHQL_JSON:
            status = HTTPStatus.BAD_REQUEST
        await respond(send, status, answer.body, media_type, fields)

    async def _read(self, scope: Scope, receive: Receive, headers: Headers) -> GraphQLRequest:
        if scope["method"] == "GET":
            found = dict(QueryParams(scope["query_string"]))
            return read_parameters(found, from_url=True, address=address_of(scope))
        if scope["method"] != "POST":
            raise HTTPProblem(
                HTTPStatus.METHOD_NOT_ALLOWED,
                BadInput(field="method", value=scope["method"], expected="POST, GET"),
                {"Allow": "GET, POST"},
            )
        content_type = headers.get("content-type", "").partition(";")[0].strip().lower()
        if content_type != JSON:
            raise HTTPProblem(
                HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
                BadInput(field="Content-Type", value=content_type, expected=JSON),
            )
        try:
            async with asyncio.timeout(self._body_seconds):
                written = await self._body(receive)
        except TimeoutError as problem:
            expected = f"<= {self._body_seconds} s"
            raise HTTPProblem(
                HTTPStatus.REQUEST_TIMEOUT,
                BadInput(field="body", value="...", expected=expected),
                {"Connection": "close"},
            ) from problem
        try:
            body = orjson.loads(written)
        except orjson.JSONDecodeError as problem:
            raise HTTPProblem(
                HTTPStatus.BAD_REQUEST,
                BadInput(field="body", value=str(problem), expected="JSON (UTF-8)"),
            ) from problem
        if not isinstance(body, dict):
            raise HTTPProblem(
                HTTPStatus.BAD_REQUEST,
                BadInput(
                    field="body", value=type(body).__name__, expected=Phrase("expected.one_request")
                ),
            )
        found = cast("dict[str, Any]", body)
        return read_parameters(found, from_url=False, address=address_of(scope))

    async def _body(self, receive: Receive) -> bytes:
        chunks: list[bytes] = []
        size = 0
        while True:
            message: Message = await receive()
            if message["type"] == "http.disconnect":
                break
            chunk: bytes = message.get("body", b"")
            size += len(chunk)
            if size > self._max_body_bytes:
                raise HTTPProblem(
                    HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
                    LimitExceeded(what=Limit.BODY, asked=size, limit=self._max_body_bytes),
                )
            chunks.append(chunk)
            if not message.get("more_body", False):
                break
        return b"".join(chunks)


def read_parameters(found: dict[str, Any], *, from_url: bool, address: str = "") -> GraphQLRequest:
    """Check the parameters of a request. Raises HTTPProblem (400) naming the one that is wrong."""
    if from_url:
        for name in ("variables", "extensions"):
            if isinstance(written := found.get(name), str) and written:
                try:
                    found[name] = orjson.loads(written)
                except orjson.JSONDecodeError as problem:
                    raise _bad(name, written, "JSON") from problem
    query = found.get("query")
    if query is not None and (not isinstance(query, str) or not query.strip()):
        raise _bad("query", query, Phrase("expected.document"))
    variables = found.get("variables")
    if variables is not None and not isinstance(variables, dict):
        raise _bad("variables", variables, Phrase("expected.object"))
    operation_name = found.get("operationName")
    if operation_name is not None and not isinstance(operation_name, str):
        raise _bad("operationName", operation_name, Phrase("expected.string"))
    extensions = found.get("extensions")
    if extensions is not None and not isinstance(extensions, dict):
        raise _bad("extensions", extensions, Phrase("expected.object"))
    document_id = _document_id(found, cast("dict[str, Any]", extensions or {}))
    if query is None and document_id is None:
        raise _bad("query", query, Phrase("expected.document"))
    return GraphQLRequest(
        query,
        cast("dict[str, Any] | None", variables),
        operation_name or None,
        document_id,
        language_asked(cast("dict[str, Any]", extensions or {})),
        address,
    )


def language_asked(extensions: dict[str, Any]) -> Language | None:
    """Return the language that a request asks for by `extensions.language`.

    Raises HTTPProblem for one that the hub does not speak.
    """
    asked = extensions.get("language")
    if asked is not None and not (isinstance(asked, str) and asked in set(Language)):
        raise _bad("extensions.language", asked, " | ".join(Language))
    return None if asked is None else Language(asked)


def _document_id(found: dict[str, Any], extensions: dict[str, Any]) -> str | None:
    """Return the id of a document: `documentId`, or as Apollo's clients send it."""
    document_id = found.get("documentId")
    if document_id is not None:
        if not isinstance(document_id, str) or not document_id:
            raise _bad("documentId", document_id, Phrase("expected.string"))
        return document_id
    persisted: object = extensions.get("persistedQuery")
    if persisted is None:
        return None
    digest: object = None
    if isinstance(persisted, dict):
        digest = cast("dict[str, Any]", persisted).get("sha256Hash")
    if not isinstance(digest, str) or not digest:
        written = repr(cast("object", persisted))
        raise _bad("extensions.persistedQuery", written, '{"version": 1, "sha256Hash": "..."}')
    return digest


def told(error: Exception, language: Language) -> tuple[HTTPStatus, bytes, dict[str, str]]:
    """Return status, body and headers for what kept a request from being answered.

    What is no client's business (where the engine is, a fault of ours) is for the log only.
    """
    headers: dict[str, str] = {}
    match error:
        case HTTPProblem():
            return error.status, error_body(error.error, language), error.headers
        case RateExceeded() | LimitExceeded():
            status = HTTPStatus.TOO_MANY_REQUESTS
        case Overloaded():
            status = HTTPStatus.SERVICE_UNAVAILABLE
        case NotSignedIn():
            status, headers = HTTPStatus.UNAUTHORIZED, {"WWW-Authenticate": "Bearer"}
        case OriginRefused():
            status = HTTPStatus.FORBIDDEN
        case SignInUnavailable():
            log.warning("nobody can sign in by the issuer", issuer=error.details["issuer"])
            status, headers = HTTPStatus.SERVICE_UNAVAILABLE, {"Retry-After": str(RETRY_SECONDS)}
        case EngineError():
            graph_failed(error)
            body = failure_body(error.code, text("error.NO_GRAPH", language))
            retry = {"Retry-After": str(RETRY_SECONDS)}
            return HTTPStatus.SERVICE_UNAVAILABLE, body, retry
        case _:
            log.error("a request failed", exc_info=error)
            body = failure_body(INTERNAL, text(f"error.{INTERNAL}", language))
            return HTTPStatus.INTERNAL_SERVER_ERROR, body, {}
    if (retry_after := error.details.get("retry_after")) is not None:
        headers = {"Retry-After": str(retry_after)}
    return status, error_body(error, language), headers


def _bad(name: str, value: object, expected: str | Phrase) -> HTTPProblem:
    return HTTPProblem(
        HTTPStatus.BAD_REQUEST, BadInput(field=name, value=str(value)[:200], expected=expected)
    )


def wants_events(header: str | None) -> bool:
    """Return whether an event stream is asked for rather than JSON."""
    ranges = [part.partition(";")[0].strip().lower() for part in (header or "").split(",")]
    return MEDIA_TYPE in ranges and not {JSON, GRAPHQL_JSON} & set(
        ranges[: ranges.index(MEDIA_TYPE)]
    )


def accepted(header: str | None) -> str | None:
    """Return the media type to answer in, or None when neither of ours is accepted.

    Without a header, or with a wildcard, it is `application/json`, which older clients expect.
    """
    if not header:
        return JSON
    ranges = [part.partition(";")[0].strip().lower() for part in header.split(",")]
    for media_range in ranges:
        if media_range in (GRAPHQL_JSON, JSON):
            return media_range
    return JSON if {"*/*", "application/*"} & set(ranges) else None


def preferred_language(header: str | None, default: Language) -> Language:
    """Return the first language of `Accept-Language` that the hub speaks."""
    for part in (header or "").split(","):
        primary = part.partition(";")[0].strip().lower().partition("-")[0]
        if primary in set(Language):
            return Language(primary)
    return default


def error_body(error: DomainError, language: Language) -> bytes:
    """Return an answer that carries one error with its details, and no data."""
    return failure_body(error.code, error.message(language), details_of(error, language))


def failure_body(code: str, message: str, details: dict[str, object] | None = None) -> bytes:
    """Return an answer that carries one error and no data."""
    extensions = {"code": code, **(details or {})}
    return orjson.dumps({"errors": [{"message": message, "extensions": extensions}]})


async def respond(
    send: Send,
    status: HTTPStatus,
    body: bytes,
    media_type: str,
    headers: dict[str, str] | None = None,
) -> None:
    """Send one whole answer."""
    fields = {
        "Content-Type": f"{media_type}; charset=utf-8",
        "Content-Length": str(len(body)),
        "X-Content-Type-Options": "nosniff",
        **(headers or {}),
    }
    await send(
        {
            "type": "http.response.start",
            "status": status,
            "headers": [(name.encode(), value.encode()) for name, value in fields.items()],
        }
    )
    await send({"type": "http.response.body", "body": body})
