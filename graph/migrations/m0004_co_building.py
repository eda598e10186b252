"""Agreements, alliances with their chairs, check-ins: what is unique, paged and searched."""

from typing import LiteralString

from graph.driver import Graph
from graph.migrations import making

LABELS: tuple[LiteralString, ...] = ("Agreement", "Alliance", "ChairTerm", "CheckIn")
LOOKED_UP: tuple[tuple[LiteralString, LiteralString], ...] = (("Alliance", "name"),)
SEARCHED: tuple[LiteralString, ...] = ("Agreement", "Alliance")


async def apply(graph: Graph) -> None:
    """Create constraints and indexes where they are missing."""
    for label in LABELS:
        await making.unique(graph, label, "id")
        await making.ranged(graph, label, "sortKey")
    for label, name in LOOKED_UP:
        await making.ranged(graph, label, name)
    for label in SEARCHED:
        await making.full_text(graph, label)
    await making.settled(graph)
