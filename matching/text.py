"""How alike two texts are: cosine of character 1- and 2-grams and concepts, weighted by rarity.

Characters serve Chinese better than words: segmentation errors cost more than they bring. Texts
are folded first (full width to half, Traditional to Simplified, lower case), and characters that
say nothing about what is wanted are stops. The lexicon adds what other words mean the same.

Vectors are whole numbers of 1/4000, so that sums are exact in whatever order they are made, and
the same on every machine.
"""

import math
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from domain.folding import fold
from matching.grams import SHIFT, STOP_CHARACTERS, gram_code
from matching.lexicon import CONCEPTS, LEAVES, concepts_in
from matching.matters import matters

_PIECES = re.compile(r"[^\W_]+")

LENGTH = 4000
"""How many parts a vector of length 1 has: the products of two stay below 2^24, which single
floats hold exactly."""
RAW = 1024
"""How many parts a weight has before vectors are brought to their length."""
MICRO = 1_000_000
WEIGHTS = (1.0, 0.5, 2.0, 2.0)
"""How much counts what characters, a root, a leaf, and words that mean the same have in common."""
SEPARATOR = "\ue000"
"""Between texts that are folded in one go; no folding touches it and no word contains it."""
MATTER_SHARE = 1 / 3
"""Which share of two texts' likeness the leaves of the taxonomy make that they speak of."""
_MATTERS = 100_000
"""From which number on, below zero, those leaves are counted as grams."""

Integers = NDArray[np.int64]


def grams(text: str) -> Counter[int]:
    """Return the codes of the 1- and 2-grams within a text's runs, and of its concepts."""
    found: Counter[int] = Counter()
    folded = fold(text)
    for piece in _pieces(folded):
        found.update(map(ord, piece))
        found.update(gram_code(first, second) for first, second in pairwise(piece))
    found.update(-concept for _, concept in concepts_in(folded))
    return found


def _pieces(folded: str) -> list[str]:
    """Return the runs of letters and digits of a folded text, without the stops."""
    return [
        "".join(character for character in piece if character not in STOP_CHARACTERS)
        for piece in _PIECES.findall(folded)
    ]


def _common_runs(text: str, other: str) -> set[str]:
    """Return the longest runs of two or more characters that both texts have."""
    others = "\0".join(_pieces(fold(other)))
    runs: set[str] = set()
    for piece in _pieces(fold(text)):
        start = 0
        while start < len(piece) - 1:
            end = start + 1
            while end < len(piece) and piece[start : end + 1] in others:
                end += 1
            if end - start > 1:
                runs.add(piece[start:end])
            start = max(start + 1, end - 1)
    return {run for run in runs if not any(run != longer and run in longer for longer in runs)}


class TextIndex:
    """Each text's vector of length 1, over the rarity of grams in a set of texts.

    `starts` says where in `columns` and `weights` the grams of each row begin; `row` which row a
    text has.
    """

    def __init__(self, texts: Iterable[str]) -> None:
        """Count in how many of the distinct texts each gram occurs, and weigh."""
        distinct = sorted(set(texts))
        self.row = {text: number for number, text in enumerate(distinct)}
        documents, codes = _all_grams(distinct)
        self.codes, numbers = np.unique(codes, return_inverse=True)
        width = max(1, len(self.codes))
        keys, counts = np.unique(documents * width + numbers, return_counts=True)
        documents, self.columns = keys // width, (keys % width).astype(np.int32)
        raw = _raw_weights(self.codes, self.columns, counts, len(distinct))
        self.starts = np.searchsorted(documents, np.arange(len(distinct) + 1))
        self._add_matters(documents, raw)

    def _add_matters(self, documents: Integers, raw: NDArray[np.float64]) -> None:
        """Weigh the grams and join the leaves of the taxonomy that the texts speak of."""
        rows, leaves, hinted = matters(self.codes, self.columns, self.starts)
        share = np.zeros(len(self.row))
        share[rows] = MATTER_SHARE
        names, places = np.unique(leaves, return_inverse=True)
        columns = np.concatenate([self.columns, (len(self.codes) + places).astype(np.int32)])
        weights = np.concatenate(
            [
                _of_length(raw, documents, 1.0 - share),
                _of_length(hinted.astype(np.float64), rows, share),
            ]
        )
        documents = np.concatenate([documents, rows])
        order = np.argsort(documents, kind="stable")
        self.codes = np.concatenate([self.codes, -_MATTERS - names])
        self.columns, self.weights = columns[order], weights[order]
        self.starts = np.searchsorted(documents[order], np.arange(len(self.row) + 1))

    def likeness(self, first: str, second: str) -> int:
        """Return the cosine in millionths; both texts must be among those of the index."""
        one, other = self._vector(first), self._vector(second)
        return likeness_of(sum(value * other[gram] for gram, value in one.items() if gram in other))

    def similarity(self, first: str, second: str) -> float:
        """Return the cosine in [0, 1]; both texts must be among those of the index."""
        return self.likeness(first, second) / MICRO

    def shared(self, first: str, second: str, most: int = 3) -> list[str]:
        """Return the common runs of characters that say most about why the two are alike."""
        one, other = self._vector(first), self._vector(second)
        weights = {
            run: sum(one[gram_code(*pair)] * other[gram_code(*pair)] for pair in pairwise(run))
            for run in _common_runs(first, second)
        }
        return sorted(weights, key=lambda run: (-weights[run], run))[:most]

    def _vector(self, text: str) -> dict[int, int]:
        row = self.row[text]
        part = slice(self.starts[row], self.starts[row + 1])
        codes = self.codes[self.columns[part]]
        return dict(zip(codes.tolist(), self.weights[part].tolist(), strict=True))


