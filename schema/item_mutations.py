"""Mutations of offers and orders: make, edit, hand in, review, publish, withdraw."""

from collections.abc import Awaitable, Callable
from datetime import date
from typing import Annotated, TypeAlias

import strawberry
from strawberry import UNSET

from domain import records
from domain.vocabulary import CapacityKind, OrderOrigin, Selection, Urgency
from graph.driver import Graph
from resolvers import items
from resolvers.changing import Changed, Request
from resolvers.items_create import NewItem, create_item
from schema.changes import (
    INPUT,
    ChangeInput,
    NodePayload,
    VersionedInput,
    WeeklyWindowInput,
    answer_with,
    given_fields,
    request_of,
)
from schema.context import Info
from schema.ids import AGENTS, ids_of, optional_uid, reference, uid
from schema.problems import ChangeProblem
from schema.resolve import read_node
from schema.types.items import DemandOrder, ResourceOffer
from schema.values import Long

ORDER, OFFER = "DemandOrder", "ResourceOffer"


@strawberry.input
class _ItemFields:
    """What offers and orders may say of themselves."""

    description: str | None = UNSET
    starts_on: date | None = UNSET
    windows: list[WeeklyWindowInput] | None = UNSET
    latitude: float | None = UNSET
    longitude: float | None = UNSET
    beneficiaries: str | None = UNSET
    skills: list[str] | None = UNSET
    selection: Selection | None = UNSET
    least_score: float | None = UNSET
    partner_limit: int | None = UNSET


@strawberry.input
class _OrderFields(_ItemFields):
    """What else an order may say."""

    minimum_lot: Long | None = UNSET
    contiguous_minutes: int | None = UNSET
    deadline: date | None = UNSET
    urgency: Urgency | None = UNSET


@strawberry.input
class _OfferFields(_ItemFields):
    """What else an offer may say."""

    capacity: Long | None = UNSET
    ends_on: date | None = UNSET
    slot_minutes: int | None = UNSET
    address: str | None = UNSET
    conditions: str | None = UNSET


@strawberry.input
class _NewItem(ChangeInput):
    """Whose a new offer or order is, of which category, and where it stands."""

    owner_id: strawberry.ID
    category_id: strawberry.ID
    title: str
    measure: str
    area_id: strawberry.ID | None = None
    list_id: strawberry.ID | None = None


@strawberry.input
class _EditedItem(VersionedInput):
    """What every edit of an offer or order may change."""

    title: str | None = UNSET
    measure: str | None = UNSET
    category_id: strawberry.ID | None = UNSET
    area_id: strawberry.ID | None = UNSET


@strawberry.input
class CreateOrderInput(_OrderFields, _NewItem):
    """A new order: on a need list, or placed by a resident."""

    quantity: Long
    origin: OrderOrigin | None = None


@strawberry.input
class EditOrderInput(_OrderFields, _EditedItem):
    """What is to be otherwise of an order; what is left out stays."""

    order_id: strawberry.ID
    quantity: Long | None = UNSET


@strawberry.input
class CreateOfferInput(_OfferFields, _NewItem):
    """A new offer on a resource list; a member's own may be on none."""

    capacity_kind: CapacityKind
    serves_ids: list[strawberry.ID] = strawberry.field(default_factory=list[strawberry.ID])


@strawberry.input
class EditOfferInput(_OfferFields, _EditedItem):
    """What is to be otherwise of an offer; what is left out stays."""

    offer_id: strawberry.ID
    capacity_kind: CapacityKind | None = UNSET
    serves_ids: list[strawberry.ID] | None = UNSET


@strawberry.input
class OrderStepInput(VersionedInput):
    """A step that needs nothing but the order."""

    order_id: strawberry.ID


@strawberry.input
class RejectOrderInput(OrderStepInput):
    """A rejection, with what would have to be otherwise."""

    note: str


@strawberry.input
class OfferStepInput(VersionedInput):
    """A step that needs nothing but the offer."""

    offer_id: strawberry.ID


@strawberry.input
class RejectOfferInput(OfferStepInput):
    """A rejection, with what would have to be otherwise."""

    note: str


@strawberry.type
class OrderPayload(NodePayload):
    """The order after the change, and the version that the change made."""

    @strawberry.field
    async def order(self, info: Info) -> DemandOrder | None:
        """The order, read by this field's own selection."""
        return await read_node(info, ORDER, self.node_id)


@strawberry.type
class OfferPayload(NodePayload):
    """The offer after the change, and the version that the change made."""

    @strawberry.field
    async def offer(self, info: Info) -> ResourceOffer | None:
        """The offer, read by this field's own selection."""
        return await read_node(info, OFFER, self.node_id)


OrderResult = Annotated[OrderPayload | ChangeProblem, strawberry.union("OrderResult")]
OfferResult = Annotated[OfferPayload | ChangeProblem, strawberry.union("OfferResult")]

Step: TypeAlias = Callable[[Graph, type[items.Item], str, Request], Awaitable[Changed]]
"""A use case that needs nothing but the item."""


def _target(
    given: EditOrderInput | EditOfferInput | OrderStepInput | OfferStepInput,
) -> tuple[type[items.Item], str]:
    """Return which offer or order is meant. Raises BadIdentifier."""
    if isinstance(given, (EditOrderInput, OrderStepInput)):
        return records.DemandOrder, uid(given.order_id, ORDER)
    return records.ResourceOffer, uid(given.offer_id, OFFER)


