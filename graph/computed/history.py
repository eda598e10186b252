"""What of an event depends on who reads it: who did it, and which changes it shows."""

import json
from collections.abc import Sequence
from typing import Any

from domain.identity import global_id
from graph.access import SEEN_IN_EVENTS
from graph.events import SYSTEM
from graph.reads.computed import Asked, Computed, Place


def _visible_ids(at: Place) -> Sequence[str]:
    """Read which of the changed nodes the caller may see; of an administrator nothing is asked."""
    if at.rules.sees_everything:
        return ["null"]
    seen = at.rules.visible(SEEN_IN_EVENTS, "f")
    labels = ", ".join(f"'{label}'" for label in SEEN_IN_EVENTS)
    tests = [f"any(label IN labels(f) WHERE label IN [{labels}])", *([seen] if seen else [])]
    return [
        f"COLLECT {{ MATCH ({at.node})-[:CHANGED]->(f) WHERE {' AND '.join(tests)} RETURN f.id }}"
    ]


def _changes(values: Sequence[Any], _: Asked) -> list[dict[str, Any]]:
    node_ids: list[str] = values[0] or []
    node_types: list[str] = values[1] or []
    kinds = dict(zip(node_ids, node_types, strict=False))
    text, visible = values[2], values[3]
    changed: dict[str, dict[str, list[Any]]] = json.loads(text)
    return [
        {
            "nodeId": _named(kinds.get(node_id), node_id),
            "type": kinds.get(node_id) or None,
            "fields": [
                {"name": name, "before": pair[0], "after": pair[1]}
                for name, pair in sorted(fields.items())
            ],
        }
        for node_id, fields in sorted(changed.items())
        if visible is None or node_id in visible
    ]


def _named(kind: str | None, node_id: str) -> str | None:
    return global_id(kind, node_id) if kind else None


def _actor(values: Sequence[Any], asked: Asked) -> str | None:
    actor: str | None = values[0]
    if actor is None or actor == SYSTEM:
        return actor
    known = asked.viewer.is_admin or actor == asked.viewer.account_id
    return global_id("Account", actor) if known else None


def _acting_for(values: Sequence[Any], asked: Asked) -> str | None:
    actor: str | None = values[0]
    represented: str | None = values[1]
    known = asked.viewer.is_admin or asked.viewer.account_id in {actor, represented}
    return global_id("Account", represented) if represented is not None and known else None


EVENT_CHANGES = Computed(
    "changes", _changes, properties=("nodeIds", "nodeTypes", "changes"), facts=_visible_ids
)
EVENT_ACTOR = Computed("actor", _actor, properties=("actor",))
EVENT_ACTING_FOR = Computed("actingFor", _acting_for, properties=("actor", "actingFor"))
