"""Records to properties and back, from the record's own declaration."""

import types
from collections.abc import Callable, Iterable, Mapping
from dataclasses import fields
from datetime import date, datetime
from enum import Enum
from functools import cache
from typing import Any, TypeVar, Union, cast, get_args, get_origin, get_type_hints

from domain import hub_records, records, run_records
from domain.availability import WeeklyWindow, instant_text, parse_instant
from domain.records import Node
from graph.naming import camel
from graph.ordering import SORT_KEY, derived, key_of, keys, sort_key

__all__ = [
    "RECORDS",
    "SORT_KEY",
    "camel",
    "changed_properties",
    "names",
    "present_properties",
    "properties",
    "record",
    "sort_key",
    "stored",
    "with_following_keys",
]

RECORDS: Mapping[str, type[Node]] = {
    cls.__name__: cls
    for cls in Node.__subclasses__()
    if cls.__module__ in {records.__name__, run_records.__name__, hub_records.__name__}
}
"""The records of the nodes that are served, by label."""

RecordT = TypeVar("RecordT", bound=Node)


def stored(value: object) -> Any:
    """Return a field's value as it is stored; an empty list is stored as an absent property."""
    match value:
        case Enum():
            return value.value
        case datetime():
            return instant_text(value)
        case date():
            return value.isoformat()
        case WeeklyWindow():
            return str(value)
        case tuple():
            return [stored(item) for item in cast("tuple[object, ...]", value)] or None
        case _:
            return value


def present_properties(record: Node) -> dict[str, Any]:
    """Return the properties of a record that are there, with the keys of its orders."""
    return {name: value for name, value in properties(record).items() if value is not None}


@cache
def names(cls: type[Node]) -> tuple[tuple[str, str], ...]:
    """Return the fields of a record with the properties that hold them."""
    return tuple((field.name, camel(field.name)) for field in fields(cls))


def properties(record: Node) -> dict[str, Any]:
    """Return all properties of a record, absent ones as None, with the keys of its orders."""
    found = {key: stored(getattr(record, name)) for name, key in names(type(record))}
    return found | keys(record)


def changed_properties(record: Node, changed: Iterable[str]) -> dict[str, Any]:
    """Return the properties to set where these have changed, with the keys that follow them."""
    found = properties(record)
    return {name: found[name] for name in with_keys(type(record), changed)}


def with_following_keys(
    cls: type[Node], before: Mapping[str, Any], changes: Mapping[str, Any]
) -> dict[str, Any]:
    """Return changed properties of a node, read as `before`, with the keys that follow them."""
    following = with_keys(cls, changes)
    if len(following) == len(changes):
        return dict(changes)
    made = keys(record(cls, {**before, **changes}))
    return {name: made.get(name, changes.get(name)) for name in following}


def with_keys(cls: type[Node], changed: Iterable[str]) -> list[str]:
    """Return properties of a type with the keys that follow them."""
    given, known = list(changed), derived(cls)
    return given + [key for name in given if (key := key_of(name)) in known]


def record(cls: type[RecordT], found: Mapping[str, Any]) -> RecordT:
    """Build a record from the properties of its node."""
    values: dict[str, Any] = {}
    for name, (key, read) in _readers(cls).items():
        if (value := found.get(key)) is not None:
            values[name] = read(value)
    return cls(**values)


@cache
def _readers(cls: type[Node]) -> dict[str, tuple[str, Callable[[Any], Any]]]:
    hints = get_type_hints(cls)
    return {field.name: (camel(field.name), _reader(hints[field.name])) for field in fields(cls)}


def _reader(hint: Any) -> Callable[[Any], Any]:
    origin = get_origin(hint)
    if origin in (Union, types.UnionType):
        (inner,) = (argument for argument in get_args(hint) if argument is not type(None))
        return _reader(inner)
    if origin is tuple:
        item = _reader(get_args(hint)[0])
        return lambda values: tuple(item(value) for value in values)
    if hint is datetime:
        return parse_instant
    if hint is date:
        return date.fromisoformat
    if hint is WeeklyWindow:
        return WeeklyWindow.parse
    if isinstance(hint, type) and issubclass(hint, Enum):
        return hint
    return lambda value: value
