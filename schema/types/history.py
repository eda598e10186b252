"""The history: who did what to which nodes when."""

from typing import Any

import strawberry
from strawberry.scalars import JSON

from domain import hub_records
from domain.vocabulary import Role
from graph.computed.history import EVENT_ACTING_FOR, EVENT_ACTOR, EVENT_CHANGES
from schema.declare import computed, many, node
from schema.types.agents import Claims, Offers, Orders
from schema.types.common import Node
from schema.values import Long


@strawberry.type
class FieldChange:
    """A field before and after; of a personal one the name alone."""

    name: str
    before: JSON | None
    after: JSON | None


@strawberry.type
class NodeChange:
    """What an event changed of one node; only of nodes that the caller may see."""

    node_id: strawberry.ID | None
    type: str | None
    fields: list[FieldChange]


@node
class Event(hub_records.Event, Node):
    """A line of the append-only history, in the place that its number says."""

    number: Long = strawberry.field()  # pyright: ignore[reportIncompatibleVariableOverride]
    actor: str | None = computed(EVENT_ACTOR)
    acting_for: str | None = computed(EVENT_ACTING_FOR)
    actor_roles: list[Role] = strawberry.field()
    changes: list[NodeChange] = computed(  # pyright: ignore[reportIncompatibleVariableOverride]
        EVENT_CHANGES
    )
    claims: Claims = many("CHANGED")
    orders: Orders = many("CHANGED")
    offers: Offers = many("CHANGED")
    node_ids: strawberry.Private[Any] = None
    node_types: strawberry.Private[Any] = None
    account_ids: strawberry.Private[Any] = None
