"""A plan of what cannot be split freely, where it is too large for an integer program.

The flow over everything as if it could be split says what room is worth. By these prices the
orders with lots take whole what gains most, those first that the flow serves from one place; slots
for one user go to whom they serve best; contiguous bookings take a run of slots. Who has a partner
limit keeps the partners with whom the flow deals most; all that can be split is then solved exactly
around this. Its prices know what it cost: with them it is done again, and the best plan is kept; in
it partners are exchanged (`matching/swapping.py`). The flow's bound holds for all of them, so the
gap is proven.
"""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from matching.columns import EXCLUSIVE, TOTAL, Flags, Integers, ragged
from matching.network import Arcs, Network
from matching.parting import bonuses_of, bounds_of, in_run_pairs
from matching.partners import Partners, dealt_keys, limited, limited_pairs, sides_of
from matching.placing import Share, shares_of
from matching.pricing import Solution, cheapest, solve_priced
from matching.rules import together
from matching.runs import fitting, least_per_slot, run_taken
from matching.sparse import listed
from matching.swapping import Swaps, part_of

TIMES = 3
"""So often the lots are dealt out, each time by the prices of the plan before."""


@dataclass(eq=False)
class _Rooms:
    """What is left of bins without slots, and of slots; what the fixed orders took."""

    bins: Integers
    slots: Integers
    taken: dict[tuple[int, int, int], int] = field(default_factory=lambda: defaultdict(int))
    """By order, bin and slot (-1 of a bin without slots)."""


def rounded(network: Network, chosen: Flags, flow: Solution) -> tuple[list[Share], Integers]:
    """Return the best plan found of the chosen pairs, and each component's value in it."""
    best: tuple[int, _Rounding] | None = None
    solution = flow
    for _ in range(TIMES):
        rounding = _Rounding(network, chosen, solution)
        solution = rounding.solution
        value = int(rounding.values().sum())
        if best is None or value > best[0]:
            best = value, rounding
    if best is None:
        raise ValueError("no plan was tried")
    rounding = best[1]
    if limited(network.found.columns) and network.groups is None:
        rounding.swap(np.array(bounds_of(network, flow.prices), dtype=np.int64))
    return rounding.shares(), rounding.values()


MOST_PAIRS = 20_000_000
"""So many pairs may be looked at in trying other partners: each flow looks at its component's."""
LEAST_TRIALS = 20
"""A component is tried where that leaves so many trials for it."""


