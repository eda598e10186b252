"""After a change: pins hold, what nothing forces stays, and the plan says what changed and why."""

import random
from dataclasses import replace
from datetime import datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.market import market
from domain.vocabulary import CapacityKind, Urgency
from matching.changes import (
    Cause,
    CauseCode,
    ChangeKind,
    PlanChange,
    bookings_of,
    changes_of,
    seen_offers,
    seen_orders,
)
from matching.matcher import match, plan_of
from matching.model import Booking, Earlier, Policy, Situation
from matching.network import network_of
from matching.pairs import find_pairs
from matching.pins import settled
from matching.plans import Plan, Refusal
from matching.prices import PlanRejected
from matching.pricing import solve_priced
from matching.ranking import offer_prices
from matching.solving import solve
from matching.verification import verify
from tests.unit.matching_cases import (
    POLICY,
    an_offer,
    an_order,
    at_random,
    best_value,
    situation,
    slotted,
)

TOTAL, SHARED, EXCLUSIVE = CapacityKind.TOTAL, CapacityKind.SHARED, CapacityKind.EXCLUSIVE
seeds = st.integers(0, 10**9)


def planned(case: Situation, policy: Policy = POLICY) -> tuple[Plan, Earlier]:
    """Return a plan, and what the next run knows of it."""
    found = find_pairs(settled(case, policy).situation, policy)
    solved = solve(found)
    plan = plan_of(case, found, solved.shares, solved.proofs)
    return plan, Earlier(
        bookings=bookings_of(plan),
        prices=offer_prices(solved),
        orders=seen_orders(case),
        offers=seen_offers(case),
    )


def altered(case: Situation, seed: int) -> Situation:
    """Return the situation after some orders and offers came, went or changed."""
    chance = random.Random(seed)
    orders = [order for order in case.orders if chance.random() < 0.9]
    orders = [
        replace(order, quantity=max(1, order.quantity + chance.randint(-1, 2)))
        if chance.random() < 0.2
        else order
        for order in orders
    ]
    offers = [offer for offer in case.offers if chance.random() < 0.9]
    if orders and chance.random() < 0.5:
        orders.append(replace(orders[0], id="fresh", urgency=Urgency.CRITICAL))
    return replace(case, orders=tuple(orders), offers=tuple(offers))


@settings(deadline=None, max_examples=100)
@given(seed=seeds)
def test_pins_hold_and_the_rest_is_as_good_as_trying_everything(seed: int) -> None:
    case = at_random(seed, kinds=(TOTAL, SHARED, EXCLUSIVE), lots=True)
    first, _ = planned(case)
    pins = bookings_of(first)[:1]
    pinned = replace(case, pins=pins)
    plan = match(pinned, POLICY)
    verify(pinned, POLICY, plan)
    held = settled(pinned, POLICY).situation
    assert held.held == pins
    worth = sum(
        each.pinned * worth_of(case, each.order_id, each.offer_id) for each in plan.proposals
    )
    assert plan.value == best_value(replace(held, held=())) + worth
    assert plan.value == first.value
    for pin in pins:
        again = next(each for each in plan.proposals if (each.order_id, each.offer_id) == pin.pair)
        assert again.quantity >= again.pinned == pin.quantity


def worth_of(case: Situation, order_id: str, offer_id: str) -> int:
    found = find_pairs(case, POLICY)
    place = found.place(found.order_numbers[order_id], found.offer_numbers[offer_id])
    assert place is not None
    return int(found.worths[place])


def test_a_pin_against_the_best_plan_holds_and_one_that_cannot_is_dropped() -> None:
    orders = [an_order(1), an_order(2, urgency=Urgency.CRITICAL)]
    case = situation(orders, [an_offer(1)])
    assert [each.order_id for each in match(case, POLICY).proposals] == ["order2"]
    pin = Booking("order1", "offer1", 10)
    pinned = replace(
        case, pins=(pin, Booking("order2", "offer1", 10), Booking("order9", "offer1", 1))
    )
    plan = match(pinned, POLICY)
    assert [(each.order_id, each.pinned) for each in plan.proposals] == [("order1", 10)]
    assert plan.proven
    verify(pinned, POLICY, plan)
    dropped = settled(pinned, POLICY).dropped
    assert [(each.pin.order_id, each.refusal) for each in dropped] == [
        ("order2", Refusal.EXHAUSTED),
        ("order9", None),
    ]
    with pytest.raises(PlanRejected, match="pin"):
        verify(pinned, POLICY, match(case, POLICY))
    rejected = replace(orders[0], rejected_offers=frozenset({"offer1"}))
    refused = settled(replace(pinned, orders=(rejected, orders[1]), pins=(pin,)), POLICY).dropped
    assert [each.refusal for each in refused] == [Refusal.REJECTED]


def test_a_pin_holds_its_slots() -> None:
    hall = slotted(an_offer(1), EXCLUSIVE, 10, "3 09:00-11:00", "5 09:00-11:00", days=5)
    case = situation([an_order(1, quantity=5), an_order(2, quantity=10)], [hall])
    slot = hall.slots[1].key
    pinned = replace(case, pins=(Booking("order1", "offer1", 5, ((slot, 5),)),))
    plan = match(pinned, POLICY)
    verify(pinned, POLICY, plan)
    assert {each.order_id: [share.slot for share in each.slots] for each in plan.proposals} == {
        "order1": [slot],
        "order2": [hall.slots[0].key],
    }


