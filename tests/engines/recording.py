"""What the tests ask of one engine, kept as a file, to be asked of the other one.

A line for each statement, in the order of the answers: its name, text, parameters, rows, and the
transaction it was in; and a line for the end of each transaction. The parameters hold every id and
every time, so the other engine is asked exactly the same.
"""

from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import orjson
from neo4j.graph import Node

from graph.driver import Transaction
from graph.statements import CompiledStatement, Statement


class Recording:
    """A recorder that writes to a file, except while it is `paused`."""

    def __init__(self, file: Path) -> None:
        self.paused = False
        self._output = file.open("wb")
        self._numbers: dict[int, int] = {}
        self._last = 0

    def ran(
        self,
        statement: Statement | CompiledStatement,
        parameters: Mapping[str, Any],
        rows: list[Any],
        transaction: Transaction | None,
    ) -> None:
        if self.paused:
            return
        self._write(
            {
                "name": statement.name,
                "text": statement.text,
                "parameters": dict(parameters),
                "rows": rows,
                "transaction": None if transaction is None else self._number(transaction),
            }
        )

    def ended(self, transaction: Transaction, *, committed: bool) -> None:
        if id(transaction) in self._numbers:
            self._write({"ended": self._number(transaction), "committed": committed})
            del self._numbers[id(transaction)]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._output.close()

    def _number(self, transaction: Transaction) -> int:
        if id(transaction) not in self._numbers:
            self._last += 1
            self._numbers[id(transaction)] = self._last
        return self._numbers[id(transaction)]

    def _write(self, line: dict[str, Any]) -> None:
        self._output.write(orjson.dumps(line, default=plain, option=orjson.OPT_APPEND_NEWLINE))


def plain(value: object) -> Any:
    """Return what JSON can say of a value of the driver."""
    if isinstance(value, Node):
        return {"labels": sorted(value.labels), "properties": dict(value.items())}
    raise TypeError(type(value))
