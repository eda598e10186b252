"""Sheets as checked rows: finds the header, knows the kind by it, reads row by row.

A bad row is an error with its cell, and the others are read all the same; a row that repeats an
earlier one is reported as a duplicate; a sheet that is none of the known kinds is one error.
"""

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from pathlib import Path

from domain.errors import SheetError
from domain.inventory import Duplicate, Origin, SheetContent
from domain.language import Phrase
from seed import cells
from seed.dates import years_in
from seed.kinds import KINDS
from seed.kinds.base import Fields, Sheet, SheetKind
from seed.tables import WHOLE_FILE, Cell, Table, read_tables

HEADER_SEARCH_ROWS = 20
LETTERS = 26

_TOTALS = ("合计", "总计", "小计", "共计")
_REMARKS = ("注：", "注:", "备注：", "备注:", "说明：", "说明:", "填表人", "填报人", "制表")


@dataclass(frozen=True)
class _Header:
    """A header: its kind, its row (from 0), and the column of each field."""

    kind: SheetKind
    row: int
    columns: Mapping[str, int]

    @cached_property
    def headings(self) -> dict[str, set[str]]:
        """The headers of each field, as they are compared."""
        return {
            column.name: {_heading(known) for known in column.headers}
            for column in self.kind.columns
        }

    @cached_property
    def ordinals(self) -> set[str]:
        """The fields that only count the rows."""
        return {column.name for column in self.kind.columns if column.ordinal}

    @property
    def missing(self) -> list[str]:
        """The usual headers of the required columns that are not there."""
        return [
            column.headers[0]
            for column in self.kind.columns
            if column.required and column.name not in self.columns
        ]

    @property
    def fit(self) -> tuple[bool, int, int, int]:
        """Complete ones first, then most columns, then highest up."""
        missing = len(self.missing)
        return not missing, len(self.columns) - 2 * missing, len(self.columns), -self.row


def read_files(paths: Sequence[Path], today: date) -> list[SheetContent]:
    """Read all sheets of the files, in their order; nothing is raised for what a file holds."""
    return [content for path in paths for content in read_file(path, today)]


def read_file(path: Path, today: date) -> list[SheetContent]:
    """Read the sheets of one file; a file that cannot be read is a sheet with one error."""
    try:
        tables = read_tables(path)
    except SheetError as error:
        return [SheetContent(path.name, WHOLE_FILE, "", "", errors=[error])]
    if not tables:
        error = SheetError(
            file=path.name, sheet=WHOLE_FILE, cell=WHOLE_FILE, value="", reason="empty_file"
        )
        return [SheetContent(path.name, WHOLE_FILE, "", "", errors=[error])]
    return [read_table(table, today) for table in tables]


def read_table(table: Table, today: date) -> SheetContent:
    """Read one sheet."""
    header = _find_header(table)
    if header is None or header.missing:
        return _unknown(table, header)
    content = SheetContent(table.file, table.sheet, table.file_hash, header.kind.code)
    years = _years(table, header.row)
    sheet = Sheet(table, years, years[0] if years else today.year)
    columns = {name: _letters(place) for name, place in header.columns.items()}
    said: dict[tuple[tuple[str, str], ...], Origin] = {}
    good: list[Fields] = []
    for place in range(header.row + 1, len(table.rows)):
        texts = {
            name: cells.text_of(_cell(table, place, column))
            for name, column in header.columns.items()
        }
        if _is_no_data(table.rows[place], texts, header):
            continue
        content.row_count += 1
        origin = Origin(table.file, table.sheet, place + 1, columns)
        key = _said(header, texts)
        if (first := said.setdefault(key, origin)) is not origin:
            content.duplicates.append(Duplicate(origin, first))
        anchors = {name: table.anchor(place, column) for name, column in header.columns.items()}
        fields = Fields(origin, texts, anchors, sheet)
        rows = list(header.kind.read(fields))
        if fields.problems:
            content.errors.extend(fields.problems)
            continue
        good.append(fields)
        if first is origin:
            content.rows.extend(rows)
    content.notes.extend(header.kind.notes(good))
    return content


def _cell(table: Table, row: int, column: int) -> Cell | None:
    cells_of_row = table.rows[row]
    return cells_of_row[column] if column < len(cells_of_row) else None


def _said(header: _Header, texts: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    """Return what a row says, without what only counts it."""
    return tuple(
        sorted(item for item in texts.items() if item[0] not in header.ordinals and item[1])
    )


def _is_no_data(row: Sequence[Cell], texts: Mapping[str, str], header: _Header) -> bool:
    """Whether a row is empty, a total, a remark below the table, or the header once more."""
    if not any(text for name, text in texts.items() if name not in header.ordinals):
        return True
    first = next((text for cell in row if (text := cells.text_of(cell))), "")
    if first.replace(" ", "") in _TOTALS or first.startswith(_REMARKS):
        return True
    return all(_heading(text) in header.headings[name] for name, text in texts.items() if text)


def _years(table: Table, header_row: int) -> tuple[int, int] | None:
    titles = [cells.text_of(cell) for row in table.rows[:header_row] for cell in row]
    return next((years for title in [*titles, table.sheet] if (years := years_in(title))), None)


def _find_header(table: Table) -> _Header | None:
    found = [
        header
        for row in range(min(HEADER_SEARCH_ROWS, len(table.rows)))
        for kind in KINDS
        if (header := _header(table, row, kind)).columns
    ]
    return max(found, key=lambda header: header.fit, default=None)


def _header(table: Table, row: int, kind: SheetKind) -> _Header:
    """Read a row as the header of a kind; of two columns of one name the first is meant."""
    columns: dict[str, int] = {}
    headings = [_headings(cells.text_of(cell)) for cell in table.rows[row]]
    for column in kind.columns:
        for known in column.headers:
            place = next(
                (place for place, names in enumerate(headings) if _heading(known) in names), None
            )
            if place is not None and place not in columns.values():
                columns[column.name] = place
                break
    return _Header(kind, row, columns)


def _headings(text: str) -> set[str]:
    """Return the ways in which a header cell may be meant: with and without what is in brackets."""
    whole = _heading(text)
    return {whole, whole.partition("(")[0]} - {""}


def _heading(text: str) -> str:
    folded = unicodedata.normalize("NFKC", text).lower()
    return "".join(folded.split()).strip("*:★")


def _unknown(table: Table, header: _Header | None) -> SheetContent:
    if header is None:
        kinds = "、".join(
            f"「{'+'.join(column.headers[0] for column in kind.columns if column.required)}」"
            for kind in KINDS
        )
        details: dict[str, object] = {"reason": "unknown_sheet", "expected": kinds}
        cell = WHOLE_FILE
    else:
        details = {
            "reason": "missing_columns",
            "kind": Phrase(f"loading.kind.{header.kind.code}"),
            "expected": "、".join(header.missing),
        }
        cell = str(header.row + 1)
    error = SheetError(file=table.file, sheet=table.sheet, cell=cell, value="", **details)
    return SheetContent(table.file, table.sheet, table.file_hash, "", errors=[error])


def _letters(column: int) -> str:
    """Return the letters of a column: 0 is A, 26 is AA."""
    letters = ""
    place = column + 1
    while place:
        place, rest = divmod(place - 1, LETTERS)
        letters = chr(ord("A") + rest) + letters
    return letters
