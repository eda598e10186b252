"""Who may take which step of a claim, by the table of `domain.claims`. Pure.

The use cases decide by `entitled`, and what a caller is told that it may do is asked of the same
function.
"""

from datetime import datetime, timedelta

from domain.access import Viewer
from domain.claims import (
    TRANSITIONS,
    Actor,
    ClaimAction,
    ClaimPolicy,
    Party,
    Step,
    allowed,
    other,
    pending,
    sides_to_accept,
)
from domain.errors import BadInput, BoundByPackage, NotThisSide, TransitionRefused
from domain.records import Claim
from domain.vocabulary import ClaimState, Initiator, Side

SHOWN_IN = frozenset(
    {
        ClaimState.CONFIRMED,
        ClaimState.IN_PROGRESS,
        ClaimState.DELIVERED,
        ClaimState.DISPUTED,
    }
)
"""The states of a claim in which its supplier may add what shows the delivery."""


def may_attach(viewer: Viewer, supplier_id: str) -> bool:
    """Whether an account may add evidence to a claim: for its supplier, or as ADMIN."""
    return viewer.is_admin or viewer.acts_for(supplier_id)


def possible_actions(
    claim: Claim,
    actor: Actor,
    now: datetime,
    policy: ClaimPolicy,
    evaluated: frozenset[Side] = frozenset(),
) -> list[ClaimAction]:
    """Return the steps that the actor may take now, in the order of the table.

    What a step asks for besides (a reason, lines that fit) is seen when it is taken.
    """
    return [
        action
        for action in allowed(state_now(claim, now, policy))
        if any(
            _may(claim, Step(action, side=side), actor, now, policy, evaluated)
            for side in (None, *Side)
        )
    ]


def _may(
    claim: Claim,
    step: Step,
    actor: Actor,
    now: datetime,
    policy: ClaimPolicy,
    evaluated: frozenset[Side],
) -> bool:
    try:
        entitled(claim, step, actor, now, policy, evaluated)
    except (TransitionRefused, NotThisSide, BoundByPackage, BadInput):
        return False
    return True


def entitled(
    claim: Claim,
    step: Step,
    actor: Actor,
    now: datetime,
    policy: ClaimPolicy,
    evaluated: frozenset[Side],
) -> Side | None:
    """Return the side for which the actor may take the step; None for coordinator and system.

    Raises TransitionRefused, NotThisSide, BoundByPackage for what a package does not allow, and
    BadInput where it could be either side.
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
    if claim.in_package and step.action is ClaimAction.AMEND:
        raise BoundByPackage(action=step.action)
    if step.action is ClaimAction.EVALUATE and speaker in evaluated:
        raise _refused(step.action, state)
    return speaker


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
