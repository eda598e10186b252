"""The small statements of a read by levels, and what is known without asking any."""

import asyncio
import re
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from graph.reads.shapes import padded
from graph.statements import LEVEL, CompiledStatement

Read: TypeAlias = Callable[[CompiledStatement, dict[str, Any]], Awaitable[Any]]
"""Runs a statement and returns its one value, None for no record."""

_PARAMETER = re.compile(r"\$(\w+)")
_NUMBERED = re.compile(r"([a-z]+)0(_\w+)?")


@dataclass(frozen=True, slots=True)
class Small:
    """A small statement, and of which page or computed field of the whole its parameters are."""

    statement: CompiledStatement
    names: tuple[tuple[str, str], ...]
    fixed: tuple[tuple[str, Any], ...] = ()
    """Parameters with values other than the whole's."""

    async def run(
        self, read: Read, parameters: Mapping[str, Any], ids: Sequence[str] | None = None
    ) -> Any:
        """Return the statement's value: of `ids`, if any, a pair of id and value for each."""
        given = {name: parameters[whole] for name, whole in self.names}
        given.update(self.fixed)
        if ids is not None:
            given["ids"] = padded(ids)
        return await read(self.statement, given)


def small_of(text: str, index: int = 0, fixed: tuple[tuple[str, Any], ...] = ()) -> Small:
    """Return a statement whose numbered parameters are those of this index in the whole."""
    names: list[tuple[str, str]] = []
    for name in sorted(set(_PARAMETER.findall(text)) - {"ids"}):
        found = _NUMBERED.fullmatch(name)
        names.append((name, f"{found[1]}{index}{found[2] or ''}" if found else name))
    return Small(CompiledStatement(text, LEVEL), tuple(names), fixed)


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of every node without asking: of what is not selected, or hidden altogether."""

    value: Any

    async def run(
        self, _read: Read, _parameters: Mapping[str, Any], ids: Sequence[str] | None = None
    ) -> Any:
        """Return the value: of `ids`, if any, a pair of id and value for each."""
        return self.value if ids is None else [[each, self.value] for each in ids]


Asked: TypeAlias = Small | Known


@dataclass(frozen=True, slots=True)
class Counted:
    """Pages and totals, told by one statement, of which some may not be selected."""

    small: Small
    rows: bool
    total: bool

    async def run(
        self, read: Read, parameters: Mapping[str, Any], ids: Sequence[str] | None = None
    ) -> list[list[Any]]:
        """Return of each node its id, and its page and total."""
        found: list[list[Any]] = await self.small.run(read, parameters, ids)
        return [
            [each, [rows if self.rows else None, total if self.total else None]]
            for each, (rows, total) in found
        ]


@dataclass(frozen=True, slots=True)
class Apart:
    """Pages and totals, told by a statement each."""

    rows: Asked
    total: Asked

    async def run(
        self, read: Read, parameters: Mapping[str, Any], ids: Sequence[str] | None = None
    ) -> list[Any]:
        """Return page and total: of `ids`, if any, with the id of each."""
        rows, total = await asyncio.gather(
            self.rows.run(read, parameters, ids), self.total.run(read, parameters, ids)
        )
        if ids is None:
            return [rows, total]
        totals = dict(total)
        return [[each, [page, totals[each]]] for each, page in rows]


def asked_of(text: str | None, index: int) -> Asked:
    """Return what asks a statement, or that nothing is asked."""
    return Known(None) if text is None else small_of(text, index)


def small_ones(*found: Asked) -> Iterator[Small]:
    """Yield those that are statements."""
    return (each for each in found if isinstance(each, Small))
