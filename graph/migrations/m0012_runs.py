"""Runs of the matcher are found by their state: hubs look for those that nobody works on."""

from graph.driver import Graph
from graph.migrations.making import ranged, settled


async def apply(graph: Graph) -> None:
    """Create the index where it is missing."""
    await ranged(graph, "MatchRun", "state")
    await settled(graph)
