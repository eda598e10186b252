"""All allowed pairs of orders and offers, blocked by category; and who was refused by which rule.

No short list: a pair that is left out could be an order's only supplier.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from matching.instance import Pair
from matching.model import Offer, Order, Policy, Progress, Refusal, Situation
from matching.rules import category_fits, judge
from matching.score import parts, total, worth
from matching.text import TextIndex

PROGRESS_EVERY = 50
NO_SUBSTITUTES: frozenset[tuple[str, str]] = frozenset()


@dataclass(frozen=True, slots=True)
class Found:
    """The pairs by order and offer id, and for each order how many offers each rule refused."""

    pairs: tuple[Pair, ...]
    refused: Mapping[str, Mapping[Refusal, int]]
    texts: TextIndex


def find_pairs(situation: Situation, policy: Policy, progress: Progress | None = None) -> Found:
    """Return every pair that the rules allow, scored, in the order of the ids."""
    orders = sorted(situation.orders, key=lambda order: order.id)
    offers = sorted(situation.offers, key=lambda offer: offer.id)
    texts = TextIndex([item.text for item in (*orders, *offers)])
    candidates = _by_category(orders, offers, situation, policy)
    pairs: list[Pair] = []
    refused: dict[str, Mapping[Refusal, int]] = {}
    for done, order in enumerate(orders):
        if progress and done % PROGRESS_EVERY == 0:
            progress("PAIRS", done, len(orders))
        counts: Counter[Refusal] = Counter()
        for offer in candidates[order.category] if order.quantity > 0 else ():
            verdict = judge(order, offer, policy, situation.now)
            if isinstance(verdict, Refusal):
                counts[verdict] += 1
                continue
            found = parts(order, offer, policy, texts, situation.relations)
            score = total(found)
            pairs.append(Pair(order, offer, verdict, found, score, worth(order, score, policy)))
        refused[order.id] = {code: counts[code] for code in Refusal if counts[code]}
    if progress:
        progress("PAIRS", len(orders), len(orders))
    return Found(tuple(pairs), refused, texts)


def _by_category(
    orders: Sequence[Order], offers: Sequence[Offer], situation: Situation, policy: Policy
) -> dict[str, list[Offer]]:
    """Return for each category of an order the offers that it allows."""
    substitutes = situation.substitutes if policy.allow_substitutes else NO_SUBSTITUTES
    blocks: dict[str, list[Offer]] = defaultdict(list)
    for offer in offers:
        blocks[offer.category].append(offer)
    return {
        wanted: [
            offer
            for category, block in blocks.items()
            if category_fits(wanted, category, substitutes)
            for offer in block
        ]
        for wanted in {order.category for order in orders}
    }
