"""The claim machine: which step leads from which state to which, and who may take it. Pure.

A claim binds one supplier and one receiver. Acceptance is two facts; the second confirms. The
table `TRANSITIONS` is the whole machine: what it does not list is refused. `domain.claim_steps`
takes the steps.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from domain.holds import Line, end_of
from domain.records import Claim, DemandOrder
from domain.vocabulary import ClaimState, Side, Vocabulary


class ClaimAction(Vocabulary):
    """A step in the life of a claim."""

    PROPOSE = "PROPOSE"
    AMEND = "AMEND"
    ACCEPT = "ACCEPT"
    DECLINE = "DECLINE"
    WITHDRAW = "WITHDRAW"
    EXPIRE = "EXPIRE"
    ASK_RESCHEDULE = "ASK_RESCHEDULE"
    CONSENT_RESCHEDULE = "CONSENT_RESCHEDULE"
    START = "START"
    DELIVER = "DELIVER"
    RETURN = "RETURN"
    ASK_CANCEL = "ASK_CANCEL"
    CONSENT_CANCEL = "CONSENT_CANCEL"
    CANCEL = "CANCEL"
    COMPLETE = "COMPLETE"
    DISPUTE = "DISPUTE"
    SETTLE = "SETTLE"
    REOPEN = "REOPEN"
    EVALUATE = "EVALUATE"
    CLOSE = "CLOSE"


class Party(Vocabulary):
    """Who may take a step."""

    INITIATOR = "INITIATOR"
    SUPPLIER = "SUPPLIER"
    RECEIVER = "RECEIVER"
    EITHER_SIDE = "EITHER_SIDE"
    SIDE_TO_ACCEPT = "SIDE_TO_ACCEPT"
    SIDE_ASKED = "SIDE_ASKED"
    COORDINATOR = "COORDINATOR"
    SYSTEM = "SYSTEM"


@dataclass(frozen=True, slots=True)
class Transition:
    """A line of the table; a claim that does not exist yet has no source."""

    source: ClaimState | None
    target: ClaimState
    action: ClaimAction
    by: Party


def _table() -> tuple[Transition, ...]:
    states, actions, parties = ClaimState, ClaimAction, Party
    proposed, confirmed = states.PROPOSED, states.CONFIRMED
    rows = [
        (None, proposed, actions.PROPOSE, parties.INITIATOR),
        (proposed, proposed, actions.AMEND, parties.EITHER_SIDE),
        (proposed, proposed, actions.ACCEPT, parties.SIDE_TO_ACCEPT),
        (proposed, confirmed, actions.ACCEPT, parties.SIDE_TO_ACCEPT),
        (proposed, states.DECLINED, actions.DECLINE, parties.SIDE_TO_ACCEPT),
        (proposed, states.WITHDRAWN, actions.WITHDRAW, parties.INITIATOR),
        (proposed, states.EXPIRED, actions.EXPIRE, parties.SYSTEM),
        (confirmed, confirmed, actions.ASK_RESCHEDULE, parties.EITHER_SIDE),
        (confirmed, confirmed, actions.CONSENT_RESCHEDULE, parties.SIDE_ASKED),
        (confirmed, states.IN_PROGRESS, actions.START, parties.SUPPLIER),
        (states.DELIVERED, states.COMPLETED, actions.COMPLETE, parties.RECEIVER),
        (states.DELIVERED, states.COMPLETED, actions.COMPLETE, parties.COORDINATOR),
        (states.DELIVERED, states.DISPUTED, actions.DISPUTE, parties.RECEIVER),
        (states.DISPUTED, states.COMPLETED, actions.SETTLE, parties.COORDINATOR),
        (states.DISPUTED, states.IN_PROGRESS, actions.REOPEN, parties.COORDINATOR),
        (states.COMPLETED, states.COMPLETED, actions.EVALUATE, parties.EITHER_SIDE),
        (states.COMPLETED, states.EVALUATED, actions.EVALUATE, parties.EITHER_SIDE),
        (states.COMPLETED, states.EVALUATED, actions.CLOSE, parties.SYSTEM),
    ]
    for working in (confirmed, states.IN_PROGRESS):
        rows += [
            (working, states.DELIVERED, actions.DELIVER, parties.SUPPLIER),
            (working, states.RETURNED, actions.RETURN, parties.SUPPLIER),
            (working, working, actions.ASK_CANCEL, parties.EITHER_SIDE),
            (working, states.CANCELLED, actions.CONSENT_CANCEL, parties.SIDE_ASKED),
            (working, states.CANCELLED, actions.CANCEL, parties.COORDINATOR),
        ]
    return tuple(Transition(*row) for row in rows)


TRANSITIONS = _table()

LIVE = frozenset(
    {
        ClaimState.PROPOSED,
        ClaimState.CONFIRMED,
        ClaimState.IN_PROGRESS,
        ClaimState.DELIVERED,
        ClaimState.DISPUTED,
    }
)
"""States of claims that are still under way."""

TAKEN = frozenset(
    {
        ClaimState.CONFIRMED,
        ClaimState.IN_PROGRESS,
        ClaimState.DELIVERED,
        ClaimState.COMPLETED,
        ClaimState.EVALUATED,
        ClaimState.DISPUTED,
    }
)
"""States of claims that both sides have accepted."""

REMEMBERED = frozenset({ClaimState.DECLINED, ClaimState.RETURNED})
"""Ends after which the matcher does not propose the supplier for that order again unless asked."""

CLOSED = frozenset(
    {
        ClaimState.DECLINED,
        ClaimState.WITHDRAWN,
        ClaimState.EXPIRED,
        ClaimState.RETURNED,
        ClaimState.CANCELLED,
        ClaimState.EVALUATED,
    }
)
"""States from which nothing leads on."""


@dataclass(frozen=True, slots=True)
class ClaimPolicy:
    """The times and limits of claims, which a hub may set."""

    answer_hours: int = 72
    open_proposals_per_agent: int = 50
    verification_days: int = 7
    evaluation_days: int = 14
    idempotency_days: int = 30
    escalate_after: int = 2


@dataclass(frozen=True, slots=True)
class Actor:
    """Who takes a step, as seen from one claim.

    `sides` are those for which the account may speak now; `spoken` those for which it has spoken
    before on this claim: it never speaks for the other. `initiator` says that the account started
    this claim as coordinator.
    """

    sides: frozenset[Side] = frozenset()
    spoken: frozenset[Side] = frozenset()
    coordinator: bool = False
    initiator: bool = False
    system: bool = False

    @property
    def may_speak_for(self) -> frozenset[Side]:
        """The sides for which the account may still speak on this claim."""
        return self.sides & self.spoken if self.spoken else self.sides


THE_SYSTEM = Actor(system=True)


@dataclass(frozen=True, slots=True)
class Terms:
    """The lines of a claim and what follows from them."""

    lines: tuple[Line, ...]
    expires_at: datetime

    @property
    def quantity(self) -> int:
        """The sum of the lines in the claim's measure."""
        return sum(line.quantity for line in self.lines)

    @property
    def offer_quantity(self) -> int | None:
        """The sum of the lines in the offer's measure, None without an offer."""
        found = [line.offer_quantity for line in self.lines if line.offer_quantity is not None]
        return sum(found) if found else None


