"""The append-only history: one event for each use case that changes anything."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from domain.records import Account, Event, Member, Node
from graph.records import properties
from graph.statements import statement

if TYPE_CHECKING:
    from graph.driver import Transaction

Changes = dict[str, dict[str, list[Any]]]
"""`{node id: {field: [before, after]}}`; a personal field is `[None, None]`."""

SYSTEM = "SYSTEM"
"""The actor of what happens by itself: an expiry, the end of the time for evaluation."""

PERSONAL_FIELDS = frozenset(
    {"contactName", "phone", "email", "note", "reason", "evidence", "pendingRequest", "text"}
)
"""Contacts, and what people write in their own words: named in events, never quoted."""

PERSONAL_RECORDS: tuple[type[Node], ...] = (Member, Account)
"""Records of persons: nothing of them is quoted but what `_IMPERSONAL` names."""

_IMPERSONAL = frozenset({"id", "createdAt", "sortKey", "kind", "skills", "active"})
_DERIVED = frozenset({"id", "sortKey", "search"})

CREATE_EVENT = statement(
    "events.create",
    "CREATE (e:Event) SET e = $properties",
    writes=True,
)
LINK_CLAIMS = statement(
    "events.link_claims",
    """UNWIND $claimIds AS claimId
MATCH (e:Event {id: $eventId})
MATCH (c:Claim {id: claimId})
CREATE (e)-[:ABOUT_CLAIM]->(c)""",
    writes=True,
)


def changes_between(before: Node | None, after: Node | None) -> dict[str, list[Any]]:
    """Return the fields that differ between two records of one node, either of which may lack."""
    record = after or before
    if record is None:
        return {}
    old = properties(before) if before else {}
    new = properties(after) if after else {}
    persons = isinstance(record, PERSONAL_RECORDS)
    return {
        name: [None, None]
        if name in PERSONAL_FIELDS or (persons and name not in _IMPERSONAL)
        else [old.get(name), new.get(name)]
        for name in sorted(old.keys() | new.keys())
        if name not in _DERIVED and old.get(name) != new.get(name)
    }


def add_changes(changes: Changes, more: Changes) -> None:
    """Add what else a use case changed; a node may be in both."""
    for node_id, fields_changed in more.items():
        changes.setdefault(node_id, {}).update(fields_changed)


def event(
    event_id: str, now: datetime, actor: str, action: str, changes: Mapping[str, Any]
) -> Event:
    """Return the event of a use case; `changes` is keyed by the ids of the changed nodes."""
    return Event(
        id=event_id,
        created_at=now,
        actor=actor,
        action=action,
        node_ids=tuple(sorted(changes)),
        changes=json.dumps(changes, ensure_ascii=False, sort_keys=True, separators=(",", ":")),
    )


async def write_event(
    transaction: "Transaction", written: Event, claim_ids: Sequence[str] = ()
) -> None:
    """Append an event, in the transaction of what it tells; `claim_ids` are whose history it is."""
    stored = {name: value for name, value in properties(written).items() if value is not None}
    await transaction.run(CREATE_EVENT, properties=stored)
    if claim_ids:
        await transaction.run(LINK_CLAIMS, eventId=written.id, claimIds=list(claim_ids))
