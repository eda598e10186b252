"""Checks a plan against the orders, the offers and the rules, without asking any solver's word.

The pairs are found anew from the situation, the plan is laid over them, every rule and every sum
is counted again, and where everything can be split the prices are computed from the plan itself.
Where it cannot, the plan's stated bound is taken for what its proof says it is (CP-SAT's own), but
never below the value, and never above what prices of the relaxed component allow.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence

import numpy as np

from domain.vocabulary import CapacityKind
from matching.columns import TOTAL, Integers
from matching.fairness import lifted, served
from matching.keeping import counted_worths
from matching.matcher import count, worth_of_pins
from matching.model import Offer, Order, Policy, Situation
from matching.network import Arcs, Network, network_of
from matching.pairs import Found, find_pairs
from matching.parting import Parts, bounds_of, parts_of, values_of
from matching.pins import settled
from matching.placing import Share
from matching.plans import ComponentProof, Fairness, Method, Plan, Proof, Proposal
from matching.prices import PlanRejected
from matching.pricing import proven_prices, solve_priced
from matching.quotas import QuotaRooms
from matching.rules import Allowed, category_fits, together
from matching.runs import contiguous, in_runs
from matching.score import total, worth
from matching.solving import component_proof
from matching.sparse import listed


def verify(situation: Situation, policy: Policy, plan: Plan) -> None:
    """Return if the plan is what it says. Raises PlanRejected, naming what is wrong."""
    check_rules(situation, policy, plan)
    found = find_pairs(settled(situation, policy).situation, policy)
    network = network_of(found, counted_worths(found))
    if plan.fairness is not None:
        _check_fairness(network, plan, plan.fairness)
        network = lifted(network, plan.fairness.premiums)
    parts = parts_of(network)
    if network.components != len(plan.proofs):
        raise PlanRejected("the plan has another number of components")
    arcs, carried = _laid(network, plan)
    values = values_of(network, arcs, carried)
    pairs = parts.splittable[network.order_components[found.orders]]
    mine = parts.splittable[network.order_components[arcs.orders]]
    prices = proven_prices(network, arcs.take(mine), carried[mine], pairs)
    bounds = bounds_of(network, prices)
    relaxed = _relaxed(network, parts)
    for number, stated in enumerate(plan.proofs):
        bound = bounds[number] if parts.splittable[number] else stated.bound
        _check_proof(parts, number, (values[number], bound, relaxed[number]), stated)
    counted = count(found, plan.proposals, plan.fairness, kept=True)
    if plan.counted != counted or plan.value != sum(values) + worth_of_pins(found, plan.proposals):
        raise PlanRejected("the value is not counted as it is said to be")
    bounds_sum = sum(proof.bound for proof in plan.proofs)
    if bounds_sum + worth_of_pins(found, plan.proposals) != plan.bound:
        raise PlanRejected("the stated bound is not the sum of the components'")


def _check_fairness(network: Network, plan: Plan, fairness: Fairness) -> None:
    """Check the figures with the floor; those without it are what another plan reached."""
    shares = [
        Share(order_id, offer_id, None, quantity)
        for (order_id, offer_id), quantity in _free(plan).items()
    ]
    if served(network, shares) != dict(fairness.after):
        raise PlanRejected("the communities are not served as it is said")
    if fairness.floor_after < fairness.floor_before or fairness.cost > fairness.most_cost:
        raise PlanRejected("the floor costs more than it may, or lowers the worst community")


def _free(plan: Plan) -> dict[tuple[str, str], int]:
    """Return what each pair gets beside its pins."""
    return {
        (each.order_id, each.offer_id): each.quantity - each.pinned
        for each in plan.proposals
        if each.quantity > each.pinned
    }


def check_rules(situation: Situation, policy: Policy, plan: Plan) -> None:
    """Return if the plan keeps every rule, asked and counted again one by one, and every pin.

    Holds for any plan, a baseline's too: nothing is said of its being best. Raises PlanRejected.
    """
    _check_pins(situation, policy, plan)
    found = find_pairs(situation, policy)
    proposals = {(proposal.order_id, proposal.offer_id): proposal for proposal in plan.proposals}
    if len(proposals) < len(plan.proposals):
        raise PlanRejected("a pair is proposed twice")
    value = 0
    used: dict[tuple[str, str | None], list[int]] = defaultdict(list)
    got: dict[str, int] = defaultdict(int)
    for (order_id, offer_id), proposal in proposals.items():
        order = _check_proposal(found, proposal)
        value += worth(order, proposal.score, policy) * proposal.quantity
        got[order_id] += proposal.quantity
        for share in proposal.slots:
            used[offer_id, share.slot].append(share.offer_quantity)
        if not proposal.slots:
            used[offer_id, None].append(proposal.offer_quantity)
    _check_rooms(situation, used)
    _check_partners(situation, plan)
    _check_quotas(situation, policy, plan)
    _check_rests(situation, got)
    if value != plan.counted.worth:
        raise PlanRejected("the stated value is not the sum of the proposals'")
    _check_unmatched(situation, plan, got)


def _check_pins(situation: Situation, policy: Policy, plan: Plan) -> None:
    held = settled(situation, policy).situation.held
    pinned = {pin.pair: pin for pin in held}
    stated = {
        (proposal.order_id, proposal.offer_id): proposal
        for proposal in plan.proposals
        if proposal.pinned
    }
    if set(pinned) != set(stated):
        raise PlanRejected("a pin that holds is not in the plan, or one is that does not")
    for pair, pin in pinned.items():
        proposal = stated[pair]
        slots = {share.slot: share.quantity for share in proposal.slots}
        if proposal.pinned != pin.quantity or proposal.quantity < pin.quantity:
            raise PlanRejected("less is in the plan than was pinned")
        if any(slots.get(slot, 0) < quantity for slot, quantity in pin.slots):
            raise PlanRejected("a pin is in other slots than it was")


def _check_proposal(found: Found, proposal: Proposal) -> Order:
    """Return the order of a proposal that keeps the rules."""
    key = proposal.order_id, proposal.offer_id
    numbers = found.order_numbers.get(key[0]), found.offer_numbers.get(key[1])
    if numbers[0] is None or numbers[1] is None:
        raise PlanRejected(f"there is no such pair: {key}")
    order, offer = found.columns.orders[numbers[0]], found.columns.offers[numbers[1]]
    columns = found.columns
    substitutes = (
        columns.situation.substitutes
        if columns.policy.allow_substitutes
        else frozenset[tuple[str, str]]()
    )
    allowed = found.allowed(numbers[0], numbers[1])
    if not (
        isinstance(allowed, Allowed) and category_fits(order.category, offer.category, substitutes)
    ):
        raise PlanRejected(f"no rule allows the pair {key}")
    _check_amounts(order, allowed, proposal)
    _check_run(order, offer, allowed, proposal)
    parts = found.parts(numbers[0], numbers[1])
    if proposal.parts != parts or proposal.score != total(parts):
        raise PlanRejected("the score is not the sum of its parts")
    return order


def _check_amounts(order: Order, allowed: Allowed, proposal: Proposal) -> None:
    step, given = allowed.step
    suitable = {slot.key for slot in allowed.slots}
    slots = [share.slot for share in proposal.slots]
    amounts = [(share.quantity, share.offer_quantity) for share in proposal.slots]
    whole = (proposal.quantity, proposal.offer_quantity)
    if proposal.quantity <= 0 or proposal.measure != order.measure:
        raise PlanRejected("a proposal takes nothing, or in another measure")
    if any(
        one <= 0 or one % step or one // step * given != other for one, other in (whole, *amounts)
    ):
        raise PlanRejected("a quantity is not what the rule between the measures says")
    if not set(slots) <= suitable or len(set(slots)) < len(slots) or bool(slots) != bool(suitable):
        raise PlanRejected("a slot does not suit, or is named twice")
    if slots and tuple(map(sum, zip(*amounts, strict=True))) != whole:
        raise PlanRejected("the slots do not add up")
    if proposal.quantity < order.lot:
        raise PlanRejected("a claim would be less than a lot")
    if together(order) and any(share.quantity < order.lot for share in proposal.slots):
        raise PlanRejected("a slot holds less than a lot")


def _check_run(order: Order, offer: Offer, allowed: Allowed, proposal: Proposal) -> None:
    taken = {share.slot for share in proposal.slots}
    times = [slot.time for slot in allowed.slots if slot.key in taken]
    if in_runs(order, offer) and not contiguous(sorted(times), order.contiguous_minutes or 0):
        raise PlanRejected("a contiguous booking has a gap, or is too short")


def _check_partners(situation: Situation, plan: Plan) -> None:
    orders = {order.id: order for order in situation.orders}
    offers = {offer.id: offer for offer in situation.offers}
    joined: dict[tuple[str, str], set[str]] = defaultdict(set)
    for proposal in plan.proposals:
        order, offer = orders[proposal.order_id], offers[proposal.offer_id]
        joined["order", order.id].add(offer.supplier_id)
        joined["offer", offer.id].add(order.receiver_id)
    for (side, item_id), agents in joined.items():
        item = (orders if side == "order" else offers)[item_id]
        limit, new = item.partner_limit, agents - item.partners
        if limit is not None and new and len(item.partners) + len(new) > limit:
            raise PlanRejected("more partners deal with an order or an offer than its limit allows")


def _check_rooms(
    situation: Situation, used: Mapping[tuple[str, str | None], Sequence[int]]
) -> None:
    offers = {offer.id: offer for offer in situation.offers}
    for (offer_id, slot), amounts in used.items():
        offer = offers[offer_id]
        rooms = {free.key: free.capacity for free in offer.slots}
        room = (offer.capacity or 0) if slot is None else rooms[slot]
        alone = offer.capacity_kind is CapacityKind.EXCLUSIVE and slot is not None
        if sum(amounts) > room or (alone and len(amounts) > 1):
            raise PlanRejected("more is taken than there is room")


def _check_quotas(situation: Situation, policy: Policy, plan: Plan) -> None:
    quotas = QuotaRooms(policy, situation.above)
    offers = {offer.id: offer for offer in situation.offers}
    for proposal in plan.proposals:
        quotas.take(offers[proposal.offer_id], proposal.offer_quantity)
    if any(room < 0 for room in quotas.rooms.values()):
        raise PlanRejected("more is taken of an agent's offers than its quota")


def _check_rests(situation: Situation, got: Mapping[str, int]) -> None:
    for order in situation.orders:
        rest = order.quantity - got.get(order.id, 0)
        if rest < 0 or 0 < rest < order.lot:
            raise PlanRejected("an order gets too much, or its rest is less than a lot")


def _check_unmatched(situation: Situation, plan: Plan, got: Mapping[str, int]) -> None:
    missing = {
        order.id: order.quantity - got.get(order.id, 0)
        for order in situation.orders
        if order.quantity > got.get(order.id, 0)
    }
    if missing != {unmatched.order_id: unmatched.missing for unmatched in plan.unmatched}:
        raise PlanRejected("what is missing is not what is said to be")


def _laid(network: Network, plan: Plan) -> tuple[Arcs, Integers]:
    """Return the arcs of the proposals' pairs, and what the plan carries on them."""
    found = network.found
    by_place: dict[int, Proposal] = {}
    for proposal in plan.proposals:
        order = found.order_numbers[proposal.order_id]
        place = found.place(order, found.offer_numbers[proposal.offer_id])
        if proposal.quantity == proposal.pinned:
            continue
        if place is None:
            raise PlanRejected("a pair that the rules allow was not found")
        by_place[place] = proposal
    arcs = network.arcs(np.array(sorted(by_place), dtype=np.int64))
    carried = np.zeros(len(arcs), dtype=np.int64)
    places = dict(
        zip(zip(listed(arcs.pairs), listed(arcs.bins), strict=True), range(len(arcs)), strict=True)
    )
    columns = found.columns
    pins = {pin.pair: dict(pin.slots) for pin in columns.situation.held}
    for pair, proposal in by_place.items():
        offer = int(found.offers[pair])
        if columns.given.kind[offer] == TOTAL:
            free = proposal.quantity - proposal.pinned
            carried[places[pair, int(network.bin_starts[offer])]] = free
            continue
        first = int(columns.given.slot_starts[offer])
        keys = [
            slot.key for slot in sorted(columns.offers[offer].slots, key=lambda slot: slot.time)
        ]
        pinned = pins.get((proposal.order_id, proposal.offer_id), {})
        for share in proposal.slots:
            if quantity := share.quantity - pinned.get(share.slot, 0):
                bin_number = int(network.slot_bins[first + keys.index(share.slot)])
                carried[places[pair, bin_number]] += quantity
    return arcs, carried


