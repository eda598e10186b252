"""The plan is the best there is: against trying everything, by certificate, in any order."""

import random
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.errors import MatchingError
from domain.vocabulary import CapacityKind, Urgency
from matching.baseline import first_come_first_served
from matching.columns import Integers
from matching.matcher import match
from matching.model import Policy, Situation
from matching.network import Arcs, Network, network_of
from matching.pairs import find_pairs
from matching.plans import Counted, Method, Plan, Proof, Proposal, Refusal, Unmatched
from matching.prices import PlanRejected, dual_bound, prices_of
from matching.verification import check_rules, verify
from tests.unit.matching_cases import (
    NOW,
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


@settings(deadline=None, max_examples=150)
@given(seed=seeds)
def test_a_flow_is_as_good_as_trying_everything(seed: int) -> None:
    case = at_random(seed, kinds=(TOTAL, SHARED), lots=False)
    plan = match(case, POLICY)
    assert plan.value == best_value(case)
    assert plan.proven
    verify(case, POLICY, plan)


@settings(deadline=None, max_examples=150)
@given(seed=seeds)
def test_lots_and_exclusive_slots_are_as_good_as_trying_everything(seed: int) -> None:
    case = at_random(seed, kinds=(TOTAL, SHARED, EXCLUSIVE), lots=True)
    plan = match(case, POLICY)
    assert plan.value == best_value(case)
    assert plan.proven
    verify(case, POLICY, plan)


@settings(deadline=None, max_examples=80)
@given(seed=seeds)
def test_the_order_of_the_input_does_not_matter(seed: int) -> None:
    case = at_random(seed, kinds=(TOTAL, SHARED, EXCLUSIVE), lots=True)
    chance = random.Random(seed)
    orders, offers = list(case.orders), list(case.offers)
    chance.shuffle(orders)
    chance.shuffle(offers)
    offers = [replace(offer, slots=offer.slots[::-1]) for offer in offers]
    shuffled = replace(case, orders=tuple(orders), offers=tuple(offers))
    assert match(shuffled, POLICY) == match(case, POLICY)


@settings(deadline=None, max_examples=80)
@given(seed=seeds)
def test_first_come_first_served_keeps_the_rules_and_is_never_better(seed: int) -> None:
    case = at_random(seed, kinds=(TOTAL, SHARED, EXCLUSIVE), lots=True)
    best, practice = match(case, POLICY), first_come_first_served(case, POLICY)
    assert practice.value <= best.value
    check_rules(case, POLICY, practice)


@settings(deadline=None, max_examples=60)
@given(seed=seeds)
def test_every_missing_quantity_says_why(seed: int) -> None:
    case = at_random(seed, kinds=(TOTAL, SHARED, EXCLUSIVE), lots=True)
    plan = match(case, POLICY)
    said = {unmatched.order_id: unmatched for unmatched in plan.unmatched}
    for order in case.orders:
        got = sum(found.quantity for found in plan.proposals if found.order_id == order.id)
        assert (got < order.quantity) == (order.id in said)
        if order.id in said:
            assert said[order.id].missing == order.quantity - got


def larger(orders: int, offers: int, seed: int, **changes: object) -> Situation:
    chance = random.Random(seed)
    return situation(
        [
            an_order(
                number,
                quantity=chance.randint(1, 60) * 10,
                urgency=chance.choice(list(Urgency)),
                area_path=f"/city/{chance.randint(1, 5)}/{chance.randint(1, 4)}/",
                **changes,
            )
            for number in range(orders)
        ],
        [
            an_offer(
                number,
                capacity=chance.randint(1, 60) * 10,
                area_path=f"/city/{chance.randint(1, 5)}/{chance.randint(1, 4)}/",
            )
            for number in range(offers)
        ],
    )


def test_a_larger_instance_is_proven_by_prices_and_beats_first_come_first_served() -> None:
    case = larger(80, 60, seed=1)
    plan = match(case, POLICY)
    assert [proof.method for proof in plan.proofs] == [Method.FLOW]
    assert [proof.proof for proof in plan.proofs] == [Proof.DUALS]
    assert plan.bound == plan.value > first_come_first_served(case, POLICY).value
    verify(case, POLICY, plan)


def test_large_lots_are_solved_and_their_bound_is_never_below_the_value() -> None:
    case = larger(20, 15, seed=2, minimum_lot=200)
    plan = match(case, replace(POLICY, effort=0.5))
    assert plan.bound is not None
    assert plan.value <= plan.bound
    assert plan.value >= first_come_first_served(case, POLICY).value
    verify(case, POLICY, plan)


def test_without_effort_there_is_a_plan_that_claims_no_proof() -> None:
    case = larger(20, 15, seed=2, minimum_lot=200)
    plan = match(case, replace(POLICY, effort=0.0))
    assert plan.proofs[0].proof is Proof.GAP
    assert not plan.proven
    verify(case, POLICY, plan)


def test_slots_that_lots_do_not_fill_are_dealt_out_one_by_one() -> None:
    hall = slotted(an_offer(1), SHARED, 10, "3 09:00-11:00", "4 09:00-11:00", days=5)
    orders = [an_order(number, quantity=6, minimum_lot=6) for number in (1, 2, 3)]
    case = situation(orders, [hall])
    plan = match(case, POLICY)
    # Eighteen persons would fit into twenty places, but only one party of six into ten.
    assert [found.quantity for found in plan.proposals] == [6, 6]
    assert plan.proven
    assert [proof.proof for proof in plan.proofs] == [Proof.SOLVER]
    verify(case, POLICY, plan)


def tampered(plan: Plan) -> list[tuple[str, Plan]]:
    first, *others = plan.proposals
    proof, *more_proofs = plan.proofs
    less = replace(first, quantity=first.quantity - 1, offer_quantity=first.offer_quantity - 1)
    more = replace(first, quantity=first.quantity + 1, offer_quantity=first.offer_quantity + 1)
    foreign = replace(first, offer_id="nowhere")
    flattered = replace(first, score=first.score + 0.01)

    def with_first(changed: Proposal) -> Plan:
        return replace(plan, proposals=(changed, *others))

    better = replace(proof, value=proof.value + 1, bound=proof.bound + 1)
    loose = replace(proof, bound=proof.bound + 1)
    return [
        ("less", with_first(less)),
        ("more", with_first(more)),
        ("foreign", with_first(foreign)),
        ("flattered", with_first(flattered)),
        ("dropped", replace(plan, proposals=tuple(others))),
        ("doubled", replace(plan, proposals=(first, *plan.proposals))),
        ("other value", replace(plan, counted=Counted(plan.counted.worth + 1, 0))),
        ("better", replace(plan, proofs=(better, *more_proofs), counted=Counted(plan.value + 1))),
        ("loose", replace(plan, proofs=(loose, *more_proofs))),
        ("no proof", replace(plan, proofs=())),
        ("nothing missing", replace(plan, unmatched=())),
        ("other measure", with_first(replace(first, measure="SESSION"))),
    ]


@pytest.mark.parametrize("name", [name for name, _ in tampered(match(larger(8, 6, 3), POLICY))])
def test_a_tampered_plan_is_rejected(name: str) -> None:
    case = larger(8, 6, seed=3)
    plan = match(case, POLICY)
    verify(case, POLICY, plan)
    with pytest.raises(PlanRejected):
        verify(case, POLICY, dict(tampered(plan))[name])


def instance(case: Situation) -> tuple[Network, Arcs]:
    network = network_of(find_pairs(case, POLICY))
    return network, network.arcs(np.arange(len(network.found)))


def test_a_worse_plan_has_no_prices() -> None:
    case = situation(
        [an_order(1, quantity=5)], [an_offer(1, area_path="/city/district/community/"), an_offer(2)]
    )
    network, arcs = instance(case)
    plan = match(case, POLICY)
    assert [proposal.offer_id for proposal in plan.proposals] == ["offer1"]
    with pytest.raises(PlanRejected, match="a better plan exists"):
        prices_of(arcs, as_integers([0, 5]), network.quantity, network.capacity)


def as_integers(values: list[int]) -> Integers:
    return np.array(values, dtype=np.int64)


def test_more_than_there_is_has_no_prices() -> None:
    network, arcs = instance(situation([an_order(1)], [an_offer(1, capacity=4)]))
    for carried in (5, -1):
        with pytest.raises(PlanRejected, match="more is carried"):
            prices_of(arcs, as_integers([carried]), network.quantity, network.capacity)


def test_prices_that_do_not_cover_an_arc_are_no_proof() -> None:
    network, arcs = instance(situation([an_order(1)], [an_offer(1, capacity=4)]))
    prices = prices_of(arcs, as_integers([4]), network.quantity, network.capacity)
    bound = dual_bound(arcs, prices, network.quantity, network.capacity)
    assert bound == 4 * arcs.worths[0]
    with pytest.raises(PlanRejected, match="do not cover"):
        dual_bound(arcs, prices._replace(bins=prices.bins * 0), network.quantity, network.capacity)
    lower = prices._replace(bins=prices.bins * -1)
    with pytest.raises(PlanRejected, match="below zero"):
        dual_bound(arcs, lower, network.quantity, network.capacity)


def test_urgency_wins_what_is_scarce() -> None:
    calm, urgent = an_order(1), an_order(2, urgency=Urgency.CRITICAL)
    plan = match(situation([calm, urgent], [an_offer(1)]), POLICY)
    assert [(found.order_id, found.quantity) for found in plan.proposals] == [("order2", 10)]
    assert plan.unmatched == (
        Unmatched(
            order_id="order1",
            missing=10,
            reason=Refusal.USED_BY_OTHERS,
            refused={},
            rivals=("order2",),
        ),
    )


def test_only_a_combination_meets_a_large_order() -> None:
    plan = match(situation([an_order(1, quantity=25)], [an_offer(n) for n in (1, 2, 3)]), POLICY)
    assert sum(found.quantity for found in plan.proposals) == 25
    assert len(plan.proposals) == 3
    assert plan.unmatched == ()


def test_money_and_seats_are_whole_whatever_their_size() -> None:
    orders = [an_order(n, measure="CNY", quantity=n * 10**10 + 7) for n in (1, 2, 3)]
    offers = [an_offer(n, measure="CNY", capacity=n * 10**10 + 1) for n in (1, 2)]
    case = situation(orders, offers)
    plan = match(case, POLICY)
    assert sum(found.quantity for found in plan.proposals) == 3 * 10**10 + 2
    assert plan.proven
    verify(case, POLICY, plan)


def test_sums_beyond_53_bits_are_refused() -> None:
    orders = [an_order(n, quantity=10**12) for n in range(3)]
    with pytest.raises(MatchingError):
        match(situation(orders, [an_offer(1, capacity=10**12)]), POLICY)


def test_one_absurd_order_hinders_no_other() -> None:
    orders = [an_order(1, quantity=10**12), an_order(2, urgency=Urgency.CRITICAL)]
    case = situation(orders, [an_offer(1, capacity=30)])
    plan = match(case, POLICY)
    assert {found.order_id: found.quantity for found in plan.proposals} == {
        "order1": 20,
        "order2": 10,
    }
    verify(case, POLICY, plan)


def test_an_id_that_occurs_twice_is_refused() -> None:
    with pytest.raises(MatchingError):
        match(situation([an_order(1), an_order(1)], []), POLICY)


def test_progress_is_told_from_nothing_to_all() -> None:
    told: list[tuple[str, int, int]] = []
    match(larger(8, 6, seed=4), POLICY, lambda *step: told.append(step))
    assert told[0] == ("PAIRS", 0, 8)
    assert ("PAIRS", 8, 8) in told
    assert told[-1] == ("SOLVE", 1, 1)


def test_an_exclusive_slot_is_taken_whole_by_the_larger_need() -> None:
    hall = slotted(an_offer(1), EXCLUSIVE, 50, "3 09:00-11:00", days=6)
    orders = [an_order(1, quantity=30, minimum_lot=30), an_order(2, quantity=40, minimum_lot=40)]
    plan = match(situation(orders, [hall]), POLICY)
    assert [(found.order_id, found.quantity) for found in plan.proposals] == [("order2", 40)]
    assert [(share.slot, share.quantity) for share in plan.proposals[0].slots] == [
        ("2026-05-06T01:00Z", 40)
    ]


def test_a_party_that_is_too_large_for_the_hall_is_told_so() -> None:
    hall = slotted(an_offer(1), EXCLUSIVE, 50, "3 09:00-11:00")
    plan = match(situation([an_order(1, quantity=80, minimum_lot=80)], [hall]), POLICY)
    assert [(found.reason, found.refused) for found in plan.unmatched] == [
        (Refusal.LOT, {Refusal.LOT: 1})
    ]


def test_four_sessions_from_one_supplier_are_four_slots_in_one_proposal() -> None:
    lawyer = slotted(an_offer(1, measure="SESSION"), EXCLUSIVE, 1, "3 09:00-11:00", days=40)
    order = an_order(1, measure="SESSION", quantity=4, minimum_lot=4)
    plan = match(situation([order], [lawyer]), POLICY)
    assert [share.quantity for share in plan.proposals[0].slots] == [1, 1, 1, 1]
    assert plan.proven


def test_dozens_meet_pieces_by_the_exact_rule() -> None:
    order = an_order(1, measure="PIECE", quantity=30)
    case = situation([order], [an_offer(1, measure="DOZEN", capacity=5)])
    plan = match(case, POLICY)
    assert [(found.quantity, found.offer_quantity) for found in plan.proposals] == [(24, 2)]
    assert [found.missing for found in plan.unmatched] == [6]
    verify(case, POLICY, plan)


def test_the_default_policy_adds_up() -> None:
    assert sum(Policy().weights.values()) == pytest.approx(1.0)
    assert NOW.isoweekday() == 1
