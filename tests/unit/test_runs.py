"""Matching runs on their way: which is next, how far one is, why one failed."""

import pytest

from domain.errors import Forbidden, MatchingError, NotFound
from domain.language import Language, Phrase, text
from domain.runs import (
    AREA_GONE,
    BROKEN_OFF,
    CANCELLED,
    FAULT,
    RIGHTS_GONE,
    RunProgress,
    UnfinishedRun,
    failure_of,
    failure_text,
    next_due,
    overlap,
    read_failure,
    read_progress,
)
from domain.vocabulary import RunState, RunStep


def run(
    name: str, path: str, state: RunState = RunState.QUEUED, *, held: bool = False
) -> UnfinishedRun:
    return UnfinishedRun(name, state, path, held)


def due(*runs: UnfinishedRun, until: str | None = None) -> str | None:
    found = next_due(runs, until)
    return found and found.id


RUNNING = RunState.RUNNING


def test_areas_overlap_where_one_contains_the_other() -> None:
    assert overlap("/a/b/", "/a/")
    assert overlap("/", "/a/b/")
    assert overlap("/a/", "/a/")
    assert not overlap("/a/b/", "/a/c/")
    assert not overlap("/a/", "/ab/")


def test_the_first_that_nobody_holds_is_next() -> None:
    assert due() is None
    assert due(run("one", "/a/"), run("two", "/a/")) == "one"
    assert due(run("one", "/a/", RUNNING, held=True), run("two", "/b/")) == "two"


def test_what_overlaps_waits_for_its_turn() -> None:
    assert due(run("one", "/a/", RUNNING, held=True), run("two", "/a/b/")) is None
    # A clock that is slow puts a run before the one that is at work.
    assert due(run("slow", "/a/"), run("one", "/a/b/", RUNNING, held=True)) is None
    waiting = run("one", "/a/", RUNNING, held=True), run("two", "/"), run("three", "/c/")
    assert due(*waiting) is None


def test_what_was_broken_off_goes_on_although_others_came_before() -> None:
    assert due(run("slow", "/a/"), run("one", "/a/", RUNNING)) == "one"


def test_nobody_looks_further_than_asked() -> None:
    runs = run("one", "/a/", RUNNING, held=True), run("two", "/a/"), run("three", "/b/")
    assert due(*runs) == "three"
    assert due(*runs, until="two") is None
    assert due(*runs, until="three") == "three"


@pytest.mark.parametrize(
    ("done", "total", "share"), [(0, 4, 0.0), (1, 4, 0.25), (4, 4, 1.0), (0, 0, 1.0), (5, 4, 1.0)]
)
def test_progress_is_a_share_of_the_step(done: int, total: int, share: float) -> None:
    progress = RunProgress.of("SOLVE", done, total)
    assert progress == RunProgress(RunStep.SOLVE, share)
    assert read_progress(progress.text()) == progress
    assert read_progress(None) is None


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (MatchingError(reason=CANCELLED), CANCELLED),
        (Forbidden(action="MATCHING_RUN"), RIGHTS_GONE),
        (NotFound(type="Area", id="x"), AREA_GONE),
        (ZeroDivisionError(), FAULT),
        (MatchingError(reason="no phrase"), FAULT),
    ],
)
def test_why_a_run_failed_is_kept_and_said(error: Exception, reason: Phrase) -> None:
    assert failure_of(error) == reason
    assert read_failure(failure_text(reason)) == reason


def test_reasons_keep_their_parameters_and_are_said_in_both_languages() -> None:
    many = Phrase("matching.problem.MANY_WAITING", {"count": 20})
    assert read_failure(failure_text(many)) == many
    assert read_failure(None) is None
    for reason in (many, BROKEN_OFF, FAULT, AREA_GONE, RIGHTS_GONE, CANCELLED):
        said = {text(reason.key, language, **reason.parameters) for language in Language}
        assert len(said) == len(Language)
