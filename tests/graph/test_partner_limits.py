"""Partner limits and contiguous bookings of the hub: stated, matched by, and kept by claims."""

from typing import Any

import pytest

from domain.availability import WeeklyWindow
from domain.claims import ClaimAction
from domain.errors import PartnerLimitReached
from domain.identity import global_id
from domain.records import DemandOrder, ResourceOffer
from domain.vocabulary import CapacityKind, Initiator, Selection
from graph.driver import Graph
from matching.documents import read_unmatched
from matching.plans import Refusal
from resolvers.matching import proposals_of_run
from tests.graph.builders import dump
from tests.graph.claim_lives import Lives
from tests.graph.matching_market import Market
from tests.graph.mutating import mutate

pytestmark = pytest.mark.anyio


@pytest.fixture
async def market(graph: Graph) -> Market:
    return await Market(graph).open()


async def edited(
    market: Market, item: DemandOrder | ResourceOffer, **fields: Any
) -> dict[str, Any]:
    """Return what an edit by the item's owner answers."""
    who, field, name = ("community", "editOrder", "order")
    if isinstance(item, ResourceOffer):
        who, field, name = ("unit", "editOffer", "offer")
    selection = f"{name} {{ {' '.join(fields)} }}"
    given = {f"{name}Id": global_id(type(item).__name__, item.id), **fields}
    return await mutate(market.here, who, field, selection, **given)


async def test_claims_count_towards_the_limit_of_who_is_proposed(
    graph: Graph, market: Market
) -> None:
    order = await market.order(quantity=30)
    offers = [await market.offer(who, capacity=10) for who in ("unit", "unit", "school")]
    before = await dump(graph)
    assert (await edited(market, order, partnerLimit=0))["code"] == "BAD_INPUT"
    assert (await edited(market, order, contiguousMinutes=0))["code"] == "BAD_INPUT"
    assert await dump(graph) == before
    assert (await edited(market, order, partnerLimit=1))["order"] == {"partnerLimit": 1}
    # Two offers of one unit are one partner, and more than the school's one.
    run = await market.run()
    assert await market.proposed(run) == sorted((order.id, each.id, 10) for each in offers[:2])
    (left,) = read_unmatched(run.unmatched)
    assert (left.missing, left.reason) == (10, Refusal.PARTNERS)
    lives = Lives(market.here)
    await lives.propose("school", Initiator.SUPPLIER, 5, order_id=order.id, offer_id=offers[2].id)
    run = await market.run()
    assert await market.proposed(run) == [(order.id, offers[2].id, 5)]
    (left,) = read_unmatched(run.unmatched)
    assert left.refused == {Refusal.PARTNERS: 2}


async def test_no_claim_brings_a_partner_too_many(graph: Graph, market: Market) -> None:
    here, lives = market.here, Lives(market.here)
    order = await here.order(quantity=30)
    await edited(market, order, partnerLimit=1)
    ask: dict[str, Any] = {"order_id": order.id}
    first = await lives.propose("unit", Initiator.SUPPLIER, 5, supplier_id=here.unit, **ask)
    before = await dump(graph)
    with pytest.raises(PartnerLimitReached) as refused:
        await lives.propose("school", Initiator.SUPPLIER, 5, supplier_id=here.id("school"), **ask)
    assert refused.value.details["limit"] == 1
    assert await dump(graph) == before
    await lives.propose("unit", Initiator.SUPPLIER, 5, supplier_id=here.unit, **ask)
    offer = await here.offer("school", capacity=10)
    offered = global_id("ResourceOffer", offer.id), global_id("DemandOrder", order.id)
    answer = await mutate(
        here,
        "school",
        "proposeClaim",
        "claim { id }",
        initiator="SUPPLIER",
        offerId=offered[0],
        orderId=offered[1],
        lines=[{"quantity": 5}],
    )
    assert (answer["code"], answer["limit"]) == ("PARTNER_LIMIT_REACHED", 1)
    await lives.step(first, "community", ClaimAction.ACCEPT)


async def test_who_chooses_among_proposals_confirms_as_many_as_may(market: Market) -> None:
    here, lives = market.here, Lives(market.here)
    offer = await here.offer(capacity=30, selection=Selection.CHOOSE)
    await edited(market, offer, partnerLimit=1)
    claims = [
        await lives.propose(who, Initiator.RECEIVER, 5, offer_id=offer.id, receiver_id=here.id(who))
        for who in ("community", "school")
    ]
    await lives.step(claims[0], "unit", ClaimAction.ACCEPT)
    with pytest.raises(PartnerLimitReached):
        await lives.step(claims[1], "unit", ClaimAction.ACCEPT)


async def test_hours_in_a_row_are_proposed_as_one_run(market: Market) -> None:
    order = await market.order(quantity=3, measure="SESSION")
    await market.offer(
        measure="SESSION",
        capacity=1,
        capacity_kind=CapacityKind.EXCLUSIVE,
        windows=(WeeklyWindow(6, 540, 660), WeeklyWindow(7, 540, 720)),
        slot_minutes=60,
    )
    assert (await edited(market, order, contiguousMinutes=180))["order"] == {
        "contiguousMinutes": 180
    }
    run = await market.run()
    (row,) = await proposals_of_run(market.graph, run.id)
    begins = sorted(slot.split("T")[1] for slot in row.proposal.slots)
    assert begins == ["01:00Z", "02:00Z", "03:00Z"]
    assert len({slot.split("T")[0] for slot in row.proposal.slots}) == 1
