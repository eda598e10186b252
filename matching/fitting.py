"""Weights of the score learnt from what people answered: which proposals they took and which not.

A proposal is taken with probability `sigmoid(a + sum(b_k v_k))`, `v_k` the values of its score's
parts: logistic regression with `b_k >= 0`, since no part is there to speak against a pair. The
weights are the `b_k` over their sum. Where answers say little about a part it stays near the weight
in force: `RIDGE / 2 * sum((b_k - s w_k)^2)` is added to the loss, the scale `s >= 0` fitted too.

How good the weights are is told of answers that they were not fitted on: these fall into `FOLDS`
parts by a hash of their group (the order), and each is predicted by weights fitted on the others.
Beside it stands what the weights in force reach in the same way, only `a` and `s` fitted.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import numpy as np
from numpy.typing import NDArray

from domain.errors import BadInput
from domain.language import Phrase
from matching.model import PartName

FOLDS = 5
RIDGE = 1.0
LEAST_ANSWERS, LEAST_OF_EACH = 40, 10
"""With fewer answers, or fewer taken or declined, nothing is fitted."""
STEPS = 1000
"""Weights are whole multiples of one over this."""

Numbers = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of a proposal: `values` are the parts of its score.

    Answers of one `group` (an order) are held back together.
    """

    group: str
    values: Mapping[PartName, float]
    accepted: bool


@dataclass(frozen=True, slots=True)
class Held:
    """How well answers are told that were held back: share right, and mean logarithmic loss."""

    accuracy: float
    loss: float


@dataclass(frozen=True, slots=True)
class Fitting:
    """Fitted weights, and how they, the weights in force, and the more frequent answer tell.

    `always` is the accuracy of saying every time what is said more often.
    """

    weights: Mapping[PartName, float]
    answers: int
    accepted: int
    fitted: Held
    present: Held
    always: float


@dataclass(frozen=True, slots=True)
class _Table:
    """Answers as numbers: values of the parts, a column each; 1 where accepted; and the fold."""

    values: Numbers
    accepted: Numbers
    folds: NDArray[np.int64]


def fit(answers: Sequence[Answer], present: Mapping[PartName, float]) -> Fitting:
    """Fit the weights to the answers; the same for any order of them.

    Raises BadInput where there are too few answers, or no part tells what is taken.
    """
    accepted = sum(answer.accepted for answer in answers)
    fewer = min(accepted, len(answers) - accepted)
    if len(answers) < LEAST_ANSWERS or fewer < LEAST_OF_EACH:
        raise BadInput(
            field="--fit",
            value=f"{len(answers)} ({accepted} + {len(answers) - accepted})",
            expected=Phrase("expected.answers", {"least": LEAST_ANSWERS, "each": LEAST_OF_EACH}),
        )
    table = _table(answers)
    now = np.array([present[name] for name in PartName])
    slopes = _fitted(table.values, table.accepted, now)[1]
    if slopes.sum() <= 1 / STEPS:
        raise BadInput(field="--fit", value="0", expected=Phrase("expected.telling_answers"))
    return Fitting(
        weights=dict(zip(PartName, _shares(slopes), strict=True)),
        answers=len(answers),
        accepted=accepted,
        fitted=_held(table, now, free=True),
        present=_held(table, now, free=False),
        always=max(accepted, len(answers) - accepted) / len(answers),
    )


def fold_of(group: str) -> int:
    """Return the part that a group is held back with, 0 to `FOLDS - 1`."""
    return int.from_bytes(hashlib.sha256(group.encode()).digest()[:8]) % FOLDS


def _table(answers: Sequence[Answer]) -> _Table:
    rows = sorted(
        (answer.group, [answer.values.get(name, 0.0) for name in PartName], answer.accepted)
        for answer in answers
    )
    return _Table(
        values=np.array([values for _, values, _ in rows], dtype=np.float64),
        accepted=np.array([taken for *_, taken in rows], dtype=np.float64),
        folds=np.array([fold_of(group) for group, *_ in rows], dtype=np.int64),
    )


def _held(table: _Table, now: Numbers, *, free: bool) -> Held:
    """Predict each fold by what is fitted on the others; `free`: the weights too, not `s` only."""
    values = table.values if free else (table.values @ now)[:, np.newaxis]
    chances = np.empty(len(values))
    for fold in range(FOLDS):
        out = table.folds == fold
        start, slopes = _fitted(values[~out], table.accepted[~out], now if free else np.ones(1))
        chances[out] = start + values[out] @ slopes
    right = (chances >= 0) == (table.accepted > 0)
    return Held(float(right.mean()), _loss(chances, table.accepted) / len(values))


def _fitted(values: Numbers, accepted: Numbers, now: Numbers) -> tuple[float, Numbers]:
    """Return `a` and the slopes that lose least."""

    def lost(unknown: Numbers) -> tuple[float, Numbers]:
        start, scale, slopes = unknown[0], unknown[1], unknown[2:]
        chances = start + values @ slopes
        wrong = 1 / (1 + np.exp(-chances)) - accepted
        away = slopes - scale * now
        loss = _loss(chances, accepted) + RIDGE / 2 * float(away @ away)
        gradient = np.concatenate(
            [[wrong.sum(), -RIDGE * (away @ now)], values.T @ wrong + RIDGE * away]
        )
        return loss, gradient

    # SciPy ships no types, and takes long to load.
    optimize: Any = import_module("scipy.optimize")
    found = optimize.minimize(
        lost,
        np.concatenate([[0.0, 1.0], now]),
        jac=True,
        method="L-BFGS-B",
        bounds=[(None, None)] + [(0.0, None)] * (len(now) + 1),
        options={"maxiter": 1000},
    )
    best: Numbers = found.x
    return float(best[0]), best[2:]


def _loss(chances: Numbers, accepted: Numbers) -> float:
    """Return the logarithmic loss of log odds: `ln(1 + e^c) - c` where accepted, else without."""
    return float((np.logaddexp(0, chances) - accepted * chances).sum())


def _shares(slopes: Numbers) -> list[float]:
    """Return the slopes over their sum, in whole parts of `STEPS` that add up to all of them."""
    exact = slopes / slopes.sum() * STEPS
    whole = np.floor(exact).astype(np.int64)
    missing = STEPS - int(whole.sum())
    whole[np.argsort(whole - exact, kind="stable")[:missing]] += 1
    return [part / STEPS for part in whole.tolist()]
