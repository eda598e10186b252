"""All pairs at once are the pairs asked one by one, to the last digit; texts likewise."""

import math
import random
from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.market import market
from domain.availability import WeeklyWindow
from domain.measures import MEASURES
from domain.vocabulary import CapacityKind
from matching.matcher import match
from matching.model import Booking, Policy, RelationKind, Situation, agent_pair
from matching.network import network_of, suitable
from matching.pairs import Found, find_pairs, pairs_among
from matching.pins import settled
from matching.plans import Refusal
from matching.score import rounded
from matching.text import MATTER_SHARE, MICRO, TextIndex, grams, kind_of, raw_weight
from matching.verification import verify
from tests.unit.matching_cases import (
    POLICY,
    an_offer,
    an_order,
    asked_one_by_one,
    at_random,
    situation,
    slotted,
)


def worths(found: Found) -> Mapping[tuple[str, str], int]:
    columns = found.columns
    return {
        (columns.orders[order].id, columns.offers[offer].id): worth
        for order, offer, worth in zip(
            found.orders.tolist(), found.offers.tolist(), found.worths.tolist(), strict=True
        )
    }


def same(case: Situation, policy: Policy = POLICY) -> int:
    """Check that pairs, worths, slots and refusals are those asked one by one; return how many."""
    found = find_pairs(case, policy)
    pairs, refused = asked_one_by_one(case, policy)
    assert worths(found) == {(pair.order.id, pair.offer.id): pair.worth for pair in pairs}
    counted = found.refused(np.arange(len(found.columns.orders)))
    names = [order.id for order in found.columns.orders]
    assert dict(zip(names, map(dict, counted), strict=True)) == refused
    slotted_pairs = [pair for pair in pairs if pair.allowed.slots]
    orders, offers = (
        np.array(numbers, dtype=np.int32)
        for numbers in (
            [found.order_numbers[pair.order.id] for pair in slotted_pairs],
            [found.offer_numbers[pair.offer.id] for pair in slotted_pairs],
        )
    )
    places, slots = suitable(found, orders, offers)
    given = found.columns.given
    for number, pair in enumerate(slotted_pairs):
        times = given.slot_times[slots[places == number]].tolist()
        keys = [found.columns.tables.times[time].key for time in times]
        assert keys == [slot.key for slot in pair.allowed.slots]
    return len(pairs)


@settings(deadline=None, max_examples=200)
@given(seed=st.integers(0, 10**9))
def test_small_situations(seed: int) -> None:
    same(at_random(seed, kinds=tuple(CapacityKind), lots=True))


@pytest.mark.parametrize("seed", range(3))
def test_a_city(seed: int) -> None:
    case = market(300, seed, indivisible=0.3)
    assert same(case) > 1000
    assert same(case, replace(POLICY, allow_substitutes=False, max_km=3.0)) > 500


def test_places_and_areas_that_are_not_known() -> None:
    case = market(200, 5)
    orders = tuple(
        replace(order, coordinates=None if number % 3 else order.coordinates)
        for number, order in enumerate(case.orders)
    )
    offers = tuple(
        replace(
            offer,
            coordinates=None if number % 2 else offer.coordinates,
            area_path=offer.area_path if number % 5 else "/elsewhere/",
            serves=(*offer.serves, "/city/c000/s0001/") if number % 7 == 0 else offer.serves,
        )
        for number, offer in enumerate(case.offers)
    )
    assert same(replace(case, orders=orders, offers=offers)) > 100


def test_two_zones_and_nights() -> None:
    case = market(150, 6)
    zones = ("Asia/Shanghai", "UTC", "Asia/Tokyo")
    orders = tuple(
        replace(order, time_zone=zones[number % 3]) for number, order in enumerate(case.orders)
    )
    offers = tuple(
        replace(offer, time_zone=zones[number % 2]) for number, offer in enumerate(case.offers)
    )
    assert same(replace(case, orders=orders, offers=offers)) > 100


def test_measures_skills_relations_and_rejections() -> None:
    skills = frozenset({"a", "b", "c"})
    orders = [
        an_order(1, measure="PIECE", quantity=30, skills=skills),
        an_order(2, measure="PIECE", quantity=5, rejected_offers=frozenset({"offer1", "gone"})),
        an_order(3, measure="DOZEN", quantity=2, rejected_suppliers=frozenset({"unit2"})),
        an_order(4, measure="PIECE", quantity=0),
    ]
    offers = [
        an_offer(1, measure="DOZEN", skills=frozenset({"a", "c"})),
        an_offer(2, measure="PIECE", capacity=30),
        an_offer(3, measure="DOZEN", capacity=None),
        slotted(an_offer(4, measure="PIECE"), CapacityKind.SHARED, 6, "3 19:00-21:00"),
    ]
    links = {
        agent_pair("community1", "unit1"): RelationKind.PAIRED,
        agent_pair("unit2", "community2"): RelationKind.WORKED_TOGETHER,
        agent_pair("unit2", "nobody"): RelationKind.PAIRED,
    }
    assert same(situation(orders, offers, links)) > 2


def test_many_slots_and_many_windows() -> None:
    windows = [f"{day} {hour:02}:00-{hour:02}:30" for day in range(1, 8) for hour in range(8, 20)]
    offers = [
        slotted(an_offer(1), CapacityKind.SHARED, 3, *windows, days=56),
        slotted(an_offer(2), CapacityKind.EXCLUSIVE, 30, windows[0], days=14),
    ]
    orders = [
        an_order(1, windows=tuple(map(WeeklyWindow.parse, windows[::5]))),
        an_order(2, minimum_lot=4, windows=tuple(map(WeeklyWindow.parse, windows[:1]))),
    ]
    assert same(situation(orders, offers)) == 3


