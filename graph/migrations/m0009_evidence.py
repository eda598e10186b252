"""Files that show deliveries: what is known of them; their contents are kept elsewhere."""

from graph.driver import Graph


async def apply(graph: Graph) -> None:
    """Create the constraint and the index where they are missing."""
    await graph.schema(
        "CREATE CONSTRAINT EvidenceFile_id_unique IF NOT EXISTS "
        "FOR (n:EvidenceFile) REQUIRE n.id IS UNIQUE"
    )
    await graph.schema(
        "CREATE INDEX EvidenceFile_sortKey_range IF NOT EXISTS FOR (n:EvidenceFile) ON (n.sortKey)"
    )
