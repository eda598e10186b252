"""Categories, lists, offers and orders."""

from datetime import date, datetime
from typing import TYPE_CHECKING, Annotated

import strawberry

from domain import records
from graph.computed.actions import OFFER_ACTIONS, ORDER_ACTIONS
from graph.computed.free_slots import FREE_SLOTS
from graph.computed.node_actions import CATEGORY_ACTIONS, NEED_LIST_ACTIONS, RESOURCE_LIST_ACTIONS
from graph.mapping import IN
from schema.declare import computed, many, node, one
from schema.types.agents import Agent, Area, Events
from schema.types.common import Actions, Connection, Node
from schema.values import Long

if TYPE_CHECKING:
    from schema.types.claims import Claim, ClaimLine
    from schema.types.matching import Proposal

Claims = Connection[Annotated["Claim", strawberry.lazy("schema.types.claims")]]
ClaimLines = Connection[Annotated["ClaimLine", strawberry.lazy("schema.types.claims")]]
Proposals = Connection[Annotated["Proposal", strawberry.lazy("schema.types.matching")]]


@node
class Category(records.Category, Node):
    """A node of the taxonomy of what is offered and needed."""

    allowed_actions: Actions = computed(CATEGORY_ACTIONS)
    parent: "Category | None" = one("CHILD_OF")
    children: Connection["Category"] = many("CHILD_OF", IN, order="path")
    ancestors: Connection["Category"] = many("CHILD_OF", transitive=True, order="path")
    substitutes: Connection["Category"] = many("SUBSTITUTABLE_BY", order="path")
    substitute_for: Connection["Category"] = many("SUBSTITUTABLE_BY", IN, order="path")
    offers: Connection["ResourceOffer"] = many("OFFER_CATEGORY", IN)
    orders: Connection["DemandOrder"] = many("ORDER_CATEGORY", IN)


@node
class ResourceList(records.ResourceList, Node):
    """An issuer's list of resources for a period."""

    allowed_actions: Actions = computed(RESOURCE_LIST_ACTIONS)
    issuer: Agent | None = one("ISSUES_RESOURCES", IN)
    offers: Connection["ResourceOffer"] = many("LISTS_OFFER")
    events: Events = many("CHANGED", IN, order="position")


@node
class NeedList(records.NeedList, Node):
    """An issuer's list of needs for a period."""

    allowed_actions: Actions = computed(NEED_LIST_ACTIONS)
    issuer: Agent | None = one("ISSUES_NEEDS", IN)
    orders: Connection["DemandOrder"] = many("LISTS_ORDER")
    events: Events = many("CHANGED", IN, order="position")


@strawberry.type
class FreeSlot:
    """A slot of an offer that still has room, and how much of it."""

    starts_at: datetime
    ends_at: datetime
    left: Long | None


# Within the class `list` is the offer's list.
FreeSlots = list[FreeSlot]


@node
class ResourceOffer(records.ResourceOffer, Node):
    """An item of a resource list."""

    allowed_actions: Actions = computed(OFFER_ACTIONS)
    provider: Agent | None = one("OFFERS", IN)
    list: ResourceList | None = one("LISTS_OFFER", IN)
    category: Category | None = one("OFFER_CATEGORY")
    area: Area | None = one("OFFER_AT")
    serves: Connection[Area] = many("SERVES")
    slots: Connection["Slot"] = many("HAS_SLOT")
    free_slots: FreeSlots = computed(FREE_SLOTS, from_=date, to=date)
    claims: Claims = many("FROM_OFFER", IN)
    proposals: Proposals = many("PROPOSES_OFFER", IN)
    events: Events = many("CHANGED", IN, order="position")


@node
class Slot(records.Slot, Node):
    """A slot of a slotted offer."""

    offer: ResourceOffer | None = one("HAS_SLOT", IN)
    lines: ClaimLines = many("USES_SLOT", IN)


@node
class DemandOrder(records.DemandOrder, Node):
    """An item of a need list, or placed by a resident."""

    allowed_actions: Actions = computed(ORDER_ACTIONS)
    receiver: Agent | None = one("NEEDS", IN)
    list: NeedList | None = one("LISTS_ORDER", IN)
    category: Category | None = one("ORDER_CATEGORY")
    area: Area | None = one("ORDER_AT")
    escalated_to: Area | None = one("ESCALATED_TO")
    claims: Claims = many("FOR_ORDER", IN)
    proposals: Proposals = many("PROPOSES_ORDER", IN)
    events: Events = many("CHANGED", IN, order="position")
