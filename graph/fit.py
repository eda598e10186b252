"""What a claim binds, as far as it may not suit."""

from domain.availability import SlotTime, parse_instant
from domain.fit import Pair
from domain.records import DemandOrder
from graph.driver import Graph
from graph.records import record
from graph.statements import statement

PAIR_OF_CLAIM = statement(
    "fit.pair_of_claim",
    """MATCH (o:DemandOrder)<-[:FOR_ORDER]-(c:Claim {id: $id})-[:FROM_OFFER]->(f:ResourceOffer)
RETURN properties(o) AS wanted,
    head([(o)-[:ORDER_AT]->(a:Area) | a.path]) AS areaPath,
    head([(o)-[:ORDER_CATEGORY]->(k:Category) | k.path]) AS category,
    head([(f)-[:OFFER_CATEGORY]->(k:Category) | k.path]) AS offered,
    COLLECT {
        MATCH (o)-[:ORDER_CATEGORY]->(:Category)-[:SUBSTITUTABLE_BY]->(k:Category)
        WITH k ORDER BY k.path
        RETURN k.path
    } AS instead,
    COLLECT { MATCH (f)-[:SERVES]->(a:Area) WITH a ORDER BY a.path RETURN a.path } AS serves,
    COLLECT {
        MATCH (c)-[:HAS_LINE]->(:ClaimLine)-[:USES_SLOT]->(s:Slot)
        WITH s ORDER BY s.startsAt
        RETURN [s.startsAt, s.endsAt]
    } AS slots""",
)


async def pair_of_claim(graph: Graph, claim_id: str) -> Pair | None:
    """Return the order and the offer of a claim; None where it has not both."""
    rows = await graph.read(PAIR_OF_CLAIM, id=claim_id)
    if not rows:
        return None
    row = rows[0]
    return Pair(
        order=record(DemandOrder, row["wanted"]),
        area_path=row["areaPath"],
        wanted=row["category"],
        offered=row["offered"],
        instead=tuple(row["instead"]),
        serves=tuple(row["serves"]),
        slots=tuple(
            SlotTime(parse_instant(starts), parse_instant(ends)) for starts, ends in row["slots"]
        ),
    )
