"""Past cases like an order: which, in which order, and for whom."""

from typing import Any

import pytest

from domain.claims import ClaimAction
from domain.identity import global_id
from domain.records import Claim, DemandOrder, ResourceOffer
from domain.vocabulary import Initiator, ItemState
from graph.driver import Graph
from tests.graph.asking_both_ways import answer
from tests.graph.claim_lives import TO_COMPLETED, Lives
from tests.graph.matching_market import Market

pytestmark = pytest.mark.anyio

QUERY = """query ($order: ID!, $first: Int! = 10) { similarCases(order: $order, first: $first) {
  score parts { name weight value }
  claim { id deliveredQuantity order { title } supplier { name }
    evaluations { nodes { by score } } } } }"""


async def cases(
    market: Market, order: DemandOrder, who: str | None, **variables: Any
) -> list[dict[str, Any]] | None:
    given = {"order": global_id("DemandOrder", order.id), **variables}
    response = await answer(market.here, who, QUERY, given)
    assert "errors" not in response, response
    return response["data"]["similarCases"]


async def completed(
    market: Market, order: DemandOrder | None, offer: ResourceOffer, *, rated: int | None = None
) -> Claim:
    """Return a claim that was carried to its end, and rated by the receiver."""
    lives = Lives(market.here)
    if order is None:
        claim = await lives.propose(
            "community",
            Initiator.RECEIVER,
            4,
            offer_id=offer.id,
            receiver_id=market.here.community,
        )
        moves = (("unit", ClaimAction.ACCEPT), *TO_COMPLETED[1:])
    else:
        claim = await lives.propose(
            "unit", Initiator.SUPPLIER, 4, order_id=order.id, offer_id=offer.id
        )
        moves = TO_COMPLETED
    for who, action in moves:
        claim = await lives.step(claim, who, action)
    if rated is not None:
        claim = await lives.step(claim, "community", ClaimAction.EVALUATE, score=rated)
    return claim


async def test_cases_are_what_was_completed_the_most_alike_first(graph: Graph) -> None:
    market = await Market(graph).open()
    offer = await market.offer(title="合唱排练厅周末开放", capacity=100)
    wanted = await market.order(title="合唱队排练找场地")
    alike = await completed(market, await market.order(title="社区合唱队排练场地"), offer, rated=4)
    other = await completed(market, await market.order(title="老人体检"), offer)
    without_order = await completed(market, None, offer)
    under_way = await market.order(title="合唱队排练找场地两次")
    await Lives(market.here).propose(
        "unit", Initiator.SUPPLIER, 4, order_id=under_way.id, offer_id=offer.id
    )
    found = await cases(market, wanted, "coordinator")
    assert found is not None
    assert [case["claim"]["id"] for case in found] == [
        global_id("Claim", claim.id) for claim in (alike, without_order, other)
    ]
    best = found[0]
    assert best["claim"]["deliveredQuantity"] == 4
    assert best["claim"]["order"] == {"title": "社区合唱队排练场地"}
    assert best["claim"]["evaluations"]["nodes"] == [{"by": "RECEIVER", "score": 4}]
    assert best["score"] == pytest.approx(
        sum(part["weight"] * part["value"] for part in best["parts"]), abs=1e-5
    )
    assert len(await cases(market, wanted, "coordinator", first=1) or []) == 1


async def test_only_cases_that_the_caller_may_see_are_told(graph: Graph) -> None:
    market = await Market(graph).open()
    offer = await market.offer(capacity=100)
    past = await market.order(title="排练场地")
    claim = await completed(market, past, offer)
    wanted = await market.order(title="排练场地")
    mine = [global_id("Claim", claim.id)]
    for who, expected in (
        ("coordinator", mine),
        ("unit", mine),
        ("community", mine),
        ("school", []),
        ("village", []),
        ("nobody", []),
        (None, []),
    ):
        found = await cases(market, wanted, who)
        assert [case["claim"]["id"] for case in found or []] == expected, who
    # Not a case of itself.
    assert await cases(market, past, "coordinator") == []


async def test_an_order_that_is_not_seen_has_no_cases_and_numbers_are_bounded(
    graph: Graph,
) -> None:
    market = await Market(graph).open()
    order = await market.order(state=ItemState.DRAFT)
    assert await cases(market, order, None) is None
    given = {"order": global_id("DemandOrder", order.id), "first": 0}
    response = await answer(market.here, "admin", QUERY, given)
    assert response["errors"][0]["extensions"]["code"] == "BAD_INPUT"
