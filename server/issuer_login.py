"""The way of a browser through the issuer and back: authorization code with PKCE (RFC 7636)."""

import base64
import hashlib
import hmac
import secrets
from dataclasses import dataclass
from typing import Any, cast
from urllib.parse import quote, urlencode

import httpx
import orjson
import structlog

from domain.errors import NotSignedIn, SignInUnavailable
from domain.language import Phrase
from server.issuer import Claimed, Issuer

SCOPES = "openid email"
VERIFIER_BYTES = 48
log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Client:
    """As whom the hub is known at the issuer; without a secret it is a public client."""

    client_id: str
    secret: str


@dataclass(frozen=True, slots=True)
class Started:
    """What the browser keeps (sealed) while it is away: to be found again in the answer."""

    state: str
    nonce: str
    verifier: str
    after: str


class IssuerLogin:
    """Sends browsers to the issuer, and learns from it who came back."""

    def __init__(self, issuer: Issuer, client: Client) -> None:
        self._issuer = issuer
        self._client = client

    async def start(self, back: str, after: str) -> tuple[str, Started]:
        """Return where to send a browser, and what it keeps; `back` is where it comes back to."""
        started = Started(
            state=secrets.token_urlsafe(),
            nonce=secrets.token_urlsafe(),
            verifier=secrets.token_urlsafe(VERIFIER_BYTES),
            after=after,
        )
        challenge = hashlib.sha256(started.verifier.encode()).digest()
        asked = {
            "response_type": "code",
            "client_id": self._client.client_id,
            "redirect_uri": back,
            "scope": SCOPES,
            "state": started.state,
            "nonce": started.nonce,
            "code_challenge": base64.urlsafe_b64encode(challenge).rstrip(b"=").decode(),
            "code_challenge_method": "S256",
        }
        address = await self._issuer.endpoint("authorization_endpoint")
        return f"{address}{'&' if '?' in address else '?'}{urlencode(asked)}", started

    async def finish(self, started: Started, answer: dict[str, str], back: str) -> Claimed:
        """Return who came back with the issuer's answer.

        Raises NotSignedIn for an answer that is not to what this browser asked, or a refusal;
        SignInUnavailable when the issuer does not answer.
        """
        named = answer.get("iss", self._issuer.policy.issuer)
        state = answer.get("state", "")
        if not hmac.compare_digest(state.encode(), started.state.encode()) or (
            named != self._issuer.policy.issuer
        ):
            raise NotSignedIn(reason=Phrase("reason.sign_in_mixed_up"))
        code = answer.get("code")
        if not code:
            raise NotSignedIn(reason=Phrase("reason.issuer_refused"))
        token = await self._exchange(code, started.verifier, back)
        claimed = await self._issuer.check(token, audience=self._client.client_id)
        if claimed.nonce is None or not hmac.compare_digest(
            claimed.nonce.encode(), started.nonce.encode()
        ):
            raise NotSignedIn(reason=Phrase("reason.sign_in_mixed_up"))
        return claimed

    async def _exchange(self, code: str, verifier: str, back: str) -> str:
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": back,
            "code_verifier": verifier,
        }
        headers = {"Accept": "application/json"}
        if self._client.secret:
            pair = f"{quote(self._client.client_id)}:{quote(self._client.secret)}"
            headers["Authorization"] = f"Basic {base64.b64encode(pair.encode()).decode()}"
        else:
            form["client_id"] = self._client.client_id
        address = await self._issuer.endpoint("token_endpoint")
        try:
            said = await self._issuer.client.post(
                address, data=form, headers=headers, follow_redirects=False
            )
        except httpx.HTTPError as problem:
            raise SignInUnavailable(issuer=self._issuer.policy.issuer) from problem
        if said.is_server_error:
            raise SignInUnavailable(issuer=self._issuer.policy.issuer)
        try:
            document = orjson.loads(said.content)
        except orjson.JSONDecodeError:
            document = None
        found = cast("dict[str, Any]", document) if isinstance(document, dict) else {}
        token = found.get("id_token")
        if not said.is_success or not isinstance(token, str):
            log.warning(
                "the issuer gave no token", status=said.status_code, error=found.get("error")
            )
            raise NotSignedIn(reason=Phrase("reason.issuer_refused"))
        return token
