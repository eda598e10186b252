"""What words speak of: words that mean the same, and the leaf and root of the taxonomy they name.

A text that names a word of `vocabulary.txt` carries grams of its own: for the line of words that
stand for each other, for the line's leaf and for the leaf's root, so that two texts that say the
same in other characters are alike, those that speak of the same matter somewhat, and those of one
field a little. The names, aliases and keywords of the taxonomy name leaf and root as well.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from itertools import groupby
from pathlib import Path

from domain.categories import CATEGORIES
from domain.folding import fold

_VOCABULARY = Path(__file__).with_name("vocabulary.txt")

ROOTS, LEAVES, CONCEPTS = 1, 100, 1000
"""From which number on roots, leaves and lines are counted."""


@cache
def meanings() -> Mapping[str, Sequence[int]]:
    """Return the numbers of all that each word, folded, speaks of."""
    found: dict[str, set[int]] = {}
    for number, line in enumerate(_VOCABULARY.read_text("utf-8").splitlines()):
        leaf, kind, *words = line.split()
        if leaf == "#":
            continue
        said = (CONCEPTS + number, *_matter(leaf)) if kind == "=" else _matter(leaf)
        for word in words:
            found.setdefault(fold(word), set()).update(said)
    for code, fact in CATEGORIES.items():
        for word in (fact.name, *fact.aliases, *fact.keywords):
            found.setdefault(fold(word), set()).update(_matter(code))
    return {word: sorted(numbers) for word, numbers in found.items()}


@cache
def _matter(code: str) -> tuple[int, ...]:
    """Return the numbers of a category and of its root."""
    place = list(CATEGORIES).index(code)
    parent = CATEGORIES[code].parent
    if parent is None:
        return (ROOTS + place,)
    return LEAVES + place, ROOTS + list(CATEGORIES).index(parent)


def concepts_in(folded: str) -> list[tuple[int, int]]:
    """Return where in a folded text what is named: words do not overlap, longest first."""
    known = meanings()
    return [
        (match.start(), number)
        for match in _words().finditer(folded)
        for number in known[match.group()]
    ]


@cache
def _words() -> re.Pattern[str]:
    return re.compile(_branches(sorted(meanings())))


def _branches(words: Iterable[str]) -> str:
    """Return a pattern of sorted words, the longest first: words that begin alike share a branch.

    A pattern that lists them tries every word at every character of a text.
    """
    whole, longer = "", list[str]()
    for first, rest in groupby(words, key=lambda word: word[:1]):
        if not first:
            whole = "?"
            continue
        longer.append(re.escape(first) + _branches(word[1:] for word in rest))
    return f"(?:{'|'.join(longer)}){whole}" if longer else ""
