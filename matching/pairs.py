"""All allowed pairs of orders and offers, and who was refused by which rule.

No short list: a pair that is left out could be an order's only supplier. The orders of one
category, measure and zone are compared with the offers of all fitting categories in blocks of
neighbouring areas, so that a block has few pairs out of reach.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from matching.blocks import Blocks, Scope
from matching.columns import TOTAL, Columns, Integers, Numbers, columns_of
from matching.model import Policy, Progress, Situation
from matching.plans import Part, Refusal
from matching.rules import Allowed, judge
from matching.score import least_score, parts, reaches, total
from matching.sparse import matrix

ORDERS_AT_ONCE = 512
CELLS_AT_ONCE = 1 << 20
CODES = list(Refusal)


@dataclass(eq=False)
class Found:
    """The allowed pairs, by order and then by offer, in the order of the ids.

    The offers of order `i` are `offers[starts[i]:starts[i + 1]]`, and `worths` what a unit of the
    order is worth there.
    """

    columns: Columns
    blocks: Blocks
    starts: Integers
    offers: Numbers
    worths: Numbers

    def __len__(self) -> int:
        """Return how many pairs there are."""
        return len(self.offers)

    @cached_property
    def orders(self) -> Numbers:
        """The order of each pair."""
        counts = np.diff(self.starts)
        return np.repeat(np.arange(len(counts), dtype=np.int32), counts)

    @cached_property
    def by_offer(self) -> Numbers:
        """The pairs by offer, and of one offer by order."""
        shape = len(self.columns.orders), len(self.columns.offers)
        numbers = np.arange(len(self.offers), dtype=np.int32)
        return matrix((numbers, self.offers, self.starts), shape).tocsc().data

    @cached_property
    def order_numbers(self) -> Mapping[str, int]:
        """The number of each order's id."""
        return {order.id: number for number, order in enumerate(self.columns.orders)}

    @cached_property
    def offer_numbers(self) -> Mapping[str, int]:
        """The number of each offer's id."""
        return {offer.id: number for number, offer in enumerate(self.columns.offers)}

    def place(self, order: int, offer: int) -> int | None:
        """Return which pair this order and this offer are, None where no rule allows them."""
        start, end = int(self.starts[order]), int(self.starts[order + 1])
        place = start + int(np.searchsorted(self.offers[start:end], offer))
        return place if place < end and self.offers[place] == offer else None

    def allowed(self, order: int, offer: int) -> Allowed | Refusal:
        """Return what the rules say of one pair whose categories fit, asked one by one."""
        columns = self.columns
        pair = columns.orders[order], columns.offers[offer]
        verdict = judge(*pair, columns.policy, columns.situation.now)
        if isinstance(verdict, Allowed) and least_score(*pair, columns.policy):
            good = reaches(*pair, columns.policy, self.score(order, offer))
            return verdict if good else Refusal.SCORE
        return verdict

    def parts(self, order: int, offer: int) -> tuple[Part, ...]:
        """Return the parts of the score of one pair."""
        columns = self.columns
        return parts(
            columns.orders[order],
            columns.offers[offer],
            columns.policy,
            columns.texts,
            columns.situation.relations,
        )

    def score(self, order: int, offer: int) -> float:
        """Return the score of one pair in [0, 1]."""
        return total(self.parts(order, offer))

    def refused(self, orders: Integers) -> list[Mapping[Refusal, int]]:
        """Return for each of these orders how many offers each rule refuses.

        Offers whose category does not fit are not counted.
        """
        counts = np.zeros((len(orders), len(CODES)), dtype=np.int64)
        wanted = self.columns.wanted
        asked = np.flatnonzero(wanted.quantity[orders] > 0)
        kinds = self.columns.given.kind
        for scope, members in _scopes(self.columns, self.blocks, orders[asked]):
            for slotted in (False, True):
                offers = scope.offers[(kinds[scope.offers] != TOTAL) == slotted]
                for part, some in _tiles(offers, members):
                    self._count(scope, some, orders[asked[part]], counts, asked[part])
        return [
            {code: int(row[number]) for number, code in enumerate(CODES) if row[number]}
            for row in counts
        ]

    def _count(
        self, scope: Scope, offers: Integers, orders: Integers, counts: Integers, rows: Integers
    ) -> None:
        left = np.ones((len(offers), len(orders)), dtype=bool)
        for code, flags in self.blocks.rules(scope, offers, orders):
            counts[rows, CODES.index(code)] += (left & ~flags).sum(axis=0)
            left &= flags
        blocks, (at_offers, at_orders) = self.blocks, np.nonzero(left)
        if blocks.thresholds and len(at_offers):
            at = at_offers, at_orders
            scores = blocks.scores(scope, offers, orders, at, blocks.alike(offers, orders))
            short = ~blocks.reached(offers[at_offers], orders[at_orders], scores)
            np.add.at(counts[:, CODES.index(Refusal.SCORE)], rows[at_orders[short]], 1)


