"""A flow problem as the network simplex method takes it."""

from typing import NamedTuple

from matching.columns import Integers

UNBOUNDED = 1 << 60
"""The capacity of arcs that have no limit; sums of flows stay far below."""


class SolverFailed(RuntimeError):
    """There is no best flow where there has to be one: a fault, never expected."""


class Circuit(NamedTuple):
    """Arcs from node to node with room and a cost a unit. The last node is the root."""

    tails: Integers
    heads: Integers
    capacities: Integers
    costs: Integers
