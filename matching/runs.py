"""Contiguous bookings: slots of an offer that follow one another without a gap, in one claim.

An order that states `contiguous_minutes` takes of a slotted offer one run of slots, something in
each (a lot, where a lot has to be in one slot), together at least so many minutes.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise

from domain.availability import SlotTime
from domain.vocabulary import CapacityKind
from matching.model import Offer, Order


def in_runs(order: Order, offer: Offer) -> bool:
    """Whether what the order takes of this offer has to be one run of slots."""
    slotted = offer.capacity_kind is not CapacityKind.TOTAL
    return slotted and order.contiguous_minutes is not None


def contiguous(times: Sequence[SlotTime], minutes: int) -> bool:
    """Whether slots, in the order of time, are one run that lasts so many minutes at least."""
    together = all(one.ends_at == other.starts_at for one, other in pairwise(times))
    return together and sum(time.minutes for time in times) >= minutes


def least_per_slot(order: Order, step: int, *, lot_in_slot: bool) -> int:
    """Return the least that a slot of a run holds: a step, or what makes a lot of steps."""
    return max(1, -(-order.lot // step)) * step if lot_in_slot else step


def most_in_run(order: Order, rooms: Mapping[SlotTime, int], least: int) -> int:
    """Return the room of the largest run that the order could have; 0 where there is none.

    `rooms` are what slots hold of the order's measure, in the order of time.
    """
    most = 0
    for run in _runs(rooms, least):
        fewest = _fewest(run, order.contiguous_minutes or 0)
        if fewest and fewest * least <= order.quantity:
            most = max(most, sum(rooms[slot] for slot in run))
    return most


def run_taken(
    order: Order, rooms: Mapping[SlotTime, int], wanted: int, least: int, step: int, most: int
) -> dict[SlotTime, int]:
    """Return what to take of what is `wanted`, `most` at most; nothing where no run will do.

    The run in which most is taken, of those the one with the fewest slots, of those the first.
    """
    minutes, best = order.contiguous_minutes or 0, (0, 0)
    taken: dict[SlotTime, int] = {}
    for run in _runs(rooms, least):
        for first in range(len(run)):
            room = lasting = 0
            for count, slot in enumerate(run[first:], start=1):
                room += rooms[slot]
                lasting += slot.minutes
                if lasting < minutes:
                    continue
                amount = fitting(order.lot, wanted, min(room, most), step)
                if amount < count * least:
                    break
                if (amount, -count) > best:
                    best = amount, -count
                    taken = _dealt(run[first : first + count], rooms, amount, least)
                if room >= min(wanted, most):
                    break
    return taken


def fitting(lot: int, wanted: int, room: int, step: int) -> int:
    """Return the most that may be taken so that it is a lot and the rest is nothing or a lot."""
    amount = min(wanted, room) // step * step
    if 0 < wanted - amount < lot:
        amount = max(0, wanted - lot) // step * step
    return amount if amount >= lot else 0


def _runs(rooms: Mapping[SlotTime, int], least: int) -> Iterator[list[SlotTime]]:
    """Yield the longest runs of slots that hold the least."""
    run: list[SlotTime] = []
    for slot, room in rooms.items():
        adjoins = bool(run) and run[-1].ends_at == slot.starts_at
        if run and not (adjoins and room >= least):
            yield run
            run = []
        if room >= least:
            run.append(slot)
    if run:
        yield run


def _fewest(run: Sequence[SlotTime], minutes: int) -> int | None:
    """Return how few slots of a run, one after the other, last so many minutes."""
    counts: list[int] = []
    lasting = begin = 0
    for end, slot in enumerate(run, start=1):
        lasting += slot.minutes
        while lasting - run[begin].minutes >= minutes and begin < end - 1:
            lasting -= run[begin].minutes
            begin += 1
        if lasting >= minutes:
            counts.append(end - begin)
    return min(counts, default=None)


def _dealt(
    run: Sequence[SlotTime], rooms: Mapping[SlotTime, int], amount: int, least: int
) -> dict[SlotTime, int]:
    """Return an amount dealt out to a run: the least to each slot, the rest to the first ones."""
    taken: dict[SlotTime, int] = {}
    left = amount - least * len(run)
    for slot in run:
        more = min(left, rooms[slot] - least)
        taken[slot] = least + more
        left -= more
    return taken
