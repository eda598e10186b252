"""The claim machine, step by step: what the table has happens, everything else is refused."""

import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import product
from typing import Any

import pytest

from domain.availability import SlotTime
from domain.claim_rights import possible_actions, state_now
from domain.claim_steps import apply, propose
from domain.claims import (
    CLOSED,
    LIVE,
    THE_SYSTEM,
    TRANSITIONS,
    Actor,
    ClaimAction,
    ClaimPolicy,
    Party,
    Step,
    Terms,
    Transition,
    expiry,
)
from domain.errors import BadInput, NotThisSide, TransitionRefused
from domain.holds import Line
from domain.records import Claim, DemandOrder
from domain.vocabulary import ClaimState, Initiator, Side

NOW = datetime(2026, 5, 4, 2, 0, tzinfo=UTC)
POLICY = ClaimPolicy()
SUPPLIER = Actor(sides=frozenset({Side.SUPPLIER}))
RECEIVER = Actor(sides=frozenset({Side.RECEIVER}))
COORDINATOR = Actor(coordinator=True)
BOTH = Actor(sides=frozenset(Side))
STRANGER = Actor()
LATE = NOW + timedelta(days=POLICY.verification_days)
OVER = NOW + timedelta(days=POLICY.evaluation_days)


def claim(state: ClaimState = ClaimState.PROPOSED, **values: Any) -> Claim:
    given: dict[str, Any] = {
        "initiator": Initiator.SUPPLIER,
        "quantity": 10,
        "measure": "PERSON",
        "expires_at": NOW + timedelta(hours=72),
        "supplier_accepted_at": NOW,
    }
    if state not in {ClaimState.PROPOSED, ClaimState.DECLINED}:
        given["receiver_accepted_at"] = NOW
    if state in {ClaimState.DELIVERED, ClaimState.DISPUTED}:
        given |= {"delivered_at": NOW, "delivered_quantity": 8, "evidence": "photo"}
    if state in {ClaimState.COMPLETED, ClaimState.EVALUATED}:
        given |= {"delivered_quantity": 8, "completed_at": NOW}
    return Claim(id="claim", created_at=NOW, state=state, **(given | values))


def terms(quantity: int = 10) -> Terms:
    return Terms((Line(quantity=quantity),), NOW + timedelta(hours=50))


def step(action: ClaimAction, **values: Any) -> Step:
    """Return a step that lacks nothing."""
    given: dict[str, Any] = {"reason": "why", "evidence": "photo", "score": 5, "terms": terms()}
    return Step(action=action, **(given | values))


def asking(state: ClaimState, action: ClaimAction, by: Side) -> Claim:
    request = {"action": action, "by": by, "reason": "why", "lines": [[10, None]]}
    return claim(state, pending_request=json.dumps(request))


ASKED = {
    ClaimAction.CONSENT_RESCHEDULE: ClaimAction.ASK_RESCHEDULE,
    ClaimAction.CONSENT_CANCEL: ClaimAction.ASK_CANCEL,
}


@pytest.mark.parametrize(("state", "action"), list(product(ClaimState, ClaimAction)), ids=str)
def test_only_the_table_leads_on(state: ClaimState, action: ClaimAction) -> None:
    """Whoever asks: a step from a state is possible exactly if the table has it."""
    listed = {row.target for row in TRANSITIONS if (row.source, row.action) == (state, action)}
    reached: set[ClaimState] = set()
    refusals: set[str] = set()
    for actor, now in product((SUPPLIER, RECEIVER, COORDINATOR, THE_SYSTEM), (NOW, LATE, OVER)):
        before = asking(state, ASKED[action], Side.SUPPLIER) if action in ASKED else claim(state)
        try:
            after = apply(before, step(action), actor, now, POLICY).claim
        except (TransitionRefused, NotThisSide) as error:
            refusals.add(error.code)
        else:
            reached.add(after.state)
    if listed:
        assert reached
        assert reached <= listed
    else:
        assert not reached
        assert "TRANSITION_REFUSED" in refusals


