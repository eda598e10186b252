"""GraphQL over Server-Sent Events, in distinct-connections mode: one request, one operation.

For clients behind proxies that let no WebSocket through. POST or GET with
`Accept: text/event-stream`; each response is an event `next`, the end an event `complete`.
Comments keep the connection alive.
"""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from http import HTTPStatus

import orjson
import structlog
from starlette.types import Receive, Send

from domain.errors import DomainError
from domain.language import Language, text
from resolvers.event_feed import FeedStopped
from schema.answers import INTERNAL, failed
from schema.streams import StreamRefused

MEDIA_TYPE = "text/event-stream"
KEEP_ALIVE_SECONDS = 12.0
SEND_SECONDS = 30.0
"""How long a client may take to receive one event before it is taken for stuck."""
log = structlog.get_logger()


async def stream_events(
    answers: AsyncGenerator[bytes], language: Language, receive: Receive, send: Send
) -> None:
    """Send the responses of an operation as they come, until it ends or the client goes.

    An end that is not the operation's own (the token ended, the hub stops, the client is too slow)
    closes the connection without `complete`: the client resumes with `after`.
    """
    sending = asyncio.create_task(_send_all(answers, language, send))
    leaving = asyncio.create_task(_left(receive))
    try:
        await asyncio.wait({sending, leaving}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in (sending, leaving):
            task.cancel()
        results = await asyncio.gather(sending, leaving, return_exceptions=True)
    if isinstance(results[0], Exception):
        raise results[0]


async def _send_all(answers: AsyncGenerator[bytes], language: Language, send: Send) -> None:
    await send(
        {
            "type": "http.response.start",
            "status": HTTPStatus.OK,
            "headers": [
                (b"content-type", f"{MEDIA_TYPE}; charset=utf-8".encode()),
                (b"cache-control", b"no-cache"),
                (b"x-accel-buffering", b"no"),
                (b"x-content-type-options", b"nosniff"),
            ],
        }
    )
    # Lets the client know at once that it is heard.
    await _send(send, b":\n\n")
    complete = True
    async with aclosing(answers):
        try:
            while (answer := await _next(answers, send)) is not None:
                await _send(send, _event("next", answer))
        except StreamRefused as error:
            await _send(send, _event("next", error.body))
        except FeedStopped:
            complete = False
        except TimeoutError:
            log.info("a client of an event stream took nothing for too long")
            complete = False
        except DomainError as error:
            await _send(send, _event("next", orjson.dumps(failed(error, language))))
        except Exception:
            log.exception("an event stream failed")
            said = {
                "message": text(f"error.{INTERNAL}", language),
                "extensions": {"code": INTERNAL},
            }
            await _send(send, _event("next", orjson.dumps({"errors": [said]})))
    if complete:
        await _send(send, _event("complete", b""))
    await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _next(answers: AsyncGenerator[bytes], send: Send) -> bytes | None:
    """Return the next response, None at the end; keep the connection alive meanwhile."""
    coming = asyncio.ensure_future(anext(answers, None))
    try:
        while True:
            done, _ = await asyncio.wait({coming}, timeout=KEEP_ALIVE_SECONDS)
            if done:
                return coming.result()
            await _send(send, b":\n\n")
    finally:
        coming.cancel()
        await asyncio.gather(coming, return_exceptions=True)


async def _send(send: Send, body: bytes) -> None:
    async with asyncio.timeout(SEND_SECONDS):
        await send({"type": "http.response.body", "body": body, "more_body": True})


async def _left(receive: Receive) -> None:
    """Return when the client is gone."""
    while (await receive())["type"] != "http.disconnect":
        pass


def _event(name: str, data: bytes) -> bytes:
    return f"event: {name}\ndata: ".encode() + data + b"\n\n"
