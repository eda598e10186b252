"""Webhooks: whom events are told to."""

from graph.driver import Graph
from graph.migrations.making import ranged, settled, unique


async def apply(graph: Graph) -> None:
    """Create the constraint and the indexes where they are missing."""
    await unique(graph, "Webhook", "id")
    await ranged(graph, "Webhook", "sortKey")
    await ranged(graph, "Webhook", "state")
    await settled(graph)
