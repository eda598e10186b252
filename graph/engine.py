"""Opening the graph: a Neo4j where an address is given, otherwise the embedded engine."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from domain.errors import EngineUnavailable
from graph.driver import Graph
from graph.embedded import EmbeddedEngine, EmbeddedSettings
from graph.endpoint import Dialect, DriverLimits, Endpoint

EMBEDDED_DATABASE = "renling"
SCHEMES = ("bolt", "bolt+s", "bolt+ssc", "neo4j", "neo4j+s", "neo4j+ssc")


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineSettings:
    """Where the graph is. Without `uri` it is the embedded engine, in `data_directory`.

    `embedded_port` 0 takes any free port of loopback.
    """

    uri: str | None = None
    user: str = "neo4j"
    password: str = field(default="", repr=False)
    database: str = "neo4j"
    data_directory: Path = Path(".renling")
    embedded_database: str = EMBEDDED_DATABASE
    embedded_port: int = 0
    embedded_memory_megabytes: int = 1024
    embedded_java_options: tuple[str, ...] = ()
    limits: DriverLimits = field(default_factory=DriverLimits)


class Neo4jEngine:
    """A Neo4j that somebody else runs."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint

    @property
    def dialect(self) -> Dialect:
        """Which engine it is."""
        return Dialect.NEO4J

    async def endpoint(self) -> Endpoint:
        """Return its address."""
        return self._endpoint

    async def close(self) -> None:
        """Leave it running."""


def engine_of(settings: EngineSettings) -> Neo4jEngine | EmbeddedEngine:
    """Return the engine that the settings name. Raises EngineUnavailable for a bad address."""
    if settings.uri is None:
        return EmbeddedEngine(
            EmbeddedSettings(
                directory=settings.data_directory,
                database=settings.embedded_database,
                port=settings.embedded_port,
                memory_megabytes=settings.embedded_memory_megabytes,
                java_options=settings.embedded_java_options,
            )
        )
    scheme, separator, _ = settings.uri.partition("://")
    if not separator or scheme not in SCHEMES:
        raise EngineUnavailable(problem="address", address=settings.uri, reason=scheme)
    return Neo4jEngine(Endpoint(settings.uri, settings.user, settings.password, settings.database))


@asynccontextmanager
async def open_graph(settings: EngineSettings) -> AsyncGenerator[Graph]:
    """Open the graph, reached and signed in; leave the engine at the end.

    Raises EngineUnavailable when a Neo4j does not answer or refuses us, EngineUnusable when the
    embedded engine cannot run. The graph is as it is: `graph.migrations.migrate` brings it up.
    """
    engine = engine_of(settings)
    try:
        endpoint = await engine.endpoint()
        graph = Graph(engine, endpoint, settings.limits)
    except BaseException:
        await engine.close()
        raise
    try:
        await graph.verify()
        yield graph
    finally:
        await graph.close()
