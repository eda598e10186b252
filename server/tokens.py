"""The hub's own sign-in tokens: JSON Web Tokens (RFC 7519), HS256, short-lived.

A token names an account; what the account may do is read from its grants in the graph, so a
withdrawn grant ends at once while the token lives on.
"""

import os
import secrets
from datetime import datetime, timedelta
from pathlib import Path

import jwt

from domain.errors import EngineUnusable, NotSignedIn
from domain.language import Phrase

ALGORITHM = "HS256"
AUDIENCE = "renling"
KEY_FILE = "token.key"
KEY_BYTES = 32


class Tokens:
    """Signs tokens and checks them, with one key."""

    def __init__(self, key: str) -> None:
        self._key = key

    @classmethod
    def from_directory(cls, directory: Path) -> "Tokens":
        """Use the key kept in a 0600 file of the data directory, made at first use.

        Raises EngineUnusable when the directory cannot be used.
        """
        path = directory / KEY_FILE
        try:
            directory.mkdir(parents=True, exist_ok=True)
            try:
                descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            except FileExistsError:
                pass
            else:
                with os.fdopen(descriptor, "w") as file:
                    file.write(secrets.token_hex(KEY_BYTES))
            return cls(path.read_text())
        except OSError as problem:
            raise EngineUnusable(
                what=str(path),
                reason=problem.strerror or str(problem),
                remedy="RENLING_DATA_DIRECTORY",
            ) from problem

    def sign(self, account_id: str, *, now: datetime, lifetime: timedelta) -> str:
        """Return a token for an account, good from now for the lifetime."""
        claims = {"sub": account_id, "aud": AUDIENCE, "iat": now, "exp": now + lifetime}
        # The types of PyJWT name classes of cryptography, which HS256 does without.
        return jwt.encode(claims, self._key, ALGORITHM)  # pyright: ignore[reportUnknownMemberType]

    def account_of(self, token: str) -> str:
        """Return the account that a token names. Raises NotSignedIn if it is not good."""
        try:
            claims = jwt.decode(  # pyright: ignore[reportUnknownMemberType]
                token,
                self._key,
                [ALGORITHM],
                audience=AUDIENCE,
                options={"require": ["sub", "exp", "aud"]},
            )
        except jwt.ExpiredSignatureError as problem:
            raise NotSignedIn(reason=Phrase("reason.token_expired")) from problem
        except jwt.InvalidTokenError as problem:
            raise NotSignedIn(reason=Phrase("reason.token_invalid")) from problem
        return str(claims["sub"])
