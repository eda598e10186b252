"""The records of the graph, each declared once: the Strawberry types inherit them.

A record holds a node's own properties; what it is linked with is in the graph (the relationship
types are in `docs/decisions/0003-graph-model.md`). Field names here are snake_case, the
properties of the graph and the fields of GraphQL are the same names in camelCase. Quantities are
integers in the measure's smallest unit (`domain.measures`); instants are aware datetimes.
"""

from dataclasses import dataclass
from datetime import date, datetime

from domain.availability import DEFAULT_TIME_ZONE, WeeklyWindow
from domain.vocabulary import (
    AllianceKind,
    AreaLevel,
    BranchKind,
    CapacityKind,
    CheckInRole,
    ClaimState,
    Initiator,
    ItemState,
    ListState,
    MemberKind,
    OrderOrigin,
    Selection,
    Side,
    UnitKind,
    Urgency,
)


@dataclass(kw_only=True)
class Node:
    """What every node has: our own identifier and the instant at which it came to be.

    The graph also stores `sortKey` (`createdAt|id`) on it, the key of keyset pages.
    """

    id: str
    created_at: datetime


@dataclass(kw_only=True)
class Contact:
    """How to reach an agent. Personal: masked by `domain.access`, only named in events."""

    contact_name: str | None = None
    phone: str | None = None
    email: str | None = None


@dataclass(kw_only=True)
class Versioned:
    """What people edit: `version` is raised by each change, so that an editor notices another's."""

    version: int = 0


@dataclass(kw_only=True)
class Retirable(Versioned):
    """What can go out of use: from `retired_at` on nothing new refers to it; its history stays."""

    retired_at: datetime | None = None


@dataclass(kw_only=True)
class Area(Node, Contact, Retirable):
    """A node of the administrative tree; of level COMMUNITY also an agent.

    `code` is the GB/T 2260 county code, the 9-digit subdistrict or the 12-digit community code;
    `former_codes` are earlier ones. `path` is `/id/id/` of the identifiers from the root down to
    this area: whatever lies below has it as a prefix.
    """

    name: str
    level: AreaLevel
    path: str
    code: str | None = None
    former_codes: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    valid_from: date | None = None
    valid_until: date | None = None
    latitude: float | None = None
    longitude: float | None = None
    time_zone: str = DEFAULT_TIME_ZONE


@dataclass(kw_only=True)
class Unit(Node, Contact, Retirable):
    """An organisation. `credit_code` is the unified social credit code (GB 32100)."""

    name: str
    kind: UnitKind
    credit_code: str | None = None
    aliases: tuple[str, ...] = ()
    address: str | None = None
    latitude: float | None = None
    longitude: float | None = None


@dataclass(kw_only=True)
class PartyBranch(Node, Contact, Retirable):
    """A Party organisation of a unit or an area."""

    name: str
    kind: BranchKind
    aliases: tuple[str, ...] = ()


@dataclass(kw_only=True)
class Member(Node, Contact, Retirable):
    """A person who takes part. Everything but kind and skills is personal.

    `erased_at` is when the personal data was erased on request: what is left stands for nobody.
    """

    name: str
    kind: MemberKind
    skills: tuple[str, ...] = ()
    erased_at: datetime | None = None


@dataclass(kw_only=True)
class Category(Node, Retirable):
    """A node of the taxonomy of what is offered and needed; `code` is stable, `name` Chinese."""

    code: str
    name: str
    name_en: str
    path: str
    aliases: tuple[str, ...] = ()


@dataclass(kw_only=True)
class ResourceList(Node, Versioned):
    """An issuer's list of resources for a period."""

    title: str
    state: ListState
    starts_on: date | None = None
    ends_on: date | None = None


@dataclass(kw_only=True)
class NeedList(Node, Versioned):
    """An issuer's list of needs for a period."""

    title: str
    state: ListState
    starts_on: date | None = None
    ends_on: date | None = None


@dataclass(kw_only=True)
class ResourceOffer(Node, Versioned):
    """An item of a resource list (ValueFlows: an Intent with a provider).

    `capacity` is in all for TOTAL, per slot for SHARED, the largest party for EXCLUSIVE; None
    where the source does not state it. `held` and `completed` are sums over the live claims,
    `held` of all slots together for slotted kinds. `review_note` is why a review rejected it. The
    matcher proposes nothing with a lower score than `least_score`. It serves at most
    `partner_limit` receivers.
    """

    title: str
    description: str | None = None
    capacity_kind: CapacityKind
    capacity: int | None = None
    measure: str
    starts_on: date | None = None
    ends_on: date | None = None
    windows: tuple[WeeklyWindow, ...] = ()
    slot_minutes: int | None = None
    time_zone: str = DEFAULT_TIME_ZONE
    address: str | None = None
    latitude: float | None = None
    longitude: float | None = None
    conditions: str | None = None
    beneficiaries: str | None = None
    skills: tuple[str, ...] = ()
    selection: Selection = Selection.FIRST
    least_score: float | None = None
    partner_limit: int | None = None
    state: ItemState = ItemState.OPEN
    held: int = 0
    completed: int = 0
    review_note: str | None = None


