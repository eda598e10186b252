"""The embedded engine as a process: shared, stopped with its last user, safe when killed."""

import asyncio
import os
import signal
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from domain.errors import EngineUnavailable, EngineUnusable
from domain.language import Language
from graph.driver import Graph
from graph.embedded import EmbeddedEngine, EmbeddedSettings
from graph.embedded_server import WAL_FLUSH
from graph.engine import EngineSettings, open_graph
from graph.migrations import migrate
from graph.statements import CompiledStatement, Statement
from tests.engines.brief import BRIEF

WRITE = Statement("tests.write", "CREATE (n:Unit {id: $id})", writes=True)
WRITTEN = CompiledStatement("MATCH (n:Unit) RETURN n.id AS id")
USER = """
import sys
from pathlib import Path
from graph.embedded import EmbeddedEngine, EmbeddedSettings
directory, *java_options = sys.argv[1:]
settings = EmbeddedSettings(directory=Path(directory), java_options=tuple(java_options))
engine = EmbeddedEngine(settings)
engine.attach()
print(engine.process(), flush=True)
sys.stdin.read()
engine.detach()
"""


@pytest.fixture
def directory(tmp_path: Path) -> Generator[Path]:
    """A data directory of its own; an engine that a failed test left in it is ended."""
    yield tmp_path
    if (tmp_path / "engine").is_dir():
        left = EmbeddedEngine(EmbeddedSettings(directory=tmp_path)).process()
        if left is not None:
            os.kill(left, signal.SIGKILL)
            pytest.fail("an engine was left running")


def engine_in(directory: Path) -> EmbeddedEngine:
    return EmbeddedEngine(EmbeddedSettings(directory=directory, java_options=BRIEF))


def settings_of(directory: Path) -> EngineSettings:
    return EngineSettings(data_directory=directory, embedded_java_options=BRIEF)


