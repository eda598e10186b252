"""Cycles: agents who each give to the next, found beside a plan and proposed as packages.

Who offers to who needs is a graph of agents. A package is a cycle in it, one pair for each of its
agents; the best set of packages, no agent in two of them, is a set packing (as in the exchange of
kidneys between pairs: Abraham, Blum and Sandholm, "Clearing algorithms for barter exchange
markets", 2007). `docs/decisions/0027-packages.md` says what counts. Whole numbers only.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from domain.measures import MEASURES
from domain.vocabulary import CapacityKind
from matching.columns import Integers
from matching.matcher import proposal_of
from matching.model import Offer, Order
from matching.packing import (
    MOST_CYCLES,
    MOST_STEPS,
    SHORTEST,
    Arc,
    arcs_of,
    best_cycles,
    cycle_value,
    parts_of,
)
from matching.pairs import Found
from matching.placing import Share, fill
from matching.plans import Plan, Proposal
from matching.policies import LONGEST_CYCLE
from matching.quotas import QuotaRooms, rooms_left
from matching.rules import Allowed, largest_take, run_of
from matching.runs import in_runs
from matching.sparse import graph, listed, strongly_connected

LONGEST = LONGEST_CYCLE
UNSERVED = 3
"""How many times more a part of an order counts of which the plan leaves nothing."""


@dataclass(frozen=True, slots=True)
class Link:
    """The best that one agent can give another: how much of which pair, and what it counts."""

    order: int
    offer: int
    quantity: int
    value: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Package:
    """A cycle: `agents[i]` gives `agents[i + 1]` (the last gives the first) `proposals[i]`.

    The agent whose id is the smallest is the first. `unserved` are those of its orders to which
    the plan gives nothing.
    """

    agents: tuple[str, ...]
    proposals: tuple[Proposal, ...]
    unserved: tuple[str, ...]
    value: int


@dataclass(frozen=True, slots=True)
class PackagesProof:
    """How good a set of so many packages is: `value <= best <= bound`, of so many cycles.

    `complete`: whether these are all cycles that there are.
    """

    count: int
    cycles: int
    complete: bool
    value: int
    bound: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Packages:
    """The best set of packages: `value <= best <= bound`.

    `cycles` were compared; `complete` says whether these are all that there are.
    """

    packages: tuple[Package, ...] = ()
    cycles: int = 0
    complete: bool = True
    value: int = 0
    bound: int = 0

    @property
    def proven(self) -> bool:
        """Whether no better set of packages exists."""
        return self.value == self.bound

    @property
    def proof(self) -> PackagesProof:
        """The figures without the packages."""
        return PackagesProof(len(self.packages), self.cycles, self.complete, self.value, self.bound)


def find_packages(
    found: Found,
    plan: Plan,
    longest: int,
    *,
    most_cycles: int = MOST_CYCLES,
    most_steps: int = MOST_STEPS,
) -> Packages:
    """Return the best packages of up to `longest` agents among the pairs that a plan is made of.

    `found` are the pairs that the pins leave. The same for any order of the input. Raises
    ValueError for a length that is not supported.
    """
    if not SHORTEST <= longest <= LONGEST:
        raise ValueError(f"cycles have {SHORTEST} to {LONGEST} agents, not {longest}")
    agents, links = _links(found, plan)
    values = {arc: link.value for arc, link in links.items()}
    parts = [
        best_cycles(values, members, longest, most_cycles, most_steps, found.columns.policy.effort)
        for members in parts_of(values)
    ]
    missing = _missing(plan)
    packages = [
        _package(found, agents, links, cycle, missing) for part in parts for cycle in part.chosen
    ]
    return Packages(
        packages=tuple(sorted(packages, key=lambda package: package.agents)),
        cycles=sum(part.cycles for part in parts),
        complete=all(part.complete for part in parts),
        value=sum(part.value for part in parts),
        bound=sum(part.bound for part in parts),
    )


def packages_beside(found: Found, plan: Plan) -> Packages | None:
    """Return the best packages of the lengths that the policy asks for; None where of none."""
    longest = found.columns.policy.longest_cycle
    return find_packages(found, plan, longest) if longest >= SHORTEST else None


def link_value(order: Order, worth: int, quantity: int, missing: int) -> int:
    """Return what it counts to give an order this quantity, of which the plan leaves so much."""
    counted = quantity + UNSERVED * min(quantity, missing)
    return worth * MEASURES[order.measure].scale * counted // order.quantity


def link_quantity(order: Order, offer: Offer, allowed: Allowed, quota: int | None = None) -> int:
    """Return the most that one claim may take of the order here, lots respected; 0 for nothing.

    `quota` is what quotas leave of the offer, None where none binds.
    """
    step, given = allowed.step
    bound = order.quantity if quota is None else max(0, quota) // given * step
    if in_runs(order, offer):
        return sum(run_of(order, allowed, bound).values())
    most = min(bound, largest_take(order, offer, allowed))
    if 0 < order.quantity - most < order.lot:
        most = (order.quantity - order.lot) // step * step
    return most if most >= order.lot else 0


def _missing(plan: Plan) -> Mapping[str, int]:
    return {unmatched.order_id: unmatched.missing for unmatched in plan.unmatched}


def _links(found: Found, plan: Plan) -> tuple[list[str], dict[Arc, Link]]:
    """Return the agents that both give and receive, and the best link of each two of them."""
    columns = found.columns
    givers = {offer.supplier_id for offer in columns.offers}
    agents = sorted(givers & {order.receiver_id for order in columns.orders})
    numbers = {agent: number for number, agent in enumerate(agents)}
    receiving = _numbered([order.receiver_id for order in columns.orders], numbers)
    giving = _numbered([offer.supplier_id for offer in columns.offers], numbers)
    tails, heads = giving[found.offers], receiving[found.orders]
    inside = np.flatnonzero((tails >= 0) & (heads >= 0))
    inside = inside[_in_one_part(tails[inside], heads[inside], len(agents))]
    places: dict[Arc, list[int]] = defaultdict(list)
    for place, tail, head in zip(
        listed(inside), listed(tails[inside]), listed(heads[inside]), strict=True
    ):
        places[tail, head].append(place)
    missing = _missing(plan)
    quotas = rooms_left(columns.situation, columns.policy)
    best = {arc: _best_link(found, pairs, missing, quotas) for arc, pairs in places.items()}
    return agents, {arc: link for arc, link in sorted(best.items()) if link is not None}


def _numbered(ids: Sequence[str], numbers: Mapping[str, int]) -> Integers:
    return np.array([numbers.get(each, -1) for each in ids], dtype=np.int64)


def _in_one_part(tails: Integers, heads: Integers, agents: int) -> Integers:
    """Return which arcs can be on a cycle at all."""
    if not len(tails):
        return tails
    # Each once: equal entries of a matrix are added up.
    arcs = np.unique(tails * agents + heads)
    parts = strongly_connected(graph(arcs // agents, arcs % agents, agents))
    return np.flatnonzero(parts[tails] == parts[heads])


def _best_link(
    found: Found, places: Sequence[int], missing: Mapping[str, int], quotas: QuotaRooms
) -> Link | None:
    """Return the pair that counts most of those of one giver and one receiver, the first of equals.

    A pair counts most when it fills its order: in that order they are looked at, until none that
    is left could count more.
    """
    orders, offers = found.columns.orders, found.columns.offers
    best: Link | None = None
    ranked: list[tuple[int, int]] = []
    for place in places:
        order = orders[int(found.orders[place])]
        left = missing.get(order.id, 0)
        ranked.append((link_value(order, int(found.worths[place]), order.quantity, left), place))
    for most, place in sorted(ranked, key=lambda each: (-each[0], each[1])):
        if best is not None and most <= best.value:
            break
        number, offer = int(found.orders[place]), int(found.offers[place])
        order, allowed = orders[number], found.allowed(number, offer)
        if not isinstance(allowed, Allowed):
            raise TypeError(f"a pair is refused: {order.id}, {offers[offer].id}")
        quantity = link_quantity(order, offers[offer], allowed, quotas.room(offers[offer]))
        worth = int(found.worths[place])
        value = link_value(order, worth, quantity, missing.get(order.id, 0))
        if value > (best.value if best is not None else 0):
            best = Link(number, offer, quantity, value)
    return best


def _package(
    found: Found,
    agents: Sequence[str],
    links: Mapping[Arc, Link],
    cycle: Sequence[int],
    missing: Mapping[str, int],
) -> Package:
    taken = [links[arc] for arc in arcs_of(cycle)]
    orders = [found.columns.orders[link.order] for link in taken]
    return Package(
        agents=tuple(agents[agent] for agent in cycle),
        proposals=tuple(_proposal(found, link) for link in taken),
        unserved=tuple(order.id for order in orders if missing.get(order.id, 0) == order.quantity),
        value=cycle_value([link.value for link in taken]),
    )


def _proposal(found: Found, link: Link) -> Proposal:
    """Return a link as a proposal, dealt out to slots as those of a plan are."""
    order, offer = found.columns.orders[link.order], found.columns.offers[link.offer]
    allowed = found.allowed(link.order, link.offer)
    if not isinstance(allowed, Allowed):
        raise TypeError(f"a pair is refused: {order.id}, {offer.id}")
    shares = [Share(order.id, offer.id, None, link.quantity)]
    if offer.capacity_kind is not CapacityKind.TOTAL:
        wanted, given = allowed.step
        rooms = {slot: slot.capacity // given * wanted for slot in allowed.slots}
        shares = [
            Share(order.id, offer.id, take.slot.key if take.slot else None, take.quantity)
            for take in fill(0, link.quantity, rooms)
        ]
    if in_runs(order, offer):
        run = run_of(order, allowed, link.quantity)
        shares = [Share(order.id, offer.id, time.key, taken) for time, taken in run.items()]
    return proposal_of(found, order.id, offer.id, shares, 0)
