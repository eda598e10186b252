"""By what nodes are grouped, and what is told of each group.

A key says of each node to which group it belongs, by what the caller would be served in a field:
a related node that it may not see is like none. The text is the clauses of one COLLECT: the nodes
with their keys, the aggregates per measure, and then those per group (decision 0022).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, TypeAlias

from graph.reads.conditions import Access, Subject
from graph.reads.filters import AGENT, DEEPEST_TREE, Path

MOST_KEYS = 4
"""By how much nodes are grouped at once."""
LARGEST_OFFSET = 100_000
FIRST_KEY = 2
"""In the row of a group, after the count and the quantities, come the keys."""
MEASURE = "measure"
_CLOCK = "duration('PT8H')"
"""From UTC, as instants are stored, to the clock of China, which is the same all year."""


class Granularity(StrEnum):
    """The part of a date by which nodes are grouped."""

    DAY = "DAY"
    MONTH = "MONTH"
    YEAR = "YEAR"


_LENGTHS = {Granularity.DAY: 10, Granularity.MONTH: 7, Granularity.YEAR: 4}
_FIRST_DAYS = {Granularity.DAY: "", Granularity.MONTH: "-01", Granularity.YEAR: "-01-01"}


# Of every key `name` is its field in the key of a group, `fields` the declared fields, `Type.name`,
# along which it is found.
@dataclass(frozen=True, slots=True)
class ValueKey:
    """A property as it is; `values` are those of an enum in their order."""

    name: str
    fields: tuple[str, ...]
    property: str
    type_name: str
    values: tuple[str, ...] = ()

    def expression(self, subject: Subject, variable: str, access: Access) -> str:
        """Return the property, absent where the caller would not be served it."""
        del variable
        allowed = access.property(subject.types, self.property, subject.variable)
        value = f"{subject.variable}.{self.property}"
        return value if allowed is None else f"CASE WHEN {allowed} THEN {value} ELSE null END"

    def value(self, key: str) -> str:
        """Return the property."""
        return key

    def order(self, key: str) -> str:
        """Return the place of an enum's value, or the property."""
        return _placed(key, self.values) if self.values else key


@dataclass(frozen=True, slots=True)
class TimeKey:
    """The day, month or year of a date, or of an instant; served as its first day."""

    name: str
    fields: tuple[str, ...]
    property: str
    part: Granularity
    instant: bool

    def expression(self, subject: Subject, variable: str, access: Access) -> str:
        """Return the first day."""
        del variable, access
        value = f"{subject.variable}.{self.property}"
        if self.instant:
            value = f"toString(datetime({value}) + {_CLOCK})"
        first = f" + '{end}'" if (end := _FIRST_DAYS[self.part]) else ""
        return f"substring({value}, 0, {_LENGTHS[self.part]}){first}"

    def value(self, key: str) -> str:
        """Return the day."""
        return key

    def order(self, key: str) -> str:
        """Return the day: dates are in the order of their texts."""
        return key


@dataclass(frozen=True, slots=True)
class Hop:
    """A relation to at most one node, of one of the types."""

    relation: Path
    types: tuple[str, ...]

    @property
    def label(self) -> str:
        """The label of its end."""
        return self.types[0] if len(self.types) == 1 else AGENT


@dataclass(frozen=True, slots=True)
class Rise:
    """From a node of a tree up to the one above it, or itself, for which a condition holds."""

    to: str
    """What it rises to: a level, or the top."""
    relationship: str
    label: str
    condition: str
    """What holds for the node that is looked for, which stands in it as `{0}`."""


@dataclass(frozen=True, slots=True)
class NodeKey:
    """A related node, reached by one hop or two, and from there up its tree."""

    name: str
    fields: tuple[str, ...]
    hops: tuple[Hop, ...]
    target: str
    ordered_by: str
    rise: Rise | None = None

    def expression(self, subject: Subject, variable: str, access: Access) -> str:
        """Return the id of the node, and by what such nodes are ordered."""
        pattern, tests, end = _walked(self.hops, subject, variable, access)
        if self.rise is not None:
            end = f"{variable}top"
            pattern += f"-[:{self.rise.relationship}*0..{DEEPEST_TREE}]->({end}:{self.rise.label})"
            tests.append(self.rise.condition.format(end))
        where = f" WHERE {' AND '.join(tests)}" if tests else ""
        return f"head([{pattern}{where} | [{end}.id, {end}.{self.ordered_by}]])"

    def value(self, key: str) -> str:
        """Return the id."""
        return f"{key}[0]"

    def order(self, key: str) -> str:
        """Return by what such nodes are ordered."""
        return f"{key}[1]"


