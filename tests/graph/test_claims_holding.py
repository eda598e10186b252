"""What claims hold on the graph: of orders, offers and slots, until they lapse or are over."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from domain.claims import ClaimAction
from domain.errors import (
    DomainError,
    LotViolated,
    NotThisSide,
    QuantityExceeded,
)
from domain.holds import LineRequest
from domain.records import Claim
from domain.vocabulary import (
    CapacityKind,
    ClaimState,
    Initiator,
    ItemState,
    Selection,
)
from graph.driver import Graph
from graph.statements import CompiledStatement
from resolvers import claims_sweep
from resolvers.claims import sweep_expired
from tests.graph.builders import NOW, dump
from tests.graph.checking import check_holds, check_states
from tests.graph.claim_lives import Lives

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
SATURDAY = datetime(2026, 5, 9, 16, 0, tzinfo=UTC)


async def item(graph: Graph, node_id: str) -> dict[str, Any]:
    return (await graph.read(ITEM, id=node_id))[0]


async def state_of(graph: Graph, claim: Claim) -> str:
    return (await graph.read(CLAIM_STATE, id=claim.id))[0]["state"]


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
