"""Tokens of an OpenID Connect issuer, checked by its published keys.

The discovery document and the keys (JWKS) are fetched when they are first needed, kept, and
fetched again in the background. A token of a key that is not known makes them be fetched at once,
but never more often than `refetch` allows, so rotated keys work without a restart and noise does
not become requests. While the issuer is away its keys stay good for `stale`; then nobody signs in
by it.
"""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from http import HTTPStatus
from typing import Any, cast

import httpx
import jwt
import orjson
import structlog
from jwt import PyJWK

from domain.errors import BadInput, NotSignedIn, SignInUnavailable
from domain.language import Phrase
from server.tokens import LONGEST_TOKEN

RSA = frozenset({"RS256", "RS384", "RS512", "PS256", "PS384", "PS512"})
ALGORITHMS = RSA | {"ES256", "ES384", "ES512", "EdDSA"}
"""Signatures by a private key only: what a published key could sign as well is never accepted."""
CURVES = {"P-256": "ES256", "P-384": "ES384", "P-521": "ES512", "Ed25519": "EdDSA"}
TYPES = frozenset({"jwt", "at+jwt", "application/at+jwt"})
"""Types of tokens that sign in; others (a notice of logout, a proof of possession) do not."""
REQUIRED = ("iss", "sub", "aud", "iat", "exp")
LARGEST_DOCUMENT = 1_000_000
LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class IssuerPolicy:
    """Which issuer, for whom its tokens have to be, and how long what it said is relied on."""

    issuer: str
    audience: str
    refresh: timedelta = timedelta(minutes=5)
    refetch: timedelta = timedelta(seconds=30)
    stale: timedelta = timedelta(hours=6)
    leeway: timedelta = timedelta(seconds=30)


@dataclass(frozen=True, slots=True)
class Claimed:
    """What a good token says of its holder; `email` only if the issuer has verified it."""

    issuer: str
    subject: str
    expires_at: int
    email: str | None = None
    nonce: str | None = None


@dataclass(frozen=True, slots=True)
class _Key:
    name: str | None
    key: Any
    algorithms: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Published:
    """What the issuer said: its discovery document and its keys, and when."""

    document: dict[str, Any]
    keys: tuple[_Key, ...]
    at: float


def checked_address(field: str, address: str) -> str:
    """Return an address of the issuer. Raises BadInput for what is neither https nor loopback."""
    try:
        url = httpx.URL(address)
    except httpx.InvalidURL as problem:
        raise BadInput(field=field, value=address, expected="https://…") from problem
    if not url.host or not (
        url.scheme == "https" or (url.scheme == "http" and url.host in LOOPBACK)
    ):
        raise BadInput(field=field, value=address, expected="https://…")
    return address


