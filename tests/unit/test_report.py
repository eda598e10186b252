"""What a report says where there is little to say."""

from datetime import UTC, datetime
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from domain.errors import SheetError
from domain.language import CATALOGUES, Language
from domain.run_records import MatchRun
from domain.vocabulary import RunState
from matching.documents import Certificate, certificate_text
from matching.plans import Counted
from matching.summary import Summary
from resolvers.loading_report import Counts, LoadReport, SheetSummary
from seed.reading import read_file
from server.output import Output
from server.report import Findings, print_loaded, print_matching

NOW = datetime(2026, 5, 4, tzinfo=UTC)


def an_output(language: Language) -> tuple[Output, StringIO]:
    said = StringIO()
    return Output(language=language, console=Console(file=said, width=200)), said


def says(said: StringIO, key: str, language: Language) -> bool:
    """Whether the text of a key was said, as far as its first parameter."""
    return CATALOGUES[language][key].partition("{")[0] in said.getvalue()


def findings(orders: int) -> Findings:
    """Return those of a run that matched nothing."""
    reached = Summary(
        orders=orders,
        matched_orders=0,
        whole_orders=0,
        filled=0.0,
        value=0,
        quantities={"PERSON": (10 * orders, 0)} if orders else {},
    )
    run = MatchRun(
        id="run",
        created_at=NOW,
        state=RunState.DONE,
        policy="{}",
        weights="{}",
        orders=orders,
        offers=3,
        certificate=certificate_text(Certificate((), reached, reached, Counted(0))),
    )
    return Findings(run=run, proposals=[], orders={}, offers={})


@pytest.mark.parametrize("language", Language)
def test_without_orders_the_report_says_so(language: Language) -> None:
    output, said = an_output(language)
    print_matching(output, findings(orders=0))
    assert says(said, "report.no_orders", language)
    assert not says(said, "report.best_pairs", language)
    assert not says(said, "report.unmatched", language)


@pytest.mark.parametrize("language", Language)
def test_no_heading_stands_alone(language: Language) -> None:
    output, said = an_output(language)
    print_matching(output, findings(orders=2))
    assert says(said, "report.best_pairs", language)
    assert says(said, "report.no_pairs", language)
    assert not says(said, "report.no_orders", language)
    assert not says(said, "report.unmatched", language)


@pytest.mark.parametrize("language", Language)
def test_a_file_that_does_not_exist_is_no_row(tmp_path: Path, language: Language) -> None:
    (missing,) = read_file(tmp_path / "nowhere.xlsx", NOW.date())
    loaded = LoadReport(dry_run=False, errors=missing.errors)
    loaded.sheets.append(SheetSummary(missing.file, missing.sheet, missing.kind))
    assert (loaded.unread, loaded.rejected) == (1, 0)
    output, said = an_output(language)
    print_loaded(output, loaded)
    assert says(said, "loading.report.unread", language)
    assert not says(said, "loading.report.rejected", language)
    assert not says(said, "loading.report.nothing", language)
    assert "nowhere.xlsx" in said.getvalue()


@pytest.mark.parametrize("language", Language)
def test_rows_and_whole_sheets_are_counted_apart(language: Language) -> None:
    def error(sheet: str, cell: str) -> SheetError:
        return SheetError(file="a.xlsx", sheet=sheet, cell=cell, value="", reason="missing")

    loaded = LoadReport(
        dry_run=False,
        counts={"Unit": Counts(unchanged=1)},
        sheets=[SheetSummary("a.xlsx", "units", "units"), SheetSummary("a.xlsx", "other", "")],
        errors=[error("units", "A3"), error("units", "B3"), error("other", "1")],
    )
    assert (loaded.unread, loaded.rejected) == (1, 1)
    output, said = an_output(language)
    print_loaded(output, loaded)
    for key in ("unread", "rejected", "nothing"):
        assert says(said, f"loading.report.{key}", language)