class _Rounding:
    """One time of dealing out lots and exclusive slots, and of solving the rest."""

    def __init__(self, network: Network, chosen: Flags, flow: Solution) -> None:
        self._network, self._chosen, self._flow = network, chosen, flow
        given = network.found.columns.given
        kinds = given.kind[network.bins]
        sizes = np.where(kinds == TOTAL, network.capacity, 0)
        slotted = np.flatnonzero(kinds != TOTAL)
        sizes[slotted] = given.slot_rooms[network.first_slots[slotted]]
        self._alone = (kinds == EXCLUSIVE) & (sizes > 1)
        self._rooms = _Rooms(network.capacity.copy(), given.slot_rooms.copy())
        self._slots: dict[int, list[int]] = defaultdict(list)
        for slot, number in enumerate(listed(network.slot_bins)):
            if number >= 0:
                self._slots[number].append(slot)
        self._left = network.quantity.copy()
        self._partners = Partners(network.found.columns)
        self._runs: set[tuple[int, int]] = set()
        self._values = np.zeros(len(network.quantity), dtype=np.int64)
        self._early = np.zeros(len(network.quantity), dtype=np.int64)
        self._most = self._through = np.zeros(0, dtype=np.int64)
        if (groups := network.groups) is not None:
            self._early = -groups.around(groups.of_orders, flow.prices.groups)
            self._most, self._through = groups.most, np.zeros(len(groups), dtype=np.int64)

        lots = self._deal_out()
        self._rest = replace(
            network,
            quantity=np.where(lots, 0, self._left),
            capacity=self._capacity(),
            groups=groups and groups.left(self._through),
        )
        self._free = self._kept = chosen & ~lots[network.found.orders]
        if limited(network.found.columns):
            self._kept = self._with_partners(self._free)
        self.solution = solve_priced(self._rest, self._kept, flow.prices, self._used(self._kept))
        """The flow of the rest, with its prices."""
        self._arcs, self._carried = self.solution.arcs, self.solution.carried

    def _deal_out(self) -> Flags:
        """Deal out lots, runs and what one alone takes; return which orders the flow leaves out."""
        found = self._network.found
        lots = found.columns.wanted.lot > 1
        lots[found.orders[self._chosen & in_run_pairs(found)]] = True
        asked = np.zeros(len(lots), dtype=bool)
        asked[found.orders[self._chosen]] = True
        self._deal(np.flatnonzero(asked & lots), only_alone=False)
        if self._alone.any():
            self._deal(np.flatnonzero(asked & ~lots), only_alone=True)
        return lots

    def shares(self) -> list[Share]:
        """Return the plan."""
        taken: dict[int, int] = defaultdict(int)
        for (_, _, slot), amount in self._rooms.taken.items():
            taken[slot] += amount
        return [*self._fixed(), *shares_of(self._network, self._arcs, self._carried, taken)]

    def values(self) -> Integers:
        """Return each component's value, the bonuses of groups in it."""
        network = self._network
        got, worth = network.quantity - self._left, self._values.copy()
        np.add.at(got, self._arcs.orders, self._carried)
        np.add.at(worth, self._arcs.orders, self._arcs.worths * self._carried)
        sums = bonuses_of(network, got)
        asked = network.order_components >= 0
        np.add.at(sums, network.order_components[asked], worth[asked])
        return sums

    def swap(self, bounds: Integers) -> None:
        """Exchange partners, first in the components whose value is furthest below their bound."""
        network, work = self._network, MOST_PAIRS
        missing = bounds - self.values()
        of_pairs = network.order_components[network.found.orders]
        for component in listed(np.argsort(-missing, kind="stable")):
            pairs = np.flatnonzero(self._free & (of_pairs == component))
            if not 0 < len(pairs) <= work // LEAST_TRIALS or missing[component] <= 0:
                continue
            part = part_of(self._rest, pairs)
            first, second = sides_of(part.found, np.arange(len(pairs)))
            if not len(first.keys) + len(second.keys):
                continue
            dealt = self._dealt_keys()
            sides = first.without(dealt[0]), second.without(dealt[1])
            begin = solve_priced(part, self._kept[pairs], self._flow.prices)
            swaps = Swaps(part, self._kept[pairs], sides, begin)
            work -= swaps.improve(work)
            self._replace(component, pairs, swaps.flow)

    def _replace(self, component: int, pairs: Integers, flow: Solution) -> None:
        """Put the flow of a component, over its own pairs, in the place of the one before."""
        others = self._network.order_components[self._arcs.orders] != component
        old, new = self._arcs.take(others), flow.arcs
        self._arcs = Arcs(
            np.concatenate([old.pairs, pairs[new.pairs]]),
            np.concatenate([old.orders, new.orders]),
            np.concatenate([old.bins, new.bins]),
            np.concatenate([old.worths, new.worths]),
        )
        self._carried = np.concatenate([self._carried[others], flow.carried])

    def _dealt_keys(self) -> tuple[Integers, Integers]:
        """Return who joined whom as lots and slots were dealt out."""
        bins = self._network.bins
        taken = {(order, int(bins[number])) for order, number, _ in self._rooms.taken}
        return dealt_keys(self._network.found, taken)

    def _with_partners(self, pairs: Flags) -> Flags:
        """Return the pairs without those that would bring more partners than limits allow."""
        network, flow = self._network, self._flow
        found = network.found
        carried = np.zeros(len(found), dtype=np.int64)
        np.add.at(carried, flow.arcs.pairs, flow.carried)
        prices = cheapest(network, flow.prices.bins)
        dealt = self._dealt_keys()
        kept, asked = pairs.copy(), limited_pairs(found)
        for number in range(len(dealt)):
            places = asked[kept[asked]]
            side = sides_of(found, places)[number].without(dealt[number])
            orders = found.orders[places]
            gains = network.worths[places] + self._early[orders] - prices[found.offers[places]]
            kept[places[side.places[~side.kept(carried[places], gains)]]] = False
        return kept

    def _used(self, pairs: Flags) -> Integers:
        used = np.unique(self._flow.arcs.pairs[self._flow.carried > 0])
        return used[pairs[used]]

    def _capacity(self) -> Integers:
        """Return what the fixed orders leave of each bin; nothing of a slot for one user."""
        capacity = self._rooms.bins.copy()
        for number, slots in self._slots.items():
            capacity[number] = int(self._rooms.slots[slots].sum())
        capacity[self._alone] = 0
        return capacity

    def _deal(self, orders: Integers, *, only_alone: bool) -> None:
        """Let orders take whole what gains most, whoever gains most first."""
        network, flow = self._network, self._flow
        starts = network.found.starts
        arcs = network.arcs(ragged(starts[orders], starts[orders + 1] - starts[orders]))
        arcs = arcs.take(self._chosen[arcs.pairs])
        if only_alone:
            arcs = arcs.take(self._alone[arcs.bins])
        gains = arcs.worths + self._early[arcs.orders] - flow.prices.bins[arcs.bins]
        begins = np.searchsorted(arcs.orders, orders)
        ends = np.searchsorted(arcs.orders, orders, side="right")
        served = self._served_from_one_place()
        best = [
            int(gains[begin:end].max(initial=0)) * int(network.quantity[order])
            for order, begin, end in zip(listed(orders), listed(begins), listed(ends), strict=True)
        ]
        ranked = sorted(
            range(len(orders)), key=lambda place: (int(orders[place]) not in served, -best[place])
        )
        for place in ranked:
            part = np.arange(int(begins[place]), int(ends[place]))
            part = part[gains[part] > 0]
            kept = served.get(int(orders[place]), -1)
            first = np.where(arcs.bins[part] == kept, 0, 1)
            for arc in listed(part[np.lexsort((-gains[part], first))]):
                if not self._take(arcs, arc):
                    break

    def _served_from_one_place(self) -> Mapping[int, int]:
        """Return the bins of the orders that the flow gives all they want from one bin."""
        network, flow = self._network, self._flow
        whole = np.flatnonzero(
            (flow.carried > 0) & (flow.carried == network.quantity[flow.arcs.orders])
        )
        return dict(
            zip(listed(flow.arcs.orders[whole]), listed(flow.arcs.bins[whole]), strict=True)
        )

    def _take(self, arcs: Arcs, arc: int) -> bool:
        """Let an order take what it may here; return whether it still wants something."""
        order, number = int(arcs.orders[arc]), int(arcs.bins[arc])
        wanted = self._network.found.columns.wanted
        lot, left = int(wanted.lot[order]), int(self._left[order])
        if left <= 0:
            return False
        if not self._partners.may(order, int(self._network.bins[number])):
            return True
        slots = self._slots.get(number)
        if slots is None:
            room = min(int(self._rooms.bins[number]), self._quota(number, left))
            self._give(arcs, arc, -1, fitting(lot, left, room, 1))
            return bool(self._left[order])
        worth = int(arcs.worths[arc] + self._early[order])
        price = int(self._flow.prices.bins[number])
        rooms = self._rooms.slots
        if wanted.run_minutes[order]:
            self._take_run(arcs, arc)
            return bool(self._left[order])
        for slot in sorted(slots, key=lambda slot: _tightness(int(rooms[slot]), left)):
            room = int(rooms[slot])
            rest = int(self._left[order])
            amount = fitting(lot, rest, min(room, self._quota(number, rest)), 1)
            if not amount:
                continue
            if self._alone[number] and worth * amount <= price * room:
                continue  # the slot is worth more to who fills it
            self._give(arcs, arc, slot, amount)
        return bool(self._left[order])

    def _take_run(self, arcs: Arcs, arc: int) -> None:
        """Let an order take a run of an offer's slots, the first time that a bin of it is asked."""
        network, rooms = self._network, self._rooms
        columns = network.found.columns
        order, offer = int(arcs.orders[arc]), int(network.bins[arcs.bins[arc]])
        record = columns.orders[order]
        if (order, offer) in self._runs:
            return
        self._runs.add((order, offer))
        times, of_slots = columns.tables.times, columns.given.slot_times
        places = {
            times[int(of_slots[slot])]: (number, slot)
            for number in listed(np.flatnonzero(arcs.pairs == arcs.pairs[arc]))
            for slot in self._slots[int(arcs.bins[number])]
        }
        free = {time: int(rooms.slots[places[time][1]]) for time in sorted(places)}
        least = least_per_slot(record, 1, lot_in_slot=together(record))
        left = int(self._left[order])
        most = self._quota(int(arcs.bins[arc]), left)
        run = [
            (*places[time], amount)
            for time, amount in run_taken(record, free, left, least, 1, most).items()
        ]
        if sum(self._gain(arcs, *line) for line in run) > 0:
            for line in run:
                self._give(arcs, *line)

    def _gain(self, arcs: Arcs, arc: int, slot: int, amount: int) -> int:
        """Return what an amount in a slot is worth beyond what is used up of it."""
        order, number = int(arcs.orders[arc]), int(arcs.bins[arc])
        used = int(self._rooms.slots[slot]) if self._alone[number] else amount
        worth = int(arcs.worths[arc] + self._early[order])
        return worth * amount - int(self._flow.prices.bins[number]) * used

    def _around(self, number: int, *, bins: bool) -> list[int]:
        """Return the groups around an order or a bin."""
        groups = self._network.groups
        if groups is None:
            return []
        innermost = groups.of_bins if bins else groups.of_orders
        return [int(group[0]) for group in groups.outwards(innermost[number : number + 1])]

    def _quota(self, number: int, wanted: int) -> int:
        """Return how much of what is wanted the quotas around a bin leave."""
        groups = self._around(number, bins=True)
        return min([wanted, *(int(self._most[one] - self._through[one]) for one in groups)])

    def _give(self, arcs: Arcs, arc: int, slot: int, amount: int) -> None:
        if not amount:
            return
        order, number = int(arcs.orders[arc]), int(arcs.bins[arc])
        self._left[order] -= amount
        self._values[order] += int(arcs.worths[arc]) * amount
        self._rooms.taken[order, number, slot] += amount
        self._partners.deal(order, int(self._network.bins[number]), amount)
        for group in [*self._around(order, bins=False), *self._around(number, bins=True)]:
            self._through[group] += amount
        if slot < 0:
            self._rooms.bins[number] -= amount
        else:
            self._rooms.slots[slot] -= self._rooms.slots[slot] if self._alone[number] else amount

    def _fixed(self) -> list[Share]:
        columns = self._network.found.columns
        shares: list[Share] = []
        for (order, number, slot), amount in sorted(self._rooms.taken.items()):
            key = None
            if slot >= 0:
                key = columns.tables.times[int(columns.given.slot_times[slot])].key
            offer = columns.offers[int(self._network.bins[number])].id
            shares.append(Share(columns.orders[order].id, offer, key, amount))
        return shares


def _tightness(room: int, wanted: int) -> tuple[bool, int]:
    """Slots that hold all of it come first, the smallest of them first; then the largest."""
    return (False, room) if room >= wanted else (True, -room)
