"""Nodes as use cases of people's edits see them: locked, read, made, changed, linked anew.

The texts that make, change and link are those of the loads (`graph.loading`): one way to write a
node, whoever writes it. Use cases lock in one order: idempotency key, the trees, lists, orders,
offers, agents, categories, other nodes, proposals, claims; several of one kind by their ids.
"""

import json
from collections.abc import Iterable, Mapping
from typing import Any, LiteralString

from domain.errors import AlreadyTaken, PastChange
from domain.identity import NodeReference
from domain.records import Area, Node
from domain.vocabulary import AreaLevel
from graph import loading
from graph.driver import Transaction
from graph.events import ChangedFields, Changes, changes_between
from graph.items import stored_changes
from graph.records import properties
from graph.statements import Statement, statement

SEARCH = "search"
LONGEST_HISTORY = 20
"""So many changes a conflict tells at most."""

LOCKED: tuple[LiteralString, ...] = (
    "Area",
    "Unit",
    "PartyBranch",
    "Member",
    "Category",
    "Pairing",
    "Agreement",
    "Alliance",
    "ChairTerm",
    "CheckIn",
)
"""Labels of nodes that are locked by label, in this order."""


def _lock(label: LiteralString) -> Statement:
    return statement(
        f"nodes.lock {label}",
        f"UNWIND $ids AS i MATCH (n:{label} {{id: i}}) SET n.lock = $token "
        "WITH n RETURN n.id AS id, properties(n) AS p",
        writes=True,
    )


LOCK = {label: _lock(label) for label in LOCKED}
EDITED: tuple[LiteralString, ...] = (
    *LOCKED,
    "ResourceList",
    "NeedList",
    "ResourceOffer",
    "DemandOrder",
    "Claim",
    "Webhook",
)


def _history(label: LiteralString) -> Statement:
    return statement(
        f"nodes.history of {label}",
        f"MATCH (:{label} {{id: $id}})<-[:CHANGED]-(e:Event) WITH e ORDER BY e.sortKey DESC "
        "LIMIT $size RETURN e.createdAt AS at, e.action AS action, e.changes AS changes",
    )


HISTORY = {label: _history(label) for label in EDITED}
LOCK_TREE = statement(
    "nodes.lock_tree",
    "MERGE (l:EngineLock {id: $tree}) SET l.token = $token RETURN l.id AS id",
    writes=True,
)


async def lock(
    transaction: Transaction, wanted: Mapping[str, Iterable[str]], token: str
) -> dict[str, dict[str, Any]]:
    """Lock nodes, given as ids by label, and return the properties of those that exist, by id."""
    found: dict[str, dict[str, Any]] = {}
    for label, text in LOCK.items():
        ids = sorted(set(wanted.get(label, ())))
        if ids:
            rows = await transaction.run(text, ids=ids, token=token)
            found |= {row["id"]: row["p"] for row in rows}
    return found


async def changed_since(
    transaction: Transaction, kind: str, node_id: str, version: int
) -> tuple[PastChange, ...]:
    """Return the latest changes of a node after a version, newest first."""
    found: list[PastChange] = []
    for row in await transaction.run(HISTORY[kind], id=node_id, size=LONGEST_HISTORY):
        changed: dict[str, list[Any]] = json.loads(row["changes"]).get(node_id, {})
        after = (changed.get("version") or [None, 0])[1]
        if after is not None and after > version:
            fields = tuple(sorted(changed.keys() - {"version"}))
            found.append(PastChange(row["at"], row["action"], fields))
    return tuple(found)


async def lock_tree(transaction: Transaction, tree: str, token: str) -> None:
    """Wait until nobody else changes the shape of a tree (`areas`, `categories`, `branches`)."""
    await transaction.run(LOCK_TREE, tree=tree, token=token)


def kind_of(node: Node) -> str:
    """Return the kind under which a node is written: a community is an agent too."""
    community = isinstance(node, Area) and node.level is AreaLevel.COMMUNITY
    return "Community" if community else type(node).__name__


async def make(
    transaction: Transaction,
    node: Node,
    links: Mapping[str, Iterable[str]],
    search: str | None = None,
    *,
    of_person: bool = False,
) -> Changes:
    """Write a new node with its links, by relationship type, and return the changes.

    `of_person` is for what a person offers, needs or issues (`events.changes_between`). Raises
    AlreadyTaken where another has made a node with this id meanwhile.
    """
    values = properties(node)
    if search is not None:
        values[SEARCH] = search
    try:
        await loading.make_nodes(transaction, kind_of(node), [values])
    except loading.OvertakenError as error:
        taken = NodeReference(type(node).__name__, node.id)
        raise AlreadyTaken(field="id", value=node.id, node=taken) from error
    changed = changes_between(None, node, of_person=of_person)
    for name, others in links.items():
        after = sorted(others)
        await loading.join(transaction, name, {(node.id, other) for other in after})
        if after:
            changed[name] = [[], after]
    return {node.id: changed}


async def change(
    transaction: Transaction, before: Node, after: Node, *, of_person: bool = False
) -> ChangedFields:
    """Write the fields that differ, and return the changes; `of_person` as in `make`."""
    changed = changes_between(before, after, of_person=of_person)
    if changed:
        values = stored_changes(changed, after)
        await loading.change_nodes(transaction, kind_of(after), {after.id: values})
    return changed


async def find_by(transaction: Transaction, node: Node, search: str) -> None:
    """Write the text by which a node is found."""
    await loading.change_nodes(transaction, kind_of(node), {node.id: {SEARCH: search}})


async def linked(transaction: Transaction, name: str, node_id: str) -> list[str]:
    """Return the other ends of a node's relationships of a type, sorted."""
    found = await loading.read_relation(transaction.run, name, [node_id])
    return sorted(found.get(node_id, ()))


async def link(
    transaction: Transaction, name: str, node_id: str, after: Iterable[str]
) -> dict[str, list[Any]]:
    """Link a node with these others and no longer with those of before; return the change."""
    there, here = await linked(transaction, name, node_id), sorted(set(after))
    if there == here:
        return {}
    await loading.cut(transaction, name, {(node_id, other) for other in set(there) - set(here)})
    await loading.join(transaction, name, {(node_id, other) for other in set(here) - set(there)})
    return {name: [there, here]}
