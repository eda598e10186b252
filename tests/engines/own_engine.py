"""An engine of one test, which may be stopped for a while, killed, and started again."""

import os
import signal
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from graph.embedded import EmbeddedEngine, EmbeddedSettings
from graph.endpoint import Dialect
from tests.engines.brief import BRIEF
from tests.engines.neo4j_server import OwnNeo4j, own_neo4j


class OwnEngine:
    """What a test does to its engine; `environment` are the settings of a hub on it."""

    def __init__(self, engine: EmbeddedEngine | OwnNeo4j, environment: dict[str, str]) -> None:
        self._engine = engine
        self.environment = environment

    @property
    def restarts_by_itself(self) -> bool:
        """Whether the hub starts it again: it is the hub's own."""
        return isinstance(self._engine, EmbeddedEngine)

    def freeze(self) -> None:
        """Let it hold still: its connections stay open and nothing answers."""
        os.kill(self._process, signal.SIGSTOP)
        # A process of many threads stops one after the other: some may still answer until then.
        while not self._stopped():
            time.sleep(0.01)

    def thaw(self) -> None:
        os.kill(self._process, signal.SIGCONT)

    def _stopped(self) -> bool:
        """Whether every thread is stopped: state T of proc_pid_stat(5), after the name."""
        threads = Path(f"/proc/{self._process}/task").glob("*/stat")
        return all(each.read_text().rpartition(")")[2].split()[0] == "T" for each in threads)

    def kill(self) -> None:
        if isinstance(self._engine, OwnNeo4j):
            self._engine.kill()
        else:
            os.kill(self._process, signal.SIGKILL)

    def start_again(self) -> None:
        if isinstance(self._engine, OwnNeo4j):
            self._engine.start()

    @property
    def _process(self) -> int:
        if isinstance(self._engine, OwnNeo4j):
            return self._engine.process.pid
        process = self._engine.process()
        assert process is not None
        return process


@contextmanager
def own_engine_of(dialect: Dialect, directory: Path) -> Generator[OwnEngine]:
    """Run an engine that nobody else uses."""
    if dialect is Dialect.NEO4J:
        with own_neo4j() as own:
            server = own.server
            environment = {
                "RENLING_NEO4J_URI": server.uri,
                "RENLING_NEO4J_USER": server.user,
                "RENLING_NEO4J_PASSWORD": server.password,
                "RENLING_NEO4J_DATABASE": server.database,
                "RENLING_DATA_DIRECTORY": str(directory),
            }
            yield OwnEngine(own, environment)
        return
    engine = EmbeddedEngine(EmbeddedSettings(directory=directory, java_options=BRIEF))
    engine.attach()
    try:
        yield OwnEngine(engine, {"RENLING_DATA_DIRECTORY": str(directory)})
    finally:
        engine.detach()
