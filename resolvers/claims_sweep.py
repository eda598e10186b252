"""What time alone changes: proposals that lapse, evaluations that are over, dates that pass."""

from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import structlog

from domain.availability import instant_text, parse_instant
from domain.claims import ClaimAction, ClaimPolicy
from domain.clock import Clock, system_clock
from domain.errors import EngineError
from domain.holds import SlotUse, offer_state, order_state
from domain.identity import new_id
from domain.records import DemandOrder, ResourceOffer
from graph import claims_on, events, idempotency, items
from graph.driver import Graph, Transaction
from graph.events import Changes, changes_between
from graph.records import record
from graph.statements import Statement
from resolvers.claims_common import system_step

BATCH = 200
LONG_AGO = "0000"
"""Before every date."""
log = structlog.get_logger()


async def sweep_expired(
    graph: Graph,
    *,
    clock: Clock = system_clock,
    ids: Callable[[], str] = new_id,
    policy: ClaimPolicy | None = None,
) -> int:
    """Write what is due by now, and return how many proposals lapsed.

    Up to `BATCH` of each kind, the rest next time. Each claim is a transaction and an event of its
    own; the offers and orders share one.
    """
    rules = policy or ClaimPolicy()
    now = clock()
    before = now - timedelta(days=rules.evaluation_days)
    lapsed = await graph.read(claims_on.LAPSED, now=instant_text(now), size=BATCH)
    over = await graph.read(claims_on.UNEVALUATED, before=instant_text(before), size=BATCH)
    expired = [await _step(graph, row["id"], ClaimAction.EXPIRE, now, rules) for row in lapsed]
    for row in over:
        await _step(graph, row["id"], ClaimAction.CLOSE, now, rules)
    await _refresh_items(graph, now, ids(), ids())
    kept = now - timedelta(days=rules.idempotency_days)
    await graph.write(lambda transaction: idempotency.forget(transaction, kept), repeatable=True)
    return sum(expired)


async def _step(
    graph: Graph, claim_id: str, action: ClaimAction, now: datetime, policy: ClaimPolicy
) -> bool:
    """Take a step that is due; a claim that cannot take it is logged, and stops no other.

    Raises EngineError, which would stop the others too.
    """
    try:
        return await system_step(graph, claim_id, action, now, policy)
    except EngineError:
        raise
    except Exception:
        log.exception("a claim cannot be swept", claim=claim_id, action=action)
        return False


async def _refresh_items(graph: Graph, now: datetime, event_id: str, token: str) -> None:
    """Write the states of offers and orders whose dates or slots have passed."""
    order_ids, offer_ids = await _orders_due(graph, now), await _offers_due(graph, now)
    if not order_ids and not offer_ids:
        return

    async def work(transaction: Transaction) -> None:
        changes: Changes = {}
        for order_id in order_ids:
            changes |= await _refresh_order(transaction, order_id, now, token)
        for offer_id in offer_ids:
            changes |= await _refresh_offer(transaction, offer_id, now, token)
        if changes:
            event = events.event(event_id, now, events.SYSTEM, "ITEMS_REFRESH", changes)
            await events.write_event(transaction, event)

    await graph.write(work, repeatable=True)


async def _orders_due(graph: Graph, now: datetime) -> list[str]:
    """Return the ids of up to `BATCH` orders whose stored state time has overtaken, sorted."""
    due: list[str] = []
    async for row in _pages(graph, items.ORDERS_PAST, since=LONG_AGO, today=_tomorrow(now)):
        order = record(DemandOrder, row["item"])
        if order_state(order, now) is not order.state:
            due.append(order.id)
        if len(due) == BATCH:
            break
    return due


async def _offers_due(graph: Graph, now: datetime) -> list[str]:
    """Return the ids of offers likewise, of each kind up to `BATCH`, sorted.

    Of a slotted offer each slot that begins, held or free, may change the state over those to
    come: all that have claims are looked at, without locking them.
    """
    due: set[str] = set()
    for pages in (
        _pages(graph, items.OFFERS_PAST, since=LONG_AGO, today=_tomorrow(now)),
        _pages(graph, items.OFFERS_IN_SLOTS, now=instant_text(now)),
    ):
        most = len(due) + BATCH
        async for row in pages:
            offer = record(ResourceOffer, row["item"])
            slots = {
                items.slot_key(parse_instant(at)): SlotUse(held, completed)
                for at, held, completed in row["slots"]
            }
            if offer_state(offer, slots, now) is not offer.state:
                due.add(offer.id)
            if len(due) == most:
                break
    return sorted(due)


def _tomorrow(now: datetime) -> str:
    """Return the last date that can be over: in some zone it is later than here."""
    return (now + timedelta(days=1)).date().isoformat()


async def _pages(
    graph: Graph, pages: Statement, **parameters: object
) -> AsyncIterator[Mapping[str, Any]]:
    skip = 0
    while rows := await graph.read(pages, skip=skip, size=BATCH, **parameters):
        for row in rows:
            yield row
        skip += BATCH


async def _refresh_order(
    transaction: Transaction, order_id: str, now: datetime, token: str
) -> Changes:
    item = await items.read_order(transaction, order_id, now, token)
    if item is None or (state := order_state(item.order, now)) is item.order.state:
        return {}
    order = replace(item.order, state=state, version=item.order.version + 1)
    changed = changes_between(item.order, order)
    await items.update_order(transaction, order, changed)
    return {order_id: changed}


async def _refresh_offer(
    transaction: Transaction, offer_id: str, now: datetime, token: str
) -> Changes:
    item = await items.read_offer(transaction, offer_id, None, now, token)
    if item is None:
        return {}
    state = offer_state(item.offer, item.slots, now)
    if state is item.offer.state:
        return {}
    offer = replace(item.offer, state=state, version=item.offer.version + 1)
    changed = changes_between(item.offer, offer)
    await items.update_offer(transaction, offer, changed)
    return {offer_id: changed}
