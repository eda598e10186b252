"""The kinds of sheets that the hub reads; a sheet is known by its headers."""

from seed.kinds.agents import BRANCHES, MEMBERS, PAIRINGS, UNITS
from seed.kinds.base import SheetKind
from seed.kinds.items import OFFERS, ORDERS
from seed.kinds.places import AREAS, DIVISIONS
from seed.kinds.street import AID_CLAIMS, CO_BUILDING, VENUES

KINDS: tuple[SheetKind, ...] = (
    AREAS,
    DIVISIONS,
    UNITS,
    BRANCHES,
    MEMBERS,
    OFFERS,
    ORDERS,
    PAIRINGS,
    VENUES,
    CO_BUILDING,
    AID_CLAIMS,
)
