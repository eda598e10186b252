"""Groups of nodes: nested families over the orders and over the bins, as arrays.

A group has room in segments, the best first: a unit that flows through it counts the bonus of the
segment that it fills. A quota is a group of bins with one segment without bonus; a community is a
group of orders whose last segment, without bonus, holds all that it wants (decision 0024).
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from matching.columns import Flags, Integers
from matching.sparse import connected, graph

NONE = -1


@dataclass(frozen=True, slots=True, eq=False)
class Groups:
    """Groups by number.

    `of_orders` and `of_bins` are the innermost group of each order and bin, `parents` the group
    around each group, -1 where there is none. Segments, by group and from the best on, have their
    group (`owners`), room and bonus a unit; bonuses of a group fall. `wanted` says which groups are
    of orders, `names` what each is of.
    """

    of_orders: Integers
    of_bins: Integers
    parents: Integers
    wanted: Flags
    owners: Integers
    rooms: Integers
    bonuses: Integers
    names: tuple[str, ...]

    def __len__(self) -> int:
        """Return how many groups there are."""
        return len(self.parents)

    def outwards(self, innermost: Integers) -> Iterator[Integers]:
        """Yield the innermost groups of nodes, the groups around those, and so on."""
        parents = np.append(self.parents, NONE)
        while (innermost >= 0).any():
            yield innermost
            innermost = parents[innermost]

    def totals(self, got: Integers, used: Integers) -> Integers:
        """Return what flows through each group, given each order's and each bin's flow."""
        totals = np.zeros(len(self), dtype=np.int64)
        for innermost, amounts in ((self.of_orders, got), (self.of_bins, used)):
            for groups in self.outwards(innermost):
                inside = groups >= 0
                np.add.at(totals, groups[inside], amounts[inside])
        return totals

    def around(self, innermost: Integers, values: Integers) -> Integers:
        """Return for each node the sum of the values of all groups around it."""
        sums = np.zeros(len(innermost), dtype=np.int64)
        for groups in self.outwards(innermost):
            inside = groups >= 0
            sums[inside] += values[groups[inside]]
        return sums

    @property
    def most(self) -> Integers:
        """The room of each group."""
        return self.summed(self.rooms)

    @property
    def first_bonuses(self) -> Integers:
        """The highest bonus of each group; 0 where it has none."""
        highest = np.zeros(len(self), dtype=np.int64)
        np.maximum.at(highest, self.owners, self.bonuses)
        return highest

    def summed(self, of_segments: Integers) -> Integers:
        """Return the sum of each group's segments."""
        sums = np.zeros(len(self), dtype=np.int64)
        np.add.at(sums, self.owners, of_segments)
        return sums

    def filled(self, totals: Integers) -> Integers:
        """Return what flows through each segment, the best of each group first."""
        before = np.cumsum(self.rooms) - self.rooms
        first = np.searchsorted(self.owners, self.owners)
        return np.clip(totals[self.owners] - (before - before[first]), 0, self.rooms)

    def bonus(self, totals: Integers) -> Integers:
        """Return what each group counts more, given what flows through it."""
        return self.summed(self.filled(totals) * self.bonuses)

    def left(self, totals: Integers) -> "Groups":
        """Return the groups with the room that these flows leave."""
        return replace(self, rooms=self.rooms - self.filled(totals))

    def joined(self, labels: Integers, innermost: Integers) -> Integers:
        """Return the labels of nodes' connected parts, where those that share a group become one.

        `innermost` is the innermost group of each labelled node.
        """
        parts = int(labels.max(initial=NONE)) + 1
        inside = np.flatnonzero(innermost >= 0)
        nested = np.flatnonzero(self.parents >= 0)
        tails = np.concatenate([labels[inside], parts + nested])
        heads = parts + np.concatenate([innermost[inside], self.parents[nested]])
        return connected(graph(tails, heads, parts + len(self)))[labels]


def flows(orders: Integers, bins: Integers, carried: Integers, groups: Groups) -> Integers:
    """Return what flows through each group, given what arcs from orders to bins carry."""
    got = np.zeros(len(groups.of_orders), dtype=np.int64)
    used = np.zeros(len(groups.of_bins), dtype=np.int64)
    np.add.at(got, orders, carried)
    np.add.at(used, bins, carried)
    return groups.totals(got, used)
