"""Quotas and diminishing returns: exact against trying everything, proven, never violated."""

import random
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from domain.measures import MEASURES, convert
from domain.vocabulary import CapacityKind, Urgency
from matching.baseline import first_come_first_served
from matching.changes import bookings_of
from matching.comparison import Practice, compare
from matching.cycles import find_packages
from matching.matcher import match
from matching.model import Diminishing, Earlier, Policy, Quota, Situation
from matching.network import network_of
from matching.pairs import find_pairs
from matching.pins import settled
from matching.plans import Counted, Method, Plan, Proof, Refusal
from matching.prices import PlanRejected, dual_bound, value_of
from matching.pricing import solve_priced
from matching.verification import check_rules, verify
from tests.unit.matching_cases import (
    EARLY,
    POLICY,
    Counting,
    an_offer,
    an_order,
    at_random,
    best_value,
    city_with_groups,
    situation,
)

TOTAL, SHARED = CapacityKind.TOTAL, CapacityKind.SHARED
seeds = st.integers(0, 10**9)
ABOVE = {"unit0": "branch", "unit1": "branch", "branch": "committee"}


def grouped(seed: int, kinds: tuple[CapacityKind, ...], *, lots: bool) -> tuple[Situation, Policy]:
    """Return a small situation, with quotas and segments that come and go."""
    chance = random.Random(seed)
    case = replace(at_random(seed, kinds=kinds, lots=lots), above=ABOVE)
    measures = sorted({offer.measure for offer in case.offers})
    quotas = tuple(
        Quota(agent_id=agent, measure=measure, most=chance.randint(0, 5))
        for agent in ("unit0", "unit1", "branch", "committee")
        for measure in measures
        if chance.random() < 0.5
    )
    diminishing = chance.choice([Diminishing(), EARLY, replace(EARLY, subdistrict=())])
    return case, replace(POLICY, quotas=quotas, diminishing=diminishing)


def chain(agent: str) -> list[str]:
    return [agent, *(chain(ABOVE[agent]) if agent in ABOVE else [])]


def counting(case: Situation, policy: Policy) -> Counting:
    """Return what says how much a plan counts more, None where it exceeds a quota."""
    paired = {case.orders[number].id for number in suited(case, policy)}
    return lambda amounts: counted(case, policy, paired, amounts)


def counted(
    case: Situation,
    policy: Policy,
    paired: set[str],
    amounts: Mapping[tuple[str, str], int],
) -> int | None:
    """Return what a plan counts more, None where it exceeds a quota: counted unit by unit."""
    orders = {order.id: order for order in case.orders}
    offers = {offer.id: offer for offer in case.offers}
    used: dict[tuple[str, str], int] = defaultdict(int)
    for (order, offer), amount in amounts.items():
        for agent in chain(offers[offer].supplier_id):
            given = convert(amount, orders[order].measure, offers[offer].measure)
            assert given is not None
            used[agent, offers[offer].measure] += given
    if any(used[quota.agent_id, quota.measure] > quota.most for quota in policy.quotas):
        return None
    value = 0
    for segments, around in (
        (policy.diminishing.community, 0),
        (policy.diminishing.subdistrict, 1),
    ):
        wanted: dict[tuple[str, str], int] = defaultdict(int)
        got: dict[tuple[str, str], int] = defaultdict(int)
        for order in case.orders:
            parts = order.area_path.strip("/").split("/")
            key = "/".join(parts[: max(1, len(parts) - around)]), order.measure
            wanted[key] += order.quantity if order.id in paired else 0
            got[key] += sum(amount for pair, amount in amounts.items() if pair[0] == order.id)
        for key, amount in got.items():
            for unit in range(1, amount + 1):
                until = 0
                for segment in segments:
                    until += segment.share
                    if unit <= wanted[key] * until // 1000:
                        value += round(10**6 * segment.bonus / MEASURES[key[1]].scale)
                        break
    return value


def suited(case: Situation, policy: Policy) -> list[int]:
    found = find_pairs(case, policy)
    ids = {found.columns.orders[number].id for number in np.unique(found.orders).tolist()}
    return [number for number, order in enumerate(case.orders) if order.id in ids]


@settings(deadline=None, max_examples=150)
@given(seed=seeds)
def test_groups_in_a_flow_are_as_good_as_trying_everything(seed: int) -> None:
    case, policy = grouped(seed, (TOTAL, SHARED), lots=False)
    plan = match(case, policy)
    verify(case, policy, plan)
    assert plan.value == best_value(case, policy, counting(case, policy))
    assert plan.proven


