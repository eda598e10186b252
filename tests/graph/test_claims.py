"""Claims on the graph: every transition, every refusal, the events, the rights."""

import json
from datetime import timedelta
from typing import Any

import pytest

from domain.access import VISITOR
from domain.claims import CLOSED, TRANSITIONS, ClaimAction, ClaimPolicy, Party, Transition, allowed
from domain.errors import (
    Forbidden,
    IdempotencyConflict,
    NotClaimable,
    NotFound,
    NotSignedIn,
    NotThisSide,
    QuantityExceeded,
    SameSides,
    TooManyOpen,
    TransitionRefused,
    VersionConflict,
)
from domain.holds import LineRequest
from domain.identity import derived_id, new_id
from domain.items import PUBLISHED
from domain.records import Area, Claim, ResourceOffer, Unit
from domain.run_records import Proposal
from domain.vocabulary import (
    AreaLevel,
    CapacityKind,
    ClaimState,
    Initiator,
    ItemState,
    ProposalState,
    Role,
    Side,
    UnitKind,
)
from graph.driver import Graph
from graph.statements import CompiledStatement
from resolvers.claims import StepRequest, propose, take_step
from tests.graph.builders import NOW, Neighbourhood, Ticking, dump, put
from tests.graph.checking import check_holds
from tests.graph.claim_lives import IN_OWN_WORDS, LIVES, Lives

pytestmark = pytest.mark.anyio

EVENTS = CompiledStatement(
    "MATCH (e:Event)-[:CHANGED]->(:Claim {id: $id}) "
    "RETURN e.action AS action, e.actor AS actor, e.changes AS changes, e.nodeIds AS nodeIds "
    "ORDER BY e.sortKey"
)
ITEM = CompiledStatement(
    "MATCH (n:DemandOrder {id: $id}) RETURN n.state AS state, n.held AS held, "
    "n.completed AS completed, n.version AS version "
    "UNION ALL MATCH (n:ResourceOffer {id: $id}) RETURN n.state AS state, n.held AS held, "
    "n.completed AS completed, n.version AS version"
)
CLAIM_STATE = CompiledStatement("MATCH (c:Claim {id: $id}) RETURN c.state AS state")
AREA = CompiledStatement("MATCH (a:Area {id: $id}) RETURN a.id AS id")


async def item(graph: Graph, node_id: str) -> dict[str, Any]:
    return (await graph.read(ITEM, id=node_id))[0]


async def state_of(graph: Graph, claim: Claim) -> str:
    return (await graph.read(CLAIM_STATE, id=claim.id))[0]["state"]


@pytest.mark.parametrize("state", LIVES, ids=str)
async def test_every_state_is_reached_with_one_event_for_each_step(
    lives: Lives, state: ClaimState
) -> None:
    claim = await lives.live(state)
    graph = lives.here.graph
    assert claim.state is state
    assert await state_of(graph, claim) == state
    events = await graph.read(EVENTS, id=claim.id)
    expected = ["CLAIM_PROPOSE", *(f"CLAIM_{action}" for _, action in LIVES[state])]
    assert [event["action"] for event in events] == expected
    for event in events:
        changes = json.loads(event["changes"])
        assert sorted(changes) == event["nodeIds"]
        assert claim.id in changes
        assert not any(said in event["changes"] for said in IN_OWN_WORDS)
    await check_holds(graph)


@pytest.mark.parametrize("state", LIVES, ids=str)
async def test_what_the_table_does_not_have_is_refused_and_changes_nothing(
    lives: Lives, state: ClaimState
) -> None:
    claim = await lives.live(state)
    before = await dump(lives.here.graph)
    possible = set(allowed(state))
    if state in {ClaimState.CONFIRMED, ClaimState.IN_PROGRESS}:
        possible -= {ClaimAction.CONSENT_CANCEL, ClaimAction.CONSENT_RESCHEDULE}
    for action in ClaimAction:
        if action not in possible:
            with pytest.raises(TransitionRefused) as refused:
                await lives.step(claim, "community", action)
            assert refused.value.details["state"] is state
            continue
        with pytest.raises((NotThisSide, TransitionRefused)):
            await lives.step(claim, "district", action, side=Side.SUPPLIER)
        with pytest.raises(NotFound):
            await lives.step(claim, "school", action)
        with pytest.raises(Forbidden):
            await lives.step(claim, "nobody", action)
        with pytest.raises(VersionConflict):
            await lives.step(claim, "unit", action, version=claim.version + 1)
    assert await dump(lives.here.graph) == before


