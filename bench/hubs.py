"""An engine with a graph of its own, and hubs and other servers beside it, for benchmarks."""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Generator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from domain.access import HeldGrant, Viewer
from domain.vocabulary import Role
from graph.endpoint import Endpoint
from graph.engine import EngineSettings
from tests.engines.neo4j_server import neo4j_server

ROOT = Path(__file__).parents[1]
OPERATOR = Viewer(account_id="SYSTEM", grants=(HeldGrant(role=Role.ADMIN),))
HUB = (sys.executable, "-c", "from server.command_line import main; main()")
UNLIMITED = "100000000/minute"
"""Rates are counted as in production, and far above what one machine can ask."""


@dataclass(frozen=True, slots=True)
class Engine:
    """A running engine with an empty graph, and a directory for the hub's own files."""

    name: str
    settings: EngineSettings
    directory: Path

    def environment(self, endpoint: Endpoint) -> dict[str, str]:
        """Return the settings of a hub process on this engine."""
        found = {
            **os.environ,
            "RENLING_DATA_DIRECTORY": str(self.directory),
            "RENLING_RATE_PER_ACCOUNT": UNLIMITED,
            "RENLING_RATE_PER_TOKEN": UNLIMITED,
        }
        if self.settings.uri is not None:
            found |= {
                "RENLING_NEO4J_URI": endpoint.uri,
                "RENLING_NEO4J_USER": endpoint.user,
                "RENLING_NEO4J_PASSWORD": endpoint.password,
                "RENLING_NEO4J_DATABASE": endpoint.database,
            }
        return found


@contextmanager
def engine(name: str) -> Generator[Engine]:
    """Give an engine by its name, `embedded` or `neo4j`, with a throw-away graph."""
    with ExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        settings = EngineSettings(data_directory=directory)
        if name == "neo4j":
            server = stack.enter_context(neo4j_server())
            settings = EngineSettings(
                uri=server.uri,
                user=server.user,
                password=server.password,
                database=server.database,
                data_directory=directory,
            )
        yield Engine(name, settings, directory)


@contextmanager
def serving(command: Sequence[str], environment: Mapping[str, str]) -> Generator[dict[str, Any]]:
    """Start a server and give the JSON by which it says where it listens."""
    process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE)
    try:
        assert process.stdout is not None
        said = b""
        while not said.rstrip().endswith(b"}"):
            line = process.stdout.readline()
            if not line:
                raise RuntimeError(f"{command[0]} ended before it served")
            said += line
        yield json.loads(said)
    finally:
        process.terminate()
        process.wait(timeout=30)


@contextmanager
def hub(environment: Mapping[str, str]) -> Generator[str]:
    """Serve the hub on a free port and give its GraphQL address."""
    with serving([*HUB, "serve", "--port", "0", "--json"], environment) as said:
        yield said["serving"]


def progress(what: str) -> Any:
    """Return what shows how far something is."""

    def show(done: int, total: int) -> None:
        end = "\n" if done == total else "\r"
        print(f"{what}: {done:,} of {total:,}", end=end, file=sys.stderr, flush=True)

    return show
