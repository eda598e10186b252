"""Whatever edit is let through beside live claims, the invariants of offers and orders hold."""

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from domain.availability import WeeklyWindow
from domain.edits import ClaimOnItem, check_offer_edit, check_order_edit
from domain.errors import DomainError
from domain.holds import Line, holds, slot_at
from domain.records import DemandOrder, ResourceOffer
from domain.vocabulary import CapacityKind, ClaimState, Selection

NOW = datetime(2026, 5, 4, 2, 0, tzinfo=UTC)
MORNING, NOON = WeeklyWindow(6, 540, 600), WeeklyWindow(6, 600, 660)
OFFER = ResourceOffer(
    id="offer",
    created_at=NOW,
    title="hall",
    capacity_kind=CapacityKind.SHARED,
    capacity=10,
    measure="PERSON",
    starts_on=date(2026, 1, 1),
    ends_on=date(2026, 6, 30),
    windows=(MORNING, NOON),
)
STARTS = (datetime(2026, 5, 9, 1, tzinfo=UTC), datetime(2026, 5, 9, 2, tzinfo=UTC))
STATES = st.sampled_from([ClaimState.PROPOSED, ClaimState.CONFIRMED, ClaimState.DELIVERED])


def edits(fields: dict[str, st.SearchStrategy[Any]]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({}, optional=fields)


ORDER_EDITS = edits(
    {
        "quantity": st.integers(1, 20),
        "minimum_lot": st.integers(1, 12),
        "measure": st.sampled_from(["PERSON", "HOUSEHOLD"]),
        "selection": st.sampled_from(Selection),
        "deadline": st.dates(date(2026, 5, 1), date(2026, 12, 1)),
    }
)
OFFER_EDITS = edits(
    {
        "capacity": st.none() | st.integers(1, 15),
        "capacity_kind": st.sampled_from(CapacityKind),
        "measure": st.sampled_from(["PERSON", "HOUSEHOLD"]),
        "windows": st.sampled_from([(MORNING,), (NOON,), (MORNING, NOON), ()]),
        "ends_on": st.dates(date(2026, 5, 1), date(2026, 12, 1)),
        "selection": st.sampled_from(Selection),
        "slot_minutes": st.none() | st.sampled_from([30, 60]),
    }
)


@settings(max_examples=400, deadline=None)
@given(
    st.integers(5, 12),
    st.lists(st.tuples(STATES, st.integers(1, 4)), max_size=3),
    st.sampled_from(Selection),
    ORDER_EDITS,
)
def test_an_order_still_bears_its_claims(
    quantity: int,
    taken: list[tuple[ClaimState, int]],
    selection: Selection,
    changes: dict[str, Any],
) -> None:
    before = DemandOrder(
        id="order",
        created_at=NOW,
        title="order",
        quantity=max(quantity, sum(amount for _, amount in taken)),
        measure="PERSON",
        selection=selection,
    )
    claims = [
        ClaimOnItem(str(index), state, (Line(amount),))
        for index, (state, amount) in enumerate(taken)
    ]
    after = replace(before, **changes)
    try:
        check_order_edit(before, after, claims)
    except DomainError:
        return
    held = sum(amount for state, amount in taken if holds(state, after.selection))
    rest = after.quantity - held
    assert rest >= 0
    assert not claims or after.measure == before.measure
    terms = (after.quantity, after.minimum_lot) != (before.quantity, before.minimum_lot)
    assert not (held and terms) or rest == 0 or rest >= after.minimum_lot
    proposed = any(state is ClaimState.PROPOSED for state, _ in taken)
    assert not proposed or after.selection is before.selection


@settings(max_examples=400, deadline=None)
@given(
    st.sampled_from([CapacityKind.SHARED, CapacityKind.EXCLUSIVE]),
    st.tuples(STATES, st.integers(1, 10)),
    st.tuples(STATES, st.integers(1, 10)),
    OFFER_EDITS,
)
def test_an_offer_still_bears_its_claims(
    kind: CapacityKind,
    first: tuple[ClaimState, int],
    second: tuple[ClaimState, int],
    changes: dict[str, Any],
) -> None:
    before = replace(OFFER, capacity_kind=kind)
    claims: list[ClaimOnItem] = []
    for index, (state, amount) in enumerate((first, second)):
        slot = slot_at(before, STARTS[index])
        assert slot is not None
        claims.append(ClaimOnItem(str(index), state, (Line(amount, amount, slot),)))
    after = replace(before, **changes)
    try:
        check_offer_edit(before, after, claims, NOW)
    except DomainError:
        return
    assert (after.capacity_kind, after.measure) == (before.capacity_kind, before.measure)
    for claim in claims:
        (line,) = claim.lines
        assert line.slot is not None
        assert slot_at(after, line.slot.starts_at) == line.slot
        assert after.capacity is None or line.quantity <= after.capacity