@dataclass(frozen=True, slots=True)
class TypeKey:
    """Of which type a node of an interface is: a related one, or without hops the node itself.

    `constants` are the values of the enum by label, in their order.
    """

    name: str
    fields: tuple[str, ...]
    hops: tuple[Hop, ...]
    type_name: str
    constants: Mapping[str, str] = field(hash=False)

    def expression(self, subject: Subject, variable: str, access: Access) -> str:
        """Return the label."""
        if not self.hops:
            return _label(subject.variable)
        pattern, tests, end = _walked(self.hops, subject, variable, access)
        where = f" WHERE {' AND '.join(tests)}" if tests else ""
        return f"head([{pattern}{where} | {_label(end)}])"

    def value(self, key: str) -> str:
        """Return the label."""
        return key

    def order(self, key: str) -> str:
        """Return the place of the type."""
        return _placed(key, tuple(self.constants))


AnyKey: TypeAlias = ValueKey | TimeKey | NodeKey | TypeKey


@dataclass(slots=True)
class Grouping:
    """How nodes of a type can be grouped, and what is told of the groups.

    `numbers` and `quantities` are properties, true for those that are not whole numbers;
    quantities are told per measure. `named` are sums of quantities with names of their own.
    """

    types: tuple[str, ...]
    keys: dict[str, AnyKey] = field(default_factory=dict[str, AnyKey])
    numbers: dict[str, bool] = field(default_factory=dict[str, bool])
    quantities: dict[str, bool] = field(default_factory=dict[str, bool])
    named: Mapping[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True, slots=True)
class Asked:
    """What of a grouping is asked for: by which keys, in which order, which numbers."""

    by: Sequence[AnyKey]
    by_count: bool
    numbers: Sequence[str]
    quantities: Sequence[str] | None
    """None where nothing is told per measure."""


@dataclass(frozen=True, slots=True)
class Clauses:
    """The clauses after the nodes, up to one row per group, and what each row holds."""

    text: str
    variables: tuple[str, ...]
    amount: str
    quantities: str
    keys: tuple[str, ...]
    numbers: tuple[str, ...]


def clauses(asked: Asked, subject: Subject, prefix: str, access: Access) -> Clauses:
    """Return the clauses that group nodes; `prefix` begins all names that are made."""
    keys = [f"{prefix}k{place}" for place in range(len(asked.by))]
    amount, told = f"{prefix}amount", f"{prefix}quantities"
    node = subject.variable
    steps: list[str] = []
    if keys:
        made = [
            f"{key.expression(subject, f'{prefix}n{place}', access)} AS {keys[place]}"
            for place, key in enumerate(asked.by)
        ]
        steps.append(f"WITH {', '.join([node, *made])}")
    numbers = [_Number(f"{prefix}b{place}") for place in range(len(asked.numbers))]
    of_node = [
        part
        for number, name in zip(numbers, asked.numbers, strict=True)
        for part in number.of(f"{node}.{name}")
    ]
    if asked.quantities is None:
        steps.append(_with([*keys, f"count(*) AS {amount}", *of_node]))
    else:
        measure, part = f"{prefix}measure", f"{prefix}part"
        sums = [_Number(f"{prefix}a{place}") for place in range(len(asked.quantities))]
        of_measure = [
            each
            for number, name in zip(sums, asked.quantities, strict=True)
            for each in number.of(f"{node}.{name}")
        ]
        counted = f"count(*) AS {part}"
        steps.append(
            _with([*keys, f"{node}.{MEASURE} AS {measure}", counted, *of_measure, *of_node])
        )
        listed = ", ".join([measure, part, *(number.listed for number in sums)])
        # The names of what is added up are others than those of the sums.
        whole = [_Number(f"{prefix}c{place}") for place in range(len(numbers))]
        added = [
            each
            for number, total in zip(numbers, whole, strict=True)
            for each in total.added(number)
        ]
        numbers = whole
        collected = f"collect([{listed}]) AS {told}"
        steps.append(_with([*keys, f"sum({part}) AS {amount}", collected, *added]))
    order = [key.order(keys[place]) for place, key in enumerate(asked.by)]
    if asked.by_count or not order:
        # The embedded engine does not leave out rows that have no order.
        order.insert(0, f"{amount} DESC")
    steps[-1] += f" ORDER BY {', '.join(order)}"
    measured = asked.quantities is not None
    return Clauses(
        text=" ".join(steps),
        variables=(
            *keys,
            amount,
            *([told] if measured else []),
            *(name for number in numbers for name in number.names),
        ),
        amount=amount,
        quantities=told if measured else "null",
        keys=tuple(keys),
        numbers=tuple(number.listed for number in numbers),
    )


