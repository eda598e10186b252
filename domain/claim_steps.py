"""Taking steps in the life of a claim, by the table of `domain.claims`. Pure."""

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from domain.claims import (
    CLOSED,
    TRANSITIONS,
    Actor,
    ClaimAction,
    ClaimPolicy,
    Outcome,
    Party,
    Step,
    Terms,
    allowed,
    other,
    pending,
    sides_to_accept,
)
from domain.errors import BadInput, NotThisSide, TransitionRefused
from domain.records import Claim
from domain.vocabulary import ClaimState, Initiator, Side

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
    NotThisSide when the actor may not take the step, BadInput for what the step lacks. The claim
    that is passed in never changes.
    """
    state = claim.state
    if actor.system:
        if state_now(claim, now, policy) is state:
            raise _refused(step.action, state)
    else:
        state = state_now(claim, now, policy)
    parties = {row.by for row in TRANSITIONS if row.source is state and row.action is step.action}
    if not parties or step.action is ClaimAction.PROPOSE:
        raise _refused(step.action, state)
    speaker = _speaker(claim, step, actor, parties, now, policy)
    changed = _EFFECTS[step.action](_Situation(claim, step, speaker, now, policy, evaluated))
    closed_at = now if changed.state in CLOSED and claim.closed_at is None else claim.closed_at
    return Outcome(replace(changed, closed_at=closed_at, version=claim.version + 1), speaker)


def state_now(claim: Claim, now: datetime, policy: ClaimPolicy) -> ClaimState:
    """Return the state that a claim has at this time, whether or not the system has written it."""
    if claim.state is ClaimState.PROPOSED and claim.expires_at <= now:
        return ClaimState.EXPIRED
    if claim.state is ClaimState.COMPLETED and claim.completed_at is not None:
        over = claim.completed_at + timedelta(days=policy.evaluation_days)
        return ClaimState.EVALUATED if over <= now else claim.state
    return claim.state


def _refused(action: ClaimAction, state: ClaimState) -> TransitionRefused:
    return TransitionRefused(action=action, state=state, allowed=allowed(state))


def _speaker(
    claim: Claim,
    step: Step,
    actor: Actor,
    parties: set[Party],
    now: datetime,
    policy: ClaimPolicy,
) -> Side | None:
    """Return the side for which the actor takes the step, None for coordinator and system."""
    if Party.SYSTEM in parties and actor.system:
        return None
    sides = _sides(claim, step, parties) & actor.may_speak_for
    if step.side is not None:
        sides &= {step.side}
    if len(sides) > 1:
        raise BadInput(field="side", value=None, expected="SUPPLIER | RECEIVER")
    if sides:
        return next(iter(sides))
    if step.side is None and _as_coordinator(claim, step, actor, parties, now, policy):
        return None
    raise NotThisSide(action=step.action)


def _sides(claim: Claim, step: Step, parties: set[Party]) -> frozenset[Side]:
    started = {Initiator.SUPPLIER: Side.SUPPLIER, Initiator.RECEIVER: Side.RECEIVER}
    found: set[Side] = set()
    for party in parties:
        match party:
            case Party.SUPPLIER:
                found.add(Side.SUPPLIER)
            case Party.RECEIVER:
                found.add(Side.RECEIVER)
            case Party.EITHER_SIDE:
                found.update(Side)
            case Party.SIDE_TO_ACCEPT:
                found.update(sides_to_accept(claim))
            case Party.SIDE_ASKED:
                found.add(_asked(claim, step))
            case Party.INITIATOR:
                found.update({started[claim.initiator]} if claim.initiator in started else ())
            case Party.COORDINATOR | Party.SYSTEM:
                pass
    return frozenset(found)


def _asked(claim: Claim, step: Step) -> Side:
    """Return the side whose consent is asked for; refuse where nothing was asked."""
    request = pending(claim)
    asked_for = {
        ClaimAction.CONSENT_RESCHEDULE: ClaimAction.ASK_RESCHEDULE,
        ClaimAction.CONSENT_CANCEL: ClaimAction.ASK_CANCEL,
    }[step.action]
    if request.get("action") != asked_for:
        raise _refused(step.action, claim.state)
    return other(Side(request["by"]))


def _as_coordinator(
    claim: Claim,
    step: Step,
    actor: Actor,
    parties: set[Party],
    now: datetime,
    policy: ClaimPolicy,
) -> bool:
    """Whether the actor may take the step as coordinator; never as judge in its own matter."""
    if not actor.coordinator:
        return False
    concerned = bool(actor.sides or actor.spoken)
    if Party.INITIATOR in parties:
        return actor.initiator and claim.initiator in {Initiator.COORDINATOR, Initiator.MATCHER}
    if Party.COORDINATOR not in parties:
        return False
    if step.action is ClaimAction.COMPLETE:
        since = claim.delivered_at or now
        return not concerned and now >= since + timedelta(days=policy.verification_days)
    return step.action is ClaimAction.CANCEL or not concerned


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
    if len(written) > MAX_TEXT:
        raise BadInput(field=name, value=len(written), expected=f"<= {MAX_TEXT}")
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
    both = supplier is not None and receiver is not None
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
    if at.speaker in at.evaluated:
        raise _refused(at.step.action, at.claim.state)
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