@dataclass(frozen=True, slots=True)
class Step:
    """A step that somebody wants to take; which fields count depends on the action.

    `side` settles for which side an account speaks that could speak for either. `terms` are the
    new lines of AMEND, or of CONSENT_RESCHEDULE as they were asked for. `quantity` is what was
    delivered (all, where it is not said). `request` is what ASK_RESCHEDULE asks for.
    """

    action: ClaimAction
    side: Side | None = None
    reason: str | None = None
    quantity: int | None = None
    evidence: str | None = None
    score: int | None = None
    text: str | None = None
    terms: Terms | None = None
    request: Mapping[str, Any] = field(default_factory=dict[str, Any])


@dataclass(frozen=True, slots=True)
class Outcome:
    """The claim after a step, and the side for which the account spoke, if for one."""

    claim: Claim
    side: Side | None


def allowed(state: ClaimState | None) -> list[ClaimAction]:
    """Return the actions that the table has from a state, in its order."""
    return list(dict.fromkeys(row.action for row in TRANSITIONS if row.source is state))


def expiry(
    now: datetime, policy: ClaimPolicy, order: DemandOrder | None, lines: tuple[Line, ...]
) -> datetime:
    """Return when a proposal lapses: after its hours, the order's deadline, at its first slot."""
    ends = [now + timedelta(hours=policy.answer_hours)]
    if order is not None and order.deadline is not None:
        ends.append(end_of(order.deadline, order.time_zone))
    ends += [line.slot.starts_at for line in lines if line.slot is not None]
    return min(ends)


def other(side: Side) -> Side:
    """Return the side across."""
    return Side.RECEIVER if side is Side.SUPPLIER else Side.SUPPLIER


def sides_to_accept(claim: Claim) -> frozenset[Side]:
    """Return the sides that have not accepted the claim as it stands."""
    accepted = {
        Side.SUPPLIER: claim.supplier_accepted_at,
        Side.RECEIVER: claim.receiver_accepted_at,
    }
    return frozenset(side for side, at in accepted.items() if at is None)


def pending(claim: Claim) -> dict[str, Any]:
    """Return what one side has asked for and the other not yet consented to, {} for nothing."""
    return json.loads(claim.pending_request) if claim.pending_request else {}
