"""A changed plan is repaired, as good as one made anew; new orders are ranked by prices."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.market import market
from domain.vocabulary import CapacityKind, Urgency
from matching.network import Network, network_of
from matching.pairs import find_pairs
from matching.plans import Refusal
from matching.prices import dual_bound, exact_sum, prices_of, shortfalls
from matching.pricing import proven_prices, repaired, solve_priced
from matching.ranking import Forced, best_offers, forced, offer_prices
from matching.solving import solve
from tests.unit.matching_cases import POLICY, an_offer, an_order, at_random, situation, slotted


def changed(network: Network, seed: int, share: float) -> Network:
    """Change so many orders and bins: some are gone, some grow, some shrink."""
    chance = np.random.default_rng(seed)
    quantity, capacity = network.quantity.copy(), network.capacity.copy()
    for amounts in (quantity, capacity):
        some = np.flatnonzero(chance.random(len(amounts)) < share)
        amounts[some] = chance.integers(0, 2 * amounts[some] + 1)
    return replace(network, quantity=quantity, capacity=capacity)


@settings(deadline=None, max_examples=100)
@given(seed=st.integers(0, 10**9))
def test_a_repaired_plan_is_as_good_as_one_made_anew(seed: int) -> None:
    kinds = (CapacityKind.TOTAL, CapacityKind.SHARED)
    network = network_of(find_pairs(at_random(seed, kinds=kinds, lots=False), POLICY))
    after = changed(network, seed, 0.7)
    plan = repaired(after, solve_priced(network))
    assert plan.value == plan.bound == solve_priced(after).value


@pytest.mark.parametrize("seed", range(3))
def test_a_city_in_which_orders_and_offers_change(seed: int) -> None:
    network = network_of(find_pairs(market(400, seed), POLICY))
    before = solve_priced(network)
    assert before.value == before.bound
    assert repaired(network, before).value == before.value
    after = changed(network, seed, 0.03)
    plan = repaired(after, before)
    assert plan.value == plan.bound == solve_priced(after).value
    shortfalls(plan.arcs, plan.carried, after.quantity, after.capacity)
    prices = proven_prices(after, plan.arcs, plan.carried)
    arcs = after.arcs(np.arange(len(after.found)))
    assert dual_bound(arcs, prices, after.quantity, after.capacity) == plan.value


def test_prices_of_all_pairs_at_once_say_the_same() -> None:
    network = network_of(find_pairs(market(300, 9), POLICY))
    plan = solve_priced(network)
    arcs = network.arcs(np.arange(len(network.found)))
    place = {key: number for number, key in enumerate(zip(arcs.pairs, arcs.bins, strict=True))}
    carried = np.zeros(len(arcs), dtype=np.int64)
    for pair, number, amount in zip(plan.arcs.pairs, plan.arcs.bins, plan.carried, strict=True):
        carried[place[pair, number]] = amount
    prices = prices_of(arcs, carried, network.quantity, network.capacity)
    assert dual_bound(arcs, prices, network.quantity, network.capacity) == plan.value
    assert exact_sum(arcs.worths, carried) == plan.value


def test_a_new_order_is_offered_first_what_nobody_else_needs() -> None:
    near = an_offer(1, area_path="/city/district/community/")
    other = an_offer(2, area_path="/city/elsewhere/")
    case = situation([an_order(1, quantity=10)], [near, other])
    prices = offer_prices(solve(find_pairs(case, POLICY)))
    fresh = an_order(7, quantity=5)
    ranked = best_offers(fresh, case, POLICY, prices)
    assert {one.offer_id for one in ranked} == {"offer1", "offer2"}
    assert [one.gain for one in ranked] == sorted((one.gain for one in ranked), reverse=True)
    assert best_offers(fresh, case, POLICY, {})[0].offer_id == "offer1"
    scarce = situation([an_order(1, quantity=12), an_order(2, quantity=12)], [near, other])
    prices = offer_prices(solve(find_pairs(scarce, POLICY)))
    assert prices["offer1"][""] > prices["offer2"][""] > 0
    assert len(best_offers(fresh, scarce, POLICY, prices, most=1)) == 1


def test_slots_have_prices_of_their_own() -> None:
    hall = slotted(an_offer(1), CapacityKind.SHARED, 10, "3 09:00-11:00", "5 09:00-11:00", days=5)
    order = an_order(1, quantity=30)
    case = situation([order], [hall])
    prices = offer_prices(solve(find_pairs(case, POLICY)))
    assert set(prices["offer1"]) == {slot.key for slot in hall.slots}
    (ranked,) = best_offers(order, case, POLICY, prices)
    assert ranked.price == min(prices["offer1"].values())
    (free,) = best_offers(order, case, POLICY, {"offer1": {hall.slots[0].key: 5}})
    assert free.price == 0


def test_why_and_why_not_of_any_pair() -> None:
    orders = [an_order(1), an_order(2, urgency=Urgency.CRITICAL), an_order(3, category="/parking/")]
    offers = [an_offer(1), an_offer(2, serves=("/elsewhere/",))]
    solved = solve(find_pairs(situation(orders, offers), POLICY))
    used, unused = forced(solved, "order2", "offer1"), forced(solved, "order1", "offer1")
    assert isinstance(used, Forced)
    assert isinstance(unused, Forced)
    assert (used.loss, used.taken, used.users) == (0, 10, ())
    assert (unused.taken, unused.users) == (0, ("order2",))
    assert 0 < unused.loss <= used.worth - unused.worth
    assert forced(solved, "order1", "offer2") is Refusal.REACH
    assert forced(solved, "order3", "offer1") is Refusal.CATEGORY
    with pytest.raises(KeyError):
        forced(solved, "nobody", "offer1")
