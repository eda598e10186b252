"""`Pairing.linkage`: derived from the alliances that the two sides are members or supporters of.

A branch stands for the unit or the area that it is of, and the other way round: lists name now the
one and now the other.
"""

from collections.abc import Sequence
from typing import Any

from domain.linkage import linkage
from graph.reads.computed import Asked, Computed, Place

IN_ALLIANCE = "ALLIANCE_MEMBER|ALLIANCE_SUPPORTER"
SAME_BODY = "OF_UNIT|OF_AREA*0..1"
"""From an agent to itself and to what stands for it."""


def _facts(at: Place) -> Sequence[str]:
    alliances = (
        f"COLLECT {{ MATCH (f1)-[:{SAME_BODY}]-()<-[:{IN_ALLIANCE}]-(f2:Alliance) RETURN f2.id }}"
    )
    return (f"COLLECT {{ MATCH ({at.node})-[:PAIRS]->(f1:Agent) RETURN {alliances} }}",)


def _compute(values: Sequence[Any], _: Asked) -> str | None:
    found = linkage(values[0])
    return None if found is None else found.value


LINKAGE = Computed(name="linkage", compute=_compute, facts=_facts)