@pytest.mark.parametrize(
    "row", [row for row in TRANSITIONS if row.source], ids=lambda row: f"{row.source}-{row.action}"
)
async def test_the_wrong_party_is_refused(lives: Lives, row: Transition) -> None:
    assert row.source is not None
    claim = await lives.live(row.source)
    if row.action in {ClaimAction.CONSENT_CANCEL, ClaimAction.CONSENT_RESCHEDULE}:
        asked = ClaimAction(row.action.replace("CONSENT", "ASK"))
        claim = await lives.step(claim, "unit", asked, lines=[LineRequest(4)])
    wrong = {
        Party.SUPPLIER: "community",
        Party.RECEIVER: "unit",
        Party.SIDE_TO_ACCEPT: "unit",
        Party.SIDE_ASKED: "unit",
        Party.COORDINATOR: "unit",
        Party.INITIATOR: "community",
        Party.EITHER_SIDE: "coordinator",
        Party.SYSTEM: "admin",
    }[row.by]
    before = await dump(lives.here.graph)
    with pytest.raises((NotThisSide, TransitionRefused)):
        await lives.step(claim, wrong, row.action)
    assert await dump(lives.here.graph) == before


@pytest.mark.parametrize(
    ("initiator", "who", "accepting"),
    [
        (Initiator.SUPPLIER, "unit", ["community"]),
        (Initiator.RECEIVER, "community", ["unit"]),
        (Initiator.COORDINATOR, "coordinator", ["unit", "community"]),
        (Initiator.MATCHER, "coordinator", ["community", "unit"]),
    ],
)
async def test_each_initiator_reaches_a_verified_result(
    lives: Lives, initiator: Initiator, who: str, accepting: list[str]
) -> None:
    here = lives.here
    order, offer = await here.order(), await here.offer()
    values: dict[str, Any] = {"order_id": order.id, "offer_id": offer.id}
    if initiator is Initiator.MATCHER:
        proposal = Proposal(
            id=new_id(),
            created_at=NOW,
            state=ProposalState.OPEN,
            quantity=4,
            offer_quantity=4,
            measure="PERSON",
            score=0.5,
            reasons="[]",
        )
        links = [
            ("Proposal", proposal.id, "PROPOSES_ORDER", "DemandOrder", order.id),
            ("Proposal", proposal.id, "PROPOSES_OFFER", "ResourceOffer", offer.id),
        ]
        await put(here.graph, [proposal], links)
        values["proposal_id"] = proposal.id
    claim = await lives.propose(who, initiator, 4, **values)
    for name in accepting:
        assert claim.state is ClaimState.PROPOSED
        claim = await lives.step(claim, name, ClaimAction.ACCEPT)
    assert claim.state is ClaimState.CONFIRMED
    claim = await lives.step(claim, "unit", ClaimAction.START)
    claim = await lives.step(claim, "unit", ClaimAction.DELIVER, quantity=3)
    claim = await lives.step(claim, "community", ClaimAction.COMPLETE)
    assert (claim.state, claim.delivered_quantity) == (ClaimState.COMPLETED, 3)
    for node in (order, offer):
        found = await item(here.graph, node.id)
        assert (found["held"], found["completed"]) == (3, 3)
        assert found["state"] == ItemState.PARTIALLY_CLAIMED
    await check_holds(here.graph)
    if initiator is Initiator.MATCHER:
        with pytest.raises(NotClaimable):
            await lives.propose(who, initiator, 4, **values)


async def test_the_same_key_gives_the_same_claim(lives: Lives) -> None:
    here = lives.here
    order = await here.order()
    values: dict[str, Any] = {
        "order_id": order.id,
        "supplier_id": here.unit,
        "idempotency_key": new_id(),
        "note": "by the east gate",
    }
    first = await lives.propose("unit", Initiator.SUPPLIER, 4, **values)
    before = await dump(here.graph)
    assert await lives.propose("unit", Initiator.SUPPLIER, 4, **values) == first
    assert await dump(here.graph) == before
    with pytest.raises(IdempotencyConflict):
        await lives.propose("unit", Initiator.SUPPLIER, 5, **values)
    key = new_id()
    accepted = await lives.step(first, "community", ClaimAction.ACCEPT, idempotency_key=key)
    again = await lives.step(first, "community", ClaimAction.ACCEPT, idempotency_key=key)
    assert again == accepted
    with pytest.raises(TransitionRefused):
        await lives.step(first, "community", ClaimAction.ACCEPT)
    # Kept for thirty days: after them the key is free again.
    here.clock.forward(days=31)
    other = await lives.propose("unit", Initiator.SUPPLIER, 4, **values)
    assert other.id != first.id


