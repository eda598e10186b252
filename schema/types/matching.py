"""Matching runs and their proposals."""

from domain import records
from graph.mapping import IN
from schema.declare import many, node, one
from schema.types.agents import Area
from schema.types.claims import Claim
from schema.types.common import Connection, Node
from schema.types.filters import ProposalFilter
from schema.types.items import DemandOrder, ResourceOffer


@node
class MatchRun(records.MatchRun, Node):
    """A run of the matcher: its policy, what it reached, and the proof."""

    area: Area | None = one("RUN_IN")
    proposals: Connection["Proposal"] = many("PROPOSED", filter_by=ProposalFilter)


@node
class Proposal(records.Proposal, Node):
    """A pair that a run proposes."""

    run: MatchRun | None = one("PROPOSED", IN)
    order: DemandOrder | None = one("PROPOSES_ORDER")
    offer: ResourceOffer | None = one("PROPOSES_OFFER")
    claims: Connection[Claim] = many("ENDORSES", IN)
