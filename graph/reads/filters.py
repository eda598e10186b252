"""Filters: conditions on a node, on its related nodes, joined by `and`, `or` and `not`.

There is one filter for each type of node, made of what its fields declare (`node_filters`); the
schema makes its inputs of the same (`schema.filtering`). A filter's shape is a tree of the names
that are given; its text and its values are made by walking that tree in the same order, so the
text names its parameters by their number.

A filter sees what its caller would be served: related nodes that the caller may not see do not
count, contacts and free texts that are masked count as absent. So no filter, however it is turned,
tells more than the fields do.
"""

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Protocol, TypeAlias, cast

from domain.errors import BadInput
from domain.language import Phrase
from graph.reads.conditions import (
    Compared,
    Condition,
    Identified,
    Stated,
    Subject,
    Texts,
    WithinArea,
)
from graph.reads.search import Search

MOST_CONDITIONS = 100
"""Comparisons and related nodes in one filter."""
DEEPEST_FILTER = 12
"""Levels of one filter, of `and`, `or`, `not` and of related nodes."""
NAMING = frozenset({"id", "name", "code", "creditCode"})
"""Properties with an index of which one value is of few nodes."""
AND, OR, NOT = "and", "or", "not"
SOME, NONE, EVERY = "some", "none", "every"
AGENT = "Agent"
DEEPEST_TREE = 12

Shape: TypeAlias = tuple[tuple[str, Hashable], ...]
"""Of a filter: the fields that are given, each with its shape, in the order of their names."""


class Path(Protocol):
    """A relation to other nodes, as a pattern."""

    @property
    def single(self) -> bool:
        """Whether it is one relationship, so that it can be walked from either end."""
        ...

    def pattern(self, start: str, end: str) -> str:
        """Return the pattern between a bound variable and the inside of the other node."""
        ...


@dataclass(slots=True)
class Start:
    """Clauses that bind the node of a root connection from the selective end of its filter."""

    clauses: str
    tests: list[str]


