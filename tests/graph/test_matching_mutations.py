"""Matching runs over GraphQL: run, endorse, reject, and what is refused."""

from typing import Any

import pytest
import strawberry

from domain.identity import derived_id
from domain.vocabulary import ClaimState, ProposalState
from graph.driver import Graph
from schema.build import build_schema
from schema.context import Context
from schema.ids import encode
from tests.graph.builders import dump
from tests.graph.matching_market import Market

pytestmark = pytest.mark.anyio

NOWHERE = derived_id("Test", "nowhere")
RUN = """mutation Run($input: RunMatchingInput!) {
  runMatching(input: $input) {
    __typename
    ... on RunMatchingPayload {
      run {
        id state value bound matchedOrders area { name }
        proposals { nodes { id state quantity slots slotQuantities
          order { id } offer { id } } }
      }
    }
    ... on Problem { code message }
  }
}"""
ENDORSE = """mutation Endorse($input: EndorseProposalsInput!) {
  endorseProposals(input: $input) {
    __typename
    ... on EndorseProposalsPayload {
      endorsements {
        proposalId
        claim { state quantity initiator proposal { id state } }
        problem { __typename code message }
      }
    }
    ... on Problem { code message }
  }
}"""
REJECT = """mutation Reject($input: RejectProposalInput!) {
  rejectProposal(input: $input) {
    __typename
    ... on RejectProposalPayload { proposal { id state } }
    ... on Problem { code message }
  }
}"""


@pytest.fixture(scope="module")
def schema() -> strawberry.Schema:
    return build_schema()


@pytest.fixture
async def market(graph: Graph) -> Market:
    return await Market(graph).open()


async def ask(
    schema: strawberry.Schema,
    market: Market,
    document: str,
    who: str = "coordinator",
    **given: object,
) -> dict[str, Any]:
    context = Context(graph=market.graph, viewer=await market.viewer(who), clock=market.here.clock)
    result = await schema.execute(document, {"input": given}, context_value=context)
    assert result.errors is None
    assert result.data is not None
    (answer,) = result.data.values()
    return answer


async def test_a_run_is_made_endorsed_and_seen(schema: strawberry.Schema, market: Market) -> None:
    order, offer = await market.order(), await market.offer()
    area = encode("Area", market.here.subdistrict)
    answer = await ask(schema, market, RUN, idempotencyKey="run", areaId=area)
    run = answer["run"]
    assert (run["state"], run["value"], run["matchedOrders"]) == ("DONE", run["bound"], 1)
    assert run["area"] == {"name": "subdistrict"}
    (proposal,) = run["proposals"]["nodes"]
    assert proposal["order"] == {"id": encode("DemandOrder", order.id)}
    assert proposal["offer"] == {"id": encode("ResourceOffer", offer.id)}
    assert (proposal["state"], proposal["quantity"]) == ("OPEN", 10)
    again = await ask(schema, market, RUN, idempotencyKey="run", areaId=area)
    assert again["run"]["id"] == run["id"]
    unknown = encode("Proposal", NOWHERE)
    done = await ask(
        schema, market, ENDORSE, idempotencyKey="go", proposalIds=[proposal["id"], unknown]
    )
    made, missing = done["endorsements"]
    assert made["problem"] is None
    assert made["claim"] == {
        "state": ClaimState.PROPOSED.value,
        "quantity": 10,
        "initiator": "MATCHER",
        "proposal": {"id": proposal["id"], "state": ProposalState.ENDORSED.value},
    }
    assert missing["claim"] is None
    assert missing["problem"]["code"] == "NOT_FOUND"


async def test_claims_of_endorsed_proposals_are_read_together(
    schema: strawberry.Schema, market: Market
) -> None:
    for _ in range(3):
        await market.order()
        await market.offer()
    area = encode("Area", market.here.subdistrict)
    run = (await ask(schema, market, RUN, idempotencyKey="run", areaId=area))["run"]
    ids = [proposal["id"] for proposal in run["proposals"]["nodes"]]
    assert len(ids) == 3
    read: list[str] = []

    def observe(name: str, text: str, _: object) -> None:
        if name.startswith("compiled") and ":Claim" in text:
            read.append(text)

    market.graph.observers.append(observe)
    done = await ask(schema, market, ENDORSE, idempotencyKey="all", proposalIds=ids)
    market.graph.observers.remove(observe)
    told = [(each["claim"] or {}).get("proposal", {}).get("id") for each in done["endorsements"]]
    assert told == ids
    assert len(read) == 1


async def test_a_proposal_is_rejected_once(schema: strawberry.Schema, market: Market) -> None:
    await market.order()
    await market.offer()
    area = encode("Area", market.here.subdistrict)
    answer = await ask(schema, market, RUN, idempotencyKey="run", areaId=area)
    (proposal,) = answer["run"]["proposals"]["nodes"]
    given = {"proposalId": proposal["id"]}
    rejected = await ask(schema, market, REJECT, idempotencyKey="no", **given)
    assert rejected["proposal"] == {"id": proposal["id"], "state": "REJECTED"}
    repeated = await ask(schema, market, REJECT, idempotencyKey="no", **given)
    assert repeated == rejected
    late = await ask(schema, market, REJECT, idempotencyKey="later", **given)
    assert (late["__typename"], late["code"]) == ("MatchingProblem", "MATCHING_ERROR")
    assert "已被处理" in late["message"]


@pytest.mark.parametrize(
    ("who", "document", "given", "problem"),
    [
        ("unit", RUN, {"areaId": True}, "ForbiddenProblem"),
        ("visitor", RUN, {"areaId": True}, "NotSignedInProblem"),
        ("coordinator", RUN, {}, "ForbiddenProblem"),
        ("coordinator", RUN, {"areaId": encode("Unit", NOWHERE)}, "BadIdentifierProblem"),
        ("coordinator", RUN, {"areaId": encode("Area", NOWHERE)}, "NotFoundProblem"),
        ("visitor", ENDORSE, {"proposalIds": [encode("Proposal", NOWHERE)]}, "NotSignedInProblem"),
        ("coordinator", ENDORSE, {"proposalIds": []}, "BadInputProblem"),
        (
            "coordinator",
            ENDORSE,
            {"proposalIds": [encode("Proposal", NOWHERE)] * 101},
            "BadInputProblem",
        ),
        ("coordinator", ENDORSE, {"proposalIds": ["nonsense"]}, "BadIdentifierProblem"),
        ("coordinator", REJECT, {"proposalId": encode("Proposal", NOWHERE)}, "NotFoundProblem"),
    ],
)
async def test_what_is_refused_changes_nothing(
    schema: strawberry.Schema,
    market: Market,
    who: str,
    document: str,
    given: dict[str, Any],
    problem: str,
) -> None:
    await market.order()
    await market.offer()
    if given.get("areaId") is True:
        given = {"areaId": encode("Area", market.here.subdistrict)}
    before = await dump(market.graph)
    answer = await ask(schema, market, document, who, idempotencyKey="k", **given)
    assert answer["__typename"] == problem
    assert answer["message"]
    assert await dump(market.graph) == before
