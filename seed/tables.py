"""Files as tables: workbooks and csv files, whatever their encoding, with merged cells filled."""

import csv
import hashlib
import io
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from pathlib import Path

from python_calamine import CalamineError, CalamineWorkbook, PasswordError

from domain.errors import SheetError

Cell = str | float | int | bool | date | datetime | time | timedelta

WORKBOOK_TYPES = frozenset({".xlsx", ".xlsm", ".xls", ".xlsb", ".ods"})
TEXT_TYPES = frozenset({".csv", ".tsv", ".txt"})
ENCODINGS = ("utf-8-sig", "gb18030")
BYTE_ORDER_MARKS = {b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}
DELIMITERS = ",\t;"
WHOLE_FILE = "-"
SNIFFED_CHARACTERS = 4096


@dataclass(frozen=True, slots=True)
class Table:
    """One sheet: its cells by row and column (both from 0, as in the file), merged ones filled.

    `anchors` says, for a cell that a merge filled, in which row the merge begins.
    """

    file: str
    sheet: str
    file_hash: str
    rows: list[list[Cell]]
    anchors: dict[tuple[int, int], int]

    def anchor(self, row: int, column: int) -> int:
        """Return the row where the block begins that this cell belongs to."""
        return self.anchors.get((row, column), row)

    def blocks(self, column: int) -> set[int]:
        """Return the rows at which a value of this column is written, not filled."""
        return {row for row in range(len(self.rows)) if self.anchor(row, column) == row}


def file_error(file: str, reason: str, **details: object) -> SheetError:
    """Return the error of a whole file."""
    return SheetError(
        file=file, sheet=WHOLE_FILE, cell=WHOLE_FILE, value=file, reason=reason, **details
    )


def read_tables(path: Path) -> list[Table]:
    """Read the tables of a file; sheets without any text are left out.

    Raises SheetError when the file is missing, of an unknown type, broken or locked.
    """
    kind = path.suffix.lower()
    if kind not in WORKBOOK_TYPES | TEXT_TYPES:
        raise file_error(path.name, "unknown_type", expected="xlsx, csv")
    try:
        content = path.read_bytes()
    except FileNotFoundError as error:
        raise file_error(path.name, "no_file", path=str(path)) from error
    except OSError as error:
        raise file_error(path.name, "unreadable", what=error.strerror or str(error)) from error
    file_hash = hashlib.sha256(content).hexdigest()
    if kind in WORKBOOK_TYPES:
        return list(_workbook_tables(path.name, file_hash, content))
    rows = _text_rows(path.name, content)
    if not any(cell for row in rows for cell in row):
        return []
    return [Table(path.name, path.stem, file_hash, rows, {})]


def _workbook_tables(name: str, file_hash: str, content: bytes) -> Iterator[Table]:
    try:
        with CalamineWorkbook.from_filelike(io.BytesIO(content)) as workbook:
            for sheet_name in workbook.sheet_names:
                sheet = workbook.get_sheet_by_name(sheet_name)
                rows: list[list[Cell]] = [
                    list(row) for row in sheet.to_python(skip_empty_area=False)
                ]
                anchors = _fill(rows, sheet.merged_cell_ranges or [])
                if any(cell != "" for row in rows for cell in row):
                    yield Table(name, sheet_name, file_hash, rows, anchors)
    except PasswordError as error:
        raise file_error(name, "password") from error
    except (CalamineError, OSError, ValueError) as error:
        raise file_error(name, "broken_workbook") from error


def _fill(
    rows: list[list[Cell]], merged: list[tuple[tuple[int, int], tuple[int, int]]]
) -> dict[tuple[int, int], int]:
    """Give every cell of a merge the value of its first, and say where each merge begins."""
    anchors: dict[tuple[int, int], int] = {}
    for (top, left), (bottom, right) in merged:
        if top >= len(rows) or left >= len(rows[top]):
            continue
        value = rows[top][left]
        for row in range(top, min(bottom, len(rows) - 1) + 1):
            for column in range(left, min(right, len(rows[row]) - 1) + 1):
                rows[row][column] = value
                anchors[row, column] = top
    return anchors


def _text_rows(name: str, content: bytes) -> list[list[Cell]]:
    text = _decode(name, content)
    start = text[:SNIFFED_CHARACTERS]
    delimiter = max(DELIMITERS, key=start.count)
    try:
        return [list(row) for row in csv.reader(io.StringIO(text), delimiter=delimiter)]
    except csv.Error as error:
        raise file_error(name, "broken_csv", what=str(error)) from error


def _decode(name: str, content: bytes) -> str:
    marked = BYTE_ORDER_MARKS.get(content[:2])
    for encoding in (marked,) if marked else ENCODINGS:
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\x00" not in text:
            return text
    raise file_error(name, "unknown_encoding", expected="UTF-8, GB18030")
