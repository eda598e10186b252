"""How alike two texts are: cosine of character 1- and 2-grams, weighted by rarity.

Characters serve Chinese better than words: segmentation errors cost more than they bring. Texts
are folded first (full width to half, Traditional to Simplified, lower case), and characters that
say nothing about what is wanted are stops.
"""

import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from itertools import pairwise

from domain.folding import fold

STOP_CHARACTERS = frozenset("的了和与及或等为于在对由给把将可需要求请供提有个名次每")
_PIECES = re.compile(r"[^\W_]+")

Vector = Mapping[str, float]


def grams(text: str) -> Counter[str]:
    """Return the 1- and 2-grams of a text, within its runs of letters and digits."""
    found: Counter[str] = Counter()
    for piece in _pieces(text):
        found.update(piece)
        found.update(first + second for first, second in pairwise(piece))
    return found


def _pieces(text: str) -> list[str]:
    """Return the runs of letters and digits of a text, without the stops."""
    return [
        "".join(character for character in piece if character not in STOP_CHARACTERS)
        for piece in _PIECES.findall(fold(text))
    ]


def _common_runs(text: str, other: str) -> set[str]:
    """Return the longest runs of two or more characters that both texts have."""
    others = "\0".join(_pieces(other))
    runs: set[str] = set()
    for piece in _pieces(text):
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
    """The rarity of grams over a set of texts, and each text's vector of length 1."""

    def __init__(self, texts: Iterable[str]) -> None:
        """Count in how many of the distinct texts each gram occurs."""
        self._grams = {text: grams(text) for text in sorted(set(texts))}
        documents = Counter(gram for found in self._grams.values() for gram in found)
        count = len(self._grams)
        self._rarity = {
            gram: math.log((1 + count) / (1 + seen)) + 1.0 for gram, seen in documents.items()
        }
        self._vectors = {text: self._vector(found) for text, found in self._grams.items()}

    def similarity(self, first: str, second: str) -> float:
        """Return the cosine in [0, 1]; both texts must be among those of the index."""
        one, other = self._vectors[first], self._vectors[second]
        if len(one) > len(other):
            one, other = other, one
        return min(
            1.0, math.fsum(value * other[gram] for gram, value in one.items() if gram in other)
        )

    def shared(self, first: str, second: str, most: int = 3) -> list[str]:
        """Return the common runs of characters that say most about why the two are alike."""
        one, other = self._vectors[first], self._vectors[second]
        weights = {
            run: math.fsum(one[left + right] * other[left + right] for left, right in pairwise(run))
            for run in _common_runs(first, second)
        }
        return sorted(weights, key=lambda run: (-weights[run], run))[:most]

    def _vector(self, found: Counter[str]) -> Vector:
        weighted = {
            gram: (1.0 + math.log(count)) * self._rarity[gram]
            for gram, count in sorted(found.items())
        }
        length = math.sqrt(math.fsum(value * value for value in weighted.values()))
        return {gram: value / length for gram, value in weighted.items()} if length else {}
