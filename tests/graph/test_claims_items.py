"""Edits beside claims: what claims hold stays, what breaks them is refused and changes nothing."""

from datetime import UTC, date, datetime
from typing import Any

import pytest

from domain.availability import WeeklyWindow
from domain.claims import ClaimAction
from domain.errors import (
    BadInput,
    Forbidden,
    HeldByClaims,
    NotClaimable,
    NotFound,
    StateRefused,
    UnknownMeasure,
    VersionConflict,
)
from domain.holds import LineRequest
from domain.identity import new_id
from domain.records import Claim, DemandOrder, NeedList, ResourceList, ResourceOffer
from domain.vocabulary import CapacityKind, Initiator, ItemState, ListState, Selection
from resolvers.items import edit_item, publish_item, withdraw_item
from resolvers.lists import close_list, publish_list
from tests.graph.builders import NOW, dump, put
from tests.graph.checking import check_holds
from tests.graph.claim_lives import Lives

pytestmark = pytest.mark.anyio

SATURDAY = datetime(2026, 5, 9, 1, 0, tzinfo=UTC)
WINDOWS = (WeeklyWindow(6, 540, 600), WeeklyWindow(6, 600, 660))


async def claimed_order(lives: Lives, quantity: int = 4) -> tuple[DemandOrder, Claim]:
    order = await lives.here.order()
    claim = await lives.propose(
        "unit", Initiator.SUPPLIER, quantity, order_id=order.id, supplier_id=lives.here.unit
    )
    return order, claim


async def test_an_order_keeps_what_is_held(lives: Lives) -> None:
    here = lives.here
    order, claim = await claimed_order(lives)
    before = await dump(here.graph)
    for changes in (
        {"quantity": 3},
        {"measure": "HOUSEHOLD"},
        {"selection": Selection.CHOOSE},
        {"minimum_lot": 10},
        {"minimum_lot": 7},
        {"minimum_lot": 3, "quantity": 6},
    ):
        with pytest.raises(HeldByClaims) as refused:
            await edit_item(here.graph, DemandOrder, order.id, changes, here.request("community"))
        assert refused.value.details["claims"] == [claim.id]
    with pytest.raises(HeldByClaims):
        await withdraw_item(here.graph, DemandOrder, order.id, here.request("community"))
    assert await dump(here.graph) == before
    await edit_item(
        here.graph, DemandOrder, order.id, {"minimum_lot": 6}, here.request("community")
    )
    smaller = await edit_item(
        here.graph, DemandOrder, order.id, {"quantity": 4}, here.request("community")
    )
    assert smaller.state == ItemState.CLAIMED
    larger = await edit_item(
        here.graph, DemandOrder, order.id, {"quantity": 40}, here.request("coordinator")
    )
    assert larger.state == ItemState.PARTIALLY_CLAIMED
    await check_holds(here.graph)


async def test_a_hall_keeps_its_held_slots(lives: Lives) -> None:
    here = lives.here
    hall = await here.offer(capacity_kind=CapacityKind.EXCLUSIVE, capacity=50, windows=WINDOWS)
    claim = await lives.propose(
        "community",
        Initiator.RECEIVER,
        LineRequest(30, SATURDAY),
        offer_id=hall.id,
        receiver_id=here.community,
    )
    before = await dump(here.graph)
    refused_changes: list[dict[str, Any]] = [
        {"capacity": 29},
        {"capacity_kind": CapacityKind.SHARED},
        {"windows": WINDOWS[1:]},
        {"ends_on": date(2026, 5, 8)},
        {"slot_minutes": 30},
    ]
    for changes in refused_changes:
        with pytest.raises(HeldByClaims) as refused:
            await edit_item(here.graph, ResourceOffer, hall.id, changes, here.request("unit"))
        assert refused.value.details["claims"] == [claim.id]
    assert await dump(here.graph) == before
    changes = {"capacity": 30, "windows": WINDOWS[:1], "ends_on": date(2026, 5, 9)}
    full = await edit_item(here.graph, ResourceOffer, hall.id, changes, here.request("unit"))
    assert full.state == ItemState.CLAIMED
    await lives.step(claim, "community", ClaimAction.WITHDRAW)
    gone = await withdraw_item(here.graph, ResourceOffer, hall.id, here.request("unit"))
    assert gone.state == ItemState.WITHDRAWN


async def test_total_capacity_keeps_what_is_held(lives: Lives) -> None:
    here = lives.here
    offer = await here.offer()
    await lives.propose(
        "community", Initiator.RECEIVER, 7, offer_id=offer.id, receiver_id=here.community
    )
    with pytest.raises(HeldByClaims):
        await edit_item(here.graph, ResourceOffer, offer.id, {"capacity": 6}, here.request("unit"))
    await edit_item(here.graph, ResourceOffer, offer.id, {"capacity": None}, here.request("unit"))
    await check_holds(here.graph)


async def test_a_lapsed_hold_is_no_hindrance(lives: Lives) -> None:
    here = lives.here
    order, _ = await claimed_order(lives)
    here.clock.forward(hours=73)
    gone = await withdraw_item(here.graph, DemandOrder, order.id, here.request("community"))
    assert gone.state == ItemState.WITHDRAWN
    assert (await check_holds(here.graph))[order.id] == 0


