"""Finds how many requests a hub carries, then offers three times as many, and looks what comes.

    .venv/bin/python bench/overload.py [--seconds 15]

One hub process on the sample inventory (`RENLING_NEO4J_URI` names a Neo4j; otherwise the embedded
engine in a directory of its own), one process that asks. Writes `bench/results/overload.json`.
"""

import argparse
import asyncio
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

ROOT = Path(__file__).parent.parent
RESULT = ROOT / "bench" / "results" / "overload.json"
RENLING = [sys.executable, "-c", "from server.command_line import main; main()"]
QUERY = {
    "query": """{ offers(first: 100) { nodes { id title description capacity state
  provider { id name } category { id code name } list { id title } } } }"""
}
"""Work enough for the hub that one process in Python can offer three times as much."""
CLOSED = (4, 16, 32)
TIMES = 3
CONNECTIONS = 512
"""How many the clients have together, as behind a proxy: whoever finds none free waits for one."""


@dataclass
class Answers:
    """Times in seconds by status."""

    seconds: dict[int, list[float]] = field(default_factory=dict[int, list[float]])

    def add(self, status: int, seconds: float) -> None:
        self.seconds.setdefault(status, []).append(seconds)

    def summary(self, over: float) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for status, times in sorted(self.seconds.items()):
            cuts = statistics.quantiles(times, n=100) if len(times) > 1 else times * 99
            found[str(status)] = {
                "perSecond": round(len(times) / over, 1),
                "p50Ms": round(cuts[49] * 1000, 1),
                "p99Ms": round(cuts[98] * 1000, 1),
            }
        return found


class Connection:
    """One HTTP/1.1 connection that stays open: the least that a client can do."""

    def __init__(self, address: str) -> None:
        parts = urlsplit(address)
        self._host, self._port = str(parts.hostname), int(parts.port or 80)
        body = json.dumps(QUERY).encode()
        self._request = (
            f"POST {parts.path} HTTP/1.1\r\nHost: {parts.netloc}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        ).encode() + body
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def ask(self) -> int:
        """Ask once and return the status of the answer."""
        if self._streams is None:
            self._streams = await asyncio.open_connection(self._host, self._port)
        reader, writer = self._streams
        writer.write(self._request)
        head = await reader.readuntil(b"\r\n\r\n")
        lines = head.lower().split(b"\r\n")
        length = next(
            int(line.partition(b":")[2]) for line in lines if line.startswith(b"content-length")
        )
        await reader.readexactly(length)
        return int(lines[0].split()[1])

    def close(self) -> None:
        if self._streams is not None:
            self._streams[1].close()


@asynccontextmanager
async def hub(environment: dict[str, str]) -> AsyncGenerator[str]:
    process = await asyncio.create_subprocess_exec(
        *RENLING,
        "serve",
        "--json",
        "--port",
        "0",
        env={**os.environ, **environment},
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        assert process.stdout is not None
        yield json.loads(await process.stdout.readline())["serving"]
    finally:
        process.terminate()
        await process.wait()


async def closed(address: str, connections: int, seconds: float) -> Answers:
    """Ask over so many connections, each again as soon as it has its answer."""
    answers = Answers()
    until = time.perf_counter() + seconds

    async def keep_asking() -> None:
        connection = Connection(address)
        while (began := time.perf_counter()) < until:
            answers.add(await connection.ask(), time.perf_counter() - began)
        connection.close()

    await asyncio.gather(*(keep_asking() for _ in range(connections)))
    return answers


async def opened(address: str, rate: float, seconds: float) -> tuple[Answers, float]:
    """Ask so often a second, whatever becomes of it; return the answers and the rate offered.

    Times are from when a request is due, so those that wait for a connection count all of it.
    """
    answers = Answers()
    free: list[Connection] = []
    running: set[asyncio.Task[None]] = set()
    turns = asyncio.Semaphore(CONNECTIONS)

    async def ask_once() -> None:
        began = time.perf_counter()
        async with turns:
            connection = free.pop() if free else Connection(address)
            answers.add(await connection.ask(), time.perf_counter() - began)
            free.append(connection)

    start, asked = time.perf_counter(), 0
    while (now := time.perf_counter() - start) < seconds:
        while asked < now * rate:
            task = asyncio.create_task(ask_once())
            running.add(task)
            task.add_done_callback(running.discard)
            asked += 1
        await asyncio.sleep(0.002)
    offered = asked / (time.perf_counter() - start)
    await asyncio.gather(*running)
    for connection in free:
        connection.close()
    return answers, offered


async def measure(environment: dict[str, str], seconds: float) -> dict[str, Any]:
    async with hub(environment) as address:
        await closed(address, 4, 3)
        carried: dict[int, float] = {}
        for connections in CLOSED:
            answers = await closed(address, connections, seconds / 3)
            carried[connections] = len(answers.seconds.get(200, [])) / (seconds / 3)
        capacity = max(carried.values())
        overload, offered = await opened(address, TIMES * capacity, seconds)
        after, _ = await opened(address, capacity / 2, seconds / 3)
        return {
            "carried": {str(number): round(rate, 1) for number, rate in carried.items()},
            "offeredPerSecond": round(offered, 1),
            "timesCarried": round(offered / capacity, 2),
            "overload": overload.summary(seconds),
            "afterwardsAtHalf": after.summary(seconds / 3),
            "statuses": dict(Counter({k: len(v) for k, v in overload.seconds.items()})),
        }


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, default=15.0)
    seconds = parser.parse_args().seconds
    with tempfile.TemporaryDirectory(prefix="renling-overload-") as directory:
        environment = {
            "RENLING_DATA_DIRECTORY": directory,
            "RENLING_RATE_PER_ADDRESS": "1000000/second",
        }
        subprocess.run(
            [*RENLING, "demo", "--no-serve", "--json"],
            env={**os.environ, **environment},
            check=True,
            stdout=subprocess.DEVNULL,
        )
        result = asyncio.run(measure(environment, seconds))
    result |= {
        "engine": "neo4j" if "RENLING_NEO4J_URI" in os.environ else "embedded",
        "python": platform.python_version(),
        "processors": os.cpu_count(),
        "load1": round(os.getloadavg()[0], 1),
    }
    RESULT.parent.mkdir(exist_ok=True)
    RESULT.write_text(json.dumps(result, indent=2) + "\n", encoding="ascii")
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
