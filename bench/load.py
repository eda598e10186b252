"""A load generator that costs little beside what it measures: HTTP/1.1 on kept connections."""

import asyncio
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from statistics import median
from urllib.parse import urlsplit


@dataclass(frozen=True, slots=True)
class Measured:
    """Requests per second, and the median and the 99th percentile of seconds per request."""

    rate: float
    p50: float
    p99: float


@dataclass(frozen=True, slots=True)
class Target:
    """One contender: where it listens and the requests that its clients take turns to send."""

    name: str
    address: str
    requests: Iterator[bytes]


def request(address: str, body: bytes, headers: dict[str, str]) -> bytes:
    """Return the bytes of a POST with a JSON body."""
    parts = urlsplit(address)
    lines = [
        f"POST {parts.path or '/'} HTTP/1.1",
        f"Host: {parts.netloc}",
        "Content-Type: application/json",
        "Accept: application/json",
        f"Content-Length: {len(body)}",
        *(f"{name}: {value}" for name, value in headers.items()),
    ]
    return "\r\n".join([*lines, "", ""]).encode() + body


async def answer(reader: asyncio.StreamReader) -> bytes:
    """Read one answer's body. Raises RuntimeError for any status but 200."""
    head = await reader.readuntil(b"\r\n\r\n")
    status, *fields = head.split(b"\r\n")
    values = dict(field.lower().split(b": ", 1) for field in fields if field)
    if b"content-length" in values:
        body = await reader.readexactly(int(values[b"content-length"]))
    else:
        parts: list[bytes] = []
        while size := int((await reader.readline()).strip(), 16):
            parts.append(await reader.readexactly(size))
            await reader.readexactly(2)
        await reader.readexactly(2)
        body = b"".join(parts)
    if b" 200 " not in status + b" ":
        raise RuntimeError(f"{status!r}: {body[:500]!r}")
    return body


async def ask(target: Target) -> bytes:
    """Send the next request and return the answer's body."""
    parts = urlsplit(target.address)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    try:
        writer.write(next(target.requests))
        return await answer(reader)
    finally:
        writer.close()


async def measure(
    target: Target,
    connections: int,
    seconds: float,
    check: Callable[[bytes], None] = lambda _body: None,
) -> Measured:
    """Ask for so long over so many connections, each waiting for its answer before it goes on.

    `check` is given each answer's body and raises what is wrong with it.
    """
    taken: list[float] = []
    begun = time.perf_counter()

    async def client() -> None:
        parts = urlsplit(target.address)
        reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
        try:
            while (start := time.perf_counter()) - begun < seconds:
                writer.write(next(target.requests))
                check(await answer(reader))
                taken.append(time.perf_counter() - start)
        finally:
            writer.close()

    await asyncio.gather(*(client() for _ in range(connections)))
    took = time.perf_counter() - begun
    ordered = sorted(taken)
    return Measured(len(taken) / took, median(ordered), ordered[int(len(ordered) * 0.99)])
