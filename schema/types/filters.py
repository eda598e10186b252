"""The filters of connections: each field with the predicate that it compiles to."""

import strawberry

from domain.vocabulary import (
    AllianceKind,
    AreaLevel,
    BranchKind,
    CapacityKind,
    CheckInRole,
    ClaimState,
    Initiator,
    ItemState,
    Linkage,
    ListState,
    MemberKind,
    OrderOrigin,
    ProposalState,
    RunState,
    Side,
    UnitKind,
    Urgency,
)
from graph.reads.filters import (
    DATES,
    INSTANTS,
    NUMBERS,
    Beneath,
    Between,
    CategoryCode,
    Linked,
    OneOf,
    Search,
    within,
)
from schema.declare import narrowed
from schema.types.common import DateRange, InstantRange, IntegerRange

AGENTS = ("Area", "Member", "PartyBranch", "Unit")
CREATED = Between("createdAt", INSTANTS)

for vocabulary in (
    AllianceKind,
    AreaLevel,
    BranchKind,
    CapacityKind,
    CheckInRole,
    ClaimState,
    Initiator,
    ItemState,
    Linkage,
    ListState,
    MemberKind,
    OrderOrigin,
    ProposalState,
    RunState,
    Side,
    UnitKind,
    Urgency,
):
    strawberry.enum(vocabulary)


@strawberry.input
class AreaFilter:
    """Which areas."""

    level: list[AreaLevel] | None = narrowed(OneOf("level"))
    code: list[str] | None = narrowed(OneOf("code"))
    parent: strawberry.ID | None = narrowed(
        Linked("({node})-[:PART_OF]->({other})", "Area", ("Area",))
    )
    below: strawberry.ID | None = narrowed(Beneath(proper=True))
    text: str | None = narrowed(Search())


@strawberry.input
class UnitFilter:
    """Which units."""

    kind: list[UnitKind] | None = narrowed(OneOf("kind"))
    credit_code: list[str] | None = narrowed(OneOf("creditCode"))
    area: strawberry.ID | None = narrowed(Beneath("({node})-[:LOCATED_IN]->({area})"))
    text: str | None = narrowed(Search())
    created_at: InstantRange | None = narrowed(CREATED)


@strawberry.input
class PartyBranchFilter:
    """Which Party organisations."""

    kind: list[BranchKind] | None = narrowed(OneOf("kind"))
    area: strawberry.ID | None = narrowed(within())
    text: str | None = narrowed(Search())
    created_at: InstantRange | None = narrowed(CREATED)


@strawberry.input
class MemberFilter:
    """Which members."""

    kind: list[MemberKind] | None = narrowed(OneOf("kind"))
    area: strawberry.ID | None = narrowed(within())
    created_at: InstantRange | None = narrowed(CREATED)


@strawberry.input
class CategoryFilter:
    """Which categories."""

    code: list[str] | None = narrowed(OneOf("code"))
    parent: strawberry.ID | None = narrowed(
        Linked("({node})-[:CHILD_OF]->({other})", "Category", ("Category",))
    )
    text: str | None = narrowed(Search())


@strawberry.input
class ListFilter:
    """Which lists."""

    state: list[ListState] | None = narrowed(OneOf("state"))
    starts_on: DateRange | None = narrowed(Between("startsOn", DATES))
    ends_on: DateRange | None = narrowed(Between("endsOn", DATES))
    created_at: InstantRange | None = narrowed(CREATED)


@strawberry.input
class ResourceOfferFilter:
    """Which offers."""

    category: strawberry.ID | None = narrowed(
        Linked(
            "({node})-[:OFFER_CATEGORY]->(:Category)-[:CHILD_OF*0..8]->({other})",
            "Category",
            ("Category",),
        )
    )
    category_code: str | None = narrowed(CategoryCode("({node})-[:OFFER_CATEGORY]->({category})"))
    area: strawberry.ID | None = narrowed(Beneath("({node})-[:OFFER_AT]->({area})"))
    provider: strawberry.ID | None = narrowed(
        Linked("({node})<-[:OFFERS]-({other})", "Agent", AGENTS)
    )
    state: list[ItemState] | None = narrowed(OneOf("state"))
    capacity_kind: list[CapacityKind] | None = narrowed(OneOf("capacityKind"))
    measure: list[str] | None = narrowed(OneOf("measure"))
    capacity: IntegerRange | None = narrowed(Between("capacity", NUMBERS))
    starts_on: DateRange | None = narrowed(Between("startsOn", DATES))
    ends_on: DateRange | None = narrowed(Between("endsOn", DATES))
    created_at: InstantRange | None = narrowed(CREATED)
    text: str | None = narrowed(Search())


@strawberry.input
class DemandOrderFilter:
    """Which orders."""

    category: strawberry.ID | None = narrowed(
        Linked(
            "({node})-[:ORDER_CATEGORY]->(:Category)-[:CHILD_OF*0..8]->({other})",
            "Category",
            ("Category",),
        )
    )
    category_code: str | None = narrowed(CategoryCode("({node})-[:ORDER_CATEGORY]->({category})"))
    area: strawberry.ID | None = narrowed(Beneath("({node})-[:ORDER_AT]->({area})"))
    receiver: strawberry.ID | None = narrowed(
        Linked("({node})<-[:NEEDS]-({other})", "Agent", AGENTS)
    )
    state: list[ItemState] | None = narrowed(OneOf("state"))
    urgency: list[Urgency] | None = narrowed(OneOf("urgency"))
    origin: list[OrderOrigin] | None = narrowed(OneOf("origin"))
    measure: list[str] | None = narrowed(OneOf("measure"))
    quantity: IntegerRange | None = narrowed(Between("quantity", NUMBERS))
    starts_on: DateRange | None = narrowed(Between("startsOn", DATES))
    deadline: DateRange | None = narrowed(Between("deadline", DATES))
    created_at: InstantRange | None = narrowed(CREATED)
    text: str | None = narrowed(Search())


