"""Proposals of matching runs, as the claim that endorses one sees them."""

from dataclasses import dataclass

from domain.run_records import Proposal
from graph.driver import Transaction
from graph.records import record
from graph.statements import statement

READ_PROPOSAL = statement(
    "proposals.read",
    """MATCH (p:Proposal {id: $id})
SET p.lock = $token
WITH p
RETURN properties(p) AS proposal,
    head([(p)-[:PROPOSES_ORDER]->(o:DemandOrder) | o.id]) AS orderId,
    head([(p)-[:PROPOSES_OFFER]->(f:ResourceOffer) | f.id]) AS offerId,
    EXISTS { MATCH (p)<-[:PACKS]-(:Package) } AS packed""",
    writes=True,
)
ENDORSE = statement(
    "proposals.endorse",
    """MATCH (c:Claim {id: $claimId})
MATCH (p:Proposal {id: $id})
SET p.state = 'ENDORSED'
CREATE (c)-[:ENDORSES]->(p)""",
    writes=True,
)


@dataclass(frozen=True, slots=True)
class ProposalPair:
    """A proposal with the order and the offer that it pairs, and whether it is in a package."""

    proposal: Proposal
    order_id: str | None
    offer_id: str | None
    packed: bool


async def read_proposal(
    transaction: Transaction, proposal_id: str, token: str
) -> ProposalPair | None:
    """Lock a proposal and return it, None if there is none."""
    rows = await transaction.run(READ_PROPOSAL, id=proposal_id, token=token)
    if not rows:
        return None
    row = rows[0]
    proposal = record(Proposal, row["proposal"])
    return ProposalPair(proposal, row["orderId"], row["offerId"], row["packed"])


async def endorse(transaction: Transaction, proposal_id: str, claim_id: str) -> None:
    """Write that a claim carries the proposal on."""
    await transaction.run(ENDORSE, id=proposal_id, claimId=claim_id)
