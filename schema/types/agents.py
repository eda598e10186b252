"""Whatever can give or receive: areas (communities), units, Party branches, members."""

from typing import TYPE_CHECKING, Annotated

import strawberry

from domain import records
from graph.computed.node_actions import AREA_ACTIONS, BRANCH_ACTIONS, MEMBER_ACTIONS, UNIT_ACTIONS
from graph.mapping import IN
from schema.declare import below, computed, interface, many, node, one
from schema.types.common import Actions, Connection, Node

if TYPE_CHECKING:
    from schema.types.accounts import Grant
    from schema.types.claims import Claim
    from schema.types.co_building import Agreement, Alliance, ChairTerm, CheckIn, Pairing
    from schema.types.history import Event
    from schema.types.imports import Import
    from schema.types.items import DemandOrder, NeedList, ResourceList, ResourceOffer
    from schema.types.matching import MatchRun

Orders = Connection[Annotated["DemandOrder", strawberry.lazy("schema.types.items")]]
Grants = Connection[Annotated["Grant", strawberry.lazy("schema.types.accounts")]]
Offers = Connection[Annotated["ResourceOffer", strawberry.lazy("schema.types.items")]]
Claims = Connection[Annotated["Claim", strawberry.lazy("schema.types.claims")]]
ResourceLists = Connection[Annotated["ResourceList", strawberry.lazy("schema.types.items")]]
NeedLists = Connection[Annotated["NeedList", strawberry.lazy("schema.types.items")]]
MatchRuns = Connection[Annotated["MatchRun", strawberry.lazy("schema.types.matching")]]
Pairings = Connection[Annotated["Pairing", strawberry.lazy("schema.types.co_building")]]
Agreements = Connection[Annotated["Agreement", strawberry.lazy("schema.types.co_building")]]
Alliances = Connection[Annotated["Alliance", strawberry.lazy("schema.types.co_building")]]
ChairTerms = Connection[Annotated["ChairTerm", strawberry.lazy("schema.types.co_building")]]
CheckIns = Connection[Annotated["CheckIn", strawberry.lazy("schema.types.co_building")]]
Events = Connection[Annotated["Event", strawberry.lazy("schema.types.history")]]
Imports = Connection[Annotated["Import", strawberry.lazy("schema.types.imports")]]


@interface
class Agent(Node):
    """Whatever can give or receive."""

    name: str
    contact_name: str | None
    phone: str | None
    email: str | None
    offers: Offers = many("OFFERS")
    orders: Orders = many("NEEDS")
    grants: Grants = many("FOR_AGENT", IN)
    resource_lists: ResourceLists = many("ISSUES_RESOURCES")
    need_lists: NeedLists = many("ISSUES_NEEDS")
    claims_supplied: Claims = many("CLAIM_SUPPLIER", IN)
    claims_received: Claims = many("CLAIM_RECEIVER", IN)
    pairings: Pairings = many("PAIRS", IN)
    agreements: Agreements = many("AGREED_BY", IN)
    alliances: Alliances = many("ALLIANCE_MEMBER", IN)
    supported_alliances: Alliances = many("ALLIANCE_SUPPORTER", IN)
    chair_terms: ChairTerms = many("CHAIRED_BY", IN)
    events: Events = many("CHANGED", IN, order="position")


@node
class Area(records.Area, Agent):
    """A node of the administrative tree; of level COMMUNITY also an agent."""

    allowed_actions: Actions = computed(AREA_ACTIONS)
    parent: "Area | None" = one("PART_OF")
    children: Connection["Area"] = many("PART_OF", IN)
    ancestors: Connection["Area"] = many("PART_OF", transitive=True, order="path")
    descendants: Connection["Area"] = below("Area")
    units: Connection["Unit"] = many("LOCATED_IN", IN)
    branches: Connection["PartyBranch"] = many("OF_AREA", IN)
    members: Connection["Member"] = many("LIVES_IN", IN)
    offers_here: Offers = many("OFFER_AT", IN)
    orders_here: Orders = many("ORDER_AT", IN)
    offers_serving: Offers = many("SERVES", IN)
    escalated_orders: Orders = many("ESCALATED_TO", IN)
    grants_for_area: Grants = many("FOR_AREA", IN)
    match_runs: MatchRuns = many("RUN_IN", IN)
    alliances_here: Alliances = many("ALLIANCE_AT", IN)
    check_ins_here: CheckIns = many("CHECKED_IN_AT", IN)
    imports: Imports = many("LOADED_INTO", IN)


@node
class Unit(records.Unit, Agent):
    """An organisation."""

    allowed_actions: Actions = computed(UNIT_ACTIONS)
    area: Area | None = one("LOCATED_IN")
    branches: Connection["PartyBranch"] = many("OF_UNIT", IN)
    members: Connection["Member"] = many("WORKS_AT", IN)


@node
class PartyBranch(records.PartyBranch, Agent):
    """A Party organisation of a unit or an area."""

    allowed_actions: Actions = computed(BRANCH_ACTIONS)
    parent: "PartyBranch | None" = one("UNDER")
    children: Connection["PartyBranch"] = many("UNDER", IN)
    unit: Unit | None = one("OF_UNIT")
    area: Area | None = one("OF_AREA")
    members: Connection["Member"] = many("BELONGS_TO", IN)
    check_ins: CheckIns = many("CHECKS_IN")


@node
class Member(records.Member, Agent):
    """A person who takes part; served only to those who may know."""

    allowed_actions: Actions = computed(MEMBER_ACTIONS)
    branch: PartyBranch | None = one("BELONGS_TO")
    unit: Unit | None = one("WORKS_AT")
    area: Area | None = one("LIVES_IN")
    check_ins: CheckIns = many("CHECKS_IN")
