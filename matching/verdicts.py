"""What the rules say of one pair of a situation: whether it is allowed, or the first refusal.

The category, the rules after it, and last the thresholds: what an order, an offer or the policy
asks of the score at least.
"""

from functools import cached_property

from matching.model import Offer, Order, Policy, Situation
from matching.plans import Refusal
from matching.rules import Allowed, category_fits, judge
from matching.score import least_score, parts, reaches, total
from matching.text import TextIndex


class Verdicts:
    """Asks the rules of pairs of one situation, one by one."""

    def __init__(self, situation: Situation, policy: Policy) -> None:
        """Remember what the rules go by."""
        self._situation, self._policy = situation, policy
        nothing = frozenset[tuple[str, str]]()
        self._substitutes = situation.substitutes if policy.allow_substitutes else nothing

    def refusal(self, order: Order, offer: Offer) -> Refusal | None:
        """Return the rule that forbids a pair, None where all allow it."""
        situation, policy = self._situation, self._policy
        if not category_fits(order.category, offer.category, self._substitutes):
            return Refusal.CATEGORY
        verdict = judge(order, offer, policy, situation.now)
        if not isinstance(verdict, Allowed):
            return verdict
        if least_score(order, offer, policy):
            found = parts(order, offer, policy, self._texts, situation.relations)
            if not reaches(order, offer, policy, total(found)):
                return Refusal.SCORE
        return None

    @cached_property
    def _texts(self) -> TextIndex:
        situation = self._situation
        return TextIndex(item.text for item in (*situation.orders, *situation.offers))
