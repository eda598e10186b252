"""Why and why not, of any pair between runs: by the rules, the score, and the prices of a run.

With the prices `r` that a run leaves, an order's price is what its best pair gains, `p = max(0,
max(w - r))`; forcing a pair loses `p + r - w` for each unit, 0 where the plan, or one as good,
uses it.
"""

from dataclasses import dataclass

import numpy as np

from matching.blocks import Blocks
from matching.columns import columns_of
from matching.model import Booking, OfferPrices, Policy, Situation
from matching.pairs import pairs_among
from matching.plans import Part, Refusal
from matching.ranking import cheapest_prices, refusal_of
from matching.score import total
from matching.sparse import listed


@dataclass(frozen=True, slots=True, kw_only=True)
class Why:
    """What is to be said of a pair.

    `refusal` is the rule that excludes it; else `worth` is what a unit counts, `price` what a unit
    of the offer is worth where it is needed most, `loss` what the plan would lose for each unit
    that is forced (None where no run has left prices). `taken` is what the plan gives of it, in
    the order's measure, `users` the other orders that have the offer.
    """

    refusal: Refusal | None
    parts: tuple[Part, ...]
    worth: int
    price: int | None
    loss: int | None
    taken: int
    users: tuple[str, ...]

    @property
    def score(self) -> float:
        """The score in [0, 1]; 0 where a rule excludes the pair."""
        return total(self.parts)


def why(
    situation: Situation,
    policy: Policy,
    pair: tuple[str, str],
    prices: OfferPrices | None,
    bookings: tuple[Booking, ...],
) -> Why:
    """Return why a pair (the ids of an order and an offer) is or is not in the plan.

    `bookings` are the open plan's, and what claims hold. Raises KeyError for an order or offer
    that the situation does not have.
    """
    columns = columns_of(situation, policy)
    order = {each.id: number for number, each in enumerate(columns.orders)}[pair[0]]
    found = pairs_among(columns, Blocks(columns), np.array([order]))
    offer = found.offer_numbers[pair[1]]
    place = found.place(order, offer)
    taken = sum(booking.quantity for booking in bookings if booking.pair == pair)
    users = {booking.order_id for booking in bookings if booking.offer_id == pair[1]} - {pair[0]}
    if place is None:
        return Why(
            refusal=refusal_of(found, order, offer),
            parts=(),
            worth=0,
            price=None,
            loss=None,
            taken=taken,
            users=tuple(sorted(users)),
        )
    worth, price, loss = int(found.worths[place]), None, None
    if prices is not None:
        cheapest = cheapest_prices(found, prices)
        worths = listed(found.worths)
        of_order = max(0, *(one - other for one, other in zip(worths, cheapest, strict=True)))
        price = cheapest[place]
        loss = 0 if taken else max(0, of_order + price - worth)
    return Why(
        refusal=None,
        parts=found.parts(order, offer),
        worth=worth,
        price=price,
        loss=loss,
        taken=taken,
        users=tuple(sorted(users)),
    )
