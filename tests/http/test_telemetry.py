"""Traces and figures: what is told of a request, and that nothing of a person is."""

import re
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass

import httpx
import pytest
import structlog
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from pydantic import SecretStr
from starlette.applications import Starlette
from structlog.testing import capture_logs

from graph.driver import Graph
from server.app import create_app
from server.hub import Hub
from server.settings import Settings
from server.telemetry import Figures, Measuring, with_trace
from server.tokens import Tokens
from tests.graph.builders import Neighbourhood

pytestmark = pytest.mark.anyio

SECRET = "only for who scrapes"
PERSONAL = "13800138000"
READ = "query($t: String) { offers(filter: {text: $t}) { nodes { id } } }"
STEP = """mutation($i: ClaimStepInput!) { startClaim(input: $i) { ... on Problem { code } } }"""
PARENT = "4bf92f3577b34da6a3ce929d0e0e4736"


@dataclass
class Observed:
    hub: Hub
    application: Starlette
    spans: InMemorySpanExporter
    headers: dict[str, str]

    async def post(self, body: dict[str, object], **headers: str) -> httpx.Response:
        async with self.client() as client:
            return await client.post("/graphql", json=body, headers=self.headers | headers)

    async def scrape(self, token: str = SECRET) -> httpx.Response:
        async with self.client() as client:
            return await client.get("/metrics", headers={"Authorization": f"Bearer {token}"})

    def client(self) -> httpx.AsyncClient:
        transport = httpx.ASGITransport(self.application)
        return httpx.AsyncClient(transport=transport, base_url="http://hub.test")

    def finished(self, name: str) -> list[ReadableSpan]:
        return [span for span in self.spans.get_finished_spans() if span.name.startswith(name)]


@contextmanager
def observing(graph: Graph, here: Neighbourhood, **settings: object) -> Generator[Observed]:
    spans = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(spans))
    chosen = Settings.model_validate({"metrics_token": SecretStr(SECRET), **settings})
    hub = Hub(graph, chosen, Tokens("k" * 64))
    measuring = Measuring(provider, Figures())
    account = here.viewer("unit").account_id or ""
    yield Observed(
        hub,
        create_app(hub, measuring),
        spans,
        {"Authorization": f"Bearer {hub.token(account)}"},
    )
    graph.telemetry = None
    provider.shutdown()


@pytest.fixture(scope="module")
async def here(graph: Graph) -> Neighbourhood:
    return await Neighbourhood(graph).build()


@pytest.fixture
def observed(graph: Graph, here: Neighbourhood) -> Generator[Observed]:
    with observing(graph, here) as found:
        yield found


async def test_a_request_its_statements_and_its_claim_step_are_one_trace(
    observed: Observed,
) -> None:
    claim = {"claimId": "Q2xhaW06" + "YWFhYWFhYWFhYWFhYWFhYWFhYWE=", "idempotencyKey": PERSONAL}
    answer = await observed.post(
        {"query": STEP, "variables": {"i": claim}}, traceparent=f"00-{PARENT}-00f067aa0ba902b7-01"
    )
    assert answer.status_code == 200, answer.text
    (request,) = observed.finished("POST /graphql")
    assert request.context is not None
    assert f"{request.context.trace_id:032x}" == PARENT
    assert request.attributes == {
        "http.request.method": "POST",
        "http.route": "/graphql",
        "http.response.status_code": 200,
    }
    spans = observed.spans.get_finished_spans()
    assert {span.context.trace_id for span in spans if span.context} == {request.context.trace_id}
    (step,) = observed.finished("claim START")
    assert step.attributes is not None
    code = next(iter(answer.json()["data"].values()))["code"]
    assert step.attributes["error.type"] == code
    assert observed.finished("statement ")


async def test_nothing_of_a_person_is_in_spans_or_labels(observed: Observed) -> None:
    await observed.post({"query": READ, "variables": {"t": PERSONAL}})
    await observed.post({"query": f'{{ offers(filter: {{text: "{PERSONAL}"}}) {{ totalCount }} }}'})
    told = [str(span.to_json()) for span in observed.spans.get_finished_spans()]
    assert told
    figures = (await observed.scrape()).text
    for text in (*told, figures):
        assert PERSONAL not in text
        assert observed.headers["Authorization"].removeprefix("Bearer ") not in text


async def test_the_figures_count_what_was_done(observed: Observed) -> None:
    assert (await observed.post({"query": READ})).status_code == 200
    await observed.post(
        {"query": STEP, "variables": {"i": {"claimId": "x", "idempotencyKey": "k"}}}
    )
    await observed.post({"query": "{ " + "a " * 50_001 + "}"})
    async with observed.client() as client:
        await client.get("/secret-path-of-somebody")
    page = (await observed.scrape()).text
    assert 'renling_requests_total{method="POST",route="/graphql",status="200"} 3.0' in page
    assert 'renling_requests_total{method="GET",route="other",status="404"} 1.0' in page
    assert "secret-path" not in page
    assert re.search(
        r'renling_statement_seconds_count\{outcome="DONE",statement="compiled(\.rows)?"\} 1', page
    )
    assert 'renling_claim_steps_total{action="START",outcome="BAD_IDENTIFIER"} 1.0' in page
    assert 'renling_refusals_total{limit="CHARACTERS"} 1.0' in page
    assert "renling_running 0.0" in page
    assert "renling_engine_present 1.0" in page


async def test_a_step_is_counted_and_traced_over_an_event_stream_as_well(
    observed: Observed,
) -> None:
    given = {"i": {"claimId": "x", "idempotencyKey": "k"}}
    answer = await observed.post({"query": STEP, "variables": given}, accept="text/event-stream")
    assert "BAD_IDENTIFIER" in answer.text
    assert observed.finished("claim START")
    page = (await observed.scrape()).text
    assert 'renling_claim_steps_total{action="START",outcome="BAD_IDENTIFIER"} 1.0' in page


async def test_what_a_rate_refuses_is_counted(graph: Graph, here: Neighbourhood) -> None:
    with observing(graph, here, rate_per_token="1/hour") as observed:
        statuses = [(await observed.post({"query": READ})).status_code for _ in range(2)]
        assert statuses == [200, 429]
        assert 'renling_refusals_total{limit="RATE_TOKEN"} 1.0' in (await observed.scrape()).text


async def test_figures_are_for_who_knows_the_token(observed: Observed) -> None:
    assert (await observed.scrape("guess")).status_code == 404
    async with observed.client() as client:
        assert (await client.get("/metrics")).status_code == 404


async def test_a_line_of_the_log_says_its_trace(observed: Observed) -> None:
    log = structlog.get_logger()
    measuring = observed.hub.graph.telemetry
    assert measuring is not None
    with capture_logs() as logged:
        with measuring.claim_step("START"):
            log.info("inside", **dict(with_trace(None, "info", {})))
        log.info("outside", **dict(with_trace(None, "info", {})))
    (span,) = observed.finished("claim START")
    assert span.context is not None
    assert logged[0]["trace_id"] == f"{span.context.trace_id:032x}"
    assert "trace_id" not in logged[1]


async def test_nothing_is_measured_unless_settings_ask(graph: Graph) -> None:
    hub = Hub(graph, Settings(), Tokens("k" * 64))
    transport = httpx.ASGITransport(create_app(hub))
    async with httpx.AsyncClient(transport=transport, base_url="http://hub.test") as client:
        assert (await client.get("/metrics")).status_code == 404
    assert graph.telemetry is None
