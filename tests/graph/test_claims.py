"""Claims on the graph: every transition, every refusal, the holds, the events, the rights."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from domain.access import VISITOR
from domain.claims import CLOSED, TRANSITIONS, ClaimAction, ClaimPolicy, Party, Transition, allowed
from domain.errors import (
    DomainError,
    Forbidden,
    IdempotencyConflict,
    LotViolated,
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
from domain.records import Area, Claim, Proposal, ResourceOffer, Unit
from domain.vocabulary import (
    AreaLevel,
    CapacityKind,
    ClaimState,
    Initiator,
    ItemState,
    ProposalState,
    Role,
    Selection,
    Side,
    UnitKind,
)
from graph.driver import Graph
from graph.statements import CompiledStatement
from resolvers import claims_sweep
from resolvers.claims import StepRequest, propose, sweep_expired, take_step
from tests.graph.builders import NOW, Neighbourhood, Ticking, dump, put
from tests.graph.checking import check_holds, check_states
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
ESCALATED = CompiledStatement(
    "MATCH (:DemandOrder {id: $id})-[:ESCALATED_TO]->(a:Area) RETURN a.id AS id"
)
AREA = CompiledStatement("MATCH (a:Area {id: $id}) RETURN a.id AS id")
SATURDAY = datetime(2026, 5, 9, 16, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
async def built(graph: Graph) -> Neighbourhood:
    return await Neighbourhood(graph).build()


@pytest.fixture
def here(built: Neighbourhood) -> Neighbourhood:
    built.clock.now = NOW
    return built


@pytest.fixture
def lives(here: Neighbourhood) -> Lives:
    return Lives(here)


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


async def test_an_order_is_claimed_fulfilled_and_freed(lives: Lives) -> None:
    here = lives.here
    order = await here.order()
    first = await lives.propose(
        "unit", Initiator.SUPPLIER, 10, order_id=order.id, supplier_id=here.unit
    )
    assert (await item(here.graph, order.id))["state"] == ItemState.CLAIMED
    with pytest.raises(QuantityExceeded):
        await lives.propose(
            "school", Initiator.SUPPLIER, 1, order_id=order.id, supplier_id=here.id("school")
        )
    await lives.step(first, "community", ClaimAction.DECLINE)
    assert (await item(here.graph, order.id))["state"] == ItemState.OPEN
    second = await lives.propose(
        "school", Initiator.SUPPLIER, 10, order_id=order.id, supplier_id=here.id("school")
    )
    await lives.step(second, "community", ClaimAction.ACCEPT)
    await lives.step(second, "school", ClaimAction.DELIVER)
    await lives.step(second, "community", ClaimAction.COMPLETE)
    assert (await item(here.graph, order.id))["state"] == ItemState.FULFILLED


async def test_a_counter_proposal_changes_what_is_held(lives: Lives) -> None:
    here = lives.here
    claim = await lives.live(ClaimState.PROPOSED)
    amended = await lives.step(claim, "community", ClaimAction.AMEND, lines=[LineRequest(9)])
    assert (amended.quantity, amended.supplier_accepted_at) == (9, None)
    held = await check_holds(here.graph)
    assert 9 in held.values()
    with pytest.raises(NotThisSide):
        await lives.step(amended, "community", ClaimAction.ACCEPT)
    with pytest.raises(QuantityExceeded):
        await lives.step(amended, "unit", ClaimAction.AMEND, lines=[LineRequest(11)])
    confirmed = await lives.step(amended, "unit", ClaimAction.ACCEPT)
    assert confirmed.state is ClaimState.CONFIRMED


async def test_a_reschedule_moves_the_hold_to_another_slot(lives: Lives) -> None:
    here = lives.here
    hall = await here.offer(capacity_kind=CapacityKind.EXCLUSIVE, capacity=50)
    later = SATURDAY + timedelta(days=1)
    claim = await lives.propose(
        "community",
        Initiator.RECEIVER,
        LineRequest(30, SATURDAY),
        offer_id=hall.id,
        receiver_id=here.community,
    )
    claim = await lives.step(claim, "unit", ClaimAction.ACCEPT)
    claim = await lives.step(
        claim, "community", ClaimAction.ASK_RESCHEDULE, lines=[LineRequest(30, later)]
    )
    with pytest.raises(NotThisSide):
        await lives.step(claim, "community", ClaimAction.CONSENT_RESCHEDULE)
    claim = await lives.step(claim, "unit", ClaimAction.CONSENT_RESCHEDULE)
    assert claim.pending_request is None
    held = await check_holds(here.graph)
    assert max(held.values()) == 30
    other = await lives.propose(
        "village",
        Initiator.RECEIVER,
        LineRequest(10, SATURDAY),
        offer_id=hall.id,
        receiver_id=here.id("village"),
    )
    assert other.state is ClaimState.PROPOSED
    with pytest.raises(DomainError) as refused:
        await lives.propose(
            "village",
            Initiator.RECEIVER,
            LineRequest(10, later),
            offer_id=hall.id,
            receiver_id=here.id("village"),
        )
    assert refused.value.code == "SLOT_UNAVAILABLE"


async def test_who_chooses_holds_nothing_until_confirmed(lives: Lives) -> None:
    here = lives.here
    order = await here.order(selection=Selection.CHOOSE, minimum_lot=10)
    claims = [
        await lives.propose(
            who, Initiator.SUPPLIER, 10, order_id=order.id, supplier_id=here.id(who)
        )
        for who in ("unit", "school", "branch")
    ]
    assert (await item(here.graph, order.id))["held"] == 0
    await lives.step(claims[1], "community", ClaimAction.ACCEPT)
    assert (await item(here.graph, order.id))["state"] == ItemState.CLAIMED
    with pytest.raises(QuantityExceeded):
        await lives.step(claims[0], "community", ClaimAction.ACCEPT)
    await check_holds(here.graph)


async def test_lots_hold(lives: Lives) -> None:
    order = await lives.here.order(minimum_lot=4)
    for quantity in (3, 7, 8, 9):
        with pytest.raises(LotViolated):
            await lives.propose(
                "unit",
                Initiator.SUPPLIER,
                quantity,
                order_id=order.id,
                supplier_id=lives.here.unit,
            )
    await lives.propose(
        "unit", Initiator.SUPPLIER, 6, order_id=order.id, supplier_id=lives.here.unit
    )


async def test_a_lapsed_hold_does_not_count(lives: Lives) -> None:
    """The next use case that locks the node writes EXPIRED, as the system, with its own event."""
    here = lives.here
    order, offer = await here.order(), await here.offer()
    stale = await lives.propose(
        "unit", Initiator.SUPPLIER, 10, order_id=order.id, offer_id=offer.id
    )
    here.clock.forward(hours=72)
    fresh = await lives.propose(
        "school", Initiator.SUPPLIER, 10, order_id=order.id, supplier_id=here.id("school")
    )
    assert await state_of(here.graph, stale) == ClaimState.EXPIRED
    events = await here.graph.read(EVENTS, id=stale.id)
    assert [(event["action"], event["actor"]) for event in events][1:] == [
        ("CLAIM_EXPIRE", "SYSTEM")
    ]
    assert fresh.state is ClaimState.PROPOSED
    assert (await item(here.graph, offer.id))["held"] == 0
    await check_holds(here.graph)


async def test_the_sweeper_writes_what_is_due_once(lives: Lives) -> None:
    here = lives.here
    dated = await here.order(deadline=(NOW + timedelta(hours=30)).date())
    hall = await here.offer(capacity_kind=CapacityKind.SHARED, capacity=5)
    booked = await lives.propose(
        "community",
        Initiator.RECEIVER,
        LineRequest(5, SATURDAY),
        offer_id=hall.id,
        receiver_id=here.community,
    )
    booked = await lives.step(booked, "unit", ClaimAction.ACCEPT)
    stale = await lives.live(ClaimState.PROPOSED)
    done = await lives.live(ClaimState.COMPLETED)
    here.clock.forward(days=15)
    assert await sweep_expired(here.graph, clock=here.clock, policy=lives.policy) >= 1
    assert await state_of(here.graph, stale) == ClaimState.EXPIRED
    assert await state_of(here.graph, done) == ClaimState.EVALUATED
    assert (await item(here.graph, dated.id))["state"] == ItemState.EXPIRED
    assert (await item(here.graph, hall.id))["state"] == ItemState.OPEN
    before = await dump(here.graph)
    assert await sweep_expired(here.graph, clock=here.clock, policy=lives.policy) == 0
    assert await dump(here.graph) == before
    await check_holds(here.graph)
    await check_states(here.graph, here.clock.now)


async def test_the_state_of_a_slotted_offer_follows_its_slots(lives: Lives) -> None:
    """Also where other slots are still held, and where it is a free slot that has passed."""
    here = lives.here
    last = (SATURDAY + timedelta(days=2)).date()
    dates: dict[str, Any] = {"starts_on": SATURDAY.date() + timedelta(days=1), "ends_on": last}
    shared = await here.offer(capacity_kind=CapacityKind.SHARED, capacity=5, **dates)
    hall = await here.offer(capacity_kind=CapacityKind.EXCLUSIVE, **dates)
    second = SATURDAY + timedelta(days=1)
    for offer, lines in (
        (shared, [LineRequest(1, SATURDAY), LineRequest(5, second)]),
        (hall, [LineRequest(1, second)]),
    ):
        claim = await lives.propose(
            "community",
            Initiator.RECEIVER,
            *lines,
            offer_id=offer.id,
            receiver_id=here.community,
        )
        await lives.step(claim, "unit", ClaimAction.ACCEPT)
        assert (await item(here.graph, offer.id))["state"] == ItemState.PARTIALLY_CLAIMED
    here.clock.now = SATURDAY
    await sweep_expired(here.graph, clock=here.clock)
    for offer in (shared, hall):
        assert (await item(here.graph, offer.id))["state"] == ItemState.CLAIMED
    await check_states(here.graph, here.clock.now, {shared.id, hall.id})


async def test_those_whose_date_is_over_are_reached(
    lives: Lives, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many there are before them whose date is not quite over."""
    here = lives.here
    monkeypatch.setattr(claims_sweep, "BATCH", 2)
    today = NOW.date()
    soon = [await here.order(deadline=today) for _ in range(5)]
    late = [await here.order(deadline=today - timedelta(days=1)) for _ in range(3)]
    offers = [await here.offer(ends_on=today) for _ in range(5)]
    gone = [await here.offer(ends_on=today - timedelta(days=1)) for _ in range(3)]
    for _ in range(2):
        await sweep_expired(here.graph, clock=here.clock)
    for node in (*soon, *offers):
        assert (await item(here.graph, node.id))["state"] == ItemState.OPEN
    for node in (*late, *gone):
        assert (await item(here.graph, node.id))["state"] == ItemState.EXPIRED


async def test_the_second_refusal_escalates_the_order(lives: Lives) -> None:
    here = lives.here
    order = await here.order()
    for who, expected in (
        ("unit", []),
        ("school", [here.subdistrict]),
        ("unit", [here.subdistrict]),
        ("branch", [here.district]),
    ):
        claim = await lives.propose(
            "coordinator",
            Initiator.COORDINATOR,
            5,
            order_id=order.id,
            supplier_id=here.id(who),
        )
        await lives.step(claim, who, ClaimAction.DECLINE)
        found = await here.graph.read(ESCALATED, id=order.id)
        assert [row["id"] for row in found] == expected


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
