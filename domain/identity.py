"""Identifiers of nodes: 20 characters of base 32, random or derived from a natural key."""

import base64
import hashlib
import secrets

ID_BYTES = 13
ID_LENGTH = 20


def _encode(raw: bytes) -> str:
    return base64.b32encode(raw).decode("ascii").lower()[:ID_LENGTH]


def new_id() -> str:
    """Return a fresh random identifier (100 bits)."""
    return _encode(secrets.token_bytes(ID_BYTES))


def derived_id(kind: str, *natural_key: str) -> str:
    """Return the identifier of the thing of this kind that the natural key names.

    The same key always gives the same identifier (100 bits of SHA-256), so that two loads of the
    same sheet, even at the same time, meet in one node.
    """
    joined = "\x1f".join((kind, *natural_key))
    return _encode(hashlib.sha256(joined.encode()).digest())
