"""The first schema: what is unique, what is looked up, what is searched.

Index sets are per engine where their planners differ; names are never compared.
"""

from typing import LiteralString

from graph.driver import Dialect, Graph

LABELS: tuple[LiteralString, ...] = (
    "Agent",
    "Area",
    "Unit",
    "PartyBranch",
    "Member",
    "Category",
    "ResourceList",
    "NeedList",
    "ResourceOffer",
    "Slot",
    "DemandOrder",
    "Claim",
    "ClaimLine",
    "Evaluation",
    "Pairing",
    "MatchRun",
    "Proposal",
    "Account",
    "Grant",
    "Import",
    "Event",
)
"""Agent first: a second label is as fast as one only where its constraint is there before data."""

UNIQUE: tuple[tuple[LiteralString, LiteralString], ...] = (
    ("Category", "code"),
    ("IdempotencyKey", "key"),
)
LOOKED_UP: tuple[tuple[LiteralString, LiteralString], ...] = (
    ("Area", "code"),
    ("Area", "path"),
    ("Area", "name"),
    ("Area", "level"),
    ("Unit", "creditCode"),
    ("Unit", "name"),
    ("PartyBranch", "name"),
    ("Member", "name"),
    ("Category", "path"),
    ("ResourceOffer", "state"),
    ("DemandOrder", "state"),
    ("Claim", "state"),
    ("Claim", "expiresAt"),
    ("Proposal", "state"),
    ("Account", "name"),
    ("Import", "fileHash"),
    ("IdempotencyKey", "createdAt"),
)
SEARCHED: tuple[LiteralString, ...] = (
    "Area",
    "Unit",
    "PartyBranch",
    "Category",
    "ResourceOffer",
    "DemandOrder",
)
BOOKKEEPING: tuple[LiteralString, ...] = ("EngineLock", "Migration")


async def prepare(graph: Graph) -> None:
    """Create what the migrations themselves stand on; harmless to repeat, also side by side."""
    for label in BOOKKEEPING:
        await _unique(graph, label, "id")


async def apply(graph: Graph) -> None:
    """Create constraints and indexes where they are missing."""
    for label in LABELS:
        await _unique(graph, label, "id")
    for label, name in UNIQUE:
        await _unique(graph, label, name)
    for label in LABELS:
        await _index(graph, label, "sortKey")
    for label, name in LOOKED_UP:
        await _index(graph, label, name)
    for label in SEARCHED:
        await _full_text(graph, label)
    if graph.dialect is Dialect.NEO4J:
        await graph.schema("CALL db.awaitIndexes(300)")


async def _unique(graph: Graph, label: LiteralString, name: LiteralString) -> None:
    await graph.schema(
        f"CREATE CONSTRAINT {label}_{name}_unique IF NOT EXISTS "
        f"FOR (n:{label}) REQUIRE n.{name} IS UNIQUE"
    )


async def _index(graph: Graph, label: LiteralString, name: LiteralString) -> None:
    await graph.schema(
        f"CREATE INDEX {label}_{name}_range IF NOT EXISTS FOR (n:{label}) ON (n.{name})"
    )


async def _full_text(graph: Graph, label: LiteralString) -> None:
    """Create the index `Label[search]`, with the same analyzer and the same name everywhere."""
    if graph.dialect is Dialect.NEO4J:
        await graph.schema(
            f"CREATE FULLTEXT INDEX `{label}[search]` IF NOT EXISTS "
            f"FOR (n:{label}) ON EACH [n.search] "
            "OPTIONS {indexConfig: {`fulltext.analyzer`: 'cjk'}}"
        )
        return
    await graph.engine.schema_command(f"CREATE PROPERTY {label}.search IF NOT EXISTS STRING")
    await graph.engine.schema_command(
        f"CREATE INDEX IF NOT EXISTS ON {label} (search) FULL_TEXT "
        'METADATA {"analyzer": "org.apache.lucene.analysis.cjk.CJKAnalyzer"}'
    )