class Issuer:
    """Checks tokens of one issuer; `client` makes the requests, `monotonic` tells their age."""

    def __init__(
        self,
        policy: IssuerPolicy,
        client: httpx.AsyncClient,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.policy = policy
        self.client = client
        self._monotonic = monotonic
        self._published: _Published | None = None
        self._asked = float("-inf")
        self._asking: asyncio.Task[None] | None = None

    async def check(self, token: str, *, audience: str | None = None) -> Claimed:
        """Return who a token is of; `audience` is for whom it has to be, if not for the hub.

        Raises NotSignedIn if it is not good, SignInUnavailable when the issuer's keys are not
        known and cannot be fetched.
        """
        try:
            header = self._header(token)
            candidates = await self._keys(header)
            if not candidates:
                raise NotSignedIn(reason=Phrase("reason.token_invalid"))
            return self._decoded(token, candidates[0], audience or self.policy.audience)
        except jwt.ExpiredSignatureError as problem:
            raise NotSignedIn(reason=Phrase("reason.token_expired")) from problem
        except jwt.PyJWTError as problem:
            raise NotSignedIn(reason=Phrase("reason.token_invalid")) from problem

    async def endpoint(self, name: str) -> str:
        """Return an address of the discovery document, such as `token_endpoint`.

        Raises SignInUnavailable when there is none, or the issuer does not answer.
        """
        published = await self._known()
        address = published.document.get(name)
        if not isinstance(address, str):
            raise SignInUnavailable(issuer=self.policy.issuer)
        return checked_address(name, address)

    async def close(self) -> None:
        """Stop asking."""
        if self._asking is not None:
            self._asking.cancel()
            await asyncio.gather(self._asking, return_exceptions=True)

    @staticmethod
    def _header(token: str) -> dict[str, Any]:
        if len(token) > LONGEST_TOKEN:
            raise NotSignedIn(reason=Phrase("reason.token_invalid"))
        header = jwt.get_unverified_header(token)
        kind = header.get("typ", "JWT")
        if not isinstance(kind, str) or kind.lower() not in TYPES:
            raise NotSignedIn(reason=Phrase("reason.token_invalid"))
        return header

    def _decoded(self, token: str, key: _Key, audience: str) -> Claimed:
        claims = jwt.decode(  # pyright: ignore[reportUnknownMemberType]
            token,
            key.key,
            list(key.algorithms),
            audience=audience,
            issuer=self.policy.issuer,
            leeway=self.policy.leeway,
            options={"require": list(REQUIRED), "enforce_minimum_key_length": True},
        )
        if not claims["sub"]:
            raise NotSignedIn(reason=Phrase("reason.token_invalid"))
        email = claims.get("email")
        verified = claims.get("email_verified") is True and isinstance(email, str)
        return Claimed(
            issuer=self.policy.issuer,
            subject=claims["sub"],
            expires_at=int(claims["exp"]),
            email=email if verified else None,
            nonce=claims.get("nonce"),
        )

    async def _keys(self, header: dict[str, Any]) -> list[_Key]:
        """Return the keys that a token may be signed with; asks again for one that is not known."""
        known = await self._known()
        found = _fitting(known, header)
        if found or not (self._asking or self._may_ask()):
            return found
        # Whether the issuer answers or not: without its word this key is not one of its keys.
        await asyncio.shield(self._ask())
        return _fitting(self._published or known, header)

    async def _known(self) -> _Published:
        """Return what the issuer said, while it may be relied on."""
        age = self._age()
        if age > self.policy.refresh.total_seconds() and (self._asking or self._may_ask()):
            asking = self._ask()
            if age > self.policy.stale.total_seconds():
                await asyncio.shield(asking)
        if self._published is None or self._age() > self.policy.stale.total_seconds():
            raise SignInUnavailable(issuer=self.policy.issuer)
        return self._published

    def _age(self) -> float:
        return float("inf") if self._published is None else self._monotonic() - self._published.at

    def _may_ask(self) -> bool:
        return self._monotonic() - self._asked >= self.policy.refetch.total_seconds()

    def _ask(self) -> asyncio.Task[None]:
        """Fetch in the background, once for all who wait."""
        if self._asking is None:
            self._asked = self._monotonic()
            self._asking = asyncio.create_task(self._fetch())
        return self._asking

    async def _fetch(self) -> None:
        try:
            self._published = await self._fetched()
        except (httpx.HTTPError, BadInput, ValueError) as problem:
            log.warning("the issuer gave no keys", issuer=self.policy.issuer, problem=repr(problem))
        finally:
            self._asking = None

    async def _fetched(self) -> _Published:
        document = await self._document(
            f"{self.policy.issuer.rstrip('/')}/.well-known/openid-configuration"
        )
        if document.get("issuer") != self.policy.issuer:
            raise BadInput(
                field="issuer", value=str(document.get("issuer")), expected=self.policy.issuer
            )
        keys = await self._document(checked_address("jwks_uri", str(document.get("jwks_uri"))))
        if not isinstance(keys.get("keys"), list):
            raise BadInput(field="jwks_uri", value=str(keys)[:200], expected="keys")
        return _Published(document, _usable(keys["keys"]), self._monotonic())

    async def _document(self, address: str) -> dict[str, Any]:
        """Return a JSON object; redirects are not followed, and what is too large is not read."""
        async with self.client.stream("GET", address, follow_redirects=False) as answer:
            if answer.status_code != HTTPStatus.OK:
                raise BadInput(field=address, value=answer.status_code, expected="200")
            body = b""
            async for chunk in answer.aiter_bytes():
                body += chunk
                if len(body) > LARGEST_DOCUMENT:
                    raise BadInput(field=address, value=len(body), expected=LARGEST_DOCUMENT)
        found = orjson.loads(body)
        if not isinstance(found, dict):
            raise BadInput(field=address, value=type(found).__name__, expected="{…}")
        return cast("dict[str, Any]", found)


def _fitting(published: _Published, header: dict[str, Any]) -> list[_Key]:
    """Return the key that a header names; without a name it has to be the only one that fits."""
    fitting = [key for key in published.keys if header.get("alg") in key.algorithms]
    name = header.get("kid")
    if name is None:
        return fitting if len(fitting) == 1 else []
    return [key for key in fitting if key.name == name]


def _usable(documents: list[Any]) -> tuple[_Key, ...]:
    """Return the public keys for signatures; the others are passed over."""
    found: list[_Key] = []
    for document in documents:
        if not isinstance(document, dict):
            continue
        data = cast("dict[str, Any]", document)
        algorithms = _algorithms(data)
        if not algorithms or data.get("use", "sig") != "sig" or "d" in data:
            continue
        try:
            key = PyJWK(data, algorithms[0]).key
        except jwt.PyJWTError as problem:
            log.warning("a key of the issuer cannot be used", problem=str(problem))
            continue
        found.append(_Key(data.get("kid"), key, algorithms))
    return tuple(found)


def _algorithms(data: dict[str, Any]) -> tuple[str, ...]:
    """Return with which algorithms a key may sign: never one that its kind is not for."""
    kind = data.get("kty")
    possible = RSA if kind == "RSA" else {CURVES.get(str(data.get("crv")), "")}
    if kind not in {"RSA", "EC", "OKP"}:
        return ()
    named = data.get("alg")
    return tuple(sorted((possible & ALGORITHMS) & ({named} if named else ALGORITHMS)))
