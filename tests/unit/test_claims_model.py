"""Random lives of many claims on one order and one offer: the invariants hold after each step."""

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from random import Random

import pytest

from domain.availability import WeeklyWindow
from domain.claim_steps import apply, propose
from domain.claims import (
    CLOSED,
    THE_SYSTEM,
    Actor,
    ClaimAction,
    ClaimPolicy,
    Step,
    Terms,
    allowed,
    expiry,
    pending,
)
from domain.errors import ClaimError, InputError
from domain.holds import (
    COMMITTED,
    Line,
    LineRequest,
    SlotUse,
    check_offer,
    check_order,
    lines_of,
    offer_hold,
    offer_state,
    order_hold,
    order_state,
    settle,
    slot_holds,
)
from domain.records import Claim, DemandOrder, ResourceOffer
from domain.vocabulary import (
    CapacityKind,
    ClaimState,
    Initiator,
    ItemState,
    Selection,
    Side,
)

START = datetime(2026, 5, 4, 2, 0, tzinfo=UTC)
POLICY = ClaimPolicy()
WINDOWS = (WeeklyWindow(6, 540, 600), WeeklyWindow(6, 600, 660))
SLOTS = (datetime(2026, 6, 6, 1, tzinfo=UTC), datetime(2026, 6, 6, 2, tzinfo=UTC))
ACTORS = (
    Actor(sides=frozenset({Side.SUPPLIER})),
    Actor(sides=frozenset({Side.RECEIVER})),
    Actor(coordinator=True, initiator=True),
    Actor(sides=frozenset(Side), coordinator=True),
    Actor(),
    THE_SYSTEM,
)
STEPS = 80


@dataclass(frozen=True)
class Known:
    """A claim with its lines, and the sides of each actor that have spoken."""

    claim: Claim
    lines: tuple[Line, ...]
    evaluated: frozenset[Side] = frozenset()
    accepted_by: tuple[tuple[Side, int], ...] = ()


