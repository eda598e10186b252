"""Mutations of claims: one for each step, all with the same named result.

Every input carries an idempotency key: the same key with the same input gives the same claim
again. `expectedVersion` is the claim's version that the caller has seen; `side` settles for which
side an account speaks that speaks for both.
"""

from collections.abc import Awaitable
from datetime import datetime
from typing import Annotated

import strawberry

from domain.claims import ClaimAction
from domain.errors import BadInput
from domain.fit import Misfit, misfits
from domain.holds import LineRequest
from domain.vocabulary import Initiator, Side
from graph.fit import pair_of_claim
from resolvers import claims
from resolvers.claims import StepRequest
from schema.changes import INPUT, answer
from schema.context import Info
from schema.ids import AGENTS, optional_uid, uid
from schema.problems import ClaimProblem
from schema.resolve import read_node
from schema.types.claims import Claim
from schema.values import Long

strawberry.enum(Misfit)
VERSION_RENAMED = "Say expectedVersion, as for all other nodes; works until 2027-06-01"


@strawberry.type
class ClaimPayload:
    """The claim after the step."""

    claim_id: strawberry.Private[str]
    version: int

    @strawberry.field
    async def claim(self, info: Info) -> Claim | None:
        """The claim, read by this field's own selection."""
        return await read_node(info, "Claim", self.claim_id)

    @strawberry.field
    async def warnings(self, info: Info) -> list[Misfit]:
        """What does not suit about order and offer; the claim stands all the same."""
        pair = await pair_of_claim(info.context.graph, self.claim_id)
        return [] if pair is None else misfits(pair)


ClaimResult = Annotated[ClaimPayload | ClaimProblem, strawberry.union("ClaimResult")]
"""A claim, or what stood in the way."""


@strawberry.input
class ClaimLineInput:
    """A quantity in the smallest unit of the claim's measure, and the start of its slot if any."""

    quantity: Long
    slot: datetime | None = None


@strawberry.input
class ProposeClaimInput:
    """A claim for an order, from an offer, or both; sides are named where there is only one."""

    idempotency_key: str
    initiator: Initiator
    lines: list[ClaimLineInput]
    order_id: strawberry.ID | None = None
    offer_id: strawberry.ID | None = None
    supplier_id: strawberry.ID | None = None
    receiver_id: strawberry.ID | None = None
    note: str | None = None


@strawberry.input
class ClaimStepInput:
    """A step that needs nothing but the claim."""

    claim_id: strawberry.ID
    idempotency_key: str
    expected_version: int | None = None
    version: int | None = strawberry.field(default=None, deprecation_reason=VERSION_RENAMED)
    side: Side | None = None


@strawberry.input
class ClaimReasonInput(ClaimStepInput):
    """A step with a reason."""

    reason: str


@strawberry.input
class WithdrawClaimInput(ClaimStepInput):
    """A withdrawal, with a reason if one is given."""

    reason: str | None = None


@strawberry.input
class AmendClaimInput(ClaimStepInput):
    """A counter-proposal: the lines as they should be."""

    lines: list[ClaimLineInput]


@strawberry.input
class RescheduleClaimInput(ClaimStepInput):
    """A request for other slots of the same sum, or other words about when."""

    lines: list[ClaimLineInput] = strawberry.field(default_factory=list[ClaimLineInput])
    note: str | None = None


@strawberry.input
class DeliverClaimInput(ClaimStepInput):
    """What was delivered (all, where it is not said), and what shows it."""

    evidence: str
    quantity: Long | None = None


@strawberry.input
class SettleClaimInput(ClaimStepInput):
    """The end of a dispute as completed, with the quantity that counts as delivered."""

    quantity: Long | None = None


@strawberry.input
class EvaluateClaimInput(ClaimStepInput):
    """What a side says of the service: 1 to 5, and words."""

    score: int
    text: str | None = None


def _lines(lines: list[ClaimLineInput]) -> list[LineRequest]:
    return [LineRequest(line.quantity, line.slot) for line in lines]


