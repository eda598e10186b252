"""The hub's own sign-in tokens: JSON Web Tokens (RFC 7519), HS256, short-lived.

A token names an account; what the account may do is read from its grants in the graph, so a
withdrawn grant ends at once while the token lives on.
"""

import os
import secrets
import tempfile
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path

import jwt

from domain.errors import EngineUnusable, NotSignedIn
from domain.language import Phrase

ALGORITHM = "HS256"
AUDIENCE = "renling"
KEY_FILE = "token.key"
KEY_BYTES = 32
SHORTEST_KEY = 32
"""Characters; RFC 7518 asks for a key of at least the 256 bits of the hash."""


def is_long_enough(key: str) -> bool:
    """Whether a key is long enough to sign with; spaces around it do not count."""
    return len(key.strip()) >= SHORTEST_KEY


def _make_key(path: Path) -> None:
    """Make the file of a key. It appears with its content, and never in place of another."""
    descriptor, draft = tempfile.mkstemp(prefix=f".{KEY_FILE}.", dir=path.parent)  # 0600
    try:
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_hex(KEY_BYTES))
            file.flush()
            os.fsync(file.fileno())
        # Of processes that start together the first one's key is everybody's.
        with suppress(FileExistsError):
            os.link(draft, path)
    finally:
        Path(draft).unlink()


class Tokens:
    """Signs tokens and checks them, with one key."""

    def __init__(self, key: str) -> None:
        self._key = key

    @classmethod
    def from_directory(cls, directory: Path) -> "Tokens":
        """Use the key kept in a 0600 file of the data directory, made at first use.

        Raises EngineUnusable when the directory cannot be used, or the file holds no such key.
        """
        path = directory / KEY_FILE
        try:
            directory.mkdir(parents=True, exist_ok=True)
            if not path.exists():
                _make_key(path)
            key = path.read_text()
            if not is_long_enough(key):
                raise EngineUnusable(problem="key", place=str(path), characters=SHORTEST_KEY)
            return cls(key)
        except UnicodeDecodeError as problem:
            raise EngineUnusable(
                problem="key", place=str(path), characters=SHORTEST_KEY
            ) from problem
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
        except jwt.PyJWTError as problem:
            raise NotSignedIn(reason=Phrase("reason.token_invalid")) from problem
        return str(claims["sub"])
