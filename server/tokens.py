"""The hub's own sign-in tokens: JSON Web Tokens (RFC 7519), HS256, with the name of their key.

A token names an account; what the account may do is read from its grants in the graph, so a
withdrawn grant ends at once while the token lives on. A token for an audience is good for that
audience only: what a browser keeps in its cookie is no bearer token, and the other way round.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import jwt

from domain.errors import NotSignedIn
from domain.identity import new_id
from domain.language import Phrase
from server.keys import FixedKeys, KeyFile, Keys

ALGORITHM = "HS256"
ISSUER = "renling"
AUDIENCE = "renling"
LONGEST_TOKEN = 8_192
"""Characters; whatever is longer is not looked at."""
REQUIRED = ("iss", "sub", "aud", "iat", "exp", "jti")


@dataclass(frozen=True, slots=True)
class OwnToken:
    """What a good token says: whose it is, its own name, its key's, and its browser session."""

    account_id: str
    token_id: str
    key_id: str
    expires_at: int
    session_id: str | None = None


class Tokens:
    """Signs tokens and checks them; `keys` is one or several texts, or where they come from."""

    def __init__(self, keys: Keys | str, *, audience: str = AUDIENCE) -> None:
        self.keys: Keys = FixedKeys(keys) if isinstance(keys, str) else keys
        self._audience = audience

    @classmethod
    def from_directory(cls, directory: Path, *, audience: str = AUDIENCE) -> "Tokens":
        """Use the keys kept in a 0600 file of the data directory, made at first use.

        Raises EngineUnusable when the directory cannot be used, or the file holds no such key.
        """
        return cls(KeyFile.in_directory(directory), audience=audience)

    def sign(
        self,
        account_id: str,
        *,
        now: datetime,
        lifetime: timedelta,
        session_id: str | None = None,
    ) -> str:
        """Return a token for an account, good from now for the lifetime.

        With the id of a browser session it is for that session's cookie only.
        """
        name, key = next(iter(self.keys.read().items()))
        claims: dict[str, Any] = {
            "iss": ISSUER,
            "sub": account_id,
            "aud": self._for(session_id is not None),
            "iat": now,
            "exp": now + lifetime,
            "jti": new_id(),
        }
        if session_id is not None:
            claims["sid"] = session_id
        # The types of PyJWT name classes of cryptography, which HS256 does without.
        return jwt.encode(claims, key, ALGORITHM, {"kid": name})  # pyright: ignore[reportUnknownMemberType]

    def check(self, token: str, *, of_session: bool = False) -> OwnToken:
        """Return what a token says. Raises NotSignedIn if it is not good."""
        if len(token) > LONGEST_TOKEN:
            raise NotSignedIn(reason=Phrase("reason.token_invalid"))
        try:
            name = jwt.get_unverified_header(token).get("kid")
            key = self.keys.read().get(name) if isinstance(name, str) else None
            if key is None:
                raise NotSignedIn(reason=Phrase("reason.token_invalid"))
            claims = jwt.decode(  # pyright: ignore[reportUnknownMemberType]
                token,
                key,
                [ALGORITHM],
                audience=self._for(of_session),
                issuer=ISSUER,
                options={"require": [*REQUIRED, *(["sid"] if of_session else [])]},
            )
        except jwt.ExpiredSignatureError as problem:
            raise NotSignedIn(reason=Phrase("reason.token_expired")) from problem
        except jwt.PyJWTError as problem:
            raise NotSignedIn(reason=Phrase("reason.token_invalid")) from problem
        return OwnToken(
            account_id=claims["sub"],
            token_id=str(claims["jti"]),
            key_id=str(name),
            expires_at=int(claims["exp"]),
            session_id=str(claims["sid"]) if of_session else None,
        )

    def seal(
        self, purpose: str, content: Mapping[str, str], *, now: datetime, lifetime: timedelta
    ) -> str:
        """Return a text that only this hub can have made, for one purpose and some time."""
        name, key = next(iter(self.keys.read().items()))
        claims = {
            "iss": ISSUER,
            "aud": f"{self._audience}/{purpose}",
            "exp": now + lifetime,
            "content": dict(content),
        }
        return jwt.encode(claims, key, ALGORITHM, {"kid": name})  # pyright: ignore[reportUnknownMemberType]

    def unseal(self, purpose: str, sealed: str) -> dict[str, str]:
        """Return the content of a sealed text. Raises NotSignedIn if it is not good."""
        try:
            name = jwt.get_unverified_header(sealed).get("kid")
            claims = jwt.decode(  # pyright: ignore[reportUnknownMemberType]
                sealed,
                self.keys.read().get(str(name), ""),
                [ALGORITHM],
                audience=f"{self._audience}/{purpose}",
                issuer=ISSUER,
                options={"require": ["iss", "aud", "exp", "content"]},
            )
        except jwt.PyJWTError as problem:
            raise NotSignedIn(reason=Phrase("reason.token_invalid")) from problem
        return {str(key): str(value) for key, value in claims["content"].items()}

    def account_of(self, token: str) -> str:
        """Return the account that a bearer token names. Raises NotSignedIn if it is not good."""
        return self.check(token).account_id

    def _for(self, of_session: bool) -> str:  # noqa: FBT001  (a choice of two audiences)
        return f"{self._audience}/session" if of_session else self._audience
