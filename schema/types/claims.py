"""The two-way claim, its lines and evaluations."""

from typing import TYPE_CHECKING, Annotated

import strawberry

from domain import records
from graph.computed.actions import CLAIM_ACTIONS
from graph.mapping import IN
from schema.declare import computed, many, node, one
from schema.types.agents import Agent, Events
from schema.types.common import Actions, Connection, Node
from schema.types.items import DemandOrder, ResourceOffer, Slot

if TYPE_CHECKING:
    from schema.types.co_building import Agreement
    from schema.types.matching import Package, Proposal

Agreements = Connection[Annotated["Agreement", strawberry.lazy("schema.types.co_building")]]
OnePackage = Annotated["Package", strawberry.lazy("schema.types.matching")]
OneProposal = Annotated["Proposal", strawberry.lazy("schema.types.matching")]


@node
class Claim(records.Claim, Node):
    """A quantity that a supplier gives a receiver, for an order, from an offer, or both."""

    allowed_actions: Actions = computed(CLAIM_ACTIONS)
    order: DemandOrder | None = one("FOR_ORDER")
    offer: ResourceOffer | None = one("FROM_OFFER")
    supplier: Agent | None = one("CLAIM_SUPPLIER")
    receiver: Agent | None = one("CLAIM_RECEIVER")
    lines: Connection["ClaimLine"] = many("HAS_LINE")
    evaluations: Connection["Evaluation"] = many("EVALUATES", IN)
    evidence_files: Connection["EvidenceFile"] = many("EVIDENCE_OF", IN)
    agreements: Agreements = many("COVERS", IN)
    events: Events = many("CHANGED", IN, order="position")
    proposal: OneProposal | None = one("ENDORSES")
    package: OnePackage | None = one("BOUND_BY")


@node
class ClaimLine(records.ClaimLine, Node):
    """A line of a claim: a quantity, in a slot or in none."""

    claim: Claim | None = one("HAS_LINE", IN)
    slot: Slot | None = one("USES_SLOT")


@node
class Evaluation(records.Evaluation, Node):
    """What one side says of a completed claim."""

    claim: Claim | None = one("EVALUATES")


@node
class EvidenceFile(records.EvidenceFile, Node):
    """A file that shows a delivery."""

    claim: Claim | None = one("EVIDENCE_OF")
