"""Packages: found by a run, proposed as claims, confirmed together or not at all."""

from collections.abc import Awaitable
from typing import Any

import pytest

from domain.claims import ClaimAction
from domain.errors import BoundByPackage, DomainError, Forbidden, StateRefused, TransitionRefused
from domain.language import Language
from domain.vocabulary import CapacityKind, ClaimState, PackageState, ProposalState, Selection
from graph.driver import Graph
from matching.documents import read_certificate, read_reasons
from matching.explain import reason_sentence
from matching.model import Policy
from resolvers.claims import sweep_expired
from resolvers.matching import endorse_proposals, proposals_of_run
from resolvers.proposals import pin_proposal, reject_proposal
from schema.ids import encode
from tests.graph.asking_both_ways import data
from tests.graph.builders import dump
from tests.graph.checking import check_holds
from tests.graph.matching_market import Market
from tests.graph.mutating import mutate
from tests.graph.packaging import CIRCLE, Circle

pytestmark = pytest.mark.anyio
SHOWN = """package { id state size value reasons { code text { zh en } } allowedActions
  claims { nodes { initiator inPackage allowedActions package { id } proposal { package { id } } } }
  proposals { nodes { id state allowedActions } } }"""
CLAIMS = "query ($id: ID!) { package(id: $id) { state claims { totalCount } } }"
ACTIONS = "query ($id: ID!) { package(id: $id) { allowedActions } }"


@pytest.fixture
async def circle(graph: Graph) -> Circle:
    return await Circle(await Market(graph).open()).build({})


async def code_of(attempt: Awaitable[object]) -> str:
    with pytest.raises(DomainError) as refused:
        await attempt
    return refused.value.code


async def test_a_run_finds_a_package_beside_its_plan(circle: Circle) -> None:
    plain = await circle.run(Policy())
    assert await circle.found(plain) == []
    before = await circle.market.proposed(plain)
    run = await circle.run()
    assert await circle.market.proposed(run) == before
    (package,) = await circle.found(run)
    assert (package.state, package.size, package.unserved) == (PackageState.FOUND, 3, 0)
    _, (reason,) = read_reasons(package.reasons)
    assert reason_sentence(reason, Language.EN) == "3 parties each give to the next"
    proof = read_certificate(run.certificate).packages
    assert proof is not None
    assert (proof.count, proof.value, proof.bound) == (1, package.value, package.value)
    assert read_certificate(plain.certificate).packages is None


async def test_all_are_confirmed_with_the_last_acceptance_in_one_event(circle: Circle) -> None:
    package = await circle.proposed()
    claims = await circle.claims(package)
    assert {claim.in_package for claim in claims.values()} == {True}
    assert len({claim.expires_at for claim in claims.values()}) == 1
    held = await check_holds(circle.graph)
    assert {held[offer.id] for offer in circle.offers.values()} == {10}
    for giver in CIRCLE[:2]:
        await circle.accept(package, giver)
    assert await circle.states(package) == {"PROPOSED"}
    await circle.accept(package, "community", all_but="unit")
    assert await circle.states(package) == {"PROPOSED"}
    before = await circle.events("CLAIM_")
    last = await circle.step("unit", claims["community"], ClaimAction.ACCEPT, "the last")
    assert last.state is ClaimState.CONFIRMED
    assert await circle.events("CLAIM_") == before + 1
    assert await circle.states(package) == {"CONFIRMED"}
    now, proposals = await circle.now(package)
    assert (now.state, set(proposals)) == (PackageState.CONFIRMED, {ProposalState.ENDORSED})
    await check_holds(circle.graph)
    again = await circle.step("unit", claims["community"], ClaimAction.ACCEPT, "the last")
    assert again == last
    # From here on each lives alone.
    await circle.step("unit", claims["unit"], ClaimAction.START)
    await circle.step("coordinator", claims["school"], ClaimAction.CANCEL)
    assert await circle.states(package) == {"CONFIRMED", "IN_PROGRESS", "CANCELLED"}


