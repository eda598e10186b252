"""What a matching run reads of the graph: open orders and offers, links between agents."""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, LiteralString

from domain.availability import instant_text, parse_instant
from domain.holds import holds
from domain.records import DemandOrder, ResourceOffer
from domain.vocabulary import ClaimState, Selection
from graph.computed.linkage import IN_ALLIANCE, SAME_BODY
from graph.driver import Graph
from graph.records import record
from graph.statements import Statement, statement

PAGE = 1000
START, END = "", "~"
"""Below and above every sort key."""

Sides = Sequence[frozenset[str]]
"""Those whom something binds, each with all that stand for it: a branch for its unit or area."""

HOLDING = sorted(
    f"{selection} {state}"
    for selection in Selection
    for state in ClaimState
    if holds(state, selection)
)
"""In which states claims hold on an order or an offer, by its selection."""

ORDER_COLUMNS: LiteralString = """properties(o) AS item, o.sortKey AS sortKey,
    head(COLLECT { MATCH (o)<-[:NEEDS]-(a:Agent)
        RETURN [a.id, a.latitude, a.longitude] }) AS owner,
    head(COLLECT { MATCH (o)-[:ORDER_CATEGORY]->(c:Category) RETURN c.path }) AS category,
    head(COLLECT { MATCH (o)-[:ORDER_AT]->(p:Area) RETURN p.path }) AS areaPath,
    head(COLLECT { MATCH (o)<-[:LISTS_ORDER]-(l:NeedList) RETURN l.state }) AS listState,
    COLLECT {
        MATCH (o)<-[:PROPOSES_ORDER]-(p:Proposal)-[:PROPOSES_OFFER]->(f:ResourceOffer)
        WHERE p.state = 'REJECTED'
        RETURN f.id
    } AS rejected,
    COLLECT {
        MATCH (o)<-[:FOR_ORDER]-(c:Claim)-[:CLAIM_SUPPLIER]->(s:Agent)
        WHERE c.state IN ['DECLINED', 'RETURNED']
        RETURN s.id
    } AS givenUpBy,
    COLLECT {
        MATCH (o)<-[:FOR_ORDER]-(c:Claim)-[:CLAIM_SUPPLIER]->(s:Agent)
        WHERE o.partnerLimit IS NOT NULL AND o.selection + ' ' + c.state IN $holding
        RETURN DISTINCT s.id
    } AS partners"""
OFFER_COLUMNS: LiteralString = """properties(o) AS item, o.sortKey AS sortKey,
    head(COLLECT { MATCH (o)<-[:OFFERS]-(a:Agent)
        RETURN [a.id, a.latitude, a.longitude] }) AS owner,
    head(COLLECT { MATCH (o)-[:OFFER_CATEGORY]->(c:Category) RETURN c.path }) AS category,
    head(COLLECT { MATCH (o)-[:OFFER_AT]->(p:Area) RETURN p.path }) AS areaPath,
    head(COLLECT { MATCH (o)<-[:LISTS_OFFER]-(l:ResourceList) RETURN l.state }) AS listState,
    COLLECT { MATCH (o)-[:SERVES]->(p:Area) RETURN p.path ORDER BY p.path } AS serves,
    COLLECT {
        MATCH (o)-[:HAS_SLOT]->(s:Slot)
        WHERE s.startsAt > $now AND s.held > 0
        RETURN [s.startsAt, s.held] ORDER BY s.startsAt
    } AS slots,
    COLLECT {
        MATCH (o)<-[:FROM_OFFER]-(c:Claim)-[:CLAIM_RECEIVER]->(r:Agent)
        WHERE o.partnerLimit IS NOT NULL AND o.selection + ' ' + c.state IN $holding
        RETURN DISTINCT r.id
    } AS partners"""
