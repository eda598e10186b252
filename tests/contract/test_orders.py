"""Every order of every type: all of it, once, in the order meant, in both directions."""

from typing import Any

import pytest

from domain.records import Node
from domain.spelling import pinyin
from domain.vocabulary import Vocabulary
from graph.driver import Graph
from graph.ordering import ORDERED, keys, orders
from graph.records import camel, record
from graph.statements import CompiledStatement
from schema.build import build_schema, graphql_schema_of
from schema.resolve import mapping_of
from tests.contract.asking import Hub
from tests.contract.naive import Naive
from tests.contract.test_access_reads import ROOTS
from tests.contract.test_paging import PAGE, walk
from tests.contract.world import build_world, viewers

pytestmark = pytest.mark.anyio

WORLD = build_world()
VIEWERS = viewers(WORLD)
MAPPING = mapping_of(graphql_schema_of(build_schema()))
CASES = [(root, order.field) for root, cls in sorted(ROOTS.items()) for order in orders(cls)]


@pytest.fixture(scope="module")
async def hub(graph: Graph) -> Hub:
    await WORLD.write(graph)
    return Hub(graph, WORLD)


def constant(field: str) -> str:
    return "".join(f"_{each}" if each.isupper() else each for each in field).upper()


def meant(node: Node, field: str) -> tuple[Any, ...]:
    """Return what a node is ordered by: the value, then creation and id; no value comes last."""
    (name,) = [each for each in vars(node) if camel(each) == field]
    value = getattr(node, name)
    if isinstance(value, Vocabulary):
        value = list(type(value)).index(value)
    elif isinstance(value, str) and field != "path":
        value = [syllable for syllable in pinyin(value) if syllable.strip()]
    return (value is None, value or 0, node.created_at, node.id)


@pytest.mark.parametrize(("root", "field"), CASES)
async def test_walking_in_an_order(hub: Hub, root: str, field: str) -> None:
    cls = ROOTS[root]
    for who, size in (("visitor", 7), ("admin", 9)):
        naive = Naive(WORLD, VIEWERS[who])
        expected = sorted(naive.named(cls), key=lambda name: meant(WORLD.records[name], field))
        for direction in ("ASC", "DESC"):
            query = (
                "query($first: Int, $after: String, $last: Int, $before: String) { "
                f"{root}(first: $first, after: $after, last: $last, before: $before, "
                f"orderBy: {{field: {constant(field)}, direction: {direction}}}) {{ {PAGE} }} }}"
            )
            ids = [WORLD.gid(name) for name in expected]
            for forward in (True, False):
                assert await walk(hub, query, who, size, forward=forward) == ids
            expected.reverse()


async def test_an_order_may_be_a_variable_and_is_kept_within_a_node(hub: Hub) -> None:
    unit = WORLD.gid("unit0")
    query = f"""query($by: ResourceOfferSort) {{ unit(id: "{unit}") {{
      offers(orderBy: $by, first: 100) {{ nodes {{ title capacity }} }} }} }}"""
    seen: set[str] = set()
    for by in (None, {"field": "CAPACITY"}, {"field": "CAPACITY", "direction": "DESC"}):
        fast = await hub.fast(query, {"by": by}, VIEWERS["admin"])
        assert fast == (await hub.ordinary(query, {"by": by}, VIEWERS["admin"])).body
        data = await hub.data(query, {"by": by}, VIEWERS["admin"])
        found = [node["capacity"] for node in data["unit"]["offers"]["nodes"]]
        stated = [each for each in found if each is not None]
        if by is not None:
            falling = by.get("direction") == "DESC"
            assert stated == sorted(stated, reverse=falling)
            assert (found[0] if falling else found[-1]) is None
        seen.add(str(found))
    assert len(seen) == 3


async def test_the_keys_in_the_graph_are_those_of_its_values(hub: Hub) -> None:
    for cls in ORDERED:
        nodes = CompiledStatement(f"MATCH (n:{cls.__name__}) RETURN properties(n) AS p")
        for row in await hub.graph.read(nodes):
            derived = keys(record(cls, row["p"]))
            assert {name: row["p"].get(name) for name in derived} == derived


def test_what_an_interface_is_ordered_by_all_of_its_types_have() -> None:
    assert [each.field for each in MAPPING.orders["Agent"]] == ["createdAt", "name"]