@pytest.mark.parametrize(
    ("who", "action", "end"),
    [
        ("school", ClaimAction.DECLINE, ClaimState.DECLINED),
        ("coordinator", ClaimAction.WITHDRAW, ClaimState.WITHDRAWN),
    ],
)
async def test_one_that_ends_ends_all_and_releases_every_hold(
    circle: Circle, who: str, action: ClaimAction, end: ClaimState
) -> None:
    package = await circle.proposed()
    await circle.accept(package, "school")
    claims = await circle.claims(package)
    before = await circle.events("CLAIM_")
    ended = await circle.step(who, claims["unit"], action)
    assert ended.state is end
    assert await circle.events("CLAIM_") == before + 1
    after = await circle.claims(package)
    others = {claim.state for giver, claim in after.items() if giver != "unit"}
    assert others == {ClaimState.WITHDRAWN}
    assert all(claim.closed_at is not None for claim in after.values())
    assert (await circle.now(package))[0].state is PackageState.ENDED
    held = await check_holds(circle.graph)
    assert {held[item.id] for item in circle.orders.values()} == {0}
    assert {held[item.id] for item in circle.offers.values()} == {0}
    late = circle.step("community", claims["school"], ClaimAction.ACCEPT)
    assert await code_of(late) == TransitionRefused.code


async def test_all_lapse_together(circle: Circle) -> None:
    package = await circle.proposed()
    await circle.accept(package, "unit")
    circle.here.clock.forward(hours=73)
    assert await sweep_expired(circle.graph, clock=circle.here.clock) >= 1
    assert await circle.states(package) == {"EXPIRED"}
    assert (await circle.now(package))[0].state is PackageState.ENDED
    held = await check_holds(circle.graph)
    assert {held[item.id] for item in circle.offers.values()} == {0}


async def test_who_accepts_too_late_finds_that_all_has_lapsed(circle: Circle) -> None:
    package = await circle.proposed()
    claims = await circle.claims(package)
    circle.here.clock.forward(hours=73)
    late = circle.step("unit", claims["unit"], ClaimAction.ACCEPT)
    assert await code_of(late) == TransitionRefused.code
    assert await circle.states(package) == {"EXPIRED"}


async def test_what_others_agreed_to_is_not_changed_behind_them(circle: Circle) -> None:
    package = await circle.proposed()
    claim = (await circle.claims(package))["unit"]
    before = await dump(circle.graph)
    problem = await mutate(
        circle.here,
        "unit",
        "amendClaim",
        "claim { id }",
        claimId=encode("Claim", claim.id),
        lines=[{"quantity": 5}],
    )
    assert problem["code"] == BoundByPackage.code
    assert await dump(circle.graph) == before


async def test_an_indivisible_order_and_a_slot_are_confirmed_with_the_rest(graph: Graph) -> None:
    circle = await Circle(await Market(graph).open()).build(
        {"minimum_lot": 10}, capacity_kind=CapacityKind.EXCLUSIVE, selection=Selection.CHOOSE
    )
    package = await circle.proposed()
    held = await check_holds(graph)
    assert {held[offer.id] for offer in circle.offers.values()} == {0}
    for giver in CIRCLE:
        await circle.accept(package, giver)
    assert await circle.states(package) == {"CONFIRMED"}
    held = await check_holds(graph)
    assert {held[item.id] for item in circle.orders.values()} == {10}
    assert {held[item.id] for item in circle.offers.values()} == {10}


async def test_where_an_owner_chose_another_the_last_acceptance_changes_nothing(
    graph: Graph,
) -> None:
    """A claim that holds nothing until it is confirmed finds its offer taken meanwhile."""
    circle = await Circle(await Market(graph).open()).build({}, selection=Selection.CHOOSE)
    package = await circle.proposed()
    claims = await circle.claims(package)
    for giver in CIRCLE[:2]:
        await circle.accept(package, giver)
    await circle.accept(package, "community", all_but="unit")
    rival = await circle.here.order("village", quantity=4)
    taken = await mutate(
        circle.here,
        "school",
        "proposeClaim",
        "claim { id }",
        initiator="SUPPLIER",
        offerId=encode("ResourceOffer", circle.offers["school"].id),
        orderId=encode("DemandOrder", rival.id),
        lines=[{"quantity": 4}],
    )
    accepted = await mutate(
        circle.here, "village", "acceptClaim", "claim { state }", claimId=taken["claim"]["id"]
    )
    assert accepted["claim"]["state"] == "CONFIRMED"
    before = await dump(graph)
    last = circle.step("unit", claims["community"], ClaimAction.ACCEPT)
    assert await code_of(last) == "QUANTITY_EXCEEDED"
    assert await dump(graph) == before


