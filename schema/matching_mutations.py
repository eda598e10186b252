"""Mutations of what runs propose: endorse, reject or pin proposals, propose packages."""

from typing import Annotated

import strawberry

from domain.errors import BadInput
from resolvers import matching, packages, proposals
from schema.changes import INPUT, answer
from schema.context import Info
from schema.ids import encode, uid
from schema.problems import (
    ClaimProblem,
    EntryProblem,
    MatchingRunProblem,
    Problem,
    StateRefusedProblem,
    problem_of,
)
from schema.resolve import read_node
from schema.together import Together
from schema.types.claims import Claim
from schema.types.matching import Package, Proposal

MOST_AT_ONCE = 100


@strawberry.input
class EndorseProposalsInput:
    """Which proposals are to become claims, at most 100 at once."""

    idempotency_key: str
    proposal_ids: list[strawberry.ID]


@strawberry.input
class RejectProposalInput:
    """Which proposal is not wanted; the pair is not proposed again for that order."""

    idempotency_key: str
    proposal_id: strawberry.ID


@strawberry.input
class PinProposalInput:
    """Which proposal later runs are to hold, or no longer to hold."""

    idempotency_key: str
    proposal_id: strawberry.ID
    pinned: bool = True


@strawberry.input
class ProposePackageInput:
    """Which package is to become claims, one for each of its proposals."""

    idempotency_key: str
    package_id: strawberry.ID


@strawberry.type
class Endorsement:
    """What became of one proposal: a claim, or the problem that stood in the way."""

    proposal_id: strawberry.ID
    problem: Problem | None
    claim_id: strawberry.Private[str | None]
    together: strawberry.Private[Together]

    @strawberry.field
    async def claim(self, info: Info) -> Claim | None:
        """The claim; those of all proposals are read at once, by this field's own selection."""
        if self.claim_id is None:
            return None
        (claim,) = await self.together.read(info, [("Claim", self.claim_id)])
        return claim


@strawberry.type
class EndorseProposalsPayload:
    """What became of each proposal, in the order in which they were named."""

    endorsements: list[Endorsement]


@strawberry.type
class _OfProposal:
    proposal_id: strawberry.Private[str]

    @strawberry.field
    async def proposal(self, info: Info) -> Proposal | None:
        """The proposal, read by this field's own selection."""
        return await read_node(info, "Proposal", self.proposal_id)


@strawberry.type
class RejectProposalPayload(_OfProposal):
    """The proposal after it was rejected."""


@strawberry.type
class PinProposalPayload(_OfProposal):
    """The proposal after it was pinned or unpinned."""


@strawberry.type
class ProposePackagePayload:
    """The package after it was proposed."""

    package_id: strawberry.Private[str]

    @strawberry.field
    async def package(self, info: Info) -> Package | None:
        """The package, read by this field's own selection."""
        return await read_node(info, "Package", self.package_id)


ProposePackageResult = Annotated[
    ProposePackagePayload | ClaimProblem | StateRefusedProblem,
    strawberry.union("ProposePackageResult"),
]
PinProposalResult = Annotated[
    PinProposalPayload | MatchingRunProblem, strawberry.union("PinProposalResult")
]
EndorseProposalsResult = Annotated[
    EndorseProposalsPayload | EntryProblem, strawberry.union("EndorseProposalsResult")
]
RejectProposalResult = Annotated[
    RejectProposalPayload | MatchingRunProblem, strawberry.union("RejectProposalResult")
]


def _endorsement(done: matching.Endorsement, info: Info, together: Together) -> Endorsement:
    problem = problem_of(done.problem, info.context.language) if done.problem else None
    return Endorsement(
        proposal_id=encode("Proposal", done.proposal_id),
        problem=problem,
        claim_id=done.claim.id if done.claim else None,
        together=together,
    )


async def _endorse(info: Info, given: EndorseProposalsInput) -> EndorseProposalsPayload:
    context, asked = info.context, len(given.proposal_ids)
    if asked > MOST_AT_ONCE:
        raise BadInput(field="proposalIds", value=asked, expected=f"1..{MOST_AT_ONCE}")
    done = await matching.endorse_proposals(
        context.graph,
        viewer=context.viewer,
        proposal_ids=[uid(each, "Proposal") for each in given.proposal_ids],
        idempotency_key=given.idempotency_key,
        clock=context.clock,
        ids=context.ids,
        claim_policy=context.claim_policy,
    )
    together = Together([("Claim", each.claim.id) for each in done if each.claim is not None])
    return EndorseProposalsPayload(
        endorsements=[_endorsement(each, info, together) for each in done]
    )


async def _reject(info: Info, given: RejectProposalInput) -> RejectProposalPayload:
    context = info.context
    rejected = await proposals.reject_proposal(
        context.graph,
        viewer=context.viewer,
        proposal_id=uid(given.proposal_id, "Proposal"),
        idempotency_key=given.idempotency_key,
        clock=context.clock,
        ids=context.ids,
    )
    return RejectProposalPayload(proposal_id=rejected.id)


async def _pin(info: Info, given: PinProposalInput) -> PinProposalPayload:
    context = info.context
    pinned = await proposals.pin_proposal(
        context.graph,
        viewer=context.viewer,
        proposal_id=uid(given.proposal_id, "Proposal"),
        pinned=given.pinned,
        idempotency_key=given.idempotency_key,
        clock=context.clock,
        ids=context.ids,
    )
    return PinProposalPayload(proposal_id=pinned.id)


async def _propose_package(info: Info, given: ProposePackageInput) -> ProposePackagePayload:
    context = info.context
    proposed = await packages.propose_package(
        context.graph,
        viewer=context.viewer,
        package_id=uid(given.package_id, "Package"),
        idempotency_key=given.idempotency_key,
        clock=context.clock,
        ids=context.ids,
        policy=context.claim_policy,
    )
    return ProposePackagePayload(package_id=proposed.id)


@strawberry.type
class MatchingMutations:
    """What becomes of the proposals and packages of runs."""

    @strawberry.mutation
    async def endorse_proposals(
        self, info: Info, given: Annotated[EndorseProposalsInput, INPUT]
    ) -> EndorseProposalsResult:
        """Make claims of proposals, for both sides to accept."""
        return await answer(info, _endorse(info, given))

    @strawberry.mutation
    async def reject_proposal(
        self, info: Info, given: Annotated[RejectProposalInput, INPUT]
    ) -> RejectProposalResult:
        """Say that a proposal is not wanted."""
        return await answer(info, _reject(info, given))

    @strawberry.mutation
    async def pin_proposal(
        self, info: Info, given: Annotated[PinProposalInput, INPUT]
    ) -> PinProposalResult:
        """Say that later runs are to hold a proposal, or no longer to."""
        return await answer(info, _pin(info, given))

    @strawberry.mutation
    async def propose_package(
        self, info: Info, given: Annotated[ProposePackageInput, INPUT]
    ) -> ProposePackageResult:
        """Make claims of all proposals of a package, confirmed together or not at all."""
        return await answer(info, _propose_package(info, given))