@dataclass(slots=True, eq=False)
class NodeFilter:
    """The filter of one type of node, or of an interface's.

    Filters lead to each other, so one is shown by its name and is equal to itself alone.
    """

    name: str
    types: tuple[str, ...]
    fields: dict[str, "Condition | ToOne | ToMany | AsType"] = field(
        default_factory=dict[str, "Condition | ToOne | ToMany | AsType"], repr=False
    )

    @property
    def label(self) -> str:
        """The label by which its nodes are matched."""
        return self.types[0] if len(self.types) == 1 else AGENT

    def shape(self, value: Mapping[str, Any]) -> Shape:
        """Return what of the value changes the text. Raises InputError when it is too large."""
        shape = self.shaped(value, 1)
        if (size := self.size(shape)) > MOST_CONDITIONS:
            raise _too_large(size)
        return shape

    def values(self, value: Mapping[str, Any]) -> list[Any]:
        """Return the parameters of the text in their order. Raises InputError."""
        found: list[Any] = []
        for name, given in self._given(value):
            if name in {AND, OR}:
                for each in given:
                    found += self.values(each)
            elif name == NOT:
                found += self.values(given)
            else:
                found += self.fields[name].values(given)
        return found

    def text(self, subject: Subject, shape: Shape, texts: Texts) -> str:
        """Return the test; true for all where nothing is asked."""
        return " AND ".join(self.tests(subject, shape, texts)) or "true"

    def tests(
        self, subject: Subject, shape: Shape, texts: Texts, without: str | None = None
    ) -> list[str]:
        """Return the tests that all have to hold, `without` one that is seen to elsewhere."""
        found = [(name, self._test(name, each, subject, texts)) for name, each in shape]
        return [test for name, test in found if name != without]

    def start(self, variable: str, shape: Shape, texts: Texts) -> Start | None:
        """Return how a root connection begins at the selective end of the filter.

        That is its full-text index, an area whose tree is asked for, or another node that is named
        by its id. None where no such thing has to hold for every node: then the page's own index
        is the way.
        """
        chosen = self._selective(shape)
        if chosen is None:
            return None
        subject = Subject(variable, self.types)
        start = Start("", [])
        for name, each in shape:
            if name != chosen:
                start.tests.append(self._test(name, each, subject, texts))
                continue
            match self.fields[name]:
                case Search() as search:
                    query, rest = search.begun(subject, each, texts)
                    start.clauses = (
                        f"CALL db.index.fulltext.queryNodes('{self.label}[search]', {query}) "
                        f"YIELD node AS {variable} WITH {variable}"
                    )
                    start.tests += [] if rest is None else [rest]
                case WithinArea():
                    top = texts.variable()
                    texts.parameter()
                    start.clauses = (
                        f"MATCH ({top}:Area {{id: {texts.parameter()}}}) "
                        f"MATCH ({top})<-[:PART_OF*0..{DEEPEST_TREE}]-({variable}:{self.label})"
                    )
                case ToOne() | ToMany() as related:
                    start.clauses = related.begun(variable, each, texts, self.label)
                case _:
                    raise TypeError(f"nothing begins with {name}")
        return start

    def finds_few(self, shape: Shape) -> bool:
        """Whether it begins at something selective, or names the nodes themselves."""
        if self._selective(shape) is not None:
            return True
        return any(
            isinstance(condition := self.fields.get(name), Compared)
            and condition.property in NAMING
            and not {"eq", "in"}.isdisjoint(cast("tuple[str, ...]", each))
            for name, each in shape
        )

    def one_of_a_vocabulary(self, shape: Shape) -> list[str]:
        """Return the fields that have to have one certain value of a closed vocabulary."""
        return [
            name
            for name, each in shape
            if isinstance(condition := self.fields.get(name), Compared)
            and condition.asked(each) == ("eq",)
            and "lt" not in condition.operators
        ]

    def published(self, shape: Shape) -> bool | None:
        """Return whether everybody may read the state of all that fits; False: not everybody.

        None where that is not known.
        """
        for name, each in shape:
            found = None
            if name == AND:
                parts = cast("tuple[Shape, ...]", each)
                found = next((p for p in map(self.published, parts) if p is not None), None)
            elif isinstance(condition := self.fields.get(name), Stated):
                found = condition.published(each)
            if found is not None:
                return found
        return None

    def _selective(self, shape: Shape) -> str | None:
        for kind in (Search, WithinArea, (ToOne, ToMany)):
            for name, each in shape:
                condition = self.fields.get(name)
                if not isinstance(condition, kind):
                    continue
                match condition:
                    case Search() if Search.indexed(each):
                        return name
                    case WithinArea(agents=False):
                        return name
                    case ToOne() | ToMany() if condition.selective(each):
                        return name
                    case _:
                        pass
        return None

    def _test(self, name: str, shape: Hashable, subject: Subject, texts: Texts) -> str:
        if name in {AND, OR}:
            parts = [
                self.text(subject, cast("Shape", each), texts)
                for each in cast("tuple[Hashable, ...]", shape)
            ]
            if not parts:
                return "true" if name == AND else "false"
            joint = f" {name.upper()} ".join(f"({part})" for part in parts)
            return f"({joint})"
        if name == NOT:
            turned = replace(subject, negated=True)
            return f"NOT ({self.text(turned, cast('Shape', shape), texts)})"
        return self.fields[name].text(subject, cast("Any", shape), texts)

    def shaped(self, value: Mapping[str, Any], depth: int) -> Shape:
        """Return the shape of a filter at a depth of the whole. Raises InputError."""
        if depth > DEEPEST_FILTER:
            raise _too_large(depth)
        found: list[tuple[str, Hashable]] = []
        for name, given in self._given(value):
            if name in {AND, OR}:
                shape: Hashable = tuple(self.shaped(each, depth + 1) for each in given)
            elif name == NOT:
                shape = self.shaped(given, depth + 1)
            else:
                condition = self.fields[name]
                shape = (
                    condition.shape(given)
                    if isinstance(condition, Condition)
                    else condition.shape(given, depth + 1)
                )
            found.append((name, shape))
        return tuple(found)

    def size(self, shape: Shape) -> int:
        """Return how many conditions a shape holds."""
        total = 0
        for name, each in shape:
            if name in {AND, OR}:
                # An empty part is written out like any other, so it counts as well.
                total += 1 + sum(
                    max(1, self.size(cast("Shape", part)))
                    for part in cast("tuple[Hashable, ...]", each)
                )
            elif name == NOT:
                total += 1 + self.size(cast("Shape", each))
            else:
                total += self.fields[name].size(cast("Any", each))
        return total

    @staticmethod
    def _given(value: Mapping[str, Any]) -> list[tuple[str, Any]]:
        """Return the fields that are given, in the order of their names; null is not given."""
        return sorted((item for item in value.items() if item[1] is not None), key=lambda i: i[0])


@dataclass(frozen=True, slots=True)
class ToOne:
    """The node at the other end of a relation: there is one that can be seen and fits."""

    relation: Path
    other: NodeFilter

    def shape(self, value: Mapping[str, Any], depth: int) -> Hashable:
        """Return the shape of the other node's filter."""
        return self.other.shaped(value, depth)

    def size(self, shape: Shape) -> int:
        """Return how many conditions it is."""
        return 1 + self.other.size(shape)

    def text(self, subject: Subject, shape: Shape, texts: Texts) -> str:
        """Return the test that there is such a node."""
        return _exists(self.relation, self.other, subject, shape, texts)

    def values(self, value: Mapping[str, Any]) -> list[Any]:
        """Return the values of the other node's filter."""
        return self.other.values(value)

    def selective(self, shape: Hashable) -> bool:
        """Return whether it names the other node, or several, by their ids."""
        return self.relation.single and bool(_named(self.other, cast("Shape", shape)))

    def begun(self, variable: str, shape: Hashable, texts: Texts, label: str) -> str:
        """Return the clauses from the other node to this one."""
        return _begun(self.relation, self.other, variable, cast("Shape", shape), texts, label)


