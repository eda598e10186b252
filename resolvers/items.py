"""Edits of offers and orders: by their owners, the coordinator of their area, or ADMIN.

Each is one transaction with one event, and bears the claims in mind: what would leave less than
is held, take a held slot away or change the terms of claims is refused, naming the claims.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

from domain.access import Viewer
from domain.edits import ClaimOnItem, check_offer_edit, check_order_edit, check_withdrawal
from domain.errors import BadInput
from domain.holds import end_of, offer_state, order_state
from domain.identity import NodeReference
from domain.items import ItemAction, check_item_step
from domain.plausible import check_text
from domain.records import DemandOrder, ResourceOffer
from domain.rights import ITEM_RULES, AgentPlace
from domain.vocabulary import ItemState
from graph import claims_on, items, nodes
from graph.driver import Graph, Transaction
from graph.events import Changes, add_changes, changes_between
from graph.items import OfferItem, OrderItem
from graph.standing import read_agents
from resolvers.changing import (
    Changed,
    Request,
    allow,
    lock_named,
    missing,
    raised,
    run_change,
)
from resolvers.claims_common import Call, LapsedHoldsError, check_version, refuse_unseen, subject_of

Item: TypeAlias = DemandOrder | ResourceOffer
_COMMON = frozenset(
    {
        "title",
        "description",
        "measure",
        "starts_on",
        "windows",
        "latitude",
        "longitude",
        "beneficiaries",
        "skills",
        "selection",
        "least_score",
        "partner_limit",
    }
)
EDITABLE: dict[type[Item], frozenset[str]] = {
    DemandOrder: _COMMON | {"quantity", "minimum_lot", "deadline", "urgency", "contiguous_minutes"},
    ResourceOffer: _COMMON
    | {"capacity", "capacity_kind", "ends_on", "slot_minutes", "address", "conditions"},
}
"""The fields that may be edited one by one."""
LINKS: dict[type[Item], dict[str, tuple[str, str]]] = {
    DemandOrder: {"category": ("ORDER_CATEGORY", "Category"), "area": ("ORDER_AT", "Area")},
    ResourceOffer: {
        "category": ("OFFER_CATEGORY", "Category"),
        "area": ("OFFER_AT", "Area"),
        "serves": ("SERVES", "Area"),
    },
}
"""What an item is linked with by its edits: relationship type and label of the other end."""
MOST_SERVED = 200


@dataclass(frozen=True, slots=True)
class Located:
    """An item with all that an edit needs to know."""

    item: OrderItem | OfferItem
    owner: AgentPlace | None

    @property
    def node(self) -> Item:
        """The order or offer itself."""
        return self.item.node

    @property
    def reference(self) -> NodeReference:
        """The node, as errors name it."""
        return NodeReference(type(self.node).__name__, self.node.id)


Edit: TypeAlias = Callable[[Item, list[ClaimOnItem]], Item]
"""Makes the item as it shall be, or refuses; the state follows from it."""


async def edit_item(
    graph: Graph,
    kind: type[Item],
    item_id: str,
    changes: Mapping[str, Any],
    request: Request,
    *,
    links: Mapping[str, tuple[str, ...]] | None = None,
) -> Changed:
    """Change fields (`EDITABLE`) and links (`LINKS`, by ids) of an order or an offer.

    An earlier deadline lets the open proposals for the order lapse earlier. Raises HeldByClaims,
    VersionConflict, NotFound, Forbidden, NotSignedIn, Retired, UnknownMeasure and BadInput.
    """
    wanted = dict(links or {})
    unknown = (set(changes) - EDITABLE[kind]) | (set(wanted) - LINKS[kind].keys())
    if unknown or not (changes or wanted):
        expected = ", ".join(sorted(EDITABLE[kind]))
        raise BadInput(field="changes", value=", ".join(sorted(unknown)), expected=expected)
    check_links(wanted)
    given = {"id": item_id, "changes": changes, "links": wanted}

    async def work(transaction: Transaction, viewer: Viewer, call: Call) -> tuple[Changed, Changes]:
        located = await locate(transaction, kind, item_id, call)
        _check(viewer, located, ItemAction.EDIT, call)
        await check_version(
            transaction, kind.__name__, item_id, request.expected_version, located.node.version
        )

        def edit(before: Item, on: list[ClaimOnItem]) -> Item:
            after = replace(before, **changes)
            if isinstance(before, DemandOrder) and isinstance(after, DemandOrder):
                check_order_edit(before, after, on)
            elif isinstance(before, ResourceOffer) and isinstance(after, ResourceOffer):
                check_offer_edit(before, after, on, call.now)
            return after

        linked = await _link(transaction, kind, item_id, wanted, call)
        after, changed = await edited(transaction, located, edit, call, linked)
        if changed:
            await nodes.find_by(transaction, after, await items.search_of(transaction, after))
        add_changes(changed, await _shorten(transaction, located.node, after))
        return _result(after), changed

    return await run_change(graph, request, f"{kind.__name__}.EDIT", given, work)


async def submit_item(graph: Graph, kind: type[Item], item_id: str, request: Request) -> Changed:
    """Hand an order or an offer in for review: a draft, one that was rejected or withdrawn.

    Raises StateRefused, VersionConflict, NotFound, Forbidden and NotSignedIn.
    """
    return await _step(
        graph,
        kind,
        item_id,
        request,
        ItemAction.SUBMIT,
        _as(ItemState.PENDING_REVIEW),
    )


async def publish_item(graph: Graph, kind: type[Item], item_id: str, request: Request) -> Changed:
    """Publish an order or an offer that is a draft, in review, rejected or withdrawn.

    What is in review or rejected only who may review it publishes: that is how a review is passed.
    Raises StateRefused, VersionConflict, NotFound, Forbidden and NotSignedIn.
    """
    return await _step(graph, kind, item_id, request, ItemAction.PUBLISH, _as(ItemState.OPEN))


async def reject_item(
    graph: Graph, kind: type[Item], item_id: str, note: str, request: Request
) -> Changed:
    """Reject an order or an offer that is in review, saying what would have to be otherwise.

    Raises StateRefused, VersionConflict, NotFound, Forbidden, NotSignedIn, and BadInput without a
    note.
    """
    check_text("note", note)
    if not note.strip():
        raise BadInput(field="note", value="", expected="text")

    def edit(before: Item, _: list[ClaimOnItem]) -> Item:
        return replace(before, state=ItemState.REJECTED, review_note=note.strip())

    return await _step(graph, kind, item_id, request, ItemAction.REJECT, edit, {"note": note})


async def withdraw_item(graph: Graph, kind: type[Item], item_id: str, request: Request) -> Changed:
    """Withdraw an order or an offer on which no claim is under way.

    What is in review or rejected only who may review it withdraws: withdrawn, its owner could
    publish it.
    Raises HeldByClaims, StateRefused, VersionConflict, NotFound, Forbidden and NotSignedIn.
    """

    def edit(before: Item, on: list[ClaimOnItem]) -> Item:
        check_withdrawal(before, on)
        return replace(before, state=ItemState.WITHDRAWN)

    return await _step(graph, kind, item_id, request, ItemAction.WITHDRAW, edit)


def check_links(links: Mapping[str, tuple[str, ...]]) -> None:
    """Refuse links that an item cannot have. Raises BadInput."""
    for name, ids in links.items():
        if name == "serves":
            if len(ids) > MOST_SERVED:
                raise BadInput(field="serves", value=len(ids), expected=f"<= {MOST_SERVED}")
        elif len(ids) != 1:
            raise BadInput(field=name, value=len(ids), expected="1")


async def locate(transaction: Transaction, kind: type[Item], item_id: str, call: Call) -> Located:
    """Lock and read an item. Raises NotFound; proposals that have lapsed are written first."""
    if kind is DemandOrder:
        found = await items.read_order(transaction, item_id, call.now, call.token)
    else:
        found = await items.read_offer(transaction, item_id, None, call.now, call.token)
    if found is None:
        raise missing(kind.__name__, item_id)
    if found.lapsed:
        raise LapsedHoldsError(frozenset(found.lapsed))
    owner = (await read_agents(transaction, found.owner_id)).get(found.owner_id)
    return Located(found, owner)


async def edited(
    transaction: Transaction,
    located: Located,
    edit: Edit,
    call: Call,
    linked: Mapping[str, list[Any]] | None = None,
) -> tuple[Item, Changes]:
    """Write an item as the edit makes it, with the state that follows, and return the changes.

    `linked` is what else has changed of it.
    """
    before = located.node
    after = edit(before, await claims_on.claims_on(transaction, before))
    if isinstance(after, DemandOrder):
        after = replace(after, state=order_state(after, call.now))
    else:
        slots = located.item.slots if isinstance(located.item, OfferItem) else {}
        after = replace(after, state=offer_state(after, slots, call.now))
    if not (changes_between(before, after) or linked):
        return before, {}
    after = replace(after, version=raised(before))
    changed = await nodes.change(
        transaction,
        before,
        after,
        of_person=located.owner is not None and located.owner.kind == "Member",
    )
    changed.update(linked or {})
    return after, {after.id: changed}


async def _step(
    graph: Graph,
    kind: type[Item],
    item_id: str,
    request: Request,
    action: ItemAction,
    edit: Edit,
    given: Mapping[str, Any] | None = None,
) -> Changed:
    """Take a step of an item that its state and its claims bear."""

    async def work(transaction: Transaction, viewer: Viewer, call: Call) -> tuple[Changed, Changes]:
        located = await locate(transaction, kind, item_id, call)
        _check(viewer, located, action, call)
        await check_version(
            transaction, kind.__name__, item_id, request.expected_version, located.node.version
        )
        check_item_step(located.reference, action, located.node.state)
        after, changes = await edited(transaction, located, edit, call)
        return _result(after), changes

    operation = f"{kind.__name__}.{action}"
    return await run_change(graph, request, operation, {"id": item_id, **(given or {})}, work)


def _as(state: ItemState) -> Edit:
    """Return the edit that gives a state; what a review said before is over."""

    def edit(before: Item, _: list[ClaimOnItem]) -> Item:
        return replace(before, state=state, review_note=None)

    return edit


def _check(viewer: Viewer, located: Located, action: ItemAction, call: Call) -> None:
    """Let pass whom the action's rule lets.

    Raises NotFound for who may not even see the item, else Forbidden.
    """
    refuse_unseen(viewer, located.item, located.owner)
    allow(ITEM_RULES[action], viewer, subject_of(located.item, located.owner), call.write.operation)


async def _link(
    transaction: Transaction,
    kind: type[Item],
    item_id: str,
    links: Mapping[str, tuple[str, ...]],
    call: Call,
) -> dict[str, list[Any]]:
    """Link an item with what its edit names, and return the changes."""
    named: dict[str, tuple[str, ...]] = {}
    for name, ids in links.items():
        label = LINKS[kind][name][1]
        named[label] = tuple(dict.fromkeys((*named.get(label, ()), *ids)))
    await lock_named(transaction, named, call.token)
    changed: dict[str, list[Any]] = {}
    for name, ids in links.items():
        changed |= await nodes.link(transaction, LINKS[kind][name][0], item_id, ids)
    return changed


async def _shorten(transaction: Transaction, before: Item, after: Item) -> Changes:
    """Let the proposals for an order end with its deadline, where that is earlier now."""
    if not isinstance(before, DemandOrder) or not isinstance(after, DemandOrder):
        return {}
    if after.deadline is None or (before.deadline and before.deadline <= after.deadline):
        return {}
    until = end_of(after.deadline, after.time_zone)
    return await claims_on.shorten_proposals(transaction, after.id, until)


def _result(after: Item) -> Changed:
    return Changed(after.id, after.version, after.state)