@pytest.mark.parametrize("row", TRANSITIONS, ids=str)
def test_every_line_of_the_table_is_taken_by_its_party(row: Transition) -> None:
    if row.source is None:
        made = propose("id", Initiator.SUPPLIER, SUPPLIER, terms(), "PERSON", NOW)
        assert made.claim.state is row.target
        return
    before, actor, now, evaluated = claim(row.source), SUPPLIER, NOW, frozenset[Side]()
    match row.by:
        case Party.RECEIVER | Party.SIDE_TO_ACCEPT | Party.SIDE_ASKED:
            actor = RECEIVER
        case Party.COORDINATOR:
            actor, now = COORDINATOR, LATE
        case Party.SYSTEM:
            actor, now = THE_SYSTEM, NOW + timedelta(days=POLICY.evaluation_days)
        case _:
            pass
    if row.action in ASKED:
        before = asking(row.source, ASKED[row.action], Side.SUPPLIER)
    if row.action is ClaimAction.ACCEPT and row.target is ClaimState.PROPOSED:
        before = replace(before, supplier_accepted_at=None)
    if row.action is ClaimAction.EVALUATE and row.target is ClaimState.EVALUATED:
        evaluated = frozenset({Side.RECEIVER})
    after = apply(before, step(row.action), actor, now, POLICY, evaluated).claim
    assert after.state is row.target
    assert after.version == before.version + 1
    assert (after.closed_at == now) == (row.target in CLOSED)
    for stranger in (STRANGER, Actor(initiator=True)):
        with pytest.raises(NotThisSide):
            apply(before, step(row.action), stranger, NOW, POLICY, evaluated)


ACTORS = {
    "supplier": SUPPLIER,
    "receiver": RECEIVER,
    "both": BOTH,
    "both, spoke as supplier": Actor(sides=frozenset(Side), spoken=frozenset({Side.SUPPLIER})),
    "coordinator": COORDINATOR,
    "dispatcher": Actor(coordinator=True, initiator=True),
    "coordinator of its own": Actor(sides=frozenset({Side.RECEIVER}), coordinator=True),
    "stranger": STRANGER,
}


@pytest.mark.parametrize("who", ACTORS)
@pytest.mark.parametrize("state", ClaimState)
def test_what_is_possible_is_what_is_accepted(state: ClaimState, who: str) -> None:
    actor = ACTORS[who]
    sides = (frozenset[Side](), frozenset({Side.SUPPLIER}), frozenset({Side.RECEIVER}))
    for initiator, pending, now, evaluated in product(
        Initiator, (None, *ASKED.values()), (NOW, LATE, OVER), sides
    ):
        before = claim(state, initiator=initiator)
        if pending is not None:
            request = asking(state, pending, Side.SUPPLIER).pending_request
            before = replace(before, pending_request=request)
        accepted: set[ClaimAction] = set()
        for action, side in product(ClaimAction, (None, *Side)):
            try:
                apply(before, step(action, side=side), actor, now, POLICY, evaluated)
            except (TransitionRefused, NotThisSide, BadInput):
                continue
            accepted.add(action)
        assert set(possible_actions(before, actor, now, POLICY, evaluated)) == accepted


def test_closed_states_have_no_way_out() -> None:
    assert {row.source for row in TRANSITIONS if row.source} == set(ClaimState) - CLOSED
    assert set(ClaimState) - CLOSED - LIVE == {ClaimState.COMPLETED}


def test_the_second_acceptance_confirms() -> None:
    dispatched = propose("id", Initiator.COORDINATOR, COORDINATOR, terms(), "PERSON", NOW).claim
    assert (dispatched.supplier_accepted_at, dispatched.receiver_accepted_at) == (None, None)
    first = apply(dispatched, step(ClaimAction.ACCEPT), RECEIVER, NOW, POLICY).claim
    assert first.state is ClaimState.PROPOSED
    with pytest.raises(NotThisSide):
        apply(first, step(ClaimAction.ACCEPT), RECEIVER, NOW, POLICY)
    second = apply(first, step(ClaimAction.ACCEPT), SUPPLIER, NOW, POLICY).claim
    assert (second.state, second.confirmed_at) == (ClaimState.CONFIRMED, NOW)


