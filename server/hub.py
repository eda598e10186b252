"""An open hub: the graph migrated and ready, and who calls."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import httpx
from pydantic import SecretStr
from starlette.datastructures import Headers

from domain.access import HeldGrant, Viewer
from domain.clock import Clock, system_clock
from domain.errors import BadInput
from domain.identity import derived_id
from domain.language import Phrase
from domain.vocabulary import Role
from graph import accounts
from graph.driver import Graph
from graph.endpoint import DriverLimits
from graph.engine import EngineSettings, open_graph
from graph.migrations import migrate
from graph.planning import keeping_plans
from resolvers.accounts import GrantRequest, create_account, viewer_of
from server.browser import Browsers
from server.callers import Callers
from server.issuer import Issuer, IssuerPolicy, checked_address
from server.issuer_login import Client, IssuerLogin
from server.keys import SHORTEST_KEY, FixedKeys, KeyFile, is_long_enough, named
from server.planned import remembering
from server.sealing import KEY_FILE, Sealing
from server.settings import Settings
from server.tokens import Tokens

OPERATOR_ID = derived_id("Account", "operator")
FIRST = Viewer(account_id="SYSTEM", grants=(HeldGrant(role=Role.ADMIN),))
"""Who makes the operator's account in an empty graph."""
ISSUER_SECONDS = 5.0
"""How long a request to the issuer may take."""


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
        embedded_java_options=tuple(settings.embedded_java_options.split()),
        limits=DriverLimits(
            statement_time=settings.statement_seconds, patience=settings.engine_patience_seconds
        ),
    )


def open_tokens(settings: Settings) -> Tokens:
    """Return the signer: the configured keys, or those in the data directory.

    Raises BadInput for a secret that is too short, EngineUnusable for such a key.
    """
    if settings.token_secret is None:
        return Tokens.from_directory(settings.data_directory, audience=settings.token_audience)
    secret = _long_enough("RENLING_TOKEN_SECRET", settings.token_secret)
    return Tokens(secret, audience=settings.token_audience)


def open_sealing(settings: Settings) -> Sealing:
    """Return what seals the secrets of webhooks: by the configured keys, or the directory's.

    Raises BadInput for a key that is too short, EngineUnusable for such a file.
    """
    if settings.webhook_key is None:
        return Sealing(KeyFile.in_directory(settings.data_directory, KEY_FILE))
    return Sealing(FixedKeys(_long_enough("RENLING_WEBHOOK_KEY", settings.webhook_key)))


def _long_enough(name: str, given: SecretStr) -> str:
    """Return keys of a setting. Raises BadInput for none, or one that is too short."""
    secret = given.get_secret_value()
    if not named(secret) or not all(map(is_long_enough, named(secret).values())):
        raise BadInput(
            field=name,
            value=str(given),  # veiled
            expected=Phrase("expected.token_secret", {"characters": SHORTEST_KEY}),
        )
    return secret


def open_login(settings: Settings, issuer: Issuer | None) -> IssuerLogin | None:
    """Return the way of browsers through the issuer, None where the hub is no client of one."""
    if issuer is None or settings.oidc_client_id is None:
        return None
    client = Client(settings.oidc_client_id, settings.oidc_client_secret.get_secret_value())
    return IssuerLogin(issuer, client)


def open_issuer(settings: Settings) -> Issuer | None:
    """Return who checks the issuer's tokens, None where no issuer is configured.

    Raises BadInput for an address that is neither https nor loopback, and for no audience.
    """
    if settings.oidc_issuer is None:
        return None
    if not settings.oidc_audience:
        raise BadInput(field="RENLING_OIDC_AUDIENCE", value="", expected="aud")
    policy = IssuerPolicy(
        issuer=checked_address("RENLING_OIDC_ISSUER", settings.oidc_issuer),
        audience=settings.oidc_audience,
        refresh=timedelta(seconds=settings.oidc_refresh_seconds),
        refetch=timedelta(seconds=settings.oidc_refetch_seconds),
        stale=timedelta(seconds=settings.oidc_stale_seconds),
        leeway=timedelta(seconds=settings.oidc_leeway_seconds),
    )
    return Issuer(policy, httpx.AsyncClient(timeout=ISSUER_SECONDS))


@dataclass
class Hub:
    """The graph, the settings and the signer of one process, and who knows its callers."""

    graph: Graph
    settings: Settings
    tokens: Tokens
    clock: Clock = system_clock
    issuer: Issuer | None = None
    callers: Callers = field(init=False)
    browsers: Browsers = field(init=False)

    def __post_init__(self) -> None:
        self.callers = Callers(self.graph, self.tokens, self._now, self.issuer)
        self.browsers = Browsers(self.settings, self.callers)

    def _now(self) -> datetime:
        return self.clock()

    async def viewer(self, authorization: str | None) -> Viewer:
        """Return the caller of a request by its Authorization header; without one a visitor.

        Raises NotSignedIn for a header that is not `Bearer` with a good token.
        """
        return await self.callers.viewer_of_header(authorization)

    async def caller(self, headers: Headers, *, safe: bool) -> Viewer:
        """Return the caller of a request by its headers, token or cookie; else a visitor.

        `safe`: it cannot change anything and is answered once (GET). Raises NotSignedIn,
        OriginRefused, SignInUnavailable, EngineError.
        """
        return await self.browsers.viewer(headers, safe=safe)

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

    def token(self, account_id: str, *, hours: int | None = None) -> str:
        """Return a sign-in token for an account, good for so many hours or as settings say."""
        lifetime = self.settings.token_lifetime if hours is None else timedelta(hours=hours)
        return self.tokens.sign(account_id, now=self.clock(), lifetime=lifetime)


@asynccontextmanager
async def open_hub(settings: Settings, *, restoring: bool = False) -> AsyncGenerator[Hub]:
    """Open the graph, bring it up to date, and close it at the end.

    `restoring` opens a graph whose restore was interrupted as well, to restore it anew.
    Raises EngineUnusable, EngineUnavailable, GraphTooNew or DumpError with what to do about it.
    """
    tokens, issuer = open_tokens(settings), open_issuer(settings)
    async with open_graph(engine_settings(settings)) as graph:
        await migrate(graph, restoring=restoring)
        try:
            async with keeping_plans(graph) as planning, remembering(planning, settings):
                yield Hub(graph, settings, tokens, issuer=issuer)
        finally:
            if issuer is not None:
                await issuer.close()
                await issuer.client.aclose()
