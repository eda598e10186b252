"""Today's practice, to compare with: whoever comes first takes what suits, as much as there is."""

from collections.abc import Mapping

from domain.vocabulary import CapacityKind
from matching.instance import Pair
from matching.matcher import Share, plan_of
from matching.model import FreeSlot, Order, Plan, Policy, Situation
from matching.pairs import Found, find_pairs
from matching.rules import together


def first_come_first_served(
    situation: Situation, policy: Policy, found: Found | None = None
) -> Plan:
    """Return the plan of orders in the order they were placed, each taking the first offers.

    On the same allowed pairs, and under the same rules, as the matcher's.
    """
    found = found or find_pairs(situation, policy)
    room = _Room()
    shares: list[Share] = []
    left = {order.id: order.quantity for order in situation.orders}
    for pair in sorted(found.pairs, key=_arrival):
        taken = room.take(pair, left[pair.order.id])
        left[pair.order.id] -= sum(taken.values())
        shares.extend(
            Share(pair.order.id, pair.offer.id, slot.key if slot else None, quantity)
            for slot, quantity in taken.items()
        )
    return plan_of(situation, found, shares, None)


def _arrival(pair: Pair) -> tuple[str, str, str, str]:
    return pair.order.placed_at, pair.order.id, pair.offer.placed_at, pair.offer.id


class _Room:
    """What is left of each offer, in all or by slot, in the offer's measure."""

    def __init__(self) -> None:
        self._left: dict[tuple[str, FreeSlot | None], int] = {}

    def take(self, pair: Pair, wanted: int) -> Mapping[FreeSlot | None, int]:
        """Take as much as the order may, the earliest slots first; nothing where no lot fits."""
        order, offer = pair.order, pair.offer
        step, given = pair.allowed.step
        size = offer.capacity or 0
        slots: list[FreeSlot | None] = list(pair.allowed.slots) or [None]
        rooms = {
            slot: self._left.get((offer.id, slot), slot.capacity if slot else size) // given * step
            for slot in slots
        }
        if slots != [None] and together(order):
            taken = _slot_by_slot(order, wanted, rooms, step)
        else:
            taken = _spread(_fitting(order, wanted, sum(rooms.values()), step), rooms)
        for slot, amount in taken.items():
            whole = offer.capacity_kind is CapacityKind.EXCLUSIVE
            left = 0 if whole else (rooms[slot] - amount) // step * given
            self._left[offer.id, slot] = left
        return taken


def _slot_by_slot(
    order: Order, wanted: int, rooms: Mapping[FreeSlot | None, int], step: int
) -> dict[FreeSlot | None, int]:
    """Return what to take where each slot has to hold a lot."""
    taken: dict[FreeSlot | None, int] = {}
    for slot, room in rooms.items():
        if amount := _fitting(order, wanted - sum(taken.values()), room, step):
            taken[slot] = amount
    return taken


def _spread(wanted: int, rooms: Mapping[FreeSlot | None, int]) -> dict[FreeSlot | None, int]:
    """Return what to take of each room, the first rooms first."""
    taken: dict[FreeSlot | None, int] = {}
    for slot, room in rooms.items():
        if amount := min(room, wanted - sum(taken.values())):
            taken[slot] = amount
    return taken


def _fitting(order: Order, wanted: int, room: int, step: int) -> int:
    """Return the most that may be taken so that it is a lot and the rest is nothing or a lot."""
    amount = min(wanted, room) // step * step
    if 0 < wanted - amount < order.lot:
        amount = max(0, wanted - order.lot) // step * step
    return amount if amount >= order.lot else 0
