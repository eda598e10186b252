"""Which states everybody may read, and what a condition on a state tells of that.

Offers, orders and lists may be read by everybody in some of their states; in the others by whom
they concern. A filter that asks for states of the first kind alone implies that what it finds may
be seen, and one that asks for the others alone that it is not for everybody; so of the test of
visibility the compiler leaves out what the filter has decided.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from domain.items import PUBLISHED, PUBLISHED_LISTS
from domain.vocabulary import ItemState, ListState

PUBLIC_STATES: Mapping[str, frozenset[str]] = {
    ItemState.__name__: frozenset(state.value for state in PUBLISHED),
    ListState.__name__: frozenset(state.value for state in PUBLISHED_LISTS),
}
"""The states that everybody may read, by the vocabulary of the state."""


@dataclass(frozen=True, slots=True)
class Publishing:
    """How a type is published: the vocabulary of its states, and their parameter in statements."""

    vocabulary: str
    parameter: str


ITEMS = Publishing(ItemState.__name__, "publishedItems")
LISTS = Publishing(ListState.__name__, "publishedLists")
STATE = "state"
PUBLISHING: Mapping[str, Publishing] = {
    "ResourceOffer": ITEMS,
    "DemandOrder": ITEMS,
    "ResourceList": LISTS,
    "NeedList": LISTS,
}
"""The types whose `state` decides whether everybody may see a node."""


def published(vocabulary: str, states: Collection[str]) -> bool | None:
    """Return whether everybody may read all of the states; None: some of them, not others."""
    public = PUBLIC_STATES[vocabulary]
    if public.issuperset(states):
        return True
    return False if public.isdisjoint(states) else None