async def test_a_refusal_is_not_recorded_under_its_key(lives: Lives) -> None:
    here = lives.here
    order = await here.order(quantity=5)
    values: dict[str, Any] = {"order_id": order.id, "idempotency_key": new_id()}
    school = await lives.propose(
        "school", Initiator.SUPPLIER, 5, order_id=order.id, supplier_id=here.id("school")
    )
    with pytest.raises(QuantityExceeded):
        await lives.propose("unit", Initiator.SUPPLIER, 5, supplier_id=here.unit, **values)
    await lives.step(school, "school", ClaimAction.WITHDRAW)
    made = await lives.propose("unit", Initiator.SUPPLIER, 5, supplier_id=here.unit, **values)
    assert made.state is ClaimState.PROPOSED


async def test_one_account_never_speaks_for_both_sides(lives: Lives) -> None:
    here = lives.here
    order = await here.order()
    claim = await lives.propose(
        "both", Initiator.SUPPLIER, 4, order_id=order.id, supplier_id=here.unit
    )
    with pytest.raises(NotThisSide):
        await lives.step(claim, "both", ClaimAction.ACCEPT)
    await lives.step(claim, "community", ClaimAction.ACCEPT)
    await lives.step(claim, "both", ClaimAction.DELIVER)
    with pytest.raises(NotThisSide):
        await lives.step(claim, "both", ClaimAction.COMPLETE)
    done = await lives.step(claim, "community", ClaimAction.COMPLETE)
    assert done.state is ClaimState.COMPLETED


async def test_the_coordinator_verifies_in_the_receivers_stead_after_seven_days(
    lives: Lives,
) -> None:
    claim = await lives.live(ClaimState.DELIVERED)
    with pytest.raises(NotThisSide):
        await lives.step(claim, "coordinator", ClaimAction.COMPLETE)
    lives.here.clock.forward(days=7)
    done = await lives.step(claim, "coordinator", ClaimAction.COMPLETE)
    assert done.state is ClaimState.COMPLETED


async def test_a_dispute_is_settled_or_sent_back(lives: Lives) -> None:
    claim = await lives.live(ClaimState.DISPUTED)
    reopened = await lives.step(claim, "coordinator", ClaimAction.REOPEN)
    assert reopened.state is ClaimState.IN_PROGRESS
    await lives.step(claim, "unit", ClaimAction.DELIVER)
    await lives.step(claim, "community", ClaimAction.DISPUTE)
    settled = await lives.step(claim, "district", ClaimAction.SETTLE, quantity=1)
    assert (settled.state, settled.delivered_quantity) == (ClaimState.COMPLETED, 1)
    await check_holds(lives.here.graph)


async def test_who_may_start_a_claim(lives: Lives) -> None:
    here = lives.here
    order, offer = await here.order(), await here.offer()
    both: dict[str, Any] = {"order_id": order.id, "offer_id": offer.id}
    before = await dump(here.graph)
    for who, initiator, error in (
        ("school", Initiator.SUPPLIER, Forbidden),
        ("community", Initiator.SUPPLIER, NotThisSide),
        ("unit", Initiator.COORDINATOR, NotThisSide),
        ("unit", Initiator.RECEIVER, NotThisSide),
        ("nobody", Initiator.SUPPLIER, Forbidden),
    ):
        with pytest.raises(error):
            await lives.propose(who, initiator, 1, **both)
    with pytest.raises(NotSignedIn):
        await propose(
            here.graph,
            viewer=VISITOR,
            initiator=Initiator.SUPPLIER,
            lines=[LineRequest(1)],
            idempotency_key="x",
            **both,
        )
    with pytest.raises(NotFound):
        await lives.propose("unit", Initiator.SUPPLIER, 1, order_id="none", supplier_id=here.unit)
    with pytest.raises(NotFound):
        await lives.propose("unit", Initiator.SUPPLIER, 1, order_id=order.id, supplier_id="none")
    own = await here.offer("community")
    with pytest.raises(SameSides):
        await lives.propose("community", Initiator.RECEIVER, 1, order_id=order.id, offer_id=own.id)
    draft = await here.order(state=ItemState.DRAFT)
    with pytest.raises(NotFound):
        await lives.propose("unit", Initiator.SUPPLIER, 1, order_id=draft.id, supplier_id=here.unit)
    withdrawn = await here.order(state=ItemState.WITHDRAWN)
    with pytest.raises(NotClaimable):
        await lives.propose(
            "coordinator", Initiator.COORDINATOR, 1, order_id=withdrawn.id, supplier_id=here.unit
        )
    after = [row for row in await dump(here.graph) if own.id not in repr(row)]
    known = {repr(row) for row in before}
    assert not [row for row in after if "'Claim" in repr(row) and repr(row) not in known]


