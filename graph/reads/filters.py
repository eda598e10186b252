"""The predicates that filters compile to.

A filter has a shape, the part of its value that changes the text of the statement (which ends of a
range are given), and parameters, the values. The text never holds a value.
"""

import re
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import Enum
from typing import Any, cast

from domain.availability import instant_text
from domain.errors import BadInput
from domain.folding import fold
from domain.identity import parse_global_id
from domain.language import Phrase

SHORTEST_TERM = 2
"""The index of characters holds pairs, so a single character is looked for in the text."""
LONGEST_SEARCH = 500
"""Characters of a text that is searched for."""
MOST_WORDS = 50
"""Words of it; the index takes some hundreds of terms in one query, not any number."""
TO_AREA = "LOCATED_IN|OF_AREA|OF_UNIT|LIVES_IN|WORKS_AT|BELONGS_TO"
"""The relationships by which an agent lies in areas, followed through its unit or branch."""
TO_AREA_HOPS = 3

_ESCAPED = re.compile(r'([+\-&|!(){}\[\]^"~*?:\\/])')
_STOP_WORDS = frozenset(
    """a,an,and,are,as,at,be,but,by,for,if,in,into,is,it,no,not,of,on,or,s,such,t,that,the,
their,then,there,these,they,this,to,was,will,with,www""".replace("\n", "").split(",")
)
"""What the analyzer drops: such a term is looked for in the text."""


def within_areas(variable: str, inner: str, condition: str) -> str:
    """Return the test that an agent lies in, or is, an area for which the condition holds."""
    return (
        f"EXISTS {{ MATCH ({variable})-[:{TO_AREA}*0..{TO_AREA_HOPS}]->({inner}:Area) "
        f"WHERE {condition} }}"
    )


class Filter:
    """One field of a filter input."""

    def shape(self, value: Any) -> Hashable:
        """Return what of the value changes the text; nothing, unless a kind says otherwise.

        Raises InputError for a value that is too large to look at.
        """
        del value

    def shaped_text(self, variable: str, parameter: str, shape: Hashable) -> str:
        """Return the predicate over a node's variable; parameters begin with `parameter`."""
        del shape
        return self.text(variable, parameter)

    def text(self, variable: str, parameter: str) -> str:
        """Return the predicate of a kind whose text has one shape only."""
        raise NotImplementedError

    def parameters(self, parameter: str, value: Any) -> dict[str, Any]:
        """Return the parameters of the predicate. Raises InputError for an impossible value."""
        raise NotImplementedError


def _plain(value: Any) -> Any:
    match value:
        case Enum():
            return value.value
        case datetime():
            return instant_text(value)
        case date():
            return value.isoformat()
        case _:
            return value


@dataclass(frozen=True, slots=True)
class OneOf(Filter):
    """The property is one of the values."""

    property: str

    def text(self, variable: str, parameter: str) -> str:
        """Return the membership test."""
        return f"{variable}.{self.property} IN ${parameter}"

    def parameters(self, parameter: str, value: Sequence[Any]) -> dict[str, Any]:
        """Return the list."""
        return {parameter: [_plain(item) for item in value]}


@dataclass(frozen=True, slots=True)
class Equal(Filter):
    """The property equals the value."""

    property: str

    def text(self, variable: str, parameter: str) -> str:
        """Return the equality."""
        return f"{variable}.{self.property} = ${parameter}"

    def parameters(self, parameter: str, value: Any) -> dict[str, Any]:
        """Return the value."""
        return {parameter: _plain(value)}


@dataclass(frozen=True, slots=True)
class Between(Filter):
    """The property lies in a range, an input object whose ends may be left out.

    `ends` are the names of its fields and how each compares.
    """

    property: str
    ends: tuple[tuple[str, str], ...]

    def shape(self, value: Mapping[str, Any]) -> Hashable:
        """Return the ends that are given."""
        return tuple(name for name, _ in self.ends if value.get(name) is not None)

    def shaped_text(self, variable: str, parameter: str, shape: Hashable) -> str:
        """Return a comparison for each given end; with none every value does."""
        given = cast("tuple[str, ...]", shape)
        compared = [
            f"{variable}.{self.property} {comparison} ${parameter}_{name}"
            for name, comparison in self.ends
            if name in given
        ]
        return " AND ".join(compared) or "true"

    def parameters(self, parameter: str, value: Mapping[str, Any]) -> dict[str, Any]:
        """Return the given ends."""
        return {
            f"{parameter}_{name}": _plain(value[name])
            for name, _ in self.ends
            if value.get(name) is not None
        }


INSTANTS = (("from", ">="), ("until", "<"))
DATES = (("from", ">="), ("to", "<="))
NUMBERS = (("min", ">="), ("max", "<="))


