"""What a new plan changes of the last one, and which change of orders and offers is the cause.

The difference of two plans is a network of its own: its pairs with more or less than before. What
it connects moved together, so the causes of a difference are the orders and offers in its connected
part that themselves changed, the nearest first; a difference of two best plans has no other
sources. Where a part has none, what pairs are worth changed (weights, texts, relations, time).
"""

import hashlib
from collections import defaultdict, deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from matching.model import Booking, Earlier, Offer, Order, Policy, Seen, Situation
from matching.pins import Dropped
from matching.plans import Plan, Refusal
from matching.verdicts import Verdicts

MOST_CAUSES = 3
FINGERPRINT_BYTES = 6

Node = tuple[str, str]
"""A side ("order" or "offer") and an id."""


class ChangeKind(StrEnum):
    """What became of a pair of the last plan, or of this one.

    NEW: not in the last plan; GONE: not in this one; MOVED: the order's quantity of one offer now
    comes from another; MORE, LESS: the same pair with another quantity.
    """

    NEW = "NEW"
    GONE = "GONE"
    MOVED = "MOVED"
    MORE = "MORE"
    LESS = "LESS"


class CauseCode(StrEnum):
    """Why a pair changed: an order or an offer came, went or changed; a rule; or the worths."""

    ORDER_NEW = "ORDER_NEW"
    ORDER_GONE = "ORDER_GONE"
    ORDER_CHANGED = "ORDER_CHANGED"
    OFFER_NEW = "OFFER_NEW"
    OFFER_GONE = "OFFER_GONE"
    OFFER_CHANGED = "OFFER_CHANGED"
    REFUSED = "REFUSED"
    WORTHS = "WORTHS"


@dataclass(frozen=True, slots=True)
class Cause:
    """A cause: of which order or offer (`id`; "" for WORTHS), and the rule for REFUSED."""

    code: CauseCode
    id: str = ""
    refusal: Refusal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanChange:
    """A pair whose quantity changed, in the order's measure; `from_offer_id` where it moved."""

    kind: ChangeKind
    order_id: str
    offer_id: str
    before: int
    after: int
    causes: tuple[Cause, ...]
    from_offer_id: str | None = None


def bookings_of(plan: Plan) -> tuple[Booking, ...]:
    """Return what a plan gives to whom, for the next run to know."""
    return tuple(
        Booking(
            proposal.order_id,
            proposal.offer_id,
            proposal.quantity,
            tuple((share.slot, share.quantity) for share in proposal.slots),
        )
        for proposal in plan.proposals
    )


def seen_orders(situation: Situation) -> dict[str, Seen]:
    """Return what a run sees of its orders."""
    return {order.id: Seen(order.quantity, _order_print(order)) for order in situation.orders}


def seen_offers(situation: Situation) -> dict[str, Seen]:
    """Return what a run sees of its offers; slots pass and are no change of the offer."""
    return {
        offer.id: Seen(offer.capacity if offer.capacity is not None else -1, _offer_print(offer))
        for offer in situation.offers
    }


def changes_of(
    situation: Situation, policy: Policy, plan: Plan, dropped: Iterable[Dropped] = ()
) -> tuple[PlanChange, ...]:
    """Return what a plan changes of the last one, by order; nothing where there is no last one."""
    earlier = situation.earlier
    if earlier is None:
        return ()
    before = {booking.pair: booking.quantity for booking in earlier.bookings}
    after = {(each.order_id, each.offer_id): each.quantity for each in plan.proposals}
    pairs = sorted(pair for pair in {*before, *after} if before.get(pair, 0) != after.get(pair, 0))
    causes = _Causes(situation, policy, earlier, pairs, dropped)
    by_order: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for pair in pairs:
        by_order[pair[0]].append(pair)
    return tuple(
        change for found in by_order.values() for change in _of_order(found, before, after, causes)
    )


def _of_order(
    pairs: Sequence[tuple[str, str]],
    before: Mapping[tuple[str, str], int],
    after: Mapping[tuple[str, str], int],
    causes: "_Causes",
) -> list[PlanChange]:
    gone = [pair for pair in pairs if pair not in after]
    new = [pair for pair in pairs if pair not in before]
    moved = dict(zip(new, gone, strict=False))
    changes: list[PlanChange] = []
    for pair in pairs:
        if pair in moved.values():
            continue
        source = moved.get(pair)
        was, now = before.get(source or pair, 0), after.get(pair, 0)
        asked = (source, pair) if source else (pair,)
        changes.append(
            PlanChange(
                kind=_kind(was, now, moved=source is not None),
                order_id=pair[0],
                offer_id=pair[1],
                before=was,
                after=now,
                causes=causes.of(asked),
                from_offer_id=source[1] if source else None,
            )
        )
    return changes


