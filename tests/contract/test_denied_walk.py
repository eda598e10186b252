"""Every mutation of the schema by every role that may not do it: refused, and nothing changed."""

from typing import Any

import orjson
import pytest

from domain.access import Viewer
from graph import accounts
from graph.driver import Graph
from tests.contract.asking import Hub
from tests.contract.canaries import peopled_world
from tests.contract.walking_mutations import document, given_to, mutation_names
from tests.contract.world_records import NOW
from tests.graph.builders import dump

pytestmark = [pytest.mark.anyio, pytest.mark.unrecorded]

WORLD = peopled_world()
ROLES = ("visitor", "expired", "app", "liaison", "member", "coordinator", "loader")
"""Of other parts of the graph than what the mutations are about."""
DENIED = {"NOT_SIGNED_IN", "FORBIDDEN", "NOT_FOUND", "NOT_THIS_SIDE"}
"""A denial; NOT_FOUND is that of what the caller may not even know of."""

OWN = {"createWebhook"}
"""What anybody who sees events may make for the own account (`tests/graph/test_webhooks.py`)."""
FOLLOWERS = frozenset({"liaison", "member", "coordinator"})


@pytest.fixture(scope="module")
async def hub(graph: Graph) -> Hub:
    await WORLD.write(graph)
    return Hub(graph, WORLD)


async def _viewer(hub: Hub, who: str) -> Viewer:
    if who == "visitor":
        return Viewer()
    found = await accounts.viewer(hub.graph.read, WORLD.id(f"account {who}"), NOW)
    assert found is not None
    assert bool(found.grants) == (who != "expired")
    return found


async def denial(hub: Hub, viewer: Viewer, name: str) -> str:
    """Return the code with which a mutation is refused, or what it answers instead."""
    answer = await hub.executor.answer(
        document(name), {"input": given_to(WORLD, name)}, None, hub.context(viewer)
    )
    body: dict[str, Any] = orjson.loads(answer.body)
    if "errors" in body:
        return str(body["errors"])
    result = body["data"]["result"]
    if "endorsements" in result:
        return result["endorsements"][0]["problem"]["code"]
    return result.get("code", result["__typename"])


@pytest.mark.parametrize("who", ROLES)
async def test_who_may_not_change_changes_nothing(hub: Hub, who: str) -> None:
    before = await dump(hub.graph)
    viewer = await _viewer(hub, who)
    asked = [name for name in mutation_names() if who not in FOLLOWERS or name not in OWN]
    codes = {name: await denial(hub, viewer, name) for name in asked}
    passed = {name: code for name, code in codes.items() if code not in DENIED}
    assert not passed, str(sorted(passed.items()))
    if not viewer.signed_in:
        assert set(codes.values()) == {"NOT_SIGNED_IN"}
    assert await dump(hub.graph) == before