async def _create(info: Info, given: CreateOrderInput | CreateOfferInput) -> Changed:
    kind: type[items.Item] = records.ResourceOffer
    on, serves, origin = "ResourceList", (), None
    if isinstance(given, CreateOrderInput):
        kind, on, origin = records.DemandOrder, "NeedList", given.origin
    else:
        serves = tuple(uid(each, "Area") for each in given.serves_ids)
    new = NewItem(
        owner=reference(given.owner_id, *AGENTS),
        fields=given_fields(given, kind, items.EDITABLE[kind], new=True),
        category_id=uid(given.category_id, "Category"),
        area_id=optional_uid(given.area_id, "Area"),
        list_id=optional_uid(given.list_id, on),
        serves=serves,
        origin=origin,
    )
    return await create_item(info.context.graph, kind, new, request_of(info, given))


async def _edit(info: Info, given: EditOrderInput | EditOfferInput) -> Changed:
    kind, item_id = _target(given)
    links: dict[str, tuple[str, ...]] = {}
    if given.category_id is not UNSET:
        links["category"] = ids_of(given.category_id, "Category")
    if given.area_id is not UNSET:
        links["area"] = ids_of(given.area_id, "Area")
    if isinstance(given, EditOfferInput) and given.serves_ids is not UNSET:
        links["serves"] = tuple(uid(each, "Area") for each in given.serves_ids or ())
    changes = given_fields(given, kind, items.EDITABLE[kind])
    request = request_of(info, given)
    return await items.edit_item(info.context.graph, kind, item_id, changes, request, links=links)


async def _step(info: Info, given: OrderStepInput | OfferStepInput, step: Step) -> Changed:
    kind, item_id = _target(given)
    return await step(info.context.graph, kind, item_id, request_of(info, given))


async def _reject(info: Info, given: RejectOrderInput | RejectOfferInput) -> Changed:
    kind, item_id = _target(given)
    request = request_of(info, given)
    return await items.reject_item(info.context.graph, kind, item_id, given.note, request)


@strawberry.type
class OrderMutations:
    """The life of a demand order, but for the claims of it."""

    @strawberry.mutation
    async def create_order(
        self, info: Info, given: Annotated[CreateOrderInput, INPUT]
    ) -> OrderResult:
        """Make an order, as a draft."""
        return await answer_with(info, OrderPayload, _create(info, given))

    @strawberry.mutation
    async def edit_order(self, info: Info, given: Annotated[EditOrderInput, INPUT]) -> OrderResult:
        """Change an order as far as its claims bear it."""
        return await answer_with(info, OrderPayload, _edit(info, given))

    @strawberry.mutation
    async def submit_order(
        self, info: Info, given: Annotated[OrderStepInput, INPUT]
    ) -> OrderResult:
        """Hand an order in for review."""
        return await answer_with(info, OrderPayload, _step(info, given, items.submit_item))

    @strawberry.mutation
    async def publish_order(
        self, info: Info, given: Annotated[OrderStepInput, INPUT]
    ) -> OrderResult:
        """Publish an order; in review, this passes it."""
        return await answer_with(info, OrderPayload, _step(info, given, items.publish_item))

    @strawberry.mutation
    async def reject_order(
        self, info: Info, given: Annotated[RejectOrderInput, INPUT]
    ) -> OrderResult:
        """Reject an order that is in review."""
        return await answer_with(info, OrderPayload, _reject(info, given))

    @strawberry.mutation
    async def withdraw_order(
        self, info: Info, given: Annotated[OrderStepInput, INPUT]
    ) -> OrderResult:
        """Withdraw an order that no claim holds."""
        return await answer_with(info, OrderPayload, _step(info, given, items.withdraw_item))


@strawberry.type
class OfferMutations:
    """The life of a resource offer, but for the claims of it."""

    @strawberry.mutation
    async def create_offer(
        self, info: Info, given: Annotated[CreateOfferInput, INPUT]
    ) -> OfferResult:
        """Make an offer, as a draft."""
        return await answer_with(info, OfferPayload, _create(info, given))

    @strawberry.mutation
    async def edit_offer(self, info: Info, given: Annotated[EditOfferInput, INPUT]) -> OfferResult:
        """Change an offer as far as its claims bear it."""
        return await answer_with(info, OfferPayload, _edit(info, given))

    @strawberry.mutation
    async def submit_offer(
        self, info: Info, given: Annotated[OfferStepInput, INPUT]
    ) -> OfferResult:
        """Hand an offer in for review."""
        return await answer_with(info, OfferPayload, _step(info, given, items.submit_item))

    @strawberry.mutation
    async def publish_offer(
        self, info: Info, given: Annotated[OfferStepInput, INPUT]
    ) -> OfferResult:
        """Publish an offer; in review, this passes it."""
        return await answer_with(info, OfferPayload, _step(info, given, items.publish_item))

    @strawberry.mutation
    async def reject_offer(
        self, info: Info, given: Annotated[RejectOfferInput, INPUT]
    ) -> OfferResult:
        """Reject an offer that is in review."""
        return await answer_with(info, OfferPayload, _reject(info, given))

    @strawberry.mutation
    async def withdraw_offer(
        self, info: Info, given: Annotated[OfferStepInput, INPUT]
    ) -> OfferResult:
        """Withdraw an offer that no claim holds."""
        return await answer_with(info, OfferPayload, _step(info, given, items.withdraw_item))
