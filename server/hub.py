"""An open hub: the graph migrated and ready, and who calls."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta

from domain.access import VISITOR, HeldGrant, Viewer
from domain.clock import Clock, system_clock
from domain.errors import NotSignedIn
from domain.language import Phrase
from domain.vocabulary import Role
from graph.driver import DriverLimits, Graph
from graph.engine import EngineSettings, open_graph
from graph.migrations import migrate
from resolvers.accounts import viewer_of
from server.settings import Settings
from server.tokens import Tokens

OPERATOR = Viewer(account_id="SYSTEM:command-line", grants=(HeldGrant(role=Role.ADMIN),))
"""Whoever may start a command on the hub's own machine may do everything."""

VIEWER_LIFETIME = timedelta(seconds=2)
"""How long grants that were read serve further reads; changes read them anew in any case."""
VIEWERS_KEPT = 10_000


def engine_settings(settings: Settings) -> EngineSettings:
    """Return what the engine needs of the settings."""
    return EngineSettings(
        uri=settings.neo4j_uri,
        user=settings.neo4j_user,
        password=settings.neo4j_password.get_secret_value(),
        database=settings.neo4j_database,
        data_directory=settings.data_directory,
        embedded_database=settings.embedded_database,
        embedded_port=settings.embedded_port,
        embedded_memory_megabytes=settings.embedded_memory_megabytes,
        limits=DriverLimits(statement_time=settings.statement_seconds),
    )


def open_tokens(settings: Settings) -> Tokens:
    """Return the signer: the configured secret, or the key in the data directory."""
    if settings.token_secret is not None:
        return Tokens(settings.token_secret.get_secret_value())
    return Tokens.from_directory(settings.data_directory)


@dataclass
class Hub:
    """The graph, the settings and the signer of one process."""

    graph: Graph
    settings: Settings
    tokens: Tokens
    clock: Clock = system_clock
    _viewers: dict[str, tuple[float, Viewer]] = field(
        default_factory=dict[str, tuple[float, Viewer]]
    )

    async def viewer(self, authorization: str | None) -> Viewer:
        """Return the caller of a request by its Authorization header; without one a visitor.

        Raises NotSignedIn for a header that is not `Bearer` with a good token.
        """
        if authorization is None:
            return VISITOR
        scheme, _, token = authorization.partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise NotSignedIn(reason=Phrase("reason.token_missing"))
        account_id = self.tokens.account_of(token.strip())
        present = asyncio.get_running_loop().time()
        read_at, viewer = self._viewers.get(account_id, (float("-inf"), VISITOR))
        if present - read_at > VIEWER_LIFETIME.total_seconds():
            viewer = await viewer_of(self.graph, account_id, now=self.clock())
            if len(self._viewers) >= VIEWERS_KEPT:
                self._viewers.clear()
            self._viewers[account_id] = (present, viewer)
        return viewer

    def token(self, account_id: str) -> str:
        """Return a sign-in token for an account."""
        return self.tokens.sign(account_id, now=self.clock(), lifetime=self.settings.token_lifetime)


@asynccontextmanager
async def open_hub(settings: Settings) -> AsyncGenerator[Hub]:
    """Open the graph, bring it up to date, and close it at the end.

    Raises EngineUnusable, EngineUnavailable or GraphTooNew with what to do about it.
    """
    tokens = open_tokens(settings)
    async with open_graph(engine_settings(settings)) as graph:
        await migrate(graph)
        yield Hub(graph, settings, tokens)
