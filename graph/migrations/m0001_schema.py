"""The first schema: what is unique, what is looked up, what is searched.

Index sets are per engine where their planners differ; names are never compared.
"""

from typing import LiteralString

from graph.driver import Graph
from graph.migrations import making

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
        await making.unique(graph, label, "id")


async def apply(graph: Graph) -> None:
    """Create constraints and indexes where they are missing."""
    for label in LABELS:
        await making.unique(graph, label, "id")
    for label, name in UNIQUE:
        await making.unique(graph, label, name)
    for label in LABELS:
        await making.ranged(graph, label, "sortKey")
    for label, name in LOOKED_UP:
        await making.ranged(graph, label, name)
    for label in SEARCHED:
        await making.full_text(graph, label)
    await making.settled(graph)
