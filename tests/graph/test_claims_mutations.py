"""The life of a claim as GraphQL mutations: payloads, problems, ids that clients can use."""

from datetime import UTC, datetime
from typing import Any

import orjson
import pytest

from domain.access import Viewer
from domain.identity import global_id, new_id
from domain.language import Language
from domain.vocabulary import CapacityKind, ItemState, Role
from graph.accounts import viewer as viewer_of
from graph.driver import Graph
from schema.build import build_schema
from schema.context import Context
from schema.execution import Executor
from tests.graph.builders import NOW, Neighbourhood

pytestmark = pytest.mark.anyio

SCHEMA = build_schema()
RESULT = """
... on ClaimPayload {
  claim { id state version deliveredQuantity supplier { ... on Unit { name } } }
}
... on Problem { __typename code message }
... on QuantityExceededProblem { asked left node }
... on TransitionRefusedProblem { allowed }
"""


@pytest.fixture(scope="module")
async def here(graph: Graph) -> Neighbourhood:
    return await Neighbourhood(graph).build()


async def calling(here: Neighbourhood, who: str | None) -> Context:
    viewer = Viewer()
    if who is not None:
        account = here.id(f"account {who}")
        found = await viewer_of(here.graph.read, account, here.clock())
        assert found is not None
        viewer = found
    return Context(graph=here.graph, viewer=viewer, language=Language.EN, clock=here.clock)


async def nodes(here: Neighbourhood, who: str, ids: list[str]) -> list[str | None]:
    """The ids of the nodes that the account may see, None for the others."""
    answer = await Executor(SCHEMA).answer(
        "query ($ids: [ID!]!) { nodes(ids: $ids) { id } }",
        {"ids": ids},
        None,
        await calling(here, who),
    )
    return [node and node["id"] for node in orjson.loads(answer.body)["data"]["nodes"]]


async def mutate(here: Neighbourhood, who: str | None, field: str, **given: Any) -> dict[str, Any]:
    context = await calling(here, who)
    kind = SCHEMA.get_field_for_type(field, "Mutation")
    assert kind is not None
    (argument,) = kind.arguments
    name = str(argument.type.__name__)
    answer = await SCHEMA.execute(
        f"mutation ($input: {name}!) {{ result: {field}(input: $input) {{ {RESULT} }} }}",
        variable_values={"input": {"idempotencyKey": new_id(), **given}},
        context_value=context,
    )
    assert answer.errors is None, answer.errors
    assert answer.data is not None
    return answer.data["result"]


async def proposed(here: Neighbourhood) -> str:
    order, offer = await here.order(), await here.offer()
    made = await mutate(
        here,
        "unit",
        "proposeClaim",
        initiator="SUPPLIER",
        orderId=global_id("DemandOrder", order.id),
        offerId=global_id("ResourceOffer", offer.id),
        lines=[{"quantity": 4}],
    )
    assert made["claim"]["state"] == "PROPOSED"
    assert made["claim"]["supplier"] == {"name": "unit"}
    return made["claim"]["id"]


LIVES: dict[str, list[tuple[str, str, dict[str, Any], str]]] = {
    "verified": [
        ("community", "amendClaim", {"lines": [{"quantity": 5}]}, "PROPOSED"),
        ("unit", "acceptClaim", {}, "CONFIRMED"),
        ("unit", "askToRescheduleClaim", {"note": "a day later"}, "CONFIRMED"),
        ("community", "askToCancelClaim", {"reason": "rain"}, "CONFIRMED"),
        ("unit", "startClaim", {}, "IN_PROGRESS"),
        ("unit", "deliverClaim", {"evidence": "photo", "quantity": 3}, "DELIVERED"),
        ("community", "disputeClaim", {"reason": "not yet"}, "DISPUTED"),
        ("coordinator", "reopenClaim", {}, "IN_PROGRESS"),
        ("unit", "deliverClaim", {"evidence": "photo"}, "DELIVERED"),
        ("community", "verifyClaim", {}, "COMPLETED"),
        ("community", "evaluateClaim", {"score": 5, "text": "good"}, "COMPLETED"),
        ("unit", "evaluateClaim", {"score": 4}, "EVALUATED"),
    ],
    "settled": [
        ("community", "acceptClaim", {}, "CONFIRMED"),
        ("unit", "deliverClaim", {"evidence": "photo"}, "DELIVERED"),
        ("community", "disputeClaim", {"reason": "less"}, "DISPUTED"),
        ("coordinator", "settleClaim", {"quantity": 2}, "COMPLETED"),
    ],
    "moved by words": [
        ("community", "acceptClaim", {}, "CONFIRMED"),
        ("unit", "askToRescheduleClaim", {"note": "a day later"}, "CONFIRMED"),
        ("community", "consentToRescheduleClaim", {}, "CONFIRMED"),
    ],
    "declined": [("community", "declineClaim", {"reason": "no room"}, "DECLINED")],
    "withdrawn": [("unit", "withdrawClaim", {}, "WITHDRAWN")],
    "returned": [
        ("community", "acceptClaim", {}, "CONFIRMED"),
        ("unit", "returnClaim", {"reason": "ill"}, "RETURNED"),
    ],
    "cancelled by consent": [
        ("community", "acceptClaim", {}, "CONFIRMED"),
        ("unit", "askToCancelClaim", {"reason": "ill"}, "CONFIRMED"),
        ("community", "consentToCancelClaim", {}, "CANCELLED"),
    ],
    "cancelled by the coordinator": [
        ("community", "acceptClaim", {}, "CONFIRMED"),
        ("coordinator", "cancelClaim", {"reason": "flood"}, "CANCELLED"),
    ],
}


