"""What is to be solved, as arrays: orders, bins of capacity, and what a unit is worth where.

The capacity of a TOTAL offer is one bin. The slots of a slotted offer that have the same room and
suit the same orders are one bin: within it they are interchangeable, which keeps the instance
small and loses nothing. Pairs stay pairs; the arcs of a pair, one to each bin that suits, are made
where they are needed.
"""

from concurrent.futures import Executor
from dataclasses import dataclass

import numpy as np

from matching.columns import TOTAL, Flags, Integers, Numbers, ragged
from matching.grouping import groups_of
from matching.groups import NONE, Groups
from matching.pairs import Found
from matching.sparse import Whole, connected, matrix

PAIRS_AT_ONCE = 1 << 20
SEED = 20220613


@dataclass(frozen=True, slots=True, eq=False)
class Arcs:
    """Arcs from orders to bins, each of a pair; one after the other by pair."""

    pairs: Integers
    orders: Integers
    bins: Integers
    worths: Integers

    def __len__(self) -> int:
        """Return how many arcs there are."""
        return len(self.pairs)

    def take(self, chosen: Integers | Flags) -> "Arcs":
        """Return some of the arcs."""
        return Arcs(self.pairs[chosen], self.orders[chosen], self.bins[chosen], self.worths[chosen])


@dataclass(frozen=True, slots=True, eq=False)
class Network:
    """The instance of all orders and offers.

    Bins of offer `j` are `bin_starts[j]` to `bin_starts[j + 1]`, `bins` their offers, `capacity`
    their room. `slot_bins` is the bin of each slot, -1 of one that suits nobody. `components` are
    the connected parts: the number of each order's and of each offer's, by their first order.
    `groups` are those of quotas and communities, None where there are none. `executor` solves the
    components; None: this process.
    """

    found: Found
    quantity: Integers
    worths: Integers
    bin_starts: Integers
    bins: Integers
    capacity: Integers
    slot_bins: Integers
    first_slots: Integers
    order_components: Integers
    offer_components: Integers
    components: int
    groups: Groups | None = None
    executor: Executor | None = None

    def slots_of(self, number: int) -> Integers:
        """Return the slots of a bin, in the order of time."""
        starts = self.found.columns.given.slot_starts
        offer = int(self.bins[number])
        first = int(starts[offer])
        return first + np.flatnonzero(self.slot_bins[first : starts[offer + 1]] == number)

    def arcs(self, pairs: Integers) -> Arcs:
        """Return the arcs of some pairs, each to every bin that suits."""
        found = self.found
        orders, offers = found.orders[pairs], found.offers[pairs]
        slotted = found.columns.given.kind[offers] != TOTAL
        single = np.flatnonzero(~slotted)
        several = np.flatnonzero(slotted)
        places, slots = suitable(found, orders[several], offers[several])
        first = np.flatnonzero(self.first_slots[self.slot_bins[slots]] == slots)
        at = np.concatenate([single, several[places[first]]])
        bins = np.concatenate([self.bin_starts[offers[single]], self.slot_bins[slots[first]]])
        order = np.argsort(at, kind="stable")
        at, bins = at[order], bins[order]
        return Arcs(pairs[at], orders[at].astype(np.int64), bins, self.worths[pairs[at]])


def suitable(found: Found, orders: Numbers, offers: Numbers) -> tuple[Integers, Integers]:
    """Return the slots that suit pairs of orders and slotted offers: which pair, which slot."""
    wanted, given = found.columns.wanted, found.columns.given
    starts = given.slot_starts[offers]
    counts = given.slot_starts[offers + 1] - starts
    places = np.repeat(np.arange(len(orders)), counts)
    slots = ragged(starts, counts)
    suits = np.zeros(len(places), dtype=bool)
    zones = wanted.items.zone[orders]
    for zone in np.unique(zones).tolist():
        table = found.blocks.timetable.slots(zone)
        here = np.flatnonzero(zones[places] == zone)
        whose, times = orders[places[here]], given.slot_times[slots[here]]
        days = table.days[times]
        in_time = (wanted.begins[whose] <= days) & (days <= wanted.items.last[whose])
        suits[here] = in_time & table.suits[wanted.items.windows[whose], table.kinds[times]]
    kept = np.flatnonzero(suits)
    return places[kept], slots[kept]


