"""What a plan carries, dealt out to the slots of its bins: early, and in few slots."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from matching.columns import TOTAL, Integers
from matching.instance import Take, slots_of
from matching.model import FreeSlot
from matching.network import Arcs, Network
from matching.sparse import listed


@dataclass(frozen=True, slots=True)
class Share:
    """What an order takes of an offer, in one slot or in none; in the order's measure."""

    order_id: str
    offer_id: str
    slot: str | None
    quantity: int


def shares_of(
    network: Network, arcs: Arcs, carried: Integers, taken: Mapping[int, int] | None = None
) -> Iterator[Share]:
    """Yield what a flow gives to whom, in which slots; `taken` is gone of slots already.

    Orders come in canonical order; each takes the first slot that holds all of it, else fills
    the slots from the first on. Within a bin any slot will do, so this always works out.
    """
    used = np.flatnonzero(carried > 0)
    used = used[np.lexsort((arcs.orders[used], arcs.bins[used]))]
    columns = network.found.columns
    left: dict[FreeSlot, int] = {}
    current = -1
    for arc in listed(used):
        number, quantity = int(arcs.bins[arc]), int(carried[arc])
        offer = int(network.bins[number])
        order_id, offer_id = columns.orders[int(arcs.orders[arc])].id, columns.offers[offer].id
        if columns.given.kind[offer] == TOTAL:
            yield Share(order_id, offer_id, None, quantity)
            continue
        if number != current:
            (found,) = slots_of(network, np.array([number]))
            numbers = network.slots_of(number)
            rooms = [found.size - (taken or {}).get(slot, 0) for slot in listed(numbers)]
            left, current = dict(zip(found.slots, rooms, strict=True)), number
        for take in fill(arc, quantity, left):
            slot = take.slot.key if take.slot else None
            yield Share(order_id, offer_id, slot, take.quantity)


def fill(arc: int, quantity: int, left: dict[FreeSlot, int]) -> list[Take]:
    """Take a quantity out of what is left in slots, which hold at least so much together."""
    whole = next((slot for slot, room in left.items() if room >= quantity), None)
    slots = [whole] if whole is not None else list(left)
    takes: list[Take] = []
    for slot in slots:
        if part := min(quantity, left[slot]):
            left[slot] -= part
            quantity -= part
            takes.append(Take(arc, slot, part))
    return takes
