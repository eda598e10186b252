"""What the last plan is worth to the next: a bonus on what it had, and where to begin.

A unit of a pair that the last plan used is worth `round(10^6 * keep / scale)` more, so that what
nothing forces to move stays. The instance is solved from the last plan on (`repaired`): what still
fits is taken over, with the prices that the last run left.
"""

import numpy as np

from domain.measures import MEASURES
from matching.columns import TOTAL, Flags, Integers
from matching.model import WHOLE, Booking, OfferPrices, Policy
from matching.network import Network
from matching.pairs import Found
from matching.prices import Prices
from matching.pricing import (
    Solution,
    cheapest,
    promising,
    repaired_from,
    solve_priced,
)
from matching.score import MICRO
from matching.sparse import listed


def keep_bonus(policy: Policy, measure: str) -> int:
    """Return what a unit in this measure is worth more where the last plan had it."""
    return round(MICRO * policy.keep / MEASURES[measure].scale)


def kept_places(found: Found) -> dict[int, Booking]:
    """Return which pairs the last plan used, with what it gave."""
    earlier = found.columns.situation.earlier
    places: dict[int, Booking] = {}
    for booking in earlier.bookings if earlier else ():
        order = found.order_numbers.get(booking.order_id)
        offer = found.offer_numbers.get(booking.offer_id)
        if order is None or offer is None:
            continue
        place = found.place(order, offer)
        if place is not None:
            places[place] = booking
    return places


def counted_worths(found: Found) -> Integers:
    """Return what a unit of each pair counts: its worth, and the bonus of what is kept."""
    worths = found.worths.astype(np.int64)
    columns = found.columns
    for place in kept_places(found):
        measure = columns.orders[int(found.orders[place])].measure
        worths[place] += keep_bonus(columns.policy, measure)
    return worths


def solve_from_last(network: Network, chosen: Flags | None) -> Solution:
    """Return the best plan of the chosen pairs, from the last plan on where there is one."""
    found = network.found
    earlier = found.columns.situation.earlier
    places = kept_places(found)
    if earlier is None or not places:
        return solve_priced(network, chosen)
    prices = _prices(network, chosen, earlier.prices)
    seeds = np.array(sorted(places), dtype=np.int64)
    arcs = network.arcs(np.flatnonzero(promising(network, chosen, prices, seeds)))
    amounts = {
        key: amount
        for place, booking in places.items()
        for key, amount in _by_bin(network, place, booking).items()
    }
    carried = np.array(
        [amounts.get(key, 0) for key in zip(listed(arcs.pairs), listed(arcs.bins), strict=True)],
        dtype=np.int64,
    )
    return repaired_from(network, chosen, arcs, carried, prices)


def _by_bin(network: Network, place: int, booking: Booking) -> dict[tuple[int, int], int]:
    """Return what a booking takes of each bin of its offer that is still there."""
    found = network.found
    offer = int(found.offers[place])
    given = found.columns.given
    if given.kind[offer] == TOTAL:
        return {(place, int(network.bin_starts[offer])): booking.quantity}
    first = int(given.slot_starts[offer])
    times = found.columns.tables.times
    numbers = {
        times[int(given.slot_times[slot])].key: int(network.slot_bins[slot])
        for slot in range(first, int(given.slot_starts[offer + 1]))
    }
    taken: dict[tuple[int, int], int] = {}
    for key, amount in booking.slots:
        number = numbers.get(key, -1)
        if number >= 0:
            taken[place, number] = taken.get((place, number), 0) + amount
    return taken


def _prices(network: Network, chosen: Flags | None, prices: OfferPrices) -> Prices:
    """Return prices that cover every pair: the bins' as they were, the orders' by these."""
    found = network.found
    columns, given = found.columns, found.columns.given
    of_bins = np.zeros(len(network.bins), dtype=np.int64)
    for number, offer in enumerate(listed(network.bins)):
        known = prices.get(columns.offers[offer].id)
        if known and given.kind[offer] == TOTAL:
            of_bins[number] = known.get(WHOLE, 0)
        elif known:
            time = columns.tables.times[int(given.slot_times[network.first_slots[number]])]
            of_bins[number] = known.get(time.key, 0)
    gains = network.worths - cheapest(network, of_bins)[found.offers]
    if chosen is not None:
        gains[~chosen] = 0
    of_orders = np.zeros(len(network.quantity), dtype=np.int64)
    np.maximum.at(of_orders, found.orders, gains)
    return Prices(of_orders, of_bins)
