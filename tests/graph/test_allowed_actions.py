"""What a node says may be done with it, against what the use cases accept and refuse."""

from collections.abc import Awaitable
from typing import Any

import pytest

from domain.actions import Action
from domain.claims import ClaimAction
from domain.errors import AccessError, ClaimError, DomainError, InputError, MatchingError, NotFound
from domain.holds import LineRequest
from domain.identity import global_id, new_id
from domain.records import Claim, DemandOrder, ResourceOffer
from domain.vocabulary import CapacityKind, ClaimState, Initiator, ItemState, Side
from graph.driver import Graph
from resolvers.match_runs import run_matching
from resolvers.matching import (
    endorse_proposals,
    proposals_of_run,
)
from resolvers.proposals import reject_proposal
from tests.graph.asking_both_ways import data
from tests.graph.builders import Neighbourhood
from tests.graph.claim_lives import LIVES, Lives, Move
from tests.graph.matching_market import Market

pytestmark = pytest.mark.anyio

QUERY = """query ($id: ID!) { node(id: $id) {
  ... on Claim { allowedActions } ... on DemandOrder { allowedActions }
  ... on ResourceOffer { allowedActions } ... on Proposal { allowedActions }
  ... on Area { allowedActions } } }"""
ACCOUNTS = ("unit", "community", "both", "village", "coordinator")
SYSTEM = {ClaimAction.PROPOSE, ClaimAction.EXPIRE, ClaimAction.CLOSE}
ASKED_HERE = {
    "Claim": frozenset(action.value for action in ClaimAction),
    "DemandOrder": {"PROPOSE"},
    "ResourceOffer": {"PROPOSE"},
    "Proposal": {"ENDORSE", "REJECT"},
    "Area": {"RUN_MATCHING"},
}
ASKED: dict[str, tuple[Move, ...]] = {
    "to reschedule": (*LIVES[ClaimState.CONFIRMED], ("unit", ClaimAction.ASK_RESCHEDULE)),
    "to cancel": (*LIVES[ClaimState.IN_PROGRESS], ("community", ClaimAction.ASK_CANCEL)),
    "evaluated": (*LIVES[ClaimState.COMPLETED], ("unit", ClaimAction.EVALUATE)),
}
SITUATIONS: dict[str, tuple[Move, ...]] = {**{str(state): LIVES[state] for state in LIVES}, **ASKED}


@pytest.fixture(scope="module")
async def here(graph: Graph) -> Neighbourhood:
    return await Neighbourhood(graph).build()


async def allowed(here: Neighbourhood, who: str | None, kind: str, node_id: str) -> set[str]:
    """What is listed of claims and matching; `tests/contract/test_actions_walk` has the rest."""
    node = (await data(here, who, QUERY, {"id": global_id(kind, node_id)}))["node"]
    found: set[str] = set() if node is None else set(node["allowedActions"])
    return found & ASKED_HERE[kind]


async def accepted(attempt: Awaitable[object]) -> bool:
    try:
        await attempt
    except (ClaimError, AccessError, NotFound, InputError, MatchingError):
        return False
    return True


async def claim_in(lives: Lives, moves: tuple[Move, ...]) -> Claim:
    claim = await lives.live(ClaimState.PROPOSED)
    for who, action in moves:
        asks = action is ClaimAction.ASK_RESCHEDULE
        claim = await lives.step(claim, who, action, note="later" if asks else None)
    return claim


@pytest.mark.parametrize("situation", SITUATIONS)
async def test_a_listed_step_is_accepted_and_another_is_refused(
    here: Neighbourhood, situation: str
) -> None:
    lives = Lives(here)
    claim = await claim_in(lives, SITUATIONS[situation])
    for who in ACCOUNTS:
        listed = await allowed(here, who, "Claim", claim.id)
        for action in set(ClaimAction) - SYSTEM:
            asked = claim
            if action in listed:
                # What is accepted changes the claim, so each has one of its own.
                asked = await claim_in(lives, SITUATIONS[situation])
            done = False
            for side in (None, *Side) if who == "both" else (None,):
                if not done:
                    done = await accepted(lives.step(asked, who, action, side=side, note="later"))
            assert done == (action in listed), (who, action)


async def test_a_visitor_may_do_nothing(here: Neighbourhood) -> None:
    order, offer = await here.order(), await here.offer()
    for kind, node_id in (
        ("DemandOrder", order.id),
        ("ResourceOffer", offer.id),
        ("Area", here.community),
    ):
        assert await allowed(here, None, kind, node_id) == set()


async def test_time_takes_actions_away(here: Neighbourhood) -> None:
    lives = Lives(here)
    claim = await lives.live(ClaimState.PROPOSED)
    assert "WITHDRAW" in await allowed(here, "unit", "Claim", claim.id)
    now = here.clock.now
    here.clock.now = claim.expires_at
    assert await allowed(here, "unit", "Claim", claim.id) == set()
    here.clock.now = now


