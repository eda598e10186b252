"""A connected part of the instance as records: what cannot be split freely is solved on these.

An order with a quantity left is a supply; bins and arcs are those of the network. Everything is in
a canonical order (by identifiers), so that the plan does not depend on the order of the input.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np

from domain.measures import ratio
from matching.columns import EXCLUSIVE, TOTAL, Integers
from matching.groups import NONE
from matching.model import FreeSlot
from matching.network import Arcs, Network
from matching.partners import limited, sides_of
from matching.sparse import listed


@dataclass(frozen=True, slots=True)
class Supply:
    """What an order still wants; `together`: a lot has to be in one slot.

    What it takes of an offer's slots is one run of at least `run_minutes`, 0 where it need not be.
    """

    order_id: str
    quantity: int
    lot: int
    together: bool
    group: int = NONE
    run_minutes: int = 0


@dataclass(frozen=True, slots=True)
class Bin:
    """Room of an offer: `size` in each of `slots`, or once where there are none.

    An exclusive bin's slots take one supply each, and are then used up.
    """

    offer_id: str
    slots: tuple[FreeSlot, ...]
    size: int
    exclusive: bool
    group: int = NONE

    @property
    def capacity(self) -> int:
        """The room of all slots together."""
        return self.size * max(1, len(self.slots))


@dataclass(frozen=True, slots=True)
class Arc:
    """`worth` per unit of the supply; `step` units of the supply take `given` of the bin."""

    supply: int
    bin: int
    worth: int
    step: int
    given: int


@dataclass(frozen=True, slots=True)
class Nest:
    """A group of supplies or of bins: the group around it (-1: none), and its segments.

    Each has room and a bonus a unit, the best first (`matching/groups.py`).
    """

    parent: int
    segments: tuple[tuple[int, int], ...]

    @property
    def room(self) -> int:
        """The room of all segments together."""
        return sum(room for room, _ in self.segments)

    def bonus(self, amount: int) -> int:
        """Return what an amount that flows through the group counts more."""
        total = 0
        for room, bonus in self.segments:
            part = min(room, amount)
            total += part * bonus
            amount -= part
        return total


@dataclass(frozen=True, slots=True)
class Limit:
    """At most `most` partners may have anything: each has the arcs, by number, that lead to it."""

    most: int
    partners: tuple[tuple[int, ...], ...]


@dataclass(frozen=True, slots=True)
class Component:
    """A connected part of the instance; supplies, bins and arcs in canonical order.

    `group` of a supply or a bin is the innermost of `nests` that it is in, -1 where none is.
    `limits` are those of partners, of orders and of offers.
    """

    supplies: tuple[Supply, ...]
    bins: tuple[Bin, ...]
    arcs: tuple[Arc, ...]
    nests: tuple[Nest, ...] = ()
    limits: tuple[Limit, ...] = ()

    def around(self, group: int) -> Iterator[int]:
        """Yield a group and those around it."""
        while group >= 0:
            yield group
            group = self.nests[group].parent

    def early(self, supplied: Mapping[int, int]) -> int:
        """Return what groups of supplies count more, given what each supply gets."""
        through: dict[int, int] = defaultdict(int)
        for number, amount in supplied.items():
            for group in self.around(self.supplies[number].group):
                through[group] += amount
        return sum(self.nests[group].bonus(amount) for group, amount in through.items())

    @property
    def worth_bound(self) -> int:
        """A value that no plan of this component exceeds, by what is wanted or what there is."""
        wanted: dict[int, int] = defaultdict(int)
        given: dict[int, int] = defaultdict(int)
        for arc in self.arcs:
            wanted[arc.supply] = max(wanted[arc.supply], arc.worth)
            given[arc.bin] = max(given[arc.bin], arc.worth * arc.step)
        return min(
            sum(self.supplies[number].quantity * worth for number, worth in wanted.items()),
            sum(self.bins[number].capacity * worth for number, worth in given.items()),
        ) + sum(nest.bonus(nest.room) for nest in self.nests)


@dataclass(frozen=True, slots=True)
class Take:
    """What an arc carries, in one slot of its bin or in its only room (slot None).

    `quantity` is in the supply's measure.
    """

    arc: int
    slot: FreeSlot | None
    quantity: int


def component_of(network: Network, arcs: Arcs) -> Component:
    """Return the component of these arcs, all of its own, in the order of their pairs."""
    columns = network.found.columns
    order_numbers, tails = np.unique(arcs.orders, return_inverse=True)
    bin_numbers, heads = np.unique(arcs.bins, return_inverse=True)
    wanted, tables = columns.wanted, columns.tables
    of_orders, of_bins, nests = _nests(network, order_numbers, bin_numbers)
    supplies = tuple(
        Supply(
            columns.orders[order].id,
            int(wanted.quantity[order]),
            int(wanted.lot[order]),
            bool(wanted.together[order]),
            group,
            int(wanted.run_minutes[order]),
        )
        for order, group in zip(listed(order_numbers), of_orders, strict=True)
    )
    steps = {
        (one, other): ratio(tables.measures[one], tables.measures[other]) or (1, 1)
        for one in listed(np.unique(wanted.items.measure[order_numbers]))
        for other in listed(np.unique(columns.given.items.measure[network.bins[bin_numbers]]))
    }
    measures = zip(
        listed(wanted.items.measure[arcs.orders]),
        listed(columns.given.items.measure[network.bins[arcs.bins]]),
        strict=True,
    )
    order = np.lexsort((heads, tails))
    made = [
        Arc(tail, head, worth, *steps[pair])
        for tail, head, worth, pair in zip(
            listed(tails), listed(heads), listed(arcs.worths), measures, strict=True
        )
    ]
    bins = tuple(
        replace(each, group=group)
        for each, group in zip(slots_of(network, bin_numbers), of_bins, strict=True)
    )
    ordered = tuple(made[number] for number in listed(order))
    limits = _limits(network, arcs.pairs[order])
    return Component(supplies, bins, ordered, nests, limits)


def _limits(network: Network, pairs: Integers) -> tuple[Limit, ...]:
    """Return the limits that could bind among these pairs, by their places."""
    if not limited(network.found.columns):
        return ()
    made: list[Limit] = []
    for side in sides_of(network.found, pairs):
        by_owner: dict[int, dict[int, list[int]]] = defaultdict(lambda: defaultdict(list))
        for place, owner, key in zip(
            *map(listed, (side.places, side.owners, side.keys)), strict=True
        ):
            by_owner[owner][key].append(place)
        for owner in listed(side.crowded()):
            partners = tuple(tuple(arcs) for _, arcs in sorted(by_owner[owner].items()))
            made.append(Limit(int(side.joining[owner]), partners))
    return tuple(made)


def _nests(
    network: Network, orders: Integers, bins: Integers
) -> tuple[list[int], list[int], tuple[Nest, ...]]:
    """Return the groups of some orders and bins, numbered anew."""
    groups = network.groups
    if groups is None:
        return [NONE] * len(orders), [NONE] * len(bins), ()
    members = groups.of_orders[orders], groups.of_bins[bins]
    inside = sorted(
        {
            group
            for innermost in members
            for around in groups.outwards(innermost)
            for group in listed(around)
            if group >= 0
        }
    )
    numbers = {group: number for number, group in enumerate(inside)}
    numbers[NONE] = NONE
    nests = tuple(
        Nest(
            numbers[int(groups.parents[group])],
            tuple(
                zip(
                    listed(groups.rooms[groups.owners == group]),
                    listed(groups.bonuses[groups.owners == group]),
                    strict=True,
                )
            ),
        )
        for group in inside
    )
    first, second = ([numbers[group] for group in listed(found)] for found in members)
    return first, second, nests


def slots_of(network: Network, bins: Integers) -> tuple[Bin, ...]:
    """Return these bins as records, with their slots in the order of time."""
    columns = network.found.columns
    given = columns.given
    made: list[Bin] = []
    for number in listed(bins):
        offer = int(network.bins[number])
        if given.kind[offer] == TOTAL:
            made.append(
                Bin(columns.offers[offer].id, (), int(given.capacity[offer]), exclusive=False)
            )
            continue
        slots = network.slots_of(number)
        size = int(given.slot_rooms[slots[0]])
        times = [columns.tables.times[time] for time in listed(given.slot_times[slots])]
        exclusive = bool(given.kind[offer] == EXCLUSIVE) and size > 1
        free = tuple(FreeSlot(time=time, capacity=size) for time in times)
        made.append(Bin(columns.offers[offer].id, free, size, exclusive))
    return tuple(made)