@dataclass(frozen=True, slots=True)
class Linked(Filter):
    """The node is linked with the one whose global id is given; `pattern` has {node} and {other}.

    `kinds` are the types that the id may be of; `label` is the label to look it up by.
    """

    pattern: str
    label: str
    kinds: tuple[str, ...]

    def text(self, variable: str, parameter: str) -> str:
        """Return the test that the pattern exists."""
        other = f":{self.label} {{id: ${parameter}}}"
        return f"EXISTS {{ MATCH {self.pattern.format(node=variable, other=other)} }}"

    def parameters(self, parameter: str, value: str) -> dict[str, Any]:
        """Return the uid. Raises BadIdentifier."""
        return {parameter: parse_global_id(value, self.kinds)[1]}


@dataclass(frozen=True, slots=True)
class Beneath(Filter):
    """The node is an area, or lies in one by `pattern`, at or below the area that is given."""

    pattern: str | None = None
    proper: bool = False

    def text(self, variable: str, parameter: str) -> str:
        """Return the test on the stored path, which names every area above."""
        inner = f"{parameter}_area"
        if self.pattern is not None:
            match = self.pattern.format(node=variable, area=f"{inner}:Area")
            return f"EXISTS {{ MATCH {match} WHERE {inner}.path CONTAINS ${parameter} }}"
        itself = f" AND {variable}.id <> ${parameter}_id" if self.proper else ""
        return f"{variable}.path CONTAINS ${parameter}{itself}"

    def parameters(self, parameter: str, value: str) -> dict[str, Any]:
        """Return the part of a path that names the area. Raises BadIdentifier."""
        uid = parse_global_id(value, ("Area",))[1]
        extra = {f"{parameter}_id": uid} if self.proper else {}
        return {parameter: f"/{uid}/", **extra}


def within() -> Beneath:
    """Return the filter of agents by an area in which they lie, through their unit or branch."""
    return Beneath(f"({{node}})-[:{TO_AREA}*0..{TO_AREA_HOPS}]->({{area}})")


@dataclass(frozen=True, slots=True)
class CategoryCode(Filter):
    """The node is of the category with this code, or of one below it; `pattern` has {node}."""

    pattern: str

    def text(self, variable: str, parameter: str) -> str:
        """Return the test on the path of codes."""
        inner = f"{parameter}_category"
        match = self.pattern.format(node=variable, category=f"{inner}:Category")
        return f"EXISTS {{ MATCH {match} WHERE {inner}.path CONTAINS ${parameter} }}"

    def parameters(self, parameter: str, value: str) -> dict[str, Any]:
        """Return the part of a path that names the category."""
        return {parameter: f"/{value}/"}


@dataclass(frozen=True, slots=True)
class Search(Filter):
    """Every word of the text occurs in the node's `search` text, both folded alike.

    At a root it is a full-text query; inside of a connection, where the nodes are already few, and
    for single characters and stop words, the words are looked for in the text.
    """

    def shape(self, value: str) -> Hashable:
        """Return whether there are words for the index, and whether there are others."""
        indexed, others = self._words(value)
        return bool(indexed), bool(others)

    def text(self, variable: str, parameter: str) -> str:
        """Return the test without the index, on all words."""
        return f"all(word IN ${parameter}_words WHERE {variable}.search CONTAINS word)"

    @staticmethod
    def indexed(shape: Hashable) -> bool:
        """Return whether there are words for the index."""
        return cast("tuple[bool, bool]", shape)[0]

    def rest(self, variable: str, parameter: str, shape: Hashable) -> str | None:
        """Return the test that is left beside the index, or None."""
        _, others = cast("tuple[bool, bool]", shape)
        if not others:
            return None
        return f"all(word IN ${parameter}_others WHERE {variable}.search CONTAINS word)"

    def parameters(self, parameter: str, value: str) -> dict[str, Any]:
        """Return the words, and the query for the index with them quoted and joined by AND."""
        indexed, others = self._words(value)
        return {
            f"{parameter}_words": [*indexed, *others],
            f"{parameter}_others": others,
            f"{parameter}_query": " AND ".join(
                '"' + _ESCAPED.sub(r"\\\1", word) + '"' for word in indexed
            ),
        }

    @staticmethod
    def _words(value: str) -> tuple[list[str], list[str]]:
        # Folding costs time as well, so what is too long is not folded.
        words = fold(value).split() if len(value) <= LONGEST_SEARCH else []
        if len(value) > LONGEST_SEARCH or len(words) > MOST_WORDS:
            raise BadInput(
                field="text",
                value=f"{value[:20]}…",
                expected=Phrase(
                    "expected.search", {"words": MOST_WORDS, "characters": LONGEST_SEARCH}
                ),
            )
        indexed: list[str] = []
        others: list[str] = []
        for word in words:
            searchable = any(character.isalnum() for character in word)
            if len(word) >= SHORTEST_TERM and searchable and word not in _STOP_WORDS:
                indexed.append(word)
            else:
                others.append(word)
        return indexed, others
