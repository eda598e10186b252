"""Small graphs for tests, built from records: nodes, links, a neighbourhood with its accounts."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any, LiteralString, cast

from domain.access import Viewer
from domain.hub_records import Account, Grant
from domain.identity import derived_id, new_id
from domain.records import Area, DemandOrder, Member, Node, PartyBranch, ResourceOffer, Unit
from domain.vocabulary import AreaLevel, BranchKind, CapacityKind, MemberKind, Role, UnitKind
from graph import accounts
from graph.driver import Graph, Transaction
from graph.loading import PLACING
from graph.records import properties
from graph.statements import CompiledStatement, Statement
from resolvers.changing import Request

NOW = datetime(2026, 5, 4, 2, 0, tzinfo=UTC)
"""Monday, ten in the morning in Shanghai."""

Link = tuple[str, str, str, str, str]
"""Label and id of the start, the relationship's type, label and id of the end."""

NODES = CompiledStatement("MATCH (n) RETURN labels(n) AS labels, properties(n) AS properties")
LINKS = CompiledStatement(
    "MATCH (n)-[r]->(m) RETURN labels(n) AS labels, coalesce(n.id, n.key) AS source, "
    "type(r) AS type, coalesce(m.id, m.key) AS target"
)


def _statement(text: str) -> Statement:
    return Statement("test", cast("LiteralString", text), writes=True)


def labels_of(record: Node) -> str:
    """Return the labels of a record's node, in Cypher."""
    name = type(record).__name__
    community = isinstance(record, Area) and record.level is AreaLevel.COMMUNITY
    return f"{name}:Agent" if community or name in {"Unit", "PartyBranch", "Member"} else name


def linking(source: str, kind: str, target: str) -> str:
    """Return the Cypher that links two nodes; an item carries the path of its area."""
    also = " SET a.areaPath = b.path" if kind in PLACING else ""
    return (
        f"MATCH (a:{source} {{id: $source}}) MATCH (b:{target} {{id: $target}}) "
        f"CREATE (a)-[:{kind}]->(b){also}"
    )


async def put(graph: Graph, records: Sequence[Node], links: Sequence[Link] = ()) -> None:
    """Write nodes and the links between them."""

    async def work(transaction: Transaction) -> None:
        for record in records:
            found = {name: value for name, value in properties(record).items() if value is not None}
            text = f"CREATE (n:{labels_of(record)}) SET n = $properties"
            await transaction.run(_statement(text), properties=found)
        for source, source_id, kind, target, target_id in links:
            text = linking(source, kind, target)
            await transaction.run(_statement(text), source=source_id, target=target_id)

    await graph.write(work)


async def dump(graph: Graph) -> list[tuple[Any, ...]]:
    """Return all that is in the graph but its locks, in an order of its own, for comparing.

    Each begins with the labels of a node: of the node itself, or of the start of the link.
    """
    nodes = [
        (
            tuple(sorted(row["labels"])),
            repr(sorted(item for item in row["properties"].items() if item[0] != "lock")),
        )
        for row in await graph.read(NODES)
    ]
    links = [
        (tuple(sorted(row["labels"])), row["source"] or "", row["type"], row["target"] or "")
        for row in await graph.read(LINKS)
    ]
    return [*sorted(nodes), *sorted(links)]


@dataclass
class Ticking:
    """A clock that a test sets; it goes on by a millisecond each time it is read."""

    now: datetime = NOW

    def __call__(self) -> datetime:
        self.now += timedelta(milliseconds=1)
        return self.now

    def forward(self, **difference: float) -> None:
        """Let time pass."""
        self.now += timedelta(**difference)


