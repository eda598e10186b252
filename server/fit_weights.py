"""`renling match --fit`: weights learnt from past answers, told and never applied unasked."""

from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import orjson

from domain.errors import BadInput
from matching.documents import policy_text, weights_text
from matching.fitting import Answer, Fitting, fit
from matching.model import PartName, Policy
from server.output import Output

NAME = "fitted"
ANSWERED = {"ACCEPTED": True, "DECLINED": False}


def fit_aloud(output: Output, answers: Sequence[Answer], policy: Policy, out: Path | None) -> None:
    """Fit the weights, say how good they are, and write a policy only where a file is named.

    Raises BadInput.
    """
    fitting = fit(answers, policy.weights)
    output.say(
        "command.fitted",
        answers=fitting.answers,
        accepted=fitting.accepted,
        declined=fitting.answers - fitting.accepted,
    )
    output.table(
        ["column.part", "column.weight_now", "column.weight_fitted"],
        [
            (
                output.text(f"matching.part.{name}"),
                f"{policy.weights[name]:.3f}",
                f"{fitting.weights[name]:.3f}",
            )
            for name in PartName
        ],
    )
    output.say(
        "command.fitted_held_back",
        fitted=f"{100 * fitting.fitted.accuracy:.1f}",
        present=f"{100 * fitting.present.accuracy:.1f}",
        always=f"{100 * fitting.always:.1f}",
    )
    better = fitting.fitted.loss < fitting.present.loss
    output.say("command.fitted_better" if better else "command.fitted_no_better")
    if out is not None:
        by = replace(policy, name=NAME, weights=fitting.weights)
        document = {**orjson.loads(policy_text(by)), "weights": orjson.loads(weights_text(by))}
        options = orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE
        write_file(out, orjson.dumps(document, option=options))
        output.say("command.fitted_written", file=out)
    output.result(_document(fitting, policy))


def answers_in(file: Path) -> list[Answer]:
    """Return the answers in the file of a plan: `"answer"` of its proposals.

    Those without one are left out. Raises BadInput.
    """
    try:
        return [
            Answer(
                group=each["order"],
                values={PartName(name): part[1] for name, part in each["parts"].items()},
                accepted=ANSWERED[each["answer"]],
            )
            for each in orjson.loads(file.read_bytes())["proposals"]
            if each.get("answer") is not None
        ]
    except OSError as error:
        what = error.strerror or str(error)
        raise BadInput(field="--last", value=str(file), expected=what) from error
    except KeyError as error:
        expected = f"PLAN.json, answer: {', '.join(ANSWERED)}"
        raise BadInput(field="--last", value=str(error), expected=expected) from error
    except (IndexError, TypeError, ValueError) as error:
        raise BadInput(field="--last", value=str(file), expected="PLAN.json") from error


def write_file(file: Path, content: bytes) -> None:
    """Write a file. Raises BadInput where that cannot be."""
    try:
        file.write_bytes(content)
    except OSError as error:
        what = error.strerror or str(error)
        raise BadInput(field="--out", value=str(file), expected=what) from error


def _document(fitting: Fitting, policy: Policy) -> dict[str, Any]:
    return {
        "answers": fitting.answers,
        "accepted": fitting.accepted,
        "weights": {
            str(name): {"present": policy.weights[name], "fitted": fitting.weights[name]}
            for name in PartName
        },
        "heldBack": {
            "fitted": asdict(fitting.fitted),
            "present": asdict(fitting.present),
            "always": fitting.always,
        },
    }
