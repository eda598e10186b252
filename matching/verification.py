"""Checks a plan against the orders, the offers and the rules, without asking any solver's word.

The pairs are found anew from the situation, the plan is laid over them, every rule and every sum
is counted again, and where everything can be split the prices are computed from the plan itself.
Where it cannot, the plan's stated bound is taken for what its proof says it is (CP-SAT's own), but
never below the value, and never above what prices of the relaxed component allow.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet

import numpy as np

from matching.certificate import Integers, PlanRejected, value_of
from matching.instance import Component, Pair, components
from matching.matcher import relaxed_bound
from matching.model import ComponentProof, Method, Plan, Policy, Proof, Proposal, Situation
from matching.pairs import find_pairs
from matching.score import total


def verify(situation: Situation, policy: Policy, plan: Plan) -> None:
    """Return if the plan is what it says. Raises PlanRejected, naming what is wrong."""
    laid = check_rules(situation, policy, plan)
    if len(laid) != len(plan.proofs):
        raise PlanRejected("the plan has another number of components")
    for (part, carried), stated in zip(laid, plan.proofs, strict=True):
        _check_proof(part, carried, stated)
    if sum(proof.bound for proof in plan.proofs) != plan.bound:
        raise PlanRejected("the stated bound is not the sum of the components'")


def check_rules(
    situation: Situation, policy: Policy, plan: Plan
) -> list[tuple[Component, Integers]]:
    """Return the components with what the plan carries on their arcs, every rule counted again.

    Holds for any plan, a baseline's too: nothing is said of its being best. Raises PlanRejected.
    """
    found = find_pairs(situation, policy)
    pairs = {(pair.order.id, pair.offer.id): pair for pair in found.pairs}
    proposals = {(proposal.order_id, proposal.offer_id): proposal for proposal in plan.proposals}
    if len(proposals) < len(plan.proposals):
        raise PlanRejected("a pair is proposed twice")
    for key, proposal in proposals.items():
        if key not in pairs:
            raise PlanRejected(f"no rule allows the pair {key}")
        _check_proposal(pairs[key], proposal)
    laid = [(part, _lay(part, proposals)) for part in components(found.pairs)]
    if sum(value_of(part, carried) for part, carried in laid) != plan.value:
        raise PlanRejected("the stated value is not the sum of the proposals'")
    _check_unmatched(situation, plan)
    return laid


def _check_proposal(pair: Pair, proposal: Proposal) -> None:
    step, given = pair.allowed.step
    suitable = {slot.key for slot in pair.allowed.slots}
    slots = [share.slot for share in proposal.slots]
    amounts = [(share.quantity, share.offer_quantity) for share in proposal.slots]
    whole = (proposal.quantity, proposal.offer_quantity)
    if proposal.quantity <= 0 or proposal.measure != pair.order.measure:
        raise PlanRejected("a proposal takes nothing, or in another measure")
    if any(
        one <= 0 or one % step or one // step * given != other for one, other in (whole, *amounts)
    ):
        raise PlanRejected("a quantity is not what the rule between the measures says")
    if not set(slots) <= suitable or len(set(slots)) < len(slots) or bool(slots) != bool(suitable):
        raise PlanRejected("a slot does not suit, or is named twice")
    if slots and tuple(map(sum, zip(*amounts, strict=True))) != whole:
        raise PlanRejected("the slots do not add up")
    if proposal.parts != pair.parts or proposal.score != total(proposal.parts):
        raise PlanRejected("the score is not the sum of its parts")


def _lay(part: Component, proposals: Mapping[tuple[str, str], Proposal]) -> Integers:
    """Return what the arcs of a component carry, after counting rooms and lots."""
    carried = np.zeros(len(part.arcs), dtype=np.int64)
    used: dict[tuple[int, str | None], list[int]] = defaultdict(list)
    for index, arc in enumerate(part.arcs):
        each, supply = part.bins[arc.bin], part.supplies[arc.supply]
        proposal = proposals.get((supply.order_id, each.offer_id))
        if proposal is None:
            continue
        for slot, quantity, offer_quantity in _shares(proposal, {slot.key for slot in each.slots}):
            carried[index] += quantity
            used[arc.bin, slot].append(offer_quantity)
            if slot is not None and supply.together and quantity < supply.lot:
                raise PlanRejected("a slot holds less than a lot")
    _check_room(part, used)
    _check_lots(part, carried)
    return carried


def _shares(proposal: Proposal, keys: AbstractSet[str]) -> list[tuple[str | None, int, int]]:
    """Return what a proposal takes in these slots, or in all where the offer has none."""
    if not keys:
        return [(None, proposal.quantity, proposal.offer_quantity)]
    return [
        (share.slot, share.quantity, share.offer_quantity)
        for share in proposal.slots
        if share.slot in keys
    ]


def _check_proof(part: Component, carried: Integers, stated: ComponentProof) -> None:
    value = value_of(part, carried)
    bound = relaxed_bound(part, carried) if part.splittable else stated.bound
    expected = Method.FLOW if part.splittable else Method.CP_SAT
    if (stated.method, stated.value, stated.bound) != (expected, value, bound):
        raise PlanRejected("the stated value or bound of a component is wrong")
    if value > bound or (value == bound) == (stated.proof is Proof.GAP):
        raise PlanRejected("the proof is not what the bound says")
    if not part.splittable and stated.proof is Proof.DUALS and relaxed_bound(part) != value:
        raise PlanRejected("prices do not prove what they are said to")


def _check_room(part: Component, used: Mapping[tuple[int, str | None], Sequence[int]]) -> None:
    for (number, _), amounts in used.items():
        each = part.bins[number]
        if sum(amounts) > each.size or (each.exclusive and len(amounts) > 1):
            raise PlanRejected("more is taken than there is room")


def _check_lots(part: Component, carried: Integers) -> None:
    claims: dict[tuple[int, str], int] = defaultdict(int)
    rests = [supply.quantity for supply in part.supplies]
    for index, arc in enumerate(part.arcs):
        claims[arc.supply, part.bins[arc.bin].offer_id] += int(carried[index])
        rests[arc.supply] -= int(carried[index])
    for (number, _), quantity in claims.items():
        if 0 < quantity < part.supplies[number].lot:
            raise PlanRejected("a claim would be less than a lot")
    for supply, rest in zip(part.supplies, rests, strict=True):
        if rest < 0 or 0 < rest < supply.lot:
            raise PlanRejected("an order gets too much, or its rest is less than a lot")


def _check_unmatched(situation: Situation, plan: Plan) -> None:
    got: dict[str, int] = defaultdict(int)
    for proposal in plan.proposals:
        got[proposal.order_id] += proposal.quantity
    missing = {
        order.id: order.quantity - got[order.id]
        for order in situation.orders
        if order.quantity > got[order.id]
    }
    if missing != {unmatched.order_id: unmatched.missing for unmatched in plan.unmatched}:
        raise PlanRejected("what is missing is not what is said to be")
