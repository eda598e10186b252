"""The groups of an instance: quotas over its bins, communities and subdistricts over its orders."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from domain.measures import MEASURES
from matching.columns import Integers
from matching.groups import NONE, Groups
from matching.model import Segment
from matching.pairs import Found
from matching.quotas import Key, QuotaRooms, rooms_left
from matching.score import MICRO
from matching.sparse import listed


@dataclass(frozen=True, slots=True)
class _Group:
    """A group before it has a number: its segments (room, bonus) and the group around it."""

    key: tuple[str, str, str]
    segments: tuple[tuple[int, int], ...]
    parent: tuple[str, str, str] | None


SUPPLY, COMMUNITY, SUBDISTRICT = "quota", "community", "subdistrict"


def groups_of(found: Found, bins: Integers, capacity: Integers) -> Groups | None:
    """Return the groups of the pairs' orders and of the bins; None where there are none.

    `bins` are the offers of bins. Quotas that no plan could exceed are left out.
    """
    policy = found.columns.policy
    made: list[_Group] = []
    of_orders: dict[int, tuple[str, str, str]] = {}
    of_offers: dict[int, tuple[str, str, str]] = {}
    if policy.quotas:
        _add_quotas(found, bins, capacity, made, of_offers)
    if policy.diminishing.community or policy.diminishing.subdistrict:
        _add_communities(found, made, of_orders)
    if not made:
        return None
    made.sort(key=lambda group: group.key)
    numbers = {group.key: number for number, group in enumerate(made)}
    innermost = np.full(len(found.columns.offers), NONE, dtype=np.int64)
    for offer, key in of_offers.items():
        innermost[offer] = numbers[key]
    wanting = np.full(len(found.columns.orders), NONE, dtype=np.int64)
    for order, key in of_orders.items():
        wanting[order] = numbers[key]
    segments = [
        (number, room, bonus) for number, group in enumerate(made) for room, bonus in group.segments
    ]
    owners, rooms, bonuses = np.array(segments, dtype=np.int64).T
    return Groups(
        wanting,
        innermost[bins],
        np.array([NONE if g.parent is None else numbers[g.parent] for g in made], dtype=np.int64),
        np.array([group.key[0] != SUPPLY for group in made], dtype=bool),
        owners,
        rooms,
        bonuses,
        tuple(" ".join(group.key) for group in made),
    )


def early_value(found: Found, got: Integers) -> int:
    """Return what the first shares of communities count more, given what each order gets."""
    nothing = np.zeros(0, dtype=np.int64)
    groups = groups_of(found, nothing, nothing)
    return 0 if groups is None else int(groups.bonus(groups.totals(got, nothing)).sum())


def _add_quotas(
    found: Found,
    bins: Integers,
    capacity: Integers,
    made: list[_Group],
    of_offers: dict[int, tuple[str, str, str]],
) -> None:
    columns = found.columns
    left = rooms_left(columns.situation, columns.policy)
    sizes = np.zeros(len(columns.offers), dtype=np.int64)
    np.add.at(sizes, bins, capacity)
    chains = {offer: left.keys(columns.offers[offer]) for offer in listed(np.unique(found.offers))}
    most: dict[Key, int] = defaultdict(int)
    for offer, keys in chains.items():
        for key in keys:
            most[key] += int(sizes[offer])
    binding = {key for key, size in most.items() if size > left.rooms[key]}
    seen: set[Key] = set()
    for offer, keys in chains.items():
        chain = [key for key in keys if key in binding]
        if chain:
            of_offers[offer] = (SUPPLY, *chain[0])
        made.extend(
            _quota(chain, place, left) for place in range(len(chain)) if chain[place] not in seen
        )
        seen.update(chain)


def _quota(chain: Sequence[Key], place: int, left: QuotaRooms) -> _Group:
    parent = (SUPPLY, *chain[place + 1]) if place + 1 < len(chain) else None
    room = max(0, left.rooms[chain[place]])
    return _Group((SUPPLY, *chain[place]), ((room, 0),), parent)


def _add_communities(
    found: Found, made: list[_Group], of_orders: dict[int, tuple[str, str, str]]
) -> None:
    columns, diminishing = found.columns, found.columns.policy.diminishing
    wanted: dict[tuple[str, str, str], int] = defaultdict(int)
    parents: dict[tuple[str, str, str], tuple[str, str, str]] = {}
    paired = np.flatnonzero(np.diff(found.starts) > 0)
    for number in listed(paired):
        order = columns.orders[number]
        inner = COMMUNITY, order.area_path, order.measure
        outer = SUBDISTRICT, around_area(order.area_path), order.measure
        keys = [
            key
            for key, segments in (
                (inner, diminishing.community),
                (outer, diminishing.subdistrict),
            )
            if segments
        ]
        of_orders[number] = keys[0]
        if len(keys) > 1:
            parents[inner] = outer
        for key in keys:
            wanted[key] += order.quantity
    for key, quantity in wanted.items():
        level, _, measure = key
        segments = diminishing.community if level == COMMUNITY else diminishing.subdistrict
        made.append(_Group(key, segments_of(segments, quantity, measure), parents.get(key)))


def around_area(path: str) -> str:
    """Return the path of the area around one; an area that has none is its own."""
    parts = path.strip("/").split("/")
    return "/".join(["", *parts[:-1], ""]) if len(parts) > 1 else path


def segments_of(
    segments: Sequence[Segment], quantity: int, measure: str
) -> tuple[tuple[int, int], ...]:
    """Return the room and the bonus of each segment of what is wanted, and of the rest."""
    made: list[tuple[int, int]] = []
    share = before = 0
    for segment in segments:
        share += segment.share
        until = quantity * share // 1000
        made.append((until - before, early_bonus(segment, measure)))
        before = until
    made.append((quantity - before, 0))
    return tuple((room, bonus) for room, bonus in made if room)


def early_bonus(segment: Segment, measure: str) -> int:
    """Return what a unit of a measure counts more in a segment."""
    return round(MICRO * segment.bonus / MEASURES[measure].scale)
