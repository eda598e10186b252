"""The shortest ways between two nodes, against networkx over what the caller may see."""

from itertools import pairwise
from typing import Any, cast

import networkx as nx
import pytest

from domain.language import CATALOGUES
from graph.driver import Graph
from graph.model import NODES, RELATIONSHIPS
from graph.paths import FOLLOWED, KINDS
from tests.contract.asking import Hub
from tests.contract.naive import Naive
from tests.contract.world import build_world, viewers

pytestmark = pytest.mark.anyio

WORLD = build_world()
VIEWERS = viewers(WORLD)
MOST = 10
QUERY = """query ($from: ID!, $to: ID!, $most: Int! = 4) {
  connections(from: $from, to: $to, maxLength: $most) {
    complete
    paths { length nodes { id __typename } links { relationship fromId toId text { zh en } } }
  }
}"""
PAIRS = (
    ("unit0", "unit3"),
    ("unit0", "unit1"),
    ("unit0", "hall"),
    ("unit4", "baking"),
    ("offer1", "order0"),
    ("offer2", "venue"),
    ("xinggong", "hebei"),
    ("branch0", "yuxiangyuan"),
    ("resources0", "needs0"),
    ("pairing", "unit5"),
    ("order12", "unit7"),
)


@pytest.fixture(scope="module")
async def hub(graph: Graph) -> Hub:
    await WORLD.write(graph)
    return Hub(graph, WORLD)


def seen_by(naive: Naive) -> Any:
    """All that a caller may see and a way may pass."""
    found: Any = nx.Graph()
    kinds = {name: type(record).__name__ for name, record in WORLD.records.items()}
    found.add_nodes_from(name for name in kinds if kinds[name] in KINDS and naive.visible(name))
    for start, relationship, end in WORLD.links:
        if relationship in FOLLOWED and start in found and end in found:
            found.add_edge(start, end)
    return found


@pytest.mark.parametrize("who", ["visitor", "unit0", "coordinator", "app", "member", "admin"])
async def test_ways_are_the_shortest_over_what_the_caller_sees(hub: Hub, who: str) -> None:
    visible = seen_by(Naive(WORLD, VIEWERS[who]))
    names = {WORLD.gid(name): name for name in WORLD.records}
    links = {(WORLD.gid(a), kind, WORLD.gid(b)) for a, kind, b in WORLD.links}
    for start, end in PAIRS:
        variables = {"from": WORLD.gid(start), "to": WORLD.gid(end)}
        found = (await hub.data(QUERY, variables, VIEWERS[who]))["connections"]
        if start not in visible or end not in visible:
            assert found is None
            continue
        assert found["complete"]
        ways = {tuple(names[node["id"]] for node in path["nodes"]) for path in found["paths"]}
        expected: set[tuple[str, ...]] = set()
        if nx.has_path(visible, start, end):
            shortest = nx.all_shortest_paths(visible, start, end)
            expected = {tuple(way) for way in cast("Any", shortest) if len(way) <= 5}
        assert len(ways) == min(len(expected), MOST)
        assert ways <= expected
        for path in found["paths"]:
            assert path["length"] == len(path["links"]) == len(path["nodes"]) - 1
            for (near, far), link in zip(pairwise(path["nodes"]), path["links"], strict=True):
                assert (link["fromId"], link["relationship"], link["toId"]) in links
                assert {near["id"], far["id"]} == {link["fromId"], link["toId"]}
                assert link["text"]["zh"]
                assert link["text"]["en"]


async def test_a_way_is_no_longer_than_asked(hub: Hub) -> None:
    ends = {"from": WORLD.gid("unit0"), "to": WORLD.gid("unit1")}
    lengths: dict[int, set[int]] = {}
    for most in (1, 2, 3, 6):
        found = (await hub.data(QUERY, {**ends, "most": most}))["connections"]
        lengths[most] = {path["length"] for path in found["paths"]}
    assert lengths == {1: set(), 2: set(), 3: {3}, 6: {3}}
    for most in (0, 7):
        (error,) = (await hub.ask(QUERY, {**ends, "most": most}))["errors"]
        assert error["extensions"]["code"] == "BAD_INPUT"


async def test_no_way_begins_or_ends_at_persons_or_claims(hub: Hub) -> None:
    for name in ("wang", "claim0", "proposal0", "slot0"):
        variables = {"from": WORLD.gid("unit0"), "to": WORLD.gid(name)}
        (error,) = (await hub.ask(QUERY, variables, VIEWERS["admin"]))["errors"]
        assert error["extensions"]["code"] == "BAD_IDENTIFIER"


async def test_from_a_node_to_itself_there_is_no_way(hub: Hub) -> None:
    variables = {"from": WORLD.gid("unit0"), "to": WORLD.gid("unit0")}
    assert (await hub.data(QUERY, variables))["connections"] == {"complete": True, "paths": []}


async def test_the_nodes_of_all_ways_are_read_together(hub: Hub) -> None:
    variables = {"from": WORLD.gid("unit0"), "to": WORLD.gid("hall")}
    hub.texts.clear()
    found = (await hub.data(QUERY, variables))["connections"]
    assert len(found["paths"]) > 1
    assert sum("$ids0" in text for text in hub.texts) == 1


def test_no_way_leads_over_persons_or_claims() -> None:
    assert set(FOLLOWED) <= set(RELATIONSHIPS)
    assert set(KINDS) <= set(NODES)
    private = {"Member", "Claim", "ClaimLine", "Evaluation", "Account", "Grant", "CheckIn", "Event"}
    for relationship in FOLLOWED:
        assert private.isdisjoint(RELATIONSHIPS[relationship])
        for catalogue in CATALOGUES.values():
            assert f"link.{relationship}" in catalogue
    assert private.isdisjoint(KINDS)