def _relaxed(network: Network, parts: Parts) -> list[int | None]:
    """Return what prices prove of each component that only a program solves; None of others."""
    hard = ~parts.splittable & ~parts.converted
    if not hard.any():
        return [None] * len(hard)
    chosen = hard[network.order_components[network.found.orders]]
    flow = solve_priced(network, chosen)
    bounds = bounds_of(network, flow.prices)
    return [bound if asked else None for bound, asked in zip(bounds, hard.tolist(), strict=True)]


def _check_proof(
    parts: Parts, number: int, counted: tuple[int, int, int | None], stated: ComponentProof
) -> None:
    value, bound, relaxed = counted
    splittable = bool(parts.splittable[number])
    method = Method.FLOW if splittable else stated.method
    if not splittable and method is Method.FLOW:
        raise PlanRejected("a flow does not solve what cannot be split")
    if method is Method.ROUNDING and bound != relaxed:
        raise PlanRejected("the bound of a component is not what prices prove")
    if stated != component_proof(parts, number, method, stated.proof, value, bound):
        raise PlanRejected("the stated value or bound of a component is wrong")
    if value > bound or (value == bound) == (stated.proof is Proof.GAP):
        raise PlanRejected("the proof is not what the bound says")
    if not splittable and stated.proof is Proof.DUALS and relaxed != value:
        raise PlanRejected("prices do not prove what they are said to")
