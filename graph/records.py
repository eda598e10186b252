"""Records to properties and back, from the record's own declaration."""

import types
from collections.abc import Callable, Mapping
from dataclasses import fields
from datetime import date, datetime
from enum import Enum
from functools import cache
from typing import Any, TypeVar, Union, cast, get_args, get_origin, get_type_hints

from domain.availability import WeeklyWindow, instant_text, parse_instant
from domain.records import Node

RecordT = TypeVar("RecordT", bound=Node)
SORT_KEY = "sortKey"


def camel(name: str) -> str:
    """Return a snake_case name in camelCase."""
    first, *rest = name.split("_")
    return first + "".join(part.capitalize() for part in rest)


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


@cache
def names(cls: type[Node]) -> tuple[tuple[str, str], ...]:
    """Return the fields of a record with the properties that hold them."""
    return tuple((field.name, camel(field.name)) for field in fields(cls))


def properties(record: Node) -> dict[str, Any]:
    """Return all properties of a record, absent ones as None, with its sort key."""
    found = {key: stored(getattr(record, name)) for name, key in names(type(record))}
    found[SORT_KEY] = sort_key(record.created_at, record.id)
    return found


def sort_key(created_at: datetime, node_id: str) -> str:
    """Return the key of keyset pages."""
    return f"{instant_text(created_at)}|{node_id}"


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
