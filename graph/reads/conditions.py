"""What a field of a filter may ask of a node: comparisons, lists, places; texts are in `search`.

A condition has a shape, the part of its value that changes the text of the statement (which
operators are given), and values, one for each parameter of the text, in the order of the text.
The text never holds a value. A condition that is negated has to be true or false: a comparison
with an absent value is neither in Cypher, so it is guarded there.
"""

from abc import ABC, abstractmethod
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import Enum
from typing import Any, Protocol, cast

from domain.availability import instant_text
from domain.errors import BadInput
from domain.identity import parse_global_id
from domain.language import Phrase
from graph.publishing import published
from graph.reads.places import within_areas

MOST_VALUES = 500
"""Values of one list, as in `in`."""

ORDERED = ("lt", "lte", "gt", "gte")
MEMBERSHIP = ("eq", "ne", "in", "notIn")
TEXTUAL = ("startsWith", "endsWith", "contains")
PRESENCE = "isNull"
PUBLIC, HIDDEN = "public", "hidden"
_SYMBOLS = {
    "eq": "=",
    "in": "IN",
    "lt": "<",
    "lte": "<=",
    "gt": ">",
    "gte": ">=",
    "startsWith": "STARTS WITH",
    "endsWith": "ENDS WITH",
    "contains": "CONTAINS",
}
_LISTS = frozenset({"in", "notIn", "hasAny", "hasAll"})


class Access(Protocol):
    """The rules of a kind of access, as far as filters need them."""

    def visible(
        self, types: Sequence[str], variable: str, *, published: bool | None = None
    ) -> str | None:
        """Return the test that a node of one of the types may be seen, None for always.

        `published` says what is known beside the test; see `graph.publishing`.
        """
        ...

    def contacts(self, variable: str) -> str | None:
        """Return the test that an agent's contacts may be seen, None for always."""
        ...

    def property(self, types: Sequence[str], name: str, variable: str) -> str | None:
        """Return the test that a property of what is seen may be read, None for always."""
        ...


@dataclass(slots=True)
class Texts:
    """What the text of one filter is made with: the rules, and names not used elsewhere."""

    access: Access
    prefix: str
    parameters: int = 0
    variables: int = 0

    def parameter(self) -> str:
        """Return the next parameter, with its `$`."""
        self.parameters += 1
        return f"${self.prefix}_{self.parameters - 1}"

    def variable(self) -> str:
        """Return a fresh variable."""
        self.variables += 1
        return f"{self.prefix}n{self.variables}"


@dataclass(frozen=True, slots=True)
class Subject:
    """The node that is asked: its variable and types, and whether the test is negated."""

    variable: str
    types: tuple[str, ...]
    negated: bool = False


class Condition(ABC):
    """One field of a filter input."""

    @abstractmethod
    def shape(self, value: Any) -> Hashable:
        """Return what of the value changes the text. Raises InputError for what is too large."""

    @abstractmethod
    def text(self, subject: Subject, shape: Hashable, texts: Texts) -> str:
        """Return the test, true for all where the shape is empty."""

    @abstractmethod
    def values(self, value: Any) -> list[Any]:
        """Return the parameters of the text. Raises InputError for an impossible value."""

    def size(self, shape: Hashable) -> int:
        """Return how many comparisons a shape holds."""
        return len(cast("Sequence[object]", shape))


def plain(value: Any) -> Any:
    """Return a value as the graph stores it."""
    match value:
        case Enum():
            return value.value
        case datetime():
            return instant_text(value)
        case date():
            return value.isoformat()
        case _:
            return value


def _listed(value: Any) -> list[Any]:
    found = cast("list[Any]", value)
    if len(found) > MOST_VALUES:
        expected = Phrase("expected.values", {"values": MOST_VALUES})
        raise BadInput(field="filter", value=len(found), expected=expected)
    return found


