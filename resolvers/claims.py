"""Proposing a claim, and taking a step in its life.

Each is one transaction: the idempotency key, the account's grants as they are now, the locks on
all that is touched, the checks, the changes, and one event. What is refused changes nothing.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from domain.access import Viewer
from domain.availability import instant_text, parse_instant
from domain.claim_steps import apply
from domain.claims import ClaimAction, ClaimPolicy, Outcome, Step, Terms, expiry, pending
from domain.clock import Clock, system_clock
from domain.holds import Line, LineRequest, lines_of, settle
from domain.identity import derived_id, new_id
from domain.records import Claim, Evaluation
from domain.vocabulary import ClaimState, Initiator, Side
from graph import claims, events, items
from graph.claims import ClaimFile
from graph.driver import Graph, Transaction
from graph.events import Changes
from graph.idempotency import Repeatable
from resolvers.claims_common import (
    Call,
    LapsedHoldsError,
    actor_of,
    both_sides,
    caller_of,
    check_version,
    follow,
    fresh_viewer,
    open_with_package,
    refuse_strangers,
    run_claim_write,
)
from resolvers.claims_ledger import (
    Scene,
    check_partners,
    check_room,
    needs_room,
    with_ids,
    write_claim,
)
from resolvers.claims_propose import ProposeRequest, propose_in
from resolvers.claims_sweep import sweep_expired

__all__ = [
    "DEFAULT_POLICY",
    "ClaimAction",
    "ClaimPolicy",
    "LineRequest",
    "StepRequest",
    "propose",
    "sweep_expired",
    "take_step",
]

DEFAULT_POLICY = ClaimPolicy()


@dataclass(frozen=True, slots=True, kw_only=True)
class StepRequest:
    """A step as a client asks for it; which fields count depends on the action.

    `side` settles for which side an account speaks that speaks for both. `lines` are those of
    AMEND and ASK_RESCHEDULE; `note` goes with ASK_RESCHEDULE; `reason` with DECLINE, WITHDRAW,
    RETURN, ASK_CANCEL, CANCEL and DISPUTE; `quantity` and `evidence` with DELIVER (`quantity`
    with SETTLE too); `score` and `text` with EVALUATE.
    """

    action: ClaimAction
    side: Side | None = None
    reason: str | None = None
    lines: Sequence[LineRequest] = ()
    note: str | None = None
    quantity: int | None = None
    evidence: str | None = None
    score: int | None = None
    text: str | None = None


async def propose(
    graph: Graph,
    *,
    viewer: Viewer,
    initiator: Initiator,
    lines: Sequence[LineRequest],
    idempotency_key: str,
    order_id: str | None = None,
    offer_id: str | None = None,
    supplier_id: str | None = None,
    receiver_id: str | None = None,
    note: str | None = None,
    proposal_id: str | None = None,
    clock: Clock = system_clock,
    ids: Callable[[], str] = new_id,
    policy: ClaimPolicy = DEFAULT_POLICY,
) -> Claim:
    """Start a claim and return it: for an order, from an offer, or both.

    The receiver is the order's owner and the supplier the offer's; each has to be named only where
    there is no order or no offer. SUPPLIER and RECEIVER have accepted by proposing; COORDINATOR
    and MATCHER (with `proposal_id`, the proposal that is endorsed) leave both sides to accept.

    Raises the errors of `domain.errors.ClaimError`, NotFound, Forbidden, NotSignedIn and BadInput.
    """
    request = ProposeRequest(
        initiator=initiator,
        lines=tuple(lines),
        order_id=order_id,
        offer_id=offer_id,
        supplier_id=supplier_id,
        receiver_id=receiver_id,
        note=note,
        proposal_id=proposal_id,
    )
    call = _call(viewer, "claim.propose", idempotency_key, request.as_input(), clock, ids, policy)
    claim_id = ids()

    async def work(transaction: Transaction) -> Claim:
        return await propose_in(transaction, call, request, claim_id)

    return await run_claim_write(graph, call, work)


async def take_step(
    graph: Graph,
    claim_id: str,
    request: StepRequest,
    *,
    viewer: Viewer,
    idempotency_key: str,
    expected_version: int | None = None,
    clock: Clock = system_clock,
    ids: Callable[[], str] = new_id,
    policy: ClaimPolicy = DEFAULT_POLICY,
) -> Claim:
    """Take a step in the life of a claim and return the claim after it.

    `expected_version`, where it is given, is the claim's version that the caller has seen.

    Raises TransitionRefused, NotThisSide, VersionConflict, what a new set of lines may raise,
    NotFound, Forbidden, NotSignedIn and BadInput.
    """
    given = {"claimId": claim_id, "version": expected_version, **_step_input(request)}
    operation = f"claim.{request.action}"
    call = _call(viewer, operation, idempotency_key, given, clock, ids, policy)

    async def work(transaction: Transaction) -> Claim:
        return await _step_in(transaction, call, claim_id, request, expected_version)

    return await run_claim_write(graph, call, work)


def _call(
    viewer: Viewer,
    operation: str,
    idempotency_key: str,
    given: dict[str, Any],
    clock: Clock,
    ids: Callable[[], str],
    policy: ClaimPolicy,
) -> Call:
    account_id = caller_of(viewer)
    return Call(
        account_id=account_id,
        write=Repeatable(account_id, operation, idempotency_key, given),
        now=clock(),
        token=ids(),
        event_id=ids(),
        policy=policy,
    )


def _line_input(lines: Sequence[LineRequest]) -> list[list[Any]]:
    return [[line.quantity, line.slot.isoformat() if line.slot else None] for line in lines]


def _step_input(request: StepRequest) -> dict[str, Any]:
    return {
        "action": request.action,
        "side": request.side,
        "reason": request.reason,
        "lines": _line_input(request.lines),
        "note": request.note,
        "quantity": request.quantity,
        "evidence": request.evidence,
        "score": request.score,
        "text": request.text,
    }


async def _step_in(
    transaction: Transaction,
    call: Call,
    claim_id: str,
    request: StepRequest,
    expected_version: int | None,
) -> Claim:
    viewer = await fresh_viewer(transaction, call.account_id, call.now)
    opened, bound = await open_with_package(transaction, claim_id, call.token, call.now)
    scene, ends, before = opened.scene, opened.ends, opened.before
    supplier, receiver = await both_sides(transaction, ends.supplier_id, ends.receiver_id)
    actor = actor_of(viewer, supplier, receiver, before)
    refuse_strangers(viewer, actor, supplier, claim_id, request.action)
    others: frozenset[str] = bound.lapsed if bound else frozenset()
    if lapsed := scene.lapsed | others:
        raise LapsedHoldsError(lapsed)
    await check_version(transaction, "Claim", claim_id, expected_version, before.claim.version)
    step = _step(request, scene, before, call)
    outcome = apply(before.claim, step, actor, call.now, call.policy, before.evaluated)
    lines = _lines_after(before, step, outcome)
    claim, changes = await follow(transaction, outcome.claim, bound, call.token, call.now)
    if needs_room(scene, request.action, claim.state):
        check_room(scene, lines, call.now)
        await check_partners(transaction, scene, ends, claim_id)
    changes |= await write_claim(transaction, scene, ends, claim, lines, None, call.now)
    if outcome.side is not None:
        await claims.note_voice(transaction, claim_id, outcome.side, call.account_id)
    if request.action is ClaimAction.EVALUATE and outcome.side is not None:
        evaluation = await _evaluate(transaction, claim_id, request, outcome.side, call)
        events.add_changes(changes, evaluation)
    escalation = await _escalate(transaction, scene, claim, request.action, call)
    events.add_changes(changes, escalation)
    await events.write_event(
        transaction,
        events.event(call.event_id, call.now, call.account_id, f"CLAIM_{request.action}", changes),
    )
    return claim


def _step(request: StepRequest, scene: Scene, before: ClaimFile, call: Call) -> Step:
    """Return the step with its terms: new lines are checked against the offer as it is now."""
    order = scene.order.order if scene.order else None
    offer = scene.offer.offer if scene.offer else None
    wanted: Sequence[LineRequest] = ()
    asked: dict[str, Any] = {}
    if request.action in {ClaimAction.AMEND, ClaimAction.ASK_RESCHEDULE}:
        wanted = request.lines
    elif request.action is ClaimAction.CONSENT_RESCHEDULE:
        wanted = [
            LineRequest(quantity, parse_instant(slot) if slot else None)
            for quantity, slot in pending(before.claim).get("lines", [])
        ]
    terms: Terms | None = None
    if wanted:
        lines = lines_of(wanted, order, offer, call.now)
        terms = Terms(
            with_ids(lines, before.claim.id, before.claim.version + 1),
            expiry(call.now, call.policy, order, lines),
        )
    if request.action is ClaimAction.ASK_RESCHEDULE:
        asked = {
            "lines": [_line_text(line) for line in terms.lines] if terms else [],
            "note": request.note,
        }
    return Step(
        action=request.action,
        side=request.side,
        reason=request.reason,
        quantity=request.quantity,
        evidence=request.evidence,
        score=request.score,
        text=request.text,
        terms=terms,
        request=asked,
    )


def _line_text(line: Line) -> list[Any]:
    return [line.quantity, instant_text(line.slot.starts_at) if line.slot else None]


def _lines_after(before: ClaimFile, step: Step, outcome: Outcome) -> tuple[Line, ...]:
    after = outcome.claim
    if step.action in {ClaimAction.AMEND, ClaimAction.CONSENT_RESCHEDULE} and step.terms:
        return step.terms.lines
    completed = after.state is ClaimState.COMPLETED and before.claim.state is not after.state
    if completed and after.delivered_quantity is not None:
        return settle(before.lines, after.delivered_quantity)
    return before.lines


async def _evaluate(
    transaction: Transaction, claim_id: str, request: StepRequest, side: Side, call: Call
) -> Changes:
    evaluation = Evaluation(
        id=derived_id("Evaluation", claim_id, side),
        created_at=call.now,
        by=side,
        score=request.score or 0,
        text=request.text,
    )
    await claims.write_evaluation(transaction, claim_id, evaluation)
    return {evaluation.id: events.changes_between(None, evaluation)}


async def _escalate(
    transaction: Transaction, scene: Scene, after: Claim, action: ClaimAction, call: Call
) -> Changes:
    """Hand the order to the next higher coordinator after every second refusal of its suppliers."""
    dispatched = after.initiator in {Initiator.COORDINATOR, Initiator.MATCHER}
    given_up = action is ClaimAction.RETURN or (action is ClaimAction.DECLINE and dispatched)
    if scene.order is None or not given_up:
        return {}
    times = await items.times_given_up(transaction, scene.order.order.id)
    path = scene.order.escalated_path or scene.order.area_path or ""
    areas = [part for part in path.split("/") if part]
    if times % call.policy.escalate_after or len(areas) < 2:  # noqa: PLR2004 (itself and a parent)
        return {}
    await items.escalate(transaction, scene.order.order.id, areas[-2])
    former = areas[-1] if scene.order.escalated_path else None
    escalated = events.ChangedFields("DemandOrder", {"escalatedTo": [former, areas[-2]]})
    return {scene.order.order.id: escalated}
