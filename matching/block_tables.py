"""What the blocks of a situation look up: relations, rejections, served areas, ancestors, texts."""

import numpy as np
from numpy.typing import NDArray

from matching.columns import Columns, Flags, Integers, Numbers
from matching.model import agent_pair
from matching.score import RELATION_VALUES, micro
from matching.sparse import Matrix, matrix


class Lookup:
    """Values of a few pairs of numbers, 0 for all others."""

    def __init__(self, pairs: dict[tuple[int, int], int], rows: int, columns: int) -> None:
        """Keep the values of `pairs` in a table of that many rows and columns."""
        self._width = max(1, columns)
        keys = np.array([one * self._width + other for one, other in pairs], dtype=np.int64)
        order = np.argsort(keys)
        self._keys = keys[order]
        self._values = np.array(list(pairs.values()), dtype=np.int64)[order]
        self._has_row, self._has_column = np.zeros(rows, dtype=bool), np.zeros(columns, dtype=bool)
        for one, other in pairs:
            self._has_row[one] = self._has_column[other] = True

    def values(self, one: NDArray[np.integer], other: NDArray[np.integer]) -> Integers:
        """Return the value of each pair."""
        found = np.zeros(len(one), dtype=np.int64)
        if not len(self._keys):
            return found
        asked = np.flatnonzero(self._has_row[one] & self._has_column[other])
        keys = one[asked].astype(np.int64) * self._width + other[asked]
        places = np.minimum(np.searchsorted(self._keys, keys), len(self._keys) - 1)
        found[asked] = np.where(self._keys[places] == keys, self._values[places], 0)
        return found

    def flags(self, one: NDArray[np.integer], other: NDArray[np.integer]) -> Flags:
        """Return which pairs of these rows and columns have a value."""
        found = np.zeros((len(one), len(other)), dtype=bool)
        rows, columns = np.flatnonzero(self._has_row[one]), np.flatnonzero(self._has_column[other])
        if len(rows) and len(columns):
            first, second = np.repeat(rows, len(columns)), np.tile(columns, len(rows))
            found[first, second] = self.values(one[first], other[second]) > 0
        return found


def relations_of(columns: Columns) -> Lookup:
    """Return what relations between agents are worth, in millionths, by their numbers."""
    agents = {agent: number for number, agent in enumerate(columns.tables.agents)}
    pairs: dict[tuple[int, int], int] = {}
    for (first, second), kind in columns.situation.relations.items():
        if first in agents and second in agents and agent_pair(first, second) == (first, second):
            value = micro(RELATION_VALUES[kind])
            pairs[agents[first], agents[second]] = pairs[agents[second], agents[first]] = value
    return Lookup(pairs, len(agents), len(agents))


def rejections_of(columns: Columns) -> Lookup:
    """Return which offers were rejected for which orders, themselves or with their supplier."""
    offers = {offer.id: number for number, offer in enumerate(columns.offers)}
    refusing = {supplier for order in columns.orders for supplier in order.rejected_suppliers}
    of_supplier: dict[str, list[int]] = {}
    for number, offer in enumerate(columns.offers):
        if offer.supplier_id in refusing:
            of_supplier.setdefault(offer.supplier_id, []).append(number)
    pairs: dict[tuple[int, int], int] = {}
    for column, order in enumerate(columns.orders):
        named = [offers[offer] for offer in order.rejected_offers if offer in offers]
        theirs = [
            number
            for supplier in order.rejected_suppliers
            for number in of_supplier.get(supplier, ())
        ]
        pairs.update(((number, column), 1) for number in (*named, *theirs))
    return Lookup(pairs, len(columns.offers), len(columns.orders))


def partners_of(columns: Columns) -> tuple[Lookup, Lookup]:
    """Return the partners that orders, and that offers, with a limit have already.

    By the agents' numbers and those of the orders or offers.
    """
    agents = {agent: number for number, agent in enumerate(columns.tables.agents)}
    found: list[Lookup] = []
    for items in (columns.orders, columns.offers):
        pairs = {
            (agents[agent], number): 1
            for number, item in enumerate(items)
            if item.partner_limit is not None
            for agent in item.partners
            if agent in agents
        }
        found.append(Lookup(pairs, len(agents), len(items)))
    return found[0], found[1]


def served_ranges(columns: Columns) -> tuple[Numbers, Numbers]:
    """Return for each list of served areas the ranges of areas, by path, that lie below them."""
    areas = columns.tables.areas
    numbers = np.array(areas)
    lists = [sorted(served) for served in columns.tables.served]
    width = max((len(served) for served in lists), default=0) or 1
    low, high = (np.zeros((len(lists), width), dtype=np.int32) for _ in range(2))
    for row, served in enumerate(lists):
        for column, path in enumerate(served):
            low[row, column] = np.searchsorted(numbers, path)
            high[row, column] = np.searchsorted(numbers, path + "\U0010ffff")
    return low, high


def ancestors_of(areas: list[str]) -> tuple[Numbers, Integers]:
    """Return for each area its ancestor's number at each level (-1 below it), and its depth."""
    numbers: dict[tuple[str, ...], int] = {}
    paths = [tuple(area.strip("/").split("/")) for area in areas]
    levels = max((len(path) for path in paths), default=0)
    found = np.full((len(paths), levels), -1, dtype=np.int32)
    for row, path in enumerate(paths):
        for level in range(len(path)):
            found[row, level] = numbers.setdefault(path[: level + 1], len(numbers))
    return found, np.array([len(path) for path in paths], dtype=np.int64)


def text_matrix(columns: Columns) -> Matrix:
    """Return the vectors of all texts, a row each."""
    texts = columns.texts
    shape = len(texts.starts) - 1, max(1, len(texts.codes))
    return matrix((texts.weights.astype(np.float32), texts.columns, texts.starts), shape)
