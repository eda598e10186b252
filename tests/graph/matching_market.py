"""A neighbourhood with offers and orders of a category of its own, and its matching runs."""

from domain.access import VISITOR, Viewer
from domain.records import Category, DemandOrder, ResourceOffer
from domain.run_records import MatchRun
from graph import accounts
from graph.driver import Graph
from resolvers.match_runs import run_matching
from resolvers.matching import Endorsement, endorse_proposals, proposals_of_run
from tests.graph.builders import NOW, Neighbourhood, put


class Market:
    """A neighbourhood whose offers and orders have a category of their own."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.here = Neighbourhood(graph)
        self.category = f"hall{self.here.prefix}"

    async def open(self) -> "Market":
        await self.here.build()
        await self.add_category(self.category)
        return self

    async def add_category(self, code: str) -> None:
        category = Category(
            id=code, created_at=NOW, code=code, name=code, name_en=code, path=f"/{code}/"
        )
        await put(self.graph, [category])

    async def order(self, owner: str = "community", **values: object) -> DemandOrder:
        order = await self.here.order(owner, **values)
        await put(
            self.graph, [], [("DemandOrder", order.id, "ORDER_CATEGORY", "Category", self.category)]
        )
        return order

    async def offer(
        self, owner: str = "unit", category: str | None = None, **values: object
    ) -> ResourceOffer:
        offer = await self.here.offer(owner, **values)
        link = ("ResourceOffer", offer.id, "OFFER_CATEGORY", "Category", category or self.category)
        await put(self.graph, [], [link])
        return offer

    async def run(self, who: str = "coordinator", area: str = "subdistrict") -> MatchRun:
        return await run_matching(
            self.graph,
            viewer=self.here.viewer(who),
            area_id=self.here.id(area),
            clock=self.here.clock,
        )

    async def proposed(self, run: MatchRun) -> list[tuple[str, str, int]]:
        rows = await proposals_of_run(self.graph, run.id)
        return sorted((row.order_id, row.offer_id, row.proposal.quantity) for row in rows)

    async def endorse(
        self, run: MatchRun, key: str = "endorse", who: str = "coordinator"
    ) -> list[Endorsement]:
        rows = await proposals_of_run(self.graph, run.id)
        return await endorse_proposals(
            self.graph,
            viewer=self.here.viewer(who),
            proposal_ids=[row.proposal.id for row in rows],
            idempotency_key=key,
            clock=self.here.clock,
        )

    async def viewer(self, who: str) -> Viewer:
        """Return the caller as the door lets it in: with its grants, or as a visitor."""
        found = await accounts.viewer(
            self.graph.read, self.here.id(f"account {who}"), self.here.clock.now
        )
        return found or VISITOR