def _kind(was: int, now: int, *, moved: bool) -> ChangeKind:
    if moved:
        return ChangeKind.MOVED
    if not was or not now:
        return ChangeKind.GONE if was else ChangeKind.NEW
    return ChangeKind.MORE if now > was else ChangeKind.LESS


class _Causes:
    """Which orders and offers changed, and how the pairs that changed hang together."""

    def __init__(
        self,
        situation: Situation,
        policy: Policy,
        earlier: Earlier,
        pairs: Sequence[tuple[str, str]],
        dropped: Iterable[Dropped],
    ) -> None:
        self._verdicts = Verdicts(situation, policy)
        self._orders = {order.id: order for order in situation.orders}
        self._offers = {offer.id: offer for offer in situation.offers}
        self._dropped = {found.pin.pair: found.refusal for found in dropped}
        self._earlier = {booking.pair for booking in earlier.bookings}
        self._changed: dict[Node, Cause] = {}
        known = {pair[0] for pair in self._earlier}, {pair[1] for pair in self._earlier}
        orders = _changed(earlier.orders, seen_orders(situation), known[0], ORDER_CODES)
        offers = _changed(earlier.offers, seen_offers(situation), known[1], OFFER_CODES)
        self._changed.update({("order", cause.id): cause for cause in orders})
        self._changed.update({("offer", cause.id): cause for cause in offers})
        self._links: dict[Node, list[Node]] = defaultdict(list)
        for order_id, offer_id in pairs:
            self._links["order", order_id].append(("offer", offer_id))
            self._links["offer", offer_id].append(("order", order_id))

    def of(self, pairs: Sequence[tuple[str, str]]) -> tuple[Cause, ...]:
        """Return the causes of changed pairs of one order: rules first, then the nearest."""
        found = [cause for pair in pairs for cause in self._refused(pair)]
        begin = [("order", pairs[0][0]), *(("offer", pair[1]) for pair in pairs)]
        found.extend(self._nearest(begin))
        return tuple(dict.fromkeys(found))[:MOST_CAUSES] or (Cause(CauseCode.WORTHS),)

    def _refused(self, pair: tuple[str, str]) -> list[Cause]:
        if pair not in self._earlier:
            return []
        order, offer = self._orders.get(pair[0]), self._offers.get(pair[1])
        if order is None or offer is None:
            return []
        refusal = self._dropped.get(pair) or self._verdicts.refusal(order, offer)
        return [Cause(CauseCode.REFUSED, offer.id, refusal)] if refusal else []

    def _nearest(self, begin: Sequence[Node]) -> list[Cause]:
        seen, waiting = set(begin), deque(begin)
        found: list[Cause] = []
        while waiting and len(found) < MOST_CAUSES:
            node = waiting.popleft()
            if node in self._changed:
                found.append(self._changed[node])
            for other in sorted(self._links.get(node, ())):
                if other not in seen:
                    seen.add(other)
                    waiting.append(other)
        return found


ORDER_CODES = CauseCode.ORDER_NEW, CauseCode.ORDER_GONE, CauseCode.ORDER_CHANGED
OFFER_CODES = CauseCode.OFFER_NEW, CauseCode.OFFER_GONE, CauseCode.OFFER_CHANGED


def _changed(
    before: Mapping[str, Seen],
    after: Mapping[str, Seen],
    booked: Iterable[str],
    codes: tuple[CauseCode, CauseCode, CauseCode],
) -> list[Cause]:
    new, gone, changed = codes
    booked = frozenset(booked)
    return [
        *(Cause(new, each) for each in after if each not in before and each not in booked),
        *(Cause(gone, each) for each in {*before, *booked} if each not in after),
        *(Cause(changed, each) for each in before if each in after and before[each] != after[each]),
    ]


def _order_print(order: Order) -> str:
    return _print(
        order.text,
        order.category,
        order.measure,
        order.area_path,
        order.minimum_lot,
        order.starts_on,
        order.deadline,
        order.windows,
        order.urgency,
        order.coordinates,
        sorted(order.skills),
        *_threshold(order),
        *_limits(order.partner_limit, order.contiguous_minutes),
    )


def _offer_print(offer: Offer) -> str:
    return _print(
        offer.text,
        offer.category,
        offer.capacity_kind,
        offer.measure,
        offer.area_path,
        offer.starts_on,
        offer.ends_on,
        offer.windows,
        offer.serves,
        offer.coordinates,
        sorted(offer.skills),
        *_threshold(offer),
        *_limits(offer.partner_limit),
    )


def _threshold(item: Order | Offer) -> list[float]:
    return [item.least_score] if item.least_score else []


def _limits(*stated: int | None) -> list[int]:
    return [limit or 0 for limit in stated] if any(stated) else []


def _print(*facts: object) -> str:
    written = "\n".join(map(str, facts)).encode()
    return hashlib.blake2s(written, digest_size=FINGERPRINT_BYTES).hexdigest()
