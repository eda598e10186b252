"""Partner limits: how many suppliers an order may deal with, and how many receivers an offer.

Agents count, not claims; those that are partners already are free (decision 0028).
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np

from matching.columns import UNLIMITED, Columns, Flags, Integers, Items
from matching.pairs import Found


class Partners:
    """Who deals with whom, as something is dealt out: who has a limit, and what it leaves."""

    def __init__(self, columns: Columns) -> None:
        """Begin with the partners that are there already."""
        self._columns = columns
        self._joined: dict[tuple[int, bool], set[str]] = defaultdict(set)

    def may(self, order: int, offer: int) -> bool:
        """Whether the limits of both sides let this order take of this offer."""
        return not (self.kept_from(order, offer) or self.kept_by(order, offer))

    def kept_from(self, order: int, offer: int) -> bool:
        """Whether the order's own limit leaves no room for the offer's supplier."""
        item, agent = self._columns.orders[order], self._columns.offers[offer].supplier_id
        limit, joined = item.partner_limit, self._joined.get((order, True), set())
        if limit is None or agent in item.partners or agent in joined:
            return False
        return len(item.partners) + len(joined) >= limit

    def kept_by(self, order: int, offer: int) -> bool:
        """Whether the offer's limit leaves no room for the order's receiver."""
        item, agent = self._columns.offers[offer], self._columns.orders[order].receiver_id
        limit, joined = item.partner_limit, self._joined.get((offer, False), set())
        if limit is None or agent in item.partners or agent in joined:
            return False
        return len(item.partners) + len(joined) >= limit

    def deal(self, order: int, offer: int, amount: int) -> None:
        """Remember that an order takes an amount of an offer; nothing makes no partners."""
        if not amount:
            return
        wanted, given = self._columns.orders[order], self._columns.offers[offer]
        if given.supplier_id not in wanted.partners:
            self._joined[order, True].add(given.supplier_id)
        if wanted.receiver_id not in given.partners:
            self._joined[offer, False].add(wanted.receiver_id)


@dataclass(frozen=True, slots=True, eq=False)
class Side:
    """The pairs that count towards the limits of one side: whose owner has one, a partner joins.

    `places` are positions among the pairs that were asked about. Of each `owners` is the limited
    order or offer, and `keys` the number of owner and partner (`owner * agents + partner`);
    `joining` is how many may join each owner.
    """

    places: Integers
    owners: Integers
    keys: Integers
    joining: Integers
    agents: int

    def crowded(self) -> Integers:
        """Return the owners who have more partners in these pairs than may join."""
        _, first = np.unique(self.keys, return_index=True)
        counts = np.bincount(self.owners[first], minlength=len(self.joining))
        return np.flatnonzero(counts > self.joining)

    def without(self, keys: Integers) -> "Side":
        """Return the side when these have joined: they count no more, and leave less room."""
        left = self.joining.copy()
        np.subtract.at(left, keys // self.agents, 1)
        rest = ~np.isin(self.keys, keys)
        return replace(
            self,
            places=self.places[rest],
            owners=self.owners[rest],
            keys=self.keys[rest],
            joining=left,
        )

    def kept(self, amounts: Integers, gains: Integers) -> Flags:
        """Return which of these pairs may stay: of the partners who get most, the best others.

        `amounts` and `gains` are of the pairs that were asked about.
        """
        keys, first, inverse = np.unique(self.keys, return_index=True, return_inverse=True)
        amount = np.zeros(len(keys), dtype=np.int64)
        np.add.at(amount, inverse, amounts[self.places])
        gain = np.full(len(keys), np.iinfo(np.int64).min, dtype=np.int64)
        np.maximum.at(gain, inverse, gains[self.places])
        owners = self.owners[first]
        ranked = np.lexsort((keys, -gain, -amount, owners))
        rank = np.empty(len(keys), dtype=np.int64)
        rank[ranked] = np.arange(len(keys)) - np.searchsorted(owners[ranked], owners[ranked])
        return (rank < self.joining[owners])[inverse]


def sides_of(found: Found, pairs: Integers) -> tuple[Side, Side]:
    """Return what of these pairs counts towards the limits of orders, and of offers."""
    columns = found.columns
    orders, offers = found.orders[pairs], found.offers[pairs]
    suppliers, receivers = columns.given.items.agent[offers], columns.wanted.items.agent[orders]
    of_orders, of_offers = found.blocks.limits.known
    agents = len(columns.tables.agents)
    sides: list[Side] = []
    for owners, partners, items, known in (
        (orders, suppliers, columns.wanted.items, of_orders),
        (offers, receivers, columns.given.items, of_offers),
    ):
        places = np.flatnonzero(items.joining[owners] < UNLIMITED)
        places = places[known.values(partners[places], owners[places]) == 0]
        mine = owners[places].astype(np.int64)
        sides.append(Side(places, mine, mine * agents + partners[places], items.joining, agents))
    return sides[0], sides[1]


def dealt_keys(found: Found, dealt: Iterable[tuple[int, int]]) -> tuple[Integers, Integers]:
    """Return who joined orders and offers that deal with each other, as the keys of sides."""
    columns = found.columns
    rows = np.array(sorted(dealt), dtype=np.int64).reshape(-1, 2)
    agents = len(columns.tables.agents)
    given, wanted = columns.given.items.agent, columns.wanted.items.agent
    keys: list[Integers] = []
    for owners, partners, known in (
        (rows[:, 0], given[rows[:, 1]], found.blocks.limits.known[0]),
        (rows[:, 1], wanted[rows[:, 0]], found.blocks.limits.known[1]),
    ):
        new = known.values(partners, owners) == 0
        keys.append(np.unique(owners[new] * agents + partners[new]))
    return keys[0], keys[1]


def limited(columns: Columns) -> bool:
    """Whether any order or offer has a partner limit."""
    return any(bool((each.joining < UNLIMITED).any()) for each in _items(columns))


def limited_pairs(found: Found) -> Integers:
    """Return the pairs of which one side has a partner limit."""
    wanted, given = (items.joining < UNLIMITED for items in _items(found.columns))
    return np.flatnonzero(wanted[found.orders] | given[found.offers])


def _items(columns: Columns) -> tuple[Items, Items]:
    return columns.wanted.items, columns.given.items


def binding(found: Found, quantity: Integers, capacity: Integers) -> tuple[Integers, Integers]:
    """Return the orders and the offers whose limits could bind, given how much each has.

    One that may have as many partners as units never needs another.
    """
    if not limited(found.columns):
        nobody = np.zeros(0, dtype=np.int64)
        return nobody, nobody
    sides = sides_of(found, limited_pairs(found))
    first, second = (
        owners[amounts[owners] > side.joining[owners]]
        for side, amounts in zip(sides, (quantity, capacity), strict=True)
        for owners in (side.crowded(),)
    )
    return first, second
