"""Everything that the schema offers, asked by every role: nobody learns what is not for them.

The questions are made of the schema, so what is new in it is walked too, or fails here.
"""

import pytest

from domain.access import Viewer
from graph import accounts
from graph.access import Rules
from graph.driver import Graph
from graph.records import names
from schema.build import build_schema
from schema.execution import Executor
from tests.contract import walking
from tests.contract.asking import Hub
from tests.contract.canaries import callers, canary_world, without_canary, write_fields
from tests.contract.naive import Naive
from tests.contract.walking import MAPPING, Question
from tests.contract.walking_access import EXECUTOR, LONGEST, WIDE, ask, each_role, leaks
from tests.contract.walking_filters import Conditions, any_of, filtered
from tests.contract.world_records import NOW

pytestmark = [pytest.mark.anyio, pytest.mark.unrecorded, pytest.mark.timeout(LONGEST)]

CANARIES = canary_world()
WORLD = CANARIES.world
WITHOUT_NODES = {"Event": "written by use cases and numbered: see test_access_walk_roots.py"}
"""Types of which the world holds no node, and why."""


@pytest.fixture(scope="module")
async def hub(graph: Graph) -> Hub:
    await WORLD.write(graph)
    return Hub(graph, WORLD, EXECUTOR)


@pytest.fixture(scope="module")
async def viewers(hub: Hub) -> dict[str, Viewer]:
    expired = await accounts.viewer(hub.graph.read, WORLD.id("account expired"), NOW)
    assert expired is not None
    assert expired.grants == ()
    return callers(WORLD, expired)


def questions(viewer: Viewer) -> list[Question]:
    hidden = CANARIES.hidden(Naive(WORLD, viewer))
    return [
        *walking.pages(),
        *walking.nodes(WORLD),
        *walking.single_nodes(WORLD, hidden),
    ]


@each_role
async def test_no_answer_tells_what_is_hidden_or_differs_by_it(
    hub: Hub, viewers: dict[str, Viewer], who: str
) -> None:
    """Asked twice: with the canaries, and with other values in every field that is hidden."""
    viewer = viewers[who]
    asked = questions(viewer)
    answers = [await ask(hub, question, viewer) for question in asked]
    found = [
        each
        for question, answer in zip(asked, answers, strict=True)
        for each in leaks(CANARIES, question, answer, viewer)
    ]
    assert not found
    hidden = CANARIES.hidden(Naive(WORLD, viewer))
    await write_fields(hub.graph, CANARIES, hidden, other=True)
    try:
        for question, before in zip(asked, answers, strict=True):
            assert await ask(hub, question, viewer) == before, question.about
    finally:
        await write_fields(hub.graph, CANARIES, hidden, other=False)


@pytest.mark.walk
async def test_the_walk_comes_to_every_canary(hub: Hub, viewers: dict[str, Viewer]) -> None:
    """An administrator meets all of them, so that the others would meet what is not masked."""
    seen: set[str] = set()
    for question in questions(viewers["admin"]):
        answer = await ask(hub, question, viewers["admin"])
        seen |= set(CANARIES.found(walking.decoded(answer)))
    assert {CANARIES.places[each] for each in CANARIES.places.keys() - seen} == set()


def test_every_type_and_field_has_canaries_or_an_argument() -> None:
    held = {type(record).__name__ for record in WORLD.records.values()}
    assert set(MAPPING.nodes) - held == set(WITHOUT_NODES)
    assert without_canary(CANARIES) == set()


@each_role
async def test_no_filter_finds_what_is_hidden(
    hub: Hub, viewers: dict[str, Viewer], who: str
) -> None:
    """Every condition would find something by what is hidden alone; any of them finds nothing."""
    hidden = CANARIES.hidden(Naive(WORLD, viewers[who]))
    conditions = Conditions(CANARIES, hidden)
    assert hidden or who == "admin"
    for target in walking.PAGES:
        asked = conditions.of(target) + conditions.related(target)
        for question in any_of(target, asked, hub.graph.dialect):
            answer = await ask(hub, question, viewers[who])
            assert answer == '{"data":{"page":{"totalCount":0,"nodes":[]}}}', question.variables


@pytest.mark.walk
async def test_the_filters_find_what_is_not_hidden(hub: Hub, viewers: dict[str, Viewer]) -> None:
    """All conditions on one node, asked by who may learn its fields, hold together."""
    first = {type(record).__name__: name for name, record in reversed(WORLD.records.items())}
    for target in walking.PAGES:
        if target in WITHOUT_NODES:
            continue
        name = first[target]
        hidden = {name: frozenset(own for own, _ in names(type(WORLD.records[name])))}
        conditions = Conditions(CANARIES, hidden).of(target)
        assert conditions
        for start in range(0, len(conditions), 20):
            question = filtered(target, {"and": conditions[start : start + 20]})
            answer = await ask(hub, question, viewers["admin"])
            found = f'{{"totalCount":1,"nodes":[{{"id":"{WORLD.gid(name)}"}}]}}'
            assert answer == f'{{"data":{{"page":{found}}}}}', question.variables


@pytest.mark.walk
@pytest.mark.parametrize(
    ("rule", "instead"),
    [("contacts", None), ("property", None), ("_member", "true"), ("_claim", None)],
)
async def test_the_walk_finds_a_rule_that_is_missing(
    hub: Hub,
    viewers: dict[str, Viewer],
    monkeypatch: pytest.MonkeyPatch,
    rule: str,
    instead: str | None,
) -> None:
    """Without any one rule there is an answer with a canary, and a filter that finds one."""
    monkeypatch.setattr(Rules, rule, lambda *_: instead)
    bare = Hub(hub.graph, WORLD, Executor(build_schema(), WIDE))
    viewer = viewers["app" if rule == "property" else "visitor"]
    conditions = Conditions(CANARIES, CANARIES.hidden(Naive(WORLD, viewer)))
    assert any(
        [leaks(CANARIES, each, await ask(bare, each, viewer), viewer) for each in walking.pages()]
    )
    found = [
        await ask(bare, question, viewer)
        for target in ("Unit", "Member", "Claim")
        for question in any_of(target, conditions.of(target), hub.graph.dialect)
    ]
    assert any('"totalCount":0' not in each for each in found)