@dataclass(kw_only=True)
class Slot(Node):
    """A slot of a slotted offer, in the graph from its first claim on; of `held`, `completed`."""

    starts_at: datetime
    ends_at: datetime
    time_zone: str = DEFAULT_TIME_ZONE
    held: int = 0
    completed: int = 0
    version: int = 0


@dataclass(kw_only=True)
class DemandOrder(Node, Versioned):
    """An item of a need list, or placed by a resident (ValueFlows: an Intent with a receiver).

    No claim takes less than `minimum_lot`, and none leaves a rest that is neither zero nor at
    least that; an order whose lot equals its quantity is indivisible. `review_note` is why a
    review rejected it. The matcher proposes nothing with a lower score than `least_score`, and of
    slots only a run without a gap of at least `contiguous_minutes`. It takes from at most
    `partner_limit` suppliers.
    """

    title: str
    description: str | None = None
    quantity: int
    measure: str
    minimum_lot: int = 1
    starts_on: date | None = None
    deadline: date | None = None
    windows: tuple[WeeklyWindow, ...] = ()
    time_zone: str = DEFAULT_TIME_ZONE
    latitude: float | None = None
    longitude: float | None = None
    urgency: Urgency = Urgency.NORMAL
    beneficiaries: str | None = None
    skills: tuple[str, ...] = ()
    origin: OrderOrigin = OrderOrigin.LIST
    selection: Selection = Selection.FIRST
    least_score: float | None = None
    partner_limit: int | None = None
    contiguous_minutes: int | None = None
    state: ItemState = ItemState.OPEN
    held: int = 0
    completed: int = 0
    review_note: str | None = None

    @property
    def indivisible(self) -> bool:
        """Whether one claim has to take the whole order."""
        return self.minimum_lot >= self.quantity


@dataclass(kw_only=True)
class Claim(Node):
    """The two-way claim (ValueFlows: a Commitment): a quantity a supplier gives a receiver.

    `quantity` and `measure` are those of the order, or of the offer where there is no order;
    `offer_quantity` is what the lines take from the offer, in the offer's measure. `in_package`: it
    is confirmed with the other claims of its package, or not at all.
    """

    initiator: Initiator
    state: ClaimState
    quantity: int
    measure: str
    offer_quantity: int | None = None
    note: str | None = None
    supplier_accepted_at: datetime | None = None
    receiver_accepted_at: datetime | None = None
    expires_at: datetime
    confirmed_at: datetime | None = None
    delivered_at: datetime | None = None
    delivered_quantity: int | None = None
    evidence: str | None = None
    completed_at: datetime | None = None
    closed_at: datetime | None = None
    reason: str | None = None
    pending_request: str | None = None
    in_package: bool | None = None
    version: int = 0


@dataclass(kw_only=True)
class ClaimLine(Node):
    """A line of a claim: a quantity, in a slot or in none.

    `quantity` is in the claim's measure, `offer_quantity` in the offer's. The delivered ones are
    set when the claim is completed; from then on they are what the line holds.
    """

    quantity: int
    offer_quantity: int | None = None
    delivered_quantity: int | None = None
    delivered_offer_quantity: int | None = None


@dataclass(kw_only=True)
class EvidenceFile(Node):
    """A file that shows a delivery; `size` in bytes. Its content is kept outside of the graph."""

    sha256: str
    media_type: str
    size: int


@dataclass(kw_only=True)
class Evaluation(Node):
    """What one side says of a completed claim: 1 to 5 of the service, never of a resident."""

    by: Side
    score: int
    text: str | None = None


@dataclass(kw_only=True)
class Pairing(Node, Retirable):
    """Two units, branches or communities that are paired."""

    since: date | None = None
    source: str | None = None


@dataclass(kw_only=True)
class Agreement(Node, Retirable):
    """A co-building agreement between two or more parties; it covers claims.

    `number` is the one that the parties gave it, `terms` what they agreed in their own words.
    """

    title: str
    number: str | None = None
    signed_on: date | None = None
    valid_until: date | None = None
    terms: str | None = None


@dataclass(kw_only=True)
class Alliance(Node, Retirable):
    """A Party-building alliance of units and branches, members and supporters of it."""

    name: str
    kind: AllianceKind
    founded_on: date | None = None
    description: str | None = None


@dataclass(kw_only=True)
class ChairTerm(Node, Versioned):
    """A term in the chair of an alliance, which rotates; both days belong to it."""

    starts_on: date
    ends_on: date | None = None


@dataclass(kw_only=True)
class CheckIn(Node, Retirable):
    """A branch or a member checks in at a community, in a role; both days belong to it.

    A member's is personal like the member.
    """

    role: CheckInRole
    starts_on: date | None = None
    ends_on: date | None = None