def test_nobody_accepts_or_verifies_for_both_sides() -> None:
    spoken = replace(BOTH, spoken=frozenset({Side.SUPPLIER}))
    with pytest.raises(NotThisSide):
        apply(claim(), step(ClaimAction.ACCEPT), spoken, NOW, POLICY)
    with pytest.raises(NotThisSide):
        apply(claim(ClaimState.DELIVERED), step(ClaimAction.COMPLETE), spoken, NOW, POLICY)
    judge = replace(spoken, coordinator=True)
    with pytest.raises(NotThisSide):
        apply(claim(ClaimState.DELIVERED), step(ClaimAction.COMPLETE), judge, LATE, POLICY)
    with pytest.raises(NotThisSide):
        apply(claim(ClaimState.DISPUTED), step(ClaimAction.SETTLE), judge, NOW, POLICY)


def test_an_account_of_both_sides_says_for_which_it_speaks() -> None:
    dispatched = replace(claim(), initiator=Initiator.COORDINATOR, supplier_accepted_at=None)
    with pytest.raises(BadInput):
        apply(dispatched, step(ClaimAction.ACCEPT), BOTH, NOW, POLICY)
    outcome = apply(dispatched, step(ClaimAction.ACCEPT, side=Side.RECEIVER), BOTH, NOW, POLICY)
    assert outcome.side is Side.RECEIVER
    assert outcome.claim.receiver_accepted_at == NOW


def test_a_counter_proposal_is_open_for_the_other_side() -> None:
    amended = apply(claim(), step(ClaimAction.AMEND, terms=terms(6)), RECEIVER, NOW, POLICY).claim
    assert (amended.quantity, amended.supplier_accepted_at) == (6, None)
    assert amended.receiver_accepted_at == NOW
    assert amended.expires_at == NOW + timedelta(hours=50)
    confirmed = apply(amended, step(ClaimAction.ACCEPT), SUPPLIER, NOW, POLICY).claim
    assert confirmed.state is ClaimState.CONFIRMED


def test_a_lapsed_proposal_counts_as_expired_for_everybody() -> None:
    late = NOW + timedelta(hours=72)
    assert state_now(claim(), late, POLICY) is ClaimState.EXPIRED
    with pytest.raises(TransitionRefused) as refused:
        apply(claim(), step(ClaimAction.ACCEPT), RECEIVER, late, POLICY)
    assert refused.value.details["state"] is ClaimState.EXPIRED
    with pytest.raises(TransitionRefused):
        apply(claim(), Step(ClaimAction.EXPIRE), THE_SYSTEM, NOW, POLICY)


def test_the_coordinator_verifies_only_after_the_stated_time() -> None:
    delivered = claim(ClaimState.DELIVERED)
    early = LATE - timedelta(seconds=1)
    with pytest.raises(NotThisSide):
        apply(delivered, step(ClaimAction.COMPLETE), COORDINATOR, early, POLICY)
    done = apply(delivered, step(ClaimAction.COMPLETE), COORDINATOR, LATE, POLICY).claim
    assert (done.state, done.delivered_quantity) == (ClaimState.COMPLETED, 8)


def test_only_who_was_asked_consents() -> None:
    asked = apply(
        claim(ClaimState.CONFIRMED), step(ClaimAction.ASK_CANCEL), SUPPLIER, NOW, POLICY
    ).claim
    with pytest.raises(NotThisSide):
        apply(asked, step(ClaimAction.CONSENT_CANCEL), SUPPLIER, NOW, POLICY)
    with pytest.raises(TransitionRefused):
        apply(asked, step(ClaimAction.CONSENT_RESCHEDULE), RECEIVER, NOW, POLICY)
    cancelled = apply(asked, step(ClaimAction.CONSENT_CANCEL), RECEIVER, NOW, POLICY).claim
    assert (cancelled.state, cancelled.reason) == (ClaimState.CANCELLED, "why")
    with pytest.raises(TransitionRefused):
        apply(claim(ClaimState.CONFIRMED), step(ClaimAction.CONSENT_CANCEL), RECEIVER, NOW, POLICY)


