"""Checked rows of an inventory: what a sheet says, before it is known whom the names mean.

A row names others as people do (a unit by its name, an area by name or code); the load resolves
the names within its area. Every row knows where it stands, so that whatever is wrong with it can
be said with file, sheet and cell. A field that a sheet does not fill is None (or empty), and says
nothing: what the graph has stays.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from domain.availability import WeeklyWindow
from domain.errors import SheetError
from domain.vocabulary import (
    AllianceKind,
    AreaLevel,
    BranchKind,
    CapacityKind,
    CheckInRole,
    MemberKind,
    OrderOrigin,
    UnitKind,
    Urgency,
)


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a row stands: file, sheet, row number, and the column (`C`) of each field."""

    file: str
    sheet: str
    row: int
    columns: Mapping[str, str] = field(default_factory=dict[str, str], hash=False)

    def cell(self, name: str | None = None) -> str:
        """Return the cell of a field, such as `C17`; the row, `17`, where it has no column."""
        return f"{self.columns.get(name, '') if name else ''}{self.row}"

    def error(
        self, reason: str, *, column: str | None = None, value: object = "", **details: object
    ) -> SheetError:
        """Return the error of this row's field; `reason` is a key of the catalogues."""
        return SheetError(
            file=self.file,
            sheet=self.sheet,
            cell=self.cell(column),
            value=value,
            reason=reason,
            **details,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """What every row has. `mentioned` rows make what is missing and change nothing else."""

    origin: Origin = field(compare=False)
    mentioned: bool = field(default=False, compare=False)

    @property
    def agents(self) -> tuple[str, ...]:
        """The names of the agents that the row speaks of and does not state itself."""
        return ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactRow(Row):
    """How to reach an agent."""

    contact_name: str | None = None
    phone: str | None = None
    email: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AreaRow(ContactRow):
    """An area; `parent` is a name or a code, None for a province or what `--area` places."""

    name: str
    level: AreaLevel
    code: str | None = None
    parent: str | None = None
    former_codes: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    latitude: float | None = None
    longitude: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitRow(ContactRow):
    """A unit; `area` is where it lies."""

    name: str
    kind: UnitKind
    credit_code: str | None = None
    aliases: tuple[str, ...] = ()
    area: str | None = None
    address: str | None = None
    latitude: float | None = None
    longitude: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BranchRow(ContactRow):
    """A Party organisation, of a unit or of an area, perhaps under another."""

    name: str
    kind: BranchKind
    parent: str | None = None
    unit: str | None = None
    area: str | None = None
    aliases: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberRow(ContactRow):
    """A person; `number` is the one that the sheet gives, the name is no key."""

    number: str
    name: str
    kind: MemberKind
    skills: tuple[str, ...] = ()
    branch: str | None = None
    unit: str | None = None
    area: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferRow(Row):
    """An offer of a provider; `place` is where it is used, `serves` who may."""

    provider: str
    title: str
    category: str
    capacity_kind: CapacityKind
    measure: str
    number: str | None = None
    capacity: int | None = None
    description: str | None = None
    starts_on: date | None = None
    ends_on: date | None = None
    windows: tuple[WeeklyWindow, ...] = ()
    slot_minutes: int | None = None
    partner_limit: int | None = None
    place: str | None = None
    serves: tuple[str, ...] = ()
    address: str | None = None
    latitude: float | None = None
    longitude: float | None = None
    conditions: str | None = None
    beneficiaries: str | None = None
    skills: tuple[str, ...] = ()
    list_years: tuple[int, int] | None = None

    @property
    def agents(self) -> tuple[str, ...]:
        """Who offers."""
        return (self.provider,)


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderRow(Row):
    """An order of a receiver; `place` is where it is wanted."""

    receiver: str
    title: str
    category: str
    quantity: int
    measure: str
    number: str | None = None
    minimum_lot: int = 1
    partner_limit: int | None = None
    contiguous_minutes: int | None = None
    description: str | None = None
    starts_on: date | None = None
    deadline: date | None = None
    windows: tuple[WeeklyWindow, ...] = ()
    place: str | None = None
    latitude: float | None = None
    longitude: float | None = None
    urgency: Urgency = Urgency.NORMAL
    beneficiaries: str | None = None
    skills: tuple[str, ...] = ()
    origin_of_order: OrderOrigin = OrderOrigin.LIST
    list_years: tuple[int, int] | None = None

    @property
    def agents(self) -> tuple[str, ...]:
        """Who needs."""
        return (self.receiver,)


@dataclass(frozen=True, slots=True, kw_only=True)
class PairingRow(Row):
    """Two agents that are paired, in any order."""

    one: str
    other: str
    since: date | None = None
    source: str | None = None

    @property
    def agents(self) -> tuple[str, ...]:
        """Both."""
        return self.one, self.other


@dataclass(frozen=True, slots=True, kw_only=True)
class AgreementRow(Row):
    """An agreement of two or more parties."""

    title: str
    parties: tuple[str, ...]
    number: str | None = None
    signed_on: date | None = None
    valid_until: date | None = None
    terms: str | None = None

    @property
    def agents(self) -> tuple[str, ...]:
        """The parties."""
        return self.parties


@dataclass(frozen=True, slots=True, kw_only=True)
class AllianceRow(Row):
    """An alliance; `area` is where it lies."""

    name: str
    kind: AllianceKind
    members: tuple[str, ...]
    supporters: tuple[str, ...] = ()
    area: str | None = None
    founded_on: date | None = None
    description: str | None = None

    @property
    def agents(self) -> tuple[str, ...]:
        """Members and supporters."""
        return *self.members, *self.supporters


@dataclass(frozen=True, slots=True, kw_only=True)
class ChairTermRow(Row):
    """A term in the chair of an alliance."""

    alliance: str
    chair: str
    starts_on: date
    ends_on: date | None = None

    @property
    def agents(self) -> tuple[str, ...]:
        """Who is in the chair."""
        return (self.chair,)


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckInRow(Row):
    """A Party organisation, or a member by number, checks in at a community."""

    agent: str
    area: str
    role: CheckInRole
    starts_on: date | None = None
    ends_on: date | None = None

    @property
    def agents(self) -> tuple[str, ...]:
        """Who checks in."""
        return (self.agent,)


@dataclass(frozen=True, slots=True)
class Duplicate:
    """A row that says the same as an earlier one."""

    origin: Origin
    first: Origin


@dataclass(frozen=True, slots=True)
class Note:
    """Something worth knowing that hinders nothing; `key` is one of the catalogues."""

    origin: Origin
    key: str
    details: Mapping[str, object]


@dataclass(slots=True)
class SheetContent:
    """What was read from one sheet: its rows, what is wrong, what is said twice.

    `row_count` counts the data rows of the sheet, the rejected and the repeated ones too.
    """

    file: str
    sheet: str
    file_hash: str
    kind: str
    row_count: int = 0
    rows: list[Row] = field(default_factory=list[Row])
    duplicates: list[Duplicate] = field(default_factory=list[Duplicate])
    errors: list[SheetError] = field(default_factory=list[SheetError])
    notes: list[Note] = field(default_factory=list[Note])
