"""What is planned, and how; what a hub remembers of it, and plans at its next start."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from graph import planning as room
from graph.driver import Dialect, Graph
from graph.planning import KEPT_BY_DEFAULT, MOST_RUNS, ByLevels, Planning, keeping_plans, plans_kept
from graph.statements import CompiledStatement
from server.planned import FILE, remembering
from server.settings import Settings

pytestmark = pytest.mark.anyio

STATEMENT = CompiledStatement("MATCH (n:Unit {id: $id}) RETURN [n.name, $first] AS row")
ID = "a" * 20
GIVEN = {"id": ID, "first": 5}


@pytest.fixture
def planned(graph: Graph, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """The texts that were run to be planned."""
    texts: list[str] = []
    really = graph.rehearse

    async def rehearse(statement: CompiledStatement, parameters: dict[str, Any]) -> None:
        texts.append(statement.text)
        await really(statement, parameters)

    with monkeypatch.context() as patched:
        patched.setattr(graph, "rehearse", rehearse)
        yield texts


def numbered(number: int) -> CompiledStatement:
    return CompiledStatement(f"RETURN [$first, {number}] AS row")


@pytest.mark.parametrize(("quick", "runs"), [(3600.0, 1), (0.0, MOST_RUNS)])
async def test_a_statement_is_run_until_it_answers_as_one_that_is_planned(
    graph: Graph,
    planned: list[str],
    monkeypatch: pytest.MonkeyPatch,
    quick: float,
    runs: int,
) -> None:
    monkeypatch.setattr(room, "QUICK", quick)
    async with keeping_plans(graph, ByLevels.UNPLANNED) as planning:
        planning.plan(STATEMENT, GIVEN)
        await planning.settled()
    assert planned == [STATEMENT.text] * runs


@pytest.mark.parametrize("longest", [3600.0, 0.0])
async def test_planning_makes_way_for_reads_by_levels_but_not_for_ever(
    graph: Graph, planned: list[str], monkeypatch: pytest.MonkeyPatch, longest: float
) -> None:
    monkeypatch.setattr(room, "LONGEST_PAUSE", longest)
    monkeypatch.setattr(room, "QUICK", 3600.0)
    async with keeping_plans(graph, ByLevels.UNPLANNED) as planning:
        with planning.reading_by_levels(), planning.reading_by_levels():
            planning.plan(STATEMENT, GIVEN)
            if longest:
                await graph.verify()
                assert not planned
            else:
                await planning.settled()
                assert planned
        await planning.settled()
    assert planned == [STATEMENT.text]


async def test_no_more_is_taken_for_planned_than_a_share_of_what_is_kept(graph: Graph) -> None:
    planning = Planning(graph, ByLevels.UNPLANNED, kept=8)
    for number in range(3):
        planning.plan(numbered(number), GIVEN)
    await planning.settled()
    assert planning.most_ahead == 4
    assert [text for text, _ in planning.remembered()] == [numbered(1).text, numbered(2).text]
    await planning.close()


async def test_what_an_engine_that_was_away_has_forgotten_is_planned_anew(
    graph: Graph, planned: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(room, "QUICK", 3600.0)
    async with keeping_plans(graph, ByLevels.UNPLANNED) as planning:
        planning.plan(STATEMENT, GIVEN)
        await planning.settled()
        assert not planning.runs_by_levels(STATEMENT, GIVEN)
        monkeypatch.setattr(graph.watch, "returns", graph.watch.returns + 1)
        assert planning.runs_by_levels(STATEMENT, GIVEN)
        await planning.settled()
        assert not planning.runs_by_levels(STATEMENT, GIVEN)
    assert planned == [STATEMENT.text] * 2


async def test_how_much_is_kept_is_asked_of_neo4j(graph: Graph, dialect: Dialect) -> None:
    on_neo4j = dialect is Dialect.NEO4J
    assert await plans_kept(graph) == (20_000 if on_neo4j else KEPT_BY_DEFAULT)


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
