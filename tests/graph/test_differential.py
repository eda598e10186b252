"""Both engines answer every statement and every query of the suite in the same way.

The graph tests run once on the embedded engine, and what they ask is recorded; Neo4j is then asked
the same, with the same ids and times, and the answers are compared. So whatever has a test on the
graph is compared, and a statement that no test runs is named here.
"""

import importlib
import os
import pkgutil
import subprocess
import sys
from pathlib import Path

import pytest

import graph as room
from graph.driver import Graph
from graph.statements import STATEMENTS
from tests.engines.replaying import Comparison, replay
from tests.engines.wiping import wipe

pytestmark = [pytest.mark.anyio, pytest.mark.both_engines, pytest.mark.timeout(3000)]

ROOT = Path(__file__).parents[2]
SUITES = ("tests/graph", "tests/contract")


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


async def test_both_engines_answer_the_same(graph: Graph, tmp_path: Path) -> None:
    recordings = record(tmp_path)
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
