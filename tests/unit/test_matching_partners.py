"""Partner limits and contiguous bookings: as good as trying everything, and never broken."""

import random
from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.market import market, restricted
from domain.vocabulary import CapacityKind
from matching import rounding, solving
from matching.baseline import first_come_first_served, greedy_shares
from matching.changes import CauseCode, bookings_of, changes_of, seen_offers, seen_orders
from matching.cycles import find_packages
from matching.matcher import match, plan_of
from matching.model import Booking, Earlier, Quota, Situation
from matching.pairs import find_pairs
from matching.pins import settled
from matching.plans import Method, Plan, Refusal
from matching.prices import PlanRejected
from matching.verification import check_rules, verify
from tests.unit.matching_cases import (
    POLICY,
    an_offer,
    an_order,
    asked_one_by_one,
    at_random,
    best_value,
    random_runs,
    situation,
    slotted,
    with_limits,
    within_limits,
)

TOTAL, SHARED, EXCLUSIVE = CapacityKind.TOTAL, CapacityKind.SHARED, CapacityKind.EXCLUSIVE
seeds = st.integers(0, 10**9)


def limited(seed: int) -> Situation:
    return with_limits(at_random(seed, kinds=tuple(CapacityKind), lots=seed % 2 == 0), seed)


def rounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(solving, "LARGEST_PROGRAM", 0)


@settings(deadline=None, max_examples=80)
@given(seed=seeds)
def test_limits_are_as_good_as_trying_everything(seed: int) -> None:
    case = limited(seed)
    plan = match(case, POLICY)
    assert plan.value == best_value(case, counting=within_limits(case))
    assert plan.proven
    verify(case, POLICY, plan)


@settings(deadline=None, max_examples=80)
@given(seed=seeds)
def test_runs_are_as_good_as_trying_everything(seed: int) -> None:
    case = random_runs(seed)
    plan = match(case, POLICY)
    assert plan.value == best_value(case)
    assert plan.proven
    verify(case, POLICY, plan)


@settings(deadline=None, max_examples=50)
@given(seed=seeds)
def test_limits_runs_lots_and_quotas_together_are_as_good_as_trying_everything(seed: int) -> None:
    case = with_limits(random_runs(seed), seed)
    measure = case.offers[0].measure
    policy = replace(POLICY, quotas=(Quota(agent_id="unit0", measure=measure, most=seed % 5),))
    suppliers = {offer.id: offer.supplier_id for offer in case.offers}
    limits = within_limits(case)

    def counted(amounts: Mapping[tuple[str, str], int]) -> int | None:
        used = sum(amount for (_, offer), amount in amounts.items() if suppliers[offer] == "unit0")
        return None if used > seed % 5 else limits(amounts)

    plan = match(case, policy)
    assert plan.value == best_value(case, policy, counted)
    verify(case, policy, plan)


@settings(deadline=None, max_examples=50)
@given(seed=seeds)
def test_blocks_say_of_limits_and_runs_what_the_rules_say_of_one_pair(seed: int) -> None:
    for case in (limited(seed), with_limits(random_runs(seed), seed)):
        pairs, refused = asked_one_by_one(case)
        found = find_pairs(case, POLICY)
        orders, offers = found.columns.orders, found.columns.offers
        numbers = zip(found.orders.tolist(), found.offers.tolist(), strict=True)
        assert [(orders[one].id, offers[other].id) for one, other in numbers] == [
            (pair.order.id, pair.offer.id) for pair in pairs
        ]
        counts = found.refused(np.arange(len(orders)))
        assert {order.id: dict(each) for order, each in zip(orders, counts, strict=True)} == refused


@settings(deadline=None, max_examples=50)
@given(seed=seeds)
def test_rounding_and_practice_keep_limits_and_runs(seed: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        rounded(patch)
        for case in (limited(seed), with_limits(random_runs(seed), seed)):
            plan = match(case, POLICY)
            verify(case, POLICY, plan)
            assert plan.bound is not None
            best = best_value(case, counting=within_limits(case))
            assert plan.value <= best <= plan.bound
            found = find_pairs(case, POLICY)
            for practice in (
                first_come_first_served(case, POLICY),
                plan_of(case, found, greedy_shares(found), None),
            ):
                check_rules(case, POLICY, practice)
                assert practice.value <= best


@settings(deadline=None, max_examples=30)
@given(seed=seeds)
def test_the_order_of_the_input_does_not_matter(seed: int) -> None:
    case = with_limits(random_runs(seed), seed)
    chance = random.Random(seed)
    orders, offers = list(case.orders), list(case.offers)
    chance.shuffle(orders)
    chance.shuffle(offers)
    offers = [replace(offer, slots=offer.slots[::-1]) for offer in offers]
    shuffled = replace(case, orders=tuple(orders), offers=tuple(offers))
    assert match(shuffled, POLICY) == match(case, POLICY)


def test_a_city_with_limits_and_runs_keeps_them_and_comes_close_to_its_bound() -> None:
    case = restricted(market(400, 1, indivisible=0.1), limited=0.1, contiguous=0.05)
    policy = replace(POLICY, effort=0.2)
    plan = match(case, policy)
    verify(case, policy, plan)
    assert {proof.method for proof in plan.proofs} >= {Method.FLOW, Method.CP_SAT, Method.ROUNDING}
    assert plan.bound is not None
    assert plan.bound > plan.value > 0.98 * plan.bound
    practice = first_come_first_served(case, policy)
    check_rules(case, policy, practice)
    assert plan.value > practice.value
    turned = replace(case, orders=case.orders[::-1], offers=case.offers[::-1])
    assert plan == match(turned, policy)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rounding, "MOST_PAIRS", 0)
        assert match(case, policy).value < plan.value


