"""What the reports of the command line need to know of the graph."""

from dataclasses import dataclass
from itertools import takewhile
from typing import Any

from domain.run_records import MatchRun
from domain.vocabulary import AreaLevel, ClaimState, Initiator
from graph.driver import Graph
from graph.records import record
from graph.statements import statement

LATEST_RUN = statement(
    "reports.latest_run",
    """
    MATCH (run:MatchRun {state: $state})
    RETURN properties(run) AS run ORDER BY run.sortKey DESC LIMIT 1
    """,
)
ORDERS = statement(
    "reports.orders",
    """
    UNWIND $ids AS id
    MATCH (item:DemandOrder {id: id}) MATCH (agent:Agent)-[:NEEDS]->(item)
    RETURN item.id AS id, item.title AS title, item.measure AS measure,
        agent.id AS agentId, agent.name AS agentName
    """,
)
OFFERS = statement(
    "reports.offers",
    """
    UNWIND $ids AS id
    MATCH (item:ResourceOffer {id: id}) MATCH (agent:Agent)-[:OFFERS]->(item)
    RETURN item.id AS id, item.title AS title, item.measure AS measure,
        agent.id AS agentId, agent.name AS agentName
    """,
)
VERIFIED_CLAIMS = statement(
    "reports.verified_claims",
    """
    MATCH (claim:Claim)
    WHERE claim.state IN $states
    RETURN claim.initiator AS initiator, claim.id AS id ORDER BY claim.sortKey
    """,
)
CLAIM_HISTORY = statement(
    "reports.claim_history",
    """
    MATCH (claim:Claim {id: $id}) MATCH (event:Event)-[:CHANGED]->(claim)
    WITH event ORDER BY event.sortKey
    OPTIONAL MATCH (account:Account {id: event.actor})
    RETURN event.action AS action, event.createdAt AS at, account.name AS actor
    """,
)
AREA_BY_CODE = statement(
    "reports.area_by_code",
    """
    MATCH (area:Area {code: $wanted})
    RETURN area.id AS id, area.name AS name, area.path AS path
    """,
)
AREA_BY_NAME = statement(
    "reports.area_by_name",
    """
    MATCH (area:Area {name: $wanted})
    RETURN area.id AS id, area.name AS name, area.path AS path ORDER BY area.path
    """,
)
AGENT_BY_NAME = statement(
    "reports.agent_by_name",
    "MATCH (agent:Agent {name: $wanted}) RETURN agent.id AS id ORDER BY id",
)
PLACE_OF_ORDER = statement(
    "reports.place_of_order",
    "MATCH (:DemandOrder {id: $id})-[:ORDER_AT]->(area:Area) RETURN area.path AS path",
)
CLAIM_ENDS = statement(
    "reports.claim_ends",
    """
    MATCH (claim:Claim {id: $id})
    MATCH (claim)-[:CLAIM_SUPPLIER]->(supplier:Agent)
    MATCH (claim)-[:CLAIM_RECEIVER]->(receiver:Agent)
    RETURN claim.id AS id, claim.state AS state, claim.quantity AS quantity,
        claim.measure AS measure, supplier.name AS supplier, receiver.name AS receiver,
        head([(claim)-[:FOR_ORDER]->(item:DemandOrder) | item.id]) AS orderId,
        head([(claim)-[:FOR_ORDER]->(item:DemandOrder) | item.title]) AS orderTitle
    """,
)
PLACES_OF_ORDERS = statement(
    "reports.places_of_orders",
    "MATCH (:DemandOrder)-[:ORDER_AT]->(area:Area) RETURN DISTINCT area.path AS path ORDER BY path",
)
AREAS = statement(
    "reports.areas",
    """
    UNWIND $ids AS id
    MATCH (area:Area {id: id})
    RETURN area.id AS id, area.name AS name, area.path AS path, area.level AS level
    """,
)


@dataclass(frozen=True, slots=True)
class Item:
    """An order or an offer as a report names it, with its owner."""

    id: str
    title: str
    measure: str
    agent_id: str
    agent_name: str


