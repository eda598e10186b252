"""Today's practice, to compare with: whoever comes first takes what suits, as much as there is."""

from collections.abc import Mapping

import numpy as np

from domain.vocabulary import CapacityKind
from matching.columns import Columns
from matching.matcher import plan_of
from matching.model import FreeSlot, Offer, Order, Policy, Situation
from matching.pairs import Found, find_pairs
from matching.partners import Partners
from matching.placing import Share
from matching.plans import Plan
from matching.quotas import rooms_left
from matching.rules import Allowed, least_in_slot, together
from matching.runs import fitting, in_runs, run_taken
from matching.sparse import listed


def first_come_first_served(
    situation: Situation, policy: Policy, found: Found | None = None
) -> Plan:
    """Return the plan of orders in the order they were placed, each taking the first offers.

    On the same allowed pairs, and under the same rules, as the matcher's.
    """
    found = found or find_pairs(situation, policy)
    return plan_of(situation, found, first_come_shares(found), None)


def first_come_shares(found: Found) -> list[Share]:
    """Return what each order takes when the first to come is the first to be served."""
    columns = found.columns
    arrivals = sorted(
        range(len(columns.orders)),
        key=lambda number: (columns.orders[number].placed_at, columns.orders[number].id),
    )
    by_age = sorted(
        range(len(columns.offers)),
        key=lambda number: (columns.offers[number].placed_at, columns.offers[number].id),
    )
    rank = np.empty(len(by_age), dtype=np.int64)
    rank[by_age] = np.arange(len(by_age))
    room, partners = _Room(len(by_age), columns), Partners(columns)
    shares: list[Share] = []
    for number in arrivals:
        order = columns.orders[number]
        offers = found.offers[found.starts[number] : found.starts[number + 1]]
        offers = offers[room.there[offers]]
        left = order.quantity
        for place in listed(offers[np.argsort(rank[offers])]):
            if not left:
                break
            if not partners.may(number, place):
                continue
            offer = columns.offers[place]
            taken = _taken(room, found, (number, place), left)
            left -= sum(taken.values())
            partners.deal(number, place, sum(taken.values()))
            shares.extend(
                Share(order.id, offer.id, slot.key if slot else None, quantity)
                for slot, quantity in taken.items()
            )
    return shares


def greedy_shares(found: Found) -> list[Share]:
    """Return what each order takes when the pair of the highest worth is served first."""
    columns = found.columns
    room, partners = _Room(len(columns.offers), columns), Partners(columns)
    left = [order.quantity for order in columns.orders]
    shares: list[Share] = []
    ranked = np.lexsort((found.offers, found.orders, -found.worths.astype(np.int64)))
    for place in listed(ranked):
        number, offer_number = int(found.orders[place]), int(found.offers[place])
        if not left[number] or not room.there[offer_number]:
            continue
        if not partners.may(number, offer_number):
            continue
        order, offer = columns.orders[number], columns.offers[offer_number]
        taken = _taken(room, found, (number, offer_number), left[number])
        left[number] -= sum(taken.values())
        partners.deal(number, offer_number, sum(taken.values()))
        shares.extend(
            Share(order.id, offer.id, slot.key if slot else None, quantity)
            for slot, quantity in taken.items()
        )
    return shares


def _taken(
    room: "_Room", found: Found, numbers: tuple[int, int], left: int
) -> Mapping[FreeSlot | None, int]:
    order, offer = found.columns.orders[numbers[0]], found.columns.offers[numbers[1]]
    allowed = found.allowed(*numbers)
    if not isinstance(allowed, Allowed):
        raise TypeError(f"a pair that is refused was found: {order.id}, {offer.id}")
    return room.take(order, offer, numbers[1], allowed, left)


class _Room:
    """What is left of each offer, in all or by slot, in the offer's measure; and of quotas."""

    def __init__(self, offers: int, columns: Columns) -> None:
        self.there = np.ones(offers, dtype=bool)
        self._quotas = rooms_left(columns.situation, columns.policy)
        self._left: dict[tuple[str, FreeSlot | None], int] = {}

    def take(
        self, order: Order, offer: Offer, number: int, allowed: Allowed, wanted: int
    ) -> Mapping[FreeSlot | None, int]:
        """Take as much as the order may, the earliest slots first; nothing where no lot fits."""
        step, given = allowed.step
        size = offer.capacity or 0
        slots: list[FreeSlot | None] = list(allowed.slots) or [None]
        rooms = {
            slot: self._left.get((offer.id, slot), slot.capacity if slot else size) // given * step
            for slot in slots
        }
        bound = self._quotas.room(offer)
        most = sum(rooms.values())
        if bound is not None:
            most = min(most, bound // given * step)
        taken: dict[FreeSlot | None, int]
        if in_runs(order, offer):
            free = {slot.time: left for slot, left in rooms.items() if slot is not None}
            least = least_in_slot(order, allowed)
            run = run_taken(order, free, wanted, least, step, most)
            taken = {slot: run[slot.time] for slot in slots if slot and slot.time in run}
        elif slots != [None] and together(order):
            taken = _slot_by_slot(order, wanted, rooms, step, most)
        else:
            taken = _spread(fitting(order.lot, wanted, most, step), rooms)
        self._quotas.take(offer, sum(taken.values()) // step * given)
        for slot, amount in taken.items():
            whole = offer.capacity_kind is CapacityKind.EXCLUSIVE
            left = 0 if whole else (rooms[slot] - amount) // step * given
            self._left[offer.id, slot] = left
        if offer.capacity_kind is CapacityKind.TOTAL:
            self.there[number] = self._left.get((offer.id, None), size) >= given
        else:
            self.there[number] = any(
                self._left.get((offer.id, slot), slot.capacity) >= given for slot in offer.slots
            )
        return taken


def _slot_by_slot(
    order: Order, wanted: int, rooms: Mapping[FreeSlot | None, int], step: int, most: int
) -> dict[FreeSlot | None, int]:
    """Return what to take, at most so much, where each slot has to hold a lot."""
    taken: dict[FreeSlot | None, int] = {}
    for slot, room in rooms.items():
        before = sum(taken.values())
        if amount := fitting(order.lot, wanted - before, min(room, most - before), step):
            taken[slot] = amount
    return taken


def _spread(wanted: int, rooms: Mapping[FreeSlot | None, int]) -> dict[FreeSlot | None, int]:
    """Return what to take of each room, the first rooms first."""
    taken: dict[FreeSlot | None, int] = {}
    for slot, room in rooms.items():
        if amount := min(room, wanted - sum(taken.values())):
            taken[slot] = amount
    return taken
