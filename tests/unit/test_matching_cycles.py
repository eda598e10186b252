"""Cycles of agents who each give to the next: found, chosen and proven, against trying all."""

import random
from dataclasses import replace
from itertools import combinations, permutations

import pytest

from domain.items import lot_allows
from domain.vocabulary import CapacityKind, Urgency
from matching.cycles import Packages, find_packages, link_quantity, link_value
from matching.matcher import match
from matching.model import Booking, Offer, Order, Policy, Situation
from matching.packing import cycle_value
from matching.pairs import Found, find_pairs
from matching.pins import settled
from matching.plans import Plan
from matching.rules import Allowed
from tests.unit.matching_cases import POLICY, an_offer, an_order, situation, slotted

CATEGORIES = ("/venue/", "/health/", "/parking/", "/training/")


def needs(number: int, agent: str, category: str, **changes: object) -> Order:
    return an_order(number, receiver_id=agent, category=category, **changes)


def offers(number: int, agent: str, category: str, **changes: object) -> Offer:
    return an_offer(number, supplier_id=agent, category=category, **changes)


def ring(*agents: str, first: int = 1, **changes: object) -> tuple[list[Order], list[Offer]]:
    """Return agents of whom each offers what the next needs, each in a category of its own."""
    orders: list[Order] = []
    found: list[Offer] = []
    for place, agent in enumerate(agents):
        number, category = first + place, f"/kind{first + place}/"
        found.append(offers(number, agent, category))
        orders.append(needs(number, agents[(place + 1) % len(agents)], category, **changes))
    return orders, found


def packages_of(
    given: Situation, longest: int = 4, policy: Policy = POLICY, **limits: int
) -> Packages:
    found = find_pairs(settled(given, policy).situation, policy)
    return find_packages(found, match(given, policy, found=found), longest, **limits)


def test_a_venue_for_doctors_doctors_for_parking_parking_for_a_venue() -> None:
    (package,) = packages_of(situation(*ring("hall", "clinic", "car park"))).packages
    assert package.agents == ("car park", "hall", "clinic")
    given = [(each.order_id, each.offer_id, each.quantity) for each in package.proposals]
    assert given == [("order3", "offer3", 10), ("order1", "offer1", 10), ("order2", "offer2", 10)]
    assert all(each.reasons for each in package.proposals)
    assert package.unserved == ()


def test_one_who_gives_without_receiving_is_in_no_cycle() -> None:
    orders, given = ring("hall", "clinic", "car park")
    found = packages_of(situation(orders[:2], given))
    assert found == Packages()


@pytest.mark.parametrize(("agents", "longest", "count"), [(4, 4, 1), (4, 3, 0), (5, 4, 0)])
def test_no_cycle_is_longer_than_asked_for(agents: int, longest: int, count: int) -> None:
    names = [f"agent{number}" for number in range(agents)]
    assert len(packages_of(situation(*ring(*names)), longest).packages) == count


@pytest.mark.parametrize("longest", [1, 5])
def test_a_length_that_is_not_supported_is_refused(longest: int) -> None:
    with pytest.raises(ValueError, match="2 to 4"):
        packages_of(situation([], []), longest)


def test_of_two_cycles_through_one_agent_the_one_whose_members_the_plan_leaves_is_chosen() -> None:
    """Both cycles count the same, but that the others' order is met by somebody else anyway."""
    first, second = ring("hall", "left"), ring("hall", "served", first=3)
    rival = offers(9, "giver", "/kind3/")
    # Only one of the two can have the hall's one place in the plan.
    urgent = replace(first[0][0], category="/kind9/", urgency=Urgency.HIGH)
    other = needs(7, "elsewhere", "/kind9/", urgency=Urgency.CRITICAL)
    orders = [urgent, first[0][1], *second[0], other]
    halls = [replace(first[1][0], category="/kind9/"), first[1][1], *second[1], rival]
    found = packages_of(situation(orders, halls))
    (package,) = found.packages
    assert package.agents == ("hall", "left")
    assert package.unserved == ("order1",)


def test_what_is_pinned_is_no_longer_given_in_a_package() -> None:
    orders, given = ring("hall", "clinic")
    free = situation([*orders, needs(8, "elsewhere", "/kind1/")], given)
    assert len(packages_of(free).packages) == 1
    pinned = replace(free, pins=(Booking("order8", "offer1", 10),))
    assert packages_of(pinned) == Packages()


def test_a_supplier_that_refused_an_order_is_in_no_cycle_with_it() -> None:
    orders, given = ring("hall", "clinic")
    refused = replace(orders[0], rejected_suppliers=frozenset({"hall"}))
    assert packages_of(situation([refused, orders[1]], given)) == Packages()


def test_the_slots_of_a_package_add_up_to_its_quantities() -> None:
    orders, given = ring("hall", "clinic", quantity=30, measure="HOUR")
    hall = slotted(replace(given[0], measure="HOUR"), CapacityKind.SHARED, 20, "1 14:00-16:00")
    (package,) = packages_of(
        situation(orders, [hall, replace(given[1], measure="HOUR", capacity=30)])
    ).packages
    (in_hall,) = [each for each in package.proposals if each.offer_id == hall.id]
    assert [share.quantity for share in in_hall.slots] == [20, 10]
    assert in_hall.quantity == 30


@pytest.mark.parametrize(
    ("quantity", "lot", "capacity", "taken"),
    [(10, 1, 10, 10), (10, 4, 9, 6), (10, 5, 7, 5), (10, 10, 10, 10), (10, 3, 4, 4)],
)
def test_a_link_takes_what_the_lots_allow(
    quantity: int, lot: int, capacity: int, taken: int
) -> None:
    order, offer = an_order(quantity=quantity, minimum_lot=lot), an_offer(capacity=capacity)
    found = link_quantity(order, offer, Allowed((1, 1), ()))
    assert found == taken
    assert lot_allows(remaining=quantity, lot=lot, quantity=found)


