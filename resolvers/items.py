"""Edits of offers, orders and lists: by their owners, the coordinator of their area, or ADMIN.

Each is one transaction with one event, and bears the claims in mind: what would leave less than
is held, take a held slot away or change the terms of claims is refused, naming the claims.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeVar, cast

from domain.access import Viewer
from domain.claims import ClaimPolicy
from domain.clock import Clock, system_clock
from domain.edits import ClaimOnItem, check_offer_edit, check_order_edit, check_withdrawal
from domain.errors import BadInput, Forbidden, NotFound, VersionConflict
from domain.holds import offer_state, order_state
from domain.identity import NodeReference, new_id
from domain.items import SET_BY_PEOPLE
from domain.records import DemandOrder, NeedList, ResourceList, ResourceOffer
from domain.vocabulary import ItemState, ListState
from graph import claims, events, items, lists
from graph.driver import Graph, Transaction
from graph.events import Changes, changes_between
from graph.idempotency import Repeatable
from graph.items import OfferItem, OrderItem
from graph.records import stored
from graph.standing import read_agents
from resolvers.claims_common import (
    Call,
    LapsedHoldsError,
    caller_of,
    entitled,
    fresh_viewer,
    refuse_unseen,
    run_write,
)

Item = DemandOrder | ResourceOffer
ItemT = TypeVar("ItemT", DemandOrder, ResourceOffer)
List = ResourceList | NeedList

EDITABLE: dict[type[Item], frozenset[str]] = {
    DemandOrder: frozenset(
        {
            "quantity",
            "measure",
            "minimum_lot",
            "starts_on",
            "deadline",
            "windows",
            "urgency",
            "selection",
        }
    ),
    ResourceOffer: frozenset(
        {
            "capacity",
            "capacity_kind",
            "measure",
            "starts_on",
            "ends_on",
            "windows",
            "slot_minutes",
            "selection",
        }
    ),
}
"""The fields that may be edited one by one; texts that are searched come from the sheets."""

_IN_REVIEW = frozenset({ItemState.PENDING_REVIEW, ItemState.REJECTED})


@dataclass(frozen=True, slots=True)
class _Located:
    """An item with all that an edit needs to know."""

    item: OrderItem | OfferItem

    @property
    def node(self) -> Item:
        return self.item.node

    @property
    def held(self) -> dict[str, int]:
        slots = self.item.slots if isinstance(self.item, OfferItem) else {}
        return {key: slot.held for key, slot in slots.items()}


Edit = Callable[[Item, list[ClaimOnItem]], Item]
"""Makes the item as it shall be, or refuses; the state follows from it."""


async def edit_item(
    graph: Graph,
    kind: type[ItemT],
    item_id: str,
    changes: Mapping[str, Any],
    *,
    viewer: Viewer,
    idempotency_key: str,
    version: int | None = None,
    clock: Clock = system_clock,
    ids: Callable[[], str] = new_id,
) -> ItemT:
    """Change fields (`EDITABLE`) of an order or an offer and return it.

    `version`, where it is given, is the version that the caller has seen. Raises HeldByClaims,
    VersionConflict, NotFound, Forbidden, NotSignedIn and BadInput.
    """
    unknown = set(changes) - EDITABLE[kind]
    if unknown or not changes:
        expected = ", ".join(sorted(EDITABLE[kind]))
        raise BadInput(field="changes", value=", ".join(sorted(unknown)), expected=expected)
    given = {
        "id": item_id,
        "version": version,
        "changes": {name: stored(value) for name, value in changes.items()},
    }
    call = _call(viewer, f"{kind.__name__}.edit", idempotency_key, given, clock, ids)

    def edit(before: Item, on: list[ClaimOnItem]) -> Item:
        after = replace(before, **changes)
        if isinstance(before, DemandOrder) and isinstance(after, DemandOrder):
            check_order_edit(before, after, on)
        elif isinstance(before, ResourceOffer) and isinstance(after, ResourceOffer):
            check_offer_edit(before, after, on, call.now)
        return after

    return await _change_item(graph, kind, item_id, call, edit, version=version)


async def publish_item(
    graph: Graph,
    kind: type[ItemT],
    item_id: str,
    *,
    viewer: Viewer,
    idempotency_key: str,
    clock: Clock = system_clock,
    ids: Callable[[], str] = new_id,
) -> ItemT:
    """Publish an order or an offer that is a draft, in review, rejected or withdrawn.

    What is in review or rejected only a coordinator or ADMIN publishes.
    Raises BadInput if it is published already, NotFound, Forbidden and NotSignedIn.
    """
    call = _call(viewer, f"{kind.__name__}.publish", idempotency_key, {"id": item_id}, clock, ids)

    def edit(before: Item, on: list[ClaimOnItem]) -> Item:
        del on
        if before.state not in SET_BY_PEOPLE:
            expected = " | ".join(sorted(SET_BY_PEOPLE))
            raise BadInput(field="state", value=before.state, expected=expected)
        return replace(before, state=ItemState.OPEN)

    return await _change_item(graph, kind, item_id, call, edit, review=True)


async def withdraw_item(
    graph: Graph,
    kind: type[ItemT],
    item_id: str,
    *,
    viewer: Viewer,
    idempotency_key: str,
    clock: Clock = system_clock,
    ids: Callable[[], str] = new_id,
) -> ItemT:
    """Withdraw an order or an offer on which no claim is under way.

    What is in review or rejected only a coordinator or ADMIN withdraws: withdrawn, its owner could
    publish it.
    Raises HeldByClaims, BadInput if it is withdrawn already, NotFound, Forbidden and NotSignedIn.
    """
    call = _call(viewer, f"{kind.__name__}.withdraw", idempotency_key, {"id": item_id}, clock, ids)

    def edit(before: Item, on: list[ClaimOnItem]) -> Item:
        if before.state is ItemState.WITHDRAWN:
            raise BadInput(field="state", value=before.state, expected="!= WITHDRAWN")
        check_withdrawal(before, on)
        return replace(before, state=ItemState.WITHDRAWN)

    return await _change_item(graph, kind, item_id, call, edit, review=True)


async def publish_list(
    graph: Graph,
    kind: type[List],
    list_id: str,
    *,
    viewer: Viewer,
    idempotency_key: str,
    clock: Clock = system_clock,
    ids: Callable[[], str] = new_id,
) -> List:
    """Publish a draft list, and with it its items that are drafts.

    Raises BadInput if it is no draft, NotFound, Forbidden and NotSignedIn.
    """
    call = _call(viewer, f"{kind.__name__}.publish", idempotency_key, {"id": list_id}, clock, ids)

    def edit(before: Item, on: list[ClaimOnItem]) -> Item:
        del on
        draft = before.state is ItemState.DRAFT
        return replace(before, state=ItemState.OPEN) if draft else before

    return await _change_list(graph, kind, list_id, call, ListState.PUBLISHED, edit)


async def close_list(
    graph: Graph,
    kind: type[List],
    list_id: str,
    *,
    viewer: Viewer,
    idempotency_key: str,
    clock: Clock = system_clock,
    ids: Callable[[], str] = new_id,
) -> List:
    """Close a published list, withdrawing its items; none may have a claim under way.

    What is fulfilled or past, in review or rejected stays as it is.

    Raises HeldByClaims, BadInput if the list is not published, NotFound, Forbidden and
    NotSignedIn.
    """
    call = _call(viewer, f"{kind.__name__}.close", idempotency_key, {"id": list_id}, clock, ids)

    def edit(before: Item, on: list[ClaimOnItem]) -> Item:
        check_withdrawal(before, on)
        over = before.state in {ItemState.FULFILLED, ItemState.EXPIRED, *_IN_REVIEW}
        return before if over else replace(before, state=ItemState.WITHDRAWN)

    return await _change_list(graph, kind, list_id, call, ListState.CLOSED, edit)


def _call(
    viewer: Viewer,
    operation: str,
    idempotency_key: str,
    given: dict[str, Any],
    clock: Clock,
    ids: Callable[[], str],
) -> Call:
    account_id = caller_of(viewer)
    write = Repeatable(account_id, operation, idempotency_key, given)
    return Call(account_id, write, clock(), ids(), ids(), ClaimPolicy())


async def _change_item(
    graph: Graph,
    kind: type[ItemT],
    item_id: str,
    call: Call,
    edit: Edit,
    *,
    version: int | None = None,
    review: bool = False,
) -> ItemT:
    async def work(transaction: Transaction) -> ItemT:
        viewer = await fresh_viewer(transaction, call.account_id, call.now)
        located = await _locate(transaction, kind, item_id, call)
        await _check_item(transaction, viewer, located.item, call, review=review)
        if version is not None and version != located.node.version:
            raise VersionConflict(
                node=NodeReference(kind.__name__, item_id),
                expected=version,
                actual=located.node.version,
            )
        after, changes = await _edited(transaction, located, edit, call)
        await _write_event(transaction, changes, call)
        return cast("ItemT", after)

    async def recall(transaction: Transaction, kept: Mapping[str, Any]) -> ItemT:
        return cast("ItemT", (await _locate(transaction, kind, kept["id"], call)).node)

    return await run_write(graph, call, work, lambda item: {"id": item.id}, recall)


async def _change_list(
    graph: Graph, kind: type[List], list_id: str, call: Call, target: ListState, edit: Edit
) -> List:
    source = {ListState.PUBLISHED: ListState.DRAFT, ListState.CLOSED: ListState.PUBLISHED}[target]

    async def work(transaction: Transaction) -> List:
        viewer = await fresh_viewer(transaction, call.account_id, call.now)
        found = await _list(transaction, list_id)
        await _check_list(transaction, viewer, found, call)
        if found.list.state is not source:
            raise BadInput(field="state", value=found.list.state, expected=source)
        after = replace(found.list, state=target)
        changes: Changes = {after.id: changes_between(found.list, after)}
        await lists.set_state(transaction, after, target)
        item_kind = ResourceOffer if kind is ResourceList else DemandOrder
        for item_id in found.items:
            located = await _locate(transaction, item_kind, item_id, call)
            _, changed = await _edited(transaction, located, edit, call)
            changes |= changed
        await _write_event(transaction, changes, call)
        return after

    async def _list(transaction: Transaction, wanted: str) -> lists.ListItem:
        found = await lists.read_list(transaction, kind, wanted, call.token)
        if found is None:
            raise NotFound(type=kind.__name__, id=NodeReference(kind.__name__, wanted))
        return found

    async def recall(transaction: Transaction, kept: Mapping[str, Any]) -> List:
        return (await _list(transaction, kept["id"])).list

    return await run_write(graph, call, work, lambda changed: {"id": changed.id}, recall)


async def _locate(transaction: Transaction, kind: type[Item], item_id: str, call: Call) -> _Located:
    """Lock and read an item. Raises NotFound."""
    if kind is DemandOrder:
        found = await items.read_order(transaction, item_id, call.now, call.token)
    else:
        found = await items.read_offer(transaction, item_id, None, call.now, call.token)
    if found is None:
        raise NotFound(type=kind.__name__, id=NodeReference(kind.__name__, item_id))
    if found.lapsed:
        raise LapsedHoldsError(frozenset(found.lapsed))
    return _Located(found)


async def _check_list(
    transaction: Transaction, viewer: Viewer, found: lists.ListItem, call: Call
) -> None:
    """Let pass who speaks for the list's issuer or coordinates its area.

    Raises NotFound for who may not even see it, else Forbidden.
    """
    issuer = (await read_agents(transaction, found.issuer_id)).get(found.issuer_id)
    if entitled(viewer, issuer, None):
        return
    if found.list.state is ListState.DRAFT:
        reference = NodeReference(type(found.list).__name__, found.list.id)
        raise NotFound(type=reference.kind, id=reference)
    raise Forbidden(action=call.write.operation)


async def _check_item(
    transaction: Transaction,
    viewer: Viewer,
    item: OrderItem | OfferItem,
    call: Call,
    *,
    review: bool,
) -> None:
    """Let pass who speaks for the item's owner or coordinates its area or the item's.

    With `review` what awaits or has failed a review is for the coordinator alone. Raises NotFound
    for who may not even see it, else Forbidden.
    """
    owner = (await read_agents(transaction, item.owner_id)).get(item.owner_id)
    refuse_unseen(viewer, item, owner)
    reviewer = viewer.coordinates(item.area_path) or (
        owner is not None and owner.coordinated_by(viewer)
    )
    if not entitled(viewer, owner, item.area_path) or (
        review and item.node.state in _IN_REVIEW and not reviewer
    ):
        raise Forbidden(action=call.write.operation)


async def _edited(
    transaction: Transaction, located: _Located, edit: Edit, call: Call
) -> tuple[Item, Changes]:
    """Write an item as the edit makes it, with the state that follows, and return the changes."""
    before = located.node
    after = edit(before, await claims.claims_on(transaction, before))
    if isinstance(after, DemandOrder):
        after = replace(after, state=order_state(after, call.now))
    else:
        after = replace(after, state=offer_state(after, located.held, call.now))
    if not changes_between(before, after):
        return before, {}
    after = replace(after, version=before.version + 1)
    changed = changes_between(before, after)
    if isinstance(after, DemandOrder):
        await items.update_order(transaction, after, changed)
    else:
        await items.update_offer(transaction, after, changed)
    return after, {after.id: changed}


async def _write_event(transaction: Transaction, changes: Changes, call: Call) -> None:
    if changes:
        event = events.event(
            call.event_id, call.now, call.account_id, call.write.operation, changes
        )
        await events.write_event(transaction, event)