@settings(deadline=None, max_examples=150)
@given(seed=seeds)
def test_groups_with_lots_are_as_good_as_trying_everything(seed: int) -> None:
    case, policy = grouped(seed, tuple(CapacityKind), lots=True)
    plan = match(case, policy)
    verify(case, policy, plan)
    assert plan.value == best_value(case, policy, counting(case, policy))
    assert plan.proven


@settings(deadline=None, max_examples=80)
@given(seed=seeds)
def test_the_order_of_the_input_does_not_matter_to_groups(seed: int) -> None:
    case, policy = grouped(seed, tuple(CapacityKind), lots=True)
    chance = random.Random(seed)
    orders, offers, quotas = list(case.orders), list(case.offers), list(policy.quotas)
    for items in (orders, offers, quotas):
        chance.shuffle(items)
    shuffled = replace(case, orders=tuple(orders), offers=tuple(offers))
    assert match(shuffled, replace(policy, quotas=tuple(quotas))) == match(case, policy)


@settings(deadline=None, max_examples=60)
@given(seed=seeds, floor=st.sampled_from([0.0, 0.1]))
@example(seed=160, floor=0.0)
def test_pins_practices_and_floors_keep_the_quotas(seed: int, floor: float) -> None:
    case, policy = grouped(seed, tuple(CapacityKind), lots=True)
    policy = replace(policy, floor_cost=floor)
    pins = bookings_of(match(case, POLICY))
    pinned = replace(case, pins=pins, earlier=Earlier(bookings=pins))
    plan = match(pinned, policy)
    verify(pinned, policy, plan)
    practice = first_come_first_served(case, policy)
    check_rules(case, policy, practice)
    assert practice.value <= match(case, replace(policy, floor_cost=0.0)).value


def quoted(most: int, **more: int) -> Policy:
    quotas = (Quota(agent_id="branch", measure="PERSON", most=most),)
    units = (Quota(agent_id=unit, measure="PERSON", most=some) for unit, some in more.items())
    return replace(POLICY, quotas=(*quotas, *units))


def test_a_quota_that_stood_in_the_way_is_told_and_names_who_had_it() -> None:
    urgent = an_order(1, urgency=Urgency.CRITICAL)
    offers = [an_offer(0), an_offer(1), an_offer(2, supplier_id="stranger", capacity=3)]
    case = replace(situation([urgent, an_order(2)], offers), above=ABOVE)
    plan = match(case, quoted(12, unit0=5))
    verify(case, quoted(12, unit0=5), plan)
    got = {(each.order_id, each.offer_id): each.quantity for each in plan.proposals}
    assert sum(got.values()) == 15
    assert sum(amount for (_, offer), amount in got.items() if offer == "offer0") <= 5
    (missing,) = plan.unmatched
    assert (missing.order_id, missing.missing, missing.reason) == ("order2", 5, Refusal.QUOTA)
    assert missing.rivals == ("order1",)
    assert [proof.method for proof in plan.proofs] == [Method.FLOW]
    # What does not suffice without a quota is not put down to one.
    (missing,) = match(case, quoted(100)).unmatched or (None,)
    assert missing is None


def test_a_pin_beyond_the_quota_is_dropped() -> None:
    case = replace(situation([an_order(1)], [an_offer(1)]), above=ABOVE)
    pins = bookings_of(match(case, POLICY))
    plan = match(replace(case, pins=pins), quoted(4))
    assert [(each.quantity, each.pinned) for each in plan.proposals] == [(4, 0)]
    dropped = settled(replace(case, pins=pins), quoted(4)).dropped
    assert [each.refusal for each in dropped] == [Refusal.QUOTA]


def test_each_community_gets_its_first_share_before_another_gets_all() -> None:
    orders = [
        an_order(1, area_path="/city/one/a/", urgency=Urgency.HIGH),
        an_order(2, area_path="/city/two/b/", urgency=Urgency.NORMAL),
    ]
    case = situation(orders, [an_offer(1, area_path="/city/")])
    assert [each.order_id for each in match(case, POLICY).proposals] == ["order1"]
    policy = replace(POLICY, diminishing=Diminishing(community=EARLY.community[:1]))
    plan = match(case, policy)
    verify(case, policy, plan)
    assert {each.order_id: each.quantity for each in plan.proposals} == {"order1": 7, "order2": 3}
    assert plan.counted.early == 6 * 800_000
    assert plan.value == plan.counted.worth + plan.counted.early == plan.bound


