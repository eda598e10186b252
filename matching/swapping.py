"""Better partners for those who have a limit: one is exchanged for another, and the flow asked.

A large component begins with the partners with whom the flow deals most (`matching/rounding.py`).
Here the prices say whom another partner would gain most, less what the least of the present ones
brings; the flow is solved with it, and the exchange stays where the plan is worth more. The work is
bounded by pairs that are looked at, not by time: it is the same on any machine.
"""

from dataclasses import dataclass, replace

import numpy as np

from matching.columns import Flags, Integers
from matching.network import Network
from matching.pairs import Found
from matching.partners import Side
from matching.pricing import Solution, cheapest, solve_priced
from matching.sparse import listed

NOBODY = -1


def part_of(network: Network, pairs: Integers) -> Network:
    """Return the instance of some pairs, which are in their order and are numbered anew."""
    found = network.found
    counts = np.bincount(found.orders[pairs], minlength=len(found.starts) - 1)
    starts = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
    part = Found(found.columns, found.blocks, starts, found.offers[pairs], found.worths[pairs])
    return replace(network, found=part, worths=network.worths[pairs])


@dataclass(eq=False)
class _Partnership:
    """The limits of one side over the pairs: of each pair its key and owner, if it counts."""

    side: Side
    size: int

    def __post_init__(self) -> None:
        self.keys = np.full(self.size, NOBODY, dtype=np.int64)
        self.keys[self.side.places] = self.side.keys

    def counts(self, kept: Flags) -> tuple[Integers, Integers]:
        """Return the keys that are kept, and how many of them each owner has."""
        keys = np.unique(self.keys[kept & (self.keys >= 0)])
        return keys, np.bincount(keys // self.side.agents, minlength=len(self.side.joining))

    def may(self, kept: Flags, pairs: Integers) -> Integers:
        """Return those of the pairs, of one new partner, that this side's limits allow."""
        keys, counts = self.counts(kept)
        mine = self.keys[pairs]
        owners = np.maximum(mine, 0) // self.side.agents
        room = counts[owners] < self.side.joining[owners]
        return pairs[(mine < 0) | np.isin(mine, keys) | room]


class Swaps:
    """Exchanges of partners in one component, its pairs a network of their own."""

    def __init__(
        self, network: Network, kept: Flags, sides: tuple[Side, Side], flow: Solution
    ) -> None:
        """Begin with the pairs of the partners kept, and the best plan of these."""
        self._network, self.kept, self.flow = network, kept, flow
        self._sides = [_Partnership(side, len(network.found)) for side in sides]
        found = network.found
        rooms = np.zeros(len(found.columns.offers), dtype=np.int64)
        np.add.at(rooms, network.bins, network.capacity)
        self._most = network.quantity[found.orders], rooms[found.offers]
        self._tried: set[tuple[int, int]] = set()

    def improve(self, most_pairs: int) -> int:
        """Exchange partners as long as some look better; return how many pairs were looked at."""
        looked = 0
        while looked < most_pairs and (move := self._best()) is not None:
            self._tried.add(move)
            kept = self._exchanged(*move)
            if kept is None:
                continue
            looked += len(kept)
            used = np.unique(self.flow.arcs.pairs[self.flow.carried > 0])
            flow = solve_priced(self._network, kept, self.flow.prices, used[kept[used]])
            if flow.value > self.flow.value:
                self.kept, self.flow = kept, flow
        return looked

    def _gains(self) -> tuple[Integers, Integers]:
        """Return what a unit gains its order, and its offer, by each pair, at present prices."""
        network, prices = self._network, self.flow.prices
        worths, found = network.worths, network.found
        lowest = cheapest(network, prices.bins)[found.offers]
        return worths - lowest, worths - prices.orders[found.orders]

    def _best(self) -> tuple[int, int] | None:
        """Return the exchange that promises most: of which side, and the key of who comes."""
        carried = np.zeros(len(self.kept), dtype=np.int64)
        np.add.at(carried, self.flow.arcs.pairs, self.flow.carried)
        best: tuple[int, int, int] | None = None
        for number, (side, gains) in enumerate(zip(self._sides, self._gains(), strict=True)):
            promises = self._promises(side, gains, carried, number)
            tried = np.array([key for of, key in self._tried if of == number], dtype=np.int64)
            left = ~np.isin(promises[0], tried)
            keys, values = promises[0][left], promises[1][left]
            if len(keys) and int(values.max()) > (best[0] if best else 0):
                place = int(values.argmax())
                best = int(values[place]), number, int(keys[place])
        return None if best is None else best[1:]

    def _promises(
        self, side: _Partnership, gains: Integers, carried: Integers, number: int
    ) -> tuple[Integers, Integers]:
        """Return the keys that are not kept, and what each could bring its owner more."""
        mine, other = self._most[number], self._most[1 - number]
        new = np.flatnonzero((side.keys >= 0) & ~self.kept & (gains > 0))
        owners = side.keys // side.side.agents
        got = np.zeros(len(side.side.joining), dtype=np.int64)
        here = np.flatnonzero((side.keys >= 0) & (carried > 0))
        np.add.at(got, owners[here], carried[here])
        least, freed = self._least(side, gains, carried)
        room = np.minimum(other[new], mine[new] - got[owners[new]] + freed[owners[new]])
        promise = gains[new] * np.maximum(room, 0) - least[owners[new]]
        keys, inverse = np.unique(side.keys[new], return_inverse=True)
        values = np.zeros(len(keys), dtype=np.int64)
        np.maximum.at(values, inverse, promise)
        return keys, values

    def _least(
        self, side: _Partnership, gains: Integers, carried: Integers
    ) -> tuple[Integers, Integers]:
        """Return what the least of each full owner's partners brings, and how much it gives."""
        owners = len(side.side.joining)
        least, freed = np.zeros(owners, dtype=np.int64), np.zeros(owners, dtype=np.int64)
        keys, brings, gives = self._brought(side, gains, carried)
        _, counts = side.counts(self.kept)
        whose = keys // side.side.agents
        full = counts[whose] >= side.side.joining[whose]
        for place in listed(np.lexsort((keys, brings, whose))[::-1]):
            if full[place]:
                least[whose[place]], freed[whose[place]] = brings[place], gives[place]
        return least, freed

    def _brought(
        self, side: _Partnership, gains: Integers, carried: Integers
    ) -> tuple[Integers, Integers, Integers]:
        """Return the keys that are kept, what each brings its owner, and how much it gives."""
        pairs = np.flatnonzero(self.kept & (side.keys >= 0))
        keys, inverse = np.unique(side.keys[pairs], return_inverse=True)
        brings, gives = np.zeros(len(keys), dtype=np.int64), np.zeros(len(keys), dtype=np.int64)
        np.add.at(brings, inverse, gains[pairs] * carried[pairs])
        np.add.at(gives, inverse, carried[pairs])
        return keys, brings, gives

    def _exchanged(self, number: int, key: int) -> Flags | None:
        """Return the pairs that are kept with another partner; None where limits forbid it."""
        side, other = self._sides[number], self._sides[1 - number]
        owner = key // side.side.agents
        kept = self.kept.copy()
        _, counts = side.counts(kept)
        if counts[owner] >= side.side.joining[owner]:
            carried = np.zeros(len(kept), dtype=np.int64)
            np.add.at(carried, self.flow.arcs.pairs, self.flow.carried)
            keys, brings, _ = self._brought(side, self._gains()[number], carried)
            mine = np.flatnonzero(keys // side.side.agents == owner)
            if not len(mine):
                return None
            kept[side.keys == keys[mine[np.argmin(brings[mine])]]] = False
        joining = other.may(kept, np.flatnonzero(side.keys == key))
        kept[joining] = True
        return kept if len(joining) else None
