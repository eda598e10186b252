"""The composition root: builds the ASGI application over an open hub, and serves it."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import structlog
import uvicorn
from starlette.applications import Starlette
from starlette.datastructures import Headers
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import BaseRoute, Mount, Route, WebSocketRoute
from starlette.staticfiles import StaticFiles
from starlette.types import Receive, Scope, Send

from domain.claims import ClaimPolicy
from domain.errors import DomainError, EngineError, EngineUnusable
from domain.language import Language, text
from graph.telemetry import SILENT
from resolvers.claims_sweep import sweep_expired
from resolvers.sign_in import forget_ended
from schema.build import build_schema
from schema.execution import Executor
from schema.limits import Introspection
from schema.trusted import TrustedDocuments, text_of
from server.browser import ACTING_FOR, origins
from server.contents import Contents, open_contents
from server.files import Files
from server.following import Following
from server.gate import Gate
from server.graphql_http import GraphQLAnswer, GraphQLEndpoint, GraphQLRequest, error_body
from server.hub import Hub, open_login
from server.logs import graph_failed
from server.planned import plan_ahead
from server.process import Stop, keep_what_is_there
from server.settings import Settings
from server.sign_in_pages import SignInPages
from server.telemetry import Measured, Measuring, exposed, figures_page, measuring_of

GRAPHIQL = Path(__file__).parent / "static" / "graphiql"
PATH = "/graphql"
GRACE_SECONDS = 10
CORS_SECONDS = 600
"""How long a browser keeps the answer to its question what another origin may do."""
log = structlog.get_logger()


def create_app(
    hub: Hub, measuring: Measuring | None = None, contents: Contents | None = None
) -> Starlette:
    """Return the application of an open hub: `/graphql`, GraphiQL on the same path, `/health`.

    `measuring` is told what is done, `contents` keeps files; without them what the settings say.
    """
    settings = hub.settings
    executor = Executor(
        build_schema(), settings.query_limits, Introspection.read(settings.introspection)
    )
    trusted = read_trusted(settings, executor)
    policy = claim_policy(hub)
    gate = Gate(settings)
    measuring = measuring_of(settings) if measuring is None else measuring
    telemetry = SILENT if measuring is None else measuring
    hub.graph.telemetry = measuring
    following = Following(hub, executor, gate, policy=policy, trusted=trusted, telemetry=telemetry)

    async def execute(
        request: GraphQLRequest,
        headers: Headers,
        language: Language,
        mutations: bool,  # noqa: FBT001  (the endpoint's protocol)
    ) -> GraphQLAnswer:
        caller = hub.caller(headers, safe=not mutations)
        viewer = await gate.recognised(request.address, headers, caller)
        # What the request asks for, else what the account says, else what the browser prefers.
        language = request.language or viewer.language or language
        context = following.sessions.context(viewer, language)
        try:
            query = text_of(trusted, request.query, request.document_id)
        except DomainError as error:
            return GraphQLAnswer(error_body(error, language), refused=True)
        answer = await executor.answer(
            query,
            request.variables,
            request.operation_name,
            context,
            mutations=mutations,
        )
        return GraphQLAnswer(answer.body, answer.refused, answer.unavailable, answer.only_post)

    async def stream(
        request: GraphQLRequest,
        headers: Headers,
        mutations: bool,  # noqa: FBT001  (the endpoint's protocol)
    ) -> AsyncGenerator[bytes]:
        return await following.sessions.events(request, headers, mutations=mutations)

    endpoint = GraphQLEndpoint(
        execute,
        max_body_bytes=settings.max_body_bytes,
        body_seconds=settings.body_seconds,
        language=settings.language,
        guard=gate,
        telemetry=telemetry,
        stream=stream,
    )

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncGenerator[None]:
        async with hub.graph.watch.watched(), exposed(measuring, settings):
            await following.start()
            texts = frozenset[str]() if trusted is None else trusted.texts
            tasks = [
                asyncio.create_task(_sweep(hub, files)),
                asyncio.create_task(plan_ahead(hub.graph, executor.schema, texts)),
            ]
            try:
                yield
            finally:
                await following.stop()
                for task in tasks:
                    task.cancel()
                    with contextlib.suppress(asyncio.CancelledError):
                        await task

    pages = SignInPages(hub, gate, hub.browsers, open_login(settings, hub.issuer))
    files = Files(
        hub, executor, gate, contents or open_contents(settings.files, settings.data_directory)
    )
    routes: list[BaseRoute] = [
        Route(PATH, GraphiQLOrGraphQL(endpoint)),
        WebSocketRoute(PATH, following.sockets),
        Route("/health", health_of(hub)),
        *pages.routes(),
        *files.routes(),
        Mount("/graphiql", StaticFiles(directory=GRAPHIQL)),
    ]
    # Without origins nothing of an answer is for other pages, and browsers keep it from them.
    middleware = [cross_origin(settings)] if origins(settings) else []
    if measuring is not None:
        middleware.insert(0, Middleware(Measured, measuring=measuring, routes=first_parts(routes)))
        _show_figures(hub, gate, measuring, routes)
    application = Starlette(
        middleware=middleware,
        routes=routes,
        lifespan=lifespan,
    )
    application.state.files = files
    application.state.stop_streams = following.stop
    return application


def _show_figures(hub: Hub, gate: Gate, measuring: Measuring, routes: list[BaseRoute]) -> None:
    """Let the figures follow the gate, and serve them where there is a token for it."""
    if measuring.figures is None:
        return
    measuring.figures.follow(gate, present=lambda: hub.graph.watch.present)
    if hub.settings.metrics_token is not None:
        token = hub.settings.metrics_token.get_secret_value()
        routes.append(Route("/metrics", figures_page(measuring.figures, token)))


def health_of(hub: Hub) -> Callable[[Request], Awaitable[Response]]:
    """Return the page that says whether the hub can answer."""

    async def health(_: Request) -> Response:
        try:
            await hub.graph.verify()
        except EngineError as error:
            # Anybody may ask this: where the engine is, and what it said, is for the log only.
            graph_failed(error)
            message = text("error.NO_GRAPH", hub.settings.language)
            return JSONResponse({"status": "unavailable", "message": message}, 503)
        return JSONResponse({"status": "ok", "engine": hub.graph.dialect})

    return health


def first_parts(routes: Sequence[BaseRoute]) -> frozenset[str]:
    """Return the first part of each route's path: by these requests are counted."""
    paths = [route.path for route in routes if isinstance(route, (Route, Mount))]
    return frozenset("/" + path.strip("/").partition("/")[0] for path in paths)


