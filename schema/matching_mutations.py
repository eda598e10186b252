"""Mutations of matching runs: make or start one, cancel it, decide of its proposals."""

from typing import Annotated

import strawberry

from domain.errors import BadInput
from domain.vocabulary import Urgency
from graph.records import camel
from matching.model import Policy
from matching.policies import policy_of
from resolvers import match_runs, matching, packages, proposals
from resolvers.pair_why import compare_policies
from schema.changes import INPUT, answer
from schema.context import Info
from schema.ids import AGENTS, encode, optional_uid, reference, uid
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
from schema.types.matching import MatchRun, Package, Proposal
from schema.types.plans import PolicyOutcome, policy_outcome
from schema.values import Long

MOST_AT_ONCE = 100


@strawberry.input
class WeightInput:
    """The weight of a part of the score."""

    name: str
    weight: float


@strawberry.input
class UrgencyFactorInput:
    """By how much an urgency multiplies the worth of an order."""

    urgency: Urgency
    factor: float


@strawberry.input
class MatchQuotaInput:
    """The most that the run takes of all offers of an agent, and of those below it."""

    agent_id: strawberry.ID
    measure: str
    most: Long


@strawberry.input
class EarlySegmentInput:
    """A share of what a community wants, and what a unit in it counts more."""

    share: float
    bonus: float


@strawberry.input
class DiminishingReturnsInput:
    """What the first shares of communities and of subdistricts count more."""

    community: list[EarlySegmentInput] | None = None
    subdistrict: list[EarlySegmentInput] | None = None


@strawberry.input
class MatchPolicyInput:
    """What a run is to go by; what is left out is as by default. The weights add up to 1."""

    name: str | None = None
    weights: list[WeightInput] | None = None
    urgencies: list[UrgencyFactorInput] | None = None
    horizon_days: int | None = None
    max_km: float | None = None
    overlap_minutes: int | None = None
    allow_substitutes: bool | None = None
    effort: float | None = None
    keep: float | None = None
    floor_cost: float | None = None
    longest_cycle: int | None = None
    quotas: list[MatchQuotaInput] | None = None
    diminishing: DiminishingReturnsInput | None = None
    least_score: float | None = None


@strawberry.input
class RunMatchingInput:
    """For which area the orders are matched; all, where none is named (ADMIN only)."""

    idempotency_key: str
    area_id: strawberry.ID | None = None
    policy: MatchPolicyInput | None = None
    dry_run: bool = False


@strawberry.input
class StartMatchingInput:
    """For which area a run is started; all, where none is named (ADMIN only)."""

    idempotency_key: str
    area_id: strawberry.ID | None = None
    policy: MatchPolicyInput | None = None


@strawberry.input
class CancelMatchRunInput:
    """Which run is to end without proposals."""

    idempotency_key: str
    run_id: strawberry.ID


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
class RunMatchingPayload:
    """The run, its proposals written; or, of a dry run, what several policies would reach."""

    run_id: strawberry.Private[str | None]
    comparison: list[PolicyOutcome] | None = None

    @strawberry.field
    async def run(self, info: Info) -> MatchRun | None:
        """The run, read by this field's own selection."""
        return await read_node(info, "MatchRun", self.run_id) if self.run_id else None


@strawberry.type
class StartMatchingPayload:
    """The run that was started; its fields say how far it is."""

    run_id: strawberry.Private[str]

    @strawberry.field
    async def run(self, info: Info) -> MatchRun | None:
        """The run, read by this field's own selection."""
        return await read_node(info, "MatchRun", self.run_id)