@dataclass
class Neighbourhood:
    """A subdistrict with two communities, units, a branch, a resident, and accounts for them."""

    graph: Graph
    prefix: str = field(default_factory=new_id)
    clock: Ticking = field(default_factory=Ticking)

    def id(self, name: str) -> str:
        """Return the id of what has this name here."""
        return derived_id("Test", self.prefix, name)

    @property
    def district(self) -> str:
        """The id of the district."""
        return self.id("district")

    @property
    def subdistrict(self) -> str:
        """The id of the subdistrict."""
        return self.id("subdistrict")

    @property
    def community(self) -> str:
        """The id of the first community."""
        return self.id("community")

    @property
    def unit(self) -> str:
        """The id of the first unit."""
        return self.id("unit")

    def path(self, name: str) -> str:
        """Return the path of an area."""
        above = {
            "district": ("district",),
            "subdistrict": ("district", "subdistrict"),
        }.get(name, ("district", "subdistrict", name))
        return "/" + "".join(f"{self.id(part)}/" for part in above)

    def viewer(self, name: str) -> Viewer:
        """Return the caller with the account of this name; use cases read its grants anew."""
        return Viewer(account_id=self.id(f"account {name}"))

    def request(self, name: str, version: int | None = None) -> Request:
        """Return a request of that account, with a key of its own, at the clock's time."""
        return Request(
            viewer=self.viewer(name),
            idempotency_key=new_id(),
            now=self.clock(),
            expected_version=version,
        )

    async def build(self) -> "Neighbourhood":
        """Write it: communities `community` and `village`, `unit`, `school`, `branch`, `resident`.

        Accounts: `unit`, `school`, `branch`, `community`, `village` (liaisons), `both` (liaison of
        unit and community), `coordinator` (of the subdistrict), `district` (coordinator of the
        district), `referee` (the same as `coordinator`), `admin`, `nobody` (no grant).
        """
        at = NOW - timedelta(days=30)

        def area(name: str, level: AreaLevel) -> Area:
            return Area(
                id=self.id(name), created_at=at, name=name, level=level, path=self.path(name)
            )

        def unit(name: str) -> Unit:
            return Unit(id=self.id(name), created_at=at, name=name, kind=UnitKind.ORGAN)

        records: list[Node] = [
            area("district", AreaLevel.DISTRICT),
            area("subdistrict", AreaLevel.SUBDISTRICT),
            area("community", AreaLevel.COMMUNITY),
            area("village", AreaLevel.COMMUNITY),
            unit("unit"),
            unit("school"),
            PartyBranch(id=self.id("branch"), created_at=at, name="branch", kind=BranchKind.BRANCH),
            Member(
                id=self.id("resident"), created_at=at, name="resident", kind=MemberKind.VOLUNTEER
            ),
        ]
        links: list[Link] = [
            ("Area", self.subdistrict, "PART_OF", "Area", self.district),
            ("Area", self.community, "PART_OF", "Area", self.subdistrict),
            ("Area", self.id("village"), "PART_OF", "Area", self.subdistrict),
            ("Unit", self.unit, "LOCATED_IN", "Area", self.subdistrict),
            ("Unit", self.id("school"), "LOCATED_IN", "Area", self.subdistrict),
            ("PartyBranch", self.id("branch"), "OF_UNIT", "Unit", self.unit),
            ("Member", self.id("resident"), "LIVES_IN", "Area", self.community),
        ]
        await put(self.graph, records, links)
        for name in ("unit", "school", "branch", "community", "village"):
            await self.account(name, (Role.LIAISON, self.id(name)))
        await self.account("both", (Role.LIAISON, self.unit), (Role.LIAISON, self.community))
        for name in ("coordinator", "referee"):
            await self.account(name, (Role.COORDINATOR, self.subdistrict))
        await self.account("district", (Role.COORDINATOR, self.district))
        await self.account("admin", (Role.ADMIN, None))
        await self.account("nobody")
        return self

    async def account(
        self, name: str, *grants: tuple[Role, str | None], valid_until: datetime | None = None
    ) -> None:
        """Add an account with roles for areas or agents."""
        at = NOW - timedelta(days=20)

        async def work(transaction: Transaction) -> None:
            account = Account(id=self.id(f"account {name}"), created_at=at, name=name)
            await accounts.write_account(transaction, account)
            for index, (role, scope) in enumerate(grants):
                await accounts.write_grant(
                    transaction,
                    account.id,
                    Grant(
                        id=derived_id("Grant", account.id, str(index)),
                        created_at=at,
                        role=role,
                        valid_from=at,
                        valid_until=valid_until,
                    ),
                    area_id=scope if role is Role.COORDINATOR else None,
                    agent_id=scope if role is Role.LIAISON else None,
                )

        await self.graph.write(work)

    async def order(self, owner: str = "community", **values: Any) -> DemandOrder:
        """Add an order of an agent, 10 persons where nothing else is said."""
        given: dict[str, Any] = {"title": "order", "quantity": 10, "measure": "PERSON"}
        order = DemandOrder(id=new_id(), created_at=NOW, **(given | values))
        area = owner if owner in {"community", "village"} else "subdistrict"
        links: list[Link] = [
            ("Agent", self.id(owner), "NEEDS", "DemandOrder", order.id),
            ("DemandOrder", order.id, "ORDER_AT", "Area", self.id(area)),
        ]
        await put(self.graph, [order], links)
        return order

    async def offer(self, owner: str = "unit", **values: Any) -> ResourceOffer:
        """Add an offer of an agent, 10 persons in all where nothing else is said."""
        given: dict[str, Any] = {
            "title": "offer",
            "capacity_kind": CapacityKind.TOTAL,
            "capacity": 10,
            "measure": "PERSON",
            "starts_on": date(2026, 1, 1),
            "ends_on": date(2027, 12, 31),
        }
        offer = ResourceOffer(id=new_id(), created_at=NOW, **(given | values))
        links: list[Link] = [
            ("Agent", self.id(owner), "OFFERS", "ResourceOffer", offer.id),
            ("ResourceOffer", offer.id, "OFFER_AT", "Area", self.subdistrict),
        ]
        await put(self.graph, [offer], links)
        return offer
