"""The matcher: one plan for all orders and offers together, proven part by part.

`solving.py` says who gets what; here it becomes a plan, with reasons, and why the rest stays
unmatched.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence

import numpy as np

from domain.errors import MatchingError
from domain.language import Phrase
from domain.measures import ratio
from matching.fairness import order_premiums
from matching.grouping import early_value
from matching.keeping import keep_bonus, kept_places
from matching.leftover import unmatched_of
from matching.model import Booking, Policy, Progress, Situation
from matching.pairs import Found, find_pairs
from matching.pins import settled
from matching.placing import Share
from matching.plans import ComponentProof, Counted, Fairness, Plan, Proposal, SlotShare
from matching.score import reasons, total, worth
from matching.solving import Solved, solve
from matching.sparse import listed


def match(
    situation: Situation,
    policy: Policy,
    progress: Progress | None = None,
    found: Found | None = None,
) -> Plan:
    """Return the best plan with its proof; the same for any order of the input.

    `found` are the pairs that the pins leave, where the caller has them already. Raises
    MatchingError when an id occurs twice or the sums leave 53 bits.
    """
    check_ids(situation)
    found = found or find_pairs(settled(situation, policy).situation, policy, progress)
    solved = solve(found, progress)
    return plan_of_solved(situation, solved)


def plan_of_solved(situation: Situation, solved: Solved) -> Plan:
    """Return the plan of a run."""
    return plan_of(situation, solved.network.found, solved.shares, solved.proofs, solved.fairness)


def plan_of(
    situation: Situation,
    found: Found,
    shares: Iterable[Share],
    proofs: tuple[ComponentProof, ...] | None,
    fairness: Fairness | None = None,
) -> Plan:
    """Return the plan that these shares and the pins make, and why the rest stays unmatched.

    `found` are the pairs of what the pins leave of the situation.
    """
    shares = list(shares)
    held = found.columns.situation.held
    pinned = {pin.pair: pin.quantity for pin in held}
    by_pair: dict[tuple[str, str], list[Share]] = defaultdict(list)
    for share in (*shares, *shares_of_pins(held)):
        by_pair[share.order_id, share.offer_id].append(share)
    proposals = tuple(
        proposal_of(found, *key, taken, pinned.get(key, 0))
        for key, taken in sorted(by_pair.items())
    )
    counted = count(found, proposals, fairness, kept=proofs is not None)
    return Plan(
        proposals=proposals,
        unmatched=unmatched_of(found, proposals, shares),
        proofs=proofs or (),
        orders=len(situation.orders),
        offers=len(situation.offers),
        pairs=len(found),
        counted=counted,
        bound=None
        if proofs is None
        else sum(proof.bound for proof in proofs) + worth_of_pins(found, proposals),
        fairness=fairness,
    )


def count(
    found: Found, proposals: Iterable[Proposal], fairness: Fairness | None, *, kept: bool
) -> Counted:
    """Return what proposals are worth, and with it the bonuses where they count (`kept`)."""
    numbers, columns = found.order_numbers, found.columns
    places = kept_places(found) if kept else {}
    premiums = listed(order_premiums(found, fairness.premiums)) if fairness else []
    got = np.zeros(len(columns.orders), dtype=np.int64)
    worths = bonus = premium = 0
    for proposal in proposals:
        order = columns.orders[numbers[proposal.order_id]]
        worths += worth(order, proposal.score, columns.policy) * proposal.quantity
        free = proposal.quantity - proposal.pinned
        got[numbers[order.id]] += free
        place = found.place(numbers[order.id], found.offer_numbers[proposal.offer_id])
        if place in places:
            bonus += keep_bonus(columns.policy, order.measure) * free
        premium += premiums[numbers[order.id]] * free if premiums else 0
    return Counted(worths, bonus, premium, early_value(found, got) if kept else 0)


def worth_of_pins(found: Found, proposals: Iterable[Proposal]) -> int:
    """Return what the pinned part of proposals is worth: in the value and in its bound alike."""
    columns = found.columns
    return sum(
        worth(
            columns.orders[found.order_numbers[proposal.order_id]], proposal.score, columns.policy
        )
        * proposal.pinned
        for proposal in proposals
    )


def shares_of_pins(pins: Iterable[Booking]) -> list[Share]:
    """Return what pins take, slot by slot."""
    return [
        Share(pin.order_id, pin.offer_id, slot, quantity)
        for pin in pins
        for slot, quantity in (pin.slots or ((None, pin.quantity),))
    ]


def check_ids(situation: Situation) -> None:
    """Raise MatchingError when an id occurs twice."""
    for items in (situation.orders, situation.offers):
        if len({item.id for item in items}) < len(items):
            raise MatchingError(reason=Phrase("matching.problem.ID_TWICE"))


def proposal_of(
    found: Found, order_id: str, offer_id: str, shares: Sequence[Share], pinned: int
) -> Proposal:
    """Return what shares of one pair are as a proposal, with why the pair is good."""
    numbers = found.order_numbers[order_id], found.offer_numbers[offer_id]
    order, offer = found.columns.orders[numbers[0]], found.columns.offers[numbers[1]]
    parts, steps = found.parts(*numbers), ratio(order.measure, offer.measure)
    if steps is None:
        raise TypeError(f"a plan uses a pair that is refused: {order_id}, {offer_id}")
    step, given = steps
    amounts: dict[str | None, int] = defaultdict(int)
    for share in shares:
        amounts[share.slot] += share.quantity
    quantity = sum(amounts.values())
    slots = sorted((slot, amount) for slot, amount in amounts.items() if slot is not None)
    columns = found.columns
    return Proposal(
        order_id=order_id,
        offer_id=offer_id,
        quantity=quantity,
        offer_quantity=quantity // step * given,
        measure=order.measure,
        slots=tuple(SlotShare(slot, amount, amount // step * given) for slot, amount in slots),
        score=total(parts),
        parts=parts,
        reasons=reasons(order, offer, parts, columns.texts, columns.situation.relations),
        pinned=pinned,
    )
