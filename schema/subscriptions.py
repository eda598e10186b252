"""What can be followed, from a place in the numbered history on: claims, orders, runs, events.

A subscription is a place in the history. For each event after it that is asked for, the caller's
rights are read anew, the node is read through the read compiler, and what the caller may not see
then is left out.
"""

from collections.abc import AsyncGenerator, Callable, Iterator
from datetime import datetime
from typing import Annotated, Any, TypeVar

import strawberry

from domain.errors import BadInput, Forbidden
from graph.event_scopes import Scope
from graph.history import Happened
from graph.reads.visible import visible_ids
from schema.context import Context, Info
from schema.ids import AGENTS, optional_uid
from schema.resolve import read_node
from schema.types.claims import Claim
from schema.types.history import Event
from schema.types.items import DemandOrder
from schema.types.matching import MatchRun
from schema.values import Long

LARGEST_NUMBER = 2**53 - 1


class Unseen(Exception):
    """What a subscription was about to deliver is not, or no longer, for its caller."""


@strawberry.type
class _Change:
    number: Long
    action: str
    at: datetime
    node_id: strawberry.Private[str]


Change = TypeVar("Change", bound=_Change)


@strawberry.type
class ClaimChange(_Change):
    """A claim after a change, and the number of the event to resume after."""

    @strawberry.field
    async def claim(self, info: Info) -> Claim:
        """The claim as it is now."""
        return await _read(info, "Claim", self.node_id)


@strawberry.type
class OrderChange(_Change):
    """An order after a change, and the number of the event to resume after."""

    @strawberry.field
    async def order(self, info: Info) -> DemandOrder:
        """The order as it is now."""
        return await _read(info, "DemandOrder", self.node_id)


@strawberry.type
class MatchRunChange(_Change):
    """A matching run after a change, and the number of the event to resume after."""

    @strawberry.field
    async def run(self, info: Info) -> MatchRun:
        """The run as it is now."""
        return await _read(info, "MatchRun", self.node_id)


@strawberry.type
class EventAppended:
    """An event, and its number to resume after."""

    number: Long
    event_id: strawberry.Private[str]

    @strawberry.field
    async def event(self, info: Info) -> Event:
        """The event."""
        return await _read(info, "Event", self.event_id)


async def _read(info: Info, kind: str, node_id: str) -> Any:
    """Return the row of a node, which stands for its type. Raises Unseen."""
    found = await read_node(info, kind, node_id)
    if found is None:
        raise Unseen
    return found


Wanted = Callable[[Scope], bool]


def _wanted(area: str | None, agent: str | None) -> Wanted:
    def wanted(scope: Scope) -> bool:
        return (area is None or scope.lies_in(area)) and (agent is None or agent in scope.agents)

    return wanted


def _nodes(happened: Happened, kind: str, node_id: str | None, wanted: Wanted) -> Iterator[str]:
    """Yield the ids of the nodes of a kind that an event changed and that are asked for."""
    for each, label in happened.nodes:
        if label == kind and (node_id is None or each == node_id):
            scope = happened.scopes.get(each)
            if scope is not None and wanted(scope):
                yield each


async def _followed(
    context: Context, after: int | None, candidates: Callable[[Happened], Iterator[str]], kind: str
) -> AsyncGenerator[tuple[Happened, str]]:
    """Yield what is asked for and may be seen, event by event, for as long as it is followed."""
    feed = context.feed
    if feed is None:
        raise BadInput(field="subscription", value="", expected="graphql-transport-ws, graphql-sse")
    if after is not None and not 0 <= after <= feed.last:
        raise BadInput(field="after", value=after, expected=f"0..{feed.last}")
    place = feed.last if after is None else after
    while True:
        for happened in await feed.after(place):
            place = happened.number
            asked = list(candidates(happened))
            if not asked:
                continue
            await context.refresh()
            seen = await visible_ids(context.graph, context.viewer, context.clock(), kind, asked)
            for node_id in asked:
                if node_id in seen:
                    yield happened, node_id


async def _changes(
    change: type[Change],
    info: Info,
    kind: str,
    node_id: str | None,
    wanted: Wanted,
    after: int | None,
) -> AsyncGenerator[Change]:
    """Yield each change of the nodes of a kind, of the one with this id where it is given."""

    def candidates(happened: Happened) -> Iterator[str]:
        return _nodes(happened, kind, node_id, wanted)

    async for happened, changed in _followed(info.context, after, candidates, kind):
        yield change(
            number=Long(happened.number),
            action=happened.action,
            at=_instant(happened),
            node_id=changed,
        )


def _refuse_strangers(context: Context, action: str) -> None:
    if not context.viewer.grants:
        raise Forbidden(action=action)


KINDS = strawberry.argument(name="kinds")


@strawberry.type
class Subscription:
    """What can be followed."""

    @strawberry.subscription
    async def claim_changed(
        self,
        info: Info,
        claim: strawberry.ID | None = None,
        agent: strawberry.ID | None = None,
        area: strawberry.ID | None = None,
        after: Long | None = None,
    ) -> AsyncGenerator[ClaimChange]:
        """Follow claims: one, those of an agent, those with a side in an area, or all."""
        _refuse_strangers(info.context, "claimChanged")
        wanted = _wanted(optional_uid(area, "Area"), optional_uid(agent, *AGENTS))
        claim_id = optional_uid(claim, "Claim")
        async for change in _changes(ClaimChange, info, "Claim", claim_id, wanted, after):
            yield change

    @strawberry.subscription
    async def order_changed(
        self,
        info: Info,
        order: strawberry.ID | None = None,
        agent: strawberry.ID | None = None,
        area: strawberry.ID | None = None,
        after: Long | None = None,
    ) -> AsyncGenerator[OrderChange]:
        """Follow orders: one, those of an agent, those that lie in an area, or all."""
        wanted = _wanted(optional_uid(area, "Area"), optional_uid(agent, *AGENTS))
        order_id = optional_uid(order, "DemandOrder")
        async for change in _changes(OrderChange, info, "DemandOrder", order_id, wanted, after):
            yield change

    @strawberry.subscription
    async def match_run_changed(
        self,
        info: Info,
        run: strawberry.ID | None = None,
        area: strawberry.ID | None = None,
        after: Long | None = None,
    ) -> AsyncGenerator[MatchRunChange]:
        """Follow matching runs: one, those of an area, or all; each step that begins is told."""
        _refuse_strangers(info.context, "matchRunChanged")
        wanted = _wanted(optional_uid(area, "Area"), None)
        run_id = optional_uid(run, "MatchRun")
        async for change in _changes(MatchRunChange, info, "MatchRun", run_id, wanted, after):
            yield change

    @strawberry.subscription
    async def event_appended(
        self,
        info: Info,
        area: strawberry.ID | None = None,
        kinds: Annotated[list[str] | None, KINDS] = None,
        after: Long | None = None,
    ) -> AsyncGenerator[EventAppended]:
        """Follow the history: of an area and what lies below it, of some kinds, or all."""
        _refuse_strangers(info.context, "eventAppended")
        area_id = optional_uid(area, "Area")

        def candidates(happened: Happened) -> Iterator[str]:
            if (area_id is None or area_id in happened.area_ids) and (
                kinds is None or happened.action in kinds
            ):
                yield happened.id

        async for happened, node_id in _followed(info.context, after, candidates, "Event"):
            yield EventAppended(number=Long(happened.number), event_id=node_id)


def _instant(happened: Happened) -> datetime:
    # Served as it is stored, like all instants; the scalar knows.
    return happened.created_at  # pyright: ignore[reportReturnType]
