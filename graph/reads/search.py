"""The search for words as a condition: by the full-text index where it can, else in the text."""

import re
from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any, cast

from domain.errors import BadInput
from domain.language import Phrase
from domain.spelling import is_chinese, terms
from domain.written import quoted
from graph.reads.conditions import Condition, Subject, Texts

SHORTEST_TERM = 2
"""The index of characters holds pairs, so a single character is looked for in the text."""
LONGEST_SEARCH = 500
"""Characters of a text that is searched for."""
MOST_WORDS = 50
"""Words of it; the index takes some hundreds of terms in one query, not any number."""

_STOP_WORDS = frozenset(
    """a,an,and,are,as,at,be,but,by,for,if,in,into,is,it,no,not,of,on,or,s,such,t,that,the,
their,then,there,these,they,this,to,was,will,with,www""".replace("\n", "").split(",")
)
"""What the analyzer drops."""


@dataclass(frozen=True, slots=True)
class Search(Condition):
    """Every word of the text occurs in the node's search text (`domain.spelling`).

    A root that asks for nothing beside it, or for more as well, begins with a full-text query;
    inside of a connection, of another condition and of `or`, and for what is not in the index
    (single characters, stop words), the words are looked for in the stored text.
    """

    def shape(self, value: str) -> Hashable:
        """Return whether there are words for the index, and whether there are others."""
        indexed, others = self._words(value)
        return bool(indexed), bool(others)

    def text(self, subject: Subject, shape: Hashable, texts: Texts) -> str:
        """Return the test without the index, on all words."""
        texts.parameter()
        texts.parameter()
        given = any(cast("tuple[bool, bool]", shape))
        parameter = texts.parameter()
        return self._among(subject, parameter) if given else "true"

    @staticmethod
    def indexed(shape: Hashable) -> bool:
        """Return whether there are words for the index."""
        return cast("tuple[bool, bool]", shape)[0]

    def begun(self, subject: Subject, shape: Hashable, texts: Texts) -> tuple[str, str | None]:
        """Return the parameter of the query that a root begins with, and the test left beside."""
        query, rest = texts.parameter(), texts.parameter()
        texts.parameter()
        _, others = cast("tuple[bool, bool]", shape)
        return query, self._among(subject, rest) if others else None

    @staticmethod
    def _among(subject: Subject, parameter: str) -> str:
        # Terms have spaces around them in the padded text, and words that begin a term one before.
        return (
            f"all(word IN {parameter} WHERE (' ' + coalesce({subject.variable}.search, '')) "
            "CONTAINS word)"
        )

    def values(self, value: str) -> list[Any]:
        """Return the query for the index, the words it leaves over, and all words."""
        indexed, others = self._words(value)
        query = " AND ".join(f'"{word}"' if is_chinese(word[0]) else f"{word}*" for word in indexed)
        return [query, [_sought(word) for word in others], [*map(_sought, (*indexed, *others))]]

    def size(self, shape: Hashable) -> int:
        """Return one: it is one test."""
        del shape
        return 1

    @staticmethod
    def _words(value: str) -> tuple[list[str], list[str]]:
        # Folding costs time as well, so what is too long is not folded.
        words = terms(value) if len(value) <= LONGEST_SEARCH else []
        if len(value) > LONGEST_SEARCH or len(words) > MOST_WORDS:
            raise BadInput(
                field="text",
                value=quoted(value),
                expected=Phrase(
                    "expected.search", {"words": MOST_WORDS, "characters": LONGEST_SEARCH}
                ),
            )
        indexed: list[str] = []
        others: list[str] = []
        for word in words:
            (indexed if _in_index(word) else others).append(word)
        return indexed, others


def _in_index(word: str) -> bool:
    """Whether the index has all that the word would find."""
    if len(word) < SHORTEST_TERM:
        return False
    return is_chinese(word[0]) or (
        _PLAIN.fullmatch(word) is not None
        and not any(stop.startswith(word) for stop in _STOP_WORDS)
    )


_PLAIN = re.compile(r"[a-z0-9]+")


def _sought(word: str) -> str:
    """Return a word as it is looked for in a stored text: Chinese anywhere, else a beginning."""
    return word if is_chinese(word[0]) else f" {word}"
