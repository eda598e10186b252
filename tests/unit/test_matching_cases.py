"""Likeness of past cases: by category, text and nearness, never beyond the category's root."""

from dataclasses import replace

import pytest

from matching.cases import Matter, most_alike, root_of
from matching.model import PartName, Policy

WEIGHTS = Policy().weights
ORDER = Matter("order", "合唱队排练找场地", "/venue/hall/", "/city/street/community/")


def test_the_same_in_the_same_place_is_wholly_alike() -> None:
    (found,) = most_alike(ORDER, [replace(ORDER, id="case")], WEIGHTS, 5)
    assert found.id == "case"
    assert found.score == pytest.approx(1, abs=1e-3)
    assert sum(part.weight for part in found.parts) == pytest.approx(1)


@pytest.mark.parametrize(
    "further",
    [
        {"category": "/venue/"},
        {"category": "/venue/classroom/"},
        {"text": "老人体检"},
        {"area_path": "/city/other/community/"},
        {"area_path": "/elsewhere/"},
    ],
)
def test_what_differs_in_one_part_is_less_alike(further: dict[str, str]) -> None:
    cases = [replace(ORDER, id="far", **further), replace(ORDER, id="near")]
    assert [case.id for case in most_alike(ORDER, cases, WEIGHTS, 5)] == ["near", "far"]
    assert [case.id for case in most_alike(ORDER, cases, WEIGHTS, 1)] == ["near"]


def test_a_category_above_is_nearer_than_one_beside() -> None:
    above, beside = (replace(ORDER, id=path, category=path) for path in ("/venue/", "/venue/x/"))
    found = most_alike(ORDER, [beside, above], WEIGHTS, 5)
    values = {case.id: case.parts[0].value for case in found}
    assert values == {"/venue/": 0.9, "/venue/x/": 0.5}


def test_another_root_is_no_case_and_equal_cases_are_in_the_order_of_their_ids() -> None:
    cases = [
        replace(ORDER, id="b"),
        replace(ORDER, id="a"),
        replace(ORDER, category="/venues/hall/"),
    ]
    assert [case.id for case in most_alike(ORDER, cases, WEIGHTS, 5)] == ["a", "b"]
    assert root_of("/venue/hall/") == root_of("/venue/") == "/venue/"


def test_weights_that_count_none_of_the_parts_make_nothing_alike() -> None:
    weights = dict.fromkeys(PartName, 0.0) | {PartName.SKILLS: 1.0}
    assert most_alike(ORDER, [replace(ORDER, id="case")], weights, 5)[0].score == 0
