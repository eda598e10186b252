"""Walking any connection in either direction gives all of it, in order, once."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.records import Area, DemandOrder, ResourceOffer
from graph.driver import Graph
from tests.contract.asking import Hub
from tests.contract.naive import Naive
from tests.contract.world import build_world, viewers

pytestmark = pytest.mark.anyio

WORLD = build_world()
VIEWERS = viewers(WORLD)
PAGE = "pageInfo { hasNextPage hasPreviousPage startCursor endCursor } edges { cursor node { id } }"
ROOTS = {"offers": ResourceOffer, "orders": DemandOrder, "areas": Area}


@pytest.fixture(scope="module")
async def hub(graph: Graph) -> Hub:
    await WORLD.write(graph)
    return Hub(graph, WORLD)


async def walk(hub: Hub, query: str, who: str, size: int, *, forward: bool) -> list[str]:
    """Return the ids of a whole connection, page by page, in its order."""
    found: list[str] = []
    cursor: str | None = None
    while True:
        variables: dict[str, Any] = (
            {"first": size, "after": cursor} if forward else {"last": size, "before": cursor}
        )
        data = await hub.data(query, variables, VIEWERS[who])
        while "edges" not in data:
            (data,) = data.values()
        ids = [edge["node"]["id"] for edge in data["edges"]]
        info = data["pageInfo"]
        assert len(ids) <= size
        cursors = [edge["cursor"] for edge in data["edges"]]
        assert [info["startCursor"], info["endCursor"]] == (
            [cursors[0], cursors[-1]] if cursors else [None, None]
        )
        assert info["hasPreviousPage" if forward else "hasNextPage"] is (cursor is not None)
        found = [*found, *ids] if forward else [*ids, *found]
        if not info["hasNextPage" if forward else "hasPreviousPage"]:
            return found
        assert len(ids) == size
        cursor = info["endCursor" if forward else "startCursor"]


@settings(
    deadline=None,
    max_examples=40,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    derandomize=True,
)
@given(
    root=st.sampled_from(sorted(ROOTS)),
    who=st.sampled_from(["visitor", "unit0", "coordinator", "admin"]),
    size=st.integers(1, 12),
    forward=st.booleans(),
)
async def test_walking_a_root(hub: Hub, root: str, who: str, size: int, forward: bool) -> None:
    query = (
        "query($first: Int, $after: String, $last: Int, $before: String) { "
        f"{root}(first: $first, after: $after, last: $last, before: $before) {{ {PAGE} }} }}"
    )
    expected = [WORLD.gid(name) for name in Naive(WORLD, VIEWERS[who]).named(ROOTS[root])]
    assert await walk(hub, query, who, size, forward=forward) == expected


@pytest.mark.parametrize("forward", [True, False])
@pytest.mark.parametrize("size", [1, 2, 3, 100])
async def test_walking_a_nested_connection(hub: Hub, size: int, forward: bool) -> None:
    query = (
        "query($first: Int, $after: String, $last: Int, $before: String) { "
        f'unit(id: "{WORLD.gid("unit0")}") {{ '
        f"offers(first: $first, after: $after, last: $last, before: $before) {{ {PAGE} }} }} }}"
    )
    naive = Naive(WORLD, VIEWERS["admin"])
    expected = [WORLD.gid(name) for name in naive.ordered(naive.out("unit0", "OFFERS"))]
    assert await walk(hub, query, "admin", size, forward=forward) == expected


@pytest.mark.parametrize("forward", [True, False])
@pytest.mark.parametrize("field", ["descendants", "ancestors"])
async def test_walking_a_tree_goes_from_the_root_down(hub: Hub, field: str, forward: bool) -> None:
    start = "shuangluan" if field == "descendants" else "yuxiangyuan"
    query = (
        "query($first: Int, $after: String, $last: Int, $before: String) { "
        f'area(id: "{WORLD.gid(start)}") {{ '
        f"{field}(first: $first, after: $after, last: $last, before: $before) {{ {PAGE} }} }} }}"
    )
    paths = {
        name: record.path for name, record in WORLD.records.items() if isinstance(record, Area)
    }
    below = {
        name: path
        for name, path in paths.items()
        if name != start
        and (
            path.startswith(paths[start])
            if field == "descendants"
            else paths[start].startswith(path)
        )
    }
    expected = [WORLD.gid(name) for name in sorted(below, key=lambda name: below[name])]
    assert len(expected) >= 4
    assert await walk(hub, query, "visitor", 2, forward=forward) == expected
