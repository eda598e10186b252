"""The neighbourhood that the tests of claims live in; other modules build their own."""

import pytest

from graph.driver import Graph
from tests.graph.builders import NOW, Neighbourhood
from tests.graph.claim_lives import Lives


@pytest.fixture(scope="module")
async def built(graph: Graph) -> Neighbourhood:
    return await Neighbourhood(graph).build()


@pytest.fixture
def here(built: Neighbourhood) -> Neighbourhood:
    built.clock.now = NOW
    return built


@pytest.fixture
def lives(here: Neighbourhood) -> Lives:
    return Lives(here)
