"""What offers are needed for elsewhere: prices that a run leaves, and what they say of any pair."""

from dataclasses import dataclass, replace

import numpy as np

from matching.columns import TOTAL
from matching.model import WHOLE, OfferPrices, Order, Policy, Situation
from matching.network import suitable
from matching.pairs import Found, find_pairs
from matching.plans import Part, Refusal
from matching.rules import category_fits
from matching.solving import Solved
from matching.sparse import listed


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranked:
    """An offer for an order: `gain` is what a unit is worth here less its price elsewhere."""

    offer_id: str
    worth: int
    price: int
    parts: tuple[Part, ...]

    @property
    def gain(self) -> int:
        """What a unit gains, whatever else it is needed for."""
        return self.worth - self.price


@dataclass(frozen=True, slots=True, kw_only=True)
class Forced:
    """What it means to force a pair into a plan: what a unit of it would lose, and who has it.

    `loss` is 0 where the plan uses the pair, or an equally good plan could.
    """

    worth: int
    loss: int
    parts: tuple[Part, ...]
    taken: int
    users: tuple[str, ...]


def offer_prices(solved: Solved) -> OfferPrices:
    """Return the prices of offers and slots that a run leaves, to be kept with it."""
    network, columns = solved.network, solved.network.found.columns
    found: dict[str, dict[str, int]] = {}
    for number in listed(np.flatnonzero(solved.flow.prices.bins > 0)):
        offer, price = int(network.bins[number]), int(solved.flow.prices.bins[number])
        prices = found.setdefault(columns.offers[offer].id, {})
        if columns.given.kind[offer] == TOTAL:
            prices[WHOLE] = price
            continue
        for slot in listed(network.slots_of(number)):
            prices[columns.tables.times[int(columns.given.slot_times[slot])].key] = price
    return found


def best_offers(
    order: Order, situation: Situation, policy: Policy, prices: OfferPrices, most: int = 10
) -> list[Ranked]:
    """Return the best offers for an order that no run has seen, the best first.

    By worth less price: an offer that others need more comes later than one that nobody wants.
    `situation` has the offers; its orders do not matter.
    """
    found = find_pairs(replace(situation, orders=(order,)), policy)
    cheapest = cheapest_prices(found, prices)
    ranked = [
        Ranked(
            offer_id=found.columns.offers[offer].id,
            worth=worth,
            price=price,
            parts=found.parts(0, offer),
        )
        for offer, worth, price in zip(
            listed(found.offers), listed(found.worths), cheapest, strict=True
        )
    ]
    return sorted(ranked, key=lambda one: (-one.gain, one.offer_id))[:most]


def cheapest_prices(found: Found, prices: OfferPrices) -> list[int]:
    """Return for each pair the lowest price of what suits of its offer."""
    columns = found.columns
    slotted = np.flatnonzero(columns.given.kind[found.offers] != TOTAL)
    places, slots = suitable(found, found.orders[slotted], found.offers[slotted])
    keys: dict[int, list[str]] = {}
    for place, slot in zip(listed(slotted[places]), listed(slots), strict=True):
        time = columns.tables.times[int(columns.given.slot_times[slot])]
        keys.setdefault(place, []).append(time.key)
    nothing: dict[str, int] = {}
    return [
        min(
            prices.get(columns.offers[offer].id, nothing).get(key, 0)
            for key in keys.get(place, [WHOLE])
        )
        for place, offer in enumerate(listed(found.offers))
    ]


def forced(solved: Solved, order_id: str, offer_id: str) -> Forced | Refusal:
    """Return why a pair is or is not in a plan: the rule that forbids it, or what it would lose.

    Raises KeyError for an order or offer that the run did not have.
    """
    network, flow = solved.network, solved.flow
    found = network.found
    order, offer = found.order_numbers[order_id], found.offer_numbers[offer_id]
    place = found.place(order, offer)
    if place is None:
        return refusal_of(found, order, offer)
    arcs = network.arcs(np.array([place]))
    losses = flow.prices.orders[order] + flow.prices.bins[arcs.bins] - arcs.worths
    shares = [share for share in solved.shares if share.offer_id == offer_id]
    return Forced(
        worth=int(found.worths[place]),
        loss=max(0, int(losses.min())),
        parts=found.parts(order, offer),
        taken=sum(share.quantity for share in shares if share.order_id == order_id),
        users=tuple(sorted({share.order_id for share in shares} - {order_id})),
    )


def refusal_of(found: Found, order: int, offer: int) -> Refusal:
    """Return the rule that excludes a pair that is not among the found ones."""
    columns = found.columns
    one, other = columns.orders[order], columns.offers[offer]
    substitutes = frozenset[tuple[str, str]]()
    if columns.policy.allow_substitutes:
        substitutes = columns.situation.substitutes
    verdict = found.allowed(order, offer)
    if isinstance(verdict, Refusal) and category_fits(one.category, other.category, substitutes):
        return verdict
    return Refusal.CATEGORY
