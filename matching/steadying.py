"""Who keeps what it had of an offer keeps it at the times it had it.

What a plan is worth does not depend on its slots, so a plan after a change would shuffle them: the
people behind them have other evenings then, for nothing. Here the pairs whose quantity stays get
their slots back as far as these are free and still suit, and the offer's others take other slots
that suit them. Where that does not work out, the offer's slots stay as the solver dealt them.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from domain.measures import ratio
from domain.vocabulary import CapacityKind
from matching.model import Offer, Order
from matching.pairs import Found
from matching.placing import Share
from matching.rules import together
from matching.runs import contiguous, in_runs
from matching.timing import suitable_slots

Lines = Mapping[str, int]
"""What an order takes in each slot, in its own measure."""


def steadied(found: Found, shares: Iterable[Share]) -> list[Share]:
    """Return the shares of a plan with the slots of the last plan where nothing speaks against it.

    Each pair has the quantity that it had in the shares, and each line its size.
    """
    shares = list(shares)
    earlier = found.columns.situation.earlier
    had = {booking.pair: dict(booking.slots) for booking in (earlier.bookings if earlier else ())}
    by_offer: dict[str, dict[str, dict[str, int]]] = defaultdict(lambda: defaultdict(dict))
    for share in shares:
        if share.slot is not None:
            lines = by_offer[share.offer_id][share.order_id]
            lines[share.slot] = lines.get(share.slot, 0) + share.quantity
    for offer_id, dealt in by_offer.items():
        before = {
            order_id: lines
            for order_id in dealt
            if (lines := had.get((order_id, offer_id)))
            and sum(lines.values()) == sum(dealt[order_id].values())
        }
        if any(lines != dealt[order_id] for order_id, lines in before.items()):
            dealt.update(_Offered(found, offer_id).dealt(dealt, before) or {})
    return [
        *(share for share in shares if share.slot is None),
        *(
            Share(order_id, offer_id, slot, quantity)
            for offer_id, dealt in by_offer.items()
            for order_id, lines in dealt.items()
            for slot, quantity in lines.items()
        ),
    ]


@dataclass
class _Offered:
    """An offer's slots, and what is left in them."""

    found: Found
    offer_id: str

    def __post_init__(self) -> None:
        columns = self.found.columns
        self._offer: Offer = columns.offers[self.found.offer_numbers[self.offer_id]]
        self._left = {slot.key: slot.capacity for slot in self._offer.slots}
        self._times = {slot.key: slot.time for slot in self._offer.slots}
        self._alone = self._offer.capacity_kind is CapacityKind.EXCLUSIVE

    def dealt(
        self, dealt: Mapping[str, Lines], before: Mapping[str, Lines]
    ) -> dict[str, dict[str, int]] | None:
        """Deal the slots out anew, those of before first; None where not all find a place."""
        found: dict[str, dict[str, int]] = {}
        for order_id in sorted(before):
            if self._suit(order_id, before[order_id]) and self._take(order_id, before[order_id]):
                found[order_id] = dict(before[order_id])
        for order_id in sorted(dealt.keys() - found.keys()):
            moved = self._moved(order_id, dealt[order_id])
            if moved is None:
                return None
            found[order_id] = moved
        return found

    def _order(self, order_id: str) -> Order:
        return self.found.columns.orders[self.found.order_numbers[order_id]]

    def _suiting(self, order_id: str) -> list[str]:
        policy = self.found.columns.policy
        return [slot.key for slot in suitable_slots(self._order(order_id), self._offer, policy)]

    def _suit(self, order_id: str, lines: Lines) -> bool:
        """Whether an order could have these lines if there were room."""
        order = self._order(order_id)
        least = order.lot if together(order) else 1
        suit = lines.keys() <= set(self._suiting(order_id)) and min(lines.values()) >= least
        return suit and self._unbroken(order, lines)

    def _unbroken(self, order: Order, lines: Lines) -> bool:
        """Whether these lines are a run, where the order asks for one."""
        times = [self._times[slot] for slot in sorted(lines)]
        minutes = order.contiguous_minutes or 0
        return not in_runs(order, self._offer) or contiguous(times, minutes)

    def _moved(self, order_id: str, lines: Lines) -> dict[str, int] | None:
        """Return the lines of an order in the first slots that have room; None where none have."""
        suiting = self._suiting(order_id)
        if in_runs(self._order(order_id), self._offer):
            return self._moved_run(order_id, lines, suiting)
        placed: dict[str, int] = defaultdict(int)
        for slot, quantity in sorted(lines.items()):
            place = next(
                (each for each in (slot, *suiting) if self._take(order_id, {each: quantity})),
                None,
            )
            if place is None:
                return None
            placed[place] += quantity
        return dict(placed)

    def _moved_run(
        self, order_id: str, lines: Lines, suiting: Sequence[str]
    ) -> dict[str, int] | None:
        amounts = [quantity for _, quantity in sorted(lines.items())]
        runs = (
            dict(zip(suiting[first : first + len(amounts)], amounts, strict=False))
            for first in range(len(suiting) - len(amounts) + 1)
        )
        for run in (dict(lines), *runs):
            if self._unbroken(self._order(order_id), run) and self._take(order_id, run):
                return run
        return None

    def _take(self, order_id: str, lines: Lines) -> bool:
        """Take lines out of what is left, all or none; return whether they had room."""
        step, given = ratio(self._order(order_id).measure, self._offer.measure) or (1, 1)
        amounts = {slot: quantity // step * given for slot, quantity in lines.items()}
        if any(quantity % step for quantity in lines.values()):
            return False
        if any(self._left.get(slot, 0) < amount for slot, amount in amounts.items()):
            return False
        for slot, amount in amounts.items():
            self._left[slot] = 0 if self._alone else self._left[slot] - amount
        return True
