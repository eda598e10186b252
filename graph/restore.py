"""A dump read back: into an empty graph, or beside what is there.

It goes in pages, so the size of the graph does not matter. The whole file is read before anything
is written; what a restore has written when it fails it deletes again, and if it is killed, a mark
in the graph makes the hub refuse it (`graph.migrations.migrate`) until the restore is repeated,
which starts anew.
"""

from pathlib import Path
from typing import Any, LiteralString

from neo4j.exceptions import Neo4jError

from domain.errors import DumpError, GraphTooNew
from graph.driver import Graph
from graph.dump import ALL_NODES, PAGE
from graph.dump_file import NODE_KINDS, RELATIONSHIP_KINDS, Counts, check, lines
from graph.event_numbers import NUMBERING
from graph.migrations import MIGRATIONS, m0014_paths_of_items, migrate
from graph.migrations.m0005_event_numbers import queue_unnumbered
from graph.migrations.restoring import BEGIN_RESTORE, END_RESTORE, being_restored
from graph.model import NODES, RELATIONSHIPS
from graph.statements import Statement, statement


def _put_nodes(*labels: LiteralString) -> Statement:
    key, written = NODES[labels[0]], ":".join(labels)
    # Events never change, but for the number that they have got where they are.
    setting: LiteralString = "ON CREATE SET" if written == "Event" else "SET"
    return statement(
        f"restore.nodes.{written}",
        f"UNWIND $rows AS row MERGE (n:{written} {{{key}: row.{key}}}) {setting} n += row",
        writes=True,
    )


PUT_NODES: dict[tuple[str, ...], Statement] = {kinds: _put_nodes(*kinds) for kinds in NODE_KINDS}


def _put_relationships(kind: LiteralString, label: LiteralString | None) -> Statement:
    start, implied = RELATIONSHIPS[kind]
    end = label or implied
    return statement(
        f"restore.relationships.{kind}.{end}",
        f"UNWIND $rows AS row MATCH (a:{start} {{id: row[0]}}) MATCH (b:{end} {{id: row[1]}}) "
        f"MERGE (a)-[r:{kind}]->(b) SET r += row[2] RETURN count(r) AS written",
        writes=True,
    )


PUT_RELATIONSHIPS: dict[tuple[str, str | None], Statement] = {
    (kind, label): _put_relationships(kind, label) for kind, label in RELATIONSHIP_KINDS
}
"""By type, and by the label of the end where the type does not imply it."""
EMPTY = statement(
    "restore.empty",
    "MATCH (n) WHERE NOT n:Migration AND NOT n:EngineLock WITH n LIMIT $size "
    "DETACH DELETE n RETURN count(*) AS deleted",
    writes=True,
)
FORGET_MIGRATIONS = statement(
    "restore.forget_migrations",
    "MATCH (m:Migration) WHERE m.number > $number DELETE m",
    writes=True,
)


async def restore(graph: Graph, file: Path, *, into_other_data: bool = False) -> Counts:
    """Read a whole graph from a file into an empty one, and migrate it to this hub's version.

    `into_other_data` adds to what is there: nodes of the same id get the file's properties.
    Raises DumpError for a file that is not a complete dump and for a graph that is not empty
    (nothing is changed then), GraphTooNew for a dump of a newer hub.
    """
    header, counts = check(file)
    known = MIGRATIONS[-1].number
    if header.migration > known:
        raise GraphTooNew(found=header.migration, known=known)
    unfinished = await being_restored(graph)
    await migrate(graph, restoring=True)
    if unfinished:
        await _empty(graph)
    elif not into_other_data:
        there = (await graph.read(ALL_NODES))[0]["nodes"]
        if there:
            raise DumpError(problem="not_empty", file=str(file), nodes=there)
    elif header.migration != known:
        raise DumpError(problem="other_version", file=str(file), line=1)
    if into_other_data and not unfinished:
        # Only merges: repeated, it completes what was interrupted.
        await _write(graph, file, renumbered=True)
        await queue_unnumbered(graph)
        # Areas may lie elsewhere than before: what was there follows.
        await m0014_paths_of_items.apply(graph)
        return counts
    await graph.write(lambda transaction: transaction.run(BEGIN_RESTORE), repeatable=True)
    try:
        await _write(graph, file)
        # Migrations are repeatable: those after the dump's own run once more, over its data.
        await graph.write(
            lambda transaction: transaction.run(FORGET_MIGRATIONS, number=header.migration),
            repeatable=True,
        )
        await migrate(graph, restoring=True)
    except BaseException:
        await _empty(graph)
        await graph.write(lambda transaction: transaction.run(END_RESTORE), repeatable=True)
        raise
    await graph.write(lambda transaction: transaction.run(END_RESTORE), repeatable=True)
    return counts


async def _write(graph: Graph, file: Path, *, renumbered: bool = False) -> None:
    """Write all nodes, then all relationships: the file has them in this order.

    With `renumbered` events come without their numbers, which are others' here.
    """
    batch: list[Any] = []
    current: Statement | None = None
    relationships = False
    for _, line in lines(file):
        if "n" in line:
            wanted, row = PUT_NODES[tuple(line["n"])], line["p"]
            if renumbered and line["n"] == ["Event"]:
                row = {name: value for name, value in row.items() if name not in NUMBERING}
        elif "r" in line:
            wanted = PUT_RELATIONSHIPS[line["r"], line.get("t")]
            row = [line["from"], line["to"], line["p"]]
        else:
            continue
        if current is not None and (wanted is not current or len(batch) == PAGE):
            await _put(graph, current, batch, counted=relationships)
            batch = []
        current, relationships = wanted, "r" in line
        batch.append(row)
    if current is not None:
        await _put(graph, current, batch, counted=relationships)


async def _put(graph: Graph, current: Statement, rows: list[Any], *, counted: bool) -> None:
    try:
        found = await graph.write(
            lambda transaction: transaction.run(current, rows=rows), repeatable=True
        )
    except Neo4jError as error:
        reason = error.message or str(error)
        raise DumpError(problem="refused", what=current.name, reason=reason) from error
    if counted and found[0]["written"] != len(rows):
        raise DumpError(problem="dangling", what=current.name)


async def _empty(graph: Graph) -> None:
    while True:
        rows = await graph.write(
            lambda transaction: transaction.run(EMPTY, size=PAGE), repeatable=True
        )
        if not rows or not rows[0]["deleted"]:
            return