def three_halves() -> Situation:
    """Return an order of 30 that may deal with two suppliers, of whom three have 10 each."""
    return situation([an_order(1, quantity=30, partner_limit=2)], [an_offer(n) for n in (1, 2, 3)])


def test_an_order_takes_from_as_many_suppliers_as_it_may() -> None:
    case = three_halves()
    plan = match(case, POLICY)
    assert [found.quantity for found in plan.proposals] == [10, 10]
    assert [(left.missing, left.reason, left.rivals) for left in plan.unmatched] == [
        (10, Refusal.PARTNERS, ())
    ]
    assert plan.proven
    # Two offers of one supplier are one partner.
    one = replace(case, offers=tuple(replace(each, supplier_id="unit") for each in case.offers))
    assert sum(found.quantity for found in match(one, POLICY).proposals) == 30


def test_an_offer_deals_with_as_many_receivers_as_it_may() -> None:
    orders = [an_order(number, quantity=3) for number in (1, 2, 3)]
    case = situation(orders, [an_offer(1, capacity=10, partner_limit=2)])
    plan = match(case, POLICY)
    assert len(plan.proposals) == 2
    (left,) = plan.unmatched
    assert left.reason is Refusal.PARTNERS
    assert set(left.rivals) == {found.order_id for found in plan.proposals}
    same = replace(case, orders=tuple(replace(each, receiver_id="one") for each in orders))
    assert len(match(same, POLICY).proposals) == 3


def test_who_is_a_partner_already_counts_and_is_free() -> None:
    case = three_halves()
    (order,) = case.orders
    with_one = replace(case, orders=(replace(order, partners=frozenset({"unit3"})),))
    offers = [found.offer_id for found in match(with_one, POLICY).proposals]
    assert len(offers) == 2
    assert "offer3" in offers
    both = frozenset({"unit8", "unit9"})
    (left,) = match(replace(case, orders=(replace(order, partners=both),)), POLICY).unmatched
    assert (left.reason, left.refused) == (Refusal.PARTNERS, {Refusal.PARTNERS: 3})


def test_pins_are_partners_and_a_pin_too_many_is_dropped() -> None:
    pins = tuple(Booking("order1", f"offer{number}", 5) for number in (1, 2, 3))
    case = replace(three_halves(), pins=pins)
    rest = settled(case, POLICY)
    assert [(each.pin.offer_id, each.refusal) for each in rest.dropped] == [
        ("offer3", Refusal.PARTNERS)
    ]
    plan = match(case, POLICY)
    assert [(found.offer_id, found.quantity) for found in plan.proposals] == [
        ("offer1", 10),
        ("offer2", 10),
    ]
    verify(case, POLICY, plan)


HOURS = ("3 09:00-10:00", "3 10:00-11:00", "3 11:00-12:00", "3 14:00-15:00", "3 15:00-16:00")


def three_hours(**changes: object) -> Situation:
    hall = slotted(an_offer(1, measure="SESSION"), EXCLUSIVE, 1, *HOURS, days=6)
    wanted = an_order(1, measure="SESSION", quantity=3, contiguous_minutes=180)
    return situation([replace(wanted, **changes)], [hall])


def slots_of(plan: Plan) -> list[str]:
    return [share.slot[-6:-1] for found in plan.proposals for share in found.slots]


def test_three_hours_in_a_row_are_one_run() -> None:
    plan = match(three_hours(), POLICY)
    assert slots_of(plan) == ["01:00", "02:00", "03:00"]
    # One of them is gone: the afternoon has two, which is too short for three hours.
    case = three_hours()
    (hall,) = case.offers
    gone = replace(case, offers=(replace(hall, slots=(hall.slots[0], *hall.slots[2:])),))
    (left,) = match(gone, POLICY).unmatched
    assert (left.reason, left.refused) == (Refusal.CONTIGUOUS, {Refusal.CONTIGUOUS: 1})
    (order,) = case.orders
    shorter = replace(gone, orders=(replace(order, contiguous_minutes=120),))
    assert slots_of(match(shorter, POLICY)) == ["06:00", "07:00"]