class Hub:
    """A hub in miniature, with the domain's own rules and nothing else."""

    def __init__(self, random: Random) -> None:
        self.random = random
        kind = random.choice(list(CapacityKind))
        capacity = random.choice([None, 3, 5, 8, 12])
        quantity = random.randint(4, 20)
        lot = random.choice([1, 1, 2, 3, 20])
        selections = random.choice(list(Selection)), random.choice(list(Selection))
        converted = random.random() < 0.3
        self.now = START
        self.order = DemandOrder(
            id="order",
            created_at=START,
            title="order",
            quantity=quantity * (12 if converted else 1),
            minimum_lot=min(lot, quantity) * (12 if converted else 1),
            measure="PIECE",
            selection=selections[0],
            deadline=date(2026, 6, 12),
        )
        self.offer = ResourceOffer(
            id="offer",
            created_at=START,
            title="offer",
            capacity_kind=kind,
            capacity=capacity,
            measure="DOZEN" if converted else "PIECE",
            selection=selections[1],
            starts_on=date(2026, 5, 1),
            ends_on=date(2026, 6, 30),
            windows=() if kind is CapacityKind.TOTAL else WINDOWS,
        )
        self.known: list[Known] = []

    def held(self, without: int | None = None) -> tuple[int, int, dict[str, int]]:
        """Recompute what all claims but one hold."""
        order = offer = 0
        slots: dict[str, int] = {}
        for index, known in enumerate(self.known):
            state = self.known[index].claim.state
            lapsed = state is ClaimState.PROPOSED and known.claim.expires_at <= self.now
            if index == without or lapsed:
                continue
            order += order_hold(state, self.order.selection, known.lines)
            offer += offer_hold(state, self.offer.selection, known.lines)
            for key, held in slot_holds(state, self.offer.selection, known.lines).items():
                slots[key] = slots.get(key, 0) + held
        return order, offer, slots

    def check(self, lines: tuple[Line, ...], without: int | None) -> None:
        order, offer, slots = self.held(without)
        check_order(self.order, order, sum(line.quantity for line in lines), self.now)
        check_offer(self.offer, offer, slots, lines, self.now)

    def lines(self, quantities: list[int]) -> tuple[Line, ...]:
        slotted = self.offer.capacity_kind is not CapacityKind.TOTAL
        dozens = 12 if self.offer.measure == "DOZEN" else 1
        requests = [
            LineRequest(quantity * dozens, slot if slotted else None)
            for quantity, slot in zip(quantities, SLOTS[: 2 if slotted else 1], strict=False)
        ]
        return lines_of(requests, self.order, self.offer, self.now)

    def quantities(self) -> list[int]:
        return [self.random.randint(1, 6) for _ in range(self.random.randint(1, 2))]

    def proposes(self) -> None:
        initiator = self.random.choice(list(Initiator))
        actor = ACTORS[min(list(Initiator).index(initiator), 2)]
        if self.random.random() < 0.1:
            actor = self.random.choice(ACTORS)
        quantities = self.quantities()
        if self.random.random() < 0.3:
            quantities = [self.order.quantity // (12 if self.offer.measure == "DOZEN" else 1)]
        try:
            lines = self.lines(quantities)
            terms = Terms(lines, expiry(self.now, POLICY, self.order, lines))
            made = propose("claim", initiator, actor, terms, "PIECE", self.now)
            self.check(lines, None)
        except (ClaimError, InputError):
            return
        spoke = ((made.side, ACTORS.index(actor)),) if made.side else ()
        self.known.append(Known(made.claim, lines, accepted_by=spoke))

    def takes_a_step(self) -> None:
        if not self.known:
            return
        index = self.random.randrange(len(self.known))
        before = self.known[index]
        possible = allowed(before.claim.state)
        action = self.random.choice(possible or list(ClaimAction))
        if self.random.random() < 0.1:
            action = self.random.choice(list(ClaimAction))
        who = self.random.choice([0, 0, 0, 1, 1, 1, 2, 2, 3, 4, 5])
        side = self.random.choice([None, None, None, *Side])
        quantity = self.random.choice([None, None, 1, 2, 3])
        quantities = self.quantities()
        spoken = frozenset(each for each, account in before.accepted_by if account == who)
        actor = replace(ACTORS[who], spoken=spoken)
        try:
            lines = self.lines(quantities)
            terms = Terms(lines, expiry(self.now, POLICY, self.order, lines))
            step = Step(
                action=action,
                side=side,
                reason="why",
                quantity=quantity,
                evidence="photo",
                score=4,
                terms=terms,
            )
            outcome = apply(before.claim, step, actor, self.now, POLICY, before.evaluated)
            after = outcome.claim
            if action in {ClaimAction.AMEND, ClaimAction.CONSENT_RESCHEDULE}:
                self.check(lines, index)
            else:
                lines = before.lines
                if action is ClaimAction.ACCEPT and after.state is ClaimState.CONFIRMED:
                    self.check(lines, index)
            if after.state is ClaimState.COMPLETED and before.claim.state is not after.state:
                assert after.delivered_quantity is not None
                lines = settle(lines, after.delivered_quantity)
        except (ClaimError, InputError):
            assert self.known[index] == before
            return
        voices = before.accepted_by
        if outcome.side is not None:
            voices = (*voices, (outcome.side, who))
        evaluated = before.evaluated
        if action is ClaimAction.EVALUATE and outcome.side is not None:
            evaluated |= {outcome.side}
        assert before.claim.state not in CLOSED
        assert after.version == before.claim.version + 1
        self.known[index] = Known(after, lines, evaluated, voices)

    def time_passes(self) -> None:
        hours = self.random.choice([0, 0, 0, 1, 1, 5, 80, 170])
        self.now += timedelta(hours=hours)

    def nothing_is_held_twice(self) -> None:
        order, offer, slots = self.held()
        assert 0 <= order <= self.order.quantity
        capacity = self.offer.capacity
        if capacity is not None:
            if self.offer.capacity_kind is CapacityKind.TOTAL:
                assert 0 <= offer <= capacity
            else:
                assert all(0 <= held <= capacity for held in slots.values())

    def an_exclusive_slot_has_one_user(self) -> None:
        if self.offer.capacity_kind is not CapacityKind.EXCLUSIVE:
            return
        users: dict[str, int] = {}
        for known in self.known:
            lapsed = known.claim.state is ClaimState.PROPOSED and known.claim.expires_at <= self.now
            if not lapsed:
                state = known.claim.state
                for key in slot_holds(state, self.offer.selection, known.lines):
                    users[key] = users.get(key, 0) + 1
        assert all(count == 1 for count in users.values())

    def lots_hold(self) -> None:
        committed = [known for known in self.known if known.claim.state in COMMITTED]
        if self.order.indivisible:
            assert len(committed) <= 1
            assert all(known.claim.quantity == self.order.quantity for known in committed)

    def nobody_speaks_for_both_sides(self) -> None:
        for known in self.known:
            for account in range(len(ACTORS)):
                assert len({side for side, who in known.accepted_by if who == account}) <= 1
            confirmed = known.claim.state in COMMITTED
            if confirmed:
                assert {side for side, _ in known.accepted_by} == set(Side)

    def states_follow_what_is_held(self) -> None:
        held, offered, slots = self.held()
        state = order_state(replace(self.order, held=held), self.now)
        assert (state is ItemState.CLAIMED) == (held == self.order.quantity)
        offer = replace(self.offer, held=offered)
        uses = {key: SlotUse(each) for key, each in slots.items()}
        assert offer_state(offer, uses, self.now) in set(ItemState)

    def requests_name_who_asked(self) -> None:
        for known in self.known:
            request = pending(known.claim)
            assert not request or Side(request["by"]) in Side
            assert known.claim.state not in CLOSED or known.claim.closed_at is not None


@pytest.mark.parametrize("seed", range(150))
def test_invariants_hold_through_random_lives(seed: int) -> None:
    hub = Hub(Random(seed))
    for _ in range(STEPS):
        move = hub.random.choice([hub.proposes, *[hub.takes_a_step] * 6, hub.time_passes])
        move()
        hub.nothing_is_held_twice()
        hub.an_exclusive_slot_has_one_user()
        hub.lots_hold()
        hub.nobody_speaks_for_both_sides()
        hub.states_follow_what_is_held()
        hub.requests_name_who_asked()
