"""What has to hold of every graph: holds recomputed from the claims' lines, bounds kept."""

from collections import defaultdict
from collections.abc import Collection, Iterator
from datetime import datetime
from typing import Any

from domain.availability import SlotTime, parse_instant
from domain.holds import SETTLED, Line, SlotUse, offer_hold, offer_state, order_hold, order_state
from domain.records import Claim, DemandOrder, ResourceOffer, Slot
from domain.vocabulary import CapacityKind, ClaimState
from graph.driver import Graph
from graph.records import record
from graph.statements import CompiledStatement

CLAIMS = CompiledStatement(
    """MATCH (c:Claim)
RETURN properties(c) AS claim,
    head([(c)-[:FOR_ORDER]->(o:DemandOrder) | properties(o)]) AS wanted,
    head([(c)-[:FROM_OFFER]->(f:ResourceOffer) | properties(f)]) AS offered,
    COLLECT {
        MATCH (c)-[:HAS_LINE]->(l:ClaimLine)
        RETURN [l.quantity, l.offerQuantity, l.deliveredQuantity, l.deliveredOfferQuantity,
            head([(l)-[:USES_SLOT]->(s:Slot) | s.id])]
    } AS lines"""
)
HELD = CompiledStatement(
    """MATCH (n:DemandOrder) RETURN n.id AS id, n.held AS held, n.quantity AS most
UNION ALL
MATCH (n:ResourceOffer)
RETURN n.id AS id, n.held AS held,
    CASE n.capacityKind WHEN 'TOTAL' THEN n.capacity ELSE null END AS most
UNION ALL
MATCH (f:ResourceOffer)-[:HAS_SLOT]->(n:Slot)
RETURN n.id AS id, n.held AS held, f.capacity AS most"""
)
EXCLUSIVE_SLOTS = CompiledStatement(
    """MATCH (:ResourceOffer {capacityKind: 'EXCLUSIVE'})-[:HAS_SLOT]->(s:Slot)
RETURN s.id AS id"""
)
COMPLETED = CompiledStatement(
    """MATCH (n:DemandOrder) RETURN n.id AS id, n.completed AS completed
UNION ALL
MATCH (n:ResourceOffer) RETURN n.id AS id, n.completed AS completed"""
)
ORDERS = CompiledStatement("MATCH (o:DemandOrder) RETURN properties(o) AS item")
OFFERS = CompiledStatement(
    """MATCH (o:ResourceOffer)
RETURN properties(o) AS item,
    COLLECT { MATCH (o)-[:HAS_SLOT]->(s:Slot) RETURN [s.startsAt, s.held, s.completed] } AS slots"""
)


async def check_holds(graph: Graph) -> dict[str, int]:
    """Recompute what is held from all claims, compare with what is stored, and return it by id."""
    wanted: dict[str, int] = defaultdict(int)
    users: dict[str, int] = defaultdict(int)
    for row in await graph.read(CLAIMS):
        _add(row, wanted, users)
    exclusive = {row["id"] for row in await graph.read(EXCLUSIVE_SLOTS)}
    stored: dict[str, int] = {}
    for row in await graph.read(HELD):
        stored[row["id"]] = row["held"]
        assert row["held"] == wanted[row["id"]], row
        assert row["held"] >= 0, row
        assert row["most"] is None or row["held"] <= row["most"], row
        assert row["id"] not in exclusive or users[row["id"]] <= 1, row
    assert set(wanted) <= set(stored)
    await _check_completed(graph)
    return stored


async def _check_completed(graph: Graph) -> None:
    """Recompute what is completed of each order and offer, and compare with what is stored."""
    completed: dict[str, int] = defaultdict(int)
    for row in await graph.read(CLAIMS):
        if record(Claim, row["claim"]).state not in SETTLED:
            continue
        lines = [_line(found) for found in row["lines"]]
        if row["wanted"]:
            completed[row["wanted"]["id"]] += sum(line.held for line in lines)
        if row["offered"]:
            completed[row["offered"]["id"]] += sum(line.offer_held for line in lines)
    for row in await graph.read(COMPLETED):
        assert row["completed"] == completed[row["id"]], row


async def check_states(graph: Graph, now: datetime, offers: Collection[str] | None = None) -> None:
    """Recompute the states of all orders and offers from what is stored of them, and compare.

    With `offers` only of these, where others of the graph were last swept at a later time.
    """
    for row in await graph.read(ORDERS) if offers is None else []:
        order = record(DemandOrder, row["item"])
        assert order.state is order_state(order, now), order
    for row in await graph.read(OFFERS):
        offer = record(ResourceOffer, row["item"])
        if offers is not None and offer.id not in offers:
            continue
        assert offer.state is offer_state(offer, dict(_uses(row["slots"])), now), offer


def _uses(slots: list[tuple[str, int, int]]) -> Iterator[tuple[str, SlotUse | Slot]]:
    for at, held, completed in slots:
        starts_at = parse_instant(at)
        yield SlotTime(starts_at, starts_at).key, SlotUse(held, completed)


def _line(found: list[Any]) -> Line:
    return Line(
        quantity=found[0], offer_quantity=found[1], delivered=found[2], offer_delivered=found[3]
    )


def _add(row: dict[str, Any], wanted: dict[str, int], users: dict[str, int]) -> None:
    claim = record(Claim, row["claim"])
    lines = [_line(found) for found in row["lines"]]
    if claim.state is ClaimState.PROPOSED:
        assert sum(line.quantity for line in lines) == claim.quantity
    if row["wanted"]:
        order = record(DemandOrder, row["wanted"])
        wanted[order.id] += order_hold(claim.state, order.selection, lines)
    if row["offered"]:
        offer = record(ResourceOffer, row["offered"])
        wanted[offer.id] += offer_hold(claim.state, offer.selection, lines)
        slotted = offer.capacity_kind is not CapacityKind.TOTAL
        for line, found in zip(lines, row["lines"], strict=True):
            assert slotted == (found[4] is not None)
            if slotted:
                held = offer_hold(claim.state, offer.selection, [line])
                wanted[found[4]] += held
                users[found[4]] += held > 0
