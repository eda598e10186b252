"""Which offers could serve one order now: every hard rule, and the score with its reasons."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from matching.model import WHOLE, Offer, OfferPrices, Order, Policy, Relations
from matching.plans import Part, Reason, Refusal
from matching.rules import Allowed, category_fits, judge, largest_take
from matching.score import parts, reaches, reasons, total, worth
from matching.text import TextIndex


@dataclass(frozen=True, slots=True)
class Help:
    """An offer that could serve the order: how much of it, how well, and why.

    `quantity` is the most that it could give, in the order's measure; `worth` what a unit is worth
    here, `price` where it is needed most.
    """

    offer: Offer
    quantity: int
    score: float
    parts: tuple[Part, ...]
    reasons: tuple[Reason, ...]
    worth: int = 0
    price: int | None = None

    @property
    def gain(self) -> int | None:
        """What a unit gains here, whatever else the offer is needed for; None without prices."""
        return None if self.price is None else self.worth - self.price


def who_could_help(
    order: Order,
    offers: Iterable[Offer],
    policy: Policy,
    now: datetime,
    relations: Relations,
    substitutes: frozenset[tuple[str, str]],
    prices: OfferPrices | None = None,
) -> Sequence[Help]:
    """Return the offers that every rule allows for the order, the best first, then by id.

    By score, or, where a run has left `prices`, by what a unit is worth here less what it is worth
    where it is needed most. Each is judged alone: two of them may need the same slot of the
    order's time.
    """
    fitting = [
        offer
        for offer in sorted(offers, key=lambda offer: offer.id)
        if category_fits(order.category, offer.category, substitutes)
    ]
    if order.quantity <= 0:
        return []
    texts = TextIndex([order.text, *(offer.text for offer in fitting)])
    found: list[Help] = []
    for offer in fitting:
        verdict = judge(order, offer, policy, now)
        if isinstance(verdict, Refusal):
            continue
        scored = parts(order, offer, policy, texts, relations)
        if not reaches(order, offer, policy, total(scored)):
            continue
        why = reasons(order, offer, scored, texts, relations)
        most = largest_take(order, offer, verdict)
        price = None if prices is None else _price(prices.get(offer.id, {}), verdict)
        value = worth(order, total(scored), policy)
        found.append(Help(offer, most, total(scored), scored, why, value, price))
    if prices is not None:
        return sorted(found, key=lambda each: (-(each.gain or 0), each.offer.id))
    return sorted(found, key=lambda each: (-each.score, each.offer.id))


def _price(prices: Mapping[str, int], allowed: Allowed) -> int:
    """Return the lowest price of what suits of an offer."""
    keys = [slot.key for slot in allowed.slots] or [WHOLE]
    return min(prices.get(key, 0) for key in keys)
