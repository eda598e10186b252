"""Events get numbers: their constraints, and what earlier events lack of it.

Earlier events get the labels of the nodes that they changed and a relationship to each (instead of
`ABOUT_CLAIM`, which only claims had), and queue for their numbers by the times they were made at.
"""

from typing import Any, LiteralString

from domain.availability import parse_instant
from graph.driver import Graph, Transaction
from graph.events import OFTEN, SELDOM
from graph.migrations.making import ranged, settled, unique
from graph.statements import statement

PAGE = 500
BEFORE_ALL, AFTER_ALL = "", "\uffff"
LABELS: tuple[LiteralString, ...] = (*OFTEN, *SELDOM)

PAGES = statement(
    "event_numbers.pages",
    """MATCH (e:Event) WHERE e.sortKey > $after AND e.sortKey < $until
WITH e ORDER BY e.sortKey LIMIT $size
RETURN e.id AS id, e.sortKey AS sortKey, e.createdAt AS createdAt, e.nodeIds AS nodeIds,
       e.number AS number, e.nodeTypes AS nodeTypes
ORDER BY sortKey""",
)
KINDS = statement(
    "event_numbers.kinds",
    "RETURN ["
    + ", ".join(
        f"COLLECT {{ UNWIND $ids AS id MATCH (n:{label} {{id: id}}) RETURN n.id }}"
        for label in LABELS
    )
    + "] AS found",
)
SET_KINDS = statement(
    "event_numbers.set_kinds",
    "UNWIND $rows AS row MATCH (e:Event {id: row[0]}) SET e.nodeTypes = row[1]",
    writes=True,
)
LINKS = {
    label: statement(
        f"event_numbers.link.{label}",
        f"UNWIND $rows AS row MATCH (e:Event {{id: row[0]}}) MATCH (n:{label} {{id: row[1]}}) "
        "MERGE (e)-[:CHANGED]->(n)",
        writes=True,
    )
    for label in LABELS
}
UNLINK = statement(
    "event_numbers.unlink",
    "UNWIND $ids AS id MATCH (e:Event {id: id})-[r:ABOUT_CLAIM]->(:Claim) DELETE r",
    writes=True,
)
QUEUE = statement(
    "event_numbers.queue",
    "UNWIND $rows AS row MERGE (p:UnnumberedEvent {id: row[0]}) ON CREATE SET p.writtenAt = row[1]",
    writes=True,
)


async def apply(graph: Graph) -> None:
    """Create constraints and indexes where they are missing, and bring earlier events up."""
    await unique(graph, "UnnumberedEvent", "id")
    await unique(graph, "Event", "number")
    await ranged(graph, "Event", "position")
    await settled(graph)
    await queue_unnumbered(graph)


async def queue_unnumbered(graph: Graph) -> None:
    """Let all events without numbers queue for them; harmless to repeat."""
    after = BEFORE_ALL
    while rows := await graph.read(PAGES, after=after, until=AFTER_ALL, size=PAGE):
        after = rows[-1]["sortKey"]
        without_types = [row for row in rows if row["nodeIds"] and not row["nodeTypes"]]
        if without_types:
            await _bring_up(graph, without_types)
        queued = [
            [row["id"], int(parse_instant(row["createdAt"]).timestamp() * 1_000_000)]
            for row in rows
            if row["number"] is None
        ]
        if queued:
            await _write(graph, queued)


async def _write(graph: Graph, queued: list[list[Any]]) -> None:
    await graph.write(lambda transaction: transaction.run(QUEUE, rows=queued), repeatable=True)


async def _bring_up(graph: Graph, rows: list[dict[str, Any]]) -> None:
    """Note which labels the nodes of events have, and link the events with them."""
    ids = sorted({node_id for row in rows for node_id in row["nodeIds"]})
    found = (await graph.read(KINDS, ids=ids))[0]["found"]
    kinds = {
        node_id: label
        for label, of_label in zip(LABELS, found, strict=True)
        for node_id in of_label
    }
    types = [[row["id"], [kinds.get(each, "") for each in row["nodeIds"]]] for row in rows]

    async def work(transaction: Transaction) -> None:
        await transaction.run(SET_KINDS, rows=types)
        await transaction.run(UNLINK, ids=[row["id"] for row in rows])
        for label, linking in LINKS.items():
            pairs = [
                [row["id"], each]
                for row in rows
                for each in row["nodeIds"]
                if kinds.get(each) == label
            ]
            if pairs:
                await transaction.run(linking, rows=pairs)

    await graph.write(work, repeatable=True)
