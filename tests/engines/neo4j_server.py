"""A real Neo4j for the tests: fetched by Maven, on loopback, with a throw-away data directory.

`RENLING_NEO4J_URI` (with `_USER`, `_PASSWORD`, `_DATABASE`) names one that runs already; it is
emptied, so it has to be empty, or marked by an earlier test run.
"""

import os
import re
import secrets
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Generator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import NoReturn

import pytest
from neo4j import Driver, GraphDatabase
from neo4j.exceptions import Neo4jError, ServiceUnavailable

DEFAULT_VERSION = "5.26.26"
ENTRY_POINTS = {"5": "org.neo4j.server.CommunityEntryPoint"}
ENTRY_POINT = "org.neo4j.server.Neo4jCommunity"
JAVA_NEEDED = {"5": 17}
NEWEST_JAVA_NEEDED = 21
START_SECONDS = 120.0
INITIAL_PASSWORD = "neo4j"
PLANNED_ONCE = (
    "server.memory.query_cache.per_db_cache_num_entries=20000",
    "dbms.cypher.statistics_divergence_threshold=1.0",
)
"""Settings by which a text is planned once in a run, however the graphs of its modules differ: most
of a run is planning otherwise. Tests of plans plan anew."""
WHAT_TO_INSTALL = (
    "The tests on Neo4j need Java {java} or newer and Maven (on Debian: apt-get install "
    "openjdk-17-jre-headless maven), or a running Neo4j named by RENLING_NEO4J_URI: {missing}."
)
POM = """<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>renling</groupId><artifactId>neo4j-for-tests</artifactId><version>1</version>
  <packaging>pom</packaging>
  <dependencies>
    <dependency>
      <groupId>org.neo4j.app</groupId><artifactId>neo4j-server</artifactId><version>{v}</version>
    </dependency>
    <dependency>
      <groupId>org.neo4j</groupId><artifactId>neo4j</artifactId><version>{v}</version>
    </dependency>
  </dependencies>
</project>
"""


@dataclass(frozen=True, slots=True)
class Server:
    """A Neo4j that the tests may use."""

    uri: str
    user: str
    password: str = field(repr=False)
    database: str = "neo4j"


@contextmanager
def neo4j_server(settings: Sequence[str] = ()) -> Generator[Server]:
    """Use the Neo4j that the environment names, or fetch and run one with these settings."""
    if uri := os.environ.get("RENLING_NEO4J_URI"):
        server = Server(
            uri,
            os.environ.get("RENLING_NEO4J_USER", "neo4j"),
            os.environ.get("RENLING_NEO4J_PASSWORD", ""),
            os.environ.get("RENLING_NEO4J_DATABASE", "neo4j"),
        )
        _mark(server)
        yield server
        return
    version = os.environ.get("NEO4J_VERSION", DEFAULT_VERSION)
    java = _java(version)
    libraries = _fetch(version)
    home = Path(tempfile.mkdtemp(prefix="renling-neo4j-"))
    try:
        yield from _run(java, libraries, home, version, settings)
    finally:
        shutil.rmtree(home, ignore_errors=True)


@contextmanager
def own_neo4j() -> Generator["OwnNeo4j"]:
    """Run a Neo4j that a test may stop, kill and start again."""
    version = os.environ.get("NEO4J_VERSION", DEFAULT_VERSION)
    java = _java(version)
    libraries = _fetch(version)
    home = Path(tempfile.mkdtemp(prefix="renling-neo4j-"))
    try:
        port = _free_port()
        own = OwnNeo4j(_command(java, libraries, home, version, port), home / "console.log")
        own.start()
        try:
            own.server = _signed_in(f"bolt://127.0.0.1:{port}", own.process, own.log)
            yield own
        finally:
            own.kill()
    finally:
        shutil.rmtree(home, ignore_errors=True)


class OwnNeo4j:
    """A Neo4j of one test."""

    server: Server
    process: "subprocess.Popen[bytes]"

    def __init__(self, command: list[str], log: Path) -> None:
        self._command = command
        self.log = log

    def start(self) -> None:
        with self.log.open("ab") as output:
            self.process = subprocess.Popen(
                self._command, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT
            )

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()


def _run(
    java: Path, libraries: Path, home: Path, version: str, settings: Sequence[str]
) -> Generator[Server]:
    port = _free_port()
    command = _command(java, libraries, home, version, port, settings)
    log = home / "console.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT
        )
        try:
            yield _signed_in(f"bolt://127.0.0.1:{port}", process, log)
        finally:
            process.kill()  # its data are thrown away: nothing to close with care
            process.wait()


