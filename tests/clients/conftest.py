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


@pytest.fixture(scope="session")
def node() -> Callable[..., Any]:
    """Run a program of this folder, or of its packages, and return the JSON that it prints."""

    def run(script: str, *arguments: str, directory: Path = HERE) -> Any:  # noqa: ANN401
        program = shutil.which("node")
        assert program is not None, "Node.js 20 is needed"
        done = subprocess.run(
            [program, str(HERE / script), *arguments],
            cwd=directory,
            capture_output=True,
            timeout=TIMEOUT,
            check=False,
        )
        assert done.returncode == 0, done.stdout.decode() + done.stderr.decode()
        return json.loads(done.stdout)

    return run
