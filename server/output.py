"""What the command line says: for people in their language, or one JSON document for machines."""

import sys
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import orjson
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from domain.errors import DomainError
from domain.language import Language, Phrase, text


class Step:
    """A long step under way; call it with how much is done of how much."""

    def __init__(self, progress: Progress | None, title: str) -> None:
        self._progress = progress
        self._task = None if progress is None else progress.add_task(title, total=None)

    def __call__(self, done: int, total: int) -> None:
        """Show how far the step is."""
        if self._progress is not None and self._task is not None:
            self._progress.update(self._task, completed=done, total=total)


@dataclass
class Output:
    """Where and how a command speaks. Progress and errors go to the error stream."""

    language: Language = Language.ZH
    as_json: bool = False
    console: Console = field(default_factory=Console)
    error_console: Console = field(default_factory=lambda: Console(stderr=True))

    def text(self, key: str, **parameters: object) -> str:
        """Return a text of the catalogue in the reader's language."""
        return text(key, self.language, **parameters)

    def say(self, key: str, **parameters: object) -> None:
        """Print a line for people; nothing for machines."""
        if not self.as_json:
            self.console.print(self.text(key, **parameters), markup=False, highlight=False)

    def heading(self, key: str, **parameters: object) -> None:
        """Print a heading for people."""
        if not self.as_json:
            self.console.print()
            self.console.rule(self.text(key, **parameters), align="left")

    def table(self, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
        """Print a table for people; `columns` are keys of the catalogue."""
        if self.as_json or not rows:
            return
        table = Table(show_edge=False, pad_edge=False)
        for column in columns:
            table.add_column(self.text(column), overflow="fold")
        for row in rows:
            table.add_row(*(str(cell) for cell in row))
        self.console.print(table, markup=False)

    def result(self, document: Mapping[str, Any]) -> None:
        """Print the JSON document of the command, for machines."""
        if self.as_json:
            sys.stdout.buffer.write(
                orjson.dumps(document, default=_plain, option=orjson.OPT_APPEND_NEWLINE)
            )
            sys.stdout.buffer.flush()

    def fail(self, error: DomainError) -> None:
        """Say what is wrong and what would be right."""
        message = error.message(self.language)
        self.result({"error": {"code": error.code, "message": message, **error.details}})
        if not self.as_json:
            self.error_console.print(message, style="red", markup=False, highlight=False)

    @contextmanager
    def step(self, key: str, **parameters: object) -> Generator[Step]:
        """Show a long step, with a bar where somebody watches."""
        title = self.text(key, **parameters)
        if self.as_json:
            yield Step(None, title)
            return
        if not self.error_console.is_terminal:
            self.error_console.print(title, markup=False, highlight=False)
            yield Step(None, title)
            return
        columns = (
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
        )
        with Progress(*columns, console=self.error_console) as progress:
            yield Step(progress, title)


def _plain(value: object) -> object:
    if isinstance(value, Phrase):
        return value.key
    return str(value)