async def starts(lives: Lives, who: str, item: DemandOrder | ResourceOffer) -> bool:
    """Whether the account can start a claim in any way, with any other agent."""
    named, other_side = (
        ("order_id", "supplier_id")
        if isinstance(item, DemandOrder)
        else ("offer_id", "receiver_id")
    )
    for initiator in (Initiator.SUPPLIER, Initiator.RECEIVER, Initiator.COORDINATOR):
        for other in ("unit", "school", "community", "village", "branch"):
            given = {named: item.id, other_side: lives.here.id(other)}
            if await accepted(lives.propose(who, initiator, 3, **given)):
                return True
    return False


ITEMS: dict[str, dict[str, Any]] = {
    "open": {},
    "draft": {"state": ItemState.DRAFT},
    "withdrawn": {"state": ItemState.WITHDRAWN},
    "in review": {"state": ItemState.PENDING_REVIEW},
    "full": {"held": 10, "state": ItemState.CLAIMED},
    "partly": {"held": 4, "state": ItemState.PARTIALLY_CLAIMED},
}


@pytest.mark.parametrize("how", ITEMS)
@pytest.mark.parametrize("kind", [DemandOrder, CapacityKind.TOTAL])
async def test_a_claim_can_be_started_where_it_is_listed(
    here: Neighbourhood, kind: object, how: str
) -> None:
    lives = Lives(here)
    for who in (*ACCOUNTS, "school", "branch", "admin", "nobody"):
        if kind is DemandOrder:
            item = await here.order(**ITEMS[how])
        else:
            item = await here.offer(**ITEMS[how])
        listed = await allowed(here, who, type(item).__name__, item.id)

        assert await starts(lives, who, item) == (Action.PROPOSE in listed), who


async def test_what_lapsed_hinders_nobody(here: Neighbourhood) -> None:
    lives = Lives(here)
    order, offer = await here.order(quantity=4), await here.offer(capacity=4)
    claim = await lives.propose("unit", Initiator.SUPPLIER, 4, order_id=order.id, offer_id=offer.id)
    items = (("DemandOrder", order.id), ("ResourceOffer", offer.id))
    for kind, node_id in items:
        assert await allowed(here, "both", kind, node_id) == set()
    now = here.clock.now
    here.clock.now = claim.expires_at
    for kind, node_id in items:
        assert await allowed(here, "both", kind, node_id) == {"PROPOSE"}
    here.clock.now = now


@pytest.mark.parametrize("kind", [CapacityKind.SHARED, CapacityKind.EXCLUSIVE])
async def test_slots_can_be_claimed_until_all_are_taken(
    here: Neighbourhood, kind: CapacityKind
) -> None:
    lives = Lives(here)
    today = here.clock.now.date()
    offer = await here.offer(capacity_kind=kind, starts_on=today, ends_on=today.replace(day=5))
    assert await allowed(here, "community", "ResourceOffer", offer.id) == {"PROPOSE"}
    midnight = here.clock.now.replace(hour=16, minute=0, second=0, microsecond=0)
    await lives.propose(
        "community",
        Initiator.RECEIVER,
        LineRequest(10, midnight),
        offer_id=offer.id,
        receiver_id=here.community,
    )
    assert await allowed(here, "community", "ResourceOffer", offer.id) == set()


async def test_proposals_and_runs_are_for_coordinators(graph: Graph) -> None:
    market = await Market(graph).open()
    here = market.here

    async def proposal() -> str:
        await market.order()
        await market.offer()
        run = await market.run()
        pairs = await open_proposals(here, run.id)
        assert pairs
        return pairs[0]

    accounts = ("unit", "community", "both", "village", "coordinator", "district", "nobody")
    shared = await proposal()
    for who in accounts:
        listed = await allowed(here, who, "Proposal", shared)
        for action in (Action.ENDORSE, Action.REJECT):
            asked = await proposal() if action in listed else shared
            if action is Action.ENDORSE:
                done = await endorsed(market, who, asked)
            else:
                done = await accepted(
                    reject_proposal(
                        graph,
                        viewer=here.viewer(who),
                        proposal_id=asked,
                        idempotency_key=new_id(),
                        clock=here.clock,
                    )
                )
            assert done == (action in listed), (who, action)
    for who in accounts:
        for area in ("subdistrict", "community", "district"):
            listed = await allowed(here, who, "Area", here.id(area))
            done = await accepted(
                run_matching(
                    graph, viewer=here.viewer(who), area_id=here.id(area), clock=here.clock
                )
            )
            assert done == (Action.RUN_MATCHING in listed), (who, area)


async def open_proposals(here: Neighbourhood, run_id: str) -> list[str]:
    """The open proposals of a run, by id."""
    return [row.proposal.id for row in await proposals_of_run(here.graph, run_id)]


async def endorsed(market: Market, who: str, proposal_id: str) -> bool:
    try:
        made = await endorse_proposals(
            market.graph,
            viewer=market.here.viewer(who),
            proposal_ids=[proposal_id],
            idempotency_key=new_id(),
            clock=market.here.clock,
        )
    except DomainError:
        return False
    return all(each.claim is not None for each in made)