@dataclass(frozen=True, slots=True)
class _Number:
    """The four aggregates of a number: how many there are, sum, least and greatest."""

    name: str

    @property
    def names(self) -> tuple[str, str, str, str]:
        return f"{self.name}c", f"{self.name}s", f"{self.name}l", f"{self.name}h"

    @property
    def listed(self) -> str:
        return f"[{', '.join(self.names)}]"

    def of(self, value: str) -> list[str]:
        functions = ("count", "sum", "min", "max")
        return [
            f"{function}({value}) AS {name}"
            for function, name in zip(functions, self.names, strict=True)
        ]

    def added(self, parts: "_Number") -> list[str]:
        functions = ("sum", "sum", "min", "max")
        return [
            f"{function}({part}) AS {name}"
            for function, part, name in zip(functions, parts.names, self.names, strict=True)
        ]


def _with(items: Sequence[str]) -> str:
    return f"WITH {', '.join(items)}"


def _walked(
    hops: Sequence[Hop], subject: Subject, variable: str, access: Access
) -> tuple[str, list[str], str]:
    """Return the pattern along hops, the tests of the nodes on the way, and the last of them."""
    pattern, tests, end = "", list[str](), ""
    for place, hop in enumerate(hops):
        end = f"{variable}h{place}"
        begin = "" if place else subject.variable
        walked = hop.relation.pattern(begin, f"{end}:{hop.label}")
        pattern += walked.removeprefix("()") if place else walked
        visible = access.visible(hop.types, end)
        tests += [] if visible is None else [f"({visible})"]
    return pattern, tests, end


def _label(variable: str) -> str:
    return f"head([label IN labels({variable}) WHERE label <> '{AGENT}'])"


def _placed(key: str, values: Sequence[str]) -> str:
    """Return the place of a value among names of the schema, after all of them for none."""
    cases = " ".join(f"WHEN '{value}' THEN {place}" for place, value in enumerate(values))
    return f"CASE {key} {cases} ELSE {len(values)} END"


def statistics(found: Sequence[Any], *, whole: bool) -> dict[str, Any]:
    """Return what is told of a number, from how many there are, their sum, least and greatest."""
    count, total, least, greatest = found
    if not whole:
        total, least, greatest = (
            None if each is None else _rounded(each) for each in (total, least, greatest)
        )
    average = None if not count else _rounded(found[1] / count)
    return {"count": count, "sum": total, "min": least, "max": greatest, "average": average}


def quantities(grouping: Grouping, asked: Asked, found: Sequence[Sequence[Any]]) -> list[Any]:
    """Return what is told of the quantities of a group, per measure."""
    names = asked.quantities or ()
    told: list[dict[str, Any]] = []
    for measure, count, *numbers in sorted(found, key=lambda each: str(each[0])):
        each: dict[str, Any] = {
            name: statistics(number, whole=True)
            for name, number in zip(names, numbers, strict=True)
        }
        sums = {
            called: each[name]["sum"] for called, name in grouping.named.items() if name in each
        }
        told.append({MEASURE: measure, "count": count, **each, **sums})
    return told


def _rounded(value: float) -> float:
    """Return a number without the last digits, which depend on the order of a sum."""
    return round(float(value), 6)
