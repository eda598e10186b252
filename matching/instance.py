"""What is to be solved: connected components of orders, bins of capacity, and priced arcs.

An order with a quantity left is a supply. The capacity of a TOTAL offer is one bin; the free slots
of a slotted offer that have the same room and suit the same orders are one bin of several slots,
which keeps the instance small and loses nothing: within it the slots are interchangeable. An arc
leads from a supply to a bin and says what a unit of the supply is worth there.

Everything is in a canonical order (by identifiers), so that the instance, and with it the plan,
does not depend on the order of the input.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import gcd

from domain.vocabulary import CapacityKind
from matching.model import FreeSlot, Offer, Order, Part
from matching.rules import Allowed, together


@dataclass(frozen=True, slots=True)
class Pair:
    """An order and an offer that every rule allows, with score and worth per unit."""

    order: Order
    offer: Offer
    allowed: Allowed
    parts: tuple[Part, ...]
    score: float
    worth: int


@dataclass(frozen=True, slots=True)
class Supply:
    """What an order still wants; `together`: a lot has to be in one slot."""

    order_id: str
    quantity: int
    lot: int
    together: bool


@dataclass(frozen=True, slots=True)
class Bin:
    """Room of an offer: `size` in each of `slots`, or once where there are none.

    An exclusive bin's slots take one supply each, and are then used up.
    """

    offer_id: str
    slots: tuple[FreeSlot, ...]
    size: int
    exclusive: bool

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
class Component:
    """A connected part of the instance; supplies, bins and arcs in canonical order."""

    supplies: tuple[Supply, ...]
    bins: tuple[Bin, ...]
    arcs: tuple[Arc, ...]

    @property
    def quantum(self) -> int:
        """The largest amount of which all quantities and rooms are multiples.

        A flow of multiples of it is as good as any, and everything in it is a multiple of it.
        """
        sizes = (each.size for each in self.bins)
        return gcd(*(supply.quantity for supply in self.supplies), *sizes)

    @property
    def splittable(self) -> bool:
        """Whether a flow solves it: one measure, no slot for one user only, no lot that binds."""
        return (
            all(arc.step == arc.given == 1 for arc in self.arcs)
            and not any(each.exclusive for each in self.bins)
            and all(supply.lot <= self.quantum for supply in self.supplies)
        )

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
        )


@dataclass(frozen=True, slots=True)
class Take:
    """What an arc carries, in one slot of its bin or in its only room (slot None).

    `quantity` is in the supply's measure.
    """

    arc: int
    slot: FreeSlot | None
    quantity: int


def components(pairs: Sequence[Pair]) -> list[Component]:
    """Return the connected components of the allowed pairs that are worth something."""
    ordered = sorted(
        (pair for pair in pairs if pair.worth > 0), key=lambda pair: (pair.order.id, pair.offer.id)
    )
    groups: dict[str, list[Pair]] = defaultdict(list)
    root = _roots(ordered)
    for pair in ordered:
        groups[root[f"order {pair.order.id}"]].append(pair)
    return [_component(group) for group in groups.values()]


def _roots(pairs: Iterable[Pair]) -> Mapping[str, str]:
    """Return for each order and offer the least name of its component (union-find)."""
    parent: dict[str, str] = {}

    def find(name: str) -> str:
        while parent.setdefault(name, name) != name:
            parent[name] = parent[parent[name]]
            name = parent[name]
        return name

    for pair in pairs:
        one, other = find(f"order {pair.order.id}"), find(f"offer {pair.offer.id}")
        parent[max(one, other)] = min(one, other)
    return {name: find(name) for name in list(parent)}


def _component(pairs: Sequence[Pair]) -> Component:
    orders = sorted({pair.order.id: pair.order for pair in pairs}.items())
    numbers = {order_id: number for number, (order_id, _) in enumerate(orders)}
    by_offer: dict[str, list[Pair]] = defaultdict(list)
    for pair in pairs:
        by_offer[pair.offer.id].append(pair)
    bins: list[Bin] = []
    arcs: list[Arc] = []
    for _, members in sorted(by_offer.items()):
        for found, users in _bins(members):
            arcs.extend(
                Arc(numbers[user.order.id], len(bins), user.worth, *user.allowed.step)
                for user in users
            )
            bins.append(found)
    arcs.sort(key=lambda arc: (arc.supply, arc.bin))
    supplies = tuple(
        Supply(order_id, order.quantity, order.lot, together(order)) for order_id, order in orders
    )
    return Component(supplies, tuple(bins), tuple(arcs))


def _bins(pairs: Sequence[Pair]) -> list[tuple[Bin, list[Pair]]]:
    """Return the bins of one offer, each with the pairs that may use it."""
    offer = pairs[0].offer
    if offer.capacity_kind is CapacityKind.TOTAL:
        return [(Bin(offer.id, (), offer.capacity or 0, exclusive=False), list(pairs))]
    users: dict[FreeSlot, list[Pair]] = defaultdict(list)
    for pair in pairs:
        for slot in pair.allowed.slots:
            users[slot].append(pair)
    classes: dict[tuple[int, tuple[str, ...]], list[FreeSlot]] = defaultdict(list)
    for slot in sorted(users, key=lambda slot: slot.time):
        classes[slot.capacity, tuple(pair.order.id for pair in users[slot])].append(slot)
    exclusive = offer.capacity_kind is CapacityKind.EXCLUSIVE
    return [
        (
            Bin(offer.id, tuple(slots), size, exclusive=exclusive and size > 1),
            users[slots[0]],
        )
        for (size, _), slots in classes.items()
        if size > 0
    ]
