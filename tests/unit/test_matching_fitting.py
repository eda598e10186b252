"""Weights learnt from answers: found again where they are known, refused where little is known."""

import json
import random
from pathlib import Path

import numpy as np
import pytest

from domain.errors import BadInput
from domain.language import Language
from matching.fitting import FOLDS, Answer, fit, fold_of
from matching.model import PartName, Policy
from matching.policies import read_policy
from server.fit_weights import answers_in, fit_aloud
from server.output import Output

PRESENT = Policy().weights
TASTE = {PartName.NEARNESS: 0.6, PartName.TEXT: 0.4}
"""What the people of these tests go by, whatever the policy says."""


def answered(count: int, seed: int = 1) -> list[Answer]:
    """Return answers of people who look at nearness and text only, and are not quite sure."""
    chance = random.Random(seed)
    found: list[Answer] = []
    for number in range(count):
        values = {name: chance.random() for name in PartName}
        liked = sum(TASTE.get(name, 0.0) * value for name, value in values.items())
        taken = chance.random() < 1 / (1 + np.exp(-20 * (liked - 0.5)))
        found.append(Answer(f"order{number // 2}", values, taken))
    return found


def test_weights_that_people_go_by_are_found_again() -> None:
    fitting = fit(answered(600), PRESENT)
    assert fitting.answers == 600
    assert sum(fitting.weights.values()) == pytest.approx(1, abs=1e-9)
    assert min(fitting.weights.values()) >= 0
    assert fitting.weights[PartName.NEARNESS] == pytest.approx(0.6, abs=0.07)
    assert fitting.weights[PartName.TEXT] == pytest.approx(0.4, abs=0.07)
    assert fitting.fitted.accuracy > fitting.present.accuracy + 0.1 > fitting.always
    assert fitting.fitted.loss < fitting.present.loss


def test_the_order_of_the_answers_does_not_matter() -> None:
    answers = answered(120)
    assert fit(answers, PRESENT) == fit(answers[::-1], PRESENT)


def test_what_answers_do_not_tell_stays_near_the_weights_in_force() -> None:
    chance = random.Random(3)
    answers: list[Answer] = []
    for number in range(60):
        near = chance.random()
        values = dict.fromkeys(PartName, 0.5) | {PartName.NEARNESS: near}
        answers.append(Answer(f"order{number}", values, near > 0.5))
    # Nearness alone varies: how much it counts beside the others is not said.
    weights = fit(answers, PRESENT).weights
    assert all(weights[name] == pytest.approx(PRESENT[name], abs=0.002) for name in PartName)


def test_held_back_answers_are_not_fitted_on() -> None:
    """Answers in turn: nothing can be learnt, and no held-back accuracy says otherwise."""
    chance = random.Random(5)
    answers = [
        Answer(
            f"order{number}", {name: chance.random() for name in PartName}, chance.random() < 0.5
        )
        for number in range(400)
    ]
    assert fit(answers, PRESENT).fitted.accuracy < 0.6
    assert {fold_of(answer.group) for answer in answers} == set(range(FOLDS))


@pytest.mark.parametrize("kept", [0, 39])
def test_too_few_answers_are_refused_in_words(kept: int) -> None:
    with pytest.raises(BadInput) as refused:
        fit(answered(kept), PRESENT)
    assert "40" in refused.value.message(Language.EN)
    assert "至少 40 条" in refused.value.message(Language.ZH)


def test_answers_of_one_kind_are_refused() -> None:
    taken = [Answer(answer.group, answer.values, accepted=True) for answer in answered(100)]
    with pytest.raises(BadInput):
        fit(taken, PRESENT)


def plan_with(answers: list[Answer], file: Path) -> Path:
    proposals = [
        {
            "order": answer.group,
            "parts": {name: [PRESENT[name], value] for name, value in answer.values.items()},
            "answer": "ACCEPTED" if answer.accepted else "DECLINED",
        }
        for answer in answers
    ]
    file.write_text(json.dumps({"proposals": [*proposals, {"order": "open", "parts": {}}]}))
    return file


def test_a_policy_is_written_only_where_asked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    answers = answers_in(plan_with(answered(200), tmp_path / "plan.json"))
    assert answers == answered(200)
    fit_aloud(Output(Language.EN, as_json=True), answers, Policy(), None)
    said = json.loads(capsys.readouterr().out)
    assert said["answers"] == 200
    assert [file.name for file in tmp_path.iterdir()] == ["plan.json"]
    out = tmp_path / "policy.json"
    fit_aloud(Output(Language.EN, as_json=False), answers, Policy(keep=0.3), out)
    assert "Nothing is changed" in capsys.readouterr().out
    policy = read_policy(out.read_bytes(), out.name)
    assert policy.name == "fitted"
    assert policy.keep == 0.3
    assert policy.weights == {
        PartName(name): weight["fitted"] for name, weight in said["weights"].items()
    }


@pytest.mark.parametrize(
    "content",
    [
        "[]",
        "{",
        '{"proposals": [{"answer": "MAYBE", "order": "a", "parts": {}}]}',
        '{"proposals": [{"answer": "ACCEPTED", "order": "a", "parts": {"LUCK": [1, 1]}}]}',
    ],
)
def test_a_file_that_holds_no_answers_is_refused(content: str, tmp_path: Path) -> None:
    file = tmp_path / "plan.json"
    file.write_text(content)
    with pytest.raises(BadInput):
        answers_in(file)