def network_of(found: Found, worths: Integers | None = None) -> Network:
    """Return the instance of the pairs; `worths` replaces theirs."""
    given = found.columns.given
    slot_classes = _classes(found)
    kept = np.flatnonzero(slot_classes >= 0)
    slot_offers = np.repeat(np.arange(len(given.kind)), np.diff(given.slot_starts))
    counts = np.where(given.kind == TOTAL, 1, 0)
    _, first, inverse, sizes = np.unique(
        slot_classes[kept], return_index=True, return_inverse=True, return_counts=True
    )
    np.add.at(counts, slot_offers[kept[first]], 1)
    bin_starts = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
    bins = np.repeat(np.arange(len(counts)), counts)
    capacity = given.capacity[bins].copy()
    # Classes are numbered by their first slot, so those of one offer follow each other.
    numbers = ragged(bin_starts[:-1][given.kind != TOTAL], counts[given.kind != TOTAL])
    slot_bins = np.full(len(slot_classes), -1, dtype=np.int64)
    slot_bins[kept] = numbers[inverse]
    first_slots = np.full(len(bins), -1, dtype=np.int64)
    first_slots[numbers] = kept[first]
    capacity[numbers] = given.slot_rooms[kept[first]] * sizes
    groups = groups_of(found, bins, capacity)
    order_components, offer_components, count = _components(found, bins, groups)
    return Network(
        found,
        found.columns.wanted.quantity,
        found.worths.astype(np.int64) if worths is None else worths,
        bin_starts,
        bins,
        capacity,
        slot_bins,
        first_slots,
        order_components,
        offer_components,
        count,
        groups,
    )


def _classes(found: Found) -> Integers:
    """Return for each slot the first slot of its offer that is like it; -1 where it suits nobody.

    Two slots are alike that have the same room and suit the same orders: the same sums of numbers
    drawn for the orders, twice 31 bits, so that chance does not make two alike that are not. (Were
    it to happen, the check of the finished plan would find it.)
    """
    given, wanted = found.columns.given, found.columns.wanted
    draw = np.random.default_rng(SEED).integers(0, 1 << 31, size=(2, len(wanted.lot)))
    draw = draw.astype(np.float64)
    slots = len(given.slot_times)
    sums = np.zeros((2, slots))
    users = np.zeros(slots, dtype=np.int64)
    slotted = np.flatnonzero(given.kind[found.offers] != TOTAL)
    for begin in range(0, len(slotted), PAIRS_AT_ONCE):
        some = slotted[begin : begin + PAIRS_AT_ONCE]
        orders = found.orders[some]
        places, suiting = suitable(found, orders, found.offers[some])
        users += np.bincount(suiting, minlength=slots)
        for row in range(2):
            sums[row] += np.bincount(suiting, weights=draw[row][orders[places]], minlength=slots)
    offers = np.repeat(np.arange(len(given.kind)), np.diff(given.slot_starts))
    first = np.full(slots, -1, dtype=np.int64)
    asked = np.flatnonzero((users > 0) & (given.slot_rooms > 0))
    order = asked[
        np.lexsort((asked, *(key[asked] for key in (*sums, users, given.slot_rooms, offers))))
    ]
    if not len(order):
        return first
    new = np.ones(len(order), dtype=bool)
    new[1:] = False
    for key in (*sums, users, given.slot_rooms, offers):
        new[1:] |= key[order[1:]] != key[order[:-1]]
    leaders = order[np.flatnonzero(new)][np.cumsum(new) - 1]
    first[order] = leaders
    return first


def _components(
    found: Found, bins: Integers, groups: Groups | None
) -> tuple[Integers, Integers, int]:
    """Return the connected component of each order and offer, numbered by their first orders.

    What shares a group is connected.
    An order or offer without pairs is in none (-1).
    """
    orders, offers = len(found.starts) - 1, len(found.columns.offers)
    labels = labelled(orders, offers, found.starts, found.offers)
    if groups is not None:
        of_offers = np.full(offers, NONE, dtype=np.int64)
        of_offers[bins] = groups.of_bins
        labels = groups.joined(labels, np.concatenate([groups.of_orders, of_offers]))
    paired = np.zeros(orders + offers, dtype=bool)
    paired[:orders] = np.diff(found.starts) > 0
    paired[orders + found.offers] = True
    of_orders = labels[:orders][paired[:orders]]
    _, first = np.unique(of_orders, return_index=True)
    ranked = of_orders[np.sort(first)]
    rank = np.full(int(labels.max(initial=-1)) + 1, -1, dtype=np.int64)
    rank[ranked] = np.arange(len(ranked))
    numbers = np.where(paired, rank[labels], -1)
    return numbers[:orders], numbers[orders:], len(ranked)


def labelled(orders: int, bins: int, starts: Integers, heads: Whole) -> Integers:
    """Return the connected component of each order and then of each bin, of arcs by order."""
    size = orders + bins
    pointers = np.concatenate([starts, np.full(bins, starts[-1])])
    return connected(
        matrix(
            (np.ones(len(heads), dtype=np.int8), heads + np.int32(orders), pointers), (size, size)
        )
    )