@settings(deadline=None, max_examples=80)
@given(seed=seeds)
def test_a_plan_after_a_change_is_as_good_as_a_cold_run(seed: int) -> None:
    case = at_random(seed, kinds=(TOTAL, SHARED, EXCLUSIVE), lots=True)
    plan, earlier = planned(case)
    after = replace(altered(case, seed), earlier=earlier)
    again = match(after, POLICY)
    verify(after, POLICY, again)
    assert again.proven
    cold = match(after, replace(POLICY, keep=0.0))
    assert cold.counted.worth == best_value(after)
    # What is kept may cost no more than its bonus.
    assert cold.counted.worth - again.counted.kept <= again.counted.worth <= cold.counted.worth
    assert match(replace(case, earlier=earlier), POLICY).counted.worth == plan.value


@pytest.mark.parametrize("seed", range(2))
def test_a_city_is_repaired_and_little_moves(seed: int) -> None:
    case = market(400, seed)
    plan, earlier = planned(case)
    same = match(replace(case, earlier=earlier), POLICY)
    assert bookings_of(same) == bookings_of(plan)
    changed = replace(case, orders=case.orders[4:], earlier=earlier)
    found = find_pairs(changed, POLICY)
    solved = solve(found)
    assert solved.flow.value == solved.flow.bound == solve_priced(solved.network).value
    assert network_of(found).worths.sum() < solved.network.worths.sum()
    again = plan_of(changed, found, solved.shares, solved.proofs)
    verify(changed, POLICY, again)
    gone = {order.id for order in case.orders[:4]}
    free = replace(changed, earlier=replace(earlier, bookings=()))
    kept = moved(changes_of(changed, POLICY, again), gone)
    assert kept <= moved(changes_of(changed, POLICY, match(free, POLICY)), gone)
    for change in changes_of(changed, POLICY, again):
        assert change.causes


def test_who_stays_keeps_its_evening() -> None:
    hall = slotted(an_offer(1), SHARED, 10, "3 09:00-11:00", "5 09:00-11:00", days=5)
    case = situation([an_order(1), an_order(2)], [hall])
    plan, earlier = planned(case)
    assert evenings(plan) == {"order1": ["3"], "order2": ["5"]}
    gone = replace(case, orders=case.orders[1:], earlier=earlier)
    assert evenings(match(gone, POLICY)) == {"order2": ["5"]}
    followed = replace(gone, orders=(*gone.orders, an_order(3)))
    plan = match(followed, POLICY)
    verify(followed, POLICY, plan)
    assert evenings(plan) == {"order2": ["5"], "order3": ["3"]}
    claimed = replace(gone, offers=(replace(hall, slots=hall.slots[:1]),))
    assert evenings(match(claimed, POLICY)) == {"order2": ["3"]}


def evenings(plan: Plan) -> dict[str, list[str]]:
    """Return on which weekdays each order has its slots."""
    return {
        each.order_id: [str(datetime.fromisoformat(one.slot).isoweekday()) for one in each.slots]
        for each in plan.proposals
    }


def moved(changes: tuple[PlanChange, ...], besides: set[str]) -> int:
    return sum(change.order_id not in besides for change in changes)


def test_the_run_says_what_changed_and_why() -> None:
    near, far = an_offer(1, capacity=10), an_offer(2, capacity=10, area_path="/city/elsewhere/")
    case = situation([an_order(1)], [near, far])
    _, earlier = planned(case)
    urgent = an_order(2, urgency=Urgency.CRITICAL, rejected_offers=frozenset({"offer2"}))
    after = replace(case, orders=(*case.orders, urgent), earlier=earlier)
    assert changes_of(after, POLICY, match(after, POLICY)) == (
        PlanChange(
            kind=ChangeKind.MOVED,
            order_id="order1",
            offer_id="offer2",
            from_offer_id="offer1",
            before=10,
            after=10,
            causes=(Cause(CauseCode.ORDER_NEW, "order2"),),
        ),
        PlanChange(
            kind=ChangeKind.NEW,
            order_id="order2",
            offer_id="offer1",
            before=0,
            after=10,
            causes=(Cause(CauseCode.ORDER_NEW, "order2"),),
        ),
    )
    withdrawn = replace(case, offers=(far,), earlier=earlier)
    (change,) = changes_of(withdrawn, POLICY, match(withdrawn, POLICY))
    assert (change.kind, change.causes) == (
        ChangeKind.MOVED,
        (Cause(CauseCode.OFFER_GONE, "offer1"),),
    )
    no = replace(case.orders[0], rejected_offers=frozenset({"offer1", "offer2"}))
    rejected = replace(case, orders=(no,), earlier=earlier)
    (change,) = changes_of(rejected, POLICY, match(rejected, POLICY))
    assert (change.kind, change.causes) == (
        ChangeKind.GONE,
        (Cause(CauseCode.REFUSED, "offer1", Refusal.REJECTED),),
    )
    less = replace(case, orders=(replace(case.orders[0], quantity=4),), earlier=earlier)
    (change,) = changes_of(less, POLICY, match(less, POLICY))
    assert (change.kind, change.before, change.after, change.causes) == (
        ChangeKind.LESS,
        10,
        4,
        (Cause(CauseCode.ORDER_CHANGED, "order1"),),
    )
    assert changes_of(case, POLICY, match(case, POLICY)) == ()
