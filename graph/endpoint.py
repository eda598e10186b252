"""Where the graph answers: which engine, at which address, and how long is waited for it."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol


class Dialect(StrEnum):
    """Which engine answers."""

    NEO4J = "NEO4J"
    EMBEDDED = "EMBEDDED"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where an engine answers, and who we are there."""

    uri: str
    user: str
    password: str
    database: str

    def __repr__(self) -> str:
        """Show no password: an endpoint may get into a log."""
        return f"Endpoint({self.uri}, {self.user}, {self.database})"


@dataclass(frozen=True, slots=True)
class DriverLimits:
    """How long and how much. Times in seconds.

    `embedded_writers` is how many transactions of one process write at the same time on the
    embedded engine. It is optimistic, page by page: of writers side by side all but one lose, so
    taking turns they are through sooner (64 contenders for one node: 0.2 s one at a time, 0.6 s
    and 180 refused attempts with 8). Neo4j queues by itself.
    """

    pool_size: int = 100
    connect_time: float = 10.0
    acquisition_time: float = 30.0
    read_time: float = 10.0
    write_time: float = 60.0
    statement_time: float | None = 30.0
    patience: float = 3.0
    embedded_writers: int = 1
    warn_of_deprecations: bool = False


class Engine(Protocol):
    """What serves the graph."""

    @property
    def dialect(self) -> Dialect:
        """Which engine it is."""
        ...

    async def endpoint(self) -> Endpoint:
        """Return where it answers now; an engine of our own that has died is started anew.

        Raises EngineUnusable when it cannot be started.
        """
        ...

    async def close(self) -> None:
        """Leave the engine; one of our own stops with its last user."""
        ...
