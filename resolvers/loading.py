"""The use case of loading: checked rows become nodes and relationships of the graph.

The rows are planned without the graph (`loading_plan`), cut into batches of whole rows
(`loading_batches`), and each batch is compared with the graph and written where it differs
(`loading_write`). On a dry run the comparison is all that happens.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from domain.access import Viewer
from domain.clock import Clock
from domain.errors import Forbidden, NotFound, NotSignedIn, SheetError
from domain.hub_records import Import
from domain.identity import derived_id
from domain.inventory import (
    AllianceRow,
    AreaRow,
    ChairTermRow,
    MemberRow,
    Row,
    SheetContent,
)
from domain.language import Phrase
from domain.vocabulary import AreaLevel
from graph import loading
from graph.driver import Graph
from resolvers import loading_write
from resolvers.loading_access import within_scope
from resolvers.loading_batches import PIECES_PER_BATCH, in_batches
from resolvers.loading_names import COUNTY_DIGITS, KnownArea, Names, known_area, read_names
from resolvers.loading_pieces import Piece, piece
from resolvers.loading_plan import Plan, Planner
from resolvers.loading_report import (
    CHANGES_KEPT,
    Change,
    LoadReport,
    Outcome,
    SheetSummary,
    place_of,
    row_of,
)

Progress = Callable[[str, int, int], None]
"""Told a key of the catalogues, how many pieces are done, and of how many."""

LEVEL_OF_CODE = {
    2: AreaLevel.PROVINCE,
    4: AreaLevel.CITY,
    6: AreaLevel.DISTRICT,
    9: AreaLevel.SUBDISTRICT,
    12: AreaLevel.COMMUNITY,
}
ACTION = "LOAD"
WHOLE_SHEET = "-"


@dataclass(frozen=True, slots=True)
class _Scope:
    """The area of a load: known to the graph, or to come with the load under its code."""

    area: KnownArea | None = None
    code: str | None = None
    missing_codes: tuple[str, ...] = ()


async def load(
    graph: Graph,
    sheets: Sequence[SheetContent],
    *,
    viewer: Viewer,
    area: str | None,
    dry_run: bool,
    clock: Clock,
    ids: Callable[[], str],
    progress: Progress,
    batch_size: int = PIECES_PER_BATCH,
) -> LoadReport:
    """Load what was read from sheets, below `area` (a code or a name) where a sheet says nothing.

    Only an administrator, or the loader or coordinator of the area. Bad rows are errors of the
    report, the good ones are loaded. Raises NotSignedIn, Forbidden, NotFound for an area that
    nobody knows, and EngineUnavailable.
    """
    if viewer.account_id is None:
        raise NotSignedIn(reason=Phrase("reason.token_missing"))
    now = clock()
    report = LoadReport(dry_run=dry_run)
    for sheet in sheets:
        report.errors.extend(sheet.errors)
        report.duplicates.extend(sheet.duplicates)
        report.notes.extend(sheet.notes)
    rows = [row for sheet in sheets for row in sheet.rows]
    scope = await _scope(graph, rows, viewer, area)
    if scope is None:
        report.errors.extend(_unplaced(sheets))
        _summarise(sheets, report)
        return report
    progress("loading.progress.resolve", 0, len(rows))
    names = await _names(graph, rows, scope)
    plan = _planned(rows, names, scope, now, report)
    if not viewer.is_admin and scope.area is not None:
        plan.pieces = await within_scope(graph, plan.pieces, names, scope.area, report.errors)
    report.duplicates.extend(plan.duplicates)
    batches = list(in_batches(plan.pieces, batch_size))
    await _write_all(graph, batches, viewer.account_id, now, ids, report, progress)
    _summarise(sheets, report)
    await _write_imports(graph, sheets, scope, viewer.account_id, now, ids, report)
    return report


async def _scope(
    graph: Graph, rows: Sequence[Row], viewer: Viewer, area: str | None
) -> _Scope | None:
    """Return the area of a load; None where it needs one and nothing says which.

    Without `area` it is the one district of the load's own sheet of areas. Raises NotFound for an
    area that is unknown, Forbidden where the caller may not load there.
    """
    code = area or _own_district(rows)
    if code is None:
        if any(not isinstance(row, AreaRow) or row.code is None for row in rows):
            return None
        if not viewer.is_admin:
            raise Forbidden(action=ACTION)
        return _Scope()
    known = await _area_in_graph(graph, code)
    if not viewer.is_admin:
        paths = (*viewer.loader_paths, *viewer.coordinated_paths)
        if known is None or not any(known.path.startswith(path) for path in paths):
            raise Forbidden(action=ACTION)
    if known is not None:
        return _Scope(known, known.code)
    named = next((row.code for row in _areas(rows) if code in (row.code, row.name)), None)
    if named is not None:
        return _Scope(None, named)
    if not code.isdecimal() or len(code) not in LEVEL_OF_CODE:
        raise NotFound(type="Area", id=code)
    above = [code[:length] for length in LEVEL_OF_CODE if length <= len(code)]
    found = {row["code"] for row in await graph.read(loading.AREAS_BY_CODE, codes=above)}
    return _Scope(None, code, tuple(part for part in above if part not in found))


def _own_district(rows: Iterable[Row]) -> str | None:
    """Return the code of the one district that the load's own areas have, if it is one."""
    codes = {
        row.code for row in _areas(rows) if row.level is AreaLevel.DISTRICT and row.code is not None
    }
    return codes.pop() if len(codes) == 1 else None


