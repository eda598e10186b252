"""Filters that would find a node by what is hidden of it: made of all that the schema offers.

Each condition holds for no node but by a value that the caller may not learn. So they are asked
together, any of them: an answer that is not empty is a leak.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime, timedelta
from typing import Any, cast

from graphql import GraphQLInputObjectType

from domain.availability import instant_text, parse_instant
from graph.endpoint import Dialect
from graph.reads.conditions import (
    Compared,
    ConcernsArea,
    Identified,
    Listed,
    OfType,
    WithinArea,
    WithinCategory,
    WithinCategoryCode,
)
from graph.reads.filters import AsType, NodeFilter, ToMany, ToOne
from graph.reads.search import Search
from graph.records import names, stored
from tests.contract.canaries import Canaries
from tests.contract.walking import MAPPING, PAGES, SCHEMA, Question, named_type

Filter = dict[str, Any]
Hidden = Mapping[str, frozenset[str]]
SHOWN_TO_ALL = {
    "withinCode": "all categories are seen by all",
    "Category.within": "all categories are seen by all",
    "Area.within": "all areas are seen by all",
}
"""Conditions by which nothing can be hidden, and why."""
SEARCHED = ("name", "title", "description")
JOINING = {"and", "or", "not"}
AT_ONCE = {Dialect.EMBEDDED: 33, Dialect.NEO4J: 12}
"""Conditions that one document asks for."""
MOST_WITHIN = 40
"""Conditions within a filter of one of an interface's types."""
SOME_FIELDS = 5
MASKED = {"contactName", "phone", "email", "note", "evidence", "reason", "text"}


def offered(filter_name: str) -> dict[str, GraphQLInputObjectType]:
    """Return the fields of a filter of the schema, without those that join."""
    found = cast("GraphQLInputObjectType", SCHEMA.type_map[filter_name])
    return {
        name: cast("GraphQLInputObjectType", named_type(declared))
        for name, declared in found.fields.items()
        if name not in JOINING
    }


class Conditions:
    """The conditions by which a caller could learn of fields that are hidden."""

    def __init__(self, canaries: Canaries, hidden: Hidden) -> None:
        self._canaries, self._world, self._hidden = canaries, canaries.world, hidden
        self._unique = set(canaries.places.values())

    def of(self, target: str) -> list[Filter]:
        """Return the conditions on a type's own fields, each with all of its operators."""
        made = MAPPING.filters[target]
        found: list[Filter] = []
        for field, kind in offered(made.name).items():
            condition = made.fields[field]
            if isinstance(condition, (ToOne, ToMany)):
                continue
            found += self._of_field(target, field, condition, kind)
        return found

    def related(self, target: str) -> list[Filter]:
        """Return the conditions on the relations of a type: some, none and every."""
        made = MAPPING.filters[target]
        found: list[Filter] = []
        for field in offered(made.name):
            match made.fields[field]:
                case ToOne(other=other):
                    found += [{field: each} for each in self._briefly(other)]
                case ToMany(other=other):
                    for each in self._briefly(other):
                        alone = {"or": each["or"][:1]}
                        found += [
                            {field: {"some": each}},
                            {"not": {field: {"none": alone}}},
                            {"not": {field: {"every": {"not": alone}}}},
                        ]
                case _:
                    pass
        return found

    def _briefly(self, other: NodeFilter) -> Iterator[Filter]:
        """Yield a filter of a related node: that it is, and a condition on some of its fields.

        What holds of a field is said of it as a root's; here it is that a related node is looked
        at with the same rules, so a few fields stand for all: those that may be masked, and others.
        """
        target = other.name.removesuffix("Filter")
        by_field: dict[str, Filter] = {}
        for each in self.of(target):
            by_field.setdefault(next(name for name in reversed(each)), each)
        chosen = sorted(by_field, key=lambda name: (name != "id", name not in MASKED))
        if chosen:
            yield {"or": [by_field[name] for name in chosen[:SOME_FIELDS]]}

    def _of_field(
        self, target: str, field: str, condition: object, kind: GraphQLInputObjectType
    ) -> list[Filter]:
        if field in SHOWN_TO_ALL or f"{target}.{field}" in SHOWN_TO_ALL:
            return []
        match condition:
            case Identified():
                ids = self._ids(self._nodes(target, "id"))
                return [
                    each
                    for operator in kind.fields
                    for node_id in ids[:1]
                    for each in [_hit(field, operator, node_id, ids)]
                ]
            case Search():
                return [
                    {field: stored(getattr(self._world.records[name], own))}
                    for own in SEARCHED
                    for name in self._nodes(target, own)[:1]
                    if getattr(self._world.records[name], own)
                ]
            case WithinArea() | ConcernsArea():
                ids = self._ids(self._nodes(target, "id"))
                return [{"id": {"in": ids}, field: self._world.gid("hebei")}] if ids else []
            case OfType():
                ids = self._ids(self._nodes(target, "id"))
                every = list(cast("Any", kind).values)
                return [{"id": {"in": ids}, field: every}] if ids else []
            case AsType(other=other):
                inner = self.of(other.types[0])
                return [{field: {"or": chunk}} for chunk in chunks(other, inner, MOST_WITHIN)]
            case Compared(property=key) | Listed(property=key):
                return self._compared(target, field, key, kind)
            case WithinCategory() | WithinCategoryCode():
                raise AssertionError(f"{target}.{field} is not argued")
            case _:
                raise AssertionError(f"the walk does not know how to ask for {target}.{field}")

    def _compared(
        self, target: str, field: str, key: str, kind: GraphQLInputObjectType
    ) -> list[Filter]:
        holders: list[tuple[str, str]] = []
        for name in self._of_types(target):
            record = self._world.records[name]
            (own,) = [own for own, found in names(type(record)) if found == key]
            if own in self._hidden.get(name, ()) and stored(getattr(record, own)) is not None:
                holders.append((name, own))
        if not holders:
            return []
        name, own = holders[0]
        value = stored(getattr(self._world.records[name], own))
        among = {"id": {"in": self._ids(each for each, _ in holders)}}
        found: list[Filter] = []
        for operator in kind.fields:
            hit = _hit(field, operator, value, [value])
            unique = (name, own) in self._unique and operator not in {"isNull", "isEmpty"}
            found.append(hit if unique else {**among, **hit})
        return found

    def _nodes(self, target: str, own: str) -> list[str]:
        return [name for name in self._of_types(target) if own in self._hidden.get(name, ())]

    def _of_types(self, target: str) -> list[str]:
        return [
            name
            for name, record in self._world.records.items()
            if type(record).__name__ in MAPPING.possible[target]
        ]

    def _ids(self, among: Iterable[str]) -> list[str]:
        return [self._world.gid(name) for name in among]


