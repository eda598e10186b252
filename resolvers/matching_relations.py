"""How the receivers and suppliers of a run are linked, from what the graph holds."""

from collections.abc import Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from datetime import datetime
from zoneinfo import ZoneInfo

from domain.availability import DEFAULT_TIME_ZONE
from graph import matching
from graph.driver import Graph
from graph.matching import Sides
from matching.model import RelationKind, Relations, agent_pair
from matching.score import RELATION_VALUES

WEAKEST_FIRST = sorted(RelationKind, key=RELATION_VALUES.__getitem__)


async def relations_between(
    graph: Graph,
    receivers: AbstractSet[str],
    suppliers: AbstractSet[str],
    worked_together: Iterable[tuple[str, str]],
    now: datetime,
) -> Relations:
    """Return the strongest link of each receiver and supplier that have one.

    `worked_together` are pairs that completed a claim: not everybody may be told.
    """
    today = now.astimezone(ZoneInfo(DEFAULT_TIME_ZONE)).date()
    bound = {
        RelationKind.PAIRED: await matching.pairings(graph),
        RelationKind.AGREED: await matching.agreements(graph, today),
        RelationKind.ALLIED: await matching.alliances(graph),
    }
    linked: Mapping[RelationKind, Iterable[tuple[str, str]]] = {
        RelationKind.WORKED_TOGETHER: worked_together,
        **{
            kind: (pair for sides in found for pair in _pairs(sides, receivers, suppliers))
            for kind, found in bound.items()
        },
    }
    return {agent_pair(*pair): kind for kind in WEAKEST_FIRST for pair in linked[kind]}


def _pairs(
    sides: Sides, receivers: AbstractSet[str], suppliers: AbstractSet[str]
) -> Iterator[tuple[str, str]]:
    """Yield who of the receivers and the suppliers are on different sides.

    A unit and its own branch are one side, even where both are named.
    """
    everybody = frozenset[str]().union(*sides)
    for receiver in everybody & receivers:
        own = frozenset[str]().union(*(side for side in sides if receiver in side))
        for supplier in (everybody & suppliers) - own:
            yield receiver, supplier
