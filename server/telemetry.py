"""Traces by OpenTelemetry and figures for Prometheus: off unless settings ask for them.

Spans and labels hold names (of statements, claim steps, limits, routes) and outcomes, never a
variable, an id, a token or an address of a caller.
"""

import hmac
import time
from collections.abc import AsyncGenerator, Callable, Generator, Mapping
from contextlib import asynccontextmanager, contextmanager

import structlog
from opentelemetry import propagate, trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.sampling import ParentBased, TraceIdRatioBased
from opentelemetry.trace import SpanKind, StatusCode
from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
    start_http_server,
)
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from domain.errors import DomainError, LimitError, QueryTooCostly
from domain.limits import Limit
from graph.telemetry import Telemetry
from server.gate import Gate
from server.settings import Settings

OTHER = "other"
DONE = "DONE"
FAILED = "FAILED"
BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)


class Figures:
    """The metrics of one process, in a registry of their own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.requests = Counter(
            "renling_requests", "Requests", ["route", "method", "status"], registry=self.registry
        )
        self.request_seconds = Histogram(
            "renling_request_seconds",
            "Time of requests",
            ["route"],
            buckets=BUCKETS,
            registry=self.registry,
        )
        self.statement_seconds = Histogram(
            "renling_statement_seconds",
            "Time of statements, with retries",
            ["statement", "outcome"],
            buckets=BUCKETS,
            registry=self.registry,
        )
        self.claim_steps = Counter(
            "renling_claim_steps", "Claim steps", ["action", "outcome"], registry=self.registry
        )
        self.refusals = Counter(
            "renling_refusals", "Requests refused by a limit", ["limit"], registry=self.registry
        )
        self.webhook_attempts = Counter(
            "renling_webhook_attempts", "Deliveries tried", ["outcome"], registry=self.registry
        )

    def follow(self, gate: Gate, *, present: Callable[[], bool]) -> None:
        """Show how full the gate is, and whether the engine answers, whenever somebody looks."""
        for name, said, value in (
            ("running", "Requests worked on", lambda: gate.admission.running),
            ("waiting", "Requests that wait for a turn", lambda: gate.admission.waiting),
            ("connections", "Connections that stay open", lambda: gate.connections.held),
            ("subscriptions", "Subscriptions", lambda: gate.subscriptions.held),
            ("engine_present", "Whether the engine answers", present),
        ):
            Gauge(f"renling_{name}", said, registry=self.registry).set_function(value)


class Measuring(Telemetry):
    """Tells a tracer and the figures, where there are any."""

    def __init__(self, provider: TracerProvider | None, figures: Figures | None) -> None:
        self._provider = provider
        self._tracer = None if provider is None else provider.get_tracer("renling")
        self.figures = figures

    @contextmanager
    def statement(self, name: str) -> Generator[None]:
        """Measure a statement."""
        began, outcome = time.perf_counter(), FAILED
        try:
            with self._span(f"statement {name}", {"db.operation.name": name}, SpanKind.CLIENT):
                yield
            outcome = DONE
        finally:
            if self.figures is not None:
                seconds = time.perf_counter() - began
                self.figures.statement_seconds.labels(name, outcome).observe(seconds)

    @contextmanager
    def claim_step(self, action: str) -> Generator[None]:
        """Measure a step of the claim machine."""
        outcome = FAILED
        try:
            with self._span(f"claim {action}", {"renling.claim.action": action}):
                yield
            outcome = DONE
        except DomainError as error:
            outcome = error.code
            raise
        finally:
            if self.figures is not None:
                self.figures.claim_steps.labels(action, outcome).inc()

    def refused(self, error: BaseException) -> None:
        """Count what a limit refused, by the limit."""
        if self.figures is None or not isinstance(error, (LimitError, QueryTooCostly)):
            return
        what = error.details.get("what")
        named = what if isinstance(what, Limit) else f"RATE_{what}" if what else error.code
        self.figures.refusals.labels(named).inc()

    def webhook_sent(self, problem: str | None) -> None:
        """Count an attempt to deliver, by what came of it."""
        if self.figures is not None:
            self.figures.webhook_attempts.labels(problem or DONE).inc()

    @contextmanager
    def request(self, route: str, method: str, headers: Mapping[str, str]) -> Generator[list[int]]:
        """Measure a request; its status is appended to the list."""
        began, statuses = time.perf_counter(), list[int]()
        attributes = {"http.request.method": method, "http.route": route}
        try:
            with self._span(f"{method} {route}", attributes, SpanKind.SERVER, headers) as span:
                yield statuses
                if statuses:
                    span.set_attribute("http.response.status_code", statuses[-1])
        finally:
            if self.figures is not None:
                status = str(statuses[-1]) if statuses else "none"
                self.figures.requests.labels(route, method, status).inc()
                self.figures.request_seconds.labels(route).observe(time.perf_counter() - began)

    @contextmanager
    def _span(
        self,
        name: str,
        attributes: Mapping[str, str],
        kind: SpanKind = SpanKind.INTERNAL,
        headers: Mapping[str, str] | None = None,
    ) -> Generator[trace.Span]:
        if self._tracer is None:
            yield trace.INVALID_SPAN
            return
        parent = None if headers is None else propagate.extract(headers)
        with self._tracer.start_as_current_span(
            name,
            parent,
            kind,
            attributes,
            # What an exception says may hold what people wrote.
            record_exception=False,
            set_status_on_exception=False,
        ) as span:
            try:
                yield span
            except BaseException as error:
                code = error.code if isinstance(error, DomainError) else type(error).__name__
                span.set_attribute("error.type", code)
                span.set_status(StatusCode.ERROR)
                raise

    def close(self) -> None:
        """Send what is left to send."""
        if self._provider is not None:
            self._provider.shutdown()


class Measured:
    """The ASGI application, with each request measured. The outermost of all."""

    def __init__(self, app: ASGIApp, *, measuring: Measuring, routes: frozenset[str]) -> None:
        self._app = app
        self._measuring = measuring
        self._routes = routes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on, and measure what is HTTP."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        first = "/" + scope["path"].strip("/").partition("/")[0]
        route = first if first in self._routes else OTHER
        with self._measuring.request(route, scope["method"], Headers(scope=scope)) as statuses:

            async def told(message: Message) -> None:
                if message["type"] == "http.response.start":
                    statuses.append(message["status"])
                await send(message)

            await self._app(scope, receive, told)


def measuring_of(settings: Settings) -> Measuring | None:
    """Return what measures, None where settings ask for nothing."""
    provider = None
    if settings.otlp_endpoint is not None:
        provider = TracerProvider(
            resource=Resource.create({"service.name": "renling"}),
            sampler=ParentBased(TraceIdRatioBased(settings.trace_share)),
        )
        exporter = OTLPSpanExporter(endpoint=settings.otlp_endpoint)
        provider.add_span_processor(BatchSpanProcessor(exporter))
    wanted = settings.metrics_port is not None or settings.metrics_token is not None
    figures = Figures() if wanted else None
    return None if provider is None and figures is None else Measuring(provider, figures)


@asynccontextmanager
async def exposed(measuring: Measuring | None, settings: Settings) -> AsyncGenerator[None]:
    """Serve the figures on their own port where one is set, and send the last spans at the end."""
    if measuring is None:
        yield
        return
    server = None
    if measuring.figures is not None and settings.metrics_port is not None:
        server, _ = start_http_server(
            settings.metrics_port, settings.metrics_host, measuring.figures.registry
        )
    structlog.configure(processors=[with_trace, *structlog.get_config()["processors"]])
    try:
        yield
    finally:
        structlog.reset_defaults()
        if server is not None:
            server.shutdown()
            server.server_close()
        measuring.close()


def with_trace(_: object, __: str, entry: structlog.typing.EventDict) -> structlog.typing.EventDict:
    """Say in a line of the log to which trace it belongs."""
    found = trace.get_current_span().get_span_context()
    if found.is_valid:
        entry["trace_id"] = trace.format_trace_id(found.trace_id)
        entry["span_id"] = trace.format_span_id(found.span_id)
    return entry


def figures_page(figures: Figures, token: str) -> Callable[[Request], Response]:
    """Return the page of the figures for who knows the token; nobody else learns that it is."""

    def page(request: Request) -> Response:
        given = request.headers.get("authorization", "").removeprefix("Bearer ").encode()
        if not hmac.compare_digest(given, token.encode()):
            return PlainTextResponse("Not Found", 404)
        return Response(
            generate_latest(figures.registry), headers={"Content-Type": CONTENT_TYPE_LATEST}
        )

    return page