ORDERS = statement(
    "matching.orders",
    """MATCH (o:DemandOrder)
WHERE o.sortKey > $after AND o.sortKey < $end AND o.state IN ['OPEN', 'PARTIALLY_CLAIMED']
WITH o ORDER BY o.sortKey LIMIT $size
RETURN """
    + ORDER_COLUMNS
    + " ORDER BY sortKey",
)
OFFERS = statement(
    "matching.offers",
    """MATCH (o:ResourceOffer)
WHERE o.sortKey > $after AND o.sortKey < $end
    AND o.state IN ['OPEN', 'PARTIALLY_CLAIMED', 'CLAIMED', 'FULFILLED']
WITH o ORDER BY o.sortKey LIMIT $size
RETURN """
    + OFFER_COLUMNS
    + " ORDER BY sortKey",
)
ONE_ORDER = statement(
    "matching.order",
    """MATCH (o:DemandOrder {id: $id})
WHERE o.state IN ['OPEN', 'PARTIALLY_CLAIMED']
RETURN """
    + ORDER_COLUMNS,
)
OFFERS_BELOW = statement(
    "matching.offers_below",
    """UNWIND $categories AS below
MATCH (k:Category)<-[:OFFER_CATEGORY]-(o:ResourceOffer)
WHERE k.path STARTS WITH below AND o.state IN ['OPEN', 'PARTIALLY_CLAIMED']
WITH DISTINCT o ORDER BY o.sortKey LIMIT $size
RETURN """
    + OFFER_COLUMNS
    + " ORDER BY sortKey",
)
PARTNERS = statement(
    "matching.partners",
    """MATCH (a:Agent {id: $id})
RETURN COLLECT {
    MATCH (a)<-[:CLAIM_RECEIVER]-(c:Claim)-[:CLAIM_SUPPLIER]->(x:Agent)
    WHERE c.state IN ['COMPLETED', 'EVALUATED']
    RETURN DISTINCT x.id
} AS suppliers,
COLLECT {
    MATCH (a)<-[:CLAIM_SUPPLIER]-(c:Claim)-[:CLAIM_RECEIVER]->(x:Agent)
    WHERE c.state IN ['COMPLETED', 'EVALUATED']
    RETURN DISTINCT x.id
} AS receivers""",
)


def _bound(name: str, found: LiteralString, ends: LiteralString) -> Statement:
    """Return who is bound by each of what is found as `t`, with all that stand for the same."""
    return statement(
        name,
        f"{found} RETURN COLLECT {{ MATCH (t)-[:{ends}]->(a:Agent) "
        f"RETURN COLLECT {{ MATCH (a)-[:{SAME_BODY}]-(b) RETURN b.id }} }} AS sides",
    )


PAIRINGS = _bound("matching.pairings", "MATCH (t:Pairing) WHERE t.retiredAt IS NULL", "PAIRS")
ALLIANCES = _bound(
    "matching.alliances", "MATCH (t:Alliance) WHERE t.retiredAt IS NULL", IN_ALLIANCE
)
AGREEMENTS = _bound(
    "matching.agreements",
    """MATCH (t:Agreement)
WHERE t.retiredAt IS NULL AND (t.signedOn IS NULL OR t.signedOn <= $today)
    AND (t.validUntil IS NULL OR t.validUntil >= $today)""",
    "AGREED_BY",
)
WORKED_TOGETHER = statement(
    "matching.worked_together",
    """MATCH (s:Agent)<-[:CLAIM_SUPPLIER]-(c:Claim)-[:CLAIM_RECEIVER]->(r:Agent)
WHERE c.state IN ['COMPLETED', 'EVALUATED']
RETURN DISTINCT s.id AS supplier, r.id AS receiver""",
)
BRANCHES = statement(
    "matching.branches",
    """MATCH (b:PartyBranch)
WHERE b.retiredAt IS NULL
RETURN b.id AS id,
    COLLECT { MATCH (b)-[:UNDER]->(p:PartyBranch) RETURN p.id ORDER BY p.id } AS under,
    COLLECT { MATCH (b)-[:OF_UNIT|OF_AREA]->(a:Agent) RETURN a.id ORDER BY a.id } AS of
ORDER BY id""",
)
SUBSTITUTES = statement(
    "matching.substitutes",
    """MATCH (wanted:Category)-[:SUBSTITUTABLE_BY]->(instead:Category)
RETURN wanted.path AS wanted, instead.path AS instead""",
)


@dataclass(frozen=True, slots=True)
class Branch:
    """A branch, the branches that it is under, and the units and areas that it is of."""

    id: str
    under: tuple[str, ...]
    of: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderRow:
    """An open order of a published list (or of none), with what the matcher asks of it.

    `place` is its own, else its receiver's latitude and longitude. `rejected_offers` are those of
    rejected proposals; `rejected_suppliers` those of declined and returned claims (`REMEMBERED`),
    whichever of their offers was named. `partners` are the suppliers of claims that hold, where the
    order has a limit of them.
    """

    order: DemandOrder
    receiver_id: str
    place: tuple[float, float] | None
    category_path: str
    area_path: str
    rejected_offers: frozenset[str]
    rejected_suppliers: frozenset[str]
    partners: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferRow:
    """A published offer likewise: `serves` are areas' paths, `held` what is held of its slots.

    `partners` are the receivers of claims that hold.
    """

    offer: ResourceOffer
    supplier_id: str
    place: tuple[float, float] | None
    category_path: str
    area_path: str
    serves: tuple[str, ...]
    held: Mapping[datetime, int]
    partners: frozenset[str]


async def open_orders(graph: Graph) -> list[OrderRow]:
    """Return all orders that are open and published."""
    return [_order(row) async for row in _pages(graph, ORDERS, holding=HOLDING) if _usable(row)]


