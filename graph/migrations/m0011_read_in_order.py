"""Pages are read along an index also on the embedded engine; keys of states and kinds are made."""

from typing import LiteralString

from graph.driver import Graph
from graph.migrations import making
from graph.migrations.m0001_schema import LABELS
from graph.migrations.m0007_orders import ORDERED, derive

GROUPED: tuple[tuple[LiteralString, LiteralString], ...] = (
    ("Unit", "kindKey"),
    ("ResourceOffer", "stateKey"),
    ("DemandOrder", "stateKey"),
    ("Claim", "stateKey"),
)
LATER: tuple[LiteralString, ...] = ("Agreement", "Alliance", "ChairTerm", "CheckIn", "EvidenceFile")
"""Labels with a `sortKey` that came after the first schema."""
FURTHER: tuple[tuple[LiteralString, LiteralString], ...] = (
    ("Area", "path"),
    ("Category", "path"),
    ("Event", "position"),
)
"""Orders by what is stored anyway."""


async def apply(graph: Graph) -> None:
    """Write the new keys, and create the indexes where they are missing."""
    for label, _ in GROUPED:
        await derive(graph, label)
    for label in (*LABELS, *LATER):
        await making.typed(graph, label, "sortKey")
    for label, names in ORDERED:
        for name in names:
            await making.typed(graph, label, name)
    for label, name in (*FURTHER, *GROUPED):
        await making.typed(graph, label, name)
    for label, name in GROUPED:
        await making.ranged(graph, label, name)
    await making.settled(graph)
