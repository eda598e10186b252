"""Runs that follow each other: pins hold, what changed is said, and only the last is remembered."""

from typing import Any

import pytest
import strawberry

from domain.errors import BadInput, Forbidden, MatchingError
from domain.identity import global_id
from domain.run_records import Proposal
from domain.vocabulary import ProposalState, Urgency
from graph import match_runs
from graph.driver import Graph
from matching.changes import CauseCode, ChangeKind
from matching.documents import read_certificate, read_unmatched
from matching.memory import read_changes, read_memory
from matching.plans import Refusal
from resolvers import matching
from resolvers.matching import proposals_of_run
from resolvers.proposals import pin_proposal
from schema.build import build_schema
from schema.context import Context
from schema.ids import encode
from tests.graph.builders import dump
from tests.graph.events_of import events_of
from tests.graph.matching_market import Market
from tests.graph.mutating import mutate

pytestmark = pytest.mark.anyio


@pytest.fixture
async def market(graph: Graph) -> Market:
    return await Market(graph).open()


async def pin(
    market: Market,
    proposal_id: str,
    key: str = "pin",
    who: str = "coordinator",
    *,
    pinned: bool = True,
) -> Proposal:
    return await pin_proposal(
        market.graph,
        viewer=market.here.viewer(who),
        proposal_id=proposal_id,
        idempotency_key=key,
        clock=market.here.clock,
        pinned=pinned,
    )


async def test_a_pinned_proposal_holds_until_it_is_unpinned(graph: Graph, market: Market) -> None:
    plain = await market.order(quantity=10)
    offer = await market.offer(capacity=10)
    first = await market.run()
    (row,) = await proposals_of_run(graph, first.id)
    assert (await pin(market, row.proposal.id)).pinned
    assert (await pin(market, row.proposal.id)).pinned
    (event,) = await events_of(graph, row.proposal.id, "PROPOSAL_PIN")
    assert event.changes[row.proposal.id]["pinned"] == [False, True]
    urgent = await market.order(quantity=10, urgency=Urgency.CRITICAL)
    second = await market.run()
    assert await market.proposed(second) == [(plain.id, offer.id, 10)]
    assert read_changes(second.changes) == ()
    (again,) = await proposals_of_run(graph, second.id)
    assert again.proposal.pinned
    await pin(market, again.proposal.id, "unpin", pinned=False)
    third = await market.run()
    assert await market.proposed(third) == [(urgent.id, offer.id, 10)]
    gone, new = read_changes(third.changes)
    assert {gone.kind, new.kind} == {ChangeKind.GONE, ChangeKind.NEW}
    assert {change.order_id for change in (gone, new)} == {plain.id, urgent.id}


async def test_only_coordinators_pin_and_only_what_is_open(graph: Graph, market: Market) -> None:
    await market.order()
    await market.offer()
    run = await market.run()
    (row,) = await proposals_of_run(graph, run.id)
    before = await dump(graph)
    with pytest.raises(Forbidden):
        await pin(market, row.proposal.id, who="unit")
    assert await dump(graph) == before
    await market.run()
    superseded = (await proposals_of_run(graph, run.id))[0].proposal
    assert superseded.state is ProposalState.SUPERSEDED
    with pytest.raises(MatchingError):
        await pin(market, superseded.id, "late")


@pytest.mark.parametrize("side", ["order", "offer"])
async def test_neither_side_is_proposed_what_it_would_refuse(
    graph: Graph, market: Market, side: str
) -> None:
    order, offer = await market.order(quantity=10), await market.offer(capacity=10)
    (pair,) = await market.proposed(await market.run())
    owner, field, item = {
        "order": ("community", "editOrder", global_id("DemandOrder", order.id)),
        "offer": ("unit", "editOffer", global_id("ResourceOffer", offer.id)),
    }[side]

    async def ask(least: float | None) -> dict[str, Any]:
        selection, given = f"{side} {{ leastScore }}", {f"{side}Id": item, "leastScore": least}
        return await mutate(market.here, owner, field, selection, **given)

    before = await dump(graph)
    assert (await ask(1.5))["code"] == "BAD_INPUT"
    assert await dump(graph) == before
    assert (await ask(0.99))[side]["leastScore"] == 0.99
    run = await market.run()
    assert await market.proposed(run) == []
    (left,) = read_unmatched(run.unmatched)
    assert left.reason is Refusal.SCORE
    assert (await ask(None))[side]["leastScore"] is None
    assert await market.proposed(await market.run()) == [pair]


