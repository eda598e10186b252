"""How the two sides of a pairing are linked: within one alliance, across alliances, or outside."""

from collections.abc import Collection, Sequence

from domain.vocabulary import Linkage

SIDES = 2


def linkage(sides: Sequence[Collection[str]]) -> Linkage | None:
    """Return the linkage of a pairing by the alliances of each of its sides.

    None where there are not two sides. A side in no alliance makes it OUTSIDE.
    """
    if len(sides) != SIDES:
        return None
    one, other = (set(alliances) for alliances in sides)
    if one & other:
        return Linkage.WITHIN_ALLIANCE
    return Linkage.ACROSS_ALLIANCES if one and other else Linkage.OUTSIDE
