"""What the command line says: for people in their language, or one JSON document for machines."""

import sys
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import orjson
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from domain.errors import DomainError
from domain.language import Language, Phrase, in_words, text


class Step:
    """A long step under way; call it with how much is done of how much."""

    def __init__(self, progress: Progress | None, title: str, language: Language) -> None:
        self._progress = progress
        self._title = title
        self._language = language
        self._task = None if progress is None else progress.add_task(title, total=None)

    def stage(self, prefix: str = "") -> Callable[[str, int, int], None]:
        """Return what to call with a stage as well; `prefix` and its code are a catalogue's key."""

        def show(code: str, done: int, total: int) -> None:
            if self._progress is not None and self._task is not None:
                stage = text(prefix + code, self._language)
                self._progress.update(self._task, description=f"{self._title} {stage}")
            self(done, total)

        return show

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
        self.line(self.text(key, **parameters))

    def line(self, line: str) -> None:
        """Print a line that was read from the catalogue before."""
        if not self.as_json:
            self.console.print(line, markup=False, highlight=False, soft_wrap=True)

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
        self.result({"error": error_document(error, self.language)})
        if not self.as_json:
            message = error.message(self.language)
            self.error_console.print(message, style="red", markup=False, highlight=False)

    @contextmanager
    def step(self, key: str, **parameters: object) -> Generator[Step]:
        """Show a long step, with a bar where somebody watches."""
        title = self.text(key, **parameters)
        if self.as_json:
            yield Step(None, title, self.language)
            return
        if not self.error_console.is_terminal:
            self.error_console.print(title, markup=False, highlight=False)
            yield Step(None, title, self.language)
            return
        columns = (
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
        )
        with Progress(*columns, console=self.error_console) as progress:
            yield Step(progress, title, self.language)


def error_document(error: DomainError, language: Language) -> dict[str, object]:
    """Return an error for machines: its code, its text, and its details as data."""
    details = {name: in_words(value, language) for name, value in error.details.items()}
    return {"code": error.code, "message": error.message(language), **details}


def _plain(value: object) -> object:
    if isinstance(value, Phrase):
        return value.key
    return str(value)