async def test_a_run_says_what_changed_and_why(graph: Graph, market: Market) -> None:
    plain = await market.order(quantity=10)
    offer = await market.offer(capacity=10)
    first = await market.run()
    assert read_changes(first.changes) == ()
    urgent = await market.order(quantity=10, urgency=Urgency.CRITICAL)
    second = await market.run()
    found = {change.order_id: change for change in read_changes(second.changes)}
    assert {order: change.kind for order, change in found.items()} == {
        plain.id: ChangeKind.GONE,
        urgent.id: ChangeKind.NEW,
    }
    for change in found.values():
        assert [(cause.code, cause.id) for cause in change.causes] == [
            (CauseCode.ORDER_NEW, urgent.id)
        ]
    assert read_certificate(second.certificate).counted.kept == 0
    third = await market.run()
    assert read_changes(third.changes) == ()
    counted = read_certificate(third.certificate).counted
    assert counted.kept > 0
    assert third.value == third.bound == counted.worth + counted.kept
    assert counted.worth == second.value
    path = market.here.path("subdistrict")
    remembered = await match_runs.remembered(graph.read, path)
    assert remembered is not None
    assert remembered.run_id == third.id
    memory = read_memory(remembered.memory)
    assert set(memory.orders) == {plain.id, urgent.id}
    assert memory.prices[offer.id]
    below = await match_runs.remembered(graph.read, market.here.path("community"), above=True)
    assert below == remembered
    assert await match_runs.remembered(graph.read, market.here.path("community")) is None


async def test_what_is_pinned_meanwhile_is_not_lost(
    graph: Graph, market: Market, monkeypatch: pytest.MonkeyPatch
) -> None:
    await market.order()
    await market.offer()
    run = await market.run()
    (row,) = await proposals_of_run(graph, run.id)
    planned = matching.plan

    async def pinned_after(where: Graph, **given: Any) -> matching.Planned:
        found = await planned(where, **given)
        await pin(market, row.proposal.id)
        return found

    monkeypatch.setattr(matching, "plan", pinned_after)
    with pytest.raises(MatchingError):
        await market.run()
    (kept,) = await proposals_of_run(graph, run.id)
    assert (kept.proposal.state, kept.proposal.pinned) == (ProposalState.OPEN, True)


RUN = """mutation Run($input: RunMatchingInput!) {
  runMatching(input: $input) {
    ... on RunMatchingPayload { run {
      policy { name keep floorCost maxKm } weights { name weight } value bound
      certificate { counted { worth kept fair } fairness {
        floorBefore floorAfter cost mostCost communities { areaPath before after premium }
        text { zh en }
      } }
      changes { kind orderId causes { code nodeId } text { zh en } }
      proposals { nodes { id pinned allowedActions } }
    } }
    ... on Problem { code message }
  }
}"""
PIN = """mutation Pin($input: PinProposalInput!) {
  pinProposal(input: $input) {
    ... on PinProposalPayload { proposal { id pinned state } }
    ... on Problem { code message }
  }
}"""


async def ask(
    market: Market, schema: strawberry.Schema, document: str, **given: object
) -> dict[str, Any]:
    context = Context(
        graph=market.graph, viewer=await market.viewer("coordinator"), clock=market.here.clock
    )
    result = await schema.execute(document, {"input": given}, context_value=context)
    assert result.errors is None
    assert result.data is not None
    (answer,) = result.data.values()
    return answer


