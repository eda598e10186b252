"""The records of the hub itself: who signs in, who is told, what was loaded, what happened."""

from dataclasses import dataclass
from datetime import datetime

from domain.records import Node, Versioned
from domain.vocabulary import DeliveryProblem, Role, WebhookState


@dataclass(kw_only=True)
class Account(Node):
    """Who signs in. Personal; `sign_in_email` is the address that was invited.

    `language` is the tag of one that the hub speaks, as in `Accept-Language`.
    """

    name: str
    active: bool = True
    sign_in_email: str | None = None
    language: str | None = None


@dataclass(kw_only=True)
class Grant(Node):
    """A role for a part of the graph, from when to when."""

    role: Role
    valid_from: datetime
    valid_until: datetime | None = None


@dataclass(kw_only=True)
class Deputyship(Node):
    """An account acts for another one, from when to when, with what that one holds."""

    valid_from: datetime
    valid_until: datetime


@dataclass(kw_only=True)
class Webhook(Node, Versioned):
    """An address that is told of events: of an area, of some kinds, or of all its account sees.

    `delivered_number` is the number of the last event that was taken there, or was not for it
    (those are noted now and then only). While the next one is not taken, `attempts` counts how
    often it was tried, `failing_since` since when, and `last_problem`, `last_status` (HTTP) and
    `last_excerpt` say what came of the last attempt. `former_secret_until` is how long the secret
    before a rotation signs as well.
    """

    url: str
    state: WebhookState = WebhookState.ACTIVE
    description: str | None = None
    kinds: tuple[str, ...] = ()
    delivered_number: int = 0
    last_delivered_at: datetime | None = None
    attempts: int = 0
    failing_since: datetime | None = None
    next_attempt_at: datetime | None = None
    last_problem: DeliveryProblem | None = None
    last_status: int | None = None
    last_excerpt: str | None = None
    former_secret_until: datetime | None = None


@dataclass(kw_only=True)
class Import(Node):
    """A load: which file, which sheet, how many rows, what it wrote."""

    file_name: str
    file_hash: str
    sheet: str
    rows: int
    written: int
    unchanged: int
    rejected: int


@dataclass(kw_only=True)
class Event(Node):
    """A line of the append-only history: who did what to which nodes when.

    `number` counts from 1 in the order in which changes were committed, without gaps; it is given
    shortly after the commit, and until then nobody sees the line. `node_types` are the labels of
    `node_ids`, in their order; `account_ids` whose the nodes are that an account has for itself.
    `changes` is JSON, `{node id: {field: [before, after]}}`; personal
    fields appear by name only, with `null` for both values. Of what a deputy did `acting_for` is
    the account that it acted for.
    """

    action: str
    actor: str | None
    acting_for: str | None = None
    number: int | None = None
    node_ids: tuple[str, ...]
    node_types: tuple[str, ...] = ()
    account_ids: tuple[str, ...] = ()
    changes: str
