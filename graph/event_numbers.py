"""The numbers of the history: 1, 2, 3 .. in the order of commits, without gaps.

Whoever writes an event leaves a node `(:UnnumberedEvent)` beside it, in the same transaction, with
the engine's time at that moment. It is read after the locks of the use case were taken, so an
event that builds on another has the later time. The sequencer takes those that are committed, in
the order of their times, and gives them the numbers that follow.

`(:EngineLock {id: 'events'})` holds the last number and the lease of the sequencer. The numbering
transaction locks it first and reads the last number under the lock, so two sequencers never number
at once whatever they believe about their leases: the lease only saves them from trying.

A scan of the queue is no snapshot: it may pass the place of an event before that is committed and
still see a later one. Such a later one was written after the scan began, so what is younger than
the beginning of the scan waits for the next.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from graph import leases
from graph.driver import Graph, Transaction
from graph.events import NOW
from graph.leases import TAKEN
from graph.statements import statement

LEASE_MILLISECONDS = 3_000
"""After which another hub may number; what is unnumbered then has waited for that long."""
NUMBERING = frozenset({"number", "position", "areaIds", "agentIds", "scopes", "actorRoles"})
"""The properties that an event gets with its number."""
POSITION_DIGITS = 16
NUMBERS = "events"
"""The lease of whoever numbers; the same node holds the last number."""

STANDING = statement(
    "event_numbers.standing",
    "RETURN COUNT { MATCH (p:UnnumberedEvent) } AS waiting, COLLECT { "
    "MATCH (l:EngineLock {id: 'events'}) "
    "RETURN [l.last, l.owner = $owner, l.until > timestamp()] } AS locks",
)
WAITING = statement(
    "event_numbers.waiting",
    f"""WITH datetime.realtime() AS t
WITH {NOW} AS began
MATCH (p:UnnumberedEvent) WHERE p.writtenAt < began
MATCH (e:Event {{id: p.id}})
WITH p, e ORDER BY p.writtenAt, e.createdAt, e.id LIMIT $size
RETURN e.id AS id, e.createdAt AS createdAt, e.actor AS actor, e.nodeIds AS nodeIds,
       e.nodeTypes AS nodeTypes""",
)
TAKE_TURN = statement(
    "event_numbers.take_turn", f"{TAKEN}\nRETURN free, l.last AS last", writes=True
)
HIGHEST = statement(
    "event_numbers.highest",
    "MATCH (e:Event) WHERE e.number > 0 RETURN max(e.number) AS number",
)
STILL_WAITING = statement(
    "event_numbers.still_waiting",
    """UNWIND $ids AS id
MATCH (p:UnnumberedEvent {id: id})
MATCH (e:Event {id: id}) WHERE e.number IS NULL
RETURN id""",
)
GIVE_NUMBERS = statement(
    "event_numbers.give",
    """UNWIND $rows AS row
MATCH (e:Event {id: row.id})
SET e += row
RETURN count(e) AS given""",
    writes=True,
)
LEAVE_QUEUE = statement(
    "event_numbers.leave_queue",
    "UNWIND $ids AS id MATCH (p:UnnumberedEvent {id: id}) DELETE p",
    writes=True,
)
COUNT_ON = statement(
    "event_numbers.count_on",
    "MATCH (l:EngineLock {id: 'events'}) SET l.last = $last",
    writes=True,
)


class NumberingError(Exception):
    """Events vanished while they were numbered: a fault of ours, since nothing deletes them."""


@dataclass(frozen=True, slots=True)
class Standing:
    """Where the numbers stand: the last one, how many events wait, whether this hub may number."""

    last: int
    waiting: int
    may_number: bool


@dataclass(frozen=True, slots=True)
class WaitingEvent:
    """A committed event without a number, and what tells whom it concerns."""

    id: str
    created_at: str
    actor: str
    nodes: tuple[tuple[str, str], ...]
    """Id and label of each node that it changed."""


async def standing(graph: Graph, owner: str) -> Standing:
    """Return where the numbers stand, for the sequencer `owner`."""
    row = (await graph.read(STANDING, owner=owner))[0]
    if not row["locks"]:
        return Standing(0, row["waiting"], may_number=True)
    last, is_owner, in_force = row["locks"][0]
    return Standing(last or 0, row["waiting"], may_number=bool(is_owner) or not in_force)


async def waiting(graph: Graph, size: int) -> list[WaitingEvent]:
    """Return up to `size` committed events without numbers, in the order of their commits."""
    return [
        WaitingEvent(
            row["id"],
            row["createdAt"],
            row["actor"],
            tuple(zip(row["nodeIds"] or (), row["nodeTypes"] or (), strict=False)),
        )
        for row in await graph.read(WAITING, size=size)
    ]


async def give_numbers(
    graph: Graph, owner: str, token: str, found: Sequence[tuple[str, Mapping[str, Any]]]
) -> int | None:
    """Number events, given by id and further properties, in their order.

    Return the last number, or None when another sequencer holds the lease.
    """

    async def work(transaction: Transaction) -> int | None:
        turn = await transaction.run(
            TAKE_TURN, id=NUMBERS, owner=owner, token=token, lease=LEASE_MILLISECONDS
        )
        if not turn[0]["free"]:
            return None
        counted: int | None = turn[0]["last"]
        if counted is None:
            counted = (await transaction.run(HIGHEST))[0]["number"]
        last = counted or 0
        ids = [event_id for event_id, _ in found]
        left = {row["id"] for row in await transaction.run(STILL_WAITING, ids=ids)}
        rows: list[dict[str, Any]] = []
        for event_id, more in found:
            if event_id in left:
                last += 1
                rows.append({"id": event_id, "number": last, "position": position(last), **more})
        if rows:
            given = await transaction.run(GIVE_NUMBERS, rows=rows)
            if given[0]["given"] != len(rows):
                raise NumberingError(given[0]["given"], len(rows))
        await transaction.run(LEAVE_QUEUE, ids=ids)
        await transaction.run(COUNT_ON, last=last)
        return last

    return await graph.write(work, repeatable=True)


async def give_up_lease(graph: Graph, owner: str) -> None:
    """Let another sequencer go on at once."""
    await leases.give_up(graph, NUMBERS, owner)


def position(number: int) -> str:
    """Return the number as text that sorts as numbers do: the key of pages of the history."""
    return f"{number:0{POSITION_DIGITS}}"