def test_a_party_has_its_lot_in_each_slot_of_a_run() -> None:
    hall = slotted(an_offer(1), EXCLUSIVE, 50, *HOURS, days=6)
    order = an_order(1, quantity=120, minimum_lot=40, contiguous_minutes=180)
    case = situation([order], [hall])
    (found,) = match(case, POLICY).proposals
    assert [share.quantity for share in found.slots] == [40, 40, 40]


def test_tampered_plans_are_rejected() -> None:
    case = three_halves()
    wider = replace(case, orders=(replace(case.orders[0], partner_limit=3),))
    with pytest.raises(PlanRejected, match="more partners"):
        check_rules(case, POLICY, match(wider, POLICY))
    asked = three_hours(contiguous_minutes=120, quantity=2)
    (order,), (hall,) = asked.orders, asked.offers
    anyhow = replace(order, contiguous_minutes=None)
    gap = replace(hall, slots=(hall.slots[0], hall.slots[2]))
    plan = match(replace(asked, orders=(anyhow,), offers=(gap,)), POLICY)
    assert slots_of(plan) == ["01:00", "03:00"]
    with pytest.raises(PlanRejected, match="a gap"):
        check_rules(asked, POLICY, plan)
    one = replace(asked, orders=(anyhow,), offers=(replace(hall, slots=hall.slots[:1]),))
    with pytest.raises(PlanRejected, match="too short"):
        check_rules(asked, POLICY, match(one, POLICY))


def test_a_run_that_is_pinned_stays_as_it_is() -> None:
    case = three_hours(quantity=5, contiguous_minutes=60)
    afternoon = tuple((slot.key, 1) for slot in case.offers[0].slots[3:])
    pinned = replace(case, pins=(Booking("order1", "offer1", 2, afternoon),))
    plan = match(pinned, POLICY)
    assert slots_of(plan) == ["06:00", "07:00"]
    assert [(left.missing, left.reason) for left in plan.unmatched] == [(3, Refusal.CONTIGUOUS)]
    verify(pinned, POLICY, plan)
    broken = (afternoon[0], (case.offers[0].slots[0].key, 1))
    (dropped,) = settled(
        replace(case, pins=(Booking("order1", "offer1", 2, broken),)), POLICY
    ).dropped
    assert dropped.refusal is Refusal.CONTIGUOUS


def test_a_run_is_kept_as_long_as_it_is_one() -> None:
    case = three_hours(quantity=2, contiguous_minutes=120)
    keys = [slot.key for slot in case.offers[0].slots]
    had = Booking("order1", "offer1", 2, ((keys[3], 1), (keys[4], 1)))
    again = match(replace(case, earlier=Earlier(bookings=(had,))), POLICY)
    assert slots_of(again) == ["06:00", "07:00"]
    apart = Booking("order1", "offer1", 2, ((keys[0], 1), (keys[4], 1)))
    moved = match(replace(case, earlier=Earlier(bookings=(apart,))), POLICY)
    assert slots_of(moved) in (["01:00", "02:00"], ["02:00", "03:00"], ["06:00", "07:00"])
    # Who has no wish for a run keeps its slot, and the run makes way as a whole.
    other = an_order(2, measure="SESSION", quantity=1)
    both = replace(case, orders=(*case.orders, other))
    kept = Booking("order2", "offer1", 1, ((keys[1], 1),))
    plan = match(replace(both, earlier=Earlier(bookings=(kept,))), POLICY)
    assert slots_of(plan) == ["06:00", "07:00", "02:00"]
    verify(both, POLICY, match(both, POLICY))


def test_a_new_limit_is_a_change_of_the_order() -> None:
    case = three_halves()
    wider = replace(case, orders=(replace(case.orders[0], partner_limit=None),))
    before = match(wider, POLICY)
    seen = seen_orders(wider)
    earlier = Earlier(bookings=bookings_of(before), orders=seen, offers=seen_offers(wider))
    later = replace(case, earlier=earlier)
    changes = changes_of(later, POLICY, match(later, POLICY))
    assert [(change.after, [cause.code for cause in change.causes]) for change in changes] == [
        (0, [CauseCode.ORDER_CHANGED])
    ]


def test_a_package_has_its_run_too() -> None:
    hall = slotted(an_offer(1, measure="SESSION"), EXCLUSIVE, 1, *HOURS, days=6)
    hall = replace(hall, slots=(hall.slots[0], *hall.slots[2:]))
    wanted = an_order(1, measure="SESSION", quantity=3, contiguous_minutes=120)
    back = an_offer(2, supplier_id="community1"), an_order(2, receiver_id="unit1")
    case = situation([wanted, back[1]], [hall, back[0]])
    found = find_pairs(case, POLICY)
    (package,) = find_packages(found, match(case, POLICY), 2).packages
    given = {each.order_id: each for each in package.proposals}
    assert [share.slot[-6:-1] for share in given["order1"].slots] == ["06:00", "07:00"]
