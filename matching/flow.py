"""The exact plan of what can be split: an integer minimum-cost flow (OR-Tools).

Orders -> bins -> sink, and an arc of no cost from each order to the sink for what stays
unmatched, so that a feasible flow always exists. Costs are whole: the arc's worth, shifted left
to make room for a tie-break, plus a hash of the ids and slots. All hashes of a plan together stay
below one unit of worth, so the tie-break never costs value; it only picks one among equal plans,
whatever the solver prefers. Where 64 bits have no room for it, the canonical order of the arcs
alone decides, which is as reproducible for one solver.
"""

import hashlib
from collections import defaultdict
from collections.abc import Sequence
from math import gcd
from typing import Protocol, cast

import numpy as np
from numpy.typing import NDArray
from ortools.graph.python.min_cost_flow import SimpleMinCostFlow

from matching.instance import Arc, Bin, Component, Take
from matching.model import FreeSlot

Integers = NDArray[np.int64]

TIE_BITS = 12
SAFE_BITS = 62
"""Costs, multiplied by the solver with the count of nodes, stay below 2^62."""


class _Solver(Protocol):
    """What is used of OR-Tools' solver (its own annotations take array types for shapes)."""

    def add_arcs_with_capacity_and_unit_cost(
        self,
        tails: NDArray[np.int32],
        heads: NDArray[np.int32],
        capacities: Integers,
        unit_costs: Integers,
        /,
    ) -> object: ...
    def set_nodes_supplies(self, nodes: NDArray[np.int32], supplies: Integers, /) -> None: ...
    def solve(self) -> object: ...
    def flows(self, arcs: NDArray[np.int32], /) -> Integers: ...


class SolverFailed(RuntimeError):
    """The solver gave no optimal flow for an instance that has one: a fault, never expected."""


def solve_flow(component: Component, capacities: Sequence[int] | None = None) -> Integers:
    """Return what each arc carries, in units of the supplies, so that the total worth is largest.

    `capacities` replaces those of the bins (for a relaxation). Raises SolverFailed.
    """
    rooms = capacities or [each.capacity for each in component.bins]
    quantum = gcd(*_quantities(component), *rooms)
    wanted = np.array(_quantities(component), dtype=np.int64) // quantum
    room = np.array(rooms, dtype=np.int64) // quantum
    units = int(wanted.sum())
    status: object = None
    for bits in sorted({_tie_bits(component, units), 0}, reverse=True):
        solver = _network(component, wanted, room, _costs(component, units, bits))
        status = solver.solve()
        if status == SimpleMinCostFlow.OPTIMAL:
            return solver.flows(np.arange(len(component.arcs), dtype=np.int32)) * quantum
        if status != SimpleMinCostFlow.BAD_COST_RANGE:
            break
    raise SolverFailed(f"minimum-cost flow ended with {status}")


def _network(component: Component, wanted: Integers, room: Integers, costs: Integers) -> _Solver:
    orders, bins = len(component.supplies), len(component.bins)
    sink = orders + bins
    tails = np.array([arc.supply for arc in component.arcs], dtype=np.int32)
    heads = np.array([arc.bin for arc in component.arcs], dtype=np.int32)
    nodes = np.arange(sink + 1, dtype=np.int32)
    solver = cast("_Solver", SimpleMinCostFlow())
    solver.add_arcs_with_capacity_and_unit_cost(
        np.concatenate([tails, nodes[:sink]]),
        np.concatenate([heads + np.int32(orders), np.full(sink, sink, dtype=np.int32)]),
        np.concatenate([np.minimum(wanted[tails], room[heads]), wanted, room]),
        np.concatenate([costs, np.zeros(sink, dtype=np.int64)]),
    )
    supplies = np.zeros(sink + 1, dtype=np.int64)
    supplies[:orders] = wanted
    supplies[sink] = -wanted.sum()
    solver.set_nodes_supplies(nodes, supplies)
    return solver


def place(component: Component, carried: Integers) -> list[Take]:
    """Return the slots in which what the arcs carry takes place: early, and in few slots.

    Orders come in canonical order; each takes the first slot that holds all of it, else fills
    the slots from the first on. Within a bin any slot will do, so this always works out.
    """
    users: dict[int, list[int]] = defaultdict(list)
    for number, arc in enumerate(component.arcs):
        if carried[number] > 0:
            users[arc.bin].append(number)
    takes: list[Take] = []
    for bin_number, numbers in sorted(users.items()):
        each = component.bins[bin_number]
        if not each.slots:
            takes.extend(Take(number, None, int(carried[number])) for number in numbers)
            continue
        left = dict.fromkeys(each.slots, each.size)
        for number in numbers:
            takes.extend(fill(number, int(carried[number]), left))
    return takes


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


def _quantities(component: Component) -> list[int]:
    return [supply.quantity for supply in component.supplies]


def _tie_bits(component: Component, units: int) -> int:
    """Return how wide the tie-break may be so that no cost leaves 64 bits; 0 where none fits."""
    nodes = len(component.supplies) + len(component.bins) + 2
    largest = max(arc.worth for arc in component.arcs) * nodes
    return max(0, min(TIE_BITS, SAFE_BITS - largest.bit_length() - units.bit_length()))


def _costs(component: Component, units: int, bits: int) -> Integers:
    """Return the arcs' costs, with a tie-break of so many bits below one unit of worth."""
    if not bits:
        return np.array([-arc.worth for arc in component.arcs], dtype=np.int64)
    shift = bits + units.bit_length()
    priced = [(arc.worth << shift) + _tie(component, arc, bits) for arc in component.arcs]
    return -np.array(priced, dtype=np.int64)


def _tie(component: Component, arc: Arc, bits: int) -> int:
    each: Bin = component.bins[arc.bin]
    first = each.slots[0].key if each.slots else ""
    name = f"{component.supplies[arc.supply].order_id}|{each.offer_id}|{first}"
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big") >> (64 - bits)
