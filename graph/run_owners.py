"""Who works on which matching run: the queue, the lease on the run itself, and how it ends.

A run that is not over has the properties `owner` and `ownedUntil` (the engine's clock), `attempts`
(how often a worker began it), and `startedBy`, `startedFor` (the account, and whom it acted for).
None of them is served. Whoever decides which run is next takes the turn first, then locks the run.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from domain.access import ActingAccount
from domain.run_records import MatchRun
from domain.runs import UnfinishedRun
from domain.vocabulary import RunState
from graph.driver import Transaction
from graph.match_runs import EVERYWHERE, Run
from graph.records import record
from graph.statements import statement

UNFINISHED = statement(
    "run_owners.unfinished",
    """UNWIND ['QUEUED', 'RUNNING'] AS wanted
MATCH (r:MatchRun {state: wanted})
RETURN r.id AS id, r.state AS state, r.sortKey AS sortKey,
    head(COLLECT { MATCH (r)-[:RUN_IN]->(a:Area) RETURN a.path }) AS path,
    coalesce(r.ownedUntil > timestamp(), false) AS held
ORDER BY sortKey""",
)
TAKE_TURN = statement(
    "run_owners.take_turn",
    "MERGE (l:EngineLock {id: 'matching'}) SET l.token = $token RETURN l.id AS id",
    writes=True,
)
LOCK = statement(
    "run_owners.lock",
    """MATCH (r:MatchRun {id: $id})
SET r.lock = $token
WITH r, head(COLLECT { MATCH (r)-[:RUN_IN]->(a:Area) RETURN [a.id, a.path] }) AS area
RETURN properties(r) AS run, area, coalesce(r.ownedUntil > timestamp(), false) AS held""",
    writes=True,
)
SET_STARTER = statement(
    "run_owners.set_starter",
    """MATCH (r:MatchRun {id: $id})
SET r.startedBy = $account, r.startedFor = $actingFor""",
    writes=True,
)
HOLD = statement(
    "run_owners.hold",
    """MATCH (r:MatchRun {id: $id})
SET r.state = 'RUNNING', r.owner = $owner, r.ownedUntil = timestamp() + $lease,
    r.attempts = $attempts, r.progress = $progress""",
    writes=True,
)
GIVE_UP = statement(
    "run_owners.give_up",
    "MATCH (r:MatchRun {id: $id, owner: $owner}) SET r.ownedUntil = 0, r.attempts = r.attempts - 1",
    writes=True,
)
FINISH = statement(
    "run_owners.finish",
    """MATCH (r:MatchRun {id: $id})
SET r += $properties
REMOVE r.owner, r.ownedUntil, r.progress""",
    writes=True,
)


@dataclass(frozen=True, slots=True)
class LockedRun:
    """A run that is locked: with its area, who holds it, and who started it."""

    run: MatchRun
    area_id: str | None
    path: str
    owner: str | None
    held: bool
    attempts: int
    starter: str
    """The account that started it, an `ActingAccount` where that acted for another."""

    def is_held_by(self, owner: str) -> bool:
        """Whether it is worked on, and by this owner."""
        return self.run.state is RunState.RUNNING and self.owner == owner


async def unfinished(run: Run) -> list[UnfinishedRun]:
    """Return the runs that are not over, in the order of their start."""
    return [
        UnfinishedRun(row["id"], RunState(row["state"]), row["path"] or EVERYWHERE, row["held"])
        for row in await run(UNFINISHED)
    ]


async def take_turn(transaction: Transaction, token: str) -> None:
    """Wait until nobody else decides which run is next."""
    await transaction.run(TAKE_TURN, token=token)


async def lock(transaction: Transaction, run_id: str, token: str) -> LockedRun | None:
    """Lock a run and return it, None where there is none."""
    rows = await transaction.run(LOCK, id=run_id, token=token)
    if not rows:
        return None
    found, area = rows[0]["run"], rows[0]["area"]
    account, acting_for = found.get("startedBy", ""), found.get("startedFor")
    return LockedRun(
        run=record(MatchRun, found),
        area_id=area[0] if area else None,
        path=area[1] if area else EVERYWHERE,
        owner=found.get("owner"),
        held=rows[0]["held"],
        attempts=found.get("attempts", 0),
        starter=ActingAccount(account, acting_for) if acting_for else account,
    )


async def set_starter(transaction: Transaction, run_id: str, account: str) -> None:
    """Write who started a run, and for whom."""
    acting_for = account.acting_for if isinstance(account, ActingAccount) else None
    await transaction.run(SET_STARTER, id=run_id, account=str(account), actingFor=acting_for)


async def hold(
    transaction: Transaction,
    locked: LockedRun,
    owner: str,
    *,
    milliseconds: int,
    attempts: int,
    progress: str | None,
) -> None:
    """Let an owner hold a locked run from now on, and write how far it is."""
    await transaction.run(
        HOLD,
        id=locked.run.id,
        owner=owner,
        lease=milliseconds,
        attempts=attempts,
        progress=progress,
    )


async def give_up(transaction: Transaction, run_id: str, owner: str) -> None:
    """Let another take a run at once, where the owner holds it: it was not broken off."""
    await transaction.run(GIVE_UP, id=run_id, owner=owner)


async def finish(transaction: Transaction, run_id: str, properties: Mapping[str, Any]) -> None:
    """Write what a locked run came to; nobody holds it any more."""
    await transaction.run(FINISH, id=run_id, properties=dict(properties))
