"""Offers and orders are found by the names of who has them and of their category: kept up to date.

Whoever renames an agent or a category locks what is named after it first (items come before agents
and categories in the order of locks), and writes the texts by which it is found anew afterwards.
"""

from collections.abc import Mapping
from typing import LiteralString

from domain.records import DemandOrder, ResourceOffer
from domain.searching import of_offer, of_order, search_text
from graph import loading
from graph.driver import Transaction
from graph.records import record
from graph.statements import Statement, statement

NAMES = frozenset({"name", "aliases"})
"""The properties of an agent or a category by which its offers and orders are found."""


def _lock(of: LiteralString, way: LiteralString, item: LiteralString) -> Statement:
    return statement(
        f"items_named_after.lock {item} of {of}",
        f"MATCH (:{of} {{id: $id}}){way}(o:{item}) WITH o ORDER BY o.id "
        "SET o.lock = $token RETURN count(o) AS locked",
        writes=True,
    )


def _read(
    of: LiteralString, way: LiteralString, item: LiteralString, other: LiteralString
) -> Statement:
    """Return what makes the search texts of a node's items; `other` is the other one's name."""
    owner: LiteralString = "n.name" if of == "Agent" else other
    category: LiteralString = other if of == "Agent" else "[n.name, n.aliases]"
    return statement(
        f"items_named_after.{item} of {of}",
        f"MATCH (n:{of} {{id: $id}}){way}(o:{item}) RETURN properties(o) AS item, o.search AS "
        f"search, {category} AS category, {owner} AS owner",
    )


_OFFERED: LiteralString = "head([(o)-[:OFFER_CATEGORY]->(c:Category) | [c.name, c.aliases]])"
_NEEDED: LiteralString = "head([(o)-[:ORDER_CATEGORY]->(c:Category) | [c.name, c.aliases]])"
_OFFERING: LiteralString = "head([(o)<-[:OFFERS]-(a:Agent) | a.name])"
_NEEDING: LiteralString = "head([(o)<-[:NEEDS]-(a:Agent) | a.name])"
_WAYS: Mapping[
    str, tuple[tuple[LiteralString, LiteralString, LiteralString, LiteralString], ...]
] = {
    "Agent": (
        ("Agent", "-[:NEEDS]->", "DemandOrder", _NEEDED),
        ("Agent", "-[:OFFERS]->", "ResourceOffer", _OFFERED),
    ),
    "Category": (
        ("Category", "<-[:ORDER_CATEGORY]-", "DemandOrder", _NEEDING),
        ("Category", "<-[:OFFER_CATEGORY]-", "ResourceOffer", _OFFERING),
    ),
}
LOCK = {of: [_lock(label, way, item) for label, way, item, _ in ways] for of, ways in _WAYS.items()}
READ = {of: [(way[2], _read(*way)) for way in ways] for of, ways in _WAYS.items()}
_OF = {
    "Area": "Agent",
    "Community": "Agent",
    "Unit": "Agent",
    "PartyBranch": "Agent",
    "Member": "Agent",
    "Category": "Category",
}


async def lock(transaction: Transaction, kind: str, node_id: str, token: str) -> None:
    """Lock the orders, then the offers, that are found by the name of a node of a kind."""
    for text in LOCK.get(_OF.get(kind, ""), ()):
        await transaction.run(text, id=node_id, token=token)


async def refresh(transaction: Transaction, kind: str, node_id: str) -> None:
    """Write the texts by which the orders and offers of a node are found, as it is named now."""
    for label, text in READ.get(_OF.get(kind, ""), ()):
        changes: dict[str, dict[str, str]] = {}
        for row in await transaction.run(text, id=node_id):
            name, aliases = row["category"] or ("", None)
            category, owner = (name, *(aliases or ())), row["owner"] or ""
            if label == "DemandOrder":
                made = search_text(of_order(record(DemandOrder, row["item"]), category, owner))
            else:
                made = search_text(of_offer(record(ResourceOffer, row["item"]), category, owner))
            if made != row["search"]:
                changes[row["item"]["id"]] = {"search": made}
        await loading.change_nodes(transaction, label, changes)