@dataclass(frozen=True, slots=True)
class Compared(Condition):
    """A property by comparison: an input object of operators, all of which have to hold.

    What the caller would not be served counts as absent. `personal` is one of the contacts.
    """

    property: str
    operators: tuple[str, ...]
    required: bool = False
    personal: bool = False

    def shape(self, value: Mapping[str, Any]) -> Hashable:
        """Return the operators that are given, and which way presence is asked."""
        return tuple(
            f"{name} {str(value[name]).lower()}" if name == PRESENCE else name
            for name in self.operators
            if value.get(name) is not None
        )

    def text(self, subject: Subject, shape: Hashable, texts: Texts) -> str:
        """Return the comparisons."""
        found, certain = self._value(subject, texts.access)
        tests = [
            self._test(each, found, subject.negated and not certain, certain, texts)
            for each in cast("tuple[str, ...]", shape)
        ]
        return " AND ".join(tests) or "true"

    def values(self, value: Mapping[str, Any]) -> list[Any]:
        """Return the operands."""
        given = [(name, value[name]) for name in self.operators if value.get(name) is not None]
        return [
            [self.operand(item) for item in _listed(operand)]
            if name in _LISTS
            else self.operand(operand)
            for name, operand in given
            if name != PRESENCE
        ]

    def operand(self, value: Any) -> Any:
        """Return one operand as it is compared."""
        return plain(value)

    def asked(self, shape: Hashable) -> tuple[str, ...]:
        """Return the operators of a shape."""
        return cast("tuple[str, ...]", shape)

    def _value(self, subject: Subject, access: Access) -> tuple[str, bool]:
        """Return the value as it would be served, and whether it is always there."""
        value = f"{subject.variable}.{self.property}"
        allowed = (
            access.contacts(subject.variable)
            if self.personal
            else access.property(subject.types, self.property, subject.variable)
        )
        if allowed is None:
            return value, self.required
        return f"CASE WHEN {allowed} THEN {value} ELSE null END", False

    @staticmethod
    def _test(operator: str, value: str, guarded: bool, certain: bool, texts: Texts) -> str:  # noqa: FBT001
        if operator.startswith(PRESENCE):
            return f"{value} IS {'NULL' if operator.endswith('true') else 'NOT NULL'}"
        parameter = texts.parameter()
        if operator in {"ne", "notIn"}:
            differs = (
                f"{value} <> {parameter}" if operator == "ne" else f"NOT {value} IN {parameter}"
            )
            return differs if certain else f"({value} IS NULL OR {differs})"
        test = f"{value} {_SYMBOLS[operator]} {parameter}"
        return f"({value} IS NOT NULL AND {test})" if guarded else test


@dataclass(frozen=True, slots=True)
class Stated(Compared):
    """A state that decides whether everybody may see the node.

    Its shape says as well whether the states that are asked for do (`graph.publishing`).
    """

    vocabulary: str = ""

    def shape(self, value: Mapping[str, Any]) -> Hashable:
        """Return the operators that are given, and whether everybody may read what they ask."""
        given = cast("tuple[str, ...]", Compared.shape(self, value))
        asked = [value["eq"]] if "eq" in given else value["in"] if "in" in given else None
        if asked is None:
            return given
        known = published(self.vocabulary, [plain(each) for each in asked])
        return given if known is None else (*given, PUBLIC if known else HIDDEN)

    def text(self, subject: Subject, shape: Hashable, texts: Texts) -> str:
        """Return the comparisons."""
        return Compared.text(self, subject, self.asked(shape), texts)

    def asked(self, shape: Hashable) -> tuple[str, ...]:
        """Return the operators of a shape."""
        return tuple(
            each for each in cast("tuple[str, ...]", shape) if each not in {PUBLIC, HIDDEN}
        )

    def size(self, shape: Hashable) -> int:
        """Return how many comparisons a shape holds."""
        return len(self.asked(shape))

    @staticmethod
    def published(shape: Hashable) -> bool | None:
        """Return whether everybody may read the states that are asked for; None: not known."""
        known = cast("tuple[str, ...]", shape)
        if PUBLIC in known:
            return True
        return False if HIDDEN in known else None


@dataclass(frozen=True, slots=True)
class Identified(Compared):
    """The node itself by its global id; `kinds` are the types that it may be of."""

    property: str = "id"
    operators: tuple[str, ...] = MEMBERSHIP
    required: bool = True
    kinds: tuple[str, ...] = ()

    def operand(self, value: Any) -> Any:
        """Return the uid. Raises BadIdentifier."""
        return parse_global_id(value, self.kinds)[1]


