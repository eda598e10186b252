"""The command that runs the embedded engine, and its administration over HTTP."""

import base64
import http.client
import importlib.util
import json
import socket
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from domain.errors import EngineUnusable

LOOPBACK = "127.0.0.1"
USER = "root"
COMMAND_SECONDS = 120
"""After which the engine stops a command by itself: nobody waits for it any more."""
WAL_FLUSH = "arcadedb.txWalFlush=2"
"""Each commit is on the disk before it is answered: the log is flushed with its metadata."""

LOGGING_FILE = "logging.properties"
LOGGING = """\
handlers = java.util.logging.ConsoleHandler
.level = WARNING
com.arcadedb.level = WARNING
java.util.logging.ConsoleHandler.formatter = com.arcadedb.log.LogFormatter
"""
"""Warnings only: the engine would write a line for each conflict that a writer retries."""

# The shell writes its process id, then becomes the engine: whoever finds the engine running also
# finds the right id, even if the command that started it was killed a moment later.
LAUNCH = ("/bin/sh", "-c", 'echo $$ > "$0" && exec "$@"')


@dataclass(frozen=True, slots=True)
class Ports:
    """Where the engine listens, on loopback only."""

    bolt: int
    http: int


@dataclass(frozen=True, slots=True)
class Package:
    """The installed files of the engine."""

    java: Path
    jars: Path

    @classmethod
    def find(cls, root: Path | None = None) -> "Package":
        """Find the engine in its PyPI package. Raises EngineUnusable where files are missing."""
        if root is None:
            spec = importlib.util.find_spec("arcadedb_embedded")
            if spec is None or not spec.submodule_search_locations:
                raise EngineUnusable(
                    problem="package", place="arcadedb_embedded", reason="not installed"
                )
            root = Path(spec.submodule_search_locations[0])
        package = cls(java=root / "jre" / "bin" / "java", jars=root / "jars")
        if not package.java.is_file():
            raise EngineUnusable(problem="package", place=str(root), reason="jre/bin/java")
        for part in ("arcadedb-server", "arcadedb-engine", "arcadedb-bolt"):
            if not any(package.jars.glob(f"{part}-*.jar")):
                raise EngineUnusable(problem="package", place=str(root), reason=f"jars/{part}")
        return package


def command(
    package: Package, root: Path, password_file: Path, ports: Ports, java_options: Sequence[str]
) -> list[str]:
    """Return the engine's command line. The password is in a file, never here."""
    settings = [
        WAL_FLUSH,
        # Not "production": that hides from us, its only client, what an error is about.
        "arcadedb.server.mode=development",
        "arcadedb.opencypher.loadCsv.allowFileUrls=false",
        f"arcadedb.command.timeout={COMMAND_SECONDS * 1000}",
        "arcadedb.server.name=renling",
        f"arcadedb.server.rootPath={root}",
        f"arcadedb.server.logsDirectory={root / 'log'}",
        f"java.util.logging.config.file={root / 'config' / LOGGING_FILE}",
        f"arcadedb.server.rootPasswordPath={password_file}",
        f"arcadedb.server.httpIncomingHost={LOOPBACK}",
        f"arcadedb.server.httpIncomingPort={ports.http}",
        "arcadedb.server.plugins=Bolt:com.arcadedb.bolt.BoltProtocolPlugin",
        f"arcadedb.bolt.host={LOOPBACK}",
        f"arcadedb.bolt.port={ports.bolt}",
        "polyglot.engine.WarnInterpreterOnly=false",
        "java.awt.headless=true",
        "file.encoding=UTF-8",
    ]
    return [
        str(package.java),
        "--add-modules=jdk.incubator.vector",
        "--enable-native-access=ALL-UNNAMED",
        "--add-opens=java.base/java.util.concurrent.atomic=ALL-UNNAMED",
        "--add-opens=java.base/java.nio.channels.spi=ALL-UNNAMED",
        "-Xms64m",
        *java_options,
        *(f"-D{setting}" for setting in settings),
        "-cp",
        f"{package.jars}/*",
        "com.arcadedb.server.ArcadeDBServer",
    ]


def port_trouble(port: int) -> str | None:
    """Return why a port of loopback cannot be listened on, None where it can."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except (OSError, OverflowError) as error:
            return str(error)
    return None


def free_ports() -> Ports:
    """Return two free ports of loopback."""
    with (
        socket.socket(socket.AF_INET, socket.SOCK_STREAM) as first,
        socket.socket(socket.AF_INET, socket.SOCK_STREAM) as second,
    ):
        first.bind((LOOPBACK, 0))
        second.bind((LOOPBACK, 0))
        return Ports(bolt=first.getsockname()[1], http=second.getsockname()[1])


class AdministrationError(Exception):
    """The engine refused an administrative command, or did not answer it."""


class Administration:
    """The engine's HTTP interface: databases, and the SQL that Cypher has no words for."""

    def __init__(self, port: int, password: str, *, timeout: float = 60.0) -> None:
        self._port = port
        self._timeout = timeout
        credentials = base64.b64encode(f"{USER}:{password}".encode()).decode("ascii")
        self._headers = {
            "Authorization": f"Basic {credentials}",
            "Content-Type": "application/json",
        }

    def ready(self) -> bool:
        """Whether the engine answers, with Bolt (which starts before HTTP) and all databases."""
        with suppress(OSError, http.client.HTTPException):
            status, _ = self._request("GET", "/api/v1/ready", None, timeout=2.0)
            return status == http.HTTPStatus.NO_CONTENT
        return False

    def create_database(self, name: str) -> None:
        """Create a database where it does not exist."""
        status, answer = self._request(
            "POST", "/api/v1/server", {"command": f"create database {name}"}
        )
        if status not in {http.HTTPStatus.OK, http.HTTPStatus.CONFLICT}:
            raise AdministrationError(answer)

    def sql(self, database: str, text: str) -> None:
        """Run an SQL command. Raises AdministrationError."""
        self._expect_ok(f"/api/v1/command/{database}", {"language": "sql", "command": text})

    def _expect_ok(self, path: str, body: dict[str, str]) -> None:
        status, answer = self._request("POST", path, body)
        if status != http.HTTPStatus.OK:
            raise AdministrationError(answer)

    def _request(
        self, method: str, path: str, body: dict[str, str] | None, *, timeout: float | None = None
    ) -> tuple[int, str]:
        connection = http.client.HTTPConnection(
            LOOPBACK, self._port, timeout=timeout or self._timeout
        )
        try:
            text = None if body is None else json.dumps(body)
            connection.request(method, path, body=text, headers=self._headers)
            response = connection.getresponse()
            return response.status, response.read().decode("utf-8", "replace")
        finally:
            connection.close()
