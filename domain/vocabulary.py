"""The closed vocabularies of the graph. Identifiers are English; labels are in `domain.language`.

An enum value is stored in the graph by its name and served over GraphQL under the same name.
"""

from enum import StrEnum


class Vocabulary(StrEnum):
    """Base of every closed vocabulary: the value equals the name."""


class AreaLevel(Vocabulary):
    """A level of the administrative tree, from the province down to the building."""

    PROVINCE = "PROVINCE"
    CITY = "CITY"
    DISTRICT = "DISTRICT"
    SUBDISTRICT = "SUBDISTRICT"
    COMMUNITY = "COMMUNITY"
    GRID = "GRID"
    COMPOUND = "COMPOUND"
    BUILDING = "BUILDING"


class UnitKind(Vocabulary):
    """What sort of organisation a unit is."""

    ORGAN = "ORGAN"
    PUBLIC_INSTITUTION = "PUBLIC_INSTITUTION"
    STATE_ENTERPRISE = "STATE_ENTERPRISE"
    PRIVATE_ENTERPRISE = "PRIVATE_ENTERPRISE"
    SOCIAL_ORGANISATION = "SOCIAL_ORGANISATION"
    SCHOOL = "SCHOOL"
    HOSPITAL = "HOSPITAL"
    PROPERTY_COMPANY = "PROPERTY_COMPANY"
    MILITARY = "MILITARY"
    OTHER = "OTHER"


class BranchKind(Vocabulary):
    """What sort of Party organisation a branch is."""

    COMMITTEE = "COMMITTEE"
    WORKING_COMMITTEE = "WORKING_COMMITTEE"
    WIDE_WORKING_COMMITTEE = "WIDE_WORKING_COMMITTEE"
    WIDE_COMMITTEE = "WIDE_COMMITTEE"
    GENERAL_BRANCH = "GENERAL_BRANCH"
    BRANCH = "BRANCH"
    GROUP = "GROUP"
    COMPOSITE_BRANCH = "COMPOSITE_BRANCH"


class MemberKind(Vocabulary):
    """In which capacity a person takes part."""

    PARTY_MEMBER = "PARTY_MEMBER"
    VOLUNTEER = "VOLUNTEER"
    COMMUNITY_WORKER = "COMMUNITY_WORKER"
    GRID_WORKER = "GRID_WORKER"


class ListState(Vocabulary):
    """The state of a resource list or a need list."""

    DRAFT = "DRAFT"
    PUBLISHED = "PUBLISHED"
    CLOSED = "CLOSED"


class ItemState(Vocabulary):
    """The state of an offer or an order.

    DRAFT, PENDING_REVIEW, REJECTED and WITHDRAWN are set by people; the others are derived, in
    the order of `domain.items.derive_state`.
    """

    DRAFT = "DRAFT"
    PENDING_REVIEW = "PENDING_REVIEW"
    REJECTED = "REJECTED"
    WITHDRAWN = "WITHDRAWN"
    OPEN = "OPEN"
    PARTIALLY_CLAIMED = "PARTIALLY_CLAIMED"
    CLAIMED = "CLAIMED"
    FULFILLED = "FULFILLED"
    EXPIRED = "EXPIRED"


class CapacityKind(Vocabulary):
    """How the capacity of an offer is used up."""

    TOTAL = "TOTAL"
    SHARED = "SHARED"
    EXCLUSIVE = "EXCLUSIVE"


class Selection(Vocabulary):
    """Who gets an offer or an order: the first proposals hold, or the owner chooses."""

    FIRST = "FIRST"
    CHOOSE = "CHOOSE"


class Urgency(Vocabulary):
    """How urgent an order is; the matcher values them 1, 1.5, 2 and 3."""

    LOW = "LOW"
    NORMAL = "NORMAL"
    HIGH = "HIGH"
    CRITICAL = "CRITICAL"


class OrderOrigin(Vocabulary):
    """Where an order comes from."""

    LIST = "LIST"
    RESIDENT = "RESIDENT"
    MEETING = "MEETING"


class ClaimState(Vocabulary):
    """The states of a claim; the transitions between them are in `domain.claims`."""

    PROPOSED = "PROPOSED"
    CONFIRMED = "CONFIRMED"
    IN_PROGRESS = "IN_PROGRESS"
    DELIVERED = "DELIVERED"
    COMPLETED = "COMPLETED"
    EVALUATED = "EVALUATED"
    DECLINED = "DECLINED"
    WITHDRAWN = "WITHDRAWN"
    EXPIRED = "EXPIRED"
    RETURNED = "RETURNED"
    CANCELLED = "CANCELLED"
    DISPUTED = "DISPUTED"


class Initiator(Vocabulary):
    """Who started a claim."""

    SUPPLIER = "SUPPLIER"
    RECEIVER = "RECEIVER"
    COORDINATOR = "COORDINATOR"
    MATCHER = "MATCHER"


class Side(Vocabulary):
    """One of the two sides of a claim."""

    SUPPLIER = "SUPPLIER"
    RECEIVER = "RECEIVER"


class AllianceKind(Vocabulary):
    """What a Party-building alliance brings together."""

    ADMINISTRATIVE = "ADMINISTRATIVE"
    COMMUNITY = "COMMUNITY"
    BUSINESS = "BUSINESS"
    CAMPUS = "CAMPUS"
    INDUSTRIAL_PARK = "INDUSTRIAL_PARK"
    OTHER = "OTHER"


class CheckInRole(Vocabulary):
    """What a branch or a member takes on where it checks in.

    The six from POLICE to TEACHER are the part-time roles of a compound (六小员).
    """

    ONLINE_BUILDING_HEAD = "ONLINE_BUILDING_HEAD"
    BUILDING_HEAD = "BUILDING_HEAD"
    GRID_WORKER = "GRID_WORKER"
    GRID_INSTRUCTOR = "GRID_INSTRUCTOR"
    COMMITTEE_MEMBER = "COMMITTEE_MEMBER"
    POLICE = "POLICE"
    CITY_MANAGEMENT = "CITY_MANAGEMENT"
    DOCTOR = "DOCTOR"
    LAWYER = "LAWYER"
    ARTS_AND_SPORTS = "ARTS_AND_SPORTS"
    TEACHER = "TEACHER"
    SERVICE_TEAM = "SERVICE_TEAM"
    VOLUNTEER = "VOLUNTEER"
    CO_BUILDING = "CO_BUILDING"
    OTHER = "OTHER"


class Linkage(Vocabulary):
    """How the two sides of a pairing are linked; derived from the graph, never typed in."""

    WITHIN_ALLIANCE = "WITHIN_ALLIANCE"
    ACROSS_ALLIANCES = "ACROSS_ALLIANCES"
    OUTSIDE = "OUTSIDE"


class Role(Vocabulary):
    """A role that an account holds for a part of the graph."""

    ADMIN = "ADMIN"
    COORDINATOR = "COORDINATOR"
    LIAISON = "LIAISON"
    MEMBER = "MEMBER"
    LOADER = "LOADER"
    APP = "APP"


class RunState(Vocabulary):
    """The state of a matching run."""

    RUNNING = "RUNNING"
    DONE = "DONE"
    FAILED = "FAILED"


class ProposalState(Vocabulary):
    """What became of a proposal of a matching run."""

    OPEN = "OPEN"
    ENDORSED = "ENDORSED"
    REJECTED = "REJECTED"
    SUPERSEDED = "SUPERSEDED"
