"""New offers and orders: on a list of their owner, or placed by a resident; drafts at first."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from domain.access import Viewer
from domain.availability import DEFAULT_TIME_ZONE
from domain.errors import BadInput
from domain.identity import NodeReference
from domain.items import ListAction, check_list_step
from domain.plausible import check_offer_fields, check_order_fields
from domain.records import DemandOrder, NeedList, ResourceList, ResourceOffer
from domain.rights import AgentPlace, Subject, may_create_item
from domain.vocabulary import ItemState, OrderOrigin
from graph import items, nodes
from graph.driver import Graph, Transaction
from graph.events import Changes
from resolvers.changing import (
    Changed,
    Request,
    agent_place,
    allow,
    created,
    lock_named,
    run_change,
)
from resolvers.claims_common import Call
from resolvers.items import EDITABLE, LINKS, Item, check_links
from resolvers.lists import read_list

RESIDENTS = frozenset({"Member", "Area"})
"""Who places an order of a resident: the member, or the community for one who is not named."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewItem:
    """An offer or order as it is asked for.

    `fields` are those of `resolvers.items.EDITABLE`; what is left out has the record's default.
    Without `area_id` it is where its owner belongs. `origin` is an order's.
    """

    owner: NodeReference
    fields: Mapping[str, Any]
    category_id: str
    area_id: str | None = None
    serves: tuple[str, ...] = ()
    list_id: str | None = None
    origin: OrderOrigin | None = None


async def create_item(graph: Graph, kind: type[Item], new: NewItem, request: Request) -> Changed:
    """Make an offer or order of an agent, as a draft.

    Only what a member offers and what a resident or a meeting asks for is on no list. Raises
    NotFound, Retired, Forbidden, NotSignedIn, StateRefused for a closed list, UnknownMeasure and
    BadInput.
    """
    if unknown := set(new.fields) - EDITABLE[kind]:
        expected = ", ".join(sorted(EDITABLE[kind]))
        raise BadInput(field="fields", value=", ".join(sorted(unknown)), expected=expected)
    node_id = request.ids()
    given = {
        "owner": new.owner,
        "fields": new.fields,
        "category": new.category_id,
        "area": new.area_id,
        "serves": new.serves,
        "list": new.list_id,
        "origin": new.origin,
    }

    async def work(transaction: Transaction, viewer: Viewer, call: Call) -> tuple[Changed, Changes]:
        place = await agent_place(transaction, new.owner.kind, new.owner)
        allow(may_create_item, viewer, Subject((place,), place.path), call.write.operation)
        if new.list_id is not None:
            await _open_list(transaction, kind, new, call)
        links = _links(kind, new, place)
        named = await lock_named(transaction, _named(new, links), call.token)
        zone = named[links["area"][0]].get("timeZone") or DEFAULT_TIME_ZONE
        made = _record(kind, node_id, new, zone, call)
        changes = await nodes.make(
            transaction,
            made,
            _relationships(kind, new, links),
            of_person=new.owner.kind == "Member",
        )
        await nodes.find_by(transaction, made, await items.search_of(transaction, made))
        return created(made, state=made.state), changes

    return await run_change(graph, request, f"{kind.__name__}.CREATE", given, work)


async def _open_list(transaction: Transaction, kind: type[Item], new: NewItem, call: Call) -> None:
    """Lock the list that the item goes on. Raises NotFound, StateRefused, BadInput."""
    list_kind = ResourceList if kind is ResourceOffer else NeedList
    list_id = new.list_id or ""
    found, _ = await read_list(transaction, list_kind, list_id, call)
    if found.issuer_id != new.owner:
        raise BadInput(field="listId", value=list_id, expected=f"{new.owner.kind} {new.owner}")
    reference = NodeReference(list_kind.__name__, list_id)
    check_list_step(reference, ListAction.ADD_ITEM, found.list.state)


def _links(kind: type[Item], new: NewItem, place: AgentPlace) -> dict[str, tuple[str, ...]]:
    """Return what the item is linked with, by the names of `LINKS`."""
    area = new.area_id or _own_area(place)
    if area is None:
        raise BadInput(field="areaId", value=None, expected="Area")
    links: dict[str, tuple[str, ...]] = {"category": (new.category_id,), "area": (area,)}
    if kind is ResourceOffer:
        links["serves"] = tuple(dict.fromkeys(new.serves))
    elif new.serves:
        raise BadInput(field="serves", value=len(new.serves), expected="0")
    check_links(links)
    return links


def _own_area(place: AgentPlace) -> str | None:
    parts = (place.path or "").strip("/").split("/")
    return parts[-1] or None


def _named(new: NewItem, links: Mapping[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
    """Return the ids of all that the item refers to, by label."""
    areas = (*links["area"], *links.get("serves", ()))
    named: dict[str, tuple[str, ...]] = {
        "Area": tuple(dict.fromkeys(areas)),
        "Category": links["category"],
    }
    named[new.owner.kind] = tuple(dict.fromkeys((*named.get(new.owner.kind, ()), new.owner)))
    return named


def _relationships(
    kind: type[Item], new: NewItem, links: Mapping[str, tuple[str, ...]]
) -> dict[str, tuple[str, ...]]:
    owns, lists = ("OFFERS", "LISTS_OFFER") if kind is ResourceOffer else ("NEEDS", "LISTS_ORDER")
    found = {LINKS[kind][name][0]: ids for name, ids in links.items()}
    return {
        owns: (new.owner,),
        lists: (new.list_id,) if new.list_id else (),
        **found,
    }


def _record(kind: type[Item], node_id: str, new: NewItem, zone: str, call: Call) -> Item:
    """Return the new item. Raises BadInput and UnknownMeasure."""
    common: dict[str, Any] = {
        "id": node_id,
        "created_at": call.now,
        "state": ItemState.DRAFT,
        "time_zone": zone,
        **new.fields,
    }
    if kind is ResourceOffer:
        if new.list_id is None and new.owner.kind != "Member":
            raise BadInput(field="listId", value=None, expected="ResourceList")
        if new.origin is not None:
            raise BadInput(field="origin", value=new.origin, expected="DemandOrder")
        offer = ResourceOffer(**common)
        check_offer_fields(offer)
        return offer
    order = replace(DemandOrder(**common), origin=_origin(new))
    check_order_fields(order)
    return order


def _origin(new: NewItem) -> OrderOrigin:
    """Return where an order comes from. Raises BadInput where that is not possible."""
    resident = new.owner.kind == "Member"
    origin = new.origin or (OrderOrigin.RESIDENT if resident else OrderOrigin.LIST)
    if resident and origin is not OrderOrigin.RESIDENT:
        raise BadInput(field="origin", value=origin, expected=OrderOrigin.RESIDENT)
    if origin is OrderOrigin.RESIDENT and new.owner.kind not in RESIDENTS:
        raise BadInput(field="origin", value=origin, expected=" | ".join(sorted(RESIDENTS)))
    if origin is OrderOrigin.LIST and new.list_id is None:
        raise BadInput(field="listId", value=None, expected="NeedList")
    return origin
