"""Loading in tests: files from lines of text, callers, and what has to hold after any load."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Self

from domain.access import HeldGrant, Viewer
from domain.identity import new_id
from domain.vocabulary import Role
from graph.driver import Graph
from graph.statements import STATEMENTS, CompiledStatement
from resolvers.loading import Progress, load
from resolvers.loading_report import LoadReport
from seed.reading import read_files

ADMIN = Viewer("administrator", (HeldGrant(Role.ADMIN),))
NOW = datetime(2026, 5, 4, 2, 0, tzinfo=UTC)
DISTRICT = "130803"

ITEMS = CompiledStatement(
    """MATCH (o:ResourceOffer)
RETURN o.title AS title, COUNT { (o)<-[:OFFERS]-() } AS agents,
    COUNT { (o)-[:OFFER_CATEGORY]->() } AS categories, COUNT { (o)-[:OFFER_AT]->() } AS places,
    COUNT { (o)<-[:LISTS_OFFER]-() } AS lists
UNION ALL
MATCH (o:DemandOrder)
RETURN o.title AS title, COUNT { (o)<-[:NEEDS]-() } AS agents,
    COUNT { (o)-[:ORDER_CATEGORY]->() } AS categories, COUNT { (o)-[:ORDER_AT]->() } AS places,
    COUNT { (o)<-[:LISTS_ORDER]-() } AS lists"""
)
PAIRINGS = CompiledStatement(
    "MATCH (p:Pairing) RETURN p.id AS id, COUNT { (p)-[:PAIRS]->() } AS ends"
)
UNITS = CompiledStatement(
    "MATCH (u:Unit) RETURN u.name AS name, COUNT { (u)-[:LOCATED_IN]->() } AS areas"
)
COUNTS = CompiledStatement(
    """MATCH (n) WHERE NOT n:EngineLock UNWIND labels(n) AS label WITH label, count(*) AS c
RETURN collect([label, c]) AS found"""
)


@dataclass
class Clock:
    """A clock that goes on by a second with each look."""

    now: datetime = field(default=NOW)

    def __call__(self) -> datetime:
        self.now += timedelta(seconds=1)
        return self.now


CLOCK = Clock()


def sheet(path: Path, *lines: str) -> Path:
    """Write a csv file of lines whose cells are separated by `|`."""
    path.write_text("\n".join(line.replace("|", ",") for line in lines), encoding="utf-8")
    return path


def no_progress(_stage: str, _done: int, _total: int) -> None:
    """Tell nobody."""


async def load_files(
    graph: Graph,
    files: Sequence[Path],
    *,
    viewer: Viewer = ADMIN,
    area: str | None = None,
    dry_run: bool = False,
    progress: Progress = no_progress,
    batch_size: int = 500,
) -> LoadReport:
    """Load files as the administrator, unless somebody else is named."""
    return await load(
        graph,
        read_files(files, CLOCK().date()),
        viewer=viewer,
        area=area,
        dry_run=dry_run,
        clock=CLOCK,
        ids=new_id,
        progress=progress,
        batch_size=batch_size,
    )


async def counts(graph: Graph) -> dict[str, int]:
    """Return how many nodes there are of each label."""
    return dict((await graph.read(COUNTS))[0]["found"])


async def check_whole_rows(graph: Graph) -> None:
    """Check that nothing is there without what its row links it with."""
    for row in await graph.read(ITEMS):
        assert row["agents"] == row["categories"] == row["places"] == row["lists"] == 1, row
    assert all(row["ends"] == 2 for row in await graph.read(PAIRINGS))
    assert all(row["areas"] == 1 for row in await graph.read(UNITS))


class Writes:
    """Counts the writing statements that a graph is given."""

    def __init__(self, graph: Graph) -> None:
        self.names: list[str] = []
        self._graph = graph

    def __enter__(self) -> Self:
        self._graph.observers.append(self._observe)
        return self

    def __exit__(self, *_: object) -> None:
        self._graph.observers.remove(self._observe)

    def _observe(self, name: str, _text: str, _parameters: object) -> None:
        if name in STATEMENTS and STATEMENTS[name].writes:
            self.names.append(name)