async def _propose(info: Info, given: ProposeClaimInput) -> ClaimPayload:
    context = info.context
    with context.telemetry.claim_step(ClaimAction.PROPOSE):
        claim = await claims.propose(
            context.graph,
            viewer=context.viewer,
            initiator=given.initiator,
            lines=_lines(given.lines),
            idempotency_key=given.idempotency_key,
            order_id=optional_uid(given.order_id, "DemandOrder"),
            offer_id=optional_uid(given.offer_id, "ResourceOffer"),
            supplier_id=optional_uid(given.supplier_id, *AGENTS),
            receiver_id=optional_uid(given.receiver_id, *AGENTS),
            note=given.note,
            clock=context.clock,
            ids=context.ids,
            policy=context.claim_policy,
        )
    return ClaimPayload(claim_id=claim.id, version=claim.version)


def _expected_version(given: ClaimStepInput) -> int | None:
    """Return the version that the caller has seen, under either name. Raises BadInput for two."""
    named = {each for each in (given.expected_version, given.version) if each is not None}
    if len(named) > 1:
        raise BadInput(field="version", value=given.version, expected="expectedVersion")
    return next(iter(named), None)


async def _step(info: Info, given: ClaimStepInput, request: StepRequest) -> ClaimPayload:
    context = info.context
    with context.telemetry.claim_step(request.action):
        claim = await claims.take_step(
            context.graph,
            uid(given.claim_id, "Claim"),
            request,
            viewer=context.viewer,
            idempotency_key=given.idempotency_key,
            expected_version=_expected_version(given),
            clock=context.clock,
            ids=context.ids,
            policy=context.claim_policy,
        )
    return ClaimPayload(claim_id=claim.id, version=claim.version)


def _plain(info: Info, given: ClaimStepInput, action: ClaimAction) -> Awaitable[ClaimPayload]:
    return _step(info, given, StepRequest(action=action, side=given.side))


def _with_reason(
    info: Info, given: ClaimReasonInput, action: ClaimAction
) -> Awaitable[ClaimPayload]:
    return _step(info, given, StepRequest(action=action, side=given.side, reason=given.reason))


