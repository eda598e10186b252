"""The hub's commands as processes, for tests that use it as people do."""

import json
import os
import subprocess
import sys
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

RENLING = [sys.executable, "-c", "from server.command_line import main; main()"]
TIMEOUT = 240


@dataclass
class Commands:
    """Runs commands of one hub."""

    environment: dict[str, str]

    def run(self, *arguments: str, status: int = 0) -> Any:
        """Run one command to its end and return what it said; any other status fails."""
        done = subprocess.run(
            [*RENLING, *arguments],
            env=self.environment,
            capture_output=True,
            timeout=TIMEOUT,
            check=False,
        )
        said = done.stdout.decode() + done.stderr.decode()
        assert done.returncode == status, said
        assert "Traceback" not in said
        return json.loads(done.stdout) if "--json" in arguments else said


@dataclass
class Service:
    """A serving hub with the sign-in tokens of the sample roles."""

    address: str
    tokens: Mapping[str, str]
    process: subprocess.Popen[bytes]


def commands_of(environment: Mapping[str, str]) -> Commands:
    """Return commands that run with these settings beside those of this process."""
    return Commands({**os.environ, **environment})


@contextmanager
def serving(commands: Commands, report: Mapping[str, Any]) -> Generator[Service]:
    """Serve on a free port what a demonstration has made; killed at the end if it still runs."""
    process = subprocess.Popen(
        [*RENLING, "serve", "--port", "0", "--json"],
        env=commands.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    try:
        assert process.stdout is not None
        address = json.loads(process.stdout.readline())["serving"]
        tokens = {sign_in["role"]: sign_in["token"] for sign_in in report["signIns"]}
        yield Service(address, tokens, process)
    finally:
        process.kill()
        process.communicate()
