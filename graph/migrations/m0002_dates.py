"""Indexes along which the sweep finds the orders and offers whose last date is over."""

from typing import LiteralString

from graph.driver import Dialect, Graph

LOOKED_UP: tuple[tuple[LiteralString, LiteralString], ...] = (
    ("DemandOrder", "deadline"),
    ("ResourceOffer", "endsOn"),
)


async def apply(graph: Graph) -> None:
    """Create the indexes where they are missing."""
    for label, name in LOOKED_UP:
        await graph.schema(
            f"CREATE INDEX {label}_{name}_range IF NOT EXISTS FOR (n:{label}) ON (n.{name})"
        )
    if graph.dialect is Dialect.NEO4J:
        await graph.schema("CALL db.awaitIndexes(300)")
