"""Offers and orders carry the path of their area, for who reads by areas."""

from collections.abc import Awaitable, Callable
from typing import LiteralString

from graph.driver import Graph, Transaction
from graph.migrations.m0007_orders import AFTER_ALL, BEFORE_ALL
from graph.statements import Statement, statement

BATCH = 2000
PLACED: tuple[tuple[LiteralString, LiteralString], ...] = (
    ("ResourceOffer", "OFFER_AT"),
    ("DemandOrder", "ORDER_AT"),
)


def _place(label: LiteralString, relation: LiteralString) -> Statement:
    return statement(
        f"paths_of_items.place {label}",
        f"MATCH (n:{label}) WHERE n.id > $after AND n.id < $until "
        "WITH n ORDER BY n.id LIMIT $size "
        f"WITH n, head([(n)-[:{relation}]->(a:Area) | a.path]) AS path "
        "SET n.areaPath = path RETURN max(n.id) AS last",
        writes=True,
    )


PLACE = tuple(_place(label, relation) for label, relation in PLACED)


async def apply(graph: Graph) -> None:
    """Set it on all there are, batch by batch."""
    for text in PLACE:
        after: str | None = BEFORE_ALL
        while after is not None:
            after = await graph.write(_batch(text, after), repeatable=True)


def _batch(text: Statement, after: str) -> Callable[[Transaction], Awaitable[str | None]]:
    async def work(transaction: Transaction) -> str | None:
        rows = await transaction.run(text, after=after, until=AFTER_ALL, size=BATCH)
        return rows[0]["last"] if rows else None

    return work
