"""Packages: proposals and claims that stand or fall together."""

from graph.driver import Graph
from graph.migrations.making import ranged, settled, typed, unique


async def apply(graph: Graph) -> None:
    """Create the constraint and the indexes where they are missing."""
    await unique(graph, "Package", "id")
    await typed(graph, "Package", "sortKey")
    await ranged(graph, "Package", "sortKey")
    await ranged(graph, "Package", "state")
    await settled(graph)
