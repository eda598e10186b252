"""What is neither a page of nodes nor a node by its id, asked by every role: nobody learns more.

The history, the groups of every connection, the ways between nodes, who could help, a person's
data, the viewer, and the subscriptions.
"""

import re
from collections.abc import AsyncGenerator, Iterator
from itertools import count
from typing import cast

import orjson
import pytest
from graphql import GraphQLEnumType, GraphQLField, GraphQLObjectType

from domain.access import Viewer
from graph import accounts
from graph.access import Rules
from graph.driver import Graph
from graph.event_numbers import standing
from graph.history import Happened
from graph.mapping import ManyField
from graph.paths import KINDS
from graph.reads import visible
from resolvers.event_feed import EventFeed, FeedStopped
from schema.build import build_schema
from schema.execution import Executor
from schema.streams import StreamRefused, Streams
from tests.contract import walking
from tests.contract.asking import Hub
from tests.contract.canaries import callers, canary_world, write_fields
from tests.contract.naive import Naive
from tests.contract.walking import MAPPING, PAGES, SCHEMA, Question, named_type, own, selected
from tests.contract.walking_access import (
    EXECUTOR,
    LONGEST,
    WIDE,
    answer_of,
    ask,
    chosen,
    each_role,
    leaks,
    write_history,
)
from tests.contract.world_records import NOW

pytestmark = [pytest.mark.anyio, pytest.mark.unrecorded, pytest.mark.timeout(LONGEST)]

CANARIES = canary_world()
WORLD = CANARIES.world
WALKED_ELSEWHERE = {"node", "nodes", *PAGES.values()} | {
    name for name, root in MAPPING.roots.items() if type(root.declared).__name__ == "ById"
}
"""Roots that `test_access_walk.py` asks."""


@pytest.fixture(scope="module")
async def hub(graph: Graph) -> Hub:
    await WORLD.write(graph)
    return Hub(graph, WORLD, EXECUTOR)


@pytest.fixture(scope="module")
async def history(hub: Hub) -> list[str]:
    return await write_history(hub.graph, WORLD)


@pytest.fixture(scope="module")
async def viewers(hub: Hub) -> dict[str, Viewer]:
    expired = await accounts.viewer(hub.graph.read, WORLD.id("account expired"), NOW)
    assert expired is not None
    return callers(WORLD, expired)


def hidden_from(viewer: Viewer) -> dict[str, frozenset[str]]:
    return CANARIES.hidden(Naive(WORLD, viewer))


def below(declared: GraphQLField) -> str:
    """Return the selection below a field: of a node its own fields, of an object all of them."""
    named = named_type(declared)
    if named.name in MAPPING.possible:
        return f"{{ {own(named.name)} }}"
    if not isinstance(named, GraphQLObjectType):
        return ""
    fields = " ".join(f"{name} {below(field)}" for name, field in named.fields.items())
    return f"{{ {fields} }}"


def of_history() -> Question:
    """All events with all that they tell and lead to."""
    event = " ".join([own("Event"), *walking.related("Event")])
    return Question("events", f"{{ events(last: 100) {{ totalCount nodes {{ {event} }} }} }}")


def of_groups() -> Iterator[Question]:
    """Every root connection in groups by each of what it can be grouped by."""
    for target, root in PAGES.items():
        parts = groups_of(cast("GraphQLObjectType", SCHEMA.query_type).fields[root])
        for selection in walking.together(parts):
            yield Question(f"groups of {target}", f"{{ {root} {{ {selection} }} }}")


def of_groups_within() -> Iterator[Question]:
    """The connections of every node in groups, each by one of what it can be grouped by in turn."""
    turn = count()
    ids: dict[str, list[str]] = {}
    for name, record in WORLD.records.items():
        ids.setdefault(type(record).__name__, []).append(WORLD.gid(name))
    for kind, of_kind in ids.items():
        connections = {
            name: groups_of(walking.type_of(kind).fields[name])
            for name, mapped in MAPPING.nodes[kind].items()
            if isinstance(mapped, ManyField)
        }
        parts = [
            f"{name} {{ {groups[next(turn) % len(groups)]} }}"
            for name, groups in connections.items()
        ]
        for selection in walking.together(parts):
            query = (
                f"query($ids: [ID!]!) {{ nodes(ids: $ids) {{ ... on {kind} {{ {selection} }} }} }}"
            )
            yield Question("groups within", query, {"ids": of_kind[:100]})


def groups_of(connection: GraphQLField) -> list[str]:
    """Return the selection of the groups of a connection by each of what it can be grouped by."""
    groups = cast("GraphQLObjectType", named_type(connection)).fields["groups"]
    by = cast("GraphQLEnumType", named_type(groups.args["by"]))
    key = cast("GraphQLObjectType", named_type(groups)).fields["key"]
    keys = cast("GraphQLObjectType", named_type(key)).fields
    rest = " ".join(
        f"{name} {below(field)}"
        for name, field in cast("GraphQLObjectType", named_type(groups)).fields.items()
        if name != "key"
    )
    return [
        f"g{place}: groups(by: [{value}]) {{ {rest} key {{ {camel(value)} "
        f"{below(keys[camel(value)])} }} }}"
        for place, value in enumerate(by.values)
    ]


