"""An open hub: the graph migrated and ready, and who calls."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta

from domain.access import VISITOR, HeldGrant, Viewer
from domain.clock import Clock, system_clock
from domain.errors import BadInput, NotSignedIn
from domain.identity import derived_id
from domain.language import Phrase
from domain.vocabulary import Role
from graph import accounts
from graph.driver import DriverLimits, Graph
from graph.engine import EngineSettings, open_graph
from graph.migrations import migrate
from resolvers.accounts import GrantRequest, create_account, viewer_of
from server.settings import Settings
from server.tokens import SHORTEST_KEY, Tokens, is_long_enough

OPERATOR_ID = derived_id("Account", "operator")
FIRST = Viewer(account_id="SYSTEM", grants=(HeldGrant(role=Role.ADMIN),))
"""Who makes the operator's account in an empty graph."""

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
    """Return the signer: the configured secret, or the key in the data directory.

    Raises BadInput for a secret that is too short, EngineUnusable for such a key.
    """
    if settings.token_secret is not None:
        secret = settings.token_secret.get_secret_value()
        if not is_long_enough(secret):
            raise BadInput(
                field="RENLING_TOKEN_SECRET",
                value=str(settings.token_secret),  # veiled
                expected=Phrase("expected.token_secret", {"characters": SHORTEST_KEY}),
            )
        return Tokens(secret)
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

    async def operator(self) -> Viewer:
        """Return the account of the command line: who may start it may do everything.

        It is made when it is first needed.
        """
        found = await accounts.viewer(self.graph.read, OPERATOR_ID, self.clock())
        if found is not None:
            return found
        await create_account(
            self.graph,
            viewer=FIRST,
            name="命令行 command line",
            grants=[GrantRequest(role=Role.ADMIN)],
            account_id=OPERATOR_ID,
            clock=self.clock,
        )
        return await viewer_of(self.graph, OPERATOR_ID, now=self.clock())

    async def viewer_of(self, account_id: str) -> Viewer:
        """Return an account with its grants as they are now. Raises NotSignedIn for none."""
        return await viewer_of(self.graph, account_id, now=self.clock())

    def token(self, account_id: str) -> str:
        """Return a sign-in token for an account."""
        return self.tokens.sign(account_id, now=self.clock(), lifetime=self.settings.token_lifetime)


@asynccontextmanager
async def open_hub(settings: Settings, *, restoring: bool = False) -> AsyncGenerator[Hub]:
    """Open the graph, bring it up to date, and close it at the end.

    `restoring` opens a graph whose restore was interrupted as well, to restore it anew.
    Raises EngineUnusable, EngineUnavailable, GraphTooNew or DumpError with what to do about it.
    """
    tokens = open_tokens(settings)
    async with open_graph(engine_settings(settings)) as graph:
        await migrate(graph, restoring=restoring)
        yield Hub(graph, settings, tokens)