def _areas(rows: Iterable[Row]) -> list[AreaRow]:
    return [row for row in rows if isinstance(row, AreaRow)]


async def _area_in_graph(graph: Graph, code: str) -> KnownArea | None:
    if code.isdecimal():
        rows = await graph.read(loading.AREAS_BY_CODE, codes=[code])
    else:
        rows = await graph.read(loading.AREAS_BY_NAME, name=code)
    if len(rows) > 1:
        raise NotFound(type="Area", id="、".join(row["code"] or row["id"] for row in rows))
    return known_area(rows[0]) if rows else None


def _unplaced(sheets: Iterable[SheetContent]) -> list[SheetError]:
    return [
        SheetError(file=sheet.file, sheet=sheet.sheet, cell=WHOLE_SHEET, value="", reason="no_area")
        for sheet in sheets
        if sheet.rows
    ]


async def _names(graph: Graph, rows: Sequence[Row], scope: _Scope) -> Names:
    """Return the directory of a load."""
    codes = {code for row in _areas(rows) if row.code for code in _with_prefixes(row.code)}
    codes |= {row.parent for row in _areas(rows) if row.parent and row.parent.isdecimal()}
    if scope.code:
        codes.update(_with_prefixes(scope.code))
    names = await read_names(graph, scope.area, codes)
    names.scope_code = scope.code
    names.district = _district(scope, names)
    stated = {row.number for row in rows if isinstance(row, MemberRow)}
    named = {name for row in rows for name in row.agents}
    found = await loading.read_nodes(
        graph.read, "Member", sorted({names.member_id(name) for name in stated | named})
    )
    names.erased = {member for member, known in found.items() if known.get("erasedAt")}
    names.members = found.keys() & {names.member_id(name) for name in named} - names.erased
    alliances = sorted({names.alliance_id(name) for name in _alliances(rows)})
    known = await loading.read_nodes(graph.read, "Alliance", alliances)
    names.alliances = {alliance_id: alliance["name"] for alliance_id, alliance in known.items()}
    names.in_graph |= names.alliances.keys()
    return names


def _alliances(rows: Iterable[Row]) -> Iterator[str]:
    """Yield the names of the alliances that rows state or name."""
    for row in rows:
        if isinstance(row, AllianceRow):
            yield row.name
        elif isinstance(row, ChairTermRow):
            yield row.alliance


def _with_prefixes(code: str) -> list[str]:
    return [code[:length] for length in LEVEL_OF_CODE if length <= len(code)]


def _district(scope: _Scope, names: Names) -> str:
    """Return what keeps equal names of two districts apart: the code of the scope's district."""
    if scope.code:
        return scope.code[:COUNTY_DIGITS]
    above = scope.area.path.strip("/").split("/") if scope.area else []
    codes = [area.code for found in above if (area := names.areas.get(found)) and area.code]
    return codes[-1][:COUNTY_DIGITS] if codes else scope.area.id if scope.area else ""


