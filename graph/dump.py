"""The whole graph as a file: the backup, and half of the way from one engine to another.

What belongs to one engine (the record of migrations, leases) is not in it. It is written in pages,
so the size of the graph does not matter. A dump is refused when something was changed while it was
written (every change writes an event, which is numbered later); the file appears under its name
only when it is complete. `graph.restore` reads it.
"""

import os
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any, BinaryIO

from domain.errors import DumpError
from graph.driver import Graph
from graph.dump_file import FORMAT, NODE_KINDS, VERSION, Counts, Header, private, write_line
from graph.migrations import applied
from graph.model import AGENT, ANY, NODES, RELATIONSHIPS
from graph.statements import Statement, statement

PAGE = 1000
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


async def dump(graph: Graph, file: Path) -> Counts:
    """Write the whole graph to a file, readable by us alone (it holds contacts).

    Raises DumpError when the file cannot be written, when the graph was changed meanwhile, or
    when it holds what this hub does not know.
    """
    draft = file.with_name(f".{file.name}.part")
    try:
        with private(draft) as output:
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


async def _dump(graph: Graph, output: BinaryIO) -> Counts:
    header = Header(FORMAT, VERSION, max(await applied(graph), default=0))
    write_line(output, asdict(header))
    nodes = relationships = 0
    for label, pages in NODE_PAGES.items():
        async for row in _pages(graph, pages):
            write_line(output, {"n": _labels(label, row["labels"]), "p": row["properties"]})
            nodes += 1
    for pages in RELATIONSHIP_PAGES.values():
        async for row in _pages(graph, pages):
            for kind, end, properties, labels in row["relationships"]:
                if kind not in RELATIONSHIPS:
                    raise DumpError(problem="unknown", what=kind)
                line = {"r": kind, "from": row["id"], "to": end, "p": properties}
                if RELATIONSHIPS[kind][1] == ANY:
                    line["t"] = next(label for label in labels if label != AGENT)
                write_line(output, line)
                relationships += 1
    # What no label of ours leads to would be left out in silence.
    all_nodes = (await graph.read(ALL_NODES))[0]["nodes"]
    all_relationships = (await graph.read(ALL_RELATIONSHIPS))[0]["relationships"]
    if all_nodes != nodes or all_relationships != relationships:
        left_out = f"{all_nodes - nodes} nodes, {all_relationships - relationships} relationships"
        raise DumpError(problem="unknown", what=left_out)
    write_line(output, {"end": {"nodes": nodes, "relationships": relationships}})
    return Counts(nodes, relationships)


async def _pages(graph: Graph, pages: Statement) -> AsyncIterator[dict[str, Any]]:
    after = BEFORE_ALL
    while rows := await graph.read(pages, after=after, until=AFTER_ALL, size=PAGE):
        for row in rows:
            yield row
        after = rows[-1]["id"]


def _labels(label: str, found: list[str]) -> list[str]:
    labels = [label, *sorted(other for other in found if other != label)]
    if tuple(labels) not in NODE_KINDS:
        raise DumpError(problem="unknown", what=":".join(labels))
    return labels