@dataclass(frozen=True, slots=True)
class ToMany:
    """The nodes at the other ends of a relation: some, none or every one that can be seen fits."""

    relation: Path
    other: NodeFilter

    def shape(self, value: Mapping[str, Any], depth: int) -> Hashable:
        """Return the shapes of the filters that are given."""
        return tuple(
            (name, self.other.shaped(value[name], depth))
            for name in (SOME, NONE, EVERY)
            if value.get(name) is not None
        )

    def size(self, shape: Shape) -> int:
        """Return how many conditions it is."""
        return sum(1 + self.other.size(cast("Shape", each)) for _, each in shape)

    def text(self, subject: Subject, shape: Shape, texts: Texts) -> str:
        """Return the tests, each true or false."""
        tests: list[str] = []
        for name, each in shape:
            test = _exists(
                self.relation, self.other, subject, cast("Shape", each), texts, fits=name != EVERY
            )
            tests.append(test if name == SOME else f"NOT {test}")
        return " AND ".join(tests) or "true"

    def values(self, value: Mapping[str, Any]) -> list[Any]:
        """Return the values of the filters that are given."""
        return [
            each
            for name in (SOME, NONE, EVERY)
            if value.get(name) is not None
            for each in self.other.values(value[name])
        ]

    def selective(self, shape: Hashable) -> bool:
        """Return whether all it asks is for a certain node, named by its id, among the others.

        One, not several: two of them may lead to the same node twice.
        """
        given = cast("Shape", shape)
        if not self.relation.single or [name for name, _ in given] != [SOME]:
            return False
        return "eq" in _named(self.other, cast("Shape", given[0][1]))

    def begun(self, variable: str, shape: Hashable, texts: Texts, label: str) -> str:
        """Return the clauses from the other node to this one."""
        ((_, inner),) = cast("Shape", shape)
        return _begun(self.relation, self.other, variable, cast("Shape", inner), texts, label)


@dataclass(frozen=True, slots=True)
class AsType:
    """The node itself as one of the types of its interface: it is of that type and fits."""

    other: NodeFilter

    def shape(self, value: Mapping[str, Any], depth: int) -> Hashable:
        """Return the shape of the type's own filter."""
        return self.other.shaped(value, depth)

    def size(self, shape: Shape) -> int:
        """Return how many conditions it is."""
        return 1 + self.other.size(shape)

    def text(self, subject: Subject, shape: Shape, texts: Texts) -> str:
        """Return the test of the label and of the rest."""
        inner = replace(subject, types=self.other.types)
        tests = [f"{subject.variable}:{self.other.label}", *self.other.tests(inner, shape, texts)]
        return f"({' AND '.join(tests)})"

    def values(self, value: Mapping[str, Any]) -> list[Any]:
        """Return the values of the type's own filter."""
        return self.other.values(value)


def _named(other: NodeFilter, shape: Shape) -> tuple[str, ...]:
    """Return by which operators a filter names its node's id, of those that find few."""
    given = dict(shape)
    if not isinstance(other.fields.get("id"), Identified) or "id" not in given:
        return ()
    return tuple(each for each in cast("tuple[str, ...]", given["id"]) if each in {"eq", "in"})


def _begun(
    relation: Path, other: NodeFilter, variable: str, shape: Shape, texts: Texts, label: str
) -> str:
    inner = texts.variable()
    tests = _seen(other, inner, texts, shape) + other.tests(
        Subject(inner, other.types), shape, texts
    )
    back = relation.pattern(f"{variable}:{label}", inner)
    return f"MATCH ({inner}:{other.label}) WHERE {' AND '.join(tests)} MATCH {back}"


def _exists(
    relation: Path,
    other: NodeFilter,
    subject: Subject,
    shape: Shape,
    texts: Texts,
    *,
    fits: bool = True,
) -> str:
    """Return the test that a related node which can be seen fits, or that one does not."""
    variable = texts.variable()
    tests = _seen(other, variable, texts, shape if fits else ())
    if fits:
        tests += other.tests(Subject(variable, other.types), shape, texts)
    else:
        asked = other.text(Subject(variable, other.types, negated=True), shape, texts)
        tests.append(f"NOT ({asked})")
    pattern = relation.pattern(subject.variable, f"{variable}:{other.label}")
    joint = " AND " if " WHERE " in pattern else " WHERE "
    return f"EXISTS {{ MATCH {pattern}{joint if tests else ''}{' AND '.join(tests)} }}"


def _seen(other: NodeFilter, variable: str, texts: Texts, fits: Shape) -> list[str]:
    """Return the test that a related node may be seen, beside the test that it fits."""
    visible = texts.access.visible(other.types, variable, published=other.published(fits))
    return [] if visible is None else [f"({visible})"]


def _too_large(found: int) -> BadInput:
    expected = Phrase("expected.filter", {"conditions": MOST_CONDITIONS, "levels": DEEPEST_FILTER})
    return BadInput(field="filter", value=found, expected=expected)
