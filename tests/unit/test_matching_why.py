"""Between runs: why and why not of any pair, the best offers at once, what other plans reach."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.market import market
from domain.language import Language
from domain.vocabulary import CapacityKind, Urgency
from matching.baseline import first_come_first_served, greedy_shares
from matching.changes import bookings_of
from matching.comparison import Practice, compare
from matching.explain import why_sentence
from matching.help import who_could_help
from matching.matcher import match, plan_of, plan_of_solved
from matching.pairs import find_pairs
from matching.plans import Refusal
from matching.ranking import Forced, forced, offer_prices
from matching.solving import solve
from matching.verification import check_rules
from matching.why import why
from tests.unit.matching_cases import (
    NOW,
    POLICY,
    an_offer,
    an_order,
    at_random,
    best_value,
    situation,
)


@settings(deadline=None, max_examples=60)
@given(seed=st.integers(0, 10**9))
def test_what_forcing_a_unit_loses_is_what_a_plan_with_it_loses(seed: int) -> None:
    kinds = (CapacityKind.TOTAL,)
    case = at_random(seed, kinds=kinds, lots=False)
    solved = solve(find_pairs(case, POLICY))
    plan = plan_of_solved(case, solved)
    prices, bookings = offer_prices(solved), bookings_of(plan)
    for order in case.orders:
        for offer in case.offers:
            found = why(case, POLICY, (order.id, offer.id), prices, bookings)
            known = forced(solved, order.id, offer.id)
            if not isinstance(known, Forced):
                assert (found.refusal, found.loss, found.taken) == (known, None, 0)
                continue
            assert (found.worth, found.parts) == (known.worth, known.parts)
            assert (found.taken, found.users) == (known.taken, known.users)
            assert found.loss is not None
            if order.measure == offer.measure and found.loss:
                # With one unit forced, the best of the rest and that unit are worth no more.
                rest = replace(
                    case,
                    orders=tuple(
                        replace(each, quantity=each.quantity - (each.id == order.id))
                        for each in case.orders
                    ),
                    offers=tuple(
                        replace(each, capacity=(each.capacity or 0) - (each.id == offer.id))
                        for each in case.offers
                    ),
                )
                assert best_value(rest) + found.worth <= plan.value - found.loss


def test_why_is_said_in_both_languages() -> None:
    orders = [an_order(1), an_order(2, urgency=Urgency.CRITICAL)]
    offers = [an_offer(1), an_offer(2, serves=("/elsewhere/",))]
    case = situation(orders, offers)
    solved = solve(find_pairs(case, POLICY))
    bookings = bookings_of(plan_of_solved(case, solved))
    prices = offer_prices(solved)
    lost = why(case, POLICY, ("order1", "offer1"), prices, bookings)
    assert lost.loss
    assert lost.users == ("order2",)
    assert "1 个订单" in why_sentence(lost, Language.ZH)
    has = why(case, POLICY, ("order2", "offer1"), prices, bookings)
    assert (has.loss, has.taken) == (0, 10)
    refused = why(case, POLICY, ("order1", "offer2"), prices, bookings)
    assert refused.refusal is Refusal.REACH
    assert "reach" in why_sentence(refused, Language.EN)
    before = why(case, POLICY, ("order1", "offer1"), None, ())
    assert (before.loss, before.price) == (None, None)
    said = {
        why_sentence(found, each) for found in (lost, has, refused, before) for each in Language
    }
    assert len(said) == 8
    with pytest.raises(KeyError):
        why(case, POLICY, ("order1", "nothing"), prices, bookings)


def test_offers_that_others_need_come_later() -> None:
    near = an_offer(1, area_path="/city/district/community/")
    far = an_offer(2, area_path="/city/elsewhere/")
    case = situation([an_order(1, quantity=10, urgency=Urgency.CRITICAL)], [near, far])
    prices = {"offer1": {"": 2_000_000}}
    fresh = an_order(7, quantity=5)
    by_score = who_could_help(fresh, case.offers, POLICY, NOW, {}, frozenset())
    by_price = who_could_help(fresh, case.offers, POLICY, NOW, {}, frozenset(), prices)
    assert [each.offer.id for each in by_score] == ["offer1", "offer2"]
    assert [each.gain for each in by_score] == [None, None]
    assert [each.offer.id for each in by_price] == ["offer2", "offer1"]
    assert by_price[1].gain == by_price[1].worth - 2_000_000


@settings(deadline=None, max_examples=60)
@given(seed=st.integers(0, 10**9))
def test_greedy_keeps_the_rules_and_is_never_better(seed: int) -> None:
    case = at_random(seed, kinds=tuple(CapacityKind), lots=True)
    found = find_pairs(case, POLICY)
    plan = plan_of(case, found, greedy_shares(found), None)
    check_rules(case, POLICY, plan)
    assert plan.value <= match(case, POLICY).value


def test_policies_are_compared_on_the_same_data() -> None:
    case = market(150, 4)
    outcomes = {each.practice: each for each in compare(case, replace(POLICY, floor_cost=0.05))}
    assert list(outcomes) == list(Practice)
    best, fair = outcomes[Practice.BEST], outcomes[Practice.BEST_WITH_FLOOR]
    assert best.reached.value == match(case, POLICY).value
    assert best.reached.value >= max(each.reached.value for each in outcomes.values())
    assert fair.floor >= best.floor
    assert fair.reached.value >= 0.95 * best.reached.value
    practice = outcomes[Practice.FIRST_COME]
    assert practice.reached.value == first_come_first_served(case, POLICY).value
    assert best.proven
    assert not practice.proven
