"""Agents and what binds them: made, edited and taken out of use, all in one form.

An `Entity` says of a kind what its fields and links are and who may do what; the three use cases
are the same for all. Members are hidden from those who may not change them.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from domain.access import Viewer
from domain.errors import BadInput, Forbidden, InUse, Retired
from domain.identity import NodeReference
from domain.records import Node, Retirable
from domain.rights import RIGHTS, KindRights, Rule, Subject
from domain.searching import search_text
from graph import items_named_after, loading, nodes, standing, users
from graph.driver import Graph, Transaction
from graph.events import Changes
from graph.model import OF_AGENTS
from graph.records import record
from resolvers.changing import (
    Changed,
    Request,
    allow,
    check_agents,
    created,
    lock_named,
    missing,
    raised,
    run_change,
)
from resolvers.claims_common import Call, check_version

MOST_SHOWN = 20
Links = Mapping[str, tuple[NodeReference, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """A relationship that an edit may state; what its ends have to say is in `graph.standing`."""

    relationship: str
    least: int = 0
    most: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Entity:
    """A kind of node that people make, edit and take out of use.

    `registered` are the fields and links that only who might make such a node may change. `check`,
    of the record as it shall be and as it was (None for a new one), refuses what makes no sense and
    returns it as it is kept; `clash` refuses what another
    node has already, in the transaction. `end` is the date on which it ends,
    `tree` the one whose codes it shares, if any.
    """

    record: type[Any]
    fields: frozenset[str]
    links: Mapping[str, Link]
    registered: frozenset[str] = frozenset()
    agent: bool = False
    hidden: bool = False
    end: str | None = None
    tree: str | None = None
    check: Callable[[Any, Any], Any]
    found_by: Callable[[Any], Iterable[str | None]] | None = None
    clash: Callable[[Transaction, Any, Call], Any] | None = None
    identity: Callable[[Links], str] | None = None

    @property
    def kind(self) -> str:
        """The label of its nodes."""
        return self.record.__name__

    @property
    def rights(self) -> KindRights:
        """Who may do what to its nodes."""
        return RIGHTS[self.kind]


async def create(
    graph: Graph, entity: Entity, fields: Mapping[str, Any], links: Links, request: Request
) -> Changed:
    """Make a node. Raises NotFound, Retired, Forbidden, NotSignedIn, AlreadyTaken and BadInput."""
    _check_names(entity, fields, links)
    for name, link in entity.links.items():
        _check_count(name, link, links.get(name, ()))
    node_id = entity.identity(links) if entity.identity else request.ids()

    async def work(transaction: Transaction, viewer: Viewer, call: Call) -> tuple[Changed, Changes]:
        await _lock_ends(transaction, entity, links, call)
        subject = await _subject(transaction, entity, links, None)
        allow(entity.rights.create, viewer, subject, call.write.operation)
        made = entity.check(entity.record(id=node_id, created_at=call.now, **fields), None)
        if entity.clash is not None:
            await entity.clash(transaction, made, call)
        ends = {entity.links[name].relationship: ids for name, ids in links.items()}
        changes = await nodes.make(transaction, made, ends, _search(entity, made))
        return created(made), changes

    given = {"fields": fields, "links": links}
    return await run_change(graph, request, f"{entity.kind}.CREATE", given, work)


async def edit(
    graph: Graph,
    entity: Entity,
    node_id: str,
    fields: Mapping[str, Any],
    links: Links,
    request: Request,
) -> Changed:
    """Change fields and links of a node that is in use; what is not named stays.

    Raises VersionConflict, NotFound, Retired, Forbidden, NotSignedIn, AlreadyTaken and BadInput.
    """
    _check_names(entity, fields, links)
    for name, ids in links.items():
        _check_count(name, entity.links[name], ids)
    if not (fields or links):
        raise BadInput(field="changes", value=None, expected=", ".join(sorted(entity.fields)))

    async def work(transaction: Transaction, viewer: Viewer, call: Call) -> tuple[Changed, Changes]:
        renamed = bool(items_named_after.NAMES & fields.keys())
        await _lock_tree_and_items(transaction, entity, node_id, fields, call)
        before, ends = await open_node(
            transaction, entity, node_id, request, call, viewer, entity.rights.edit
        )
        await _lock_ends(transaction, entity, links, call)
        if entity.registered & (fields.keys() | links.keys()):
            await _check_registered(transaction, entity, viewer, call, ends, links)
        after = entity.check(replace(before, **fields), before)
        if entity.clash is not None:
            await entity.clash(transaction, after, call)
        linked: dict[str, list[Any]] = {}
        for name, others in links.items():
            linked |= await nodes.link(
                transaction, entity.links[name].relationship, node_id, others
            )
        if after == before and not linked:
            return Changed(node_id, before.version), {}
        after = replace(after, version=raised(before))
        changed = await nodes.change(transaction, before, after)
        changed.update(linked)
        await _find_by(transaction, entity, after, renamed=renamed)
        return Changed(node_id, after.version), {node_id: changed}

    given = {"id": node_id, "fields": fields, "links": links}
    return await run_change(graph, request, f"{entity.kind}.EDIT", given, work)


async def retire(graph: Graph, entity: Entity, node_id: str, request: Request) -> Changed:
    """Take a node out of use; what is live must not refer to it any more.

    Raises InUse, VersionConflict, NotFound, Retired, Forbidden and NotSignedIn.
    """

    async def work(transaction: Transaction, viewer: Viewer, call: Call) -> tuple[Changed, Changes]:
        before, _ = await open_node(
            transaction, entity, node_id, request, call, viewer, entity.rights.retire
        )
        await refuse_used(transaction, entity.kind, node_id, call)
        changes: dict[str, Any] = {"retired_at": call.now, "version": raised(before)}
        if entity.end is not None:
            today = call.now.date()
            ends_on = getattr(before, entity.end)
            changes[entity.end] = min(ends_on, today) if ends_on else today
        after = replace(before, **changes)
        changed = await nodes.change(transaction, before, after)
        return Changed(node_id, after.version), {node_id: changed}

    return await run_change(graph, request, f"{entity.kind}.RETIRE", {"id": node_id}, work)


async def refuse_used(transaction: Transaction, kind: str, node_id: str, call: Call) -> None:
    """Refuse to take out of use what something live refers to. Raises InUse, naming some of it."""
    if kind not in users.USERS:
        return
    if found := await users.live_users(transaction, kind, node_id, call.now):
        raise InUse(node=NodeReference(kind, node_id), users=found[:MOST_SHOWN], count=len(found))


async def open_node(
    transaction: Transaction,
    entity: Entity,
    node_id: str,
    request: Request,
    call: Call,
    viewer: Viewer,
    rule: Rule,
) -> tuple[Any, dict[str, tuple[NodeReference, ...]]]:
    """Lock and read a node in use that the caller may change so, with the ends of its links.

    Raises NotFound, Forbidden, VersionConflict and Retired.
    """
    found = await nodes.lock(transaction, {entity.kind: (node_id,)}, call.token)
    if node_id not in found:
        raise missing(entity.kind, node_id)
    before: Any = record(entity.record, found[node_id])
    ends = {
        name: tuple(
            NodeReference("", each)
            for each in await nodes.linked(transaction, link.relationship, node_id)
        )
        for name, link in entity.links.items()
    }
    subject = await _subject(transaction, entity, ends, node_id if entity.agent else None)
    try:
        allow(rule, viewer, subject, call.write.operation)
    except Forbidden:
        if entity.hidden:
            raise missing(entity.kind, node_id) from None
        raise
    await check_version(transaction, entity.kind, node_id, request.expected_version, before.version)
    if isinstance(before, Retirable) and before.retired_at is not None:
        raise Retired(node=NodeReference(entity.kind, node_id))
    return before, ends


async def _subject(
    transaction: Transaction, entity: Entity, links: Links, itself: str | None
) -> Subject:
    """Return the node as the rules see it, by the ends of its links and, of an agent, itself."""
    ends = {entity.links[name].relationship: found for name, found in links.items()}
    owners = [end for owned in standing.OWNED_BY[entity.kind] for end in ends.get(owned, ())]
    own = [itself] if itself else []
    places = await standing.read_agents(transaction, *owners, *own)
    lies_in = standing.LIES_IN.get(entity.kind)
    lies = [str(end) for end in ends.get(lies_in, ())] if lies_in else own
    areas = await transaction.run(loading.AREAS_BY_ID, ids=lies) if lies else []
    return Subject(tuple(places.values()), areas[0]["path"] if areas else None)


async def _check_registered(
    transaction: Transaction,
    entity: Entity,
    viewer: Viewer,
    call: Call,
    before: Links,
    after: Links,
) -> None:
    """Let pass who might make the node as it was, and as it shall be. Raises Forbidden."""
    for stated in (before, {**before, **after}):
        subject = await _subject(transaction, entity, stated, None)
        allow(entity.rights.create, viewer, subject, call.write.operation)


async def _lock_ends(transaction: Transaction, entity: Entity, links: Links, call: Call) -> None:
    named: dict[str, tuple[str, ...]] = {}
    for ends in links.values():
        for end in ends:
            named[end.kind] = (*named.get(end.kind, ()), end)
    found = await lock_named(transaction, named, call.token)
    for name, ends in links.items():
        if entity.links[name].relationship in OF_AGENTS:
            check_agents(ends, found)


def _check_names(entity: Entity, fields: Mapping[str, Any], links: Links) -> None:
    unknown = (set(fields) - entity.fields) | (set(links) - entity.links.keys())
    if unknown:
        expected = ", ".join(sorted(entity.fields | entity.links.keys()))
        raise BadInput(field="fields", value=", ".join(sorted(unknown)), expected=expected)


def _check_count(name: str, link: Link, ends: tuple[NodeReference, ...]) -> None:
    if not link.least <= len(set(ends)) <= link.most or len(set(ends)) != len(ends):
        expected = f"{link.least}..{link.most}"
        raise BadInput(field=name, value=len(ends), expected=expected)


async def _lock_tree_and_items(
    transaction: Transaction, entity: Entity, node_id: str, fields: Mapping[str, Any], call: Call
) -> None:
    """Lock what comes before the node in the order of locks, where its edit touches it."""
    if entity.tree is not None and "code" in fields:
        await nodes.lock_tree(transaction, entity.tree, call.token)
    if items_named_after.NAMES & fields.keys():
        await items_named_after.lock(transaction, entity.kind, node_id, call.token)


async def _find_by(transaction: Transaction, entity: Entity, node: Node, *, renamed: bool) -> None:
    """Write the text by which a node is found, and those of what is found by its name."""
    if (search := _search(entity, node)) is not None:
        await nodes.find_by(transaction, node, search)
    if renamed:
        await items_named_after.refresh(transaction, entity.kind, node.id)


def _search(entity: Entity, node: Node) -> str | None:
    return search_text(entity.found_by(node)) if entity.found_by else None