def test_what_is_in_a_coarser_measure_is_given_in_whole_units() -> None:
    order = an_order(quantity=25, measure="PERSON", minimum_lot=4)
    assert link_quantity(order, an_offer(capacity=9), Allowed((12, 1), ())) == 12


def a_market(seed: int, agents: int = 6) -> Situation:
    """Return agents who need and offer at random, some with more than one of each."""
    dice = random.Random(seed)
    names = [f"agent{number}" for number in range(agents)]
    orders, given = list[Order](), list[Offer]()
    for number in range(dice.randint(4, 12)):
        orders.append(
            needs(
                number,
                dice.choice(names),
                dice.choice(CATEGORIES),
                quantity=dice.randint(2, 12),
                minimum_lot=dice.choice((1, 1, 2)),
                urgency=dice.choice(list(Urgency)),
            )
        )
        given.append(
            offers(
                number, dice.choice(names), dice.choice(CATEGORIES), capacity=dice.randint(2, 12)
            )
        )
    return situation(orders, given)


def best_of_all(found: Found, plan: Plan, longest: int) -> int:
    """Return the value of the best disjoint cycles, by trying every set of them."""
    columns = found.columns
    missing = {each.order_id: each.missing for each in plan.unmatched}
    values: dict[tuple[str, str], int] = {}
    for place in range(len(found)):
        number, supply = int(found.orders[place]), int(found.offers[place])
        order, offer = columns.orders[number], columns.offers[supply]
        allowed = found.allowed(number, supply)
        assert isinstance(allowed, Allowed)
        quantity = link_quantity(order, offer, allowed)
        worth = int(found.worths[place])
        value = link_value(order, worth, quantity, missing.get(order.id, 0))
        arc = offer.supplier_id, order.receiver_id
        values[arc] = max(values.get(arc, 0), value)
    agents = sorted({agent for arc in values for agent in arc})
    cycles: list[tuple[frozenset[str], int]] = []
    for length in range(2, longest + 1):
        for chosen in combinations(agents, length):
            for rest in permutations(chosen[1:]):
                cycle = (chosen[0], *rest)
                arcs = list(zip(cycle, (*cycle[1:], cycle[0]), strict=True))
                if all(values.get(arc, 0) for arc in arcs):
                    cycles.append((frozenset(cycle), cycle_value([values[arc] for arc in arcs])))

    def most(rest: list[tuple[frozenset[str], int]]) -> int:
        if not rest:
            return 0
        (members, value), others = rest[0], rest[1:]
        apart = [each for each in others if not each[0] & members]
        return max(most(others), value + most(apart))

    return most(cycles)


@pytest.mark.parametrize("seed", range(40))
def test_the_packages_are_the_best_of_all_sets_of_disjoint_cycles(seed: int) -> None:
    given, longest = a_market(seed), 2 + seed % 3
    found = find_pairs(given, POLICY)
    plan = match(given, POLICY, found=found)
    packages = find_packages(found, plan, longest)
    assert packages.proven
    assert packages.complete
    assert packages.value == best_of_all(found, plan, longest)
    assert packages.value == sum(package.value for package in packages.packages)
    agents = [agent for package in packages.packages for agent in package.agents]
    assert len(agents) == len(set(agents))
    check_links(given, packages)


def check_links(given: Situation, packages: Packages) -> None:
    orders = {order.id: order for order in given.orders}
    there = {offer.id: offer for offer in given.offers}
    for package in packages.packages:
        receivers = (*package.agents[1:], package.agents[0])
        for giver, receiver, each in zip(package.agents, receivers, package.proposals, strict=True):
            order, offer = orders[each.order_id], there[each.offer_id]
            assert (offer.supplier_id, order.receiver_id) == (giver, receiver)
            assert 0 < each.offer_quantity <= (offer.capacity or 0)
            assert lot_allows(
                remaining=order.quantity, lot=order.minimum_lot, quantity=each.quantity
            )


@pytest.mark.parametrize("seed", range(12))
def test_the_order_of_the_input_makes_no_difference(seed: int) -> None:
    given, dice = a_market(seed), random.Random(seed)
    orders, there = list(given.orders), list(given.offers)
    dice.shuffle(orders)
    dice.shuffle(there)
    shuffled = replace(given, orders=tuple(orders), offers=tuple(there))
    assert packages_of(shuffled) == packages_of(given)


@pytest.mark.parametrize("seed", range(12))
def test_a_cut_states_a_bound_that_holds(seed: int) -> None:
    given = a_market(seed, agents=5)
    whole = packages_of(given)
    cut = packages_of(given, most_cycles=1)
    assert cut.value <= whole.value <= cut.bound or cut.complete
    assert cut.complete == (whole.cycles == cut.cycles)


def test_a_cut_still_finds_packages() -> None:
    names = [f"agent{number}" for number in range(8)]
    orders = [
        needs(number, name, f"/kind{number}/", quantity=7) for number, name in enumerate(names)
    ]
    there = [
        offers(10 * number + other, name, f"/kind{other}/", capacity=7)
        for number, name in enumerate(names)
        for other in range(8)
        if other != number
    ]
    given = situation(orders, there)
    whole, cut = packages_of(given), packages_of(given, most_cycles=20)
    assert (whole.complete, cut.complete) == (True, False)
    assert 0 < cut.cycles <= 20 < whole.cycles
    assert 0 < cut.value <= whole.value <= cut.bound