async def test_policy_floor_and_pins_over_graphql(graph: Graph, market: Market) -> None:
    schema = build_schema()
    await market.order(quantity=10)
    await market.order("village", quantity=10)
    await market.offer(capacity=10)
    area = encode("Area", market.here.id("subdistrict"))
    policy = {"name": "fair", "floorCost": 0.5, "keep": 0.2, "maxKm": 7.5}
    done = await ask(market, schema, RUN, areaId=area, idempotencyKey="one", policy=policy)
    run = done["run"]
    assert run["policy"] == {"name": "fair", "floorCost": 0.5, "keep": 0.2, "maxKm": 7.5}
    fairness = run["certificate"]["fairness"]
    assert fairness["floorAfter"] >= fairness["floorBefore"]
    assert fairness["cost"] <= fairness["mostCost"] == 0.5
    assert "50.00" in fairness["text"]["zh"]
    counted = run["certificate"]["counted"]
    assert sum(counted.values()) == run["value"] == run["bound"]
    (proposal,) = run["proposals"]["nodes"]
    assert "PIN" in proposal["allowedActions"]
    pinned = await ask(market, schema, PIN, proposalId=proposal["id"], idempotencyKey="pin")
    assert pinned == {"proposal": {"id": proposal["id"], "pinned": True, "state": "OPEN"}}
    wrong = {"weights": [{"name": "TEXT", "weight": 0.5}]}
    refused = await ask(market, schema, RUN, areaId=area, idempotencyKey="two", policy=wrong)
    assert refused["code"] == BadInput.code
    conflict = await ask(market, schema, RUN, areaId=area, idempotencyKey="one")
    assert conflict["code"] == "IDEMPOTENCY_CONFLICT"


WHY = """query Why($order: ID!, $offer: ID!) {
  whyPair(order: $order, offer: $offer) {
    refusal score parts { name } worth price loss taken userIds text { zh en }
  }
  bestOffers(order: $order) { offer { id } gain price }
}"""
COMPARE = """mutation Compare($input: RunMatchingInput!) {
  runMatching(input: $input) {
    ... on RunMatchingPayload {
      run { id }
      comparison { practice label { zh en } reached { value matchedOrders } floor proven changed }
    }
    ... on Problem { code }
  }
}"""


async def test_why_best_offers_and_policies_over_graphql(graph: Graph, market: Market) -> None:
    schema = build_schema()
    plain = await market.order(quantity=10)
    urgent = await market.order(quantity=10, urgency=Urgency.CRITICAL)
    offer = await market.offer(capacity=10)
    area = encode("Area", market.here.id("subdistrict"))
    before = await dump(graph)
    compared = await ask(market, schema, COMPARE, areaId=area, idempotencyKey="c", dryRun=True)
    assert await dump(graph) == before
    assert compared["run"] is None
    assert [each["practice"] for each in compared["comparison"]] == [
        "FIRST_COME",
        "GREEDY",
        "BEST",
        "BEST_WITH_FLOOR",
    ]
    values = [each["reached"]["value"] for each in compared["comparison"]]
    assert values[2] == max(values)

    async def explained(who: str, order_id: str) -> Any:
        context = Context(graph=graph, viewer=await market.viewer(who), clock=market.here.clock)
        named = {
            "order": encode("DemandOrder", order_id),
            "offer": encode("ResourceOffer", offer.id),
        }
        return await schema.execute(WHY, named, context_value=context)

    early = (await explained("coordinator", plain.id)).data
    assert early["whyPair"]["loss"] is None
    assert early["bestOffers"][0]["gain"] is None
    await market.run()
    found = (await explained("coordinator", plain.id)).data
    assert found["whyPair"]["userIds"] == [encode("DemandOrder", urgent.id)]
    assert found["whyPair"]["loss"] > 0
    assert found["whyPair"]["taken"] == 0
    best = found["bestOffers"][0]
    assert best["price"] == found["whyPair"]["price"] > 0
    assert best["gain"] == found["whyPair"]["worth"] - best["price"]
    has = (await explained("coordinator", urgent.id)).data["whyPair"]
    assert (has["loss"], has["taken"], has["userIds"]) == (0, 10, [])
    refused = await explained("unit", plain.id)
    assert [error.original_error.code for error in refused.errors] == [Forbidden.code]
    assert refused.data["whyPair"] is None
