"""Each hard rule, each part of the score, the reasons in words, and plans as text."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.availability import SlotTime, WeeklyWindow
from domain.language import CATALOGUES, Language
from domain.measures import convert, ratio
from domain.vocabulary import CapacityKind, Urgency
from matching.baseline import first_come_first_served
from matching.documents import (
    Certificate,
    certificate_text,
    policy_text,
    read_certificate,
    read_reasons,
    read_unmatched,
    reasons_text,
    unmatched_text,
    weights_text,
)
from matching.explain import (
    proof_sentence,
    reason_sentence,
    refusal_sentence,
    unmatched_sentence,
)
from matching.matcher import match
from matching.model import FreeSlot, Offer, Order, PartName, Policy, RelationKind, agent_pair
from matching.plans import Reason, Refusal
from matching.rules import Allowed, category_fits, judge, kilometres
from matching.score import coverage, parts, reasons, total, tree_steps, worth
from matching.summary import summarise
from matching.text import TextIndex, grams
from tests.unit.matching_cases import NOW, POLICY, an_offer, an_order, situation, slotted

SQUARE = (40.95, 117.80)
NEAR = (40.96, 117.81)
FAR = (39.90, 116.40)


def verdict(order: Order, offer: Offer, policy: Policy = POLICY) -> Refusal | None:
    found = judge(order, offer, policy, NOW)
    return found if isinstance(found, Refusal) else None


@pytest.mark.parametrize(
    ("order", "offer", "fits"),
    [
        ("/venue/hall/", "/venue/hall/", True),
        ("/venue/", "/venue/hall/", True),
        ("/venue/hall/", "/venue/", False),
        ("/venue/hall/", "/venue/room/", False),
        ("/parking/evening/", "/ground/", True),
        ("/parking/", "/ground/school/", True),
        ("/ground/", "/parking/", False),
        ("/venue/ha/", "/venue/hall/", False),
    ],
)
def test_categories(order: str, offer: str, *, fits: bool) -> None:
    assert category_fits(order, offer, frozenset({("/parking/", "/ground/")})) is fits


def test_substitutes_may_be_forbidden() -> None:
    case = situation(
        [an_order(1, category="/parking/")],
        [an_offer(1, category="/ground/")],
        substitutes=frozenset({("/parking/", "/ground/")}),
    )
    assert len(match(case, POLICY).proposals) == 1
    strict = match(case, replace(POLICY, allow_substitutes=False))
    assert [found.reason for found in strict.unmatched] == [Refusal.CATEGORY]


@pytest.mark.parametrize(
    ("order", "offer", "refusal"),
    [
        ({}, {}, None),
        ({"receiver_id": "unit1"}, {}, Refusal.OWN),
        ({"rejected_offers": frozenset({"offer1"})}, {}, Refusal.REJECTED),
        ({"rejected_suppliers": frozenset({"unit1"})}, {}, Refusal.REJECTED),
        ({"measure": "SESSION"}, {}, Refusal.MEASURE),
        ({"measure": "PIECE"}, {"measure": "DOZEN"}, Refusal.MEASURE),
        ({"measure": "PIECE", "quantity": 12}, {"measure": "DOZEN"}, None),
        ({}, {"capacity": None}, Refusal.UNSTATED),
        ({}, {"capacity": 0}, Refusal.EXHAUSTED),
        ({}, {"ends_on": date(2026, 5, 3)}, Refusal.TIME),
        ({}, {"starts_on": date(2026, 7, 1)}, Refusal.TIME),
        ({"deadline": None}, {"starts_on": date(2027, 7, 1)}, None),
        ({"deadline": date(2026, 5, 3)}, {}, Refusal.TIME),
        ({"deadline": date(2026, 5, 4)}, {}, None),
        ({}, {"serves": ("/city/other/",)}, Refusal.REACH),
        ({}, {"serves": ("/city/other/", "/city/district/")}, None),
        ({"coordinates": SQUARE}, {"coordinates": FAR}, Refusal.REACH),
        ({"coordinates": SQUARE}, {"coordinates": NEAR}, None),
        ({"coordinates": SQUARE}, {"coordinates": FAR, "serves": ("/city/",)}, None),
        ({"minimum_lot": 10}, {"capacity": 9}, Refusal.LOT),
        ({"minimum_lot": 6}, {"capacity": 9}, Refusal.LOT),
        ({"minimum_lot": 5}, {"capacity": 9}, None),
        ({"minimum_lot": 50}, {"capacity": 10}, None),
    ],
)
def test_rules(order: dict[str, object], offer: dict[str, object], refusal: Refusal | None) -> None:
    assert verdict(an_order(1, **order), an_offer(1, **offer)) is refusal


@pytest.mark.parametrize(
    ("wanted", "there", "meets"),
    [
        ((), (), True),
        (("3 09:00-11:00",), (), True),
        ((), ("3 09:00-11:00",), True),
        (("3 09:00-11:00",), ("3 10:00-12:00",), True),
        (("3 09:00-11:00",), ("3 10:45-12:00",), False),
        (("3 09:00-09:20",), ("3 09:00-12:00",), True),
        (("3 09:00-11:00",), ("4 09:00-11:00",), False),
        (("3 09:00-11:00", "4 09:00-11:00"), ("4 09:00-11:00",), True),
    ],
)
@pytest.mark.parametrize("kind", CapacityKind)
def test_windows(
    wanted: tuple[str, ...], there: tuple[str, ...], kind: CapacityKind, *, meets: bool
) -> None:
    order = an_order(1, windows=tuple(map(WeeklyWindow.parse, wanted)))
    offer = an_offer(1, windows=tuple(map(WeeklyWindow.parse, there)))
    if kind is not CapacityKind.TOTAL:
        offer = slotted(offer, kind, 10, *there)
    assert verdict(order, offer) is (None if meets else Refusal.TIME)


def test_a_weekday_that_the_dates_do_not_reach_does_not_count() -> None:
    friday = (WeeklyWindow.parse("5 09:00-11:00"),)
    order = an_order(1, windows=friday, deadline=date(2026, 5, 7))
    assert verdict(order, an_offer(1)) is Refusal.TIME
    assert verdict(replace(order, deadline=date(2026, 5, 8)), an_offer(1)) is None
    offer = an_offer(1, windows=friday, ends_on=date(2026, 5, 7))
    assert verdict(an_order(1), offer) is Refusal.TIME


def test_windows_of_two_zones_are_compared_as_instants() -> None:
    order = an_order(1, windows=(WeeklyWindow.parse("3 09:00-11:00"),))
    utc = an_offer(1, windows=(WeeklyWindow.parse("3 01:00-03:00"),), time_zone="UTC")
    assert verdict(order, utc) is None
    same_clock = replace(utc, windows=order.windows)
    assert verdict(order, same_clock) is Refusal.TIME


def test_slots_outside_of_the_dates_or_used_up_do_not_suit() -> None:
    offer = slotted(an_offer(1), CapacityKind.SHARED, 10, "3 09:00-11:00", days=20)
    order = an_order(1, starts_on=date(2026, 5, 7), deadline=date(2026, 5, 14))
    allowed = judge(order, offer, POLICY, NOW)
    assert isinstance(allowed, Allowed)
    assert [slot.key for slot in allowed.slots] == ["2026-05-13T01:00Z"]
    assert verdict(order, replace(offer, slots=())) is Refusal.EXHAUSTED
    assert verdict(replace(order, deadline=date(2026, 5, 12)), offer) is Refusal.TIME


def test_a_slot_over_midnight_suits_on_both_days() -> None:
    starts = datetime(2026, 5, 6, 15, 0, tzinfo=UTC)  # Wednesday 23:00 in Shanghai
    night = FreeSlot(time=SlotTime(starts, starts + timedelta(hours=3)), capacity=10)
    offer = an_offer(1, capacity_kind=CapacityKind.SHARED, slots=(night,))
    for window, fits in (
        ("3 23:00-24:00", True),
        ("4 00:00-02:00", True),
        ("4 02:00-04:00", False),
    ):
        order = an_order(1, windows=(WeeklyWindow.parse(window),))
        assert verdict(order, offer) is (None if fits else Refusal.TIME)


def test_a_lot_is_wanted_in_one_slot_where_it_is_wanted_together() -> None:
    evenings = slotted(an_offer(1), CapacityKind.SHARED, 6, "3 19:00-21:00", "4 19:00-21:00")
    people = an_order(1, minimum_lot=10)
    assert verdict(people, evenings) is Refusal.LOT
    times = replace(people, measure="PERSON_TIME")
    assert verdict(times, replace(evenings, measure="PERSON_TIME")) is None


@given(st.sampled_from(["PIECE", "DOZEN", "HOUR"]), st.sampled_from(["PIECE", "DOZEN", "HOUR"]))
def test_the_ratio_is_the_smallest_exact_step(source: str, target: str) -> None:
    step = ratio(source, target)
    if step is None:
        assert all(convert(quantity, source, target) is None for quantity in range(1, 30))
        return
    assert convert(step[0], source, target) == step[1]
    assert all(convert(less, source, target) is None for less in range(1, step[0]))


def test_kilometres() -> None:
    assert kilometres((0.0, 0.0), (0.0, 1.0)) == pytest.approx(111.19, abs=0.01)
    assert kilometres(SQUARE, SQUARE) == pytest.approx(0.0)


@pytest.mark.parametrize(
    ("first", "second", "steps"),
    [
        ("/a/b/c/", "/a/b/c/", 0),
        ("/a/b/c/", "/a/b/", 1),
        ("/a/b/c/", "/a/b/d/", 2),
        ("/a/b/c/", "/a/d/e/", 4),
        ("/a/b/", "/x/y/", None),
    ],
)
def test_steps_in_the_area_tree(first: str, second: str, steps: int | None) -> None:
    assert tree_steps(first, second) == steps
    assert tree_steps(second, first) == steps


def scored(order: Order, offer: Offer, **relations: RelationKind) -> dict[PartName, float]:
    links = {agent_pair(order.receiver_id, name): kind for name, kind in relations.items()}
    texts = TextIndex([order.text, offer.text, "停车位"])
    return {part.name: part.value for part in parts(order, offer, POLICY, texts, links)}


def test_the_parts_of_a_perfect_pair_add_up_to_one() -> None:
    order = an_order(1, text="会议室", skills=frozenset({"主持"}), area_path="/city/")
    offer = an_offer(1, text="会议室", skills=frozenset({"主持"}), area_path="/city/")
    links = {agent_pair("community1", "unit1"): RelationKind.PAIRED}
    found = parts(order, offer, POLICY, TextIndex(["会议室"]), links)
    assert total(found) == pytest.approx(1.0, abs=0.001)
    assert sum(part.weight for part in found) == pytest.approx(1.0)


def test_each_part_falls_with_what_is_worse() -> None:
    best = scored(an_order(1), an_offer(1, area_path=an_order(1).area_path))
    worse = scored(
        an_order(
            1,
            category="/venue/hall/",
            skills=frozenset({"主持", "翻译"}),
            windows=(WeeklyWindow.parse("3 09:00-11:00"),),
        ),
        an_offer(
            1,
            category="/ground/",
            text="停车位",
            skills=frozenset({"翻译"}),
            windows=(WeeklyWindow.parse("3 09:00-10:00"),),
        ),
    )
    assert worse[PartName.CATEGORY] == 0.5 < best[PartName.CATEGORY]
    assert worse[PartName.SKILLS] == 0.5 < best[PartName.SKILLS]
    assert worse[PartName.WINDOWS] == 0.5 < best[PartName.WINDOWS]
    assert worse[PartName.NEARNESS] < best[PartName.NEARNESS]
    assert worse[PartName.TEXT] < best[PartName.TEXT]
    linked = scored(an_order(1), an_offer(1), unit1=RelationKind.WORKED_TOGETHER)
    assert best[PartName.RELATION] == 0.0 < linked[PartName.RELATION] < 1.0


def test_nearness_goes_by_distance_where_places_are_known() -> None:
    order = an_order(1, coordinates=SQUARE)
    near, far = (
        scored(order, an_offer(1, coordinates=place))[PartName.NEARNESS] for place in (NEAR, FAR)
    )
    assert near > 0.5
    assert far < 0.001


def test_half_of_the_windows_is_half_the_coverage() -> None:
    order = an_order(1, windows=tuple(map(WeeklyWindow.parse, ("1 09:00-10:00", "2 09:00-10:00"))))
    assert coverage(order, an_offer(1, windows=(WeeklyWindow.parse("1 08:00-12:00"),))) == 0.5


def test_urgency_and_measure_scale_the_worth() -> None:
    order = an_order(1, urgency=Urgency.CRITICAL)
    assert worth(order, 0.5, POLICY) == 1_500_000
    assert worth(replace(order, measure="CNY"), 0.5, POLICY) == 15_000


def test_text_is_alike_by_characters_folded_and_without_stops() -> None:
    texts = TextIndex(["會議室開放", "会议室开放", "需要会议室", "晚间停车位", "的了和"])
    assert texts.similarity("會議室開放", "会议室开放") == pytest.approx(1.0, abs=0.001)
    assert texts.similarity("需要会议室", "会议室开放") > 0.3
    assert texts.similarity("需要会议室", "晚间停车位") < 0.01
    assert texts.similarity("的了和", "会议室开放") == 0.0
    assert texts.shared("需要会议室", "会议室开放") == ["会议室"]
    assert ord("需") not in grams("需要会议室")


@pytest.mark.parametrize(
    ("first", "second", "runs"),
    [
        ("电工培训", "电工技能培训班", ["培训", "电工"]),
        ("周末电工培训", "電工培訓", ["电工培训"]),
        ("停车", "会议", list[str]()),
        ("停车", "停 车", list[str]()),
        ("车位 停车位", "停车位出租", ["停车位"]),
    ],
)
def test_common_runs_are_as_long_as_they_can_be(first: str, second: str, runs: list[str]) -> None:
    texts = TextIndex([first, second])
    assert sorted(texts.shared(first, second)) == sorted(runs)
    assert sorted(texts.shared(second, first)) == sorted(runs)


def test_every_code_has_its_sentence_in_both_languages() -> None:
    for language in Language:
        for code in Refusal:
            assert refusal_sentence(code, language)
        for kind in RelationKind:
            assert reason_sentence(Reason(f"RELATION_{kind}", {}), language)
        for part in PartName:
            assert f"matching.part.{part}" in CATALOGUES[language]


def test_reasons_say_what_is_good_the_strongest_first() -> None:
    order = an_order(
        1,
        skills=frozenset({"翻译"}),
        windows=(WeeklyWindow.parse("3 09:00-11:00"),),
        coordinates=SQUARE,
    )
    offer = an_offer(1, skills=frozenset({"翻译"}), windows=order.windows, coordinates=NEAR)
    links = {agent_pair("community1", "unit1"): RelationKind.PAIRED}
    texts = TextIndex([order.text, offer.text])
    found = reasons(order, offer, parts(order, offer, POLICY, texts, links), texts, links)
    said = [reason_sentence(reason, Language.ZH) for reason in found]
    assert said[0] == "类别一致"
    assert "双方已结对" in said
    assert "具备所需技能：翻译" in said
    assert "时间满足所需时段的 100%" in said
    assert "相距约 1.4 公里" in said
    assert any(sentence.startswith("描述相近：会议") for sentence in said)


@pytest.mark.parametrize(
    ("place", "codes"),
    [
        ({"area_path": "/city/district/community/"}, {"SAME_AREA"}),
        ({"area_path": "/city/district/street/"}, {"NEAR_AREA"}),
        ({"area_path": "/city/other/street/"}, set[str]()),
    ],
)
def test_nearness_is_said_where_it_is_one(place: dict[str, object], codes: set[str]) -> None:
    order, offer = an_order(1), an_offer(1, category="/venue/hall/", **place)
    texts = TextIndex([order.text, offer.text])
    found = reasons(order, offer, parts(order, offer, POLICY, texts, {}), texts, {})
    said = {reason.code for reason in found}
    assert said == codes | {"CATEGORY_BELOW", "TEXT"}


def test_what_is_missing_is_said_with_the_rivals() -> None:
    case = situation([an_order(1), an_order(2, urgency=Urgency.CRITICAL)], [an_offer(1)])
    (unmatched,) = match(case, POLICY).unmatched
    said = unmatched_sentence(unmatched, "PERSON", ["义诊", "讲座"], Language.ZH)
    assert said.startswith("还差 10")
    assert "义诊、讲座" in said
    english = unmatched_sentence(unmatched, "PERSON", ["clinic", "talk"], Language.EN)
    assert "clinic, talk" in english


def test_a_plan_is_the_same_after_writing_and_reading() -> None:
    orders = [an_order(1), an_order(2, measure="SESSION")]
    case = situation(orders, [an_offer(1), an_offer(2, measure="HOUR")])
    policy = replace(POLICY, floor_cost=0.1)
    plan, practice = match(case, policy), first_come_first_served(case, POLICY)
    (proposal,) = plan.proposals
    assert read_reasons(reasons_text(proposal)) == (proposal.parts, proposal.reasons)
    assert read_unmatched(unmatched_text(plan)) == plan.unmatched
    certificate = Certificate(
        plan.proofs, summarise(case, plan), summarise(case, practice), plan.counted, plan.fairness
    )
    assert read_certificate(certificate_text(certificate)) == certificate
    assert '"CATEGORY":0.3' in weights_text(POLICY)
    assert '"CRITICAL":3.0' in policy_text(POLICY)
    assert "1" in proof_sentence(plan.proofs, Language.EN)


def test_a_summary_counts_orders_shares_and_quantities() -> None:
    orders = [an_order(1, quantity=20), an_order(2, measure="SESSION", quantity=4)]
    case = situation(orders, [an_offer(1)])
    found = summarise(case, match(case, POLICY))
    assert (found.orders, found.matched_orders, found.whole_orders) == (2, 1, 0)
    assert found.filled == pytest.approx(0.25)
    assert found.quantities == {"PERSON": (20, 10), "SESSION": (4, 0)}
