"""The file of a dump: what its lines are, and whether it is complete.

JSON lines: a header (format, version, migration); a line `{"n": [labels], "p": {...}}` for each
node; `{"r": type, "from": id, "to": id, "p": {...}}` for each relationship (with the label of its
end, `"t"`, where its type does not imply it); at the end how many there were of each, so that a
file that was cut off is known as such.
"""

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, LiteralString, TypeGuard, cast

import orjson

from domain.errors import DumpError
from graph.model import AGENT, ALWAYS_AGENTS, ANY, NODES, RELATIONSHIPS, SOMETIMES_AGENTS

FORMAT = "renling-graph"
VERSION = 1
SMALLEST_INTEGER, LARGEST_INTEGER = -(2**63), 2**63 - 1
NODE_KINDS: tuple[tuple[LiteralString, ...], ...] = (
    *((label,) for label in NODES if label not in ALWAYS_AGENTS),
    *((label, AGENT) for label in NODES if label in ALWAYS_AGENTS | SOMETIMES_AGENTS),
)
"""The labels that a node may have."""
RELATIONSHIP_KINDS: tuple[tuple[LiteralString, LiteralString | None], ...] = (
    *((kind, None) for kind, (_, end) in RELATIONSHIPS.items() if end != ANY),
    *(
        (kind, label)
        for kind, (_, end) in RELATIONSHIPS.items()
        if end == ANY
        for label, key in NODES.items()
        if key == "id" and label != "UnnumberedEvent"
    ),
)
"""The types of relationships, with the label of the end where the type does not imply it."""


@dataclass(frozen=True, slots=True)
class Counts:
    """How many nodes and relationships were written."""

    nodes: int = 0
    relationships: int = 0


@dataclass(frozen=True, slots=True)
class Header:
    """The first line."""

    format: str
    version: int
    migration: int


def write_line(output: BinaryIO, content: Mapping[str, Any]) -> None:
    """Write one line."""
    output.write(orjson.dumps(content, option=orjson.OPT_APPEND_NEWLINE | orjson.OPT_SORT_KEYS))


def private(path: Path) -> BinaryIO:
    """Open a file for writing that we alone may read."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC
    return os.fdopen(os.open(path, flags, 0o600), "wb")


def check(file: Path) -> tuple[Header, Counts]:
    """Read the whole file; return its header and its counts. Raises DumpError."""
    nodes = relationships = number = 0
    header: Header | None = None
    end: Any = None
    for number, line in lines(file):
        if header is None:
            header = _header(file, line)
        elif end is not None:
            raise DumpError(problem="after_end", file=str(file), line=number)
        elif line.keys() == {"end"}:
            end = line
        elif _is_node(line):
            nodes += 1
        elif _is_relationship(line):
            relationships += 1
        else:
            raise DumpError(problem="line", file=str(file), line=number)
    if header is None:
        raise DumpError(problem="foreign", file=str(file), line=1)
    if end != {"end": {"nodes": nodes, "relationships": relationships}}:
        raise DumpError(problem="cut_off", file=str(file), line=number)
    return header, Counts(nodes, relationships)


def _header(file: Path, line: Mapping[str, Any]) -> Header:
    match line:
        case {
            "format": str(form),
            "version": int(version),
            "migration": int(migration),
            **rest,
        } if form == FORMAT and not rest:
            if version != VERSION:
                raise DumpError(problem="other_version", file=str(file), line=1)
            return Header(FORMAT, version, migration)
        case _:
            raise DumpError(problem="foreign", file=str(file), line=1)


def _is_node(line: Mapping[str, Any]) -> bool:
    match line:
        case {"n": [str(), *_] as labels, "p": properties, **rest} if not rest:
            key = next((NODES[kinds[0]] for kinds in NODE_KINDS if list(kinds) == labels), None)
            return (
                key is not None
                and _are_properties(properties)
                and isinstance(properties.get(key), str)
            )
        case _:
            return False


def _is_relationship(line: Mapping[str, Any]) -> bool:
    match line:
        case {"r": str(kind), "from": str(), "to": str(), "p": properties, **rest}:
            label = rest.pop("t", None)
            return not rest and (kind, label) in RELATIONSHIP_KINDS and _are_properties(properties)
        case _:
            return False


def _are_properties(found: object) -> TypeGuard[dict[str, Any]]:
    """Whether the engines keep these properties: scalars, and lists of scalars of one kind."""
    return isinstance(found, dict) and all(
        len(kinds := {_kind(each) for each in cast("list[object]", value)}) <= 1
        and None not in kinds
        if isinstance(value, list)
        else value is None or _kind(value) is not None
        for value in cast("dict[str, object]", found).values()
    )


def _kind(value: object) -> str | None:
    """Return what kind of scalar this is; None for what the engines do not keep."""
    match value:
        case bool():
            return "truth"
        case int() if not SMALLEST_INTEGER <= value <= LARGEST_INTEGER:
            return None
        case int() | float():
            return "number"
        case str():
            return "text"
        case _:
            return None


def lines(file: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield the lines of a dump with their numbers. Raises DumpError for what is no dump."""
    try:
        with file.open("rb") as source:
            for number, raw in enumerate(source, start=1):
                try:
                    line = orjson.loads(raw)
                except orjson.JSONDecodeError as error:
                    # The last line of a file that was cut off, or not a dump at all.
                    problem = "foreign" if number == 1 else "line"
                    problem = problem if raw.endswith(b"\n") or number == 1 else "cut_off"
                    raise DumpError(problem=problem, file=str(file), line=number) from error
                if not isinstance(line, dict):
                    raise DumpError(problem="foreign", file=str(file), line=number)
                yield number, cast("dict[str, Any]", line)
    except OSError as error:
        raise DumpError(problem="file", file=str(file), reason=str(error)) from error
