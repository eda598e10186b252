"""Rules that offers and orders share."""

from domain.errors import StateRefused
from domain.identity import NodeReference
from domain.vocabulary import ItemState, ListState, Vocabulary

SET_BY_PEOPLE = frozenset(
    {ItemState.DRAFT, ItemState.PENDING_REVIEW, ItemState.REJECTED, ItemState.WITHDRAWN}
)
PUBLISHED = frozenset(ItemState) - SET_BY_PEOPLE
PUBLISHED_LISTS = frozenset({ListState.PUBLISHED, ListState.CLOSED})
"""States in which everybody may read a list; of offers and orders these are `PUBLISHED`."""
CLAIMABLE = frozenset({ItemState.OPEN, ItemState.PARTIALLY_CLAIMED})
IN_REVIEW = frozenset({ItemState.PENDING_REVIEW, ItemState.REJECTED})
"""States in which an offer or order is for who may review it to publish or withdraw."""


class ItemAction(Vocabulary):
    """What people do to an offer or an order."""

    EDIT = "EDIT"
    SUBMIT = "SUBMIT"
    PUBLISH = "PUBLISH"
    REJECT = "REJECT"
    WITHDRAW = "WITHDRAW"


class ListAction(Vocabulary):
    """What people do to a list."""

    EDIT = "EDIT"
    ADD_ITEM = "ADD_ITEM"
    PUBLISH = "PUBLISH"
    CLOSE = "CLOSE"


ITEM_STEPS: dict[ItemAction, frozenset[ItemState]] = {
    ItemAction.EDIT: frozenset(ItemState),
    ItemAction.SUBMIT: frozenset({ItemState.DRAFT, ItemState.REJECTED, ItemState.WITHDRAWN}),
    ItemAction.PUBLISH: SET_BY_PEOPLE,
    ItemAction.REJECT: frozenset({ItemState.PENDING_REVIEW}),
    ItemAction.WITHDRAW: frozenset(ItemState) - {ItemState.WITHDRAWN},
}
"""From which states of an offer or order each action is possible."""

LIST_STEPS: dict[ListAction, frozenset[ListState]] = {
    ListAction.EDIT: frozenset({ListState.DRAFT, ListState.PUBLISHED}),
    ListAction.ADD_ITEM: frozenset({ListState.DRAFT, ListState.PUBLISHED}),
    ListAction.PUBLISH: frozenset({ListState.DRAFT}),
    ListAction.CLOSE: frozenset({ListState.PUBLISHED}),
}
"""From which states of a list each action is possible."""


def check_item_step(node: NodeReference, action: ItemAction, state: ItemState) -> None:
    """Refuse an action that the state of an offer or order does not bear. Raises StateRefused."""
    if state not in ITEM_STEPS[action]:
        allowed = [each for each, states in ITEM_STEPS.items() if state in states]
        raise StateRefused(node=node, action=action, state=state, allowed=allowed)


def check_list_step(node: NodeReference, action: ListAction, state: ListState) -> None:
    """Refuse an action that the state of a list does not bear. Raises StateRefused."""
    if state not in LIST_STEPS[action]:
        allowed = [each for each, states in LIST_STEPS.items() if state in states]
        raise StateRefused(node=node, action=action, state=state, allowed=allowed)


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
