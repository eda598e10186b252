"""The shortest ways in which two nodes are linked, searched from both ends at once."""

import asyncio
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field

from domain.access import Viewer
from domain.clock import Clock
from domain.errors import BadInput
from graph.driver import Graph
from graph.paths import Step, Stop, links_of, may_see

LONGEST = 6
MOST_PATHS = 10
MOST_LINKS = 5_000
"""Links of one label in one direction that a level of the search looks at."""


@dataclass(frozen=True, slots=True)
class Way:
    """Nodes and the links between each two of them, from one end to the other."""

    stops: tuple[Stop, ...]
    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class Ways:
    """The shortest ways, at most `MOST_PATHS`, in an order of their own.

    `complete` is false where a node has more links than the search looks at: then there may be
    others, or shorter ones.
    """

    ways: tuple[Way, ...]
    complete: bool


@dataclass
class _Side:
    """What was reached from one end: the links by which, level by level."""

    frontier: set[Stop]
    reached: dict[Stop, int] = field(default_factory=dict[Stop, int])
    by: dict[Stop, list[tuple[Stop, Step]]] = field(
        default_factory=lambda: defaultdict[Stop, list[tuple[Stop, Step]]](list)
    )
    depth: int = 0


async def shortest_ways(
    graph: Graph, viewer: Viewer, clock: Clock, start: Stop, end: Stop, longest: int
) -> Ways | None:
    """Return the shortest ways between two nodes, over nodes that the caller may see.

    None where one of the two is not there for the caller. Each level is a statement for each label
    that it begins at. Raises BadInput for a length that is not possible.
    """
    if not 1 <= longest <= LONGEST:
        raise BadInput(field="maxLength", value=longest, expected=f"1..{LONGEST}")
    seen = await asyncio.gather(*(may_see(graph, viewer, clock, stop) for stop in (start, end)))
    if not all(seen):
        return None
    if start == end:
        return Ways((), complete=True)
    sides = [_Side({stop}, {stop: 0}) for stop in (start, end)]
    complete = True
    while sum(side.depth for side in sides) < longest and all(side.frontier for side in sides):
        # From the end with fewer nodes: ways that meet in a hub never look at all its links.
        smaller = min(sides, key=lambda side: len(side.frontier))
        complete &= await _widen(graph, viewer, clock, smaller)
        meeting = sides[0].reached.keys() & sides[1].reached.keys()
        if meeting:
            return Ways(_joined(sides, meeting), complete)
    return Ways((), complete)


async def _widen(graph: Graph, viewer: Viewer, clock: Clock, side: _Side) -> bool:
    """Take one more level; return whether all its links were looked at."""
    by_kind: dict[str, list[str]] = defaultdict(list)
    for stop in sorted(side.frontier):
        by_kind[stop.kind].append(stop.id)
    found = await asyncio.gather(
        *(
            links_of(graph, viewer, clock, kind, ids, MOST_LINKS)
            for kind, ids in sorted(by_kind.items())
        )
    )
    side.depth += 1
    following: set[Stop] = set()
    for step in (step for steps in found for step in steps):
        for near, far in ((step.start, step.end), (step.end, step.start)):
            if near in side.frontier and side.reached.get(far, side.depth) == side.depth:
                side.reached[far] = side.depth
                side.by[far].append((near, step))
                following.add(far)
    side.frontier = following
    return all(len(steps) < MOST_LINKS for steps in found)


def _joined(sides: list[_Side], meeting: set[Stop]) -> tuple[Way, ...]:
    first, second = sides
    length = min(first.reached[stop] + second.reached[stop] for stop in meeting)
    found: list[Way] = []
    for middle in sorted(meeting):
        if first.reached[middle] + second.reached[middle] > length:
            continue
        for there in _back(first, middle):
            for onward in _back(second, middle):
                stops = (*(stop for stop, _ in reversed(there)), middle, *(s for s, _ in onward))
                steps = (*(step for _, step in reversed(there)), *(step for _, step in onward))
                found.append(Way(stops, steps))
                if len(found) == MOST_PATHS:
                    return tuple(found)
    return tuple(found)


def _back(side: _Side, stop: Stop) -> Iterator[list[tuple[Stop, Step]]]:
    """Yield the ways from a node back to where the side began, the nearest node first."""
    if side.reached[stop] == 0:
        yield []
        return
    for nearer, step in sorted(set(side.by[stop])):
        if side.reached[nearer] == side.reached[stop] - 1:
            for rest in _back(side, nearer):
                yield [(nearer, step), *rest]