def test_a_city_with_quotas_is_proven_by_prices_and_repaired_to_the_same_value() -> None:
    case, policy = city_with_groups(300, 3)
    plan = match(case, policy)
    verify(case, policy, plan)
    assert {proof.proof for proof in plan.proofs} == {Proof.DUALS}
    assert Refusal.QUOTA in {missing.reason for missing in plan.unmatched}
    assert plan.counted.worth < match(case, POLICY).counted.worth
    fewer = replace(case, orders=case.orders[5:], earlier=Earlier(bookings=bookings_of(plan)))
    for keep in (0.0, 0.1):
        again = match(fewer, replace(policy, keep=keep))
        verify(fewer, replace(policy, keep=keep), again)
        if not keep:
            cold = match(replace(fewer, earlier=None), policy)
            assert again.value == cold.value


def test_a_city_with_quotas_and_lots_keeps_both() -> None:
    case, policy = city_with_groups(300, 4, indivisible=0.1)
    plan = match(case, policy)
    verify(case, policy, plan)
    assert Method.ROUNDING in {proof.method for proof in plan.proofs}
    assert plan.bound is not None
    assert plan.value >= 0.95 * plan.bound
    outcomes = {each.practice: each for each in compare(case, policy)}
    assert outcomes[Practice.BEST].reached.value >= outcomes[Practice.FIRST_COME].reached.value


def tampered(plan: Plan) -> list[Plan]:
    first, *others = plan.proposals
    less = replace(first, quantity=first.quantity - 1, offer_quantity=first.offer_quantity - 1)
    counted = plan.counted
    flattered = Counted(counted.worth, counted.kept, counted.fair, counted.early + 1)
    return [
        replace(plan, proposals=(less, *others)),
        replace(plan, proposals=tuple(others)),
        replace(plan, counted=flattered),
        replace(plan, counted=Counted(plan.value)),
    ]


@pytest.mark.parametrize("number", range(4))
def test_a_tampered_plan_with_groups_is_rejected(number: int) -> None:
    case, policy = city_with_groups(300, 5)
    plan = match(case, policy)
    with pytest.raises(PlanRejected):
        verify(case, policy, tampered(plan)[number])


def test_a_plan_beyond_a_quota_and_one_for_other_quotas_are_rejected() -> None:
    case = replace(situation([an_order(1)], [an_offer(1)]), above=ABOVE)
    whole = match(case, POLICY)
    with pytest.raises(PlanRejected, match="quota"):
        verify(case, quoted(9), whole)
    less = match(case, quoted(9))
    with pytest.raises(PlanRejected):
        verify(case, POLICY, less)


def test_prices_of_groups_that_are_wrong_prove_nothing() -> None:
    case, policy = city_with_groups(300, 6)
    network = network_of(find_pairs(case, policy))
    plan = solve_priced(network)
    arcs = network.arcs(np.arange(len(network.found)))
    sizes = network.quantity, network.capacity, network.groups
    assert network.groups is not None
    assert plan.value == plan.bound == dual_bound(arcs, plan.prices, *sizes)
    assert plan.value == value_of(plan.arcs, plan.carried, network.groups)
    cheaper = plan.prices._replace(bins=plan.prices.bins - 1)
    with pytest.raises(PlanRejected):
        dual_bound(arcs, cheaper, *sizes)
    unpriced = plan.prices._replace(groups=plan.prices.groups * 0)
    with pytest.raises(PlanRejected):
        dual_bound(arcs, unpriced, *sizes)


def test_a_package_takes_no_more_of_an_agent_than_its_quota() -> None:
    orders = [an_order(1, receiver_id="unit1"), an_order(2, receiver_id="unit2")]
    offers = [an_offer(1), an_offer(2)]
    case = situation(orders, offers)
    for most, taken in ((10, [10, 10]), (4, [4, 10]), (0, [])):
        quota = Quota(agent_id="unit1", measure="PERSON", most=most)
        policy = replace(POLICY, quotas=(quota,))
        found = find_pairs(case, policy)
        packages = find_packages(found, match(case, policy), 2).packages
        assert [each.quantity for one in packages for each in one.proposals] == taken
