"""The connected parts of an instance: which of them a flow solves, and what they are worth."""

from dataclasses import dataclass

import numpy as np

from domain.measures import ratio
from matching.columns import EXCLUSIVE, TOTAL, Flags, Integers
from matching.groups import NONE, Groups
from matching.network import Arcs, Network
from matching.pairs import Found
from matching.partners import binding
from matching.prices import Prices, room_worths, through
from matching.sparse import listed


@dataclass(frozen=True, slots=True, eq=False)
class Parts:
    """Facts of each component, by number.

    `splittable`: a flow solves it: one measure, no slot for one user only, no lot and no partner
    limit that binds, no contiguous booking. `converted`: measures differ, so that units of the two
    sides are not the same. `run_slots`: how many slots contiguous bookings have to choose from.
    """

    orders: Integers
    offers: Integers
    pairs: Integers
    splittable: Flags
    converted: Flags
    run_slots: Integers


def parts_of(network: Network) -> Parts:
    """Return the facts of each component."""
    found, count = network.found, network.components
    wanted, given = found.columns.wanted, found.columns.given
    of_orders, of_offers = network.order_components, network.offer_components
    of_pairs = of_orders[found.orders]
    measures = wanted.items.measure[found.orders] != given.items.measure[found.offers]
    converted = np.zeros(count, dtype=bool)
    converted[of_pairs[measures]] = True
    orders, offers = np.flatnonzero(of_orders >= 0), np.flatnonzero(of_offers >= 0)
    bins = np.flatnonzero(of_offers[network.bins] >= 0)
    of_bins = of_offers[network.bins[bins]]
    slotted = given.kind[network.bins[bins]] != TOTAL
    sizes = network.capacity[bins].copy()
    sizes[slotted] = given.slot_rooms[network.first_slots[bins[slotted]]]
    alone = slotted & (given.kind[network.bins[bins]] == EXCLUSIVE) & (sizes > 1)
    unit = np.zeros(count, dtype=np.int64)
    np.gcd.at(unit, of_orders[orders], wanted.quantity[orders])
    np.gcd.at(unit, of_bins, sizes)
    if (groups := network.groups) is not None:
        np.gcd.at(unit, group_components(network, groups)[groups.owners], groups.rooms)
    splittable = ~converted
    splittable[of_bins[alone]] = False
    splittable[of_orders[orders][wanted.lot[orders] > unit[of_orders[orders]]]] = False
    rooms = np.zeros(len(found.columns.offers), dtype=np.int64)
    np.add.at(rooms, network.bins, network.capacity)
    for limited, components in zip(
        binding(found, network.quantity, rooms), (of_orders, of_offers), strict=True
    ):
        splittable[components[limited]] = False
    run_slots = np.zeros(count, dtype=np.int64)
    runs = np.flatnonzero(in_run_pairs(found))
    np.add.at(run_slots, of_pairs[runs], np.diff(given.slot_starts)[found.offers[runs]])
    splittable[run_slots > 0] = False
    return Parts(
        np.bincount(of_orders[orders], minlength=count),
        np.bincount(of_offers[offers], minlength=count),
        np.bincount(of_pairs, minlength=count),
        splittable,
        converted,
        run_slots,
    )


def in_run_pairs(found: Found) -> Flags:
    """Return which pairs are contiguous bookings: of slots, for an order that asks for a run."""
    wanted, given = found.columns.wanted, found.columns.given
    if not wanted.run_minutes.any():
        return np.zeros(len(found), dtype=bool)
    return (wanted.run_minutes[found.orders] > 0) & (given.kind[found.offers] != TOTAL)


def group_components(network: Network, groups: Groups) -> Integers:
    """Return the component of each group."""
    found = np.full(len(groups), NONE, dtype=np.int64)
    members = (
        (groups.of_orders, network.order_components),
        (groups.of_bins, network.offer_components[network.bins]),
    )
    for innermost, components in members:
        for around in groups.outwards(innermost):
            inside = around >= 0
            np.maximum.at(found, around[inside], components[inside])
    return found


def values_of(network: Network, arcs: Arcs, carried: Integers) -> list[int]:
    """Return each component's value: the worths of what its arcs carry, and groups' bonuses."""
    sums = _sums(network, network.order_components[arcs.orders], arcs.worths, carried)
    if (groups := network.groups) is not None:
        bonuses = groups.bonus(through(arcs, carried, groups))
        np.add.at(sums, group_components(network, groups), bonuses)
    return listed(sums)


def bonuses_of(network: Network, got: Integers) -> Integers:
    """Return what each component counts more by its groups, given what each order gets."""
    sums = np.zeros(network.components, dtype=np.int64)
    if (groups := network.groups) is not None:
        nothing = np.zeros(len(groups.of_bins), dtype=np.int64)
        bonuses = groups.bonus(groups.totals(got, nothing))
        np.add.at(sums, group_components(network, groups), bonuses)
    return sums


def bounds_of(network: Network, prices: Prices) -> list[int]:
    """Return the value that prices prove no plan of each component exceeds."""
    own = prices.alone(network.groups)
    of_bins = network.offer_components[network.bins]
    sums = _sums(network, network.order_components, own.orders, network.quantity)
    sums += _sums(network, of_bins, own.bins, network.capacity)
    if (groups := network.groups) is not None:
        np.add.at(sums, group_components(network, groups), room_worths(groups, prices))
    return listed(sums)


def largest_value(network: Network) -> float:
    """Return, about, a value that no plan exceeds, by what is wanted or what there is."""
    found, count = network.found, network.components
    steps = np.zeros((2, count))
    worths = network.worths.astype(np.float64)
    by_order = np.zeros(len(network.quantity))
    by_offer = np.zeros(len(found.columns.offers))
    np.maximum.at(by_order, found.orders, worths)
    np.maximum.at(by_offer, found.offers, worths)
    if (groups := network.groups) is not None:
        more = groups.around(groups.of_orders, groups.first_bonuses)
        by_order += more
        by_offer += int(more.max(initial=0))
    paired = network.order_components >= 0
    np.add.at(
        steps[0],
        network.order_components[paired],
        by_order[paired] * network.quantity[paired].astype(np.float64),
    )
    of_bins = network.offer_components[network.bins]
    used = of_bins >= 0
    room = network.capacity[used].astype(np.float64) * most_per_unit(network)
    np.add.at(steps[1], of_bins[used], by_offer[network.bins[used]] * room)
    return float(steps.min(axis=0).sum())


def most_per_unit(network: Network) -> float:
    """Return how many units of an order one unit of an offer makes at most."""
    columns = network.found.columns
    measures = columns.tables.measures
    steps = [ratio(one, other) for one in measures for other in measures]
    return max((step[0] / step[1] for step in steps if step), default=1.0)


def _sums(network: Network, components: Integers, one: Integers, other: Integers) -> Integers:
    kept = (components >= 0) & (one != 0) & (other != 0)
    sums = np.zeros(network.components, dtype=np.int64)
    np.add.at(sums, components[kept], one[kept] * other[kept])
    return sums
