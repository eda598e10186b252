"""What a load did, or on a dry run would do."""

from dataclasses import dataclass, field
from enum import StrEnum

from domain.errors import SheetError
from domain.inventory import Duplicate, Note, Origin


class Outcome(StrEnum):
    """What became of a node."""

    CREATED = "CREATED"
    UPDATED = "UPDATED"
    UNCHANGED = "UNCHANGED"


@dataclass(slots=True)
class Counts:
    """How many nodes of a type were made, changed, and found as they should be."""

    created: int = 0
    updated: int = 0
    unchanged: int = 0


@dataclass(frozen=True, slots=True)
class Change:
    """A node that was made or changed: its type, its name, and which fields."""

    label: str
    id: str
    name: str
    outcome: Outcome
    fields: tuple[str, ...] = ()


@dataclass(slots=True)
class SheetSummary:
    """A sheet of the load: how many rows it has, and what became of them."""

    file: str
    sheet: str
    kind: str
    rows: int = 0
    written: int = 0
    unchanged: int = 0
    duplicates: int = 0
    rejected: int = 0


@dataclass(slots=True)
class LoadReport:
    """The report of a load: per type of node, per sheet, and all that was wrong.

    Of the changes to nodes the first `CHANGES_KEPT` are listed, all are counted.
    """

    dry_run: bool
    counts: dict[str, Counts] = field(default_factory=dict[str, Counts])
    sheets: list[SheetSummary] = field(default_factory=list[SheetSummary])
    errors: list[SheetError] = field(default_factory=list[SheetError])
    duplicates: list[Duplicate] = field(default_factory=list[Duplicate])
    notes: list[Note] = field(default_factory=list[Note])
    changes: list[Change] = field(default_factory=list[Change])
    written_rows: set[tuple[str, str, str]] = field(default_factory=set[tuple[str, str, str]])
    events: int = 0

    @property
    def ok(self) -> bool:
        """Whether every row was good; the exit status of the command."""
        return not self.errors

    @property
    def written(self) -> int:
        """How many nodes were made or changed."""
        return sum(count.created + count.updated for count in self.counts.values())

    @property
    def rejected(self) -> int:
        """How many rows were not loaded, beside those of whole sheets."""
        unread = self._unread
        return len(
            {(*place, row_of(e)) for e in self.errors if (place := sheet_of(e)) not in unread}
        )

    @property
    def unread(self) -> int:
        """How many whole sheets or files were not loaded."""
        return len(self._unread)

    @property
    def _unread(self) -> set[tuple[str, str]]:
        unknown = {(sheet.file, sheet.sheet) for sheet in self.sheets if not sheet.kind}
        return {
            place
            for error in self.errors
            if (place := sheet_of(error)) in unknown or row_of(error) == WHOLE
        }

    def count(self, label: str, outcome: Outcome) -> None:
        """Count a node."""
        counts = self.counts.setdefault(label, Counts())
        match outcome:
            case Outcome.CREATED:
                counts.created += 1
            case Outcome.UPDATED:
                counts.updated += 1
            case Outcome.UNCHANGED:
                counts.unchanged += 1


CHANGES_KEPT = 1000
WHOLE = "-"
"""What stands for the cell in an error of a whole sheet or file."""


def sheet_of(error: SheetError) -> tuple[str, str]:
    """Return the file and the sheet of an error."""
    return str(error.details["file"]), str(error.details["sheet"])


def row_of(error: SheetError) -> str:
    """Return the row number in an error's cell (`C17` is 17), or what stands there instead."""
    return str(error.details["cell"]).lstrip("ABCDEFGHIJKLMNOPQRSTUVWXYZ")


def place_of(origin: Origin) -> tuple[str, str, str]:
    """Return file, sheet and row, as `row_of` names it."""
    return origin.file, origin.sheet, str(origin.row)
