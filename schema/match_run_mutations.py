"""Mutations of matching runs: make one by a policy, or start one and cancel it."""

from typing import Annotated

import strawberry

from domain.vocabulary import Urgency
from graph.records import camel
from matching.model import Policy
from matching.policies import policy_of
from resolvers import match_runs
from resolvers.pair_why import compare_policies
from schema.changes import INPUT, answer
from schema.context import Info
from schema.ids import AGENTS, optional_uid, reference, uid
from schema.problems import (
    MatchingRunProblem,
)
from schema.resolve import read_node
from schema.types.matching import MatchRun
from schema.types.plans import PolicyOutcome, policy_outcome
from schema.values import Long


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


RunMatchingResult = Annotated[
    RunMatchingPayload | MatchingRunProblem, strawberry.union("RunMatchingResult")
]
StartMatchingResult = Annotated[
    StartMatchingPayload | MatchingRunProblem, strawberry.union("StartMatchingResult")
]
CancelMatchRunResult = Annotated[
    CancelMatchRunPayload | MatchingRunProblem, strawberry.union("CancelMatchRunResult")
]


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


@strawberry.type
class MatchRunMutations:
    """Matching runs: one that is waited for, one that is started, and its end."""

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
