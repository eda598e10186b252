"""What is too large for a program is rounded: every rule kept, the gap stated and true."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.market import market
from domain.vocabulary import CapacityKind
from matching import solving
from matching.baseline import first_come_first_served
from matching.matcher import match
from matching.plans import Method, Proof
from matching.prices import PlanRejected
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


@pytest.fixture(scope="module", autouse=True)
def no_programs() -> Iterator[None]:
    patch = pytest.MonkeyPatch()
    patch.setattr(solving, "LARGEST_PROGRAM", 0)
    yield
    patch.undo()


@settings(deadline=None, max_examples=150)
@given(seed=st.integers(0, 10**9))
def test_small_plans_keep_the_rules_and_their_bound_holds(seed: int) -> None:
    case = at_random(seed, kinds=tuple(CapacityKind), lots=True)
    plan = match(case, POLICY)
    verify(case, POLICY, plan)
    assert plan.bound is not None
    assert plan.value <= best_value(case) <= plan.bound


@pytest.mark.parametrize("seed", [1, 2])
def test_a_city_with_orders_that_cannot_be_split_comes_close_to_its_bound(seed: int) -> None:
    case = market(600, seed, indivisible=0.1)
    plan = match(case, POLICY)
    verify(case, POLICY, plan)
    assert {proof.method for proof in plan.proofs} >= {Method.FLOW, Method.ROUNDING}
    assert plan.bound is not None
    assert plan.bound > plan.value > 0.99 * plan.bound
    assert plan.value > first_come_first_served(case, POLICY).value
    assert plan == match(case, POLICY)


def test_a_bound_below_what_prices_prove_is_rejected() -> None:
    orders = [an_order(number, quantity=6, minimum_lot=6) for number in (1, 2)]
    case = situation(orders, [an_offer(1, capacity=10)])
    plan = match(case, POLICY)
    assert [proof.proof for proof in plan.proofs] == [Proof.GAP]
    (proof,) = plan.proofs
    better = replace(proof, bound=proof.value, proof=Proof.DUALS)
    with pytest.raises(PlanRejected):
        verify(case, POLICY, replace(plan, proofs=(better,), bound=proof.value))
    flow = replace(proof, method=Method.FLOW)
    with pytest.raises(PlanRejected, match="a flow does not solve"):
        verify(case, POLICY, replace(plan, proofs=(flow,)))


def test_a_slot_for_one_user_goes_to_whom_it_serves_best() -> None:
    hall = slotted(an_offer(1), CapacityKind.EXCLUSIVE, 50, "3 09:00-11:00", days=6)
    orders = [an_order(1, quantity=4), an_order(2, quantity=40, minimum_lot=40)]
    plan = match(situation(orders, [hall]), POLICY)
    assert [(found.order_id, found.quantity) for found in plan.proposals] == [("order2", 40)]
