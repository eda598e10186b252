"""The matcher: one plan for all orders and offers together, proven part by part.

All pairs, then one flow over everything as if it could be split, with prices. Components that can
be split are done: the prices are their certificate. The others go to an integer program, with the
flow's value as a bound.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from domain.errors import MatchingError
from domain.language import Phrase
from domain.measures import ratio
from matching.columns import Flags, ragged
from matching.exact import solve_exact
from matching.instance import Component, Take, component_of
from matching.keeping import counted_worths, keep_bonus, kept_places, solve_from_last
from matching.model import (
    Booking,
    ComponentProof,
    Counted,
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
from matching.network import Network, network_of
from matching.pairs import Found, find_pairs
from matching.parting import Parts, bounds_of, largest_value, parts_of, values_of
from matching.pins import settled
from matching.placing import Share, shares_of
from matching.pricing import Solution
from matching.rounding import rounded
from matching.score import reasons, total, worth
from matching.sparse import listed

LARGEST_PROGRAM = 500
"""A component that cannot be split and has more pairs is rounded, not put into a program."""
LARGEST_VALUE = 2**53 - 1
"""Readers of JSON keep whole numbers up to here exact; more comes of a wrong quantity."""


@dataclass(frozen=True, slots=True, eq=False)
class Solved:
    """A run before it is written out: the instance, the flow over all of it, and the shares.

    `flow` treats everything as if it could be split (components with conversions are not in it).
    """

    network: Network
    parts: Parts
    flow: Solution
    shares: tuple[Share, ...]
    proofs: tuple[ComponentProof, ...]


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
    return plan_of(situation, found, solved.shares, solved.proofs)


def solve(found: Found, progress: Progress | None = None) -> Solved:
    """Return the best plan of the pairs. Raises MatchingError when the sums leave 53 bits."""
    network = network_of(found, counted_worths(found))
    if progress:
        progress("SOLVE", 0, network.components)
    if largest_value(network) > LARGEST_VALUE:
        raise MatchingError(reason=Phrase("matching.problem.TOO_LARGE"))
    parts = parts_of(network)
    flow = solve_from_last(network, whole_pairs(network, ~parts.converted))
    shares, proofs = _proven(network, parts, flow)
    large = ~parts.splittable & ~parts.converted & (parts.pairs > LARGEST_PROGRAM)
    if large.any():
        shares.extend(_rounded(network, parts, large, flow, proofs))
    hard = listed(np.flatnonzero(~parts.splittable & ~large))
    for done, number in enumerate(hard):
        if progress:
            progress("SOLVE", network.components - len(hard) + done, network.components)
        component = hard_component(network, number)
        takes, proofs[number] = _hard(component, parts, number, flow, network)
        shares.extend(_share(component, take) for take in takes)
    if progress:
        progress("SOLVE", network.components, network.components)
    return Solved(network, parts, flow, tuple(shares), tuple(proofs))


def _rounded(
    network: Network,
    parts: Parts,
    large: Flags,
    flow: Solution,
    proofs: list[ComponentProof],
) -> list[Share]:
    """Return the plan of components too large for a program, and say how good it is."""
    found = network.found
    shares, values = rounded(network, large[network.order_components[found.orders]], flow)
    sums = np.zeros(network.components, dtype=np.int64)
    asked = network.order_components >= 0
    np.add.at(sums, network.order_components[asked], values[asked])
    for number in listed(np.flatnonzero(large)):
        value, bound = int(sums[number]), proofs[number].bound
        proof = Proof.DUALS if value == bound else Proof.GAP
        proofs[number] = component_proof(parts, number, Method.ROUNDING, proof, value, bound)
    return shares


def whole_pairs(network: Network, components: Flags) -> Flags | None:
    """Return the pairs of these components; None for all."""
    return None if components.all() else components[network.order_components[network.found.orders]]


def hard_component(network: Network, number: int) -> Component:
    """Return a component as records."""
    orders = np.flatnonzero(network.order_components == number)
    starts = network.found.starts
    pairs = ragged(starts[orders], starts[orders + 1] - starts[orders])
    return component_of(network, network.arcs(pairs))


def _proven(
    network: Network, parts: Parts, flow: Solution
) -> tuple[list[Share], list[ComponentProof]]:
    """Return the shares of all that can be split, and each component's proof by prices."""
    easy = parts.splittable[network.order_components[flow.arcs.orders]]
    arcs, carried = flow.arcs.take(easy), flow.carried[easy]
    shares = list(shares_of(network, arcs, carried))
    values = values_of(network, flow.arcs, flow.carried)
    bounds = bounds_of(network, (flow.order_prices, flow.bin_prices))
    proofs = [
        component_proof(parts, number, Method.FLOW, Proof.DUALS, value, bound)
        for number, (value, bound) in enumerate(zip(values, bounds, strict=True))
    ]
    return shares, proofs


