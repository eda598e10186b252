"""The kinds of sheets that the hub reads; a sheet is known by its headers."""

from seed.kinds.agents import BRANCHES, MEMBERS, UNITS
from seed.kinds.base import SheetKind
from seed.kinds.items import OFFERS, ORDERS
from seed.kinds.places import AREAS, DIVISIONS
from seed.kinds.street import AID_CLAIMS, CO_BUILDING, VENUES
from seed.kinds.ties import AGREEMENTS, ALLIANCES, CHAIR_TERMS, CHECK_INS, PAIRINGS

KINDS: tuple[SheetKind, ...] = (
    AREAS,
    DIVISIONS,
    UNITS,
    BRANCHES,
    MEMBERS,
    OFFERS,
    ORDERS,
    PAIRINGS,
    AGREEMENTS,
    ALLIANCES,
    CHAIR_TERMS,
    CHECK_INS,
    VENUES,
    CO_BUILDING,
    AID_CLAIMS,
)