def _command(
    java: Path, libraries: Path, home: Path, version: str, port: int, settings: Sequence[str] = ()
) -> list[str]:
    """Write the settings of a server, and return its command line."""
    (home / "conf").mkdir()
    (home / "conf" / "neo4j.conf").write_text(
        "\n".join(
            [
                f"server.bolt.listen_address=127.0.0.1:{port}",
                "server.http.enabled=false",
                "server.memory.heap.initial_size=256m",
                "server.memory.heap.max_size=2g",
                "server.memory.pagecache.size=128m",
                "dbms.usage_report.enabled=false",
                *settings,
                "",
            ]
        ),
        encoding="ascii",
    )
    main = ENTRY_POINTS.get(_series(version), ENTRY_POINT)
    return [
        str(java),
        "-Xms256m",
        "-Xmx2g",
        "-cp",
        f"{libraries}/*",
        main,
        f"--home-dir={home}",
        f"--config-dir={home / 'conf'}",
    ]


def _signed_in(uri: str, process: "subprocess.Popen[bytes]", log: Path) -> Server:
    """Wait until the server answers and replace its initial password by a random one."""
    password = secrets.token_urlsafe(16)
    deadline = time.monotonic() + START_SECONDS
    with GraphDatabase.driver(uri, auth=("neo4j", INITIAL_PASSWORD)) as driver:
        while not _password_set(driver, password):
            if process.poll() is not None or time.monotonic() > deadline:
                pytest.exit(f"Neo4j did not start:\n{log.read_text()[-3000:]}", returncode=3)
            time.sleep(0.2)
    return Server(uri, "neo4j", password)


def _password_set(driver: Driver, password: str) -> bool:
    with suppress(ServiceUnavailable, Neo4jError), driver.session(database="system") as session:
        session.run(
            "ALTER CURRENT USER SET PASSWORD FROM $old TO $new",
            {"old": INITIAL_PASSWORD, "new": password},
        ).consume()
        return True
    return False


def _mark(server: Server) -> None:
    """Mark a server that is given to us as the tests' own. Ends the run if it holds other data."""
    with (
        GraphDatabase.driver(server.uri, auth=(server.user, server.password)) as driver,
        driver.session(database=server.database) as session,
    ):
        record = session.run(
            "MATCH (n) WITH count(n) AS nodes "
            "RETURN nodes, EXISTS { MATCH (:EngineLock {id: 'tests'}) } AS ours"
        ).single(strict=True)
        if record["nodes"] and not record["ours"]:
            pytest.exit(
                f"{server.uri} holds {record['nodes']} nodes that no test made; the tests empty "
                "what they run on, so name an empty database",
                returncode=3,
            )
        session.run("MERGE (:EngineLock {id: 'tests'})").consume()


def _java(version: str) -> Path:
    """Return a Java that runs this release. Ends the run saying what to install."""
    needed = JAVA_NEEDED.get(_series(version), NEWEST_JAVA_NEEDED)
    homes = [Path(home) for home in (os.environ.get("JAVA_HOME"),) if home]
    candidates = [home / "bin" / "java" for home in homes]
    if on_path := shutil.which("java"):
        candidates.append(Path(on_path))
    candidates += sorted(Path("/usr/lib/jvm").glob("*/bin/java"), reverse=True)
    for candidate in candidates:
        if candidate.is_file() and _java_release(candidate) >= needed:
            return candidate
    return _missing(version, f"no Java {needed} found")


def _series(version: str) -> str:
    return version.partition(".")[0]


def _java_release(java: Path) -> int:
    said = subprocess.run([java, "-version"], capture_output=True, text=True, check=False).stderr
    found = re.search(r'version "(\d+)', said)
    return int(found.group(1)) if found else 0


def _fetch(version: str) -> Path:
    """Return the directory with the server's jars, fetched once. Ends the run when it cannot."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "renling"
    target = cache / f"neo4j-{version}"
    if target.is_dir():
        return target
    maven = shutil.which("mvn")
    if maven is None:
        _missing(version, "no mvn found")
    cache.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(prefix="fetching-", dir=cache))
    try:
        (draft / "pom.xml").write_text(POM.format(v=version), encoding="ascii")
        done = subprocess.run(
            [
                maven,
                "--batch-mode",
                "--quiet",
                "dependency:copy-dependencies",
                "-DincludeScope=runtime",
                "-DoutputDirectory=lib",
            ],
            cwd=draft,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            _missing(version, f"Maven could not fetch Neo4j {version}:\n{done.stdout[-2000:]}")
        (draft / "lib").rename(target)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return target


def _missing(version: str, what: str) -> NoReturn:
    java = JAVA_NEEDED.get(_series(version), NEWEST_JAVA_NEEDED)
    pytest.exit(WHAT_TO_INSTALL.format(java=java, missing=what), returncode=3)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
