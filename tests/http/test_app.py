"""The application over a graph that fails: what callers are told, and what goes on."""

import asyncio
import socket
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn
from starlette.applications import Starlette
from structlog.testing import capture_logs

from graph.driver import Graph
from graph.endpoint import DriverLimits, Endpoint
from graph.engine import Neo4jEngine
from server import app
from server.app import create_app, listen, serving
from server.following import Following
from server.hub import Hub
from server.settings import Settings
from server.tokens import Tokens

pytestmark = pytest.mark.anyio
ACCOUNT = "a" * 20
SOON = DriverLimits(read_time=0, connect_time=5)


@pytest.fixture
async def hub(tmp_path: Path) -> AsyncGenerator[Hub]:
    """A hub whose graph is gone: nobody listens where it was."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        endpoint = Endpoint(
            f"bolt://127.0.0.1:{taken.getsockname()[1]}", "user-secret", "password", "neo4j"
        )
        graph = Graph(Neo4jEngine(endpoint), endpoint, SOON)
        yield Hub(graph, Settings(data_directory=tmp_path), Tokens("k" * 64))
        await graph.close()


def caller(hub: Hub) -> httpx.AsyncClient:
    return httpx.AsyncClient(
        transport=httpx.ASGITransport(create_app(hub)), base_url="http://hub.test"
    )


async def test_a_signed_in_caller_is_told_that_the_graph_is_gone(hub: Hub) -> None:
    headers = {"Authorization": f"Bearer {hub.token(ACCOUNT)}", "Accept-Language": "en"}
    with capture_logs() as logged:
        answer = await caller(hub).post(
            "/graphql", json={"query": "{ __typename }"}, headers=headers
        )
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
    assert answer.json() == {
        "errors": [
            {
                "message": "The hub cannot reach its graph just now; try again soon.",
                "extensions": {"code": "ENGINE_UNAVAILABLE"},
            }
        ]
    }
    assert "127.0.0.1" in logged[0]["problem"]


async def test_the_health_page_does_not_say_where_the_graph_is(hub: Hub) -> None:
    with capture_logs() as logged:
        answer = await caller(hub).get("/health")
    assert answer.status_code == 503
    assert answer.json() == {"status": "unavailable", "message": "服务暂时不可用，请稍后再试。"}
    assert "127.0.0.1" in logged[0]["problem"]


async def test_a_sweep_that_fails_does_not_end_the_sweeping(
    hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    swept = asyncio.Event()
    failures: list[Exception] = [RuntimeError("broken"), ValueError("broken again")]

    async def sweep(*_: object, **__: Any) -> int:
        if failures:
            raise failures.pop()
        swept.set()
        return 0

    async def nothing(_: Following) -> None: ...

    monkeypatch.setattr(app, "sweep_expired", sweep)
    monkeypatch.setattr(Following, "start", nothing)  # no graph is behind this hub
    hub.settings = hub.settings.model_copy(update={"sweep_seconds": 0})
    application = create_app(hub)
    with capture_logs() as logged:
        async with application.router.lifespan_context(application):
            await swept.wait()
    failed = [entry["event"] for entry in logged if entry["event"].startswith("sweep")]
    assert failed == ["sweep failed", "sweep failed"]


async def test_idle_connections_stay_open_as_long_as_is_said(tmp_path: Path) -> None:
    settings = Settings(data_directory=tmp_path, keep_alive_seconds=1)
    with listen("127.0.0.1", 0) as listener:
        server = uvicorn.Server(serving(Starlette(), settings))
        running = asyncio.create_task(server.serve(sockets=[listener]))
        reader, writer = await asyncio.open_connection(*listener.getsockname())
        for _ in range(2):
            writer.write(b"GET / HTTP/1.1\r\nHost: hub.test\r\n\r\n")
            await reader.readuntil(b"\r\n\r\nNot Found")
        async with asyncio.timeout(30):
            assert await reader.read() == b""
        writer.close()
        await writer.wait_closed()
        server.should_exit = True
        await running
