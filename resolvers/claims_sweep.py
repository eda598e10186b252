"""What time alone changes: proposals that lapse, evaluations that are over, dates that pass."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

import structlog

from domain.availability import instant_text
from domain.claims import ClaimAction, ClaimPolicy
from domain.clock import Clock, system_clock
from domain.errors import EngineError
from domain.holds import offer_state, order_state
from domain.identity import new_id
from graph import claims, events, idempotency, items
from graph.driver import Graph, Transaction
from graph.events import Changes, changes_between
from resolvers.claims_common import system_step

BATCH = 200
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
    lapsed = await graph.read(claims.LAPSED, now=instant_text(now), size=BATCH)
    over = await graph.read(claims.UNEVALUATED, before=instant_text(before), size=BATCH)
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
    # A date is over at different instants in different zones: a day early is only looked at.
    today = (now + timedelta(days=1)).date().isoformat()
    orders = await graph.read(items.ORDERS_PAST, today=today, size=BATCH)
    offers = await graph.read(items.OFFERS_PAST, today=today, size=BATCH)
    freed = await graph.read(items.OFFERS_FREED, now=instant_text(now), size=BATCH)
    order_ids = sorted(row["id"] for row in orders)
    offer_ids = sorted({row["id"] for row in offers + freed})
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
    held = {key: slot.held for key, slot in item.slots.items()}
    state = offer_state(item.offer, held, now)
    if state is item.offer.state:
        return {}
    offer = replace(item.offer, state=state, version=item.offer.version + 1)
    changed = changes_between(item.offer, offer)
    await items.update_offer(transaction, offer, changed)
    return {offer_id: changed}