async def test_a_package_is_proposed_once_by_who_coordinates_all_of_it(circle: Circle) -> None:
    (package,) = await circle.found(await circle.run())
    before = await dump(circle.graph)
    for who in ("unit", "nobody"):
        assert await code_of(circle.propose(package, who)) == Forbidden.code
    assert await dump(circle.graph) == before
    first = await circle.propose(package, key="once")
    assert await circle.propose(package, key="once") == first
    assert await code_of(circle.propose(package)) == StateRefused.code
    assert len(await circle.claims(package)) == 3


async def test_a_later_run_supersedes_what_is_only_found(circle: Circle) -> None:
    (first,) = await circle.found(await circle.run())
    (second,) = await circle.found(await circle.run())
    now, proposals = await circle.now(first)
    assert (now.state, set(proposals)) == (PackageState.SUPERSEDED, {ProposalState.SUPERSEDED})
    assert await code_of(circle.propose(first)) == StateRefused.code
    await circle.propose(second)
    await circle.run()
    assert (await circle.now(second))[0].state is PackageState.PROPOSED


async def test_where_one_of_it_is_gone_nothing_is_proposed(circle: Circle) -> None:
    run = await circle.run()
    (package,) = await circle.found(run)
    (gone, *_) = await proposals_of_run(circle.graph, run.id)
    (done,) = await endorse_proposals(
        circle.graph,
        viewer=circle.here.viewer("coordinator"),
        proposal_ids=[gone.proposal.id],
        idempotency_key="first",
        clock=circle.here.clock,
    )
    assert done.claim is not None
    before = await dump(circle.graph)
    assert await code_of(circle.propose(package)) == "QUANTITY_EXCEEDED"
    assert await dump(circle.graph) == before


async def test_its_proposals_are_not_decided_of_one_by_one(circle: Circle) -> None:
    (package,) = await circle.found(await circle.run())
    (proposal_id, *_) = await circle.proposal_ids(package)
    before = await dump(circle.graph)
    given: dict[str, Any] = {
        "viewer": circle.here.viewer("coordinator"),
        "idempotency_key": "one",
        "clock": circle.here.clock,
    }
    for decide in (pin_proposal, reject_proposal):
        refused = decide(circle.graph, proposal_id=proposal_id, **given)
        assert await code_of(refused) == "MATCHING_ERROR"
    (done,) = await endorse_proposals(circle.graph, proposal_ids=[proposal_id], **given)
    assert isinstance(done.problem, BoundByPackage)
    assert await dump(circle.graph) == before


async def test_a_package_is_read_with_its_claims_and_what_may_be_done(circle: Circle) -> None:
    (found,) = await circle.found(await circle.run())
    named = encode("Package", found.id)
    for who, actions in (("coordinator", ["PROPOSE"]), ("district", ["PROPOSE"]), ("unit", None)):
        read = await data(circle.here, who, ACTIONS, {"id": named})
        assert read["package"] == (actions and {"allowedActions": actions}), who
    answer = await mutate(circle.here, "coordinator", "proposePackage", SHOWN, packageId=named)
    shown = answer["package"]
    assert (shown["id"], shown["state"], shown["size"]) == (named, "PROPOSED", 3)
    assert shown["allowedActions"] == []
    assert {each["initiator"] for each in shown["claims"]["nodes"]} == {"MATCHER"}
    for claim in shown["claims"]["nodes"]:
        assert claim["inPackage"]
        assert (claim["package"]["id"], claim["proposal"]["package"]["id"]) == (named, named)
        assert "AMEND" not in claim["allowedActions"]
        assert "WITHDRAW" in claim["allowedActions"]
    assert {tuple(each["allowedActions"]) for each in shown["proposals"]["nodes"]} == {()}
    (reason,) = shown["reasons"]
    assert reason["text"] == {"zh": "3 方依次互相供给", "en": "3 parties each give to the next"}
    # A side sees the package, and its own two claims of the three.
    read = await data(circle.here, "unit", CLAIMS, {"id": named})
    assert (read["package"]["state"], read["package"]["claims"]["totalCount"]) == ("PROPOSED", 2)
    assert await data(circle.here, "village", CLAIMS, {"id": named}) == {"package": None}
    again = await mutate(circle.here, "coordinator", "proposePackage", SHOWN, packageId=named)
    assert again["code"] == "STATE_REFUSED"