def camel(constant: str) -> str:
    first, *rest = constant.lower().split("_")
    return first + "".join(part.capitalize() for part in rest)


def fields_of(kind: str) -> str:
    """The own fields of a type under names of their own, for a selection of several types."""
    return " ".join(
        f"{kind}_{each}: {selected(kind, each, field)}"
        for each, field in walking.own_fields(kind).items()
    )


def of_ways(viewer: Viewer) -> Question:
    """The ways between nodes of every kind, hidden ones among them."""
    names = list(chosen(WORLD, hidden_from(viewer), KINDS))
    shown = " ".join(f"... on {kind} {{ {fields_of(kind)} }}" for kind in KINDS)
    parts = [
        f"w{place}: connections(from: $n{place}, to: $n{place + 1}) "
        "{ complete paths { length links { relationship fromId toId } "
        f"nodes {{ {shown} }} }} }}"
        for place in range(len(names) - 1)
    ]
    given = ", ".join(f"$n{place}: ID!" for place in range(len(names)))
    variables = {f"n{place}": WORLD.gid(name) for place, name in enumerate(names)}
    return Question("connections", f"query({given}) {{ {' '.join(parts)} }}", variables)


def of_help(root: str = "whoCouldHelp") -> Question:
    """Who could help with every order."""
    orders = [name for name in WORLD.records if WORLD.gid(name) and name.startswith("order")]
    parts = [
        f"h{place}: {root}(order: $n{place}) "
        "{ quantity parts { name } reasons { code text { zh } } "
        f"offer {{ {own('ResourceOffer')} }} }}"
        for place in range(len(orders))
    ]
    given = ", ".join(f"$n{place}: ID!" for place in range(len(orders)))
    variables = {f"n{place}": WORLD.gid(name) for place, name in enumerate(orders)}
    return Question(root, f"query({given}) {{ {' '.join(parts)} }}", variables)


def of_cases() -> Question:
    """Which cases are like every order."""
    orders = [name for name in WORLD.records if WORLD.gid(name) and name.startswith("order")]
    parts = [
        f"c{place}: similarCases(order: $n{place}) "
        f"{{ score parts {{ name value }} claim {{ {own('Claim')} }} }}"
        for place in range(len(orders))
    ]
    given = ", ".join(f"$n{place}: ID!" for place in range(len(orders)))
    variables = {f"n{place}": WORLD.gid(name) for place, name in enumerate(orders)}
    return Question("similarCases", f"query({given}) {{ {' '.join(parts)} }}", variables)


def of_plans(viewer: Viewer) -> list[Question]:
    """What follows from the plan of all: the best offers for each order, and why of some pairs.

    Its prices are of what everybody wants, so they change with what is hidden.
    """
    hidden = hidden_from(viewer)
    declared = cast("GraphQLObjectType", SCHEMA.query_type).fields["whyPair"]
    query = (
        "query($order: ID!, $offer: ID!) "
        f"{{ whyPair(order: $order, offer: $offer) {below(declared)} }}"
    )
    pairs = [
        {"order": WORLD.gid(order), "offer": WORLD.gid(offer)}
        for order in chosen(WORLD, hidden, ("DemandOrder",))
        for offer in chosen(WORLD, hidden, ("ResourceOffer",))
    ]
    return [of_help("bestOffers"), *(Question("whyPair", query, pair) for pair in pairs)]


def of_viewer() -> Question:
    declared = cast("GraphQLObjectType", SCHEMA.query_type).fields["viewer"]
    return Question("viewer", f"{{ viewer {below(declared)} }}")


def questions(viewer: Viewer) -> list[Question]:
    return [
        of_history(),
        *of_groups(),
        *of_groups_within(),
        of_ways(viewer),
        of_help(),
        of_cases(),
        of_viewer(),
    ]


class ReadOut(EventFeed):
    """A feed that ends where the history does."""

    async def after(self, number: int) -> list[Happened]:
        if number >= self.last:
            raise FeedStopped
        return await super().after(number)


async def to_its_end(stream: AsyncGenerator[bytes]) -> AsyncGenerator[bytes]:
    """Yield what a subscription gives until the history ends, or why it does not begin."""
    try:
        async for body in stream:
            yield body
    except FeedStopped:
        return
    except StreamRefused as refused:
        yield refused.body