async def test_who_may_edit_and_what(lives: Lives) -> None:
    here = lives.here
    order = await here.order()
    before = await dump(here.graph)
    for who in ("unit", "village", "nobody"):
        with pytest.raises(Forbidden):
            await edit_item(here.graph, DemandOrder, order.id, {"quantity": 5}, here.request(who))
    with pytest.raises(NotFound):
        await edit_item(here.graph, DemandOrder, "none", {"quantity": 5}, here.request("admin"))
    impossible: list[dict[str, Any]] = [
        {"quantity": 0},
        {"measure": "FURLONG"},
        {"held": 3},
        {},
        {"windows": (WeeklyWindow(1, 0, 60), WeeklyWindow(1, 30, 90))},
        {"starts_on": date(2026, 6, 2), "deadline": date(2026, 6, 1)},
    ]
    for changes in impossible:
        with pytest.raises((BadInput, UnknownMeasure)):
            await edit_item(here.graph, DemandOrder, order.id, changes, here.request("community"))
    with pytest.raises(VersionConflict):
        await edit_item(
            here.graph, DemandOrder, order.id, {"quantity": 5}, here.request("community", 9)
        )
    assert await dump(here.graph) == before


@pytest.mark.parametrize("state", [ItemState.PENDING_REVIEW, ItemState.REJECTED])
async def test_a_review_is_for_the_coordinator(lives: Lives, state: ItemState) -> None:
    here = lives.here
    order = await here.order(state=state)
    before = await dump(here.graph)
    for change in (publish_item, withdraw_item):
        with pytest.raises(Forbidden):
            await change(here.graph, DemandOrder, order.id, here.request("community"))
    assert await dump(here.graph) == before
    passed = await publish_item(here.graph, DemandOrder, order.id, here.request("coordinator"))
    assert passed.state == ItemState.OPEN


async def test_drafts_are_unknown_to_others(lives: Lives) -> None:
    here = lives.here
    draft = await here.order(state=ItemState.DRAFT)
    for who in ("unit", "village", "nobody"):
        with pytest.raises(NotFound):
            await edit_item(
                here.graph, DemandOrder, draft.id, {"quantity": 5}, here.request(who, 9)
            )
        with pytest.raises(NotFound):
            await publish_item(here.graph, DemandOrder, draft.id, here.request(who))
    published = await publish_item(here.graph, DemandOrder, draft.id, here.request("community"))
    assert published.state == ItemState.OPEN


async def test_an_edit_is_repeated_once(lives: Lives) -> None:
    here = lives.here
    order = await here.order()
    call = here.request("community")
    first = await edit_item(here.graph, DemandOrder, order.id, {"quantity": 5}, call)
    await edit_item(here.graph, DemandOrder, order.id, {"quantity": 6}, here.request("community"))
    before = await dump(here.graph)
    assert await edit_item(here.graph, DemandOrder, order.id, {"quantity": 5}, call) == first
    assert await dump(here.graph) == before


async def test_a_list_is_published_and_closed_with_its_items(lives: Lives) -> None:
    here = lives.here
    order = await here.order(state=ItemState.DRAFT)
    needs = NeedList(id=new_id(), created_at=NOW, title="needs", state=ListState.DRAFT)
    links = [
        ("Agent", here.community, "ISSUES_NEEDS", "NeedList", needs.id),
        ("NeedList", needs.id, "LISTS_ORDER", "DemandOrder", order.id),
    ]
    await put(here.graph, [needs], links)
    with pytest.raises(NotFound):
        await publish_list(here.graph, NeedList, needs.id, here.request("unit"))
    published = await publish_list(here.graph, NeedList, needs.id, here.request("community"))
    assert published.state == ListState.PUBLISHED
    values: dict[str, Any] = {"order_id": order.id, "supplier_id": here.unit}
    claim = await lives.propose("unit", Initiator.SUPPLIER, 4, **values)
    before = await dump(here.graph)
    with pytest.raises(HeldByClaims):
        await close_list(here.graph, NeedList, needs.id, here.request("community"))
    assert await dump(here.graph) == before
    await lives.step(claim, "unit", ClaimAction.WITHDRAW)
    closed = await close_list(here.graph, NeedList, needs.id, here.request("community"))
    assert closed.state == ListState.CLOSED
    with pytest.raises(Forbidden):
        await close_list(here.graph, NeedList, needs.id, here.request("unit"))
    with pytest.raises(NotFound):
        await lives.propose("unit", Initiator.SUPPLIER, 4, **values)
    again = await publish_item(here.graph, DemandOrder, order.id, here.request("community"))
    assert again.state == ItemState.OPEN
    with pytest.raises(NotClaimable) as refused:
        await lives.propose("unit", Initiator.SUPPLIER, 4, **values)
    assert refused.value.details["state"] is ListState.CLOSED


async def test_a_list_of_resources_is_closed_with_its_offers(lives: Lives) -> None:
    here = lives.here
    offer = await here.offer()
    resources = ResourceList(
        id=new_id(), created_at=NOW, title="resources", state=ListState.PUBLISHED
    )
    links = [
        ("Agent", here.unit, "ISSUES_RESOURCES", "ResourceList", resources.id),
        ("ResourceList", resources.id, "LISTS_OFFER", "ResourceOffer", offer.id),
    ]
    await put(here.graph, [resources], links)
    closed = await close_list(here.graph, ResourceList, resources.id, here.request("unit"))
    assert closed.state == ListState.CLOSED
    with pytest.raises(NotFound):
        await lives.propose(
            "community", Initiator.RECEIVER, 1, offer_id=offer.id, receiver_id=here.community
        )
    with pytest.raises(StateRefused):
        await close_list(here.graph, ResourceList, resources.id, here.request("unit"))
