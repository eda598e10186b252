"""A world of records and links by name, and how it gets into the graph."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import LiteralString, cast

from domain.identity import derived_id, global_id
from domain.records import (
    Node,
)
from domain.searching import search_text
from graph.driver import Graph, Transaction
from graph.records import properties
from graph.statements import Statement
from tests.graph.builders import labels_of, linking

BEGAN = datetime(2026, 1, 1, tzinfo=UTC)
NOW = datetime(2026, 6, 1, tzinfo=UTC)


@dataclass
class World:
    """Records by name, and links `(name, type, name)` between them."""

    records: dict[str, Node] = field(default_factory=dict[str, Node])
    links: list[tuple[str, str, str]] = field(default_factory=list[tuple[str, str, str]])
    with_accounts: set[str] = field(default_factory=set[str])
    """The residents who have an account of their own."""

    @staticmethod
    def id(name: str) -> str:
        return derived_id("World", name)

    def gid(self, name: str) -> str:
        """The global id of what has this name."""
        return global_id(type(self.records[name]).__name__, self.id(name))

    def add(self, name: str, record: Node, *links: tuple[str, str]) -> None:
        self.records[name] = record
        self.links.extend((name, kind, other) for kind, other in links)

    def at(self) -> datetime:
        """The next creation time: every third shares it with the one before."""
        count = len(self.records)
        return BEGAN + timedelta(minutes=count - (count % 3 == 2))

    def search_text(self, record: Node) -> str:
        names = (getattr(record, name, None) for name in ("title", "name"))
        return search_text(
            [*names, *getattr(record, "aliases", ()), getattr(record, "description", None)]
        )

    async def write(self, graph: Graph) -> None:
        """Write all of it, in one transaction."""

        async def work(transaction: Transaction) -> None:
            for record in self.records.values():
                found = {
                    key: value for key, value in properties(record).items() if value is not None
                }
                found["search"] = self.search_text(record)
                text = f"CREATE (n:{labels_of(record)}) SET n = $properties"
                await transaction.run(_statement(text), properties=found)
            for source, kind, target in self.links:
                ends = (type(self.records[each]).__name__ for each in (source, target))
                text = linking(next(ends), kind, next(ends))
                await transaction.run(
                    _statement(text), source=self.id(source), target=self.id(target)
                )
            held = {end for _, kind, end in self.links if kind == "FOR_AGENT"}
            for name in sorted(self.with_accounts - held):
                text = "MATCH (m:Member {id: $id}) CREATE (:Grant {id: $grant})-[:FOR_AGENT]->(m)"
                await transaction.run(
                    _statement(text), id=self.id(name), grant=self.id(f"grant of {name}")
                )

        await graph.write(work)


def _statement(text: str) -> Statement:
    return Statement("test.world", cast("LiteralString", text), writes=True)
