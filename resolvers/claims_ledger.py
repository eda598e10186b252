"""Writing what a claim's step changes: the claim, its lines, and what is held where.

Everything here runs inside the use case's transaction, after its locks, and returns the changes
for the use case's one event.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from domain.claims import ClaimAction
from domain.errors import PartnerLimitReached
from domain.holds import (
    SETTLED,
    Line,
    SlotUse,
    check_offer,
    check_order,
    holds,
    offer_hold,
    offer_state,
    order_hold,
    order_state,
    slot_holds,
)
from domain.identity import NodeReference, derived_id
from domain.records import Claim, Slot
from domain.vocabulary import CapacityKind, ClaimState, Selection
from graph import claims, claims_on, items
from graph.claims import ClaimEnds, ClaimFile
from graph.driver import Transaction
from graph.events import Changes, changes_between
from graph.items import OfferItem, OrderItem, slot_id


@dataclass(frozen=True, slots=True)
class Scene:
    """What a claim names, locked and read: its order, its offer, and the claim if it exists."""

    order: OrderItem | None
    offer: OfferItem | None
    before: ClaimFile | None = None

    @property
    def lapsed(self) -> frozenset[str]:
        """Proposals on these nodes whose time is over and that still have to be written EXPIRED."""
        found = [*(self.order.lapsed if self.order else ())]
        found += self.offer.lapsed if self.offer else ()
        return frozenset(found)


@dataclass(frozen=True, slots=True)
class _Hold:
    """What the claim holds before or after the step."""

    order: int = 0
    offer: int = 0
    completed: int = 0
    offer_completed: int = 0
    slots: Mapping[str, int] = field(default_factory=dict[str, int])
    slots_completed: Mapping[str, int] = field(default_factory=dict[str, int])


def check_room(scene: Scene, lines: tuple[Line, ...], now: datetime) -> None:
    """Refuse lines that do not fit beside what other claims hold of the order and the offer.

    Raises NotClaimable, QuantityExceeded, SlotUnavailable or LotViolated.
    """
    own = _hold(scene, scene.before.claim.state, scene.before.lines) if scene.before else _Hold()
    if scene.order is not None:
        order = scene.order.order
        quantity = sum(line.quantity for line in lines)
        check_order(order, order.held - own.order, quantity, now)
    if scene.offer is not None:
        others = {key: slot.held - own.slots.get(key, 0) for key, slot in scene.offer.slots.items()}
        offer = scene.offer.offer
        check_offer(offer, offer.held - own.offer, others, lines, now)


async def check_partners(
    transaction: Transaction, scene: Scene, ends: ClaimEnds, claim_id: str
) -> None:
    """Refuse a claim that would bring one partner more than its order or its offer may have.

    One that holds already brings none. The order and the offer are locked. Raises
    PartnerLimitReached.
    """
    order = scene.order.order if scene.order else None
    offer = scene.offer.offer if scene.offer else None
    for node, agent_id in ((order, ends.supplier_id), (offer, ends.receiver_id)):
        if node is None or node.partner_limit is None:
            continue
        if scene.before is not None and holds(scene.before.claim.state, node.selection):
            continue
        partners = await claims_on.partners_of(transaction, node, claim_id)
        if agent_id not in partners and len(partners) >= node.partner_limit:
            reference = NodeReference(type(node).__name__, node.id)
            raise PartnerLimitReached(node=reference, limit=node.partner_limit)


def needs_room(scene: Scene, action: ClaimAction, state: ClaimState) -> bool:
    """Whether a step takes hold of something new: other lines, or a choice that is confirmed."""
    if action in {ClaimAction.AMEND, ClaimAction.CONSENT_RESCHEDULE}:
        return True
    chosen = (scene.order is not None and scene.order.order.selection is Selection.CHOOSE) or (
        scene.offer is not None and scene.offer.offer.selection is Selection.CHOOSE
    )
    return action is ClaimAction.ACCEPT and state is ClaimState.CONFIRMED and chosen


def with_ids(lines: tuple[Line, ...], claim_id: str, version: int) -> tuple[Line, ...]:
    """Return new lines with ids that are the same on every attempt."""
    return tuple(
        replace(
            line,
            id=derived_id("ClaimLine", claim_id, str(version), line.slot.key if line.slot else ""),
        )
        for line in lines
    )


async def write_claim(
    transaction: Transaction,
    scene: Scene,
    ends: ClaimEnds,
    after: Claim,
    lines: tuple[Line, ...],
    account_id: str | None,
    now: datetime,
) -> Changes:
    """Write the claim as it is after the step, with its lines and what it holds.

    `account_id` is who starts a new claim.
    """
    before = scene.before
    changes: Changes = {}
    held_before = _hold(scene, before.claim.state, before.lines) if before else _Hold()
    held_after = _hold(scene, after.state, lines)
    if before is None and account_id is not None:
        await claims.create_claim(transaction, after, ends, account_id)
    changed = changes_between(before.claim if before else None, after)
    if before is not None:
        await claims.update_claim(transaction, after, changed)
    changes[after.id] = changed
    changes |= await _write_order(transaction, scene.order, held_before, held_after, now)
    new_lines = before is None or [line.id for line in before.lines] != [line.id for line in lines]
    changes |= await _write_offer(
        transaction, scene.offer, held_before, held_after, lines if new_lines else (), now
    )
    changes |= await _write_lines(transaction, before, ends, after, lines, now)
    return changes


def _hold(scene: Scene, state: ClaimState, lines: tuple[Line, ...]) -> _Hold:
    order_selection = scene.order.order.selection if scene.order else Selection.FIRST
    offer_selection = scene.offer.offer.selection if scene.offer else Selection.FIRST
    settled = state in SETTLED
    holding = slot_holds(state, offer_selection, lines)
    return _Hold(
        order=order_hold(state, order_selection, lines),
        offer=offer_hold(state, offer_selection, lines),
        completed=sum(line.held for line in lines) if settled else 0,
        offer_completed=sum(line.offer_held for line in lines) if settled else 0,
        slots=holding,
        slots_completed=holding if settled else {},
    )


async def _write_order(
    transaction: Transaction, item: OrderItem | None, before: _Hold, after: _Hold, now: datetime
) -> Changes:
    if item is None or (before.order, before.completed) == (after.order, after.completed):
        return {}
    order = replace(
        item.order,
        held=item.order.held - before.order + after.order,
        completed=item.order.completed - before.completed + after.completed,
        version=item.order.version + 1,
    )
    order = replace(order, state=order_state(order, now))
    changed = changes_between(item.order, order)
    await items.update_order(transaction, order, changed)
    return {order.id: changed}


async def _write_offer(
    transaction: Transaction,
    item: OfferItem | None,
    before: _Hold,
    after: _Hold,
    new_lines: tuple[Line, ...],
    now: datetime,
) -> Changes:
    """Write the offer and its slots; a slot that a new line names is made even if nothing holds."""
    if item is None:
        return {}
    slots, changes = _slots(item, before, after, new_lines, now)
    await items.write_slots(transaction, item.offer.id, slots)
    same = (before.offer, before.offer_completed) == (after.offer, after.offer_completed)
    if same and not slots:
        return changes
    offer = replace(
        item.offer,
        held=item.offer.held - before.offer + after.offer,
        completed=item.offer.completed - before.offer_completed + after.offer_completed,
        version=item.offer.version + 1,
    )
    uses: dict[str, SlotUse | Slot] = dict(item.slots)
    uses |= {items.slot_key(slot.starts_at): slot for slot in slots}
    offer = replace(offer, state=offer_state(offer, uses, now))
    changed = changes_between(item.offer, offer)
    await items.update_offer(transaction, offer, changed)
    return changes | {offer.id: changed}


def _slots(
    item: OfferItem, before: _Hold, after: _Hold, new_lines: tuple[Line, ...], now: datetime
) -> tuple[list[Slot], Changes]:
    if item.offer.capacity_kind is CapacityKind.TOTAL:
        return [], {}
    times = {line.slot.key: line.slot for line in new_lines if line.slot is not None}
    written: list[Slot] = []
    changes: Changes = {}
    for key in sorted(before.slots.keys() | after.slots.keys() | times.keys()):
        known = item.slots.get(key)
        delta = after.slots.get(key, 0) - before.slots.get(key, 0)
        done = after.slots_completed.get(key, 0) - before.slots_completed.get(key, 0)
        if known is not None and delta == done == 0:
            continue
        slot = known or Slot(
            id=slot_id(item.offer.id, key),
            created_at=now,
            starts_at=times[key].starts_at,
            ends_at=times[key].ends_at,
            time_zone=item.offer.time_zone,
        )
        changed = replace(
            slot,
            held=slot.held + delta,
            completed=slot.completed + done,
            version=slot.version + 1,
        )
        written.append(changed)
        changes[slot.id] = changes_between(known, changed)
    return written, changes


async def _write_lines(
    transaction: Transaction,
    before: ClaimFile | None,
    ends: ClaimEnds,
    after: Claim,
    lines: tuple[Line, ...],
    now: datetime,
) -> Changes:
    """Write the lines where they are others than before, or have been settled."""
    old = {line.id: line for line in before.lines} if before else {}
    if old.keys() == {line.id for line in lines}:
        settled = [line for line in lines if line != old[line.id]]
        if settled:
            await claims.settle_lines(transaction, settled)
        return {
            line.id: changes_between(
                claims.line_record(old[line.id], now), claims.line_record(line, now)
            )
            for line in settled
        }
    if old:
        await claims.delete_lines(transaction, after.id)
    await claims.create_lines(transaction, after.id, ends.offer_id, lines, now)
    gone = {line.id: changes_between(claims.line_record(line, now), None) for line in old.values()}
    return gone | {line.id: changes_between(None, claims.line_record(line, now)) for line in lines}
