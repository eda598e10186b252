"""How people sign in, as the graph keeps it: records of who is whom, and what is no longer good.

None of them is served. What proves something (a code, a session's refresh token) is kept as a
digest only.
"""

import hashlib
import unicodedata
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from domain.identity import derived_id
from domain.records import Node


class IdentityKind(StrEnum):
    """What an account is known by at the issuer."""

    SUBJECT = "SUBJECT"
    """The issuer's own name of the person: whoever signs in with it is the account."""
    EMAIL = "EMAIL"
    """An invitation: the first who signs in with this verified address becomes the account."""


@dataclass(kw_only=True)
class Identity(Node):
    """What an account is known by; its id is derived from it. Used invitations have `used_at`."""

    kind: IdentityKind
    used_at: datetime | None = None


@dataclass(kw_only=True)
class SignInCode(Node):
    """A code that signs in once; its id is derived from it."""

    expires_at: datetime
    used_at: datetime | None = None


@dataclass(kw_only=True)
class Session(Node):
    """A browser's session: the digest of its refresh token, and of the one before.

    Whoever comes with any older one has stolen it, or was stolen from: the session then ends.
    """

    expires_at: datetime
    refresh_digest: str
    former_digest: str | None = None
    refreshed_at: datetime
    ended_at: datetime | None = None


@dataclass(kw_only=True)
class Revocation(Node):
    """A token or a key that is no longer good, until it would have ended by itself."""

    expires_at: datetime


def subject_id(issuer: str, subject: str) -> str:
    """Return the id of the identity of a subject of an issuer."""
    return derived_id("Identity", IdentityKind.SUBJECT, issuer, subject)


def email_id(email: str) -> str:
    """Return the id of the invitation of an e-mail address; case does not matter."""
    return derived_id("Identity", IdentityKind.EMAIL, normal_email(email))


def normal_email(email: str) -> str:
    """Return an e-mail address as it is compared."""
    return unicodedata.normalize("NFKC", email).strip().casefold()


def code_id(code: str) -> str:
    """Return the id of a sign-in code; case, spaces and hyphens do not matter."""
    plain = "".join(character for character in code.casefold() if character.isalnum())
    return derived_id("SignInCode", plain)


def token_revocation_id(token_id: str) -> str:
    """Return the id of the revocation of a token."""
    return derived_id("Revocation", "token", token_id)


def key_revocation_id(key_id: str) -> str:
    """Return the id of the revocation of a key."""
    return derived_id("Revocation", "key", key_id)


def digest(secret: str) -> str:
    """Return the digest under which a random secret is kept."""
    return hashlib.sha256(secret.encode()).hexdigest()
