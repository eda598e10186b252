"""The closed vocabularies of the graph. Identifiers are English; labels are in `domain.language`.

An enum value is stored in the graph by its name and served over GraphQL under the same name.
"""

from enum import StrEnum, auto


class Vocabulary(StrEnum):
    """Base of every closed vocabulary: the value equals the name."""

    @staticmethod
    def _generate_next_value_(name: str, start: int, count: int, last_values: list[str]) -> str:
        """Return the value of a member that is `auto()`."""
        del start, count, last_values
        return name


class AreaLevel(Vocabulary):
    """A level of the administrative tree, from the province down to the building."""

    PROVINCE = auto()
    CITY = auto()
    DISTRICT = auto()
    SUBDISTRICT = auto()
    COMMUNITY = auto()
    GRID = auto()
    COMPOUND = auto()
    BUILDING = auto()


class UnitKind(Vocabulary):
    """What sort of organisation a unit is."""

    ORGAN = auto()
    PUBLIC_INSTITUTION = auto()
    STATE_ENTERPRISE = auto()
    PRIVATE_ENTERPRISE = auto()
    SOCIAL_ORGANISATION = auto()
    SCHOOL = auto()
    HOSPITAL = auto()
    PROPERTY_COMPANY = auto()
    MILITARY = auto()
    OTHER = auto()


class BranchKind(Vocabulary):
    """What sort of Party organisation a branch is."""

    COMMITTEE = auto()
    WORKING_COMMITTEE = auto()
    WIDE_WORKING_COMMITTEE = auto()
    WIDE_COMMITTEE = auto()
    GENERAL_BRANCH = auto()
    BRANCH = auto()
    GROUP = auto()
    COMPOSITE_BRANCH = auto()


class MemberKind(Vocabulary):
    """In which capacity a person takes part."""

    PARTY_MEMBER = auto()
    VOLUNTEER = auto()
    COMMUNITY_WORKER = auto()
    GRID_WORKER = auto()


class ListState(Vocabulary):
    """The state of a resource list or a need list."""

    DRAFT = auto()
    PUBLISHED = auto()
    CLOSED = auto()


class ItemState(Vocabulary):
    """The state of an offer or an order.

    DRAFT, PENDING_REVIEW, REJECTED and WITHDRAWN are set by people; the others are derived, in
    the order of `domain.items.derive_state`.
    """

    DRAFT = auto()
    PENDING_REVIEW = auto()
    REJECTED = auto()
    WITHDRAWN = auto()
    OPEN = auto()
    PARTIALLY_CLAIMED = auto()
    CLAIMED = auto()
    FULFILLED = auto()
    EXPIRED = auto()


class CapacityKind(Vocabulary):
    """How the capacity of an offer is used up."""

    TOTAL = auto()
    SHARED = auto()
    EXCLUSIVE = auto()


class Selection(Vocabulary):
    """Who gets an offer or an order: the first proposals hold, or the owner chooses."""

    FIRST = auto()
    CHOOSE = auto()


class Urgency(Vocabulary):
    """How urgent an order is; the matcher values them 1, 1.5, 2 and 3."""

    LOW = auto()
    NORMAL = auto()
    HIGH = auto()
    CRITICAL = auto()


class OrderOrigin(Vocabulary):
    """Where an order comes from."""

    LIST = auto()
    RESIDENT = auto()
    MEETING = auto()


class ClaimState(Vocabulary):
    """The states of a claim; the transitions between them are in `domain.claims`."""

    PROPOSED = auto()
    CONFIRMED = auto()
    IN_PROGRESS = auto()
    DELIVERED = auto()
    COMPLETED = auto()
    EVALUATED = auto()
    DECLINED = auto()
    WITHDRAWN = auto()
    EXPIRED = auto()
    RETURNED = auto()
    CANCELLED = auto()
    DISPUTED = auto()


class Initiator(Vocabulary):
    """Who started a claim."""

    SUPPLIER = auto()
    RECEIVER = auto()
    COORDINATOR = auto()
    MATCHER = auto()


class Side(Vocabulary):
    """One of the two sides of a claim."""

    SUPPLIER = auto()
    RECEIVER = auto()


class AllianceKind(Vocabulary):
    """What a Party-building alliance brings together."""

    ADMINISTRATIVE = auto()
    COMMUNITY = auto()
    BUSINESS = auto()
    CAMPUS = auto()
    INDUSTRIAL_PARK = auto()
    OTHER = auto()


class CheckInRole(Vocabulary):
    """What a branch or a member takes on where it checks in.

    The six from POLICE to TEACHER are the part-time roles of a compound (六小员).
    """

    ONLINE_BUILDING_HEAD = auto()
    BUILDING_HEAD = auto()
    GRID_WORKER = auto()
    GRID_INSTRUCTOR = auto()
    COMMITTEE_MEMBER = auto()
    POLICE = auto()
    CITY_MANAGEMENT = auto()
    DOCTOR = auto()
    LAWYER = auto()
    ARTS_AND_SPORTS = auto()
    TEACHER = auto()
    SERVICE_TEAM = auto()
    VOLUNTEER = auto()
    CO_BUILDING = auto()
    OTHER = auto()


class Linkage(Vocabulary):
    """How the two sides of a pairing are linked; derived from the graph, never typed in."""

    WITHIN_ALLIANCE = auto()
    ACROSS_ALLIANCES = auto()
    OUTSIDE = auto()


class Role(Vocabulary):
    """A role that an account holds for a part of the graph."""

    ADMIN = auto()
    COORDINATOR = auto()
    LIAISON = auto()
    MEMBER = auto()
    LOADER = auto()
    APP = auto()


class RunState(Vocabulary):
    """The state of a matching run."""

    QUEUED = auto()
    RUNNING = auto()
    DONE = auto()
    FAILED = auto()
    CANCELLED = auto()


class RunStep(Vocabulary):
    """What a matching run is at: reads what is open, pairs it, solves, writes the plan."""

    READ = auto()
    PAIRS = auto()
    SOLVE = auto()
    WRITE = auto()


class ProposalState(Vocabulary):
    """What became of a proposal of a matching run."""

    OPEN = auto()
    ENDORSED = auto()
    REJECTED = auto()
    SUPERSEDED = auto()


class PackageState(Vocabulary):
    """What became of proposals that stand or fall together.

    FOUND: by a run; PROPOSED: as claims, of which not all are agreed; CONFIRMED: all of them;
    ENDED: one was declined, withdrawn or lapsed; SUPERSEDED: by a later run.
    """

    FOUND = auto()
    PROPOSED = auto()
    CONFIRMED = auto()
    ENDED = auto()
    SUPERSEDED = auto()


class WebhookState(Vocabulary):
    """Whether a webhook is told of events."""

    ACTIVE = auto()
    PAUSED = auto()
    FAILED = auto()
    GONE = auto()


class DeliveryProblem(Vocabulary):
    """Why a receiver has not taken an event."""

    STATUS = auto()
    REDIRECT = auto()
    TIMEOUT = auto()
    UNREACHABLE = auto()
    CERTIFICATE = auto()
    UNKNOWN_HOST = auto()
    ADDRESS_REFUSED = auto()
    SECRET_UNREADABLE = auto()