async def followed(hub: Hub, executor: Executor, viewer: Viewer) -> dict[str, str]:
    """Return all that each subscription gives a caller of the whole history."""
    feed = ReadOut(hub.graph)
    feed.last = (await standing(hub.graph, "walk")).last
    assert SCHEMA.subscription_type is not None
    found: dict[str, str] = {}
    for name, declared in SCHEMA.subscription_type.fields.items():
        context = hub.context(viewer)
        context.feed = feed
        query = f"subscription {{ {name}(after: 0) {below(declared)} }}"
        stream = Streams(executor).run(query, None, None, context)
        bodies = [each async for each in to_its_end(stream)]
        found[name] = b"\n".join(bodies).decode()
    return found


TELLING = {"events", "connections", "groups of Unit", "groups of Claim", "groups within"}
"""What an administrator meets canaries in, whatever it is about."""


def test_every_root_is_walked() -> None:
    assert SCHEMA.query_type is not None
    here = {
        "connections",
        "whoCouldHelp",
        "bestOffers",
        "similarCases",
        "whyPair",
        "personalData",
        "viewer",
    }
    of_the_language = {"vocabularies"}
    assert set(SCHEMA.query_type.fields) == WALKED_ELSEWHERE | here | of_the_language


@each_role
async def test_no_other_root_tells_what_is_hidden(
    hub: Hub, history: list[str], viewers: dict[str, Viewer], who: str
) -> None:
    """Asked twice: with the canaries, and with other values in every field that is hidden."""
    viewer = viewers[who]
    asked = questions(viewer)
    answers = [await ask(hub, question, viewer) for question in asked]
    for question, answer in zip(asked, answers, strict=True):
        assert not leaks(CANARIES, question, without_means(answer), viewer)
    for question in of_plans(viewer):
        assert not leaks(CANARIES, question, await answer_of(hub, question, viewer), viewer)
    for name, told in (await followed(hub, EXECUTOR, viewer)).items():
        assert not leaks(CANARIES, Question(name, ""), told, viewer)
    hidden = hidden_from(viewer)
    await write_fields(hub.graph, CANARIES, hidden, other=True)
    try:
        for question, before in zip(asked, answers, strict=True):
            assert await ask(hub, question, viewer) == before, question.about
    finally:
        await write_fields(hub.graph, CANARIES, hidden, other=False)


def without_means(answer: str) -> str:
    """Return an answer without averages: that of two canaries may look like a third."""
    return re.sub(r'"average":[^,}]+', "", answer)


@each_role
async def test_a_persons_data_is_for_that_person_and_administrators(
    hub: Hub, viewers: dict[str, Viewer], who: str
) -> None:
    viewer = viewers[who]
    for name, record in WORLD.records.items():
        if type(record).__name__ not in {"Member", "Account"}:
            continue
        query = "query($id: ID!) { personalData(id: $id) { personId document } }"
        answer = await answer_of(hub, Question(name, query, {"id": WORLD.gid(name)}), viewer)
        own_data = viewer.account_id == record.id or record.id in viewer.own_agents
        if own_data or who == "admin":
            assert orjson.loads(answer)["data"]["personalData"]["document"], name
        else:
            (error,) = orjson.loads(answer)["errors"]
            assert error["extensions"]["code"] in {"FORBIDDEN", "NOT_SIGNED_IN"}
            assert CANARIES.found(answer) == {}


@pytest.mark.walk
async def test_the_walk_meets_canaries_in_every_root(
    hub: Hub, history: list[str], viewers: dict[str, Viewer]
) -> None:
    """An administrator meets some, and events of every kind of node; so the others would."""
    admin = viewers["admin"]
    met: set[str] = set()
    for question in questions(admin):
        answer = await ask(hub, question, admin)
        if CANARIES.found(walking.decoded(answer)):
            met.add(question.about)
    assert met >= TELLING
    told = await followed(hub, EXECUTOR, admin)
    for name in ("claimChanged", "orderChanged", "eventAppended"):
        assert CANARIES.found(told[name]), name
    kinds = {type(record).__name__ for record in WORLD.records.values()}
    assert all(f'"type":"{kind}"' in told["eventAppended"] for kind in kinds)


@pytest.mark.walk
async def test_the_walk_finds_a_rule_that_is_missing_there(
    hub: Hub, history: list[str], viewers: dict[str, Viewer], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where nothing is hidden any more, history, groups and subscriptions tell it, or who is."""
    monkeypatch.setattr(Rules, "visible", lambda *_, **__: None)
    monkeypatch.setattr(visible, "visible_statement", visible.visible_statement.__wrapped__)
    executor = Executor(build_schema(), WIDE)
    bare = Hub(hub.graph, WORLD, executor)
    viewer = viewers["liaison"]
    asked = [of_history(), *of_groups()]
    told: dict[str, list[str]] = {}
    for each in asked:
        found = leaks(CANARIES, each, without_means(await ask(bare, each, viewer)), viewer)
        told.setdefault(each.about, []).extend(found)
    assert told["events"]
    assert told["groups of ResourceOffer"]
    for name, answer in (await followed(bare, executor, viewer)).items():
        assert leaks(CANARIES, Question(name, ""), answer, viewer), name