def _hit(field: str, operator: str, value: Any, values: list[Any]) -> Filter:
    """Return the condition with this operator that holds for a value and no other."""
    single = value[0] if isinstance(value, list) else value
    below, above = _around(single)
    match operator:
        case "eq" | "startsWith" | "endsWith" | "contains" | "has":
            return {field: {operator: single}}
        case "in":
            return {field: {operator: values}}
        case "hasAny" | "hasAll":
            return {field: {operator: [single]}}
        case "ne":
            return {"not": {field: {operator: single}}}
        case "notIn":
            return {"not": {field: {operator: values}}}
        case "lte" | "gte":
            return {field: {"gte": single, "lte": single}}
        case "lt" | "gt":
            return {field: {"gt": below, "lt": above}}
        case "isNull" | "isEmpty":
            return {field: {operator: False}}
        case _:
            raise AssertionError(f"the walk does not know the operator {operator} of {field}")


def _around(value: Any) -> tuple[Any, Any]:
    """Return something just below a stored value and just above."""
    match value:
        case bool():
            return None, None
        case int():
            return value - 1, value + 1
        case float():
            return value - 1e-6, value + 1e-6
        case str() if len(value) == 10 and value[4] == "-":
            day = date.fromisoformat(value)
            return (day - timedelta(days=1)).isoformat(), (day + timedelta(days=1)).isoformat()
        case str() if len(value) > 10 and value[4] == "-" and value[10] == "T":
            instant: datetime = parse_instant(value)
            minute = timedelta(seconds=1)
            return instant_text(instant - minute), instant_text(instant + minute)
        case str():
            return value[:-1], value + "a"
        case _:
            return None, None


def chunks(made: NodeFilter, conditions: list[Filter], most: int) -> Iterator[list[Filter]]:
    """Yield conditions, as many at a time as make no larger filter than `most`."""
    chunk, size = list[Filter](), 0
    for each in conditions:
        added = 1 + made.size(made.shaped(each, 1))
        if chunk and size + added > most:
            yield chunk
            chunk, size = [], 0
        chunk.append(each)
        size += added
    if chunk:
        yield chunk


def any_of(target: str, conditions: list[Filter], dialect: Dialect) -> Iterator[Question]:
    """Yield the pages of a type with any of the conditions, some at a time.

    How long Neo4j plans grows faster than a statement: for the 99 that are allowed up to 30 s.
    """
    for chunk in chunks(MAPPING.filters[target], conditions, AT_ONCE[dialect]):
        yield filtered(target, {"or": chunk})


def filtered(target: str, given: Filter) -> Question:
    """Return the page of a type with a filter."""
    query = (
        f"query($filter: {target}Filter) {{ page: {PAGES[target]}(first: 100, filter: $filter) "
        "{ totalCount nodes { id } } }"
    )
    return Question(f"{PAGES[target]} filtered", query, {"filter": given})
