"""Every query of the suite, both ways, for every kind of caller: the same bytes."""

from typing import cast

import orjson
import pytest

from graph.driver import Graph
from tests.contract.asking import Case, Hub, cases
from tests.contract.world import build_world, viewers

pytestmark = pytest.mark.anyio

WORLD = build_world()
VIEWERS = viewers(WORLD)
SUITE = cases(WORLD)
KINDS = ("visitor", "app", "unit0", "coordinator", "both", "admin")
"""One caller of each kind of access."""
EVERY_RUN = {"visitor", "admin"}
FIND_NOTHING = {"nodes_literal", "unit_absent"}


@pytest.fixture(scope="module")
async def hub(graph: Graph) -> Hub:
    await WORLD.write(graph)
    return Hub(graph, WORLD)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("case", SUITE, ids=lambda case: case.name)
async def test_both_ways_answer_the_same_bytes(hub: Hub, case: Case, kind: str) -> None:
    viewer = VIEWERS[kind]
    # The runs differ in their values; every value for two callers, and some for the others.
    for variables in case.runs if kind in EVERY_RUN else case.runs[:3]:
        hub.texts.clear()
        fast = await hub.fast(case.query, variables, viewer)
        by_fast = sorted(hub.texts)
        hub.texts.clear()
        ordinary = await hub.ordinary(case.query, variables, viewer)
        assert not ordinary.refused
        assert "errors" not in orjson.loads(ordinary.body), ordinary.body
        assert len(hub.texts) == case.statements, hub.texts
        if case.fast:
            assert fast == ordinary.body
            assert by_fast == sorted(hub.texts)
        else:
            assert fast is None


async def test_the_suite_is_not_empty_handed(hub: Hub) -> None:
    """Every query finds something for somebody who may see everything."""
    assert len(SUITE) >= 25
    for case in SUITE:
        if case.name in FIND_NOTHING:
            continue
        answers = [
            (await hub.ordinary(case.query, run, VIEWERS["admin"])).body for run in case.runs
        ]
        assert any(_holds_something(orjson.loads(body)["data"]) for body in answers), case.name


def _holds_something(value: object) -> bool:
    match value:
        case dict():
            return any(_holds_something(item) for item in cast("dict[str, object]", value).values())
        case list():
            return any(_holds_something(item) for item in cast("list[object]", value))
        case _:
            return value not in (None, False, 0)


async def test_statements_do_not_grow_with_the_nodes(hub: Hub) -> None:
    query = """query Page($first: Int!) {
      orders(first: $first) { nodes {
        title receiver { name } category { code parent { code } } area { name }
        claims { totalCount nodes { state lines { nodes { quantity } } supplier { name } } }
      } }
    }"""
    sizes: list[int] = []
    for first in (1, 100):
        hub.texts.clear()
        data = await hub.data(query, {"first": first}, VIEWERS["admin"])
        sizes.append(len(data["orders"]["nodes"]))
        assert len(hub.texts) == 1
    assert sizes == [1, 16]


async def test_texts_are_canonical(hub: Hub) -> None:
    """Aliases, order of selection and values do not change the text of a statement."""
    spellings = [
        "{ units(first: 3) { nodes { id name area { name } } totalCount } }",
        "{ u: units(first: 7) { totalCount nodes { area { n: name } n: name id } } }",
        """{ units(first: 50) { t: totalCount nodes { ...F id } } }
        fragment F on Unit { area { name } name }""",
    ]
    hub.texts.clear()
    for query in spellings:
        assert await hub.fast(query) is not None
    assert len(hub.texts) == 3
    assert len(set(hub.texts)) == 1


async def test_no_value_is_in_a_text(hub: Hub) -> None:
    hub.texts.clear()
    await hub.data(
        """query($a: ID!) {
          offers(first: 17, filter: {text: "可容纳", area: $a, measure: ["XYZZY"]}) {
            totalCount nodes { title }
          }
        }""",
        {"a": WORLD.gid("gangcheng")},
    )
    for value in ("17", "可容纳", WORLD.id("gangcheng"), "XYZZY"):
        assert value not in hub.texts[0]
