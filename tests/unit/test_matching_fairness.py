"""The floor lifts the worst-served community, never lowers it, and costs what is stated."""

from dataclasses import replace
from itertools import product

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.market import market
from domain.vocabulary import CapacityKind, Urgency
from matching.columns import Integers
from matching.fairness import Fair, with_floor
from matching.matcher import match, plan_of_solved
from matching.model import Policy, Situation
from matching.pairs import find_pairs
from matching.solving import Solved, solve
from matching.verification import verify
from tests.unit.matching_cases import POLICY, an_offer, an_order, at_random, situation


def fair(case: Situation, most_cost: float) -> tuple[Solved, Fair]:
    solved = solve(find_pairs(case, POLICY))
    return solved, with_floor(solved.network, solved.flow, most_cost)


NEAR, FAR = "/city/district/street/near/", "/city/elsewhere/street/far/"


def rivals() -> Situation:
    """A community that is near to the only offer, and one that is not."""
    urgencies = [*Urgency, *Urgency]
    return situation(
        [
            an_order(number, quantity=10, area_path=NEAR if number < 4 else FAR, urgency=urgency)
            for number, urgency in enumerate(urgencies)
        ],
        [an_offer(1, capacity=30)],
    )


def test_a_weak_community_gets_its_share_where_the_cost_allows() -> None:
    _, found = fair(rivals(), 0.2)
    assert found.figures.floor_after > found.figures.floor_before
    assert set(found.figures.premiums) == {FAR}
    assert 0 < found.figures.cost <= 0.2
    assert found.figures.worth_after == found.figures.worth_before - round(
        found.figures.cost * found.figures.worth_before
    )


def test_without_anything_to_spend_the_best_plan_stays() -> None:
    _, found = fair(rivals(), 0.0)
    assert (found.figures.cost, found.figures.premiums) == (0.0, {})
    assert found.figures.before == found.figures.after


@settings(deadline=None, max_examples=60)
@given(seed=st.integers(0, 10**9), most_cost=st.sampled_from([0.0, 0.01, 0.1, 1.0]))
def test_the_floor_never_lowers_the_worst_community(seed: int, most_cost: float) -> None:
    kinds = (CapacityKind.TOTAL, CapacityKind.SHARED)
    case = at_random(seed, kinds=kinds, lots=False)
    _, found = fair(case, most_cost)
    assert found.figures.floor_after >= found.figures.floor_before
    assert 0.0 <= found.figures.cost <= most_cost
    assert found.solution.value == found.solution.bound
    policy = replace(POLICY, floor_cost=most_cost)
    plan = match(case, policy)
    verify(case, policy, plan)
    assert plan.counted.worth == found.figures.worth_after
    if most_cost:
        assert plan.fairness is not None
        assert plan.fairness.floor_after == found.figures.floor_after


@settings(deadline=None, max_examples=60)
@given(seed=st.integers(0, 10**9), most_cost=st.sampled_from([0.01, 0.1, 1.0]))
def test_lots_and_exclusive_slots_keep_the_floor_too(seed: int, most_cost: float) -> None:
    case = at_random(seed, kinds=tuple(CapacityKind), lots=True)
    policy: Policy = replace(POLICY, floor_cost=most_cost)
    plan, best = match(case, policy), match(case, POLICY)
    verify(case, policy, plan)
    assert plan.fairness is not None
    assert plan.fairness.floor_after >= plan.fairness.floor_before
    assert plan.fairness.worth_before == best.value
    assert plan.counted.worth == plan.fairness.worth_after
    assert plan.counted.worth >= best.value * (1 - most_cost) - 1


def test_a_city_with_lots_keeps_the_rules_and_gains_a_floor() -> None:
    case = market(600, 3, indivisible=0.02)
    policy = replace(POLICY, floor_cost=0.02)
    plan = plan_of_solved(case, solve(find_pairs(case, policy)))
    assert plan.fairness is not None
    assert plan.fairness.floor_after > plan.fairness.floor_before
    assert plan.fairness.cost <= 0.02
    verify(case, policy, plan)


def test_premiums_prove_that_nothing_as_fair_is_worth_more() -> None:
    solved, found = fair(rivals(), 0.2)
    network = solved.network
    arcs = network.arcs(np.arange(len(network.found)))
    far = np.array([order.area_path == FAR for order in network.found.columns.orders])

    def weighed(amounts: Integers) -> int:
        return int((amounts * arcs.worths)[far[arcs.orders]].sum())

    got = np.zeros(len(network.quantity), dtype=np.int64)
    np.add.at(got, found.solution.arcs.orders, found.solution.carried)
    served = weighed(got)
    plans = (np.array(plan) * 10 for plan in product((0, 1), repeat=8) if sum(plan) == 3)
    as_fair = [plan for plan in plans if weighed(plan) >= served]
    assert found.figures.worth_after == max(int(plan @ arcs.worths) for plan in as_fair)
