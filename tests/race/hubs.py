"""Hubs as processes of their own, and clients that speak GraphQL with them."""

import asyncio
import json
import os
import ssl
import sys
from collections.abc import AsyncGenerator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx

START_SECONDS = 120
STOP_SECONDS = 60

KEPT = httpx.Limits(keepalive_expiry=None)
"""Connections that the hub closes when they are idle. Left to the client, one may be closed that
was just given to a request, when all is slow."""

CLAIM = "... on ClaimPayload { claim { id state quantity } } ... on Problem { code message }"


@dataclass(frozen=True)
class HubProcess:
    """A running hub: its process and its GraphQL address."""

    process: asyncio.subprocess.Process
    address: str


@asynccontextmanager
async def hub_process(environment: Mapping[str, str]) -> AsyncGenerator[HubProcess]:
    """Start `renling serve` on a free port, and stop it as Ctrl-C does."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        "from server.command_line import main; main()",
        "serve",
        "--json",
        "--port",
        "0",
        stdout=asyncio.subprocess.PIPE,
        env={**os.environ, **environment},
    )
    draining: asyncio.Task[None] | None = None
    try:
        assert process.stdout is not None
        document = ""
        async with asyncio.timeout(START_SECONDS):
            while not document.rstrip().endswith("}"):
                line = await process.stdout.readline()
                assert line, "the hub ended before it served"
                document += line.decode()
        # It logs there, and would stop at a full pipe.
        draining = asyncio.create_task(_drain(process.stdout))
        yield HubProcess(process, json.loads(document)["serving"])
    finally:
        if process.returncode is None:
            process.terminate()
        async with asyncio.timeout(STOP_SECONDS):
            await process.wait()
        if draining is not None:
            await draining


async def _drain(output: asyncio.StreamReader) -> None:
    while await output.read(2**16):
        pass


def http_client(*, connections: int | None = None) -> httpx.AsyncClient:
    """Return a client for many requests at once, whose idle connections the hub closes."""
    limits = httpx.Limits(max_connections=connections, keepalive_expiry=KEPT.keepalive_expiry)
    return httpx.AsyncClient(timeout=200, limits=limits)


@asynccontextmanager
async def http_clients(count: int) -> AsyncGenerator[list[httpx.AsyncClient]]:
    """Give so many clients, each with connections of its own.

    One client looks at every connection that it has for each request and each answer: with 64 of
    them that takes longer than the hub's work.
    """
    plain = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # never used: reading certificates takes long
    async with AsyncExitStack() as stack:
        yield [
            await stack.enter_async_context(
                httpx.AsyncClient(timeout=200, limits=KEPT, verify=plain)
            )
            for _ in range(count)
        ]


async def mutate(
    client: httpx.AsyncClient, address: str, token: str, field: str, given: Mapping[str, Any]
) -> dict[str, Any]:
    """Run one claim mutation and return its payload or problem; an error in `errors` fails."""
    kind = {"proposeClaim": "ProposeClaimInput"}.get(field, "ClaimStepInput")
    document = f"mutation Claim($input: {kind}!) {{ result: {field}(input: $input) {{ {CLAIM} }} }}"
    answer = await client.post(
        address,
        json={"query": document, "variables": {"input": given}},
        headers={"Authorization": f"Bearer {token}"},
    )
    body = answer.json()
    assert "errors" not in body, body
    return body["data"]["result"]
