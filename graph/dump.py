"""The whole graph as a file and back: the backup, and the way from one engine to another.

The file is JSON lines: a header (format, version, migration); a line `{"n": [labels], "p": {...}}`
for each node; `{"r": type, "from": id, "to": id, "p": {...}}` for each relationship (with the label
of its end, `"t"`, where its type does not imply it); at the end how
many there were of each, so that a file that was cut off is known as such. What belongs to one
engine (the record of migrations, leases) is not in it.

Both ways go in pages, so the size of the graph does not matter. A dump is refused when something
was changed while it was written (every change writes an event, which is numbered later); the file
appears under its name only when it is complete. A restore reads the whole file before it writes
anything; what it has written when it fails it deletes again, and if it is killed, a mark in the
graph makes the hub refuse it (`graph.migrations.migrate`) until the restore is repeated, which
starts anew.
"""

import os
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, BinaryIO, LiteralString, TypeGuard, cast

import orjson
from neo4j.exceptions import Neo4jError

from domain.errors import DumpError, GraphTooNew
from graph.driver import Graph
from graph.event_numbers import NUMBERING
from graph.migrations import MIGRATIONS, applied, migrate
from graph.migrations.m0005_event_numbers import queue_unnumbered
from graph.migrations.restoring import BEGIN_RESTORE, END_RESTORE, being_restored
from graph.model import AGENT, ALWAYS_AGENTS, ANY, NODES, RELATIONSHIPS, SOMETIMES_AGENTS
from graph.statements import Statement, statement

FORMAT = "renling-graph"
VERSION = 1
PAGE = 1000
KEYS: Mapping[str, str] = {**NODES}
SMALLEST_INTEGER, LARGEST_INTEGER = -(2**63), 2**63 - 1
BEFORE_ALL = ""
AFTER_ALL = "\uffff"

NODE_PAGES = {
    label: statement(
        f"dump.nodes.{label}",
        f"MATCH (n:{label}) WHERE n.{key} > $after AND n.{key} < $until "
        f"WITH n ORDER BY n.{key} LIMIT $size "
        f"RETURN n.{key} AS id, labels(n) AS labels, properties(n) AS properties ORDER BY id",
    )
    for label, key in NODES.items()
}
RELATIONSHIP_PAGES = {
    label: statement(
        f"dump.relationships.{label}",
        f"MATCH (n:{label}) WHERE n.{key} > $after AND n.{key} < $until "
        f"WITH n ORDER BY n.{key} LIMIT $size "
        f"RETURN n.{key} AS id, COLLECT {{ MATCH (n)-[r]->(m) "
        "RETURN [type(r), m.id, properties(r), labels(m)] ORDER BY type(r), m.id } "
        "AS relationships ORDER BY id",
    )
    for label, key in NODES.items()
}
EVENTS = statement(
    "dump.events",
    "RETURN COUNT { MATCH (e:Event) } + COUNT { MATCH (p:UnnumberedEvent) } AS events",
)
# Two counts, two statements: each comes from the store's own count.
ALL_NODES = statement(
    "dump.all_nodes",
    "MATCH (n) WHERE NOT n:Migration AND NOT n:EngineLock RETURN count(n) AS nodes",
)
ALL_RELATIONSHIPS = statement(
    "dump.all_relationships", "MATCH ()-[r]->() RETURN count(r) AS relationships"
)


def _put_nodes(*labels: LiteralString) -> Statement:
    key, written = NODES[labels[0]], ":".join(labels)
    # Events never change, but for the number that they have got where they are.
    setting: LiteralString = "ON CREATE SET" if written == "Event" else "SET"
    return statement(
        f"restore.nodes.{written}",
        f"UNWIND $rows AS row MERGE (n:{written} {{{key}: row.{key}}}) {setting} n += row",
        writes=True,
    )


PUT_NODES: dict[tuple[str, ...], Statement] = {
    **{(label,): _put_nodes(label) for label in NODES if label not in ALWAYS_AGENTS},
    **{
        (label, AGENT): _put_nodes(label, AGENT)
        for label in NODES
        if label in ALWAYS_AGENTS | SOMETIMES_AGENTS
    },
}