@strawberry.type
class CancelMatchRunPayload:
    """The run after it was cancelled."""

    run_id: strawberry.Private[str]

    @strawberry.field
    async def run(self, info: Info) -> MatchRun | None:
        """The run, read by this field's own selection."""
        return await read_node(info, "MatchRun", self.run_id)


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
RunMatchingResult = Annotated[
    RunMatchingPayload | MatchingRunProblem, strawberry.union("RunMatchingResult")
]
StartMatchingResult = Annotated[
    StartMatchingPayload | MatchingRunProblem, strawberry.union("StartMatchingResult")
]
CancelMatchRunResult = Annotated[
    CancelMatchRunPayload | MatchingRunProblem, strawberry.union("CancelMatchRunResult")
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


def policy_of_input(given: MatchPolicyInput | None) -> Policy:
    """Return the policy that is asked for. Raises BadInput."""
    if given is None:
        return Policy()
    asked: dict[str, object] = {
        camel(name): value for name, value in vars(given).items() if value is not None
    }
    if given.weights is not None:
        asked["weights"] = {each.name: each.weight for each in given.weights}
    if given.urgencies is not None:
        asked["urgencies"] = {each.urgency.value: each.factor for each in given.urgencies}
    if given.quotas is not None:
        asked["quotas"] = [_quota(each) for each in given.quotas]
    if given.diminishing is not None:
        asked["diminishing"] = {
            level: [vars(segment) for segment in segments or ()]
            for level, segments in vars(given.diminishing).items()
        }
    return policy_of(asked)


def _quota(given: MatchQuotaInput) -> dict[str, object]:
    reference(given.agent_id, *AGENTS)
    return {"agentId": given.agent_id, "measure": given.measure, "most": given.most}


async def _run(info: Info, given: RunMatchingInput) -> RunMatchingPayload:
    context = info.context
    if given.dry_run:
        outcomes = await compare_policies(
            context.graph,
            viewer=context.viewer,
            area_id=optional_uid(given.area_id, "Area"),
            policy=policy_of_input(given.policy),
            clock=context.clock,
        )
        comparison = [policy_outcome(each) for each in outcomes]
        return RunMatchingPayload(run_id=None, comparison=comparison)
    run = await match_runs.run_matching(
        context.graph,
        viewer=context.viewer,
        area_id=optional_uid(given.area_id, "Area"),
        idempotency_key=given.idempotency_key,
        policy=policy_of_input(given.policy),
        clock=context.clock,
        ids=context.ids,
        working=context.working,
    )
    return RunMatchingPayload(run_id=run.id)


async def _start(info: Info, given: StartMatchingInput) -> StartMatchingPayload:
    context = info.context
    run = await match_runs.start_matching(
        context.graph,
        viewer=context.viewer,
        idempotency_key=given.idempotency_key,
        area_id=optional_uid(given.area_id, "Area"),
        policy=policy_of_input(given.policy),
        clock=context.clock,
        ids=context.ids,
    )
    return StartMatchingPayload(run_id=run.id)


async def _cancel(info: Info, given: CancelMatchRunInput) -> CancelMatchRunPayload:
    context = info.context
    run = await match_runs.cancel_run(
        context.graph,
        viewer=context.viewer,
        run_id=uid(given.run_id, "MatchRun"),
        idempotency_key=given.idempotency_key,
        clock=context.clock,
        ids=context.ids,
    )
    return CancelMatchRunPayload(run_id=run.id)


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
    """Matching runs and what becomes of their proposals."""

    @strawberry.mutation
    async def run_matching(
        self, info: Info, given: Annotated[RunMatchingInput, INPUT]
    ) -> RunMatchingResult:
        """Match the orders of an area with all offers, in one proven plan."""
        return await answer(info, _run(info, given))

    @strawberry.mutation
    async def start_matching(
        self, info: Info, given: Annotated[StartMatchingInput, INPUT]
    ) -> StartMatchingResult:
        """Begin to match the orders of an area, without waiting for it."""
        return await answer(info, _start(info, given))

    @strawberry.mutation
    async def cancel_match_run(
        self, info: Info, given: Annotated[CancelMatchRunInput, INPUT]
    ) -> CancelMatchRunResult:
        """End a run that is not over, without proposals."""
        return await answer(info, _cancel(info, given))

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
