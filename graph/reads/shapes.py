"""What of the parameters' values decides of a plan on Neo4j: how long texts and lists are.

Neo4j keeps a plan for each text and the sizes of its parameters, in classes: none, one, up to ten,
up to a hundred. So values that stand for the same are given in one class.
"""

from collections.abc import Hashable, Mapping, Sequence
from typing import Any, cast

SMALLEST_LIST = 11
"""Ids are filled up to this length with ids of no node: up to a hundred they are of one class."""


def padded(ids: Sequence[str]) -> list[str]:
    """Return ids with as many of no node as make lists of up to a hundred alike."""
    return [*ids, *[""] * (SMALLEST_LIST - len(ids))]


def doubled(values: Sequence[str]) -> list[str]:
    """Return the values of a set, a single one twice, so that one and several are alike."""
    return [*values, *values] if len(values) == 1 else list(values)


def size_class(parameters: Mapping[str, Any]) -> Hashable:
    """Return what of the values can change the plan."""
    return tuple((name, _class(value)) for name, value in sorted(parameters.items()))


def example(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Return values of the same classes that say nothing: what may be kept."""
    return {name: _example(value) for name, value in parameters.items()}


def _example(value: object) -> object:
    if isinstance(value, str):
        return "x" * _size(len(value))
    if isinstance(value, list):
        return [""] * _size(len(cast("list[object]", value)))
    return 1 if isinstance(value, int) and not isinstance(value, bool) else value


def _class(value: object) -> Hashable:
    if isinstance(value, str):
        return "text", _size(len(value))
    if isinstance(value, list):
        return "list", _size(len(cast("list[object]", value)))
    return type(value).__name__


def _size(length: int) -> int:
    """Return the least power of ten that is no less; none and one are classes of their own."""
    size = 0 if length == 0 else 1
    while size < length:
        size *= 10
    return size
