"""What the use cases of people's edits share: who asks, once per key, and what it came to.

A use case runs in one transaction: the key, the caller's grants as they are now, locks, rights,
the version that the caller has seen, the rules, the changes, one event.
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from domain.access import Viewer
from domain.claims import ClaimPolicy
from domain.errors import Forbidden, NotFound, Retired
from domain.identity import NodeReference, new_id
from domain.records import Node, Versioned
from domain.rights import AgentPlace, Rule, Subject
from domain.vocabulary import AreaLevel
from graph import events, nodes
from graph.driver import Graph, Transaction
from graph.events import Changes
from graph.idempotency import Repeatable
from graph.records import stored
from graph.standing import read_agents
from resolvers.claims_common import Call, caller_of, fresh_viewer, run_write


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """Who asks, when, under which key, and where ids come from.

    `expected_version`, where it is given, is the version of the node that the caller has seen.
    """

    viewer: Viewer
    idempotency_key: str
    now: datetime
    expected_version: int | None = None
    ids: Callable[[], str] = new_id


@dataclass(frozen=True, slots=True)
class Changed:
    """What a change came to: the node, its version then, and its state then, if it has states."""

    id: str
    version: int
    state: str | None = None


Work = Callable[[Transaction, Viewer, Call], Awaitable[tuple[Changed, Changes]]]
"""Checks and writes; returns what came of it and what it changed, for the one event."""


async def run_change(
    graph: Graph,
    request: Request,
    operation: str,
    given: Mapping[str, Any],
    work: Work,
) -> Changed:
    """Run a use case once per key, with one event if it changes anything, and return its result.

    `given` is what makes two requests the same. Raises NotSignedIn, IdempotencyConflict, BadInput
    for an impossible key, and what the work raises.
    """
    account_id = caller_of(request.viewer)
    same = {name: _plain(value) for name, value in given.items()}
    same["expectedVersion"] = request.expected_version
    write = Repeatable(account_id, operation, request.idempotency_key, same)
    call = Call(account_id, write, request.now, request.ids(), request.ids(), ClaimPolicy())

    async def once(transaction: Transaction) -> Changed:
        viewer = await fresh_viewer(transaction, account_id, call.now)
        result, changes = await work(transaction, viewer, call)
        if changes:
            event = events.event(call.event_id, call.now, account_id, operation, changes)
            await events.write_event(transaction, event)
        return result

    def keep(result: Changed) -> Mapping[str, Any]:
        return {"id": result.id, "version": result.version, "state": result.state}

    async def recall(_: Transaction, kept: Mapping[str, Any]) -> Changed:
        return Changed(kept["id"], kept["version"], kept["state"])

    return await run_write(graph, call, once, keep, recall)


def allow(rule: Rule, viewer: Viewer, subject: Subject, action: str) -> None:
    """Let pass whom a rule lets. Raises Forbidden."""
    if not rule(viewer, subject):
        raise Forbidden(action=action)


def missing(kind: str, node_id: str) -> NotFound:
    """Return the error of a node that is not there."""
    return NotFound(type=kind, id=NodeReference(kind, node_id))


async def lock_named(
    transaction: Transaction, references: Mapping[str, tuple[str, ...]], token: str
) -> dict[str, dict[str, Any]]:
    """Lock nodes that something new refers to, given as `{label: ids}`, and return them by id.

    Raises NotFound for one that is not there, Retired for one that is no longer in use.
    """
    found = await nodes.lock(transaction, references, token)
    for label, ids in references.items():
        for node_id in ids:
            if node_id not in found:
                raise missing(label, node_id)
            if found[node_id].get("retiredAt") is not None:
                raise Retired(node=NodeReference(label, node_id))
    return found


def check_agents(
    references: Iterable[NodeReference], found: Mapping[str, Mapping[str, Any]]
) -> None:
    """Let pass nodes that are agents, with what `lock_named` has found.

    Raises NotFound for an area that is none: of areas only communities are.
    """
    for reference in references:
        if reference.kind == "Area" and found[reference]["level"] != AreaLevel.COMMUNITY:
            raise missing(reference.kind, reference)


async def agent_place(transaction: Transaction, kind: str, agent_id: str) -> AgentPlace:
    """Return where an agent belongs. Raises NotFound."""
    found = (await read_agents(transaction, agent_id)).get(agent_id)
    if found is None or found.kind != kind:
        raise missing(kind, agent_id)
    return found


def raised(node: Versioned) -> int:
    """Return the version after a change."""
    return node.version + 1


def created(node: Node, version: int = 0, state: str | None = None) -> Changed:
    """Return the result of a creation."""
    return Changed(node.id, version, state)


def _plain(value: Any) -> Any:  # noqa: ANN401 (JSON)
    match value:
        case Mapping():
            fields = cast("Mapping[str, Any]", value)
            return {name: _plain(each) for name, each in fields.items()}
        case tuple() | list():
            return [_plain(each) for each in cast("list[Any]", value)]
        case _:
            return stored(value)