def find_pairs(situation: Situation, policy: Policy, progress: Progress | None = None) -> Found:
    """Return every pair that the rules allow, scored, in the order of the ids."""
    columns = columns_of(situation, policy)
    return pairs_among(columns, Blocks(columns), np.arange(len(columns.orders)), progress=progress)


def pairs_among(
    columns: Columns, blocks: Blocks, orders: Integers, *, progress: Progress | None = None
) -> Found:
    """Return the pairs of some orders, with every offer."""
    kinds = columns.given.kind
    found: list[tuple[Numbers, Numbers, Numbers]] = []
    asked = orders[columns.wanted.quantity[orders] > 0]
    done = len(columns.orders) - len(asked)
    for scope, members in _scopes(columns, blocks, asked):
        if progress:
            progress("PAIRS", done, len(columns.orders))
        usable = blocks.usable(scope)
        for slotted in (False, True):
            offers = usable[(kinds[usable] != TOTAL) == slotted]
            found.extend(_pairs_of(blocks, scope, offers, asked[members]))
        done += len(members)
    if progress:
        progress("PAIRS", len(columns.orders), len(columns.orders))
    return _sorted(columns, blocks, found)


def _pairs_of(
    blocks: Blocks, scope: Scope, offers: Integers, orders: Integers
) -> Iterator[tuple[Numbers, Numbers, Numbers]]:
    for begin in range(0, len(orders), ORDERS_AT_ONCE):
        some = orders[begin : begin + ORDERS_AT_ONCE]
        near = blocks.within_reach_of_any(offers, some) if len(offers) else offers
        rows = max(1, CELLS_AT_ONCE // len(some))
        for first in range(0, len(near), rows):
            here = near[first : first + rows]
            rows_at, columns_at = np.nonzero(blocks.allowed(scope, here, some))
            if not len(rows_at):
                continue
            at = rows_at, columns_at
            scores = blocks.scores(scope, here, some, at, blocks.alike(here, some))
            at_orders, at_offers = some[columns_at], here[rows_at]
            if blocks.thresholds:
                good = blocks.reached(at_offers, at_orders, scores)
                at_orders, at_offers, scores = at_orders[good], at_offers[good], scores[good]
            yield (
                at_orders.astype(np.int32),
                at_offers.astype(np.int32),
                blocks.worths(scope, at_orders, scores).astype(np.int32),
            )


def _scopes(columns: Columns, blocks: Blocks, orders: Integers) -> Iterator[tuple[Scope, Integers]]:
    """Yield what may be compared, and which of the orders, neighbours next to each other."""
    items = columns.wanted.items
    keys = items.category[orders], items.measure[orders], items.zone[orders]
    ordered = np.lexsort((orders, items.area[orders], *reversed(keys)))
    if not len(ordered):
        return
    table = np.stack(keys, axis=1)[ordered]
    breaks = np.flatnonzero((table[1:] != table[:-1]).any(axis=1)) + 1
    for members in np.split(ordered, breaks):
        category, measure, zone = (int(key[members[0]]) for key in keys)
        yield blocks.scope(category, measure, zone), members


def _tiles(offers: Integers, members: Integers) -> Iterator[tuple[Integers, Integers]]:
    rows = max(1, CELLS_AT_ONCE // ORDERS_AT_ONCE)
    for begin in range(0, len(members), ORDERS_AT_ONCE):
        for first in range(0, len(offers), rows):
            yield members[begin : begin + ORDERS_AT_ONCE], offers[first : first + rows]


def _sorted(
    columns: Columns, blocks: Blocks, found: Sequence[tuple[Numbers, Numbers, Numbers]]
) -> Found:
    """Return the pairs by order and offer; pairs that are worth nothing are none."""
    nothing = np.zeros(0, dtype=np.int32)
    orders, offers, worths = (
        np.concatenate([nothing, *(part[number] for part in found)]) for number in range(3)
    )
    shape = len(columns.offers), len(columns.orders)
    by_order = matrix((worths, (offers, orders)), shape).tocsc()
    return Found(
        columns,
        blocks,
        by_order.indptr.astype(np.int64),
        by_order.indices,
        by_order.data,
    )