@dataclass(frozen=True, slots=True)
class ClaimEnds:
    """What a claim binds, as a report says it."""

    id: str
    state: ClaimState
    quantity: int
    measure: str
    supplier: str
    receiver: str
    order_id: str | None
    order_title: str | None


@dataclass(frozen=True, slots=True)
class Place:
    """An area as a report names it."""

    id: str
    name: str
    path: str


@dataclass(frozen=True, slots=True)
class HistoryLine:
    """A line of a claim's history; the actor is None for what happened by itself."""

    action: str
    at: str
    actor: str | None


async def latest_run(graph: Graph) -> MatchRun | None:
    """Return the latest finished run, or None."""
    rows = await graph.read(LATEST_RUN, state="DONE")
    return record(MatchRun, rows[0]["run"]) if rows else None


async def orders(graph: Graph, ids: list[str]) -> dict[str, Item]:
    """Return orders by id."""
    return {row["id"]: _item(row) for row in await graph.read(ORDERS, ids=ids)}


async def offers(graph: Graph, ids: list[str]) -> dict[str, Item]:
    """Return offers by id."""
    return {row["id"]: _item(row) for row in await graph.read(OFFERS, ids=ids)}


async def verified_claims(graph: Graph) -> dict[Initiator, str]:
    """Return the first verified claim of each initiator that has one."""
    states = [ClaimState.COMPLETED, ClaimState.EVALUATED]
    rows = await graph.read(VERIFIED_CLAIMS, states=states)
    return {Initiator(row["initiator"]): row["id"] for row in reversed(rows)}


async def claim_history(graph: Graph, claim_id: str) -> list[HistoryLine]:
    """Return what happened to a claim, in order."""
    rows = await graph.read(CLAIM_HISTORY, id=claim_id)
    return [HistoryLine(row["action"], row["at"], row["actor"]) for row in rows]


def _item(row: dict[str, Any]) -> Item:
    return Item(row["id"], row["title"], row["measure"], row["agentId"], row["agentName"])


async def district_of_order(graph: Graph, order_id: str) -> Place:
    """Return the district in which an order is, or the top area where there is no district."""
    (found,) = await graph.read(PLACE_OF_ORDER, id=order_id)
    rows = await graph.read(AREAS, ids=found["path"].strip("/").split("/"))
    rows.sort(key=lambda row: len(row["path"]))
    chosen = next((row for row in rows if row["level"] == AreaLevel.DISTRICT), rows[0])
    return Place(chosen["id"], chosen["name"], chosen["path"])


async def area_of_all_orders(graph: Graph) -> str | None:
    """Return the id of the smallest area in which all orders are, None where there is none."""
    paths = [row["path"] for row in await graph.read(PLACES_OF_ORDERS)]
    levels = zip(*(path.strip("/").split("/") for path in paths), strict=False)
    shared = takewhile(lambda ids: len(set(ids)) == 1, levels)
    return next((ids[0] for ids in reversed(list(shared))), None)


async def claim_ends(graph: Graph, claim_id: str) -> ClaimEnds:
    """Return what a claim binds."""
    (row,) = await graph.read(CLAIM_ENDS, id=claim_id)
    return ClaimEnds(
        id=row["id"],
        state=ClaimState(row["state"]),
        quantity=row["quantity"],
        measure=row["measure"],
        supplier=row["supplier"],
        receiver=row["receiver"],
        order_id=row["orderId"],
        order_title=row["orderTitle"],
    )


async def areas_called(graph: Graph, wanted: str) -> list[Place]:
    """Return the areas that a code or a name means."""
    rows = await graph.read(AREA_BY_CODE, wanted=wanted)
    rows = rows or await graph.read(AREA_BY_NAME, wanted=wanted)
    return [Place(row["id"], row["name"], row["path"]) for row in rows]


async def agents_called(graph: Graph, wanted: str) -> list[str]:
    """Return the ids of the agents with a name."""
    return [row["id"] for row in await graph.read(AGENT_BY_NAME, wanted=wanted)]