@pytest.mark.parametrize("life", LIVES)
async def test_a_life(here: Neighbourhood, life: str) -> None:
    claim = await proposed(here)
    for version, (who, field, given, state) in enumerate(LIVES[life]):
        answer = await mutate(here, who, field, claimId=claim, expectedVersion=version, **given)
        assert answer["claim"]["state"] == state, answer
        assert answer["claim"]["version"] == version + 1


async def test_a_reschedule_by_consent(here: Neighbourhood) -> None:
    hall = await here.offer(capacity_kind=CapacityKind.EXCLUSIVE, capacity=50)
    slots = [datetime(2026, 5, day, 16, tzinfo=UTC).isoformat() for day in (9, 10)]
    made = await mutate(
        here,
        "community",
        "proposeClaim",
        initiator="RECEIVER",
        offerId=global_id("ResourceOffer", hall.id),
        receiverId=global_id("Area", here.community),
        lines=[{"quantity": 30, "slot": slots[0]}],
    )
    claim = made["claim"]["id"]
    await mutate(here, "unit", "acceptClaim", claimId=claim)
    lines = [{"quantity": 30, "slot": slots[1]}]
    await mutate(here, "unit", "askToRescheduleClaim", claimId=claim, lines=lines)
    done = await mutate(here, "community", "consentToRescheduleClaim", claimId=claim)
    assert done["claim"]["state"] == "CONFIRMED"


async def test_a_communitys_liaison_sees_what_it_does_for_its_residents(
    here: Neighbourhood,
) -> None:
    order, draft = await here.order("resident"), await here.order("resident", state=ItemState.DRAFT)
    made = await mutate(
        here,
        "community",
        "proposeClaim",
        initiator="RECEIVER",
        orderId=global_id("DemandOrder", order.id),
        supplierId=global_id("Unit", here.unit),
        lines=[{"quantity": 4}],
    )
    claim = made["claim"]["id"]
    ids = [claim, global_id("DemandOrder", draft.id)]
    assert await nodes(here, "community", ids) == ids
    assert await nodes(here, "village", ids) == [None, None]
    # Who has an account speaks alone.
    await here.account("resident", (Role.LIAISON, here.id("resident")))
    assert await nodes(here, "resident", ids) == ids
    assert await nodes(here, "community", ids) == [None, None]


async def test_problems_name_what_helps(here: Neighbourhood) -> None:
    claim = await proposed(here)
    order = await here.order(quantity=3)
    order_id = global_id("DemandOrder", order.id)
    supplier = global_id("Unit", here.unit)
    given: dict[str, Any] = {
        "initiator": "SUPPLIER",
        "orderId": order_id,
        "supplierId": supplier,
        "lines": [{"quantity": 4}],
    }
    exceeded = await mutate(here, "unit", "proposeClaim", **given)
    assert exceeded["__typename"] == "QuantityExceededProblem"
    assert (exceeded["asked"], exceeded["left"], exceeded["node"]) == (4, 3, order_id)
    refused = await mutate(here, "unit", "verifyClaim", claimId=claim)
    assert refused["code"] == "TRANSITION_REFUSED"
    assert "ACCEPT" in refused["allowed"]
    assert "verify" in refused["message"]
    codes = {
        "BAD_IDENTIFIER": mutate(here, "unit", "acceptClaim", claimId="nonsense"),
        "NOT_FOUND": mutate(here, "unit", "acceptClaim", claimId=global_id("Claim", "a" * 20)),
        "NOT_SIGNED_IN": mutate(here, None, "acceptClaim", claimId=claim),
        "FORBIDDEN": mutate(here, "nobody", "acceptClaim", claimId=claim),
        "NOT_THIS_SIDE": mutate(here, "unit", "acceptClaim", claimId=claim),
        "VERSION_CONFLICT": mutate(here, "unit", "withdrawClaim", claimId=claim, expectedVersion=7),
        "BAD_INPUT": mutate(here, "community", "declineClaim", claimId=claim, reason=" "),
    }
    for code, answer in codes.items():
        assert (await answer)["code"] == code
    assert here.clock.now > NOW


async def test_the_former_name_of_the_version_still_works(here: Neighbourhood) -> None:
    order = global_id("DemandOrder", (await here.order()).id)
    claim = (
        await mutate(
            here, "unit", "proposeClaim", initiator="SUPPLIER", orderId=order,
            supplierId=global_id("Unit", here.unit), lines=[{"quantity": 4}],
        )
    )["claim"]["id"]  # fmt: skip
    for given, code in (
        ({"version": 7}, "VERSION_CONFLICT"),
        ({"version": 0, "expectedVersion": 7}, "BAD_INPUT"),
    ):
        refused = await mutate(here, "unit", "withdrawClaim", claimId=claim, **given)
        assert refused["code"] == code
    done = await mutate(here, "unit", "withdrawClaim", claimId=claim, version=0, expectedVersion=0)
    assert done["claim"]["version"] == 1
