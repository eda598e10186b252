"""The plain records that go into the matcher: orders, offers, the policy, what was before.

Quantities are integers in the measure's smallest unit. A record says nothing about where it came
from: the graph (`graph/matching.py`) fills it as well as a test does.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from types import MappingProxyType

from domain.availability import DEFAULT_TIME_ZONE, SlotTime, WeeklyWindow
from domain.vocabulary import CapacityKind, Urgency

Progress = Callable[[str, int, int], None]
"""Called with a stage's code, how much of it is done, and of how much."""


class RelationKind(StrEnum):
    """How a supplier and a receiver are linked before the run; of several the strongest counts.

    PAIRED with each other; AGREED: parties of an agreement that is valid; WORKED_TOGETHER: they
    have completed a claim; ALLIED: members or supporters of one alliance.
    """

    PAIRED = "PAIRED"
    AGREED = "AGREED"
    WORKED_TOGETHER = "WORKED_TOGETHER"
    ALLIED = "ALLIED"


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What is wanted. `quantity` is what no claim holds yet.

    `category` is the path of codes, `/venue/hall/`; `area_path` the path of area ids. No claim
    takes less than `minimum_lot`, and none leaves a rest that is neither zero nor at least that.
    A pair with a lower score than `least_score` would be refused by the receiver. It takes from at
    most `partner_limit` suppliers, those that it has by claims already (`partners`) among them. Of
    a slotted offer it takes one run of slots of at least `contiguous_minutes`, where stated, and
    nothing more of `pinned_offers`, of which it has its run (decision 0028).
    """

    id: str
    text: str
    category: str
    quantity: int
    measure: str
    receiver_id: str
    area_path: str
    minimum_lot: int = 1
    placed_at: str = ""
    starts_on: date | None = None
    deadline: date | None = None
    windows: tuple[WeeklyWindow, ...] = ()
    time_zone: str = DEFAULT_TIME_ZONE
    urgency: Urgency = Urgency.NORMAL
    coordinates: tuple[float, float] | None = None
    skills: frozenset[str] = frozenset()
    rejected_offers: frozenset[str] = frozenset()
    rejected_suppliers: frozenset[str] = frozenset()
    least_score: float = 0.0
    partner_limit: int | None = None
    partners: frozenset[str] = frozenset()
    contiguous_minutes: int | None = None
    pinned_offers: frozenset[str] = frozenset()

    @property
    def lot(self) -> int:
        """The least that one claim takes now: the minimum lot, or all where less is left."""
        return max(1, min(self.minimum_lot, self.quantity))

    @property
    def indivisible(self) -> bool:
        """Whether one claim has to take all that is left."""
        return self.lot >= self.quantity


@dataclass(frozen=True, slots=True, kw_only=True)
class FreeSlot:
    """A slot to come and what is left in it (EXCLUSIVE: the size, as nobody is in it)."""

    time: SlotTime
    capacity: int

    @property
    def key(self) -> str:
        """The name of the slot within its offer."""
        return self.time.key


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """What is there. `capacity` is what is left of a TOTAL offer, the size of a slot otherwise.

    A capacity that the source does not state is None: such an offer is never matched by itself.
    `slots` are those to come, within the policy's horizon, that still have room. `serves` are the
    paths of the areas whose agents may use it; empty: everybody. A pair with a lower score than
    `least_score` would be refused by the supplier. It serves at most `partner_limit` receivers,
    those that it has by claims already (`partners`) among them.
    """

    id: str
    text: str
    category: str
    capacity_kind: CapacityKind
    capacity: int | None
    measure: str
    supplier_id: str
    area_path: str
    placed_at: str = ""
    slots: tuple[FreeSlot, ...] = ()
    starts_on: date | None = None
    ends_on: date | None = None
    windows: tuple[WeeklyWindow, ...] = ()
    time_zone: str = DEFAULT_TIME_ZONE
    serves: tuple[str, ...] = ()
    coordinates: tuple[float, float] | None = None
    skills: frozenset[str] = frozenset()
    least_score: float = 0.0
    partner_limit: int | None = None
    partners: frozenset[str] = frozenset()


class PartName(StrEnum):
    """The named parts of a score."""

    CATEGORY = "CATEGORY"
    TEXT = "TEXT"
    NEARNESS = "NEARNESS"
    WINDOWS = "WINDOWS"
    SKILLS = "SKILLS"
    RELATION = "RELATION"


DEFAULT_WEIGHTS: Mapping[PartName, float] = MappingProxyType(
    {
        PartName.CATEGORY: 0.30,
        PartName.TEXT: 0.20,
        PartName.NEARNESS: 0.15,
        PartName.WINDOWS: 0.15,
        PartName.SKILLS: 0.10,
        PartName.RELATION: 0.10,
    }
)
DEFAULT_URGENCIES: Mapping[Urgency, float] = MappingProxyType(
    {Urgency.LOW: 1.0, Urgency.NORMAL: 1.5, Urgency.HIGH: 2.0, Urgency.CRITICAL: 3.0}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Quota:
    """The most, in the measure's smallest unit, that a run takes of all offers of an agent.

    And of the agents that it is around (`Situation.above`). Counted in the measure of the offers;
    offers in other measures are not bound. `agent_type` is the agent's type in the graph, if any.
    """

    agent_id: str
    measure: str
    most: int
    agent_type: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """A share of what is wanted, in thousandths, and what a unit in it counts more.

    `bonus` is a share of a perfect unit's worth, as `Policy.keep` is.
    """

    share: int
    bonus: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Diminishing:
    """What the first shares of a community (of a subdistrict) count more; the rest counts as is.

    A community is the area of an order, its subdistrict the area around that; what they want is
    counted in each measure apart. Bonuses fall from segment to segment, shares add up to at most
    1000.
    """

    community: tuple[Segment, ...] = ()
    subdistrict: tuple[Segment, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """What a run goes by.

    `weights` of the parts add up to 1; `urgencies` multiply the worth of an order's unit; slots
    are taken up to `horizon_days` ahead; a place further than `max_km` is out of reach where the
    offer names no service area; a slot has to share `overlap_minutes` with a wanted window (or
    all of the shorter one). `effort` is CP-SAT's deterministic time per component.
    `keep` is the bonus of a unit where the last plan has it, as a share of a perfect unit's worth.
    `floor_cost` is the most, as a share of the plan's value, that a floor between communities may
    cost; 0: none is sought. `longest_cycle` is of how many agents a package may be, 2 to 4; below
    2 none is sought. `quotas` bound what is taken of agents' offers; by `diminishing` what comes
    first in a community counts more than what comes next. No pair has a lower score than
    `least_score`, whatever its two sides ask.
    """

    name: str = "best"
    weights: Mapping[PartName, float] = field(default_factory=lambda: DEFAULT_WEIGHTS)
    urgencies: Mapping[Urgency, float] = field(default_factory=lambda: DEFAULT_URGENCIES)
    horizon_days: int = 56
    max_km: float = 20.0
    overlap_minutes: int = 30
    allow_substitutes: bool = True
    effort: float = 2.0
    keep: float = 0.1
    floor_cost: float = 0.0
    longest_cycle: int = 0
    quotas: tuple[Quota, ...] = ()
    diminishing: Diminishing = field(default_factory=Diminishing)
    least_score: float = 0.0


def agent_pair(first: str, second: str) -> tuple[str, str]:
    """Return the key of two agents in a table of relations."""
    return (first, second) if first <= second else (second, first)


Relations = Mapping[tuple[str, str], RelationKind]
"""How agents are linked, by `agent_pair`."""


@dataclass(frozen=True, slots=True)
class Booking:
    """How much of an offer an order has, in which slots (none of a TOTAL offer).

    In the order's measure; the slots' quantities add up to it.
    """

    order_id: str
    offer_id: str
    quantity: int
    slots: tuple[tuple[str, int], ...] = ()

    @property
    def pair(self) -> tuple[str, str]:
        """The order's id and the offer's."""
        return self.order_id, self.offer_id


@dataclass(frozen=True, slots=True)
class Seen:
    """What a run saw of an order or an offer: how much, and a fingerprint of all the rest."""

    quantity: int
    fingerprint: str


WHOLE = ""
"""The key of an offer's only room, where it has no slots."""

OfferPrices = Mapping[str, Mapping[str, int]]
"""What a unit of an offer is worth where it is needed most, by offer and slot; 0 is left out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Earlier:
    """The last plan, as far as it still stands, and what its run saw."""

    bookings: tuple[Booking, ...] = ()
    prices: OfferPrices = field(default_factory=lambda: MappingProxyType({}))
    orders: Mapping[str, Seen] = field(default_factory=lambda: MappingProxyType({}))
    offers: Mapping[str, Seen] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """Everything a run knows: orders, offers, links between agents, substitutes, the instant.

    `substitutes` are pairs of category paths: an order in the first, or below it, may be met by
    an offer in the second, or below it. `pins` are to be in the plan whatever it costs; `held`
    are those that hold, their quantities taken off already (`matching/pins.py`). `above` is the
    agent around another, whose quotas bind it too: the branch of a unit, the branch above a branch.
    """

    orders: tuple[Order, ...]
    offers: tuple[Offer, ...]
    now: datetime
    relations: Relations = field(default_factory=lambda: MappingProxyType({}))
    substitutes: frozenset[tuple[str, str]] = frozenset()
    earlier: Earlier | None = None
    pins: tuple[Booking, ...] = ()
    held: tuple[Booking, ...] = ()
    above: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
