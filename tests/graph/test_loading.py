"""Loading the sample: once, twice, dry, killed, two at once."""

import asyncio
import json
import os
import pickle
import signal
import sys
from pathlib import Path

import pytest

from domain.vocabulary import ItemState
from graph.driver import Graph
from graph.engine import EngineSettings
from graph.statements import CompiledStatement
from seed import SAMPLE_FILES
from tests.engines.wiping import wipe
from tests.graph.builders import dump
from tests.graph.loading_cases import Writes, check_whole_rows, counts, load_files

pytestmark = pytest.mark.anyio

EVENTS = CompiledStatement(
    "MATCH (e:Event) RETURN e.action AS action, e.actor AS actor, e.changes AS changes, "
    "e.nodeIds AS nodeIds"
)
IMPORTS = CompiledStatement(
    "MATCH (i:Import) RETURN i.sheet AS sheet, i.rows AS rows, i.written AS written, "
    "i.rejected AS rejected, i.unchanged AS unchanged"
)
STATES = CompiledStatement(
    "MATCH (o:DemandOrder) WITH o.state AS state, count(*) AS c RETURN collect([state, c]) AS found"
)
FOUND = CompiledStatement(
    """CALL db.index.fulltext.queryNodes('Unit[search]', $text) YIELD node, score
RETURN node.name AS name ORDER BY score DESC LIMIT 5"""
)
CHILD = """
import asyncio, pickle, sys
from pathlib import Path
from graph.engine import open_graph
from tests.graph.loading_cases import load_files
from seed import SAMPLE_FILES

async def main():
    settings = pickle.loads(Path(sys.argv[1]).read_bytes())
    async with open_graph(settings) as graph:
        await load_files(
            graph, SAMPLE_FILES, batch_size=40,
            progress=lambda stage, done, total: print(stage, done, total, flush=True),
        )

asyncio.run(main())
"""


@pytest.fixture
async def empty(graph: Graph) -> Graph:
    """The graph of this module without anything in it."""
    await wipe(graph)
    return graph


async def test_the_sample_loads_and_loading_it_again_writes_nothing(empty: Graph) -> None:
    first = await load_files(empty, SAMPLE_FILES)
    assert first.ok
    made = await counts(empty)
    assert {label: made[label] for label in first.counts} == {
        label: count.created for label, count in first.counts.items()
    }
    assert made["Event"] == first.events
    assert made["Import"] == len(first.sheets) == 11
    await check_whole_rows(empty)
    before = await dump(empty)
    with Writes(empty) as writes:
        second = await load_files(empty, SAMPLE_FILES)
    assert writes.names == []
    assert (second.written, second.events, second.ok) == (0, 0, True)
    assert await dump(empty) == before
    assert all(s.written == 0 and s.unchanged == s.rows for s in second.sheets)


async def test_what_a_load_leaves_behind(empty: Graph) -> None:
    report = await load_files(empty, SAMPLE_FILES)
    made = await counts(empty)
    assert made["Agent"] == made["Unit"] + made["PartyBranch"] + made["Member"] + 25
    states = dict((await empty.read(STATES))[0]["found"])
    assert states[ItemState.EXPIRED] == 3
    assert states[ItemState.OPEN] == 285
    assert (await empty.read(FOUND, text="图书馆"))[0]["name"] == "区图书馆"
    imports = {row["sheet"]: row for row in await empty.read(IMPORTS)}
    assert imports["资源清单"] == {
        "sheet": "资源清单", "rows": 239, "written": 239, "rejected": 0, "unchanged": 0,
    }  # fmt: skip
    listed: set[str] = set()
    for event in await empty.read(EVENTS):
        assert (event["action"], event["actor"]) == ("LOAD", "administrator")
        changes = json.loads(event["changes"])
        assert sorted(changes) == sorted(event["nodeIds"])
        assert not listed.intersection(changes)
        listed.update(changes)
        assert "000-000" not in event["changes"], "contacts are named, never quoted"
        assert "某" not in event["changes"]
    assert len(listed) == report.written + len(imports)


async def test_a_dry_run_writes_nothing_and_tells_the_same(empty: Graph) -> None:
    before = await dump(empty)
    with Writes(empty) as writes:
        dry = await load_files(empty, SAMPLE_FILES, dry_run=True)
    assert writes.names == []
    assert await dump(empty) == before
    real = await load_files(empty, SAMPLE_FILES)
    assert dry.counts == real.counts
    assert {change.id for change in dry.changes} == {change.id for change in real.changes}


async def test_a_load_that_stops_between_batches_is_completed_by_the_next(empty: Graph) -> None:
    def stop(stage: str, done: int, _total: int) -> None:
        if stage == "loading.progress.write" and done > 300:
            raise InterruptedError

    with pytest.raises(InterruptedError):
        await load_files(empty, SAMPLE_FILES, progress=stop, batch_size=50)
    await check_whole_rows(empty)
    broken_off = await counts(empty)
    assert "Import" not in broken_off
    report = await load_files(empty, SAMPLE_FILES)
    made = await counts(empty)
    assert made["Unit"] == 64
    assert made["ResourceOffer"] == 239
    assert sum(count.unchanged for count in report.counts.values()) > 300
    assert (await load_files(empty, SAMPLE_FILES)).written == 0


async def test_a_batch_that_fails_leaves_nothing_of_itself(empty: Graph) -> None:
    before = await dump(empty)

    def fail(name: str, _text: str, _parameters: object) -> None:
        if name == "loading.join OFFERS":
            raise InterruptedError

    empty.observers.append(fail)
    try:
        with pytest.raises(InterruptedError):
            await load_files(empty, SAMPLE_FILES, batch_size=10_000)
    finally:
        empty.observers.remove(fail)
    assert await dump(empty) == before


@pytest.mark.unrecorded
async def test_a_load_that_is_killed_leaves_whole_rows(
    empty: Graph, engine_settings: EngineSettings, tmp_path: Path
) -> None:
    settings = tmp_path / "settings"
    settings.write_bytes(pickle.dumps(engine_settings))
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-c", CHILD, str(settings),
        stdout=asyncio.subprocess.PIPE, cwd=Path(__file__).parents[2],
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
    )  # fmt: skip
    assert child.stdout is not None
    async for line in child.stdout:
        stage, done, _ = line.decode().split()
        if stage == "loading.progress.write" and int(done) > 200:
            child.send_signal(signal.SIGKILL)
            break
    assert await child.wait() == -signal.SIGKILL
    await check_whole_rows(empty)
    assert (await counts(empty))["Area"] > 0
    await load_files(empty, SAMPLE_FILES)
    await check_whole_rows(empty)
    assert (await counts(empty))["DemandOrder"] == 288
    assert (await load_files(empty, SAMPLE_FILES)).written == 0


@pytest.mark.unrecorded
async def test_two_loads_at_once_make_everything_once(empty: Graph) -> None:
    reports = await asyncio.gather(
        *(load_files(empty, SAMPLE_FILES, batch_size=size) for size in (90, 60))
    )
    made = await counts(empty)
    for label, count in reports[0].counts.items():
        other = reports[1].counts[label]
        assert count.created + other.created == made[label], label
        assert count.created + count.unchanged == other.created + other.unchanged
    await check_whole_rows(empty)
    assert (await load_files(empty, SAMPLE_FILES)).written == 0
