"""Orders and offers of `renling match --orders --offers`: rows of a sheet, or JSON lines.

Each row is read by the names of its columns (`docs/matching-files.md`). What is wrong is said with
file, row and field.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from itertools import pairwise
from pathlib import Path
from typing import Any, TypeVar, cast
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import orjson

from domain.availability import DEFAULT_TIME_ZONE, Availability, WeeklyWindow, overlapping
from domain.categories import CATEGORIES, category_named, recognise
from domain.errors import BadInput
from domain.measures import Measure, measure_named, quantity_of
from domain.plausible import LONGEST_RUN, MOST_PARTNERS
from domain.vocabulary import CapacityKind, Urgency
from matching.model import FreeSlot, Offer, Order, Policy
from seed.tables import file_error, read_tables

JSON_TYPES = frozenset({".jsonl", ".ndjson", ".json"})
SEPARATORS = "；;、|"
FIRST_ROW = 1

Value = TypeVar("Value")
Kind = TypeVar("Kind", bound=StrEnum)

COMMON_FIELDS = frozenset(
    {
        "id",
        "text",
        "category",
        "measure",
        "area",
        "placedAt",
        "startsOn",
        "windows",
        "timeZone",
        "latitude",
        "longitude",
        "skills",
        "leastScore",
        "partnerLimit",
        "partners",
    }
)
ORDER_FIELDS = COMMON_FIELDS | frozenset(
    {
        "quantity",
        "receiver",
        "minimumLot",
        "deadline",
        "urgency",
        "contiguousMinutes",
        "rejectedOffers",
        "rejectedSuppliers",
    }
)
OFFER_FIELDS = COMMON_FIELDS | frozenset(
    {"capacityKind", "capacity", "supplier", "within", "endsOn", "slotMinutes", "serves"}
)


@dataclass(frozen=True, slots=True)
class Row:
    """A row of a file, by column; `number` counts from 1 as people count, headings included."""

    file: str
    number: int
    cells: Mapping[str, object]

    def text(self, name: str, default: str | None = None) -> str:
        """Return what is written. Raises BadInput where nothing is and nothing stands for it."""
        found = self.cells.get(name)
        written = _written(found)
        if written:
            return written
        if default is None:
            raise self.problem(name, "", "…")
        return default

    def words(self, name: str) -> tuple[str, ...]:
        """Return a list: of JSON, or separated by semicolons."""
        found = self.cells.get(name)
        if isinstance(found, list):
            return tuple(_written(item) for item in cast("list[object]", found))
        separated = _written(found)
        for separator in SEPARATORS:
            separated = separated.replace(separator, "\n")
        return tuple(word.strip() for word in separated.split("\n") if word.strip())

    def read(
        self, name: str, reader: Callable[[str], Value], expected: str, default: Value
    ) -> Value:
        """Return a value as `reader` reads it, the default where nothing is written."""
        written = self.text(name, "")
        if not written:
            return default
        try:
            return reader(written)
        except (ValueError, KeyError) as error:
            raise self.problem(name, written, expected) from error

    def one_of(self, name: str, kinds: type[Kind], default: Kind) -> Kind:
        """Return a value of a vocabulary."""
        return self.read(name, kinds, ", ".join(kinds), default)

    def problem(self, name: str, value: object, expected: str) -> BadInput:
        """Return the error of a field."""
        return BadInput(field=f"{self.file}:{self.number}:{name}", value=value, expected=expected)


def read_orders(file: Path) -> tuple[Order, ...]:
    """Return the orders of a file. Raises BadInput or SheetError."""
    return _unique(file, [(row, _order(row)) for row in _rows(file, ORDER_FIELDS)])


def read_offers(
    file: Path, now: datetime, policy: Policy
) -> tuple[tuple[Offer, ...], Mapping[str, str]]:
    """Return the offers of a file, with their slots within the horizon, and who is around whom.

    Raises BadInput where rows differ in who is around an agent.
    """
    until = now + timedelta(days=policy.horizon_days)
    found = [(row, _offer(row, now, until)) for row in _rows(file, OFFER_FIELDS)]
    above: dict[str, str] = {}
    for row, offer in found:
        chain = offer.supplier_id, *row.words("within")
        for agent_id, other in pairwise(chain):
            if above.setdefault(agent_id, other) != other:
                raise row.problem("within", f"{agent_id} {other}", f"{agent_id} {above[agent_id]}")
    return _unique(file, found), above


def instant(written: str) -> datetime:
    """Return an instant; one without a zone is UTC. Raises ValueError."""
    found = datetime.fromisoformat(written)
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _order(row: Row) -> Order:
    measure = _measure(row)
    quantity = _amount(row, "quantity", measure)
    text = row.text("text")
    return Order(
        id=row.text("id"),
        text=text,
        category=_category(row, text),
        quantity=quantity,
        measure=measure.code,
        receiver_id=row.text("receiver", f"receiver of {row.text('id')}"),
        area_path=_area(row.text("area", "/")),
        minimum_lot=_amount(row, "minimumLot", measure) if row.text("minimumLot", "") else 1,
        placed_at=row.text("placedAt", ""),
        starts_on=_day(row, "startsOn"),
        deadline=_day(row, "deadline"),
        windows=_windows(row),
        time_zone=_zone(row),
        urgency=row.one_of("urgency", Urgency, Urgency.NORMAL),
        coordinates=_place(row),
        skills=frozenset(row.words("skills")),
        rejected_offers=frozenset(row.words("rejectedOffers")),
        rejected_suppliers=frozenset(row.words("rejectedSuppliers")),
        least_score=row.read("leastScore", _share, "0 … 1", 0.0),
        partner_limit=row.read("partnerLimit", _up_to(MOST_PARTNERS), f"1 … {MOST_PARTNERS}", None),
        partners=frozenset(row.words("partners")),
        contiguous_minutes=row.read(
            "contiguousMinutes", _up_to(LONGEST_RUN), f"1 … {LONGEST_RUN}", None
        ),
    )


def _offer(row: Row, now: datetime, until: datetime) -> Offer:
    measure, text = _measure(row), row.text("text")
    kind = row.one_of("capacityKind", CapacityKind, CapacityKind.TOTAL)
    capacity = _amount(row, "capacity", measure) if row.text("capacity", "") else None
    starts_on, ends_on = _day(row, "startsOn"), _day(row, "endsOn")
    windows, zone = _windows(row), _zone(row)
    minutes = row.read("slotMinutes", _positive, "1, 2, …", None)
    slots: tuple[FreeSlot, ...] = ()
    if kind is not CapacityKind.TOTAL and capacity is not None:
        local = ZoneInfo(zone)
        first, last = starts_on or now.astimezone(local).date(), ends_on or until.date()
        times = Availability(first, last, windows, minutes, zone).slots(now, until)
        slots = tuple(FreeSlot(time=time, capacity=capacity) for time in times)
    return Offer(
        id=row.text("id"),
        text=text,
        category=_category(row, text),
        capacity_kind=kind,
        capacity=capacity,
        measure=measure.code,
        supplier_id=row.text("supplier", f"supplier of {row.text('id')}"),
        area_path=_area(row.text("area", "/")),
        placed_at=row.text("placedAt", ""),
        slots=slots,
        starts_on=starts_on,
        ends_on=ends_on,
        windows=windows,
        time_zone=zone,
        serves=tuple(map(_area, row.words("serves"))),
        coordinates=_place(row),
        skills=frozenset(row.words("skills")),
        least_score=row.read("leastScore", _share, "0 … 1", 0.0),
        partner_limit=row.read("partnerLimit", _up_to(MOST_PARTNERS), f"1 … {MOST_PARTNERS}", None),
        partners=frozenset(row.words("partners")),
    )


def _rows(file: Path, fields: frozenset[str]) -> Iterator[Row]:
    rows = _json_rows(file) if file.suffix.lower() in JSON_TYPES else _sheet_rows(file)
    for row in rows:
        for name in row.cells:
            if name not in fields:
                raise row.problem(name, name, ", ".join(sorted(fields)))
        yield row


def _json_rows(file: Path) -> Iterator[Row]:
    try:
        lines = file.read_bytes().splitlines()
    except FileNotFoundError as error:
        raise file_error(file.name, "no_file", path=str(file)) from error
    except OSError as error:
        raise file_error(file.name, "unreadable", what=error.strerror or str(error)) from error
    for number, line in enumerate(lines, start=FIRST_ROW):
        if not line.strip():
            continue
        try:
            cells: object = orjson.loads(line)
        except orjson.JSONDecodeError as error:
            said = line[:60].decode(errors="replace")
            raise BadInput(field=f"{file.name}:{number}", value=said, expected="JSON") from error
        if not isinstance(cells, dict):
            raise BadInput(field=f"{file.name}:{number}", value=str(cells), expected="{…}")
        yield Row(file.name, number, cast("dict[str, Any]", cells))


def _sheet_rows(file: Path) -> Iterator[Row]:
    for table in read_tables(file)[:1]:
        headings = [_written(cell) for cell in table.rows[0]]
        for number, cells in enumerate(table.rows[1:], start=FIRST_ROW + 1):
            named = {
                name: cell
                for name, cell in zip(headings, cells, strict=False)
                if name and _written(cell)
            }
            if named:
                yield Row(file.name, number, named)


def _unique(file: Path, items: list[tuple[Row, Any]]) -> tuple[Any, ...]:
    seen: set[str] = set()
    for row, item in items:
        if item.id in seen:
            raise row.problem("id", item.id, f"{file.name}: id")
        seen.add(item.id)
    return tuple(item for _, item in items)


def _written(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, datetime):
        return value.isoformat()
    return str(value).strip()


def _measure(row: Row) -> Measure:
    written = row.text("measure")
    found = measure_named(written)
    if found is None:
        raise row.problem("measure", written, "PERSON, SESSION, HOUR, CNY, …")
    return found


def _amount(row: Row, name: str, measure: Measure) -> int:
    written = row.text(name)
    found = quantity_of(written, measure)
    if found is None or found < 0:
        raise row.problem(name, written, f"0, 1, … {measure.names[0]}")
    return found


def _category(row: Row, text: str) -> str:
    """Return the path of a category: written as one, named, or recognised in the text."""
    written = row.text("category", "")
    if written.startswith("/"):
        return _area(written)
    code = category_named(written) if written else recognise(text)
    if code is None:
        raise row.problem("category", written, ", ".join(list(CATEGORIES)[:8]) + ", …")
    return CATEGORIES[code].path


def _area(path: str) -> str:
    return "/" + "".join(f"{part}/" for part in path.split("/") if part)


def _day(row: Row, name: str) -> date | None:
    def read(written: str) -> date:
        return datetime.fromisoformat(written).date()

    return row.read(name, read, "2026-05-04", None)


def _windows(row: Row) -> tuple[WeeklyWindow, ...]:
    words = row.words("windows")
    try:
        windows = tuple(sorted(map(WeeklyWindow.parse, words)))
    except ValueError as error:
        expected = "3 09:00-11:30; 6 14:00-16:00"
        raise row.problem("windows", "; ".join(words), expected) from error
    if (both := overlapping(windows)) is not None:
        raise row.problem("windows", " | ".join(map(str, both)), "…")
    return windows


def _zone(row: Row) -> str:
    name = row.text("timeZone", DEFAULT_TIME_ZONE)
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise row.problem("timeZone", name, DEFAULT_TIME_ZONE) from error
    return name


def _place(row: Row) -> tuple[float, float] | None:
    latitude = row.read("latitude", _within(90), "-90 … 90", None)
    longitude = row.read("longitude", _within(180), "-180 … 180", None)
    return None if latitude is None or longitude is None else (latitude, longitude)


def _within(limit: float) -> Callable[[str], float]:
    def read(written: str) -> float:
        found = float(written)
        if not -limit <= found <= limit:
            raise ValueError(written)
        return found

    return read


def _share(written: str) -> float:
    found = float(written)
    if not 0 <= found <= 1:
        raise ValueError(written)
    return found


def _up_to(most: int) -> Callable[[str], int]:
    def read(written: str) -> int:
        if (found := _positive(written)) > most:
            raise ValueError(written)
        return found

    return read


def _positive(written: str) -> int:
    found = int(written)
    if found < 1:
        raise ValueError(written)
    return found
