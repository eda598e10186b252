"""Solving an instance: one flow over everything, then what cannot be split, part by part.

All pairs, then one flow over everything as if it could be split, with prices. Components that can
be split are done: the prices are their certificate. The others go to an integer program, or are
rounded, with the flow's value as a bound. A floor between communities is found on the flow, and
everything is solved again with its premiums.
"""

from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from domain.errors import MatchingError
from domain.language import Phrase
from matching.columns import Flags, ragged
from matching.exact import Outcome, solve_exact
from matching.fairness import lifted, served, with_floor
from matching.instance import Component, Take, component_of
from matching.keeping import counted_worths, solve_from_last
from matching.model import Progress
from matching.network import Network, network_of
from matching.pairs import Found
from matching.parting import (
    Parts,
    bonuses_of,
    bounds_of,
    largest_value,
    parts_of,
    values_of,
)
from matching.placing import Share, shares_of
from matching.plans import ComponentProof, Fairness, Method, Proof
from matching.pricing import Solution
from matching.rounding import rounded
from matching.sparse import listed
from matching.spreading import spread
from matching.steadying import steadied

LARGEST_PROGRAM = 500
"""A component that cannot be split and has more pairs is rounded, not put into a program."""
MOST_RUN_SLOTS = 20_000
"""So many slots may contiguous bookings have to choose from in a program: each is a yes or no."""
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
    fairness: Fairness | None = None


def solve(
    found: Found, progress: Progress | None = None, executor: Executor | None = None
) -> Solved:
    """Return the best plan of the pairs, its components solved by the executor, if any.

    Raises MatchingError when the sums leave 53 bits.
    """
    network = replace(network_of(found, counted_worths(found)), executor=executor)
    if progress:
        progress("SOLVE", 0, network.components)
    if largest_value(network) > LARGEST_VALUE:
        raise MatchingError(reason=Phrase("matching.problem.TOO_LARGE"))
    parts = parts_of(network)
    chosen = whole_pairs(network, ~parts.converted)
    flow = solve_from_last(network, chosen)
    best = _completed(network, parts, flow, progress)
    most_cost = found.columns.policy.floor_cost
    if most_cost > 0:
        best = _with_floor(best, chosen, most_cost, progress)
    return replace(best, shares=tuple(steadied(found, best.shares)))


def _with_floor(
    best: Solved, chosen: Flags | None, most_cost: float, progress: Progress | None
) -> Solved:
    """Return the plan with a floor, and figures of both; the best plan where none is better."""
    network = best.network
    fair = with_floor(network, best.flow, most_cost, chosen)
    before, worth = served(network, best.shares), _worth(network, best.shares)
    stays = Fairness(
        premiums={},
        before=before,
        after=before,
        worth_before=worth,
        worth_after=worth,
        most_cost=most_cost,
    )
    if not fair.figures.premiums:
        return replace(best, fairness=stays)
    after = _completed(lifted(network, fair.figures.premiums), best.parts, fair.solution, progress)
    fairness = replace(
        stays,
        premiums=fair.figures.premiums,
        after=served(network, after.shares),
        worth_after=_worth(network, after.shares),
    )
    # What a flow cannot split may be served otherwise than the flow said.
    if fairness.floor_after <= fairness.floor_before or fairness.cost > most_cost:
        return replace(best, fairness=stays)
    return replace(after, fairness=fairness)


def _worth(network: Network, shares: Sequence[Share]) -> int:
    """Return what shares count without premiums."""
    found = network.found
    got = np.zeros(len(network.quantity), dtype=np.int64)
    worth = 0
    for share in shares:
        order = found.order_numbers[share.order_id]
        got[order] += share.quantity
        place = found.place(order, found.offer_numbers[share.offer_id])
        if place is not None:
            worth += int(network.worths[place]) * share.quantity
    return worth + int(bonuses_of(network, got).sum())


def _completed(network: Network, parts: Parts, flow: Solution, progress: Progress | None) -> Solved:
    """Return the whole plan, given the flow over all that could be split."""
    shares, proofs = _proven(network, parts, flow)
    large = (parts.pairs > LARGEST_PROGRAM) | (parts.run_slots > MOST_RUN_SLOTS)
    large &= ~parts.splittable & ~parts.converted
    if large.any():
        shares.extend(_rounded(network, parts, large, flow, proofs))
    hard = listed(np.flatnonzero(~parts.splittable & ~large))
    components = [hard_component(network, number) for number in hard]
    solver = partial(solve_exact, effort=network.found.columns.policy.effort)
    outcomes = spread(network.executor, solver, components)
    for done, (number, component, outcome) in enumerate(
        zip(hard, components, outcomes, strict=True)
    ):
        if progress:
            progress("SOLVE", network.components - len(hard) + done, network.components)
        proofs[number] = _hard_proof(outcome, parts, number, flow, network)
        shares.extend(_share(component, take) for take in outcome.takes)
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
    shares, sums = rounded(network, large[network.order_components[found.orders]], flow)
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
    bounds = bounds_of(network, flow.prices)
    proofs = [
        component_proof(parts, number, Method.FLOW, Proof.DUALS, value, bound)
        for number, (value, bound) in enumerate(zip(values, bounds, strict=True))
    ]
    return shares, proofs


def _hard_proof(
    outcome: Outcome, parts: Parts, number: int, flow: Solution, network: Network
) -> ComponentProof:
    """Return how the best plan found of what cannot be split is proven."""
    bound, proof = outcome.bound, Proof.SOLVER
    if not parts.converted[number]:
        relaxed = bounds_of(network, flow.prices)[number]
        bound = min(bound, relaxed)
        proof = Proof.DUALS if relaxed == outcome.value else proof
    if bound > outcome.value:
        proof = Proof.GAP
    return component_proof(parts, number, Method.CP_SAT, proof, outcome.value, bound)


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


def _share(component: Component, take: Take) -> Share:
    arc = component.arcs[take.arc]
    slot = take.slot.key if take.slot else None
    order_id = component.supplies[arc.supply].order_id
    return Share(order_id, component.bins[arc.bin].offer_id, slot, take.quantity)
