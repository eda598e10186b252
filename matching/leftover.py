"""What a plan leaves unmatched, and why."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from domain.vocabulary import CapacityKind
from matching.pairs import Found
from matching.placing import Share
from matching.plans import Proposal, Refusal, Unmatched
from matching.quotas import Key, given, rooms_left
from matching.rules import Allowed, together
from matching.sparse import listed


def unmatched_of(
    found: Found, proposals: Sequence[Proposal], shares: Iterable[Share]
) -> tuple[Unmatched, ...]:
    """Return what each order misses, and why; `shares` are the proposals' without pins."""
    columns = found.columns
    got: dict[str, int] = defaultdict(int)
    users: dict[int, list[str]] = defaultdict(list)
    for proposal in proposals:
        got[proposal.order_id] += proposal.quantity - proposal.pinned
        users[found.offer_numbers[proposal.offer_id]].append(proposal.order_id)
    short = [
        number for number, order in enumerate(columns.orders) if order.quantity > got[order.id]
    ]
    refused = found.refused(np.array(short, dtype=np.int64))
    quotas = _Quotas(found, users, shares) if columns.policy.quotas else None
    return tuple(
        _missing(found, number, got, users, counts, quotas)
        for number, counts in zip(short, refused, strict=True)
    )


def _missing(
    found: Found,
    number: int,
    got: Mapping[str, int],
    users: Mapping[int, Sequence[str]],
    refused: Mapping[Refusal, int],
    quotas: "_Quotas | None",
) -> Unmatched:
    order = found.columns.orders[number]
    suitable = listed(found.offers[found.starts[number] : found.starts[number + 1]])
    full = {key for offer in suitable for key in (quotas.full(number, offer) if quotas else ())}
    if full and quotas:
        rivals = {user for key in full for user in quotas.users[key]} - {order.id}
        reason = Refusal.QUOTA
    elif suitable:
        rivals = {user for offer in suitable for user in users.get(offer, ())} - {order.id}
        reason = Refusal.USED_BY_OTHERS if rivals else Refusal.NOT_ENOUGH
    else:
        rivals = set[str]()
        reason = next((code for code in reversed(Refusal) if code in refused), Refusal.CATEGORY)
    return Unmatched(
        order_id=order.id,
        missing=order.quantity - got[order.id],
        reason=reason,
        refused=refused,
        rivals=tuple(sorted(rivals)),
    )


class _Quotas:
    """What a plan leaves of quotas and of the offers that they bind; who uses each quota."""

    def __init__(
        self, found: Found, users: Mapping[int, Sequence[str]], shares: Iterable[Share]
    ) -> None:
        columns = found.columns
        self._found = found
        self._left = rooms_left(columns.situation, columns.policy)
        self._used: dict[tuple[str, str | None], int] = defaultdict(int)
        self.users: dict[Key, set[str]] = defaultdict(set)
        for share in shares:
            order = columns.orders[found.order_numbers[share.order_id]]
            offer = columns.offers[found.offer_numbers[share.offer_id]]
            amount = given(share.quantity, order.measure, offer.measure)
            self._left.take(offer, amount)
            self._used[offer.id, share.slot] += amount
        for number, order_ids in users.items():
            for key in self._left.keys(columns.offers[number]):
                self.users[key].update(order_ids)

    def full(self, order_number: int, offer_number: int) -> list[Key]:
        """Return the quotas that keep an order from what an offer still has for it."""
        columns = self._found.columns
        order, offer = columns.orders[order_number], columns.offers[offer_number]
        keys = self._left.keys(offer)
        allowed = self._found.allowed(order_number, offer_number) if keys else None
        if not isinstance(allowed, Allowed):
            return []
        step, of_offer = allowed.step
        least = -(-order.lot // step) * of_offer
        if offer.capacity_kind is CapacityKind.TOTAL:
            free = (offer.capacity or 0) - self._used[offer.id, None]
        else:
            alone = offer.capacity_kind is CapacityKind.EXCLUSIVE
            rooms = [
                0
                if alone and self._used[offer.id, slot.key]
                else slot.capacity - self._used[offer.id, slot.key]
                for slot in allowed.slots
            ]
            free = max(rooms) if together(order) else sum(rooms)
        return [key for key in keys if self._left.rooms[key] < least <= free]
