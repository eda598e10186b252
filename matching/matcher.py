"""The matcher: one plan for all orders and offers together, proven part by part.

Pairs, then connected components, then for each the solver that fits: a minimum-cost flow with a
certificate of prices where everything can be split, an integer program with its bound elsewhere.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from domain.errors import MatchingError
from domain.language import Phrase
from matching.certificate import Integers, dual_bound, prices_of, value_of
from matching.exact import solve_exact
from matching.flow import place, solve_flow
from matching.instance import Component, Pair, Take, components
from matching.model import (
    ComponentProof,
    Method,
    Plan,
    Policy,
    Progress,
    Proof,
    Proposal,
    Refusal,
    Situation,
    SlotShare,
    Unmatched,
)
from matching.pairs import Found, find_pairs
from matching.score import reasons

LARGEST_VALUE = 2**53 - 1
"""Readers of JSON keep whole numbers up to here exact; more comes of a wrong quantity."""


@dataclass(frozen=True, slots=True)
class Share:
    """What an order takes of an offer, in one slot or in none; in the order's measure."""

    order_id: str
    offer_id: str
    slot: str | None
    quantity: int


def match(
    situation: Situation,
    policy: Policy,
    progress: Progress | None = None,
    found: Found | None = None,
) -> Plan:
    """Return the best plan with its proof; the same for any order of the input.

    `found` are the pairs, where the caller has them already. Raises MatchingError when an id
    occurs twice or the sums leave 53 bits.
    """
    _check_ids(situation)
    found = found or find_pairs(situation, policy, progress)
    parts = components(found.pairs)
    if sum(part.worth_bound for part in parts) > LARGEST_VALUE:
        raise MatchingError(reason=Phrase("matching.problem.TOO_LARGE"))
    shares: list[Share] = []
    proofs: list[ComponentProof] = []
    for done, part in enumerate(parts):
        if progress:
            progress("SOLVE", done, len(parts))
        takes, proof = solve(part, policy)
        proofs.append(proof)
        shares.extend(_share(part, take) for take in takes)
    if progress:
        progress("SOLVE", len(parts), len(parts))
    return plan_of(situation, found, shares, tuple(proofs))


def solve(component: Component, policy: Policy) -> tuple[Sequence[Take], ComponentProof]:
    """Return a component's best plan, and how it is proven."""
    if component.splittable:
        carried = solve_flow(component)
        value = value_of(component, carried)
        bound = relaxed_bound(component, carried)
        return place(component, carried), _proof(component, Method.FLOW, Proof.DUALS, value, bound)
    outcome = solve_exact(component, policy.effort)
    bound, proof = outcome.bound, Proof.SOLVER
    if all((arc.step, arc.given) == (1, 1) for arc in component.arcs):
        relaxed = relaxed_bound(component)
        bound = min(bound, relaxed)
        proof = Proof.DUALS if relaxed == outcome.value else proof
    if bound > outcome.value:
        proof = Proof.GAP
    return outcome.takes, _proof(component, Method.CP_SAT, proof, outcome.value, bound)


def relaxed_bound(component: Component, carried: Integers | None = None) -> int:
    """Return the value that prices prove no plan exceeds, were everything free to be split.

    The prices come from `carried`, or from a flow that is solved for it.
    """
    capacities = [each.capacity for each in component.bins]
    flow = solve_flow(component) if carried is None else carried
    return dual_bound(component, prices_of(component, flow, capacities), capacities)


def plan_of(
    situation: Situation,
    found: Found,
    shares: Iterable[Share],
    proofs: tuple[ComponentProof, ...] | None,
) -> Plan:
    """Return the plan that these shares make, with reasons, and why the rest stays unmatched."""
    by_pair: dict[tuple[str, str], list[Share]] = defaultdict(list)
    for share in shares:
        by_pair[share.order_id, share.offer_id].append(share)
    pairs = {(pair.order.id, pair.offer.id): pair for pair in found.pairs}
    proposals = tuple(
        _proposal(pairs[key], taken, situation, found) for key, taken in sorted(by_pair.items())
    )
    value = sum(
        pairs[proposal.order_id, proposal.offer_id].worth * proposal.quantity
        for proposal in proposals
    )
    return Plan(
        proposals=proposals,
        unmatched=_unmatched(situation, found, proposals),
        proofs=proofs or (),
        orders=len(situation.orders),
        offers=len(situation.offers),
        pairs=len(found.pairs),
        value=value,
        bound=None if proofs is None else sum(proof.bound for proof in proofs),
    )


def _check_ids(situation: Situation) -> None:
    for items in (situation.orders, situation.offers):
        if len({item.id for item in items}) < len(items):
            raise MatchingError(reason=Phrase("matching.problem.ID_TWICE"))


def _proof(
    component: Component, method: Method, proof: Proof, value: int, bound: int
) -> ComponentProof:
    return ComponentProof(
        orders=len(component.supplies),
        offers=len({each.offer_id for each in component.bins}),
        pairs=len({(arc.supply, component.bins[arc.bin].offer_id) for arc in component.arcs}),
        method=method,
        proof=proof,
        value=value,
        bound=bound,
    )


def _share(component: Component, take: Take) -> Share:
    arc = component.arcs[take.arc]
    slot = take.slot.key if take.slot else None
    order_id = component.supplies[arc.supply].order_id
    return Share(order_id, component.bins[arc.bin].offer_id, slot, take.quantity)


def _proposal(pair: Pair, shares: Sequence[Share], situation: Situation, found: Found) -> Proposal:
    step, given = pair.allowed.step
    amounts: dict[str | None, int] = defaultdict(int)
    for share in shares:
        amounts[share.slot] += share.quantity
    quantity = sum(amounts.values())
    slots = sorted((slot, amount) for slot, amount in amounts.items() if slot is not None)
    return Proposal(
        order_id=pair.order.id,
        offer_id=pair.offer.id,
        quantity=quantity,
        offer_quantity=quantity // step * given,
        measure=pair.order.measure,
        slots=tuple(SlotShare(slot, amount, amount // step * given) for slot, amount in slots),
        score=pair.score,
        parts=pair.parts,
        reasons=reasons(pair.order, pair.offer, pair.parts, found.texts, situation.relations),
    )


def _unmatched(
    situation: Situation, found: Found, proposals: Sequence[Proposal]
) -> tuple[Unmatched, ...]:
    got: dict[str, int] = defaultdict(int)
    users: dict[str, set[str]] = defaultdict(set)
    suitable: dict[str, list[str]] = defaultdict(list)
    for proposal in proposals:
        got[proposal.order_id] += proposal.quantity
        users[proposal.offer_id].add(proposal.order_id)
    for pair in found.pairs:
        suitable[pair.order.id].append(pair.offer.id)
    said: list[Unmatched] = []
    for order in sorted(situation.orders, key=lambda order: order.id):
        missing, refused = order.quantity - got[order.id], found.refused[order.id]
        if missing <= 0:
            continue
        rivals = {user for offer in suitable[order.id] for user in users[offer]} - {order.id}
        if suitable[order.id]:
            reason = Refusal.USED_BY_OTHERS if rivals else Refusal.NOT_ENOUGH
        else:
            reason = next((code for code in reversed(Refusal) if code in refused), Refusal.CATEGORY)
        said.append(
            Unmatched(
                order_id=order.id,
                missing=missing,
                reason=reason,
                refused=refused,
                rivals=tuple(sorted(rivals)),
            )
        )
    return tuple(said)
