"""Offers and orders carry the path of their area, for who reads by areas."""

from collections.abc import Awaitable, Callable
from typing import LiteralString

from graph.driver import Graph, Transaction
from graph.statements import Statement, statement

BATCH = 2000
PLACED: tuple[tuple[LiteralString, LiteralString], ...] = (
    ("ResourceOffer", "OFFER_AT"),
    ("DemandOrder", "ORDER_AT"),
)


def _place(label: LiteralString, relation: LiteralString) -> Statement:
    return statement(
        f"paths_of_items.place {label}",
        f"MATCH (n:{label})-[:{relation}]->(a:Area) WHERE coalesce(n.areaPath, '') <> a.path "
        "WITH n, a LIMIT $size SET n.areaPath = a.path RETURN count(n) AS done",
        writes=True,
    )


PLACE = tuple(_place(label, relation) for label, relation in PLACED)


async def apply(graph: Graph) -> None:
    """Set what is missing or is not so any more, batch by batch."""
    for text in PLACE:
        while await graph.write(_batch(text), repeatable=True):
            pass


def _batch(text: Statement) -> Callable[[Transaction], Awaitable[int]]:
    async def work(transaction: Transaction) -> int:
        rows = await transaction.run(text, size=BATCH)
        return rows[0]["done"] if rows else 0

    return work