def _hard(
    component: Component, parts: Parts, number: int, flow: Solution, network: Network
) -> tuple[Sequence[Take], ComponentProof]:
    """Return the best plan found of what cannot be split, and how it is proven."""
    outcome = solve_exact(component, network.found.columns.policy.effort)
    bound, proof = outcome.bound, Proof.SOLVER
    if not parts.converted[number]:
        relaxed = bounds_of(network, (flow.order_prices, flow.bin_prices))[number]
        bound = min(bound, relaxed)
        proof = Proof.DUALS if relaxed == outcome.value else proof
    if bound > outcome.value:
        proof = Proof.GAP
    made = component_proof(parts, number, Method.CP_SAT, proof, outcome.value, bound)
    return outcome.takes, made


def component_proof(
    parts: Parts, number: int, method: Method, proof: Proof, value: int, bound: int
) -> ComponentProof:
    """Return how a component was solved."""
    return ComponentProof(
        orders=int(parts.orders[number]),
        offers=int(parts.offers[number]),
        pairs=int(parts.pairs[number]),
        method=method,
        proof=proof,
        value=value,
        bound=bound,
    )


def plan_of(
    situation: Situation,
    found: Found,
    shares: Iterable[Share],
    proofs: tuple[ComponentProof, ...] | None,
) -> Plan:
    """Return the plan that these shares and the pins make, and why the rest stays unmatched.

    `found` are the pairs of what the pins leave of the situation.
    """
    held = found.columns.situation.held
    pinned = {pin.pair: pin.quantity for pin in held}
    by_pair: dict[tuple[str, str], list[Share]] = defaultdict(list)
    for share in (*shares, *shares_of_pins(held)):
        by_pair[share.order_id, share.offer_id].append(share)
    proposals = tuple(
        _proposal(found, *key, taken, pinned.get(key, 0)) for key, taken in sorted(by_pair.items())
    )
    counted = count(found, proposals, kept=proofs is not None)
    return Plan(
        proposals=proposals,
        unmatched=_unmatched(found, proposals),
        proofs=proofs or (),
        orders=len(situation.orders),
        offers=len(situation.offers),
        pairs=len(found),
        counted=counted,
        bound=None
        if proofs is None
        else sum(proof.bound for proof in proofs) + worth_of_pins(found, proposals),
    )


def count(found: Found, proposals: Iterable[Proposal], *, kept: bool) -> Counted:
    """Return what proposals are worth, and with it the bonus of what is kept where it counts."""
    numbers, columns = found.order_numbers, found.columns
    places = kept_places(found) if kept else {}
    worths = bonus = 0
    for proposal in proposals:
        order = columns.orders[numbers[proposal.order_id]]
        worths += worth(order, proposal.score, columns.policy) * proposal.quantity
        place = found.place(numbers[order.id], found.offer_numbers[proposal.offer_id])
        if place in places:
            free = proposal.quantity - proposal.pinned
            bonus += keep_bonus(columns.policy, order.measure) * free
    return Counted(worths, bonus)


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


def _share(component: Component, take: Take) -> Share:
    arc = component.arcs[take.arc]
    slot = take.slot.key if take.slot else None
    order_id = component.supplies[arc.supply].order_id
    return Share(order_id, component.bins[arc.bin].offer_id, slot, take.quantity)


def _proposal(
    found: Found, order_id: str, offer_id: str, shares: Sequence[Share], pinned: int
) -> Proposal:
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


def _unmatched(found: Found, proposals: Sequence[Proposal]) -> tuple[Unmatched, ...]:
    columns = found.columns
    got: dict[str, int] = defaultdict(int)
    users: dict[int, list[str]] = defaultdict(list)
    for proposal in proposals:
        got[proposal.order_id] += proposal.quantity - proposal.pinned
        users[found.offer_numbers[proposal.offer_id]].append(proposal.order_id)
    short = [
        number for number, order in enumerate(columns.orders) if order.quantity > got[order.id]
    ]
    refused = found.refused(np.array(short, dtype=np.int64))
    return tuple(
        _missing(found, number, got, users, counts)
        for number, counts in zip(short, refused, strict=True)
    )


def _missing(
    found: Found,
    number: int,
    got: Mapping[str, int],
    users: Mapping[int, Sequence[str]],
    refused: Mapping[Refusal, int],
) -> Unmatched:
    order = found.columns.orders[number]
    suitable = listed(found.offers[found.starts[number] : found.starts[number + 1]])
    rivals = {user for offer in suitable for user in users.get(offer, ())} - {order.id}
    if suitable:
        reason = Refusal.USED_BY_OTHERS if rivals else Refusal.NOT_ENOUGH
    else:
        reason = next((code for code in reversed(Refusal) if code in refused), Refusal.CATEGORY)
    return Unmatched(
        order_id=order.id,
        missing=order.quantity - got[order.id],
        reason=reason,
        refused=refused,
        rivals=tuple(sorted(rivals)),
    )
