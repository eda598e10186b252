"""Who calls: from a token to the account with its grants, by whichever way it signs in.

The one place where tokens are judged. `Callers.viewer` is for every protocol: HTTP, WebSocket,
event streams. What was found serves for two seconds, so that an expired token, a withdrawn grant,
a closed account and a revoked token or key end within that time, in every process; and so that a
caller who asks a lot does not have the same signature checked for each request.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import jwt

from domain.access import VISITOR, ActingAccount, Viewer
from domain.clock import Clock
from domain.errors import BadIdentifier, NotSignedIn
from domain.identity import parse_global_id
from domain.language import Phrase
from graph.driver import Graph
from resolvers.accounts import viewer_of
from resolvers.sign_in import account_of_subject, is_revoked
from server.issuer import Claimed, Issuer
from server.tokens import OwnToken, Tokens

VIEWER_LIFETIME = timedelta(seconds=2)
"""How long grants that were read serve further reads; changes read them anew in any case."""
VIEWERS_KEPT = 10_000


@dataclass(frozen=True, slots=True)
class _Kept:
    at: float
    viewer: Viewer


class Callers:
    """Knows callers by their tokens: the hub's own, and those of the issuer if there is one."""

    def __init__(
        self, graph: Graph, tokens: Tokens, clock: Clock, issuer: Issuer | None = None
    ) -> None:
        self._graph = graph
        self._tokens = tokens
        self._clock = clock
        self._issuer = issuer
        self._viewers: dict[object, _Kept] = {}
        self._reading: dict[object, asyncio.Task[Viewer]] = {}

    async def viewer_of_header(self, authorization: str | None) -> Viewer:
        """Return the caller of a request by its Authorization header; without one a visitor.

        Raises NotSignedIn for a header that is not `Bearer` with a good token.
        """
        if authorization is None:
            return VISITOR
        scheme, _, token = authorization.partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise NotSignedIn(reason=Phrase("reason.token_missing"))
        return await self.viewer(token.strip())

    async def viewer(self, token: str) -> Viewer:
        """Return the caller of a bearer token.

        Raises NotSignedIn for a token that is not good, SignInUnavailable when the issuer whose it
        is cannot be asked, EngineError when the graph cannot.
        """
        return await self._kept(token, lambda: self._of_bearer(token))

    async def viewer_of_session(self, token: str) -> Viewer:
        """Return the caller of the token in a browser's cookie. Raises as `viewer` does."""
        return await self._kept(
            ("session", token), lambda: self._of_own(self._tokens.check(token, of_session=True))
        )

    async def acting(self, viewer: Viewer, acting_for: str) -> Viewer:
        """Return a caller as the deputy of an account, named by its global id.

        Raises NotSignedIn where it is not its deputy now.
        """
        try:
            account_id = parse_global_id(acting_for, ("Account",))[1]
        except BadIdentifier as problem:
            raise NotSignedIn(reason=Phrase("reason.not_deputy")) from problem
        both = ActingAccount(viewer.account_id or "", account_id)
        return await self._kept(
            ("acting", viewer.account_id, account_id),
            lambda: viewer_of(self._graph, both, now=self._clock()),
        )

    def forget(self) -> None:
        """Read anew of everybody."""
        self._viewers.clear()
        self._reading.clear()

    async def account_of(self, claimed: Claimed) -> str:
        """Return the account of whom the issuer names. Raises NotSignedIn for who has none."""
        return await account_of_subject(
            self._graph,
            issuer=claimed.issuer,
            subject=claimed.subject,
            email=claimed.email,
            clock=self._clock,
        )

    async def _of_bearer(self, token: str) -> Viewer:
        if self._issuer is not None and _says(token, "iss") == self._issuer.policy.issuer:
            return await self._of_subject(await self._issuer.check(token))
        return await self._of_own(self._tokens.check(token))

    async def _of_own(self, own: OwnToken) -> Viewer:
        revoked = await is_revoked(
            self._graph, token_id=own.token_id, key_id=own.key_id, session_id=own.session_id
        )
        if revoked:
            raise NotSignedIn(reason=Phrase("reason.token_revoked"))
        return await viewer_of(self._graph, own.account_id, now=self._clock())

    async def _of_subject(self, claimed: Claimed) -> Viewer:
        account_id = await self.account_of(claimed)
        return await viewer_of(self._graph, account_id, now=self._clock())

    async def _kept(self, key: object, read: Callable[[], Awaitable[Viewer]]) -> Viewer:
        present = asyncio.get_running_loop().time()
        kept = self._viewers.get(key)
        if kept is not None and present - kept.at <= VIEWER_LIFETIME.total_seconds():
            return kept.viewer
        # Who asks much asks side by side: one of the requests reads for all of them.
        reading = self._reading.get(key)
        if reading is None:
            reading = asyncio.create_task(self._read(key, present, read))
            self._reading[key] = reading
        return await asyncio.shield(reading)

    async def _read(
        self, key: object, present: float, read: Callable[[], Awaitable[Viewer]]
    ) -> Viewer:
        own = asyncio.current_task()
        try:
            viewer = await read()
        finally:
            if current := self._reading.get(key) is own:
                del self._reading[key]
        if current:
            if len(self._viewers) >= VIEWERS_KEPT:
                self._viewers.clear()
            self._viewers[key] = _Kept(present, viewer)
        return viewer


def _says(token: str, claim: str) -> Any:  # noqa: ANN401  (whatever the token holds)
    """Return what a token says before it is checked: only to know who has to check it."""
    try:
        claims = jwt.decode(token, options={"verify_signature": False})  # pyright: ignore[reportUnknownMemberType]
    except jwt.PyJWTError as problem:
        raise NotSignedIn(reason=Phrase("reason.token_invalid")) from problem
    return claims.get(claim)