@strawberry.input
class ClaimFilter:
    """Which claims."""

    state: list[ClaimState] | None = narrowed(OneOf("state"))
    initiator: list[Initiator] | None = narrowed(OneOf("initiator"))
    supplier: strawberry.ID | None = narrowed(
        Linked("({node})-[:CLAIM_SUPPLIER]->({other})", "Agent", AGENTS)
    )
    receiver: strawberry.ID | None = narrowed(
        Linked("({node})-[:CLAIM_RECEIVER]->({other})", "Agent", AGENTS)
    )
    order: strawberry.ID | None = narrowed(
        Linked("({node})-[:FOR_ORDER]->({other})", "DemandOrder", ("DemandOrder",))
    )
    offer: strawberry.ID | None = narrowed(
        Linked("({node})-[:FROM_OFFER]->({other})", "ResourceOffer", ("ResourceOffer",))
    )
    quantity: IntegerRange | None = narrowed(Between("quantity", NUMBERS))
    created_at: InstantRange | None = narrowed(CREATED)


@strawberry.input
class MatchRunFilter:
    """Which matching runs."""

    state: list[RunState] | None = narrowed(OneOf("state"))
    area: strawberry.ID | None = narrowed(Beneath("({node})-[:RUN_IN]->({area})"))
    created_at: InstantRange | None = narrowed(CREATED)


@strawberry.input
class ProposalFilter:
    """Which proposals."""

    state: list[ProposalState] | None = narrowed(OneOf("state"))
    run: strawberry.ID | None = narrowed(
        Linked("({node})<-[:PROPOSED]-({other})", "MatchRun", ("MatchRun",))
    )
    order: strawberry.ID | None = narrowed(
        Linked("({node})-[:PROPOSES_ORDER]->({other})", "DemandOrder", ("DemandOrder",))
    )
    offer: strawberry.ID | None = narrowed(
        Linked("({node})-[:PROPOSES_OFFER]->({other})", "ResourceOffer", ("ResourceOffer",))
    )
    created_at: InstantRange | None = narrowed(CREATED)


@strawberry.input
class PairingFilter:
    """Which pairings."""

    agent: strawberry.ID | None = narrowed(Linked("({node})-[:PAIRS]->({other})", "Agent", AGENTS))
    since: DateRange | None = narrowed(Between("since", DATES))
    created_at: InstantRange | None = narrowed(CREATED)


@strawberry.input
class AgreementFilter:
    """Which agreements."""

    party: strawberry.ID | None = narrowed(
        Linked("({node})-[:AGREED_BY]->({other})", "Agent", AGENTS)
    )
    signed_on: DateRange | None = narrowed(Between("signedOn", DATES))
    valid_until: DateRange | None = narrowed(Between("validUntil", DATES))
    created_at: InstantRange | None = narrowed(CREATED)
    text: str | None = narrowed(Search())


@strawberry.input
class AllianceFilter:
    """Which alliances."""

    kind: list[AllianceKind] | None = narrowed(OneOf("kind"))
    area: strawberry.ID | None = narrowed(Beneath("({node})-[:ALLIANCE_AT]->({area})"))
    member: strawberry.ID | None = narrowed(
        Linked("({node})-[:ALLIANCE_MEMBER]->({other})", "Agent", AGENTS)
    )
    supporter: strawberry.ID | None = narrowed(
        Linked("({node})-[:ALLIANCE_SUPPORTER]->({other})", "Agent", AGENTS)
    )
    created_at: InstantRange | None = narrowed(CREATED)
    text: str | None = narrowed(Search())


@strawberry.input
class ChairTermFilter:
    """Which terms in the chair."""

    alliance: strawberry.ID | None = narrowed(
        Linked("({node})<-[:HAS_TERM]-({other})", "Alliance", ("Alliance",))
    )
    chair: strawberry.ID | None = narrowed(
        Linked("({node})-[:CHAIRED_BY]->({other})", "Agent", AGENTS)
    )
    starts_on: DateRange | None = narrowed(Between("startsOn", DATES))
    ends_on: DateRange | None = narrowed(Between("endsOn", DATES))
    created_at: InstantRange | None = narrowed(CREATED)


@strawberry.input
class CheckInFilter:
    """Which check-ins."""

    role: list[CheckInRole] | None = narrowed(OneOf("role"))
    agent: strawberry.ID | None = narrowed(
        Linked("({node})<-[:CHECKS_IN]-({other})", "Agent", AGENTS)
    )
    area: strawberry.ID | None = narrowed(Beneath("({node})-[:CHECKED_IN_AT]->({area})"))
    starts_on: DateRange | None = narrowed(Between("startsOn", DATES))
    ends_on: DateRange | None = narrowed(Between("endsOn", DATES))
    created_at: InstantRange | None = narrowed(CREATED)


@strawberry.input
class EvaluationFilter:
    """Which evaluations."""

    by: list[Side] | None = narrowed(OneOf("by"))
    score: IntegerRange | None = narrowed(Between("score", NUMBERS))
    created_at: InstantRange | None = narrowed(CREATED)


@strawberry.input
class ImportFilter:
    """Which loads."""

    file_name: list[str] | None = narrowed(OneOf("fileName"))
    file_hash: list[str] | None = narrowed(OneOf("fileHash"))
    area: strawberry.ID | None = narrowed(Beneath("({node})-[:LOADED_INTO]->({area})"))
    created_at: InstantRange | None = narrowed(CREATED)