def _put_relationships(kind: LiteralString, start: LiteralString, end: LiteralString) -> Statement:
    return statement(
        f"restore.relationships.{kind}.{end}",
        f"UNWIND $rows AS row MATCH (a:{start} {{id: row[0]}}) MATCH (b:{end} {{id: row[1]}}) "
        f"MERGE (a)-[r:{kind}]->(b) SET r += row[2] RETURN count(r) AS written",
        writes=True,
    )


PUT_RELATIONSHIPS: dict[tuple[str, str | None], Statement] = {
    **{
        (kind, None): _put_relationships(kind, start, end)
        for kind, (start, end) in RELATIONSHIPS.items()
        if end != ANY
    },
    **{
        (kind, label): _put_relationships(kind, start, label)
        for kind, (start, end) in RELATIONSHIPS.items()
        if end == ANY
        for label, key in NODES.items()
        if key == "id" and label != "UnnumberedEvent"
    },
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


@dataclass(frozen=True, slots=True)
class Counts:
    """How many nodes and relationships were written."""

    nodes: int = 0
    relationships: int = 0


@dataclass(frozen=True, slots=True)
class Header:
    """The first line."""

    format: str
    version: int
    migration: int


async def dump(graph: Graph, file: Path) -> Counts:
    """Write the whole graph to a file, readable by us alone (it holds contacts).

    Raises DumpError when the file cannot be written, when the graph was changed meanwhile, or
    when it holds what this hub does not know.
    """
    draft = file.with_name(f".{file.name}.part")
    try:
        with _private(draft) as output:
            before = (await graph.read(EVENTS))[0]["events"]
            counts = await _dump(graph, output)
            if (await graph.read(EVENTS))[0]["events"] != before:
                raise DumpError(problem="changed", file=str(file))
            output.flush()
            os.fsync(output.fileno())
        draft.replace(file)
    except OSError as error:
        raise DumpError(problem="file", file=str(file), reason=str(error)) from error
    finally:
        with suppress(OSError):
            draft.unlink(missing_ok=True)
    return counts


async def restore(graph: Graph, file: Path, *, into_other_data: bool = False) -> Counts:
    """Read a whole graph from a file into an empty one, and migrate it to this hub's version.

    `into_other_data` adds to what is there: nodes of the same id get the file's properties.
    Raises DumpError for a file that is not a complete dump and for a graph that is not empty
    (nothing is changed then), GraphTooNew for a dump of a newer hub.
    """
    header, counts = _check(file)
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


async def _dump(graph: Graph, output: BinaryIO) -> Counts:
    header = Header(FORMAT, VERSION, max(await applied(graph), default=0))
    _line(output, asdict(header))
    nodes = relationships = 0
    for label, pages in NODE_PAGES.items():
        async for row in _pages(graph, pages):
            _line(output, {"n": _labels(label, row["labels"]), "p": row["properties"]})
            nodes += 1
    for pages in RELATIONSHIP_PAGES.values():
        async for row in _pages(graph, pages):
            for kind, end, properties, labels in row["relationships"]:
                if kind not in RELATIONSHIPS:
                    raise DumpError(problem="unknown", what=kind)
                line = {"r": kind, "from": row["id"], "to": end, "p": properties}
                if RELATIONSHIPS[kind][1] == ANY:
                    line["t"] = next(label for label in labels if label != AGENT)
                _line(output, line)
                relationships += 1
    # What no label of ours leads to would be left out in silence.
    all_nodes = (await graph.read(ALL_NODES))[0]["nodes"]
    all_relationships = (await graph.read(ALL_RELATIONSHIPS))[0]["relationships"]
    if all_nodes != nodes or all_relationships != relationships:
        left_out = f"{all_nodes - nodes} nodes, {all_relationships - relationships} relationships"
        raise DumpError(problem="unknown", what=left_out)
    _line(output, {"end": {"nodes": nodes, "relationships": relationships}})
    return Counts(nodes, relationships)


async def _pages(graph: Graph, pages: Statement) -> AsyncIterator[dict[str, Any]]:
    after = BEFORE_ALL
    while rows := await graph.read(pages, after=after, until=AFTER_ALL, size=PAGE):
        for row in rows:
            yield row
        after = rows[-1]["id"]


def _labels(label: str, found: list[str]) -> list[str]:
    labels = [label, *sorted(other for other in found if other != label)]
    if tuple(labels) not in PUT_NODES:
        raise DumpError(problem="unknown", what=":".join(labels))
    return labels


def _line(output: BinaryIO, content: Mapping[str, Any]) -> None:
    output.write(orjson.dumps(content, option=orjson.OPT_APPEND_NEWLINE | orjson.OPT_SORT_KEYS))


def _private(path: Path) -> BinaryIO:
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC
    return os.fdopen(os.open(path, flags, 0o600), "wb")


def _check(file: Path) -> tuple[Header, Counts]:
    """Read the whole file; return its header and its counts. Raises DumpError."""
    nodes = relationships = number = 0
    header: Header | None = None
    end: Any = None
    for number, line in _lines(file):
        if header is None:
            header = _header(file, line)
        elif end is not None:
            raise DumpError(problem="after_end", file=str(file), line=number)
        elif line.keys() == {"end"}:
            end = line
        elif _is_node(line):
            nodes += 1
        elif _is_relationship(line):
            relationships += 1
        else:
            raise DumpError(problem="line", file=str(file), line=number)
    if header is None:
        raise DumpError(problem="foreign", file=str(file), line=1)
    if end != {"end": {"nodes": nodes, "relationships": relationships}}:
        raise DumpError(problem="cut_off", file=str(file), line=number)
    return header, Counts(nodes, relationships)


def _header(file: Path, line: Mapping[str, Any]) -> Header:
    match line:
        case {
            "format": str(form),
            "version": int(version),
            "migration": int(migration),
            **rest,
        } if form == FORMAT and not rest:
            if version != VERSION:
                raise DumpError(problem="other_version", file=str(file), line=1)
            return Header(FORMAT, version, migration)
        case _:
            raise DumpError(problem="foreign", file=str(file), line=1)


def _is_node(line: Mapping[str, Any]) -> bool:
    match line:
        case {"n": [str(), *_] as labels, "p": properties, **rest} if not rest:
            key = next((KEYS[kinds[0]] for kinds in PUT_NODES if list(kinds) == labels), None)
            return (
                key is not None
                and _are_properties(properties)
                and isinstance(properties.get(key), str)
            )
        case _:
            return False


def _is_relationship(line: Mapping[str, Any]) -> bool:
    match line:
        case {"r": str(kind), "from": str(), "to": str(), "p": properties, **rest}:
            label = rest.pop("t", None)
            return not rest and (kind, label) in PUT_RELATIONSHIPS and _are_properties(properties)
        case _:
            return False


def _are_properties(found: object) -> TypeGuard[dict[str, Any]]:
    """Whether the engines keep these properties: scalars, and lists of scalars of one kind."""
    return isinstance(found, dict) and all(
        len(kinds := {_kind(each) for each in cast("list[object]", value)}) <= 1
        and None not in kinds
        if isinstance(value, list)
        else value is None or _kind(value) is not None
        for value in cast("dict[str, object]", found).values()
    )


def _kind(value: object) -> str | None:
    """Return what kind of scalar this is; None for what the engines do not keep."""
    match value:
        case bool():
            return "truth"
        case int() if not SMALLEST_INTEGER <= value <= LARGEST_INTEGER:
            return None
        case int() | float():
            return "number"
        case str():
            return "text"
        case _:
            return None


def _lines(file: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    try:
        with file.open("rb") as source:
            for number, raw in enumerate(source, start=1):
                try:
                    line = orjson.loads(raw)
                except orjson.JSONDecodeError as error:
                    # The last line of a file that was cut off, or not a dump at all.
                    problem = "foreign" if number == 1 else "line"
                    problem = problem if raw.endswith(b"\n") or number == 1 else "cut_off"
                    raise DumpError(problem=problem, file=str(file), line=number) from error
                if not isinstance(line, dict):
                    raise DumpError(problem="foreign", file=str(file), line=number)
                yield number, cast("dict[str, Any]", line)
    except OSError as error:
        raise DumpError(problem="file", file=str(file), reason=str(error)) from error


async def _write(graph: Graph, file: Path, *, renumbered: bool = False) -> None:
    """Write all nodes, then all relationships: the file has them in this order.

    With `renumbered` events come without their numbers, which are others' here.
    """
    batch: list[Any] = []
    current: Statement | None = None
    relationships = False
    for _, line in _lines(file):
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
