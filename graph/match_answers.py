"""What people answered to proposals of matching runs."""

from dataclasses import dataclass

from domain.vocabulary import ClaimState, ProposalState
from graph.match_runs import Run
from graph.statements import statement

ANSWERS = statement(
    "match_answers.answers",
    """MATCH (p:Proposal)-[:PROPOSES_ORDER]->(o:DemandOrder)
WHERE p.state IN $decided
    AND EXISTS { MATCH (o)-[:ORDER_AT]->(a:Area) WHERE a.path STARTS WITH $path }
RETURN p.id AS id, p.state AS state, p.reasons AS reasons, o.id AS orderId,
    head(COLLECT { MATCH (p)<-[:ENDORSES]-(c:Claim) RETURN c.state }) AS claimState
ORDER BY p.id""",
)


@dataclass(frozen=True, slots=True)
class AnswerRow:
    """A proposal that was rejected or endorsed; `claim_state` of the claim that carries it on."""

    order_id: str
    state: ProposalState
    reasons: str
    claim_state: ClaimState | None


async def answers(run: Run, path: str) -> list[AnswerRow]:
    """Return the proposals for orders below a path that a coordinator has decided."""
    decided = [ProposalState.ENDORSED.value, ProposalState.REJECTED.value]
    return [
        AnswerRow(
            order_id=row["orderId"],
            state=ProposalState(row["state"]),
            reasons=row["reasons"],
            claim_state=ClaimState(row["claimState"]) if row["claimState"] else None,
        )
        for row in await run(ANSWERS, path=path, decided=decided)
    ]
