"""A floor for weak communities: the worst-served one gets as much as a stated cost allows.

How well a community is served is the share that it gets of what its orders would be worth at best:
`sum(b_i x_i) / sum(b_i q_i)` over its orders that any offer suits, `b_i` being the highest worth of
a unit. Communities below the floor get a premium on each unit, `premium * b_i`, which is raised
until they reach it; the floor is found by bisection. With premiums the flow is exact as ever, so
its prices prove of the plan: no plan that gives the communities with a premium as much, weighted by
it, is worth more. A premium moves whole orders from one community to another, so the floor is as
fine as the orders are.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from matching.columns import Flags, Integers
from matching.network import Network
from matching.pairs import Found
from matching.placing import Share
from matching.plans import Fairness
from matching.prices import value_of
from matching.pricing import Solution, repaired_from
from matching.sparse import listed

BISECTIONS = 4
RAISES = 3
FIRST_PREMIUM = 250
"""In thousandths of an order's best worth; doubled where it is not enough."""
MILLI = 1000

Shares = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Fair:
    """A plan with a floor, proven for worths with premiums, and figures of it and of the best."""

    solution: Solution
    figures: Fairness


def with_floor(
    network: Network, flow: Solution, most_cost: float = 0.006, chosen: Flags | None = None
) -> Fair:
    """Return the plan with the highest floor found that costs at most this share of the value.

    Never below the floor of the best plan, `flow`, which is what comes back where nothing helps.
    Of components with conversions, and of lots, it knows as much as the flow: it splits everything.
    """
    search = _Search(network, flow, chosen)
    low, high = float(search.shares(flow).min(initial=1.0)), 1.0
    best, best_premiums, floor = flow, search.premiums.copy(), low
    for _ in range(BISECTIONS):
        target = (low + high) / 2
        search.premiums = best_premiums.copy()
        solution = best
        for _ in range(RAISES):
            below = search.shares(solution) < target
            if not below.any():
                break
            search.premiums[below] = np.maximum(2 * search.premiums[below], FIRST_PREMIUM)
            solution = search.solve(solution)
            reached = float(search.shares(solution).min())
            if reached > floor and search.cost(solution) <= most_cost:
                best, best_premiums, floor = solution, search.premiums.copy(), reached
        low, high = (max(low, floor), high) if floor >= target else (low, target)
    return search.fair(best, best_premiums, most_cost)


def order_premiums(found: Found, premiums: Mapping[str, int]) -> Integers:
    """Return what a unit of each order counts more, by the premiums of the communities."""
    columns = found.columns
    paths = columns.tables.areas
    of_areas = np.array([premiums.get(path, 0) for path in paths], dtype=np.int64)
    return of_areas[columns.wanted.items.area] * best_worths(found) // MILLI


def lifted(network: Network, premiums: Mapping[str, int]) -> Network:
    """Return the instance with the premiums on its worths."""
    bonus = order_premiums(network.found, premiums)
    return replace(network, worths=network.worths + bonus[network.found.orders])


def best_worths(found: Found) -> Integers:
    """Return the highest worth of a unit of each order; 0 of one without pairs."""
    best = np.zeros(len(found.columns.orders), dtype=np.int64)
    np.maximum.at(best, found.orders, found.worths)
    return best


def served(network: Network, shares: Sequence[Share]) -> dict[str, float]:
    """Return how well each community is served, by the path of its area."""
    found, best = network.found, listed(best_worths(network.found))
    paths = found.columns.tables.areas
    areas = listed(found.columns.wanted.items.area)
    wanted: dict[str, int] = defaultdict(int)
    got: dict[str, int] = defaultdict(int)
    for number, quantity in enumerate(listed(network.quantity)):
        wanted[paths[areas[number]]] += best[number] * quantity
    for share in shares:
        number = found.order_numbers[share.order_id]
        got[paths[areas[number]]] += best[number] * share.quantity
    return {path: got[path] / amount for path, amount in sorted(wanted.items()) if amount}


class _Search:
    """Premiums of communities, and the plans that they make."""

    def __init__(self, network: Network, flow: Solution, chosen: Flags | None) -> None:
        self._network, self._flow, self._chosen = network, flow, chosen
        found = network.found
        self._best = best_worths(found)
        areas = found.columns.wanted.items.area
        self._areas = np.unique(areas[self._best * network.quantity > 0])
        self._places = np.searchsorted(self._areas, areas)
        self._places[~np.isin(areas, self._areas)] = len(self._areas)
        self.premiums = np.zeros(len(self._areas) + 1, dtype=np.int64)
        self._wanted = self._sums(network.quantity)

    def _sums(self, amounts: Integers) -> Shares:
        weights = self._best.astype(np.float64) * amounts
        sums = np.zeros(len(self._areas) + 1)
        np.add.at(sums, self._places, weights)
        return sums

    def shares(self, solution: Solution) -> Shares:
        """Return how well each community is served; 1 for what wants nothing."""
        got = np.zeros(len(self._best), dtype=np.int64)
        np.add.at(got, solution.arcs.orders, solution.carried)
        return np.divide(
            self._sums(got), self._wanted, out=np.ones_like(self._wanted), where=self._wanted > 0
        )

    def value(self, solution: Solution) -> int:
        """Return what a plan is worth without premiums."""
        network, arcs = self._network, solution.arcs
        plain = replace(arcs, worths=network.worths[arcs.pairs])
        return value_of(plain, solution.carried, network.groups)

    def cost(self, solution: Solution) -> float:
        """Return which share of the best value a plan costs."""
        best = self._flow.value
        return (best - self.value(solution)) / best if best else 0.0

    def solve(self, near: Solution) -> Solution:
        """Return the best plan with the premiums as they are, beginning near another."""
        network = self._network
        bonus = self.premiums[self._places] * self._best // MILLI
        worths = network.worths + bonus[network.found.orders]
        arcs = replace(near.arcs, worths=worths[near.arcs.pairs])
        prices = near.prices._replace(orders=self._flow.prices.orders + bonus)
        network = replace(network, worths=worths)
        return repaired_from(network, self._chosen, arcs, near.carried, prices)

    def fair(self, solution: Solution, premiums: Integers, most_cost: float) -> Fair:
        """Return a plan with its figures, by the paths of the areas."""
        paths = self._network.found.columns.tables.areas
        names = [paths[area] for area in listed(self._areas)]

        def named(shares: Shares) -> dict[str, float]:
            return dict(zip(names, shares[: len(names)].tolist(), strict=True))

        figures = Fairness(
            premiums={
                name: premium
                for name, premium in zip(names, listed(premiums[: len(names)]), strict=True)
                if premium
            },
            before=named(self.shares(self._flow)),
            after=named(self.shares(solution)),
            worth_before=self._flow.value,
            worth_after=self.value(solution),
            most_cost=most_cost,
        )
        return Fair(solution, figures)
