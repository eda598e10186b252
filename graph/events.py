"""The append-only history: one event for each use case that changes anything.

An event is written in the transaction of what it tells, with a relationship to each node that it
changed and a place in the queue of those that have no number yet (`graph.event_numbers`).
"""

import json
from datetime import datetime
from typing import TYPE_CHECKING, Any, LiteralString

from domain.access import ActingAccount
from domain.hub_records import Account, Event
from domain.records import DemandOrder, Member, Node
from domain.vocabulary import OrderOrigin
from graph.model import NODES
from graph.ordering import derived
from graph.records import present_properties, properties
from graph.statements import Statement, statement

if TYPE_CHECKING:
    from graph.driver import Transaction


class ChangedFields(dict[str, list[Any]]):
    """`{field: [before, after]}` of one node; a personal field is `[None, None]`."""

    def __init__(
        self, kind: str, changed: dict[str, list[Any]] | None = None, *, account: str | None = None
    ) -> None:
        super().__init__(changed or {})
        self.kind = kind
        """The label of the node."""
        self.account = account
        """The account whose node it is, of a kind that is an account's own: a webhook."""


Changes = dict[str, ChangedFields]
"""What a use case changed, by the ids of the nodes."""

SYSTEM = "SYSTEM"
"""The actor of what happens by itself: an expiry, the end of the time for evaluation."""

PERSONAL_FIELDS = frozenset(
    {
        "contactName", "phone", "email", "note", "reason", "evidence", "pendingRequest", "text",
        "reviewNote", "reasons", "url", "lastExcerpt",
    }
)  # fmt: skip
"""Contacts, and what people write in their own words: named in events, never quoted.

The reasons of a proposal quote words of its order and its offer; the address of a webhook may hold
what opens it, and what its receiver answers may hold anything.
"""

PERSONAL_RECORDS: tuple[type[Node], ...] = (Member, Account)
"""Records of persons: nothing of them is quoted but what `_IMPERSONAL` names."""

_IMPERSONAL = frozenset(
    {"id", "createdAt", "sortKey", "kind", "active", "version", "retiredAt", "erasedAt"}
)
_WORDS = frozenset(
    {
        "title", "description", "address", "latitude", "longitude", "conditions", "beneficiaries",
        "skills",
    }
)  # fmt: skip
"""What a person says of what he offers or needs."""
_DERIVED = frozenset({"id", "search"})
_KEPT_WHOLE = frozenset({"certificate", "unmatched", "changes"})
"""Long texts that are written once, with a run, and never change: named, as they are there."""

NOW: LiteralString = "(t.epochMillis * 1000 + t.microsecond % 1000)"
"""The instant `t` in microseconds since 1970."""

# The engine's own clock, read after the locks were taken: whoever waited for them reads later.
CREATE_EVENT = statement(
    "events.create",
    f"""WITH datetime.realtime() AS t
CREATE (e:Event) SET e = $properties
CREATE (p:UnnumberedEvent) SET p.id = $properties.id, p.writtenAt = {NOW}""",
    writes=True,
)
OFTEN: tuple[LiteralString, ...] = (
    "Claim",
    "ClaimLine",
    "DemandOrder",
    "Evaluation",
    "ResourceOffer",
    "Slot",
)
"""What claims change: one statement finds them all, another the nodes of all other kinds."""
SELDOM: tuple[LiteralString, ...] = tuple(
    label for label in NODES if label not in {*OFTEN, "Event", "UnnumberedEvent", "IdempotencyKey"}
)


def _link(name: str, labels: tuple[LiteralString, ...]) -> Statement:
    found = " + ".join(
        f"COLLECT {{ UNWIND $ids.{label} AS id MATCH (n:{label} {{id: id}}) RETURN n }}"
        for label in labels
    )
    return statement(
        name,
        f"MATCH (e:Event {{id: $eventId}}) WITH e, {found} AS changed "
        "UNWIND changed AS n CREATE (e)-[:CHANGED]->(n)",
        writes=True,
    )


LINK_OFTEN = _link("events.link_often", OFTEN)
LINK_SELDOM = _link("events.link_seldom", SELDOM)


def changes_between(
    before: Node | None,
    after: Node | None,
    *,
    of_person: bool = False,
    account: str | None = None,
) -> ChangedFields:
    """Return the fields that differ between two records of one node, one of which may lack.

    `account` is the one whose node it is, which then sees that it was changed.

    `of_person` says that the record is what a person offers, needs or issues, whose words are
    named and not quoted; an order that a resident placed is that in any case. Raises ValueError
    where both lack.
    """
    record = after or before
    if record is None:
        raise ValueError("of no node nothing differs")
    old = properties(before) if before else {}
    new = properties(after) if after else {}
    persons = isinstance(record, PERSONAL_RECORDS)
    resident = isinstance(record, DemandOrder) and record.origin is OrderOrigin.RESIDENT
    named = PERSONAL_FIELDS | _WORDS if of_person or resident else PERSONAL_FIELDS
    unrecorded = _DERIVED | derived(type(record))
    return ChangedFields(
        type(record).__name__,
        {
            name: [None, None]
            if name in named | _KEPT_WHOLE or (persons and name not in _IMPERSONAL)
            else [old.get(name), new.get(name)]
            for name in sorted(old.keys() | new.keys())
            if name not in unrecorded and old.get(name) != new.get(name)
        },
        account=account,
    )


def add_changes(changes: Changes, more: Changes) -> None:
    """Add what else a use case changed; a node may be in both."""
    for node_id, changed in more.items():
        begun = ChangedFields(changed.kind, account=changed.account)
        changes.setdefault(node_id, begun).update(changed)


def event(event_id: str, now: datetime, actor: str, action: str, changes: Changes) -> Event:
    """Return the event of a use case; `changes` is keyed by the ids of the changed nodes.

    Of a deputy (`ActingAccount`) it says also for whom it acted.
    """
    node_ids = tuple(sorted(changes))
    return Event(
        id=event_id,
        created_at=now,
        actor=str(actor),
        acting_for=actor.acting_for if isinstance(actor, ActingAccount) else None,
        action=action,
        node_ids=node_ids,
        node_types=tuple(changes[node_id].kind for node_id in node_ids),
        account_ids=tuple(sorted({each.account for each in changes.values() if each.account})),
        changes=json.dumps(changes, ensure_ascii=False, sort_keys=True, separators=(",", ":")),
    )


async def write_event(transaction: "Transaction", written: Event) -> None:
    """Append an event, in the transaction of what it tells, once its nodes are written."""
    await transaction.run(CREATE_EVENT, properties=present_properties(written))
    for linking, labels in ((LINK_OFTEN, OFTEN), (LINK_SELDOM, SELDOM)):
        ids: dict[str, list[str]] = {label: [] for label in labels}
        for node_id, kind in zip(written.node_ids, written.node_types, strict=True):
            if kind in ids:
                ids[kind].append(node_id)
        if any(ids.values()):
            await transaction.run(linking, eventId=written.id, ids=ids)
    transaction.announce()
