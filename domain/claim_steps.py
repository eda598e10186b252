"""Taking steps in the life of a claim, by the table of `domain.claims`. Pure."""

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from domain.claim_rights import entitled
from domain.claims import (
    CLOSED,
    Actor,
    ClaimAction,
    ClaimPolicy,
    Outcome,
    Step,
    Terms,
    pending,
)
from domain.errors import BadInput, NotThisSide
from domain.records import Claim
from domain.vocabulary import ClaimState, Initiator, Side
from domain.written import is_text, quoted, text_up_to

MAX_TEXT = 2000
BEST_SCORE = 5


def propose(
    claim_id: str,
    initiator: Initiator,
    actor: Actor,
    terms: Terms,
    measure: str,
    now: datetime,
    note: str | None = None,
) -> Outcome:
    """Return a new claim, accepted by the side that starts it; a dispatch by nobody.

    Raises NotThisSide when the actor may not start it so, BadInput for an impossible note.
    """
    started_by = {Initiator.SUPPLIER: Side.SUPPLIER, Initiator.RECEIVER: Side.RECEIVER}
    side = started_by.get(initiator)
    entitled = actor.coordinator if side is None else side in actor.may_speak_for
    if not entitled:
        raise NotThisSide(action=ClaimAction.PROPOSE)
    claim = Claim(
        id=claim_id,
        created_at=now,
        initiator=initiator,
        state=ClaimState.PROPOSED,
        quantity=terms.quantity,
        offer_quantity=terms.offer_quantity,
        measure=measure,
        note=_text("note", note),
        expires_at=terms.expires_at,
        supplier_accepted_at=now if side is Side.SUPPLIER else None,
        receiver_accepted_at=now if side is Side.RECEIVER else None,
    )
    return Outcome(claim, side)


def apply(
    claim: Claim,
    step: Step,
    actor: Actor,
    now: datetime,
    policy: ClaimPolicy,
    evaluated: frozenset[Side] = frozenset(),
) -> Outcome:
    """Take a step; `evaluated` are the sides that have evaluated already.

    Raises TransitionRefused for what the table does not have from this state (or not yet),
    NotThisSide when the actor may not take the step, BoundByPackage for what a package does not
    allow, BadInput for what the step lacks. The claim that is passed in never changes.
    """
    speaker = entitled(claim, step, actor, now, policy, evaluated)
    changed = _EFFECTS[step.action](_Situation(claim, step, speaker, now, policy, evaluated))
    closed_at = now if changed.state in CLOSED and claim.closed_at is None else claim.closed_at
    return Outcome(replace(changed, closed_at=closed_at, version=claim.version + 1), speaker)


@dataclass(frozen=True, slots=True)
class _Situation:
    claim: Claim
    step: Step
    speaker: Side | None
    now: datetime
    policy: ClaimPolicy
    evaluated: frozenset[Side]


def _text(name: str, value: str | None) -> str | None:
    """Return what somebody wrote without the space around it, None for nothing."""
    written = value.strip() if value else ""
    if not (len(written) <= MAX_TEXT and is_text(written)):
        raise BadInput(field=name, value=quoted(written), expected=text_up_to(MAX_TEXT))
    return written or None


def _needed(name: str, value: str | None) -> str:
    written = _text(name, value)
    if written is None:
        raise BadInput(field=name, value="", expected="text")
    return written


def _delivered(claim: Claim, quantity: int | None, otherwise: int | None) -> int:
    """Return the delivered quantity: what is said, else what is known, else all."""
    if quantity is None:
        return claim.quantity if otherwise is None else otherwise
    if not 0 < quantity <= claim.quantity:
        raise BadInput(field="quantity", value=quantity, expected=f"1..{claim.quantity}")
    return quantity


def _terms(step: Step) -> Terms:
    if step.terms is None:
        raise BadInput(field="lines", value=0, expected=">= 1")
    return step.terms


def _accept(at: _Situation) -> Claim:
    supplier = at.now if at.speaker is Side.SUPPLIER else at.claim.supplier_accepted_at
    receiver = at.now if at.speaker is Side.RECEIVER else at.claim.receiver_accepted_at
    # A claim of a package waits for the others (`domain.packages`).
    both = supplier is not None and receiver is not None and not at.claim.in_package
    return replace(
        at.claim,
        supplier_accepted_at=supplier,
        receiver_accepted_at=receiver,
        state=ClaimState.CONFIRMED if both else ClaimState.PROPOSED,
        confirmed_at=at.now if both else None,
    )


def _amend(at: _Situation) -> Claim:
    terms = _terms(at.step)
    return replace(
        at.claim,
        quantity=terms.quantity,
        offer_quantity=terms.offer_quantity,
        expires_at=terms.expires_at,
        supplier_accepted_at=at.now if at.speaker is Side.SUPPLIER else None,
        receiver_accepted_at=at.now if at.speaker is Side.RECEIVER else None,
    )


def _decline(at: _Situation) -> Claim:
    return replace(at.claim, state=ClaimState.DECLINED, reason=_needed("reason", at.step.reason))


