"""Every query of the suite run by levels as well: the same bytes as by its whole statement."""

from collections.abc import AsyncIterator

import pytest

from domain.access import HeldGrant, Viewer
from domain.vocabulary import Role
from graph.access_parameters import access_parameters
from graph.driver import Graph
from graph.endpoint import Dialect
from graph.planning import ByLevels, keeping_plans, planning_of
from graph.reads.shapes import doubled, padded, size_class
from graph.statements import CompiledStatement
from tests.contract.asking import Case, Hub, cases
from tests.contract.world import build_world, viewers
from tests.contract.world_records import NOW

pytestmark = pytest.mark.anyio

WORLD = build_world()
VIEWERS = viewers(WORLD)
SUITE = [case for case in cases(WORLD) if case.fast]
KINDS = ("visitor", "app of a unit", "both", "admin")


@pytest.fixture(scope="module")
async def hub(graph: Graph) -> Hub:
    await WORLD.write(graph)
    return Hub(graph, WORLD)


@pytest.mark.parametrize("caller", KINDS)
@pytest.mark.parametrize("case", SUITE, ids=lambda case: case.name)
async def test_by_levels_the_answer_is_the_same(hub: Hub, case: Case, caller: str) -> None:
    for variables in case.runs[:3]:
        whole = await hub.fast(case.query, variables, VIEWERS[caller])
        async with keeping_plans(hub.graph, ByLevels.ALWAYS):
            by_levels = await hub.fast(case.query, variables, VIEWERS[caller])
            ordinary = await hub.ordinary(case.query, variables, VIEWERS[caller])
        assert by_levels == whole == ordinary.body


@pytest.mark.parametrize("who", ["unit0", "xinggong", "coordinator"])
async def test_by_levels_nothing_else_is_seen(hub: Hub, who: str) -> None:
    agents = "nodes { id name phone email }"
    query = f"""{{
      units {{ totalCount {agents} }} areas(first: 50) {{ {agents} }} members {{ {agents} }}
      claims {{ totalCount nodes {{ id note reason lines {{ nodes {{ quantity }} }}
        supplier {{ name phone }} receiver {{ name phone claimsReceived {{ totalCount }} }} }} }}
      offers(first: 50) {{ totalCount nodes {{ id provider {{ name phone }}
        claims {{ totalCount nodes {{ reason }} }} slots {{ nodes {{ held }} }} }} }}
      resourceLists {{ totalCount nodes {{ id offers {{ totalCount }} }} }}
      proposals {{ totalCount nodes {{ id order {{ title }} }} }} }}"""
    whole = await hub.fast(query, None, VIEWERS[who])
    assert whole is not None
    async with keeping_plans(hub.graph, ByLevels.ALWAYS):
        assert await hub.fast(query, None, VIEWERS[who]) == whole


DEEP = """query ($first: Int!) { units(first: $first) { nodes {
  name area { name parent { name } }
  offers { totalCount nodes { title category { code } } } } } }"""


@pytest.fixture
async def unplanned(hub: Hub) -> AsyncIterator[Hub]:
    async with keeping_plans(hub.graph, ByLevels.UNPLANNED):
        yield hub


async def test_what_is_not_planned_runs_by_levels_once(unplanned: Hub) -> None:
    planning = planning_of(unplanned.graph)
    assert planning is not None
    unplanned.texts.clear()
    first = await unplanned.fast(DEEP, {"first": 3})
    small = list(unplanned.texts)
    assert len(small) == 6
    await planning.settled()
    unplanned.texts.clear()
    assert await unplanned.fast(DEEP, {"first": 3}) == first
    assert len(unplanned.texts) == 1
    assert unplanned.texts[0] not in small


async def test_small_texts_recur(unplanned: Hub) -> None:
    """Other documents over the same relations: no text that was not asked before."""
    asked: set[str] = set()
    for query in (
        "{ units { nodes { name area { name } offers { nodes { title } } } } }",
        "{ units(first: 3) { nodes { id kind area { id level } } } }",
        "{ u: units { nodes { offers(first: 2) { nodes { id measure state } } aliases } } }",
    ):
        unplanned.texts.clear()
        assert await unplanned.fast(query) is not None
        if asked:
            assert set(unplanned.texts) <= asked
        asked |= set(unplanned.texts)


async def test_what_the_caller_never_sees_is_not_asked(hub: Hub) -> None:
    query = """{ units { nodes { claimsSupplied { totalCount nodes { id note } } } }
      claims { totalCount nodes { id } } }"""
    whole = await hub.fast(query)
    hub.texts.clear()
    async with keeping_plans(hub.graph, ByLevels.ALWAYS):
        assert await hub.fast(query) == whole
    assert len(hub.texts) == 1
    assert ":Unit)" in hub.texts[0]


@pytest.mark.parametrize("asked", ["totalCount", "nodes { id }", "totalCount nodes { id }"])
async def test_a_total_that_costs_nothing_comes_with_the_rows(hub: Hub, asked: str) -> None:
    """One text, whichever of both is asked for."""
    query = "{ areas(first: 3) { nodes { children(first: 2) { ASKED } } } }"
    whole = await hub.fast(query.replace("ASKED", asked))
    texts: list[str] = []
    async with keeping_plans(hub.graph, ByLevels.ALWAYS):
        for each in (asked, "totalCount nodes { code }"):
            hub.texts.clear()
            answer = await hub.fast(query.replace("ASKED", each))
            if each == asked:
                assert answer == whole
            texts += hub.texts
    assert len(texts) == 4
    assert len(set(texts)) == 2


async def test_a_statement_that_cannot_be_planned_is_told_by_itself(unplanned: Hub) -> None:
    planning = planning_of(unplanned.graph)
    assert planning is not None
    planning.plan(CompiledStatement("RETURN nonsense("), {})
    await planning.settled()
    assert await unplanned.fast("{ units { nodes { name } } }") is not None


async def test_on_the_embedded_engine_all_is_run_whole(hub: Hub) -> None:
    async with keeping_plans(hub.graph):
        hub.texts.clear()
        await hub.fast("{ offers { nodes { title provider { name } } } }")
    on_neo4j = hub.graph.dialect is Dialect.NEO4J
    assert len(hub.texts) == (2 if on_neo4j else 1)


def test_values_that_stand_for_the_same_are_of_one_size() -> None:
    one = Viewer("x", (HeldGrant(Role.LIAISON, agent_id="a" * 20),))
    two = Viewer("x", tuple(HeldGrant(Role.LIAISON, agent_id=each * 20) for each in "ab"))
    assert size_class(access_parameters(one, NOW)) == size_class(access_parameters(two, NOW))
    sizes = {size_class({"ids": padded(["a"] * count)}) for count in (1, 5, 10, 99, 100)}
    assert len(sizes) == 1
    assert doubled(()) == []
    assert len({size_class({"text": "x" * length}) for length in (0, 1, 2, 10, 11, 100, 101)}) == 5
    assert size_class({"first": 1}) == size_class({"first": 100})
