"""The walk of everything that the schema offers: asked by a role, and what an answer tells."""

from collections.abc import Iterator

import pytest

from domain.access import Viewer
from domain.hub_records import Event
from domain.records import DemandOrder, NeedList, Node, ResourceList, ResourceOffer
from graph.driver import Graph, Transaction
from graph.event_numbers import standing
from graph.events import changes_between, event, write_event
from resolvers.event_feed import number_waiting
from schema.build import build_schema
from schema.execution import Executor
from schema.limits import QueryLimits
from tests.contract import walking
from tests.contract.asking import Hub
from tests.contract.canaries import Canaries
from tests.contract.naive import Naive
from tests.contract.walking import Question
from tests.contract.world_records import NOW, World

ROLES = (
    "visitor", "expired", "app", "liaison", "member", "coordinator", "other coordinator",
    "loader", "admin",
)  # fmt: skip
WIDE = QueryLimits(
    characters=10**7, tokens=10**6, depth=50, selections=10**5, root_fields=1000, aliases=10**4,
    values=10**6,
    cost=10**7,
)  # fmt: skip
"""Far limits: what is asked here is asked of them elsewhere in many smaller documents."""
EXECUTOR = Executor(build_schema(), WIDE)
ALWAYS = {"liaison"}
"""The roles by which every run walks; the others are for `make test-walk`."""
each_role = pytest.mark.parametrize(
    "who",
    [
        pytest.param(
            who, marks=pytest.mark.walk(always=True) if who in ALWAYS else pytest.mark.walk
        )
        for who in ROLES
    ],
)
LONGEST = 1800
"""Seconds for one role: Neo4j plans some hundred statements for it, on a busy machine slowly."""
TOLD_TOGETHER = 12
"""Nodes that one event of the walk's history changes: of other owners and other areas."""


async def ask(hub: Hub, question: Question, viewer: Viewer) -> str:
    """Return the answer to a question, which has to have one."""
    text = await answer_of(hub, question, viewer)
    assert '"errors"' not in text, (question.about, text[-1000:])
    return text


async def answer_of(hub: Hub, question: Question, viewer: Viewer) -> str:
    """Return the answer to a question, whatever it is."""
    answer = await hub.executor.answer(
        question.query, question.variables, None, hub.context(viewer)
    )
    return answer.body.decode()


def leaks(canaries: Canaries, question: Question, answer: str, viewer: Viewer) -> list[str]:
    """Return what an answer tells that the caller may not learn."""
    world = canaries.world
    hidden = canaries.hidden(Naive(world, viewer))
    clear = walking.decoded(answer)
    found = [
        f"{question.about}: {name}.{own}"
        for name, own in canaries.found(clear).values()
        if own in hidden.get(name, ())
    ]
    asked = question.variables.values()
    return found + [
        f"{question.about}: that there is {name}"
        for name, own in hidden.items()
        if "id" in own and f'"{world.gid(name)}"' in answer and world.gid(name) not in asked
    ]


async def write_history(graph: Graph, world: World) -> list[str]:
    """Write and number a history in which every node of the world was made; return its events.

    Each event tells of nodes from all over the world, so that everybody may see a part of some.
    """
    names = sorted(world.records, key=world.id)
    accounts = [world.id(name) for name in names if name.startswith("account ")]
    written: list[str] = []
    for number, start in enumerate(range(0, len(names), TOLD_TOGETHER)):
        told = [world.records[name] for name in names[start : start + TOLD_TOGETHER]]
        changes = {
            record.id: changes_between(
                None,
                record,
                of_person=_of_person(world, record),
                account=_account_of(world, record),
            )
            for record in told
        }
        event_id = world.id(f"event {number}")
        made = event(event_id, NOW, accounts[number % len(accounts)], "WALK", changes)

        async def write(transaction: Transaction, made: Event = made) -> None:
            await write_event(transaction, made)

        await graph.write(write)
        written.append(event_id)
    while (await standing(graph, "walk")).waiting:
        await number_waiting(graph, "walk")
    return written


def _account_of(world: World, record: Node) -> str | None:
    """Return the account whose own a node is, if it is one's."""
    owners = [
        world.id(start)
        for start, kind, end in world.links
        if kind == "HAS_WEBHOOK" and world.id(end) == record.id
    ]
    return owners[0] if owners else None


def _of_person(world: World, record: Node) -> bool:
    owned = isinstance(record, (ResourceOffer, DemandOrder, ResourceList, NeedList))
    return owned and any(
        type(world.records[start]).__name__ == "Member"
        for start, kind, end in world.links
        if world.id(end) == record.id
        and kind in {"OFFERS", "NEEDS", "ISSUES_RESOURCES", "ISSUES_NEEDS"}
    )


def chosen(
    world: World, hidden: dict[str, frozenset[str]], kinds: tuple[str, ...]
) -> Iterator[str]:
    """Yield of each kind a node that is hidden, if there is one, and one that is not."""
    for kind in kinds:
        names = [name for name, record in world.records.items() if type(record).__name__ == kind]
        unseen = [name for name in names if "id" in hidden.get(name, ())]
        yield from unseen[:1]
        yield from [name for name in names if name not in unseen][:2]
