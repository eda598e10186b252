"""Evidence files over HTTP: uploaded by who is signed in, served by the rights of the graph.

`POST /files` takes one file as multipart/form-data and answers its id, which a mutation then
attaches to a claim; `GET /files/{id}` serves it to whom the graph shows it.
"""

import asyncio
import hashlib
import re
from collections.abc import AsyncGenerator, Awaitable, Callable
from datetime import timedelta
from http import HTTPStatus
from typing import Any, cast

import orjson
import structlog
from starlette.datastructures import Headers, UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import BaseRoute, Route
from starlette.types import Message, Receive

from domain.access import Viewer
from domain.errors import (
    BadIdentifier,
    BadInput,
    Forbidden,
    LimitExceeded,
    NotFound,
    NotSignedIn,
)
from domain.identity import global_id, parse_global_id
from domain.language import Phrase
from domain.limits import Limit
from resolvers.evidence import forget_abandoned, record_upload
from schema.answers import INTERNAL
from schema.context import Context
from schema.execution import Executor
from server.contents import Contents, key_of
from server.file_types import ALLOWED, media_type_of, says_where
from server.gate import Gate
from server.graphql_http import JSON, RETRY_SECONDS, HTTPProblem, preferred_language, told
from server.holdings import holder
from server.hub import Hub
from server.rates import address_of

FILE = "query($id: ID!) { evidenceFile(id: $id) { id sha256 mediaType size } }"
FRAMING_BYTES = 10_000
"""What multipart writes around a file, at most."""
CHUNK_BYTES = 2**20
RANGE = re.compile(r"bytes=([0-9]*)-([0-9]*)", re.IGNORECASE)
RETRY = {"Retry-After": str(RETRY_SECONDS)}
LONGEST_PLACE = 18
"""Digits of a place in a file; a longer number lies behind the end of any."""
ENDINGS = {"image/jpeg": "jpg", "image/png": "png", "image/webp": "webp", "application/pdf": "pdf",
           "video/mp4": "mp4", "video/quicktime": "mov"}  # fmt: skip
SAFE = {
    "Accept-Ranges": "bytes",
    "Cache-Control": "private, no-store",
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
}
log = structlog.get_logger()
Handler = Callable[[Request], Awaitable[Response]]