def _planned(
    rows: Sequence[Row], names: Names, scope: _Scope, now: datetime, report: LoadReport
) -> Plan:
    """Plan the rows; a bad one is left out whole, and with it what only it would have brought."""
    left = list(rows)
    while True:
        planner = Planner(names.copy(), now)
        for code in scope.missing_codes if left else ():
            _add_minimal(planner, code)
        plan = planner.make(left)
        if not plan.errors:
            return plan
        report.errors.extend(plan.errors)
        bad = {
            (error.details["file"], error.details["sheet"], row_of(error)) for error in plan.errors
        }
        left = [row for row in left if place_of(row.origin) not in bad]


def _add_minimal(planner: Planner, code: str) -> None:
    """Plan an area of which only the code is known; the divisions bring its name later."""
    lengths = [length for length in LEVEL_OF_CODE if length < len(code)]
    parent = planner.names.area_with_code(code[: lengths[-1]]) if lengths else None
    area_id = derived_id("Area", code)
    path = f"{parent.path if parent else '/'}{area_id}/"
    planner.add_area(KnownArea(area_id, code, LEVEL_OF_CODE[len(code)], path, code), parent)


async def _write_all(
    graph: Graph,
    batches: Sequence[Sequence[Piece]],
    actor: str,
    now: datetime,
    ids: Callable[[], str],
    report: LoadReport,
    progress: Progress,
) -> None:
    stage = "loading.progress.compare" if report.dry_run else "loading.progress.write"
    total = sum(map(len, batches))
    done = 0
    progress(stage, done, total)
    for part in batches:
        batch = loading_write.Batch(part, now, actor, event_id=ids(), token=ids())
        if report.dry_run:
            written = await loading_write.compare(graph, batch)
        else:
            written = await loading_write.write(graph, batch)
        _note(part, written, report)
        done += len(part)
        progress(stage, done, total)


def _note(part: Iterable[Piece], written: loading_write.Written, report: LoadReport) -> None:
    report.errors.extend(written.errors)
    report.events += written.events
    for made in part:
        outcome, fields = written.outcomes[made.id]
        report.count(made.label, outcome)
        if outcome is not Outcome.UNCHANGED:
            if made.origin is not None:
                report.written_rows.add(place_of(made.origin))
            if len(report.changes) < CHANGES_KEPT:
                report.changes.append(Change(made.label, made.id, made.name, outcome, fields))


def _summarise(sheets: Iterable[SheetContent], report: LoadReport) -> None:
    """Say of each sheet what became of its rows."""
    for sheet in sheets:
        place = (sheet.file, sheet.sheet)
        rejected = {
            row_of(error)
            for error in report.errors
            if (error.details["file"], error.details["sheet"]) == place
        }
        written = sum(row[:2] == place for row in report.written_rows)
        whole = WHOLE_SHEET in rejected
        repeated = sum((d.origin.file, d.origin.sheet) == place for d in report.duplicates)
        report.sheets.append(
            SheetSummary(
                file=sheet.file,
                sheet=sheet.sheet,
                kind=sheet.kind,
                rows=sheet.row_count,
                written=written,
                unchanged=0
                if whole
                else max(0, sheet.row_count - written - repeated - len(rejected)),
                duplicates=repeated,
                rejected=sheet.row_count if whole else len(rejected),
            )
        )


async def _write_imports(
    graph: Graph,
    sheets: Sequence[SheetContent],
    scope: _Scope,
    actor: str,
    now: datetime,
    ids: Callable[[], str],
    report: LoadReport,
) -> None:
    """Record each sheet that is new, or that brought something now, in one transaction."""
    if report.dry_run:
        return
    below = scope.code or (scope.area.id if scope.area else "")
    # The area may have come with the load, and not even then if no row of it was good.
    area = scope.area.id if scope.area else derived_id("Area", below) if below else None
    there = await loading.read_nodes(graph.read, "Area", [area] if area else [])
    made: list[Piece] = []
    for sheet, summary in zip(sheets, report.sheets, strict=True):
        if not sheet.kind:
            continue
        node = Import(
            id=derived_id("Import", sheet.file_hash, sheet.sheet, below),
            created_at=now,
            file_name=sheet.file,
            file_hash=sheet.file_hash,
            sheet=sheet.sheet,
            rows=summary.rows,
            written=summary.written,
            unchanged=summary.unchanged,
            rejected=summary.rejected,
        )
        links = {"LOADED_INTO": area if area in there else None}
        made.append(piece(node, links, origin=None, mentioned=summary.written == 0))
    if made:
        batch = loading_write.Batch(made, now, actor, event_id=ids(), token=ids())
        report.events += (await loading_write.write(graph, batch)).events