@dataclass(frozen=True, slots=True)
class Listed(Condition):
    """A property that is a list of texts; an empty list is stored as an absent property."""

    property: str
    operators: tuple[str, ...] = ("has", "hasAny", "hasAll", "isEmpty")

    def shape(self, value: Mapping[str, Any]) -> Hashable:
        """Return the operators that are given, and whether it is to be empty."""
        return tuple(
            f"{name} {str(value[name]).lower()}" if name == "isEmpty" else name
            for name in self.operators
            if value.get(name) is not None
        )

    def text(self, subject: Subject, shape: Hashable, texts: Texts) -> str:
        """Return the tests, each true or false."""
        tests: list[str] = []
        for operator in cast("tuple[str, ...]", shape):
            value = f"{subject.variable}.{self.property}"
            if operator.startswith("isEmpty"):
                tests.append(f"{value} IS {'NULL' if operator.endswith('true') else 'NOT NULL'}")
                continue
            value, parameter = f"coalesce({value}, [])", texts.parameter()
            tests.append(
                f"{parameter} IN {value}"
                if operator == "has"
                else f"{'any' if operator == 'hasAny' else 'all'}"
                f"(item IN {parameter} WHERE item IN {value})"
            )
        return " AND ".join(tests) or "true"

    def values(self, value: Mapping[str, Any]) -> list[Any]:
        """Return the operands."""
        return [
            _listed(value[name]) if name in _LISTS else value[name]
            for name in self.operators
            if name != "isEmpty" and value.get(name) is not None
        ]


class Whole(Condition):
    """A condition whose text is always the same: one value, one parameter."""

    def shape(self, value: Any) -> Hashable:
        """Return that it is given."""
        del value
        return ("given",)


@dataclass(frozen=True, slots=True)
class WithinArea(Whole):
    """The area is the given one or lies below it; `agents` lie in it through unit or branch."""

    agents: bool = False

    def text(self, subject: Subject, shape: Hashable, texts: Texts) -> str:
        """Return the test on the stored path, which names every area above."""
        del shape
        parameter = texts.parameter()
        texts.parameter()
        if not self.agents:
            return f"{subject.variable}.path CONTAINS {parameter}"
        area = texts.variable()
        return within_areas(subject.variable, area, f"{area}.path CONTAINS {parameter}")

    def values(self, value: Any) -> list[Any]:
        """Return the part of a path that names the area, and its uid. Raises BadIdentifier."""
        uid = parse_global_id(value, ("Area",))[1]
        return [f"/{uid}/", uid]


@dataclass(frozen=True, slots=True)
class ConcernsArea(Whole):
    """The event concerns the given area or what lies below it."""

    def text(self, subject: Subject, shape: Hashable, texts: Texts) -> str:
        """Return the test that the area is among those kept with the event."""
        del shape
        return f"any(each IN {subject.variable}.areaIds WHERE each = {texts.parameter()})"

    def values(self, value: Any) -> list[Any]:
        """Return the uid. Raises BadIdentifier."""
        return [parse_global_id(value, ("Area",))[1]]


@dataclass(frozen=True, slots=True)
class WithinCategory(Whole):
    """The category is the given one or one below it."""

    def text(self, subject: Subject, shape: Hashable, texts: Texts) -> str:
        """Return the test that the taxonomy leads from it to the given one."""
        del shape
        return (
            f"EXISTS {{ MATCH ({subject.variable})-[:CHILD_OF*0..8]->"
            f"(:Category {{id: {texts.parameter()}}}) }}"
        )

    def values(self, value: Any) -> list[Any]:
        """Return the uid. Raises BadIdentifier."""
        return [parse_global_id(value, ("Category",))[1]]


@dataclass(frozen=True, slots=True)
class WithinCategoryCode(Whole):
    """The category has the given code, or is one below the one that has it."""

    def text(self, subject: Subject, shape: Hashable, texts: Texts) -> str:
        """Return the test on the path of codes."""
        del shape
        return f"{subject.variable}.path CONTAINS {texts.parameter()}"

    def values(self, value: Any) -> list[Any]:
        """Return the part of a path that names the category."""
        return [f"/{value}/"]


class OfType(Whole):
    """The node is of one of the types: for interfaces."""

    def text(self, subject: Subject, shape: Hashable, texts: Texts) -> str:
        """Return the test on the labels."""
        del shape
        return f"any(label IN labels({subject.variable}) WHERE label IN {texts.parameter()})"

    def values(self, value: Any) -> list[Any]:
        """Return the labels."""
        return [[str(plain(each)) for each in _listed(value)]]
