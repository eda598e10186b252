"""Lists of resources and of needs: made, edited, published and closed, with their items."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Any, TypeAlias

from domain.access import Viewer
from domain.edits import ClaimOnItem, check_withdrawal
from domain.errors import BadInput
from domain.identity import NodeReference
from domain.items import IN_REVIEW, ListAction, check_list_step
from domain.plausible import check_name, check_period
from domain.records import DemandOrder, NeedList, ResourceList, ResourceOffer
from domain.rights import (
    LIST_RULES,
    AgentPlace,
    Subject,
    may_create_list,
    may_publish_item,
    may_see_list,
)
from domain.vocabulary import ItemState, ListState
from graph import lists, nodes
from graph.driver import Graph, Transaction
from graph.events import Changes
from graph.standing import read_agents
from resolvers.changing import (
    Changed,
    Request,
    agent_place,
    allow,
    created,
    lock_named,
    missing,
    raised,
    run_change,
)
from resolvers.claims_common import Call, check_version, subject_of
from resolvers.items import Edit, Item, edited, locate

List: TypeAlias = ResourceList | NeedList
ISSUES: dict[type[List], str] = {
    ResourceList: "ISSUES_RESOURCES",
    NeedList: "ISSUES_NEEDS",
}
EDITABLE = frozenset({"title", "starts_on", "ends_on"})


async def create_list(
    graph: Graph,
    kind: type[List],
    issuer: NodeReference,
    title: str,
    starts_on: date | None,
    ends_on: date | None,
    request: Request,
) -> Changed:
    """Make a list of an agent, as a draft.

    Raises NotFound, Retired, Forbidden, NotSignedIn and BadInput.
    """
    list_id = request.ids()
    given = {"issuer": issuer, "title": title, "startsOn": starts_on, "endsOn": ends_on}

    async def work(transaction: Transaction, viewer: Viewer, call: Call) -> tuple[Changed, Changes]:
        place = await agent_place(transaction, issuer.kind, issuer)
        allow(may_create_list, viewer, Subject((place,)), call.write.operation)
        await lock_named(transaction, {issuer.kind: (issuer,)}, call.token)
        made = kind(
            id=list_id,
            created_at=call.now,
            title=title.strip(),
            state=ListState.DRAFT,
            starts_on=starts_on,
            ends_on=ends_on,
        )
        _check_fields(made)
        changes = await nodes.make(
            transaction, made, {ISSUES[kind]: [issuer]}, of_person=issuer.kind == "Member"
        )
        return created(made, state=made.state), changes

    return await run_change(graph, request, f"{kind.__name__}.CREATE", given, work)


async def edit_list(
    graph: Graph, kind: type[List], list_id: str, changes: Mapping[str, Any], request: Request
) -> Changed:
    """Change title and period of a list that is not closed.

    Raises StateRefused, VersionConflict, NotFound, Forbidden, NotSignedIn and BadInput.
    """
    if not changes or set(changes) - EDITABLE:
        expected = ", ".join(sorted(EDITABLE))
        raise BadInput(field="changes", value=", ".join(sorted(changes)), expected=expected)

    async def work(transaction: Transaction, viewer: Viewer, call: Call) -> tuple[Changed, Changes]:
        found, of_person = await _open(
            transaction, viewer, kind, list_id, request, call, ListAction.EDIT
        )
        after = replace(found.list, **changes)
        _check_fields(after)
        if after == found.list:
            return _result(after), {}
        after = replace(after, version=raised(after))
        changed = await nodes.change(transaction, found.list, after, of_person=of_person)
        return _result(after), {after.id: changed}

    given = {"id": list_id, "changes": changes}
    return await run_change(graph, request, f"{kind.__name__}.EDIT", given, work)


async def publish_list(graph: Graph, kind: type[List], list_id: str, request: Request) -> Changed:
    """Publish a draft list, and with it those of its drafts that the caller may publish.

    Raises StateRefused, VersionConflict, NotFound, Forbidden and NotSignedIn.
    """

    def edit(before: Item, on: list[ClaimOnItem]) -> Item:
        del on
        draft = before.state is ItemState.DRAFT
        return replace(before, state=ItemState.OPEN) if draft else before

    return await _move(graph, kind, list_id, request, ListAction.PUBLISH, ListState.PUBLISHED, edit)


async def close_list(graph: Graph, kind: type[List], list_id: str, request: Request) -> Changed:
    """Close a published list, withdrawing its items; none may have a claim under way.

    What is fulfilled or past, in review or rejected stays as it is.
    Raises HeldByClaims, StateRefused, VersionConflict, NotFound, Forbidden and NotSignedIn.
    """

    def edit(before: Item, on: list[ClaimOnItem]) -> Item:
        check_withdrawal(before, on)
        over = before.state in {ItemState.FULFILLED, ItemState.EXPIRED, *IN_REVIEW}
        return before if over else replace(before, state=ItemState.WITHDRAWN)

    return await _move(graph, kind, list_id, request, ListAction.CLOSE, ListState.CLOSED, edit)


async def _move(
    graph: Graph,
    kind: type[List],
    list_id: str,
    request: Request,
    action: ListAction,
    target: ListState,
    edit: Edit,
) -> Changed:
    item_kind = ResourceOffer if kind is ResourceList else DemandOrder

    async def work(transaction: Transaction, viewer: Viewer, call: Call) -> tuple[Changed, Changes]:
        found, of_person = await _open(transaction, viewer, kind, list_id, request, call, action)
        after = replace(found.list, state=target, version=raised(found.list))
        changed = await nodes.change(transaction, found.list, after, of_person=of_person)
        changes: Changes = {after.id: changed}
        for item_id in found.items:
            located = await locate(transaction, item_kind, item_id, call)
            subject = subject_of(located.item, located.owner)
            if action is ListAction.PUBLISH and not may_publish_item(viewer, subject):
                continue
            changes |= (await edited(transaction, located, edit, call))[1]
        return _result(after), changes

    operation = f"{kind.__name__}.{action}"
    return await run_change(graph, request, operation, {"id": list_id}, work)


async def _open(
    transaction: Transaction,
    viewer: Viewer,
    kind: type[List],
    list_id: str,
    request: Request,
    call: Call,
    action: ListAction,
) -> tuple[lists.ListItem, bool]:
    """Lock and read a list for an action that the caller may take now, and whether a person's.

    Raises NotFound for who may not even see it, Forbidden, VersionConflict and StateRefused.
    """
    found, issuer = await read_list(transaction, kind, list_id, call)
    subject = Subject(() if issuer is None else (issuer,), state=found.list.state)
    if not may_see_list(viewer, subject):
        raise missing(kind.__name__, list_id)
    allow(LIST_RULES[action], viewer, subject, call.write.operation)
    await check_version(
        transaction, kind.__name__, list_id, request.expected_version, found.list.version
    )
    check_list_step(NodeReference(kind.__name__, list_id), action, found.list.state)
    return found, issuer is not None and issuer.kind == "Member"


async def read_list(
    transaction: Transaction, kind: type[List], list_id: str, call: Call
) -> tuple[lists.ListItem, AgentPlace | None]:
    """Lock a list and return it with who issues it. Raises NotFound."""
    found = await lists.read_list(transaction, kind, list_id, call.token)
    if found is None:
        raise missing(kind.__name__, list_id)
    places = await read_agents(transaction, found.issuer_id)
    return found, places.get(found.issuer_id)


def _check_fields(made: List) -> None:
    check_name("title", made.title)
    check_period("endsOn", made.starts_on, made.ends_on)


def _result(after: List) -> Changed:
    return Changed(after.id, after.version, after.state)
