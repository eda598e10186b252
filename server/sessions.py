"""Long-lived connections of callers: what WebSockets and event streams need of the hub."""

from collections.abc import AsyncGenerator, Callable
from contextlib import ExitStack, aclosing
from typing import Any

from starlette.datastructures import Headers
from starlette.types import Scope

from domain.access import VISITOR, Viewer
from domain.claims import ClaimPolicy
from domain.language import Language
from graph.telemetry import Telemetry
from resolvers.event_feed import EventFeed
from resolvers.match_run_holding import Working
from resolvers.webhooks import WebhookWays
from schema.context import Context
from schema.streams import Streams
from schema.trusted import TrustedDocuments, text_of
from server.gate import Gate
from server.graphql_http import GraphQLRequest, preferred_language
from server.graphql_ws import Session
from server.holdings import holder
from server.hub import Hub
from server.rates import Arrival, address_of


class Sessions:
    """Makes the sessions of one application, all through the same gate."""

    def __init__(
        self,
        hub: Hub,
        gate: Gate,
        streams: Streams,
        feed: EventFeed,
        *,
        policy: ClaimPolicy,
        trusted: TrustedDocuments | None,
        webhooks: WebhookWays,
        working: Working,
        telemetry: Telemetry,
    ) -> None:
        self.hub = hub
        self.gate = gate
        self.streams = streams
        self.feed = feed
        self.policy = policy
        self.trusted = trusted
        self.webhooks = webhooks
        self.working = working
        self.telemetry = telemetry

    def context(self, viewer: Viewer, language: Language) -> Context:
        """Return what a request of a caller carries through the schema."""
        return Context(
            graph=self.hub.graph,
            viewer=viewer,
            language=language,
            clock=self.hub.clock,
            claim_policy=self.policy,
            telemetry=self.telemetry,
            issuer=self.hub.settings.oidc_issuer,
            webhooks=self.webhooks,
            working=self.working,
        )

    def of_socket(self, scope: Scope) -> "HubSession":
        """Return the session of a WebSocket."""
        return HubSession(self, Headers(scope=scope), address_of(scope))

    async def events(
        self, request: GraphQLRequest, headers: Headers, *, mutations: bool
    ) -> AsyncGenerator[bytes]:
        """Return the responses of one operation, for an event stream.

        The caller is known, and the connection counted, when this returns; it is given back when
        the responses are closed. Raises NotSignedIn, LimitError, EngineError, DomainError.
        """
        session = HubSession(self, headers, request.address, request.language)
        try:
            await session.open(None)
            query = text_of(self.trusted, request.query, request.document_id)
            running = session.run_text(
                query,
                request.variables,
                request.operation_name,
                language=request.language,
                mutations=mutations,
            )
        except BaseException:
            session.close()
            raise
        return _closing(running, session.close)


async def _closing(
    running: AsyncGenerator[bytes], close: Callable[[], None]
) -> AsyncGenerator[bytes]:
    try:
        async with aclosing(running):
            async for body in running:
                yield body
    finally:
        close()


class HubSession(Session):
    """One caller's connection: who it is, looked at again as long as it lasts."""

    def __init__(
        self,
        sessions: Sessions,
        headers: Headers,
        address: str,
        language: Language | None = None,
    ) -> None:
        """Begin for a caller who is not known yet; `language` is the one that is asked for."""
        self._sessions = sessions
        self._headers = headers
        self._address = address
        self._held = ExitStack()
        self._viewer = VISITOR
        default = sessions.hub.settings.language
        self._asked_language = language
        self.language = language or preferred_language(headers.get("accept-language"), default)

    async def open(self, authorization: str | None) -> None:
        """Know the caller and count the connection."""
        gate = self._sessions.gate
        if authorization is not None:
            self._headers = Headers({**self._headers, "authorization": authorization})
        await gate.rates.arrived(self._arrival)
        self._viewer = await gate.recognised(self._address, self._headers, self._recognise())
        self.language = self._asked_language or self._viewer.language or self.language
        self._held.enter_context(gate.connections.holding(self._holder))

    async def check(self) -> None:
        """See whether the caller is still signed in."""
        await self._recognise()

    def run(
        self,
        query: str,
        variables: dict[str, Any] | None,
        operation_name: str | None,
        language: Language | None = None,
    ) -> AsyncGenerator[bytes]:
        """Run an operation of this caller, in the language that it asks for."""
        return self._run_trusted(query, variables, operation_name, language)

    async def _run_trusted(
        self,
        query: str,
        variables: dict[str, Any] | None,
        operation_name: str | None,
        language: Language | None,
    ) -> AsyncGenerator[bytes]:
        text = text_of(self._sessions.trusted, query, None)
        answers = self.run_text(text, variables, operation_name, language=language)
        async with aclosing(answers) as running:
            async for body in running:
                yield body

    async def run_text(
        self,
        query: str,
        variables: dict[str, Any] | None,
        operation_name: str | None,
        *,
        language: Language | None = None,
        mutations: bool = True,
    ) -> AsyncGenerator[bytes]:
        """Run an operation whose text may run: counted, and in its turn where it is answered once.

        A subscription holds no turn while it waits; it is counted among the caller's own.
        """
        sessions = self._sessions
        viewer = await self._recognise()
        # What the operation asks for, else what the account says, else what the client prefers.
        spoken = language or viewer.language or self.language
        context = sessions.context(viewer, spoken)
        context.feed, context.recognise = sessions.feed, self._recognise
        asked = (query, variables, operation_name, context)
        if sessions.streams.subscribed(*asked) is None:
            async with sessions.gate.turn(self._address, self._headers):
                async for body in sessions.streams.run(*asked, mutations=mutations):
                    yield body
            return
        await sessions.gate.rates.arrived(self._arrival)
        with sessions.gate.subscriptions.holding(self._holder):
            async with aclosing(sessions.streams.run(*asked)) as running:
                async for body in running:
                    yield body

    def close(self) -> None:
        """Give back what was held."""
        self._held.close()

    @property
    def _arrival(self) -> Arrival:
        return Arrival.of(self._address, self._headers)

    @property
    def _holder(self) -> str:
        return holder(self._viewer, self._arrival.address)

    async def _recognise(self) -> Viewer:
        return await self._sessions.hub.caller(self._headers, safe=False)