def _of_length(
    raw: NDArray[np.float64], rows: Integers, squares: NDArray[np.float64]
) -> NDArray[np.int32]:
    """Return weights such that those of each row have the length with this square."""
    sums = np.bincount(rows, weights=raw * raw, minlength=len(squares))
    scale = LENGTH * np.sqrt(squares / np.maximum(sums, 1.0))
    return np.floor(raw * scale[rows] + 0.5).astype(np.int32)


def likeness_of(product: int) -> int:
    """Return the cosine in millionths of two vectors with this product."""
    return min(MICRO, product * MICRO // (LENGTH * LENGTH))


def rarity(seen: int, count: int) -> float:
    """Return how much a gram says that `seen` of `count` texts have."""
    return math.log((1 + count) / (1 + seen)) + 1.0


def raw_weight(kind: int, times: int, seen: int, count: int) -> int:
    """Return the weight of a gram of this kind in a text that has it so many times.

    As it is before the vector's length is made 1.
    """
    return round(RAW * WEIGHTS[kind] * (1.0 + math.log(times)) * rarity(seen, count))


def kind_of(codes: Integers) -> Integers:
    """Return the place in `WEIGHTS` of what each gram stands for."""
    kinds = (codes < 0).astype(np.int64)
    for first in (LEAVES, CONCEPTS):
        kinds += codes <= -first
    return kinds


def _raw_weights(
    codes: Integers, columns: NDArray[np.int32], counts: Integers, texts: int
) -> NDArray[np.float64]:
    """Return the raw weights, computed once for each count of times and of texts."""
    seen = np.bincount(columns, minlength=len(codes))
    keys = (counts * (texts + 1) + seen[columns]) * len(WEIGHTS) + kind_of(codes)[columns]
    kinds, inverse = np.unique(keys, return_inverse=True)
    weights = [
        raw_weight(kind, times, seen_in, texts)
        for rest, kind in (divmod(key, len(WEIGHTS)) for key in kinds.tolist())
        for times, seen_in in (divmod(rest, texts + 1),)
    ]
    return np.array(weights, dtype=np.float64)[inverse]


def _all_grams(texts: Sequence[str]) -> tuple[Integers, Integers]:
    """Return the grams of all texts: which text, and the gram's code."""
    folded = fold(SEPARATOR.join(texts))
    characters = np.frombuffer(folded.encode("utf-32-le"), dtype=np.uint32).astype(np.int64)
    alphabet, kinds = np.unique(characters, return_inverse=True)
    known = [chr(code) for code in alphabet.tolist()]
    is_word = np.array([_PIECES.fullmatch(one) is not None for one in known], dtype=bool)[kinds]
    is_stop = np.array([one in STOP_CHARACTERS for one in known], dtype=bool)[kinds]
    document = np.cumsum(characters == ord(SEPARATOR))
    piece = np.cumsum(~is_word)
    kept = np.flatnonzero(is_word & ~is_stop)
    letters, pieces, documents = characters[kept], piece[kept], document[kept]
    joined = np.flatnonzero(pieces[1:] == pieces[:-1])
    named = concepts_in(folded)
    places = np.array([place for place, _ in named], dtype=np.int64)
    concepts = np.array([-concept for _, concept in named], dtype=np.int64)
    return (
        np.concatenate([documents, documents[joined], document[places]]),
        np.concatenate([letters, letters[joined] << SHIFT | letters[joined + 1], concepts]),
    )