def read_trusted(settings: Settings, executor: Executor) -> TrustedDocuments | None:
    """Return the only documents that are run, None where all are. Raises BadInput."""
    if settings.trusted_documents is None:
        return None
    return TrustedDocuments.read(settings.trusted_documents, executor.schema, executor.limits)


def cross_origin(settings: Settings) -> Middleware:
    """Return what lets pages of the configured origins, and no others, read answers (CORS)."""
    return Middleware(
        CORSMiddleware,
        allow_origins=origins(settings),
        allow_credentials=True,
        allow_methods=("GET", "POST"),
        allow_headers=("Authorization", "Content-Type", "Accept-Language", ACTING_FOR),
        expose_headers=("Retry-After",),
        max_age=CORS_SECONDS,
    )


PAGE_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
        "font-src 'self' data:; object-src 'none'; frame-ancestors 'none'; base-uri 'none'"
    ),
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


class GraphiQLOrGraphQL:
    """The one path of the API: a browser that visits it gets GraphiQL, everything else answers.

    A route takes it as an ASGI application, so no request object is built around a query.
    """

    def __init__(self, endpoint: GraphQLEndpoint) -> None:
        self._endpoint = endpoint
        self._page = FileResponse(GRAPHIQL / "index.html", headers=PAGE_HEADERS)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one HTTP request."""
        visits = scope["method"] == "GET" and "text/html" in Headers(scope=scope).get("accept", "")
        await (self._page if visits else self._endpoint)(scope, receive, send)


async def _sweep(hub: Hub, files: Files) -> None:
    """Write EXPIRED on claims, and forget files, whose time is over, as long as the hub serves."""
    policy = claim_policy(hub)
    while True:
        try:
            expired = await sweep_expired(hub.graph, clock=hub.clock, policy=policy)
            if expired:
                log.info("claims expired", count=expired)
            await files.sweep()
            await forget_ended(hub.graph, clock=hub.clock)
        except EngineError as error:
            log.warning("sweep postponed", code=error.code)
        except Exception:
            # Nobody waits for this task: without a word here the claims would stay as they are.
            log.exception("sweep failed")
        await asyncio.sleep(hub.settings.sweep_seconds)


def claim_policy(hub: Hub) -> ClaimPolicy:
    """Return the policy of claims that the settings ask for."""
    return ClaimPolicy(
        answer_hours=hub.settings.claim_hours,
        open_proposals_per_agent=hub.settings.open_claims_per_agent,
    )


class _Server(uvicorn.Server):
    """Uvicorn without its own signal handling: the command line owns the signals."""

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        """Leave the handlers as they are."""
        yield


BACKLOG = 2048
"""How many connections the kernel keeps until they are accepted."""


def listen(host: str, port: int) -> socket.socket:
    """Return a listening socket. Raises EngineUnusable saying which address and why."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        # Whoever reads where we serve may come at once: the kernel keeps them until we accept.
        listener.listen(BACKLOG)
    except OSError as problem:
        listener.close()
        raise EngineUnusable(
            what=f"{host}:{port}",
            reason=problem.strerror or str(problem),
            remedy="--port 0 / RENLING_PORT",
        ) from problem
    return listener


def serving(application: Starlette, settings: Settings) -> uvicorn.Config:
    """Return how an application is served.

    Idle connections outlast those of clients and proxies (mostly 60 s at most): a request that
    meets a connection just being closed would fail, and nobody could tell whether it was done.
    """
    return uvicorn.Config(
        application,
        log_config=None,
        access_log=False,
        server_header=False,
        forwarded_allow_ips=settings.trusted_proxies,
        lifespan="on",
        timeout_keep_alive=settings.keep_alive_seconds,
        timeout_graceful_shutdown=GRACE_SECONDS,
    )


async def serve(hub: Hub, listener: socket.socket, stop: Stop) -> None:
    """Serve the hub on a socket until somebody asks to stop.

    Requests under way then have `GRACE_SECONDS` to finish.
    """
    application = create_app(hub)
    keep_what_is_there()
    server = _Server(serving(application, hub.settings))
    with stop.attended() as requested:
        attending = asyncio.create_task(_attend(server, application, requested))
        try:
            await server.serve(sockets=[listener])
        finally:
            attending.cancel()


async def _attend(server: uvicorn.Server, application: Starlette, requested: asyncio.Event) -> None:
    await requested.wait()
    # Before the server ends: it would cut these off.
    await application.state.stop_streams()
    server.should_exit = True