@pytest.mark.parametrize(
    ("state", "action", "actor", "lacking"),
    [
        (ClaimState.PROPOSED, ClaimAction.DECLINE, RECEIVER, {"reason": "  "}),
        (ClaimState.CONFIRMED, ClaimAction.RETURN, SUPPLIER, {"reason": None}),
        (ClaimState.CONFIRMED, ClaimAction.CANCEL, COORDINATOR, {"reason": None}),
        (ClaimState.CONFIRMED, ClaimAction.ASK_CANCEL, RECEIVER, {"reason": ""}),
        (ClaimState.DELIVERED, ClaimAction.DISPUTE, RECEIVER, {"reason": None}),
        (ClaimState.CONFIRMED, ClaimAction.DELIVER, SUPPLIER, {"evidence": None}),
        (ClaimState.CONFIRMED, ClaimAction.DELIVER, SUPPLIER, {"quantity": 11}),
        (ClaimState.CONFIRMED, ClaimAction.DELIVER, SUPPLIER, {"quantity": 0}),
        (ClaimState.DISPUTED, ClaimAction.SETTLE, COORDINATOR, {"quantity": -1}),
        (ClaimState.COMPLETED, ClaimAction.EVALUATE, RECEIVER, {"score": 6}),
        (ClaimState.COMPLETED, ClaimAction.EVALUATE, RECEIVER, {"score": None}),
        (ClaimState.PROPOSED, ClaimAction.AMEND, RECEIVER, {"terms": None}),
        (ClaimState.CONFIRMED, ClaimAction.ASK_RESCHEDULE, RECEIVER, {"terms": None}),
        (ClaimState.CONFIRMED, ClaimAction.ASK_RESCHEDULE, RECEIVER, {"terms": terms(9)}),
        (ClaimState.PROPOSED, ClaimAction.DECLINE, RECEIVER, {"reason": "x" * 2001}),
    ],
)
def test_what_a_step_lacks_is_named(
    state: ClaimState, action: ClaimAction, actor: Actor, lacking: dict[str, Any]
) -> None:
    before = claim(state)
    with pytest.raises(BadInput):
        apply(before, step(action, **lacking), actor, NOW, POLICY)
    assert before == claim(state)


def test_reopening_forgets_the_delivery() -> None:
    reopened = apply(
        claim(ClaimState.DISPUTED), step(ClaimAction.REOPEN), COORDINATOR, NOW, POLICY
    ).claim
    assert reopened.state is ClaimState.IN_PROGRESS
    assert (reopened.delivered_at, reopened.delivered_quantity, reopened.evidence) == (None,) * 3


def test_each_side_evaluates_once() -> None:
    done = claim(ClaimState.COMPLETED)
    with pytest.raises(TransitionRefused):
        apply(done, step(ClaimAction.EVALUATE), SUPPLIER, NOW, POLICY, frozenset({Side.SUPPLIER}))
    late = NOW + timedelta(days=POLICY.evaluation_days)
    with pytest.raises(TransitionRefused):
        apply(done, step(ClaimAction.EVALUATE), SUPPLIER, late, POLICY)


def test_a_proposal_lapses_at_the_earliest_of_its_ends() -> None:
    order = DemandOrder(
        id="o", created_at=NOW, title="o", quantity=1, measure="PERSON", deadline=date(2026, 5, 5)
    )
    line = Line(quantity=1)
    soon = SlotTime(NOW + timedelta(hours=1), NOW + timedelta(hours=2))
    assert expiry(NOW, POLICY, None, (line,)) == NOW + timedelta(hours=72)
    # The fifth of May is over in Shanghai at four in the afternoon, UTC.
    assert expiry(NOW, POLICY, order, (line,)) == datetime(2026, 5, 5, 16, tzinfo=UTC)
    assert expiry(NOW, POLICY, order, (replace(line, slot=soon),)) == soon.starts_at
