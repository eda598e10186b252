"""Identifiers of nodes: 20 characters of base 32, random or derived from a natural key."""

import base64
import binascii
import hashlib
import re
import secrets
from collections.abc import Collection
from functools import lru_cache
from typing import Self

from domain.errors import BadIdentifier
from domain.written import LONGEST_MARK, quoted

ID_BYTES = 13
ID_LENGTH = 20
KNOWN_IDS = 65_536
"""So many global ids are kept: to make them is most of what an answer of many nodes costs here."""

_GLOBAL = re.compile(r"([A-Z][A-Za-z]*):([a-z2-7]{20})")


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


class NodeReference(str):
    """The id of a node whose type is known: what errors name nodes by.

    Text like any id; where clients are served it becomes the global id.
    """

    __slots__ = ("kind",)
    kind: str

    def __new__(cls, kind: str, node_id: str) -> Self:
        """Return the reference to a node of a type."""
        made = super().__new__(cls, node_id)
        made.kind = kind
        return made

    @property
    def public(self) -> str:
        """The global id, by which clients know the node."""
        return global_id(self.kind, self)


@lru_cache(maxsize=KNOWN_IDS)
def global_id(kind: str, node_id: str) -> str:
    """Return the identifier that clients see (Relay): the base64 of `Type:id`."""
    return base64.b64encode(f"{kind}:{node_id}".encode()).decode("ascii")


def parse_global_id(value: str, kinds: Collection[str] = ()) -> tuple[str, str]:
    """Return the type and the id that a global id names.

    `kinds` are the types that may stand here; none means any. Raises BadIdentifier for what is no
    global id or one of another type.
    """
    expected = " | ".join(sorted(kinds)) or "Type:id (base64)"
    try:
        plain = base64.b64decode(value, validate=True).decode("ascii")
    except (binascii.Error, ValueError) as error:
        raise BadIdentifier(value=quoted(value, LONGEST_MARK), expected=expected) from error
    found = _GLOBAL.fullmatch(plain)
    if found is None or (kinds and found[1] not in kinds):
        raise BadIdentifier(value=quoted(value, LONGEST_MARK), expected=expected)
    return found[1], found[2]
