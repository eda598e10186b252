"""What migrations make: constraints and indexes, harmless to repeat, named alike everywhere."""

from typing import LiteralString

from graph.driver import Graph
from graph.embedded import EmbeddedEngine
from graph.endpoint import Dialect


async def unique(graph: Graph, label: LiteralString, name: LiteralString) -> None:
    """Let no two nodes of a label have the same value of a property."""
    await graph.schema(
        f"CREATE CONSTRAINT {label}_{name}_unique IF NOT EXISTS "
        f"FOR (n:{label}) REQUIRE n.{name} IS UNIQUE"
    )


async def ranged(graph: Graph, label: LiteralString, name: LiteralString) -> None:
    """Index a property for look-ups, ranges and order."""
    await graph.schema(
        f"CREATE INDEX {label}_{name}_range IF NOT EXISTS FOR (n:{label}) ON (n.{name})"
    )


async def typed(graph: Graph, label: LiteralString, name: LiteralString) -> None:
    """Say that a property is text: the embedded engine reads only such an index in its order."""
    if isinstance(graph.engine, EmbeddedEngine):
        await graph.engine.schema_command(f"CREATE PROPERTY {label}.{name} IF NOT EXISTS STRING")


async def full_text(graph: Graph, label: LiteralString) -> None:
    """Create the index `Label[search]`, with the same analyzer and the same name everywhere."""
    if isinstance(graph.engine, EmbeddedEngine):
        await graph.engine.schema_command(f"CREATE PROPERTY {label}.search IF NOT EXISTS STRING")
        await graph.engine.schema_command(
            f"CREATE INDEX IF NOT EXISTS ON {label} (search) FULL_TEXT "
            'METADATA {"analyzer": "org.apache.lucene.analysis.cjk.CJKAnalyzer"}'
        )
        return
    await graph.schema(
        f"CREATE FULLTEXT INDEX `{label}[search]` IF NOT EXISTS "
        f"FOR (n:{label}) ON EACH [n.search] "
        "OPTIONS {indexConfig: {`fulltext.analyzer`: 'cjk'}}"
    )


async def settled(graph: Graph) -> None:
    """Wait until the indexes serve."""
    if graph.dialect is Dialect.NEO4J:
        await graph.schema("CALL db.awaitIndexes(300)")