class Files:
    """The routes of evidence files, and the sweeping of what nobody attached."""

    def __init__(self, hub: Hub, executor: Executor, gate: Gate, contents: Contents) -> None:
        self._hub = hub
        self._executor = executor
        self._gate = gate
        self._contents = contents
        self._settings = hub.settings

    def routes(self) -> list[BaseRoute]:
        """Return where files are uploaded and served."""
        return [
            Route("/files", self._answering(self._upload), methods=["POST"]),
            Route("/files/{id}", self._answering(self._serve), methods=["GET"]),
        ]

    async def sweep(self) -> int:
        """Forget uploads that nobody attached in time, and return how many there were."""
        older_than = timedelta(hours=self._settings.file_hours)
        gone = await forget_abandoned(self._hub.graph, older_than=older_than, clock=self._hub.clock)
        for file_id, sha256 in gone:
            await self._contents.delete(key_of(sha256, file_id))
        return len(gone)

    def _answering(self, handler: Handler) -> Callable[[Request], Awaitable[Response]]:
        """Refuse at once while there is too much to do, and say what is wrong in words."""

        async def handle(request: Request) -> Response:
            headers = request.headers
            try:
                self._gate.check()
                return await handler(request)
            except Exception as error:  # noqa: BLE001  (whatever it is, the client is told)
                language = preferred_language(
                    headers.get("accept-language"), self._settings.language
                )
                status, body, fields = told(_as_http(error), language)
                return Response(body, status, fields, JSON)

        return handle

    async def _viewer(self, request: Request) -> Viewer:
        """Return who calls, counted, within the turn of the request."""
        address, headers = address_of(request.scope), request.headers
        caller = self._hub.caller(headers, safe=request.method == "GET")
        return await self._gate.recognised(address, headers, caller)

    async def _upload(self, request: Request) -> Response:
        """Take a file. While it arrives it holds no turn, only a connection of its caller's."""
        address = address_of(request.scope)
        async with self._gate.turn(address, request.headers):
            viewer = await self._viewer(request)
        if not viewer.signed_in:
            raise NotSignedIn(reason=Phrase("reason.token_missing"))
        with self._gate.connections.holding(holder(viewer, address)):
            content = await self._content(request)
            async with self._gate.admission.turn():
                return await self._take(content, viewer)

    async def _take(self, content: bytes, viewer: Viewer) -> Response:
        media_type = media_type_of(content)
        if media_type is None:
            raise HTTPProblem(
                HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
                BadInput(field="file", value="?", expected=", ".join(sorted(ALLOWED))),
            )
        if media_type.startswith("image/") and says_where(content):
            raise BadInput(field="file", value=media_type, expected=Phrase("expected.no_location"))
        file = await record_upload(
            self._hub.graph,
            viewer=viewer,
            sha256=hashlib.sha256(content).hexdigest(),
            media_type=media_type,
            size=len(content),
            quota_bytes=self._settings.file_quota_bytes,
            clock=self._hub.clock,
        )
        # Recorded first: what is left by a crash in between is swept like all that is unattached.
        await self._contents.put(key_of(file.sha256, file.id), content)
        described = {
            "id": global_id("EvidenceFile", file.id),
            "sha256": file.sha256,
            "mediaType": file.media_type,
            "size": file.size,
        }
        return JSONResponse(described, HTTPStatus.CREATED)

    async def _content(self, request: Request) -> bytes:
        """Return the one file of a form, read no further than a file may be long."""
        most = self._settings.file_max_bytes
        capped = Request(request.scope, _capped(request.receive, most))
        try:
            async with (
                asyncio.timeout(self._settings.file_seconds),
                capped.form(max_files=1, max_fields=0) as form,
            ):
                part = form.get("file")
                if not isinstance(part, UploadFile):
                    raise BadInput(field="file", value="", expected="multipart/form-data: file")
                content = await part.read(most + 1)
        except TimeoutError as problem:
            raise HTTPProblem(
                HTTPStatus.REQUEST_TIMEOUT,
                BadInput(field="file", value="...", expected=f"<= {self._settings.file_seconds} s"),
            ) from problem
        except HTTPException as problem:
            raise BadInput(
                field="file", value=problem.detail, expected="multipart/form-data: file"
            ) from problem
        if len(content) > most:
            raise _too_large(len(content), most)
        return content

    async def _serve(self, request: Request) -> Response:
        async with self._gate.turn(address_of(request.scope), request.headers):
            return await self._served(request, await self._viewer(request))

    async def _served(self, request: Request, viewer: Viewer) -> Response:
        wanted = str(request.path_params["id"])
        context = Context(graph=self._hub.graph, viewer=viewer, clock=self._hub.clock)
        answer = await self._executor.answer(FILE, {"id": wanted}, None, context)
        response = cast("dict[str, Any]", orjson.loads(answer.body))
        data = cast("dict[str, Any]", response.get("data") or {})
        found = cast("dict[str, Any] | None", data.get("evidenceFile"))
        if found is None:
            codes = {error["extensions"]["code"] for error in response.get("errors", ())}
            if codes <= {BadIdentifier.code}:
                raise NotFound(type="EvidenceFile", id=wanted[:200])
            # It may be there: nobody could say.
            if INTERNAL in codes:
                return Response(answer.body, HTTPStatus.INTERNAL_SERVER_ERROR, media_type=JSON)
            return Response(answer.body, HTTPStatus.SERVICE_UNAVAILABLE, RETRY, JSON)
        size, media_type = int(found["size"]), str(found["mediaType"])
        file_id = parse_global_id(found["id"], ("EvidenceFile",))[1]
        part = _range(request.headers, size)
        start, end = part or (0, size)
        headers = SAFE | {
            "Content-Length": str(end - start),
            "Content-Disposition": (f'attachment; filename="{file_id}.{ENDINGS[media_type]}"'),
            "ETag": f'"{found["sha256"]}"',
        }
        status = HTTPStatus.OK
        if part is not None:
            status = HTTPStatus.PARTIAL_CONTENT
            headers["Content-Range"] = f"bytes {start}-{end - 1}/{size}"
        key = key_of(found["sha256"], file_id)
        first = await self._contents.get(key, start, min(end, start + CHUNK_BYTES))
        return StreamingResponse(self._stream(key, first, start, end), status, headers, media_type)

    async def _stream(self, key: str, first: bytes, start: int, end: int) -> AsyncGenerator[bytes]:
        yield first
        for place in range(start + CHUNK_BYTES, end, CHUNK_BYTES):
            yield await self._contents.get(key, place, min(end, place + CHUNK_BYTES))


def _capped(receive: Receive, most: int) -> Receive:
    """Read no more of a body than a file and what is around it may be."""
    size = 0

    async def counted() -> Message:
        nonlocal size
        message = await receive()
        size += len(message.get("body", b""))
        if size > most + FRAMING_BYTES:
            raise _too_large(size, most)
        return message

    return counted


def _too_large(asked: int, most: int) -> HTTPProblem:
    error = LimitExceeded(what=Limit.FILE, asked=asked, limit=most)
    return HTTPProblem(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, error)


def _range(headers: Headers, size: int) -> tuple[int, int] | None:
    """Return start and end of the part that is asked for, None for the whole file.

    What is not one range of bytes is not looked at, as RFC 9110 (14.2) has it. Raises HTTPProblem
    (416) for a range that the file does not have.
    """
    written = headers.get("range", "").strip()
    found = RANGE.fullmatch(written)
    if found is None or found.groups() == ("", ""):
        return None
    first, last = found.groups()
    if first and last and _place(last) < _place(first):
        return None
    if not first:
        start, end = max(0, size - _place(last)), size
    else:
        start, end = _place(first), min(size, _place(last) + 1 if last else size)
    if start >= end:
        raise HTTPProblem(
            HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE,
            BadInput(field="Range", value=written[:200], expected=f"0-{size - 1}"),
            {"Content-Range": f"bytes */{size}"},
        )
    return start, end


def _place(digits: str) -> int:
    """Return a place in a file, however long its number is written."""
    return int(digits) if len(digits) <= LONGEST_PLACE else 10**LONGEST_PLACE


def _as_http(error: Exception) -> Exception:
    """Return the error with the status that it has where there is no GraphQL around it."""
    match error:
        case BadInput():
            return HTTPProblem(HTTPStatus.BAD_REQUEST, error)
        case NotFound():
            return HTTPProblem(HTTPStatus.NOT_FOUND, error)
        case Forbidden():
            return HTTPProblem(HTTPStatus.FORBIDDEN, error)
        case _:
            return error