async def open_offers(graph: Graph, now: datetime) -> list[OfferRow]:
    """Return all offers that are published, with what is held of their slots to come.

    Those that are used up are among them: who gets nothing is told why.
    """
    pages = _pages(graph, OFFERS, now=instant_text(now), holding=HOLDING)
    return [_offer(row) async for row in pages if _usable(row)]


async def open_order(graph: Graph, order_id: str) -> OrderRow | None:
    """Return an order if it is open and published."""
    rows = await graph.read(ONE_ORDER, id=order_id, holding=HOLDING)
    return next((_order(row) for row in rows if _usable(row)), None)


async def offers_below(
    graph: Graph, categories: Sequence[str], now: datetime, most: int
) -> list[OfferRow]:
    """Return the open and published offers of categories at or below these paths, by age."""
    rows = await graph.read(
        OFFERS_BELOW,
        categories=list(categories),
        now=instant_text(now),
        size=most,
        holding=HOLDING,
    )
    return [_offer(row) for row in rows if _usable(row)]


async def partners(graph: Graph, agent_id: str) -> frozenset[str]:
    """Return the agents with which one has completed a claim, on either side."""
    rows = await graph.read(PARTNERS, id=agent_id)
    return frozenset(each for row in rows for each in (*row["suppliers"], *row["receivers"]))


async def pairings(graph: Graph) -> list[Sides]:
    """Return the two sides of each pairing."""
    return _sides(await graph.read(PAIRINGS))


async def alliances(graph: Graph) -> list[Sides]:
    """Return the members and supporters of each alliance."""
    return _sides(await graph.read(ALLIANCES))


async def agreements(graph: Graph, today: date) -> list[Sides]:
    """Return the parties of each agreement that is valid on a day, its last one included."""
    return _sides(await graph.read(AGREEMENTS, today=today.isoformat()))


async def worked_together(graph: Graph) -> list[tuple[str, str]]:
    """Return the pairs of supplier and receiver that have completed a claim."""
    return [(row["supplier"], row["receiver"]) for row in await graph.read(WORKED_TOGETHER)]


async def branches(graph: Graph) -> list[Branch]:
    """Return the branches that there are, by their ids."""
    rows = await graph.read(BRANCHES)
    return [Branch(row["id"], tuple(row["under"]), tuple(row["of"])) for row in rows]


async def substitutes(graph: Graph) -> frozenset[tuple[str, str]]:
    """Return the pairs of category paths of which the second can stand in for the first."""
    return frozenset((row["wanted"], row["instead"]) for row in await graph.read(SUBSTITUTES))


def _sides(rows: Sequence[Mapping[str, Any]]) -> list[Sides]:
    return [[frozenset(side) for side in row["sides"]] for row in rows]


async def _pages(
    graph: Graph, pages: Statement, **parameters: object
) -> AsyncIterator[Mapping[str, Any]]:
    after = START
    while True:
        rows = await graph.read(pages, after=after, end=END, size=PAGE, **parameters)
        for row in rows:
            yield row
        if len(rows) < PAGE:
            return
        after = rows[-1]["sortKey"]


def _usable(row: Mapping[str, Any]) -> bool:
    """Whether an item is published (by its list, or without one) and has owner, category, place."""
    complete = all(row[name] is not None for name in ("owner", "category", "areaPath"))
    return complete and row["listState"] in {None, "PUBLISHED"}


def _place(item: DemandOrder | ResourceOffer, owner: Sequence[Any]) -> tuple[float, float] | None:
    """Return the item's own place, else its owner's, where one is known."""
    if item.latitude is not None and item.longitude is not None:
        return item.latitude, item.longitude
    _, latitude, longitude = owner
    return None if latitude is None or longitude is None else (latitude, longitude)


def _order(row: Mapping[str, Any]) -> OrderRow:
    item = record(DemandOrder, row["item"])
    return OrderRow(
        order=item,
        receiver_id=row["owner"][0],
        place=_place(item, row["owner"]),
        category_path=row["category"],
        area_path=row["areaPath"],
        rejected_offers=frozenset(row["rejected"]),
        rejected_suppliers=frozenset(row["givenUpBy"]),
        partners=frozenset(row["partners"]),
    )


def _offer(row: Mapping[str, Any]) -> OfferRow:
    item = record(ResourceOffer, row["item"])
    return OfferRow(
        offer=item,
        supplier_id=row["owner"][0],
        place=_place(item, row["owner"]),
        category_path=row["category"],
        area_path=row["areaPath"],
        serves=tuple(sorted(row["serves"])),
        held={parse_instant(starts_at): amount for starts_at, amount in row["slots"]},
        partners=frozenset(row["partners"]),
    )
