"""The end of a matching run that leaves no plan: it failed, or was cancelled."""

from dataclasses import replace
from datetime import datetime

from domain.language import Phrase
from domain.run_records import MatchRun
from domain.runs import failure_text
from domain.vocabulary import RunState
from graph import events, run_owners
from graph.driver import Transaction
from graph.records import present_properties
from graph.run_owners import LockedRun

CANCEL = "MATCHING_CANCEL"
ACTIONS = {RunState.FAILED: "MATCHING_FAIL", RunState.CANCELLED: CANCEL}


async def end_run(
    transaction: Transaction,
    locked: LockedRun,
    state: RunState,
    now: datetime,
    event_id: str,
    *,
    actor: str = events.SYSTEM,
    reason: Phrase | None = None,
) -> MatchRun:
    """End a locked run as FAILED or CANCELLED, with its event, and return it as it is then."""
    failure = None if reason is None else failure_text(reason)
    after = replace(locked.run, state=state, finished_at=now, progress=None, failure=failure)
    await run_owners.finish(transaction, after.id, present_properties(after))
    changes = {after.id: events.changes_between(locked.run, after)}
    event = events.event(event_id, now, actor, ACTIONS[state], changes)
    await events.write_event(transaction, event)
    return after
