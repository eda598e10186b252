"""Who could serve an order, against the matcher's own pairs, and what it tells to whom."""

from typing import Any

import pytest

from domain.availability import WeeklyWindow
from domain.claims import ClaimAction
from domain.identity import global_id
from domain.records import DemandOrder
from domain.vocabulary import CapacityKind, Initiator, ItemState
from graph.driver import Graph
from matching.model import Policy
from matching.rules import judge
from resolvers.matching_situation import read_situation
from tests.graph.asking_both_ways import answer
from tests.graph.claim_lives import Lives
from tests.graph.matching_market import Market

pytestmark = pytest.mark.anyio

QUERY = """query ($order: ID!, $first: Int! = 20) { whoCouldHelp(order: $order, first: $first) {
  quantity score parts { name weight value } reasons { code text { zh en } }
  offer { id title provider { name } } } }"""


@pytest.fixture
async def market(graph: Graph) -> Market:
    return await Market(graph).open()


async def helpers(
    market: Market,
    order: DemandOrder,
    who: str | None = None,
    **variables: Any,
) -> list[dict[str, Any]] | None:
    given = {"order": global_id("DemandOrder", order.id), **variables}
    response = await answer(market.here, who, QUERY, given)
    assert "errors" not in response, response
    return response["data"]["whoCouldHelp"]


async def test_offers_that_the_rules_allow_the_best_first(market: Market) -> None:
    order = await market.order(title="排练场地", windows=(WeeklyWindow(6, 540, 660),))
    await market.offer(title="排练厅")
    await market.offer("school", title="仓库", capacity=4)
    await market.offer("school", capacity_kind=CapacityKind.SHARED, windows=order.windows)
    await market.offer("community")
    await market.offer(measure="CNY")
    await market.offer(state=ItemState.DRAFT)
    await market.offer(capacity=None)
    await market.add_category(f"other{market.here.prefix}")
    await market.offer(category=f"other{market.here.prefix}")
    found = await helpers(market, order)
    assert found is not None
    now = market.here.clock.now
    policy = Policy()
    situation = await read_situation(market.graph, below="/", now=now, policy=policy)
    (wanted,) = [each for each in situation.orders if each.id == order.id]
    allowed = {
        global_id("ResourceOffer", offer.id)
        for offer in situation.offers
        if offer.category == wanted.category
        and not isinstance(judge(wanted, offer, policy, now), str)
    }
    assert {each["offer"]["id"] for each in found} == allowed
    assert len(found) == 3
    scores = [each["score"] for each in found]
    assert scores == sorted(scores, reverse=True)
    assert sorted(each["quantity"] for each in found) == [4, 10, 10]
    for each in found:
        total = sum(part["weight"] * part["value"] for part in each["parts"])
        assert each["score"] == pytest.approx(total, abs=1e-5)
        assert each["reasons"][0]["text"]["zh"]
    assert len(await helpers(market, order, first=2) or ()) == 2


async def test_only_for_who_may_see_the_order(market: Market) -> None:
    draft = await market.order(state=ItemState.DRAFT)
    await market.offer()
    assert await helpers(market, draft) is None
    assert await helpers(market, draft, "school") is None
    # Whose it is may see it; but nobody can serve what is not published.
    assert await helpers(market, draft, "community") == []


async def test_claims_are_told_to_nobody_who_may_not_see_them(market: Market) -> None:
    lives = Lives(market.here)
    order = await market.order()
    refused = await market.offer("school")
    await market.offer()
    claim = await lives.propose(
        "coordinator", Initiator.COORDINATOR, 3, order_id=order.id, offer_id=refused.id
    )
    await lives.step(claim, "school", ClaimAction.DECLINE)
    done = await lives.propose(
        "unit", Initiator.SUPPLIER, 3, supplier_id=market.here.unit, order_id=order.id
    )
    for who, action in (
        ("community", ClaimAction.ACCEPT),
        ("unit", ClaimAction.DELIVER),
        ("community", ClaimAction.COMPLETE),
    ):
        await lives.step(done, who, action)

    async def told(who: str | None) -> tuple[int, bool]:
        found = await helpers(market, order, who) or []
        codes = {reason["code"] for each in found for reason in each["reasons"]}
        return len(found), "RELATION_WORKED_TOGETHER" in codes

    assert await told("community") == (1, True)
    assert await told("coordinator") == (1, True)
    assert await told(None) == (2, False)
    assert await told("village") == (2, False)


async def test_what_is_full_or_past_needs_nobody(market: Market) -> None:
    await market.offer()
    full = await market.order(held=10, state=ItemState.PARTIALLY_CLAIMED)
    past = await market.order(deadline=market.here.clock.now.date().replace(month=1))
    assert await helpers(market, full) == []
    assert await helpers(market, past) == []


async def test_how_many_is_bounded(market: Market) -> None:
    order = await market.order()
    for first in (0, 101):
        given = {"order": global_id("DemandOrder", order.id), "first": first}
        (error,) = (await answer(market.here, None, QUERY, given))["errors"]
        assert error["extensions"]["code"] == "BAD_INPUT"
