"""What `renling match` does without a hub: two files into a plan, or answers into weights."""

from datetime import UTC, datetime
from pathlib import Path

import typer

from domain.errors import BadInput, DomainError
from server.fit_weights import answers_in, fit_aloud
from server.match_files import Files, compare_files, match_files, policy_in
from server.match_records import instant
from server.output import Output
from server.running import FAILED

Named = tuple[Path | None, Path | None, Path | None, Path | None, Path | None]
"""Orders, offers, where to write, the instance, the plan before."""


def match_two_files(
    named: Named,
    policy: Path | None,
    at: str | None,
    output: Output,
    *,
    dry_run: bool,
    workers: int,
) -> None:
    """Match two files and exit with the status."""
    status = 0
    orders, offers, out, dimacs, last = named
    try:
        if orders is None or offers is None or (out is None and not dry_run):
            raise BadInput(field="match", value="", expected="--orders, --offers, --out")
        now = datetime.now(UTC) if at is None else _instant(at)
        by = policy_in(policy)
        if dry_run or out is None:
            compare_files(output, orders, offers, last, now=now, policy=by)
        else:
            files = Files(orders, offers, out, dimacs, last, workers)
            match_files(output, files, now=now, policy=by)
    except DomainError as error:
        output.fail(error)
        status = FAILED
    raise typer.Exit(status)


def fit_file(output: Output, plan: Path | None, policy: Path | None, out: Path | None) -> None:
    """Learn weights from the answers in a plan's file and exit with the status."""
    status = 0
    try:
        if plan is None:
            raise BadInput(field="--fit", value="", expected="--last, --area, --policy, --out")
        fit_aloud(output, answers_in(plan), policy_in(policy), out)
    except DomainError as error:
        output.fail(error)
        status = FAILED
    raise typer.Exit(status)


def _instant(written: str) -> datetime:
    try:
        return instant(written)
    except ValueError as error:
        raise BadInput(field="--now", value=written, expected="2026-05-04T08:00+08:00") from error