@pytest.mark.parametrize("state", [state for state in ItemState if state not in PUBLISHED])
async def test_what_is_not_published_is_unknown_to_those_who_may_not_see_it(
    lives: Lives, state: ItemState
) -> None:
    here = lives.here
    far = derived_id("Test", here.prefix, "far")
    if not await here.graph.read(AREA, id=far):
        area = Area(id=far, created_at=NOW, name="far", level=AreaLevel.DISTRICT, path=f"/{far}/")
        await put(here.graph, [area])
        await here.account("far", (Role.COORDINATOR, far))
    abroad = Unit(id=new_id(), created_at=NOW, name="abroad", kind=UnitKind.ORGAN)
    offer = ResourceOffer(
        id=new_id(),
        created_at=NOW,
        title="hidden",
        capacity_kind=CapacityKind.TOTAL,
        capacity=10,
        measure="PERSON",
        state=state,
    )
    links = [
        ("Unit", abroad.id, "LOCATED_IN", "Area", far),
        ("Agent", abroad.id, "OFFERS", "ResourceOffer", offer.id),
        ("ResourceOffer", offer.id, "OFFER_AT", "Area", far),
    ]
    await put(here.graph, [abroad], [])
    await put(here.graph, [offer], links)
    order = await here.order()
    values: dict[str, Any] = {"offer_id": offer.id, "order_id": order.id}
    wrong: list[dict[str, Any]] = [{}, {"supplier_id": here.unit}, {"supplier_id": abroad.id}]
    for who, initiator in (
        ("coordinator", Initiator.COORDINATOR),
        ("community", Initiator.RECEIVER),
        ("school", Initiator.SUPPLIER),
    ):
        for given in wrong:
            with pytest.raises(NotFound):
                await lives.propose(who, initiator, 1, **values, **given)
    both = new_id()
    await here.account(both, (Role.COORDINATOR, far), (Role.LIAISON, here.community))
    with pytest.raises(NotClaimable):
        await lives.propose(both, Initiator.RECEIVER, 1, **values)


async def test_a_grant_counts_while_it_is_in_force(lives: Lives) -> None:
    here = lives.here
    name = new_id()
    until = NOW + timedelta(hours=1)
    await here.account(name, (Role.LIAISON, here.unit), valid_until=until)
    order = await here.order()
    values: dict[str, Any] = {"order_id": order.id, "supplier_id": here.unit}
    await lives.propose(name, Initiator.SUPPLIER, 1, **values)
    here.clock.forward(hours=1)
    with pytest.raises(Forbidden):
        await lives.propose(name, Initiator.SUPPLIER, 1, **values)


async def test_a_communitys_liaison_speaks_for_its_residents(lives: Lives) -> None:
    here = lives.here
    order = await here.order("resident")
    claim = await lives.propose(
        "unit", Initiator.SUPPLIER, 4, order_id=order.id, supplier_id=here.unit
    )
    with pytest.raises(NotFound):
        await lives.step(claim, "village", ClaimAction.ACCEPT)
    accepted = await lives.step(claim, "community", ClaimAction.ACCEPT)
    assert accepted.state is ClaimState.CONFIRMED


async def test_open_proposals_of_an_agent_are_limited(here: Neighbourhood) -> None:
    lives = Lives(here, ClaimPolicy(open_proposals_per_agent=2))
    order = await here.order(quantity=100)
    values: dict[str, Any] = {"order_id": order.id, "supplier_id": here.id("branch")}
    made = [await lives.propose("branch", Initiator.SUPPLIER, 1, **values) for _ in range(2)]
    with pytest.raises(TooManyOpen):
        await lives.propose("branch", Initiator.SUPPLIER, 1, **values)
    await lives.step(made[0], "branch", ClaimAction.WITHDRAW)
    await lives.propose("branch", Initiator.SUPPLIER, 1, **values)


async def test_errors_speak_the_readers_language(lives: Lives) -> None:
    claim = await lives.live(ClaimState.WITHDRAWN)
    with pytest.raises(TransitionRefused) as refused:
        await lives.step(claim, "community", ClaimAction.ACCEPT)
    assert "接受" in str(refused.value)
    assert claim.state in CLOSED


async def test_an_unknown_claim(here: Neighbourhood) -> None:
    with pytest.raises(NotFound):
        await take_step(
            here.graph,
            "none",
            StepRequest(action=ClaimAction.ACCEPT),
            viewer=here.viewer("unit"),
            idempotency_key="x",
            clock=Ticking(),
        )
