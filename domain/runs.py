"""Matching runs on their way: what is next, how far one is, and why one failed."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from domain.errors import AccessError, MatchingError, NotFound
from domain.language import Phrase
from domain.vocabulary import RunState, RunStep

UNFINISHED = frozenset({RunState.QUEUED, RunState.RUNNING})
MOST_ATTEMPTS = 3
"""Workers that a run may outlive; one that takes each of them down would take all."""
MOST_WAITING = 20
"""Unfinished runs that a new one may have to wait for."""
PROBLEM = "matching.problem."
RIGHTS_GONE = Phrase(f"{PROBLEM}RIGHTS_GONE")
AREA_GONE = Phrase(f"{PROBLEM}AREA_GONE")
BROKEN_OFF = Phrase(f"{PROBLEM}BROKEN_OFF")
FAULT = Phrase(f"{PROBLEM}FAULT")
CANCELLED = Phrase(f"{PROBLEM}CANCELLED")


@dataclass(frozen=True, slots=True)
class UnfinishedRun:
    """A run that is not over: the path of its area, and whether a worker holds it now."""

    id: str
    state: RunState
    path: str
    held: bool


@dataclass(frozen=True, slots=True)
class RunProgress:
    """How far a run is: its step, and the share of the step that is done, from 0 to 1."""

    step: RunStep
    share: float

    def text(self) -> str:
        """Return it as it is stored."""
        return json.dumps({"step": self.step, "share": round(self.share, 3)})

    @classmethod
    def of(cls, step: str, done: int, total: int) -> "RunProgress":
        """Return how far a run is by how much is done of how much; nothing to do is done."""
        return cls(RunStep(step), min(1.0, done / total) if total else 1.0)


def read_progress(stored: str | None) -> RunProgress | None:
    """Return what was stored of how far a run is."""
    if stored is None:
        return None
    found = json.loads(stored)
    return RunProgress(RunStep(found["step"]), found["share"])


def overlap(path: str, other: str) -> bool:
    """Whether one of two areas, by their paths, is the other or lies in it."""
    return path.startswith(other) or other.startswith(path)


def waited_for(run: UnfinishedRun, unfinished: Sequence[UnfinishedRun]) -> bool:
    """Whether a run has to wait: another of its area works, or was there first.

    `unfinished` are all runs that are not over, in the order of their start, this one with them.
    """
    if run.state is RunState.RUNNING:
        return False
    earlier = True
    for other in unfinished:
        if other.id == run.id:
            earlier = False
        elif (earlier or other.state is RunState.RUNNING) and overlap(run.path, other.path):
            return True
    return False


def next_due(unfinished: Sequence[UnfinishedRun], until: str | None = None) -> UnfinishedRun | None:
    """Return the first run that nobody holds and that need not wait; None where there is none.

    `until` looks no further than at the run with this id.
    """
    for run in unfinished:
        if not run.held and not waited_for(run, unfinished):
            return run
        if run.id == until:
            return None
    return None


def failure_of(error: Exception) -> Phrase:
    """Return why a run failed, as people are told: a text `matching.problem.*`."""
    match error:
        case MatchingError():
            reason = error.details["reason"]
            return reason if isinstance(reason, Phrase) else FAULT
        case AccessError():
            return RIGHTS_GONE
        case NotFound():
            return AREA_GONE
        case _:
            return FAULT


def failure_text(reason: Phrase) -> str:
    """Return why a run failed as it is stored."""
    return json.dumps(
        {"code": reason.key.removeprefix(PROBLEM), "parameters": reason.parameters}, default=str
    )


def read_failure(stored: str | None) -> Phrase | None:
    """Return what was stored of why a run failed."""
    if stored is None:
        return None
    found: dict[str, Any] = json.loads(stored)
    return Phrase(PROBLEM + found["code"], found["parameters"])
