"""GraphQL over HTTP, as the specification of that name says (POST, and GET for queries).

A thin ASGI endpoint: it reads the request, knows the caller, asks the short way of reads first
and the executor otherwise. Requests that are not well formed answer 4xx with `errors`, those for
which the graph cannot be asked 503; whatever else fails is logged and answers 500, as JSON too.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, cast

import orjson
import structlog
from starlette.datastructures import Headers, QueryParams
from starlette.types import Message, Receive, Scope, Send

from domain.errors import (
    BadInput,
    DomainError,
    EngineError,
    NotSignedIn,
    OriginRefused,
    SignInUnavailable,
)
from domain.language import Language, Phrase, text
from schema.answers import INTERNAL

JSON = "application/json"
GRAPHQL_JSON = "application/graphql-response+json"
RETRY_SECONDS = 5
"""After how long asking again makes sense when the graph does not answer."""
log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class GraphQLRequest:
    """The parameters of one request."""

    query: str
    variables: dict[str, Any] | None
    operation_name: str | None


@dataclass(frozen=True, slots=True)
class GraphQLAnswer:
    """The encoded answer; `refused` when no execution began (syntax, validation, variables)."""

    body: bytes
    refused: bool = False


Execute = Callable[[GraphQLRequest, Headers, Language, bool], Awaitable[GraphQLAnswer]]
"""Answers a request for a caller's headers; the last argument says whether mutations may run."""


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
    """The ASGI endpoint. `max_body_bytes` bounds what is read of a body (413 beyond)."""

    def __init__(self, execute: Execute, *, max_body_bytes: int, language: Language) -> None:
        self._execute = execute
        self._max_body_bytes = max_body_bytes
        self._language = language

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one HTTP request."""
        headers = Headers(scope=scope)
        language = preferred_language(headers.get("accept-language"), self._language)
        media_type = accepted(headers.get("accept"))
        if media_type is None:
            error = BadInput(field="Accept", value=headers["accept"], expected=GRAPHQL_JSON)
            body = error_body(error, language)
            await respond(send, HTTPStatus.NOT_ACCEPTABLE, body, GRAPHQL_JSON)
            return
        try:
            request = await self._read(scope, receive, headers)
            answer = await self._execute(request, headers, language, scope["method"] == "POST")
        except HTTPProblem as problem:
            await respond(
                send,
                problem.status,
                error_body(problem.error, language),
                media_type,
                problem.headers,
            )
            return
        except NotSignedIn as error:
            await respond(
                send,
                HTTPStatus.UNAUTHORIZED,
                error_body(error, language),
                media_type,
                {"WWW-Authenticate": "Bearer"},
            )
            return
        except OriginRefused as error:
            await respond(send, HTTPStatus.FORBIDDEN, error_body(error, language), media_type)
            return
        except SignInUnavailable as error:
            log.warning("nobody can sign in by the issuer", issuer=error.details["issuer"])
            retry = {"Retry-After": str(RETRY_SECONDS)}
            body = error_body(error, language)
            await respond(send, HTTPStatus.SERVICE_UNAVAILABLE, body, media_type, retry)
            return
        except EngineError as error:
            # Where the engine is, and as whom we sign in, is for the log only.
            log.error("the graph failed", code=error.code, problem=str(error))  # noqa: TRY400
            body = failure_body(error.code, text("error.NO_GRAPH", language))
            retry = {"Retry-After": str(RETRY_SECONDS)}
            await respond(send, HTTPStatus.SERVICE_UNAVAILABLE, body, media_type, retry)
            return
        except Exception:
            log.exception("a request failed")
            body = failure_body(INTERNAL, text(f"error.{INTERNAL}", language))
            await respond(send, HTTPStatus.INTERNAL_SERVER_ERROR, body, media_type)
            return
        refused = answer.refused and media_type == GRAPHQL_JSON
        await respond(
            send, HTTPStatus.BAD_REQUEST if refused else HTTPStatus.OK, answer.body, media_type
        )

    async def _read(self, scope: Scope, receive: Receive, headers: Headers) -> GraphQLRequest:
        if scope["method"] == "GET":
            return read_parameters(dict(QueryParams(scope["query_string"])), from_url=True)
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
            body = orjson.loads(await self._body(receive))
        except orjson.JSONDecodeError as problem:
            raise HTTPProblem(
                HTTPStatus.BAD_REQUEST,
                BadInput(field="body", value=str(problem), expected="JSON (UTF-8)"),
            ) from problem
        if not isinstance(body, dict):
            raise HTTPProblem(
                HTTPStatus.BAD_REQUEST,
                BadInput(field="body", value=type(body).__name__, expected='{"query": "..."}'),
            )
        return read_parameters(cast("dict[str, Any]", body), from_url=False)

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
                    BadInput(field="body", value=size, expected=f"<= {self._max_body_bytes} bytes"),
                )
            chunks.append(chunk)
            if not message.get("more_body", False):
                break
        return b"".join(chunks)


def read_parameters(found: dict[str, Any], *, from_url: bool) -> GraphQLRequest:
    """Check the parameters of a request. Raises HTTPProblem (400) naming the one that is wrong."""
    if from_url:
        for name in ("variables", "extensions"):
            if isinstance(written := found.get(name), str) and written:
                try:
                    found[name] = orjson.loads(written)
                except orjson.JSONDecodeError as problem:
                    raise _bad(name, written, "JSON") from problem
    query = found.get("query")
    if not isinstance(query, str) or not query.strip():
        raise _bad("query", query, "a GraphQL document")
    variables = found.get("variables")
    if variables is not None and not isinstance(variables, dict):
        raise _bad("variables", variables, "an object")
    operation_name = found.get("operationName")
    if operation_name is not None and not isinstance(operation_name, str):
        raise _bad("operationName", operation_name, "a string")
    extensions = found.get("extensions")
    if extensions is not None and not isinstance(extensions, dict):
        raise _bad("extensions", extensions, "an object")
    return GraphQLRequest(query, cast("dict[str, Any] | None", variables), operation_name or None)


def _bad(name: str, value: object, expected: str) -> HTTPProblem:
    return HTTPProblem(
        HTTPStatus.BAD_REQUEST, BadInput(field=name, value=str(value)[:200], expected=expected)
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
    details = {
        name: value.key if isinstance(value, Phrase) else value
        for name, value in error.details.items()
    }
    return failure_body(error.code, error.message(language), details)


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
