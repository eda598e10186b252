"""Migrations: numbered, applied once, recorded in the graph as `(:Migration)`.

A migration is a module `mNNNN_name.py` with `async def apply(graph)`, listed in `MIGRATIONS`. It
has to be repeatable: its record is written after it, so a hub that is killed in between leaves a
migration that runs again. Hubs that start together take turns by a lease, `(:EngineLock)`.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

from domain.availability import instant_text
from domain.clock import Clock, system_clock
from domain.errors import DumpError, EngineUnavailable, GraphTooNew
from domain.identity import new_id
from graph.driver import Graph, Transaction
from graph.migrations import (
    m0001_schema,
    m0002_dates,
    m0003_sign_in,
    m0004_co_building,
    m0005_event_numbers,
    m0006_versions,
    m0007_orders,
    m0008_granters,
    m0009_evidence,
    m0010_webhooks,
    m0011_read_in_order,
    m0012_runs,
    m0013_packages,
    m0014_paths_of_items,
)
from graph.migrations.restoring import being_restored
from graph.statements import statement

LEASE = timedelta(seconds=60)
PATIENCE_SECONDS = 180.0
POLL_SECONDS = 0.1


@dataclass(frozen=True, slots=True)
class Migration:
    """A step that brings the graph from one version to the next."""

    number: int
    name: str
    apply: Callable[[Graph], Awaitable[None]]

    @property
    def id(self) -> str:
        """Under which the graph records it: `0001`."""
        return f"{self.number:04}"


MIGRATIONS: tuple[Migration, ...] = (
    Migration(1, "schema", m0001_schema.apply),
    Migration(2, "dates", m0002_dates.apply),
    Migration(3, "sign_in", m0003_sign_in.apply),
    Migration(4, "co-building", m0004_co_building.apply),
    Migration(5, "event_numbers", m0005_event_numbers.apply),
    Migration(6, "versions", m0006_versions.apply),
    Migration(7, "orders", m0007_orders.apply),
    Migration(8, "granters", m0008_granters.apply),
    Migration(9, "evidence", m0009_evidence.apply),
    Migration(10, "webhooks", m0010_webhooks.apply),
    Migration(11, "read_in_order", m0011_read_in_order.apply),
    Migration(12, "runs", m0012_runs.apply),
    Migration(13, "packages", m0013_packages.apply),
    Migration(14, "paths_of_items", m0014_paths_of_items.apply),
)

APPLIED = statement(
    "migrations.applied",
    "MATCH (m:Migration) RETURN m.number AS number ORDER BY number",
)
RECORD = statement(
    "migrations.record",
    "MERGE (m:Migration {id: $id}) "
    "SET m.number = $number, m.name = $name, m.appliedAt = $now, m.createdAt = $now, "
    "m.sortKey = $now + '|' + $id",
    writes=True,
)
TAKE_LEASE = statement(
    "migrations.take_lease",
    "MERGE (l:EngineLock {id: 'migrations'}) "
    "SET l.lock = $token "
    "WITH l, l.owner IS NULL OR l.owner = $owner OR l.until < $now AS free "
    "SET l.owner = CASE WHEN free THEN $owner ELSE l.owner END, "
    "l.until = CASE WHEN free THEN $until ELSE l.until END "
    "RETURN l.owner AS owner",
    writes=True,
)
LEAVE_LEASE = statement(
    "migrations.leave_lease",
    "MATCH (l:EngineLock {id: 'migrations', owner: $owner}) SET l.owner = null, l.until = null",
    writes=True,
)


async def applied(graph: Graph) -> list[int]:
    """Return the numbers of the migrations that the graph has."""
    return [row["number"] for row in await graph.read(APPLIED)]


async def migrate(
    graph: Graph,
    *,
    clock: Clock = system_clock,
    migrations: tuple[Migration, ...] = MIGRATIONS,
    restoring: bool = False,
) -> list[int]:
    """Bring the graph up to what this hub knows; return the numbers of what was applied now.

    Raises GraphTooNew for a graph with a migration that this hub does not know, EngineUnavailable
    when another hub migrates for too long, DumpError for a graph whose restore was interrupted
    (`restoring` is for the restore itself).
    """
    if not restoring and await being_restored(graph):
        raise DumpError(problem="unfinished")
    if not await _missing(graph, migrations):
        return []
    await m0001_schema.prepare(graph)
    owner = new_id()
    await _take_turn(graph, owner, clock)
    done: list[int] = []
    try:
        for migration in await _missing(graph, migrations):
            async with _Renewal(graph, owner, clock):
                await migration.apply(graph)
            now = instant_text(clock())
            await graph.write(_recording(migration, now), repeatable=True)
            done.append(migration.number)
    finally:
        await graph.write(lambda transaction: transaction.run(LEAVE_LEASE, owner=owner))
    return done


async def _missing(graph: Graph, migrations: tuple[Migration, ...]) -> list[Migration]:
    found = set(await applied(graph))
    known = max(migration.number for migration in migrations)
    if found and max(found) > known:
        raise GraphTooNew(found=max(found), known=known)
    return [migration for migration in migrations if migration.number not in found]


def _recording(migration: Migration, now: str) -> Callable[[Transaction], Awaitable[object]]:
    return lambda transaction: transaction.run(
        RECORD, id=migration.id, number=migration.number, name=migration.name, now=now
    )


async def _lease(graph: Graph, owner: str, now: datetime) -> bool:
    token = new_id()
    rows = await graph.write(
        lambda transaction: transaction.run(
            TAKE_LEASE,
            owner=owner,
            token=token,
            now=instant_text(now),
            until=instant_text(now + LEASE),
        ),
        repeatable=True,
    )
    return rows[0]["owner"] == owner


async def _take_turn(graph: Graph, owner: str, clock: Clock) -> None:
    waited = 0.0
    while not await _lease(graph, owner, clock()):
        if waited >= PATIENCE_SECONDS:
            raise EngineUnavailable(
                problem="busy", address=graph.address, reason="another hub migrates the graph"
            )
        await asyncio.sleep(POLL_SECONDS)
        waited += POLL_SECONDS


class _Renewal:
    """Keeps the lease while a long migration runs."""

    def __init__(self, graph: Graph, owner: str, clock: Clock) -> None:
        self._renewing = asyncio.create_task(self._renew(graph, owner, clock))

    async def __aenter__(self) -> None:
        """Renewing has begun."""

    async def __aexit__(self, *_: object) -> None:
        self._renewing.cancel()
        with suppress(asyncio.CancelledError):
            await self._renewing

    @staticmethod
    async def _renew(graph: Graph, owner: str, clock: Clock) -> None:
        while True:
            await asyncio.sleep(LEASE.total_seconds() / 3)
            await _lease(graph, owner, clock())
