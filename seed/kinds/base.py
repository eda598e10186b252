"""Kinds of sheets: which columns they have and how a row of them is read."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TypedDict, TypeVar

from domain.errors import SheetError
from domain.inventory import Note, Origin, Row
from seed import cells
from seed.problems import CellProblem
from seed.tables import Table

ValueT = TypeVar("ValueT")


class Contacts(TypedDict):
    """How to reach an agent, as a row has it."""

    contact_name: str | None
    phone: str | None
    email: str | None


class Degrees(TypedDict):
    """Where something is, in degrees."""

    latitude: float | None
    longitude: float | None


@dataclass(frozen=True, slots=True)
class Column:
    """A column: the field that it fills and the headers that people give it.

    An `ordinal` only counts the rows: it does not make two rows different.
    """

    name: str
    headers: tuple[str, ...]
    required: bool = False
    ordinal: bool = False


def column(name: str, headers: str, *, required: bool = False, ordinal: bool = False) -> Column:
    """Declare a column; its headers are separated by spaces, the usual one first."""
    return Column(name, tuple(headers.split()), required=required, ordinal=ordinal)


ORDINAL = column("ordinal", "序号 项次", ordinal=True)
CONTACTS = (
    column("contact_name", "联系人 负责人 联系人姓名"),
    column("phone", "联系电话 电话 联系方式 手机"),
    column("email", "邮箱 电子邮箱 电子邮件"),
)
COORDINATES = (column("latitude", "纬度"), column("longitude", "经度"))


@dataclass(frozen=True, slots=True)
class Sheet:
    """What all rows of a sheet share: the years in its title, the year of dates without one."""

    table: Table
    years: tuple[int, int] | None
    year: int


@dataclass(slots=True)
class Fields:
    """The cells of one row by field; what is wrong with them is collected in `problems`.

    `anchors` says in which row a merged cell of this row's field begins.
    """

    origin: Origin
    texts: Mapping[str, str]
    anchors: Mapping[str, int]
    sheet: Sheet
    problems: list[SheetError] = field(default_factory=list[SheetError])

    def text(self, name: str) -> str | None:
        """Return a cell's text, None where it says nothing."""
        return cells.stated(self.texts.get(name, "")) or None

    def required(self, name: str) -> str:
        """Return a cell's text; an empty one is a problem."""
        found = self.text(name)
        if found is None:
            self.problem(name, CellProblem("missing"))
        return found or ""

    def read(self, name: str, reader: Callable[[str], ValueT]) -> ValueT | None:
        """Return what the reader makes of a cell, None where it says nothing or is wrong."""
        found = self.text(name)
        if found is None:
            return None
        try:
            return reader(found)
        except CellProblem as problem:
            self.problem(name, problem)
            return None

    def listed(self, name: str) -> tuple[str, ...]:
        """Return the parts of a cell that lists several."""
        return cells.listed(self.text(name) or "")

    def contacts(self) -> Contacts:
        """Return the fields of `ContactRow`."""
        return {
            "contact_name": self.text("contact_name"),
            "phone": self.read("phone", cells.phone),
            "email": self.read("email", cells.email),
        }

    def degrees(self) -> Degrees:
        """Return latitude and longitude."""
        return {
            "latitude": self.read("latitude", cells.latitude),
            "longitude": self.read("longitude", cells.longitude),
        }

    def problem(self, name: str, problem: CellProblem) -> None:
        """Note what is wrong with a cell."""
        self.problems.append(
            self.origin.error(
                problem.reason,
                column=name,
                value=self.texts.get(name, ""),
                **problem.details,
            )
        )


def no_notes(_rows: list[Fields]) -> Iterable[Note]:
    """Return no notes: most kinds state nothing that could be compared."""
    return ()


@dataclass(frozen=True, slots=True)
class SheetKind:
    """A kind of sheet: its columns, the reader of a row, and what its rows say all together."""

    code: str
    columns: tuple[Column, ...]
    read: Callable[[Fields], Iterable[Row]]
    notes: Callable[[list[Fields]], Iterable[Note]] = no_notes
