"""Indexes along which the sweep finds the orders and offers whose last date is over."""

from typing import LiteralString

from graph.driver import Graph
from graph.migrations import making

LOOKED_UP: tuple[tuple[LiteralString, LiteralString], ...] = (
    ("DemandOrder", "deadline"),
    ("ResourceOffer", "endsOn"),
)


async def apply(graph: Graph) -> None:
    """Create the indexes where they are missing."""
    for label, name in LOOKED_UP:
        await making.ranged(graph, label, name)
    await making.settled(graph)
