"""Whatever can give or receive: areas (communities), units, Party branches, members."""

from typing import TYPE_CHECKING, Annotated

import strawberry

from domain import records
from graph.mapping import IN, OUT
from schema.declare import below, interface, many, node, one
from schema.types.common import Connection, Node
from schema.types.filters import (
    AreaFilter,
    ClaimFilter,
    DemandOrderFilter,
    ListFilter,
    MatchRunFilter,
    MemberFilter,
    PartyBranchFilter,
    ResourceOfferFilter,
    UnitFilter,
)

if TYPE_CHECKING:
    from schema.types.claims import Claim
    from schema.types.items import DemandOrder, NeedList, ResourceList, ResourceOffer
    from schema.types.matching import MatchRun

Orders = Connection[Annotated["DemandOrder", strawberry.lazy("schema.types.items")]]
Offers = Connection[Annotated["ResourceOffer", strawberry.lazy("schema.types.items")]]
Claims = Connection[Annotated["Claim", strawberry.lazy("schema.types.claims")]]
ResourceLists = Connection[Annotated["ResourceList", strawberry.lazy("schema.types.items")]]
NeedLists = Connection[Annotated["NeedList", strawberry.lazy("schema.types.items")]]
MatchRuns = Connection[Annotated["MatchRun", strawberry.lazy("schema.types.matching")]]


@interface
class Agent(Node):
    """Whatever can give or receive."""

    name: str
    contact_name: str | None
    phone: str | None
    email: str | None
    offers: Offers = many("OFFERS", filter_by=ResourceOfferFilter)
    orders: Orders = many("NEEDS", filter_by=DemandOrderFilter)
    resource_lists: ResourceLists = many("ISSUES_RESOURCES", filter_by=ListFilter)
    need_lists: NeedLists = many("ISSUES_NEEDS", filter_by=ListFilter)
    claims_supplied: Claims = many("CLAIM_SUPPLIER", IN, filter_by=ClaimFilter)
    claims_received: Claims = many("CLAIM_RECEIVER", IN, filter_by=ClaimFilter)
    pairings: Connection["Pairing"] = many("PAIRS", IN)


@node
class Area(records.Area, Agent):
    """A node of the administrative tree; of level COMMUNITY also an agent."""

    parent: "Area | None" = one("PART_OF")
    children: Connection["Area"] = many("PART_OF", IN, filter_by=AreaFilter)
    ancestors: Connection["Area"] = many("PART_OF", transitive=True, order="path")
    descendants: Connection["Area"] = below("Area", filter_by=AreaFilter)
    units: Connection["Unit"] = many("LOCATED_IN", IN, filter_by=UnitFilter)
    branches: Connection["PartyBranch"] = many("OF_AREA", IN, filter_by=PartyBranchFilter)
    members: Connection["Member"] = many("LIVES_IN", IN, filter_by=MemberFilter)
    offers_here: Offers = many("OFFER_AT", IN, filter_by=ResourceOfferFilter)
    orders_here: Orders = many("ORDER_AT", IN, filter_by=DemandOrderFilter)
    offers_serving: Offers = many("SERVES", IN, filter_by=ResourceOfferFilter)
    escalated_orders: Orders = many("ESCALATED_TO", IN, filter_by=DemandOrderFilter)
    match_runs: MatchRuns = many("RUN_IN", IN, filter_by=MatchRunFilter)


@node
class Unit(records.Unit, Agent):
    """An organisation."""

    area: Area | None = one("LOCATED_IN")
    branches: Connection["PartyBranch"] = many("OF_UNIT", IN, filter_by=PartyBranchFilter)
    members: Connection["Member"] = many("WORKS_AT", IN, filter_by=MemberFilter)


@node
class PartyBranch(records.PartyBranch, Agent):
    """A Party organisation of a unit or an area."""

    parent: "PartyBranch | None" = one("UNDER")
    children: Connection["PartyBranch"] = many("UNDER", IN, filter_by=PartyBranchFilter)
    unit: Unit | None = one("OF_UNIT")
    area: Area | None = one("OF_AREA")
    members: Connection["Member"] = many("BELONGS_TO", IN, filter_by=MemberFilter)


@node
class Member(records.Member, Agent):
    """A person who takes part; served only to those who may know."""

    branch: PartyBranch | None = one("BELONGS_TO")
    unit: Unit | None = one("WORKS_AT")
    area: Area | None = one("LIVES_IN")


@node
class Pairing(records.Pairing, Node):
    """Two units, branches or communities that are paired."""

    agents: Connection[Agent] = many("PAIRS", OUT)
