"""Which leaves of the taxonomy a text speaks of, by the characters that their words are made of.

The lexicon finds the words that it knows. One that it does not know is mostly made of characters
that other words of the same leaf have: whatever is said of mosquitoes has one of the mosquito lamp.
Each leaf is the document of all its words; a gram hints at a leaf the more, the fewer leaves have
it and the larger the leaf's share in it is.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from domain.categories import CATEGORIES
from matching.grams import SHIFT, STOP_CHARACTERS, gram_code
from matching.lexicon import taxonomy, vocabulary
from matching.sparse import matrix

MOST = 8
"""Of how many leaves, those most hinted at, a text is said to speak."""
PARTS = 1024
"""How many parts a hint of weight 1 has."""
_ALIKE, _HINT = 1.0, 0.6
"""How much a word adds to its leaf's grams: one that others stand for, one that only hints."""
_SURE = 2.0
"""From which sum on a gram's hint counts in full; half of it is there from the start."""
_PAIR = 1.5
"""As much as how many single characters two in a row count."""
_ROWS = 20_000
"""How many texts are weighed at once."""

LEAVES = tuple(code for code, fact in CATEGORIES.items() if fact.parent is not None)

Integers = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Hints:
    """How much each gram, by its code in rising order, hints at each leaf, a column each."""

    codes: Integers
    weights: NDArray[np.float32]


@cache
def _hints() -> Hints:
    sums: dict[int, dict[int, float]] = {}
    for leaf, word, amount in _told():
        kept = [character for character in word if character not in STOP_CHARACTERS]
        codes = [gram_code(one) for one in kept]
        for code in (*codes, *(gram_code(*two) for two in pairwise(kept))):
            leaves = sums.setdefault(code, {})
            leaves[leaf] = leaves.get(leaf, 0.0) + amount
    codes = np.array(sorted(sums), dtype=np.int64)
    weights = np.zeros((len(codes), len(LEAVES)), dtype=np.float32)
    for row, code in enumerate(codes.tolist()):
        for leaf, amount in sums[code].items():
            weights[row, leaf] = _hint(code, amount, sums[code])
    return Hints(codes, weights)


def _hint(code: int, amount: float, leaves: dict[int, float]) -> int:
    """Return how much a gram hints at one of its leaves, in whole parts."""
    rare = math.log(len(LEAVES) / len(leaves))
    sure = min(1.0, 0.5 + 0.5 * amount / _SURE)
    size = _PAIR if code >> SHIFT else 1.0
    return round(PARTS * size * rare * sure * amount / math.fsum(leaves.values()))


def _told() -> Iterable[tuple[int, str, float]]:
    """Yield the words of each leaf, once each, and how much they count."""
    amounts: dict[tuple[int, str], float] = {}
    places = {code: place for place, code in enumerate(LEAVES)}
    lines = [(said, _ALIKE if said.alike else _HINT) for said in vocabulary()]
    lines += [(said, _ALIKE) for said in taxonomy() if said.category in places]
    for said, amount in lines:
        for word in said.words:
            key = places[said.category], word
            amounts[key] = max(amount, amounts.get(key, 0.0))
    return ((leaf, word, amount) for (leaf, word), amount in amounts.items())


def matters(codes: Integers, columns: NDArray[np.int32], starts: Integers) -> Integers:
    """Return of which leaves texts speak most: rows of text, leaf's place, how much in parts.

    `codes[columns[starts[k]:starts[k + 1]]]` are the grams of text `k`.
    """
    if not len(codes):
        return np.zeros((3, 0), dtype=np.int64)
    hints = _hints()
    places = np.minimum(np.searchsorted(hints.codes, codes), len(hints.codes) - 1)
    known = hints.codes[places] == codes
    told = np.where(known[:, np.newaxis], hints.weights[places], np.float32(0))
    found = [np.zeros((3, 0), dtype=np.int64)]
    for begin in range(0, len(starts) - 1, _ROWS):
        end = min(begin + _ROWS, len(starts) - 1)
        part = slice(starts[begin], starts[end])
        some = columns[part]
        has = matrix(
            (np.ones(len(some), dtype=np.float32), some, starts[begin : end + 1] - starts[begin]),
            (end - begin, len(codes)),
        )
        found.append(_most(has @ told, begin))
    return np.concatenate(found, axis=1)


def _most(sums: NDArray[np.float32], begin: int) -> Integers:
    """Return the largest sums of each row, of equal ones the last: row, column, sum."""
    width = len(LEAVES)
    # Whole numbers below 2^24, which single floats add exactly in any order.
    whole: Integers = sums.astype(np.int64)
    ranked = whole * width + np.arange(width)
    ranked.sort(axis=1)
    best = ranked[:, width - MOST :]
    rows, places = np.nonzero(best >= width)
    found = best[rows, places]
    return np.stack([rows + begin, found % width, found // width])
