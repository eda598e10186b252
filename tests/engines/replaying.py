"""Asking a second engine what the first one was asked, and comparing the answers."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, LiteralString, cast

import orjson

from graph.driver import Graph, Transaction
from graph.model import OF_THE_ENGINE
from graph.statements import ROWS, CompiledStatement, Statement
from tests.engines.recording import plain

SHOWN = 600
TOLD_BY_THE_CLOCK = frozenset({"writtenAt", "ownedUntil", "held"})
DECIDED_BY_THE_CLOCK = frozenset(
    {"leases.holder", "leases.take", "event_numbers.standing", "event_numbers.take_turn"}
)
"""Statements that say whether a lease is over: that depends on when they are asked."""


@dataclass
class Comparison:
    """What was asked of both engines, and where they differ."""

    names: set[str] = field(default_factory=set[str])
    texts: set[str] = field(default_factory=set[str])
    asked: int = 0
    differences: list[str] = field(default_factory=list[str])

    def note(self, asked: dict[str, Any], rows: list[Any]) -> None:
        self.asked += 1
        self.names.add(asked["name"])
        self.texts.add(asked["text"])
        first, second = (comparable(asked["text"], found) for found in (asked["rows"], rows))
        parameters = json.dumps(asked["parameters"], ensure_ascii=False)
        if asked["name"] in DECIDED_BY_THE_CLOCK:
            first, second = (_shape(found) for found in (first, second))
        if first != second:
            self.differences.append(
                "\n".join(
                    [
                        f"{asked['name']}: {asked['text']}",
                        f"parameters: {parameters[:SHOWN]}",
                        f"recorded:   {_first_difference(first, second)}",
                        f"answered:   {_first_difference(second, first)}",
                    ]
                )
            )


async def replay(graph: Graph, file: Path, comparison: Comparison) -> None:
    """Ask everything of a recording; what was rolled back is left out.

    A question that is asked again before anything was changed is not asked twice.
    """
    answered: set[tuple[str, str]] = set()
    for asked in _steps(file):
        if isinstance(asked, list):
            answered.clear()
            await _write(graph, asked, comparison)
            continue
        key = (asked["text"], json.dumps(asked["parameters"], sort_keys=True))
        if key in answered:
            continue
        answered.add(key)
        statement = CompiledStatement(asked["text"], asked["name"])
        if asked["name"] == ROWS:
            rows: list[Any] = await graph.read_column(statement, asked["parameters"])
        elif asked["rows"] and isinstance(asked["rows"][0], dict):
            rows = await graph.read(statement, **asked["parameters"])
        else:
            rows = await graph.read_single(statement, asked["parameters"])
        comparison.note(asked, rows)


async def _write(graph: Graph, steps: list[dict[str, Any]], comparison: Comparison) -> None:
    async def work(transaction: Transaction) -> list[list[Any]]:
        return [
            await transaction.run(
                Statement(step["name"], cast("LiteralString", step["text"]), writes=True),
                **step["parameters"],
            )
            for step in steps
        ]

    for step, rows in zip(steps, await graph.write(work), strict=True):
        comparison.note(step, rows)


def _steps(file: Path) -> Iterator[dict[str, Any] | list[dict[str, Any]]]:
    """Yield what was asked outside of transactions, and each committed transaction at its end."""
    open_transactions: dict[int, list[dict[str, Any]]] = {}
    with file.open("rb") as source:
        for raw in source:
            line = orjson.loads(raw)
            if "ended" in line:
                steps = open_transactions.pop(line["ended"], [])
                if line["committed"] and steps:
                    yield steps
            elif line["transaction"] is None:
                yield line
            else:
                open_transactions.setdefault(line["transaction"], []).append(line)


def comparable(text: str, rows: list[Any]) -> Any:
    """Return rows in a form in which equal answers are equal.

    Where a statement says nothing of an order, or not of every list in its rows, these have none:
    then only what is in them is compared. (Tests on both engines see that pages are in order.)
    The engines' own nodes (when they were migrated, by whom) are left out, and what their clocks
    said.
    """
    read = json.loads(
        orjson.dumps(rows, default=plain), parse_float=_rounded, object_hook=_without_clock
    )
    found = [row for row in read if not _of_the_engine(row)]
    return found if _in_order(text) else _without_order(found)


def _without_clock(properties: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in properties.items() if name not in TOLD_BY_THE_CLOCK}


def _in_order(text: str) -> bool:
    """Whether a statement orders its rows and every list that it collects."""
    bodies = [_body(text, found.end()) for found in re.finditer(r"(?<!head\()COLLECT {", text)]
    unordered = re.search(r"(?<!head\()\[\(|\bcollect\(", text)
    return "ORDER BY" in text and unordered is None and all("ORDER BY" in b for b in bodies)


def _body(text: str, begin: int) -> str:
    """Return what is between braces that were opened before, without braces within."""
    depth, kept = 1, ""
    for character in text[begin:]:
        depth += {"{": 1, "}": -1}.get(character, 0)
        if depth == 0:
            break
        kept += character if depth == 1 else ""
    return kept


def _of_the_engine(row: Any) -> bool:
    labels = cast("dict[str, Any]", row).get("labels") if isinstance(row, dict) else None
    return isinstance(labels, list) and not OF_THE_ENGINE.isdisjoint(cast("list[str]", labels))


def _rounded(number: str) -> float:
    return round(float(number), 9)


def _without_order(value: Any) -> Any:
    if isinstance(value, list):
        items = [_without_order(item) for item in cast("list[Any]", value)]
        return sorted(items, key=lambda item: json.dumps(item, sort_keys=True))
    if isinstance(value, dict):
        return {key: _without_order(item) for key, item in cast("dict[str, Any]", value).items()}
    return value


def _shape(rows: list[dict[str, Any]]) -> list[set[str]]:
    return [set(row) for row in rows]


def _first_difference(value: Any, other: Any, place: str = "") -> str:
    """Return the first part of a value that differs from the other one, and where it is."""
    if isinstance(value, list) and isinstance(other, list):
        mine, theirs = cast("list[Any]", value), cast("list[Any]", other)
        for index, (one, two) in enumerate(zip(mine, theirs, strict=False)):
            if one != two:
                return _first_difference(one, two, f"{place}[{index}]")
        return f"{place}: {len(mine)} items"
    if isinstance(value, dict) and isinstance(other, dict):
        mine_by, theirs_by = cast("dict[str, Any]", value), cast("dict[str, Any]", other)
        for key in sorted(mine_by.keys() | theirs_by.keys()):
            if mine_by.get(key) != theirs_by.get(key):
                return _first_difference(mine_by.get(key), theirs_by.get(key), f"{place}.{key}")
    return f"{place} {json.dumps(value, ensure_ascii=False)[:SHOWN]}"