@contextmanager
def other_user(directory: Path) -> Generator[tuple["subprocess.Popen[str]", int]]:
    """Another process that uses the engine, and the engine's process id that it sees."""
    with subprocess.Popen(
        [sys.executable, "-c", USER, str(directory), *BRIEF],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            assert process.stdout is not None
            yield process, int(process.stdout.readline())
        finally:
            process.kill()


def running(process: int) -> bool:
    """Whether a process runs (an ended child of ours that nobody waited for does not)."""
    try:
        state = Path(f"/proc/{process}/stat").read_text(encoding="ascii").rpartition(")")[2]
    except FileNotFoundError:
        return False
    return state.split()[0] != "Z"


def arguments(process: int) -> list[str]:
    return Path(f"/proc/{process}/cmdline").read_text(encoding="utf-8").split("\0")


def test_the_second_user_joins_and_the_last_one_stops_the_engine(directory: Path) -> None:
    first, second = engine_in(directory), engine_in(directory)
    try:
        endpoint = first.attach()
        process = first.process()
        assert process is not None
        assert second.attach() == endpoint
        assert second.process() == process
        first.detach()
        assert running(process)
        assert second.process() == process
    finally:
        first.detach()
        second.detach()
    assert first.process() is None
    assert not running(process)


def test_users_that_come_at_the_same_time_start_one_engine(directory: Path) -> None:
    engines = [engine_in(directory) for _ in range(4)]
    try:
        with ThreadPoolExecutor(len(engines)) as pool:
            endpoints = list(pool.map(EmbeddedEngine.attach, engines))
        assert endpoints == [endpoints[0]] * len(engines)
    finally:
        for engine in engines:
            engine.detach()


def test_a_user_of_another_process_keeps_the_engine(directory: Path) -> None:
    engine = engine_in(directory)
    engine.attach()
    with other_user(directory) as (other, process):
        assert process == engine.process()
        engine.detach()
        assert running(process)
        assert other.stdin is not None
        other.stdin.close()
        assert other.wait(60) == 0
    assert not running(process)


def test_a_user_that_is_killed_counts_no_longer(directory: Path) -> None:
    with other_user(directory) as (starter, process):
        starter.kill()
        starter.wait()
        assert running(process)
        engine = engine_in(directory)
        engine.attach()
        assert engine.process() == process
        engine.detach()
    assert not running(process)


def test_commits_are_flushed_and_no_password_is_on_the_command_line(directory: Path) -> None:
    engine = engine_in(directory)
    try:
        endpoint = engine.attach()
        process = engine.process()
        assert process is not None
        line = arguments(process)
        assert WAL_FLUSH == "arcadedb.txWalFlush=2"
        assert [part for part in line if "txWalFlush" in part] == [f"-D{WAL_FLUSH}"]
        environment = Path(f"/proc/{process}/environ").read_text(encoding="utf-8")
        assert endpoint.password not in "\0".join(line) + environment
        assert endpoint.password not in repr(endpoint)
        password = directory / "engine" / "password"
        assert password.read_text(encoding="ascii") == endpoint.password
        assert stat.S_IMODE(password.stat().st_mode) == 0o600
        assert stat.S_IMODE((directory / "engine").stat().st_mode) == 0o700
    finally:
        engine.detach()


def test_only_loopback_is_listened_on(directory: Path) -> None:
    engine = engine_in(directory)
    try:
        engine.attach()
        process = engine.process()
        sockets = {
            str(handle.readlink())
            for handle in Path(f"/proc/{process}/fd").iterdir()
            if handle.is_symlink()
        }
        listening = [
            line.split()
            for table in ("tcp", "tcp6")
            for line in Path(f"/proc/{process}/net/{table}").read_text("ascii").splitlines()[1:]
        ]
        ours = {
            fields[1].rpartition(":")[0]
            for fields in listening
            if fields[3] == "0A" and f"socket:[{fields[9]}]" in sockets
        }
        assert ours
        assert ours <= {"0100007F", "0000000000000000FFFF00000100007F"}
    finally:
        engine.detach()


@pytest.mark.anyio
async def test_a_killed_engine_has_lost_nothing_that_was_answered(directory: Path) -> None:
    answered: set[str] = set()
    async with open_graph(settings_of(directory)) as graph:
        await migrate(graph)

        async def write_on(worker: int) -> None:
            for number in range(60):
                key = f"{worker}-{number}"
                # The outcome of a commit that the kill interrupted is not known.
                with suppress(EngineUnavailable):
                    await graph.write(lambda transaction, key=key: transaction.run(WRITE, id=key))
                    answered.add(key)
                    if len(answered) in {40, 110}:
                        # Not waited for: users meet an engine that is about to be gone.
                        process = engine_of(graph).process()
                        assert process is not None
                        os.kill(process, signal.SIGKILL)

        await asyncio.gather(*(write_on(worker) for worker in range(4)))
        found = {row["id"] for row in await graph.read(WRITTEN)}
    assert len(answered) >= 4 * 60 - 2 * 4
    assert answered <= found
    # What was not answered is at most what was under way at the two kills.
    assert len(found - answered) <= 2 * 4


@pytest.mark.anyio
async def test_an_engine_that_comes_back_on_another_port_is_found(directory: Path) -> None:
    async with open_graph(settings_of(directory)) as graph:
        former = graph.address
        await asyncio.to_thread(kill, engine_of(graph))
        # Without a note of its former ports it takes others, as it does where they are taken.
        (directory / "engine" / "ports.json").unlink()
        assert await graph.read(CompiledStatement("RETURN 1 AS one")) == [{"one": 1}]
        assert graph.address != former


def kill(engine: EmbeddedEngine) -> None:
    """Kill the engine and wait until it has let go of all it held."""
    process = engine.process()
    assert process is not None
    os.kill(process, signal.SIGKILL)
    while engine.process() is not None:
        time.sleep(0.005)


def engine_of(graph: Graph) -> EmbeddedEngine:
    assert isinstance(graph.engine, EmbeddedEngine)
    return graph.engine


def refused(settings: EmbeddedSettings) -> EngineUnusable:
    engine = EmbeddedEngine(settings)
    try:
        with pytest.raises(EngineUnusable) as caught:
            engine.attach()
    finally:
        engine.detach()
    for language in Language:
        assert str(caught.value.details["place"]) in caught.value.message(language)
    return caught.value


def test_a_file_in_the_way_of_the_directory_is_told(directory: Path) -> None:
    way = directory / "file"
    way.write_text("in the way", encoding="ascii")
    for place in (way, way / "below", Path("/proc/renling")):
        assert refused(EmbeddedSettings(directory=place)).details["problem"] == "directory"


def test_a_full_disk_is_told(directory: Path) -> None:
    settings = EmbeddedSettings(directory=directory, minimum_free_megabytes=10**9)
    assert refused(settings).details["problem"] == "disk"


def test_a_taken_port_is_told(directory: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port: int = taken.getsockname()[1]
        error = refused(EmbeddedSettings(directory=directory, port=port, java_options=BRIEF))
    assert error.details["problem"] == "port"
    assert error.details["place"] == port


def test_a_given_port_is_used(directory: Path) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    engine = EmbeddedEngine(EmbeddedSettings(directory=directory, port=port, java_options=BRIEF))
    try:
        endpoint = engine.attach()
        assert endpoint.uri == f"bolt://127.0.0.1:{port}"
    finally:
        engine.detach()


def test_missing_files_of_the_engine_are_told(directory: Path) -> None:
    settings = EmbeddedSettings(directory=directory, package=directory / "nothing")
    assert refused(settings).details["problem"] == "package"


def test_an_engine_that_dies_at_its_start_is_told_with_its_last_words(directory: Path) -> None:
    error = refused(EmbeddedSettings(directory=directory, memory_megabytes=1))
    assert error.details["problem"] == "start"
    assert "heap" in str(error.details["reason"])