@strawberry.type
class ClaimMutations:
    """The life of a claim, step by step."""

    @strawberry.mutation
    async def propose_claim(
        self, info: Info, given: Annotated[ProposeClaimInput, INPUT]
    ) -> ClaimResult:
        """Start a claim: a unit claims a need, a community a resource, a coordinator dispatches."""
        return await answer(info, _propose(info, given))

    @strawberry.mutation
    async def amend_claim(
        self, info: Info, given: Annotated[AmendClaimInput, INPUT]
    ) -> ClaimResult:
        """Propose other lines: accepted by who amends, open again for the other side."""
        request = StepRequest(action=ClaimAction.AMEND, side=given.side, lines=_lines(given.lines))
        return await answer(info, _step(info, given, request))

    @strawberry.mutation
    async def accept_claim(
        self, info: Info, given: Annotated[ClaimStepInput, INPUT]
    ) -> ClaimResult:
        """Accept for a side; the second acceptance confirms."""
        return await answer(info, _plain(info, given, ClaimAction.ACCEPT))

    @strawberry.mutation
    async def decline_claim(
        self, info: Info, given: Annotated[ClaimReasonInput, INPUT]
    ) -> ClaimResult:
        """Decline, as a side that has not accepted."""
        return await answer(info, _with_reason(info, given, ClaimAction.DECLINE))

    @strawberry.mutation
    async def withdraw_claim(
        self, info: Info, given: Annotated[WithdrawClaimInput, INPUT]
    ) -> ClaimResult:
        """Take a proposal back, as who started it."""
        request = StepRequest(action=ClaimAction.WITHDRAW, side=given.side, reason=given.reason)
        return await answer(info, _step(info, given, request))

    @strawberry.mutation
    async def ask_to_reschedule_claim(
        self, info: Info, given: Annotated[RescheduleClaimInput, INPUT]
    ) -> ClaimResult:
        """Ask the other side for other slots of the same sum."""
        request = StepRequest(
            action=ClaimAction.ASK_RESCHEDULE,
            side=given.side,
            lines=_lines(given.lines),
            note=given.note,
        )
        return await answer(info, _step(info, given, request))

    @strawberry.mutation
    async def consent_to_reschedule_claim(
        self, info: Info, given: Annotated[ClaimStepInput, INPUT]
    ) -> ClaimResult:
        """Consent to the slots that the other side asks for."""
        return await answer(info, _plain(info, given, ClaimAction.CONSENT_RESCHEDULE))

    @strawberry.mutation
    async def start_claim(self, info: Info, given: Annotated[ClaimStepInput, INPUT]) -> ClaimResult:
        """Say that the work has begun, as the supplier; it may be left out."""
        return await answer(info, _plain(info, given, ClaimAction.START))

    @strawberry.mutation
    async def deliver_claim(
        self, info: Info, given: Annotated[DeliverClaimInput, INPUT]
    ) -> ClaimResult:
        """Say what was delivered, as the supplier."""
        request = StepRequest(
            action=ClaimAction.DELIVER,
            side=given.side,
            quantity=given.quantity,
            evidence=given.evidence,
        )
        return await answer(info, _step(info, given, request))

    @strawberry.mutation
    async def return_claim(
        self, info: Info, given: Annotated[ClaimReasonInput, INPUT]
    ) -> ClaimResult:
        """Give a confirmed claim back, as the supplier."""
        return await answer(info, _with_reason(info, given, ClaimAction.RETURN))

    @strawberry.mutation
    async def ask_to_cancel_claim(
        self, info: Info, given: Annotated[ClaimReasonInput, INPUT]
    ) -> ClaimResult:
        """Ask the other side to cancel."""
        return await answer(info, _with_reason(info, given, ClaimAction.ASK_CANCEL))

    @strawberry.mutation
    async def consent_to_cancel_claim(
        self, info: Info, given: Annotated[ClaimStepInput, INPUT]
    ) -> ClaimResult:
        """Consent to the cancellation that the other side asks for."""
        return await answer(info, _plain(info, given, ClaimAction.CONSENT_CANCEL))

    @strawberry.mutation
    async def cancel_claim(
        self, info: Info, given: Annotated[ClaimReasonInput, INPUT]
    ) -> ClaimResult:
        """Cancel, as the coordinator."""
        return await answer(info, _with_reason(info, given, ClaimAction.CANCEL))

    @strawberry.mutation
    async def verify_claim(
        self, info: Info, given: Annotated[ClaimStepInput, INPUT]
    ) -> ClaimResult:
        """Verify the delivery, as the receiver; as the coordinator after the stated days."""
        return await answer(info, _plain(info, given, ClaimAction.COMPLETE))

    @strawberry.mutation
    async def dispute_claim(
        self, info: Info, given: Annotated[ClaimReasonInput, INPUT]
    ) -> ClaimResult:
        """Dispute the delivery, as the receiver."""
        return await answer(info, _with_reason(info, given, ClaimAction.DISPUTE))

    @strawberry.mutation
    async def settle_claim(
        self, info: Info, given: Annotated[SettleClaimInput, INPUT]
    ) -> ClaimResult:
        """End a dispute as completed, as the coordinator."""
        request = StepRequest(action=ClaimAction.SETTLE, side=given.side, quantity=given.quantity)
        return await answer(info, _step(info, given, request))

    @strawberry.mutation
    async def reopen_claim(
        self, info: Info, given: Annotated[ClaimStepInput, INPUT]
    ) -> ClaimResult:
        """Send a disputed claim back to work, as the coordinator."""
        return await answer(info, _plain(info, given, ClaimAction.REOPEN))

    @strawberry.mutation
    async def evaluate_claim(
        self, info: Info, given: Annotated[EvaluateClaimInput, INPUT]
    ) -> ClaimResult:
        """Say how the service was, once for each side."""
        request = StepRequest(
            action=ClaimAction.EVALUATE,
            side=given.side,
            score=given.score,
            text=given.text,
        )
        return await answer(info, _step(info, given, request))
