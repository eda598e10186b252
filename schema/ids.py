"""Global ids at the edge: what clients send becomes our own uid, and back."""

import strawberry

from domain.identity import NodeReference, global_id, parse_global_id

AGENTS = ("Unit", "PartyBranch", "Member", "Area")
"""The types that can give or receive."""


def encode(kind: str, node_id: str) -> strawberry.ID:
    """Return the global id of a node, the base64 of `Type:id`."""
    return strawberry.ID(global_id(kind, node_id))


def decode(value: str, *kinds: str) -> tuple[str, str]:
    """Return type and uid of a global id; of `kinds` where given. Raises BadIdentifier."""
    return parse_global_id(value, kinds)


def uid(value: str, *kinds: str) -> str:
    """Return the uid that a global id of one of `kinds` names. Raises BadIdentifier."""
    return parse_global_id(value, kinds)[1]


def reference(value: str, *kinds: str) -> NodeReference:
    """Return type and uid of a global id as one, of `kinds` where given. Raises BadIdentifier."""
    return NodeReference(*parse_global_id(value, kinds))


def optional_uid(value: str | None, *kinds: str) -> str | None:
    """Return the uid of a global id, None for None. Raises BadIdentifier."""
    return None if value is None else uid(value, *kinds)


def ids_of(value: str | None, *kinds: str) -> tuple[str, ...]:
    """Return the uid of a global id in a tuple, () for None. Raises BadIdentifier."""
    return () if value is None else (uid(value, *kinds),)