def test_slots_that_suit_the_same_orders_are_one_bin() -> None:
    evenings = slotted(an_offer(1), CapacityKind.SHARED, 3, "3 19:00-21:00", "5 19:00-21:00")
    orders = [an_order(1), an_order(2, windows=(WeeklyWindow.parse("3 19:00-21:00"),))]
    network = network_of(find_pairs(situation(orders, [evenings]), POLICY))
    assert sorted(network.capacity.tolist()) == [6, 6]
    arcs = network.arcs(np.arange(2))
    assert arcs.orders.tolist() == [0, 0, 1]
    assert len(set(network.slot_bins.tolist())) == 2


def test_some_orders_have_the_same_pairs_alone() -> None:
    whole = find_pairs(market(200, 7), POLICY)
    some = pairs_among(whole.columns, whole.blocks, np.array([3, 50, 120]))
    expected = {
        key: worth
        for key, worth in worths(whole).items()
        if key[0] in {whole.columns.orders[number].id for number in (3, 50, 120)}
    }
    assert worths(some) == expected
    assert expected


texts = st.text(
    st.sampled_from("停车位会议室的了義診义诊 abＡＢ12,，·ΣσΑ\u0301ﬁ"), min_size=0, max_size=12
)


@settings(deadline=None, max_examples=150)
@given(st.lists(texts, min_size=1, max_size=6))
def test_texts_folded_together_are_texts_folded_one_by_one(written: list[str]) -> None:
    index = TextIndex(written)
    counted = {text: grams(text) for text in set(written)}
    seen = {
        code: sum(code in found for found in counted.values())
        for code in {code for found in counted.values() for code in found}
    }
    for text, row in index.row.items():
        part = slice(index.starts[row], index.starts[row + 1])
        got = dict(
            zip(
                index.codes[index.columns[part]].tolist(), index.weights[part].tolist(), strict=True
            )
        )
        kinds = kind_of(np.array(list(counted[text]), dtype=np.int64)).tolist()
        raw = {
            code: raw_weight(kind, times, seen[code], len(counted))
            for kind, (code, times) in zip(kinds, counted[text].items(), strict=True)
        }
        matter = {code: got.pop(code) for code in set(got) - set(raw)}
        scale = 4000 * (1 - (MATTER_SHARE if matter else 0)) ** 0.5
        length = sum(weight * weight for weight in raw.values()) ** 0.5
        assert got.keys() == raw.keys()
        assert all(abs(got[code] - scale * raw[code] / length) <= 0.51 for code in raw)
        alone = TextIndex([text])
        assert matter == {
            code: weight
            for code, weight in zip(
                alone.codes[alone.columns].tolist(), alone.weights.tolist(), strict=True
            )
            if code in matter
        }


def test_the_lexicon_brings_together_what_characters_keep_apart() -> None:
    index = TextIndex(["老人理发上门", "义剪进社区", "独居老人需要陪聊", "看望空巢老人", "停车位"])
    assert index.similarity("老人理发上门", "义剪进社区") > 0.2
    assert index.similarity("独居老人需要陪聊", "看望空巢老人") > 0.3
    assert index.likeness("停车位", "义剪进社区") == 0
    assert index.likeness("停车位", "停车位") > 0.99 * MICRO


def test_worths_round_halves_up() -> None:
    assert [rounded(value, 10) for value in (4, 5, 14, 15)] == [0, 1, 1, 2]
    assert "HOUR" in MEASURES


@settings(deadline=None, max_examples=100)
@given(seed=st.integers(0, 10**9))
def test_thresholds_of_orders_offers_and_policies(seed: int) -> None:
    chance = random.Random(seed)
    case = at_random(seed, kinds=tuple(CapacityKind), lots=True)
    asked = (0.0, 0.4, 0.55, 0.7, 0.85)
    orders = tuple(replace(each, least_score=chance.choice(asked)) for each in case.orders)
    offers = tuple(replace(each, least_score=chance.choice(asked)) for each in case.offers)
    case = replace(case, orders=orders, offers=offers)
    policy = replace(POLICY, least_score=chance.choice((0.0, 0.5)))
    same(case, policy)
    plan = match(case, policy)
    verify(case, policy, plan)
    least = {each.id: each.least_score for each in (*orders, *offers)}
    for each in plan.proposals:
        assert each.score >= max(least[each.order_id], least[each.offer_id], policy.least_score)


def test_neither_side_gets_what_it_would_refuse() -> None:
    order, offer = an_order(1), an_offer(1)
    (proposal,) = match(situation([order], [offer]), POLICY).proposals
    # What is asked for counts in whole millionths, a score in millionths of these.
    exact = math.floor(proposal.score * MICRO) / MICRO
    more = exact + 0.001
    for least, good in ((exact, True), (more, False)):
        for case, policy in (
            (situation([replace(order, least_score=least)], [offer]), POLICY),
            (situation([order], [replace(offer, least_score=least)]), POLICY),
            (situation([order], [offer]), replace(POLICY, least_score=least)),
        ):
            plan = match(case, policy)
            assert bool(plan.proposals) == good
            if not good:
                (missing,) = plan.unmatched
                assert (missing.reason, missing.refused) == (Refusal.SCORE, {Refusal.SCORE: 1})
                pinned = replace(case, pins=(Booking(order.id, offer.id, 10),))
                assert [one.refusal for one in settled(pinned, policy).dropped] == [Refusal.SCORE]
