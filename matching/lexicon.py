"""What words speak of: words that mean the same, and the leaf and root of the taxonomy they name.

A text that names a word of `vocabulary.txt` carries grams of its own: for the line of words that
stand for each other, for the line's leaf and for the leaf's root, so that two texts that say the
same in other characters are alike, those that speak of the same matter somewhat, and those of one
field a little. The names, aliases and keywords of the taxonomy name leaf and root as well.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import groupby
from pathlib import Path

from domain.categories import CATEGORIES
from domain.folding import fold

_VOCABULARY = Path(__file__).with_name("vocabulary.txt")

ROOTS, LEAVES, CONCEPTS = 1, 200, 1000
"""From which number on roots, leaves and lines are counted."""
NAMED = 2
"""How many leaves a word may name: what more speak of, a child or a winter, tells none apart."""
GROUP = 32
"""How many branches of the pattern are tried one by one."""


@dataclass(frozen=True, slots=True)
class Said:
    """Words, folded, of one category: `alike` if they stand for each other, else mere hints."""

    category: str
    words: tuple[str, ...]
    alike: bool


@cache
def vocabulary() -> tuple[Said, ...]:
    """Return the lines of the vocabulary."""
    lines = (line.split() for line in _VOCABULARY.read_text("utf-8").splitlines())
    return tuple(
        Said(leaf, tuple(map(fold, words)), kind == "=")
        for leaf, kind, *words in lines
        if leaf != "#"
    )


@cache
def taxonomy() -> tuple[Said, ...]:
    """Return how the taxonomy names its categories."""
    return tuple(
        Said(code, tuple(map(fold, (fact.name, *fact.aliases, *fact.keywords))), alike=False)
        for code, fact in CATEGORIES.items()
    )


@cache
def meanings() -> Mapping[str, Sequence[int]]:
    """Return the numbers of all that each word names: its lines, and its leaves if they are few."""
    lines: dict[str, set[int]] = {}
    categories: dict[str, set[str]] = {}
    for number, said in enumerate((*vocabulary(), *taxonomy())):
        line = (CONCEPTS + number,) if said.alike else ()
        for word in said.words:
            lines.setdefault(word, set()).update(line)
            categories.setdefault(word, set()).add(said.category)
    return {
        word: sorted(
            numbers.union(*map(_matter, categories[word]) if _few(categories[word]) else ())
        )
        for word, numbers in lines.items()
    }


def _few(categories: set[str]) -> bool:
    return sum(CATEGORIES[code].parent is not None for code in categories) <= NAMED


@cache
def _matter(code: str) -> tuple[int, ...]:
    """Return the numbers of a category and of its root."""
    places, parent = list(CATEGORIES), CATEGORIES[code].parent
    if parent is None:
        return (ROOTS + places.index(code),)
    return LEAVES + places.index(code), ROOTS + places.index(parent)


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

    A pattern that lists them tries every word at every character of a text. Branches are grouped
    by the range of their first characters, so that most are passed over at once.
    """
    optional, firsts, longer = "", list[str](), list[str]()
    for first, rest in groupby(words, key=lambda word: word[:1]):
        if first:
            firsts.append(re.escape(first))
            longer.append(re.escape(first) + _branches(word[1:] for word in rest))
        else:
            optional = "?"
    if len(longer) > GROUP:
        groups = (slice(begin, begin + GROUP) for begin in range(0, len(longer), GROUP))
        longer = [
            f"(?=[{firsts[some][0]}-{firsts[some][-1]}])(?:{'|'.join(longer[some])})"
            for some in groups
        ]
    return f"(?:{'|'.join(longer)}){optional}" if longer else ""