def _withdraw(at: _Situation) -> Claim:
    return replace(at.claim, state=ClaimState.WITHDRAWN, reason=_text("reason", at.step.reason))


def _expire(at: _Situation) -> Claim:
    return replace(at.claim, state=ClaimState.EXPIRED)


def _ask(at: _Situation) -> Claim:
    request = {"action": at.step.action, "by": at.speaker, **at.step.request}
    if at.step.action is ClaimAction.ASK_CANCEL:
        request["reason"] = _needed("reason", at.step.reason)
    else:
        request["note"] = _text("note", at.step.request.get("note"))
        _check_same_sum(at)
        if at.step.terms is None and request["note"] is None:
            raise BadInput(field="lines", value=0, expected="lines | note")
    return replace(
        at.claim,
        pending_request=json.dumps(request, ensure_ascii=False, separators=(",", ":")),
    )


def _check_same_sum(at: _Situation) -> None:
    """Refuse other quantities: a reschedule is about when."""
    if at.step.terms is not None and at.step.terms.quantity != at.claim.quantity:
        expected = str(at.claim.quantity)
        raise BadInput(field="lines", value=at.step.terms.quantity, expected=expected)


def _consent_reschedule(at: _Situation) -> Claim:
    _check_same_sum(at)
    terms = at.step.terms
    note = pending(at.claim).get("note")
    return replace(
        at.claim,
        offer_quantity=at.claim.offer_quantity if terms is None else terms.offer_quantity,
        note=note if note is not None else at.claim.note,
        pending_request=None,
    )


def _start(at: _Situation) -> Claim:
    keeps = pending(at.claim).get("action") == ClaimAction.ASK_CANCEL
    return replace(
        at.claim,
        state=ClaimState.IN_PROGRESS,
        pending_request=at.claim.pending_request if keeps else None,
    )


def _deliver(at: _Situation) -> Claim:
    return replace(
        at.claim,
        state=ClaimState.DELIVERED,
        delivered_at=at.now,
        delivered_quantity=_delivered(at.claim, at.step.quantity, None),
        evidence=_needed("evidence", at.step.evidence),
        pending_request=None,
    )


def _return(at: _Situation) -> Claim:
    reason = _needed("reason", at.step.reason)
    return replace(at.claim, state=ClaimState.RETURNED, reason=reason, pending_request=None)


def _consent_cancel(at: _Situation) -> Claim:
    reason = pending(at.claim)["reason"]
    return replace(at.claim, state=ClaimState.CANCELLED, reason=reason, pending_request=None)


def _cancel(at: _Situation) -> Claim:
    reason = _needed("reason", at.step.reason)
    return replace(at.claim, state=ClaimState.CANCELLED, reason=reason, pending_request=None)


def _complete(at: _Situation) -> Claim:
    return replace(at.claim, state=ClaimState.COMPLETED, completed_at=at.now)


def _dispute(at: _Situation) -> Claim:
    return replace(at.claim, state=ClaimState.DISPUTED, reason=_needed("reason", at.step.reason))


def _settle(at: _Situation) -> Claim:
    return replace(
        at.claim,
        state=ClaimState.COMPLETED,
        completed_at=at.now,
        delivered_quantity=_delivered(at.claim, at.step.quantity, at.claim.delivered_quantity),
    )


def _reopen(at: _Situation) -> Claim:
    return replace(
        at.claim,
        state=ClaimState.IN_PROGRESS,
        delivered_at=None,
        delivered_quantity=None,
        evidence=None,
    )


def _evaluate(at: _Situation) -> Claim:
    if at.step.score is None or not 1 <= at.step.score <= BEST_SCORE:
        raise BadInput(field="score", value=at.step.score, expected=f"1..{BEST_SCORE}")
    _text("text", at.step.text)
    return replace(at.claim, state=ClaimState.EVALUATED if at.evaluated else ClaimState.COMPLETED)


def _close(at: _Situation) -> Claim:
    return replace(at.claim, state=ClaimState.EVALUATED)


_EFFECTS: dict[ClaimAction, Callable[[_Situation], Claim]] = {
    ClaimAction.AMEND: _amend,
    ClaimAction.ACCEPT: _accept,
    ClaimAction.DECLINE: _decline,
    ClaimAction.WITHDRAW: _withdraw,
    ClaimAction.EXPIRE: _expire,
    ClaimAction.ASK_RESCHEDULE: _ask,
    ClaimAction.CONSENT_RESCHEDULE: _consent_reschedule,
    ClaimAction.START: _start,
    ClaimAction.DELIVER: _deliver,
    ClaimAction.RETURN: _return,
    ClaimAction.ASK_CANCEL: _ask,
    ClaimAction.CONSENT_CANCEL: _consent_cancel,
    ClaimAction.CANCEL: _cancel,
    ClaimAction.COMPLETE: _complete,
    ClaimAction.DISPUTE: _dispute,
    ClaimAction.SETTLE: _settle,
    ClaimAction.REOPEN: _reopen,
    ClaimAction.EVALUATE: _evaluate,
    ClaimAction.CLOSE: _close,
}
