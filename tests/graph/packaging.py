"""A circle of agents who each give to the next, the package that a run finds, and its claims."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from domain.claims import ClaimAction
from domain.identity import new_id
from domain.records import Claim, DemandOrder, ResourceOffer
from domain.run_records import MatchRun, Package
from graph.driver import Graph
from graph.records import record
from graph.statements import CompiledStatement
from matching.model import Policy
from resolvers.claims import StepRequest, take_step
from resolvers.match_runs import run_matching
from resolvers.packages import propose_package
from tests.graph.builders import Neighbourhood, put
from tests.graph.matching_market import Market

CIRCLE = ("unit", "school", "community")
POLICY = replace(Policy(), longest_cycle=4)
PACKAGES = CompiledStatement(
    """MATCH (:MatchRun {id: $id})-[:FOUND_PACKAGE]->(k:Package)
RETURN properties(k) AS package ORDER BY k.id"""
)
PACKAGE = CompiledStatement(
    """MATCH (k:Package {id: $id})
RETURN properties(k) AS package,
    COLLECT { MATCH (k)-[:PACKS]->(p:Proposal) RETURN p.state ORDER BY p.id } AS proposals,
    COLLECT { MATCH (k)-[:PACKS]->(p:Proposal) RETURN p.id ORDER BY p.id } AS ids"""
)
CLAIMS = CompiledStatement(
    """MATCH (:Package {id: $id})<-[:BOUND_BY]-(c:Claim)-[:CLAIM_SUPPLIER]->(s:Agent)
RETURN s.id AS supplier, properties(c) AS claim ORDER BY s.id"""
)
EVENTS = CompiledStatement(
    """MATCH (e) WHERE (e:Event OR e:UnnumberedEvent) AND e.action STARTS WITH $action
RETURN e.id AS id"""
)


@dataclass
class Circle:
    """Three agents, of whom each offers in a category of its own what the next needs."""

    market: Market
    orders: dict[str, DemandOrder] = field(default_factory=dict[str, DemandOrder])
    offers: dict[str, ResourceOffer] = field(default_factory=dict[str, ResourceOffer])

    @property
    def here(self) -> Neighbourhood:
        """The neighbourhood."""
        return self.market.here

    @property
    def graph(self) -> Graph:
        """The graph."""
        return self.market.graph

    async def build(self, orders: Mapping[str, object], **values: object) -> "Circle":
        """Write what they offer and need; `orders` are values of all orders, the rest of offers."""
        for giver, receiver in zip(CIRCLE, (*CIRCLE[1:], CIRCLE[0]), strict=True):
            code = f"{giver}{self.here.prefix}"
            await self.market.add_category(code)
            self.offers[giver] = await self.market.offer(giver, code, **{"capacity": 10, **values})
            order = await self.here.order(receiver, **{"quantity": 10, **orders})
            link = ("DemandOrder", order.id, "ORDER_CATEGORY", "Category", code)
            await put(self.graph, [], [link])
            self.orders[receiver] = order
        return self

    async def run(self, policy: Policy = POLICY) -> MatchRun:
        """Match with packages."""
        return await run_matching(
            self.graph,
            viewer=self.here.viewer("coordinator"),
            area_id=self.here.subdistrict,
            policy=policy,
            clock=self.here.clock,
        )

    async def found(self, run: MatchRun) -> list[Package]:
        """Return the packages that a run has found."""
        rows = await self.graph.read(PACKAGES, id=run.id)
        return [record(Package, row["package"]) for row in rows]

    async def propose(self, package: Package, who: str = "coordinator", key: str = "") -> Package:
        """Propose a package."""
        return await propose_package(
            self.graph,
            viewer=self.here.viewer(who),
            package_id=package.id,
            idempotency_key=key or new_id(),
            clock=self.here.clock,
        )

    async def proposed(self) -> Package:
        """Run, and propose the one package that is found."""
        (package,) = await self.found(await self.run())
        return await self.propose(package)

    async def now(self, package: Package) -> tuple[Package, list[str]]:
        """Return a package as it is, and the states of its proposals."""
        (row,) = await self.graph.read(PACKAGE, id=package.id)
        return record(Package, row["package"]), row["proposals"]

    async def proposal_ids(self, package: Package) -> list[str]:
        """Return the ids of a package's proposals."""
        (row,) = await self.graph.read(PACKAGE, id=package.id)
        return row["ids"]

    async def claims(self, package: Package) -> dict[str, Claim]:
        """Return the claims of a package by the name of who gives."""
        names = {self.here.id(name): name for name in CIRCLE}
        rows = await self.graph.read(CLAIMS, id=package.id)
        return {names[row["supplier"]]: record(Claim, row["claim"]) for row in rows}

    async def states(self, package: Package) -> set[str]:
        """Return the states of the claims of a package."""
        return {claim.state.value for claim in (await self.claims(package)).values()}

    async def step(self, who: str, claim: Claim, action: ClaimAction, key: str = "") -> Claim:
        """Take a step of a claim."""
        reason = "no" if action in {ClaimAction.DECLINE, ClaimAction.CANCEL} else None
        return await take_step(
            self.graph,
            claim.id,
            StepRequest(action=action, reason=reason),
            viewer=self.here.viewer(who),
            idempotency_key=key or new_id(),
            clock=self.here.clock,
        )

    async def accept(self, package: Package, giver: str, *, all_but: str = "") -> None:
        """Let both sides of the claim of a giver accept it, but for one account."""
        claim = (await self.claims(package))[giver]
        receiver = CIRCLE[(CIRCLE.index(giver) + 1) % len(CIRCLE)]
        for who in (giver, receiver):
            if who != all_but:
                await self.step(who, claim, ClaimAction.ACCEPT)

    async def events(self, action: str) -> int:
        """Return how many events there are of actions that begin so."""
        return len(await self.graph.read(EVENTS, action=action))
