"""What a hub remembers of what was planned, and plans at its next start."""

from pathlib import Path

import pytest

from graph.driver import Graph
from graph.planning import ByLevels, keeping_plans
from graph.statements import CompiledStatement
from server.planned import FILE, remembering
from server.settings import Settings

pytestmark = pytest.mark.anyio

STATEMENT = CompiledStatement("MATCH (n:Unit {id: $id}) RETURN [n.name, $first] AS row")
ID = "a" * 20
GIVEN = {"id": ID, "first": 5}


async def test_what_was_planned_is_planned_at_the_next_start(graph: Graph, tmp_path: Path) -> None:
    settings = Settings(data_directory=tmp_path)
    async with (
        keeping_plans(graph, ByLevels.UNPLANNED) as planning,
        remembering(planning, settings),
    ):
        assert planning.runs_by_levels(STATEMENT, GIVEN)
        await planning.settled()
        assert not planning.runs_by_levels(STATEMENT, GIVEN)
    kept = (tmp_path / FILE).read_text()
    assert "n.name" in kept
    assert ID not in kept
    async with (
        keeping_plans(graph, ByLevels.UNPLANNED) as planning,
        remembering(planning, settings),
    ):
        await planning.settled()
        assert not planning.runs_by_levels(STATEMENT, GIVEN)
        assert planning.runs_by_levels(STATEMENT, {"id": "a", "first": 5})


@pytest.mark.parametrize("broken", ["", "{}", "[1, 2]", "nonsense"])
async def test_a_file_that_cannot_be_read_is_left_aside(
    graph: Graph, tmp_path: Path, broken: str
) -> None:
    (tmp_path / FILE).write_text(broken)
    settings = Settings(data_directory=tmp_path)
    async with (
        keeping_plans(graph, ByLevels.UNPLANNED) as planning,
        remembering(planning, settings),
    ):
        assert planning.remembered() == []


async def test_where_nothing_runs_by_levels_nothing_is_kept(graph: Graph, tmp_path: Path) -> None:
    settings = Settings(data_directory=tmp_path)
    async with keeping_plans(graph, ByLevels.NEVER) as planning, remembering(planning, settings):
        assert not planning.runs_by_levels(STATEMENT, GIVEN)
    assert not (tmp_path / FILE).exists()
