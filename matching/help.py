"""Which offers could serve one order now: every hard rule, and the score with its reasons."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from matching.model import Offer, Order, Part, Policy, Reason, Refusal, Relations
from matching.rules import category_fits, judge, largest_take
from matching.score import parts, reasons, total
from matching.text import TextIndex


@dataclass(frozen=True, slots=True)
class Help:
    """An offer that could serve the order: how much of it, how well, and why.

    `quantity` is the most that it could give, in the order's measure.
    """

    offer: Offer
    quantity: int
    score: float
    parts: tuple[Part, ...]
    reasons: tuple[Reason, ...]


def who_could_help(
    order: Order,
    offers: Iterable[Offer],
    policy: Policy,
    now: datetime,
    relations: Relations,
    substitutes: frozenset[tuple[str, str]],
) -> Sequence[Help]:
    """Return the offers that every rule allows for the order, the best first, then by id.

    Each is judged alone: two of them may need the same slot of the order's time.
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
        why = reasons(order, offer, scored, texts, relations)
        most = largest_take(order, offer, verdict)
        found.append(Help(offer, most, total(scored), scored, why))
    return sorted(found, key=lambda each: (-each.score, each.offer.id))
