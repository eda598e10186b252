"""One serving hub with the sample inventory for all clients, and Node's programs."""

import json
import shutil
import subprocess
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

import pytest

from tests.hub_commands import Service, commands_of, serving

HERE = Path(__file__).parent
TIMEOUT = 240


@pytest.fixture(scope="module")
def service(engine_environment: dict[str, str]) -> Generator[Service]:
    # Generated requests come faster than a caller may ask in production.
    rates = dict.fromkeys(("RENLING_RATE_PER_ACCOUNT", "RENLING_RATE_PER_TOKEN"), "off")
    commands = commands_of(engine_environment | rates)
    report = commands.run("demo", "--no-serve", "--json")
    with serving(commands, report) as running:
        yield running


def run_program(name: str, *arguments: str, directory: Path = HERE) -> str:
    """Run a program of this folder or of its packages with Node.js; return what it printed."""
    node = shutil.which("node")
    assert node is not None, "Node.js 20 is needed"
    script = HERE / name if name.endswith("js") else HERE / "node_modules" / ".bin" / name
    done = subprocess.run(
        [node, str(script), *arguments],
        cwd=directory,
        capture_output=True,
        timeout=TIMEOUT,
        check=False,
    )
    assert done.returncode == 0, done.stdout.decode() + done.stderr.decode()
    return done.stdout.decode()


@pytest.fixture(scope="session")
def node() -> Callable[..., Any]:
    """Run a program and return the JSON that it prints."""

    def run(name: str, *arguments: str, directory: Path = HERE) -> Any:
        return json.loads(run_program(name, *arguments, directory=directory))

    return run
