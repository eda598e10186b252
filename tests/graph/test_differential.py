"""Both engines answer every statement and every query of the suite in the same way.

What the graph tests ask of the embedded engine is recorded (by `make test`, and here if that was of
other code). Neo4j is then asked the same, with the same ids and times, and the answers are
compared. So whatever has a test on the graph is compared, and a statement that no test runs is
named here.
"""

import importlib
import os
import pkgutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

import graph as room
from graph.driver import Graph
from graph.dump import dump
from graph.engine import EngineSettings, open_graph
from graph.migrations import migrate
from graph.restore import restore
from graph.statements import STATEMENTS
from tests.contract.asking import Hub, cases
from tests.contract.world import build_world, viewers
from tests.engines.brief import BRIEF
from tests.engines.recordings import ROOT, SUITES, kept
from tests.engines.replaying import Comparison, replay
from tests.engines.wiping import wipe

pytestmark = [pytest.mark.anyio, pytest.mark.both_engines, pytest.mark.timeout(3000)]


def record(directory: Path) -> list[Path]:
    """Run the graph tests on the embedded engine and return what they asked, by module."""
    command = [
        sys.executable,
        "-m",
        "pytest",
        "--quiet",
        "--engine=embedded",
        f"--record={directory}",
        *SUITES,
    ]
    environment = {name: value for name, value in os.environ.items() if "RENLING" not in name}
    done = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout[-6000:]
    return sorted(directory.glob("*.jsonl"))


async def test_both_engines_answer_the_same(
    graph: Graph, tmp_path: Path, pytestconfig: pytest.Config
) -> None:
    assert pytestconfig.cache is not None
    recordings = kept(pytestconfig.cache.mkdir("recordings")) or record(tmp_path)
    assert recordings
    comparison = Comparison()
    for recording in recordings:
        await wipe(graph)
        await replay(graph, recording, comparison)
    shown = "\n\n".join(comparison.differences[:10])
    assert not comparison.differences, f"{len(comparison.differences)} differences:\n\n{shown}"
    for module in pkgutil.walk_packages(room.__path__, "graph."):
        importlib.import_module(module.name)
    never = sorted(STATEMENTS.keys() - comparison.names)
    assert not never, f"run by no test of the graph: {never}"
    print(f"\n{comparison.asked} questions, {len(comparison.texts)} texts on both engines")  # noqa: T201


async def test_a_graph_moves_to_neo4j_and_back_with_the_same_answers(
    graph: Graph, tmp_path: Path
) -> None:
    world = build_world()

    async def answers(of: Graph) -> dict[str, bytes]:
        """Return what the query suite says, to everybody and to who may see everything."""
        hub = Hub(of, world)
        return {
            f"{case.name} {variables} {kind}": (
                await hub.ordinary(case.query, variables, viewers(world)[kind])
            ).body
            for case in cases(world)
            for variables in case.runs
            for kind in ("app", "admin")
        }

    first, second, third = (tmp_path / f"{name}.jsonl" for name in ("first", "second", "third"))
    settings = EngineSettings(data_directory=tmp_path, embedded_java_options=BRIEF)
    async with open_graph(settings) as embedded:
        await migrate(embedded)
        await world.write(embedded)
        said = await answers(embedded)
        counts = await dump(embedded, first)
    await wipe(graph)
    assert await restore(graph, first) == counts
    assert await answers(graph) == said
    assert await dump(graph, second) == counts
    async with open_graph(replace(settings, embedded_database="back")) as embedded:
        assert await restore(embedded, second) == counts
        assert await answers(embedded) == said
        await dump(embedded, third)
    assert first.read_bytes() == second.read_bytes() == third.read_bytes()
