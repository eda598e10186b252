"""Rules that offers and orders share."""

from domain.vocabulary import ItemState

SET_BY_PEOPLE = frozenset(
    {ItemState.DRAFT, ItemState.PENDING_REVIEW, ItemState.REJECTED, ItemState.WITHDRAWN}
)
PUBLISHED = frozenset(ItemState) - SET_BY_PEOPLE
CLAIMABLE = frozenset({ItemState.OPEN, ItemState.PARTIALLY_CLAIMED})


def derive_state(
    current: ItemState, *, quantity: int | None, held: int, completed: int, past: bool
) -> ItemState:
    """Return the state of an offer or an order; the first rule that holds wins.

    `quantity` is the order's quantity or the offer's capacity (of slotted offers: over the slots
    to come), None where it is not stated; `held` includes `completed`; `past` says whether its
    last date is over.
    """
    if current in SET_BY_PEOPLE:
        return current
    if quantity is not None and completed >= quantity > 0:
        return ItemState.FULFILLED
    if quantity is not None and held >= quantity > 0:
        return ItemState.CLAIMED
    if held > 0:
        return ItemState.PARTIALLY_CLAIMED
    if past:
        return ItemState.EXPIRED
    return ItemState.OPEN


def lot_allows(*, remaining: int, lot: int, quantity: int) -> bool:
    """Whether taking `quantity` of `remaining` respects the minimum lot.

    A claim takes at least the lot (or all that remains), and leaves nothing or at least the lot.
    """
    rest = remaining - quantity
    return 0 < quantity <= remaining and quantity >= min(lot, remaining) and not 0 < rest < lot
