"""What a plan leaves unmatched, and why."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from domain.vocabulary import CapacityKind
from matching.pairs import Found
from matching.partners import Partners, limited
from matching.placing import Share
from matching.plans import Proposal, Refusal, Unmatched
from matching.quotas import Key, given, rooms_left
from matching.rules import Allowed, least_in_slot, together
from matching.runs import in_runs, most_in_run
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
    bound = columns.policy.quotas or limited(columns)
    left = _Left(found, users, shares) if bound else None
    return tuple(
        _missing(found, number, got, users, counts, left)
        for number, counts in zip(short, refused, strict=True)
    )


def _missing(
    found: Found,
    number: int,
    got: Mapping[str, int],
    users: Mapping[int, Sequence[str]],
    refused: Mapping[Refusal, int],
    left: "_Left | None",
) -> Unmatched:
    order = found.columns.orders[number]
    suitable = listed(found.offers[found.starts[number] : found.starts[number + 1]])
    keepers = left.keepers(number, suitable) if left else None
    if keepers:
        reason, rivals = keepers
        rivals = rivals - {order.id}
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


class _Left:
    """What a plan leaves of offers, and what keeps orders from it: quotas, and partner limits."""

    def __init__(
        self, found: Found, users: Mapping[int, Sequence[str]], shares: Iterable[Share]
    ) -> None:
        columns = found.columns
        self._found, self._users = found, users
        self._left = rooms_left(columns.situation, columns.policy)
        self._used: dict[tuple[str, str | None], int] = defaultdict(int)
        self._quota_users: dict[Key, set[str]] = defaultdict(set)
        self._partners = Partners(columns)
        for share in shares:
            numbers = found.order_numbers[share.order_id], found.offer_numbers[share.offer_id]
            order, offer = columns.orders[numbers[0]], columns.offers[numbers[1]]
            amount = given(share.quantity, order.measure, offer.measure)
            self._left.take(offer, amount)
            self._used[offer.id, share.slot] += amount
            self._partners.deal(*numbers, amount)
        for number, order_ids in users.items():
            for key in self._left.keys(columns.offers[number]):
                self._quota_users[key].update(order_ids)

    def keepers(self, order: int, offers: Iterable[int]) -> tuple[Refusal, set[str]] | None:
        """Return what keeps an order from what offers still have, and the orders that have it."""
        quotas: set[Key] = set()
        crowds: list[set[str]] = []
        for offer in offers:
            keys = self._left.keys(self._found.columns.offers[offer])
            barred = not self._partners.may(order, offer)
            allowed = self._found.allowed(order, offer) if keys or barred else None
            if not isinstance(allowed, Allowed):
                continue
            least, free = self._room(order, offer, allowed)
            quotas.update(key for key in keys if self._left.rooms[key] < least <= free)
            if barred and least <= free:
                by_offer = self._partners.kept_by(order, offer)
                crowds.append(set(self._users.get(offer, ())) if by_offer else set())
        if quotas:
            return Refusal.QUOTA, set[str]().union(*(self._quota_users[key] for key in quotas))
        return (Refusal.PARTNERS, set[str]().union(*crowds)) if crowds else None

    def _room(self, order_number: int, offer_number: int, allowed: Allowed) -> tuple[int, int]:
        """Return the least that an order takes of an offer, and what is free for it there."""
        columns = self._found.columns
        order, offer = columns.orders[order_number], columns.offers[offer_number]
        step, of_offer = allowed.step
        least = -(-order.lot // step) * of_offer
        if offer.capacity_kind is CapacityKind.TOTAL:
            return least, (offer.capacity or 0) - self._used[offer.id, None]
        alone = offer.capacity_kind is CapacityKind.EXCLUSIVE
        rooms = {
            slot.time: 0
            if alone and self._used[offer.id, slot.key]
            else slot.capacity - self._used[offer.id, slot.key]
            for slot in allowed.slots
        }
        if in_runs(order, offer):
            in_slot = least_in_slot(order, allowed)
            holds = {time: room // of_offer * step for time, room in rooms.items()}
            return least, most_in_run(order, holds, in_slot) // step * of_offer
        return least, max(rooms.values()) if together(order) else sum(rooms.values())
