"""Proposals of a plan, or of a package, as the records that a run writes."""

from domain.identity import derived_id
from domain.run_records import MatchRun
from domain.run_records import Proposal as ProposalRecord
from domain.vocabulary import ProposalState
from matching.documents import reasons_text
from matching.plans import Proposal


def proposal_record(run: MatchRun, proposal: Proposal, *within: str) -> ProposalRecord:
    """Return the record of a proposal; `within` tells one in a package from that of the plan."""
    return ProposalRecord(
        id=derived_id("Proposal", run.id, *within, proposal.order_id, proposal.offer_id),
        created_at=run.created_at,
        state=ProposalState.OPEN,
        quantity=proposal.quantity,
        offer_quantity=proposal.offer_quantity,
        measure=proposal.measure,
        score=round(proposal.score, 6),
        reasons=reasons_text(proposal),
        slots=tuple(share.slot for share in proposal.slots),
        slot_quantities=tuple(share.quantity for share in proposal.slots),
        pinned=proposal.pinned > 0,
    )
