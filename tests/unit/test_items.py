from hypothesis import given
from hypothesis import strategies as st

from domain.items import SET_BY_PEOPLE, derive_state, lot_allows
from domain.vocabulary import ItemState

quantities = st.integers(0, 50)


@given(
    state=st.sampled_from(sorted(SET_BY_PEOPLE)),
    quantity=quantities,
    held=quantities,
    completed=quantities,
    past=st.booleans(),
)
def test_what_people_set_stays(
    state: ItemState, quantity: int, held: int, completed: int, *, past: bool
) -> None:
    found = derive_state(state, quantity=quantity, held=held, completed=completed, past=past)
    assert found is state


def test_the_first_rule_that_holds_wins() -> None:
    def state(held: int, completed: int, *, past: bool = False) -> ItemState:
        return derive_state(ItemState.OPEN, quantity=10, held=held, completed=completed, past=past)

    assert state(10, 10, past=True) is ItemState.FULFILLED
    assert state(10, 4, past=True) is ItemState.CLAIMED
    assert state(4, 4, past=True) is ItemState.PARTIALLY_CLAIMED
    assert state(0, 0, past=True) is ItemState.EXPIRED
    assert state(0, 0) is ItemState.OPEN


def test_an_unstated_capacity_is_never_used_up() -> None:
    found = derive_state(ItemState.OPEN, quantity=None, held=99, completed=99, past=False)
    assert found is ItemState.PARTIALLY_CLAIMED


@given(st.integers(1, 60), st.integers(1, 60), st.integers(-5, 70))
def test_lots_leave_nothing_or_enough(remaining: int, lot: int, quantity: int) -> None:
    if lot_allows(remaining=remaining, lot=lot, quantity=quantity):
        rest = remaining - quantity
        assert 0 < quantity <= remaining
        assert rest == 0 or rest >= lot
        assert quantity >= lot or quantity == remaining


def test_all_or_nothing() -> None:
    assert lot_allows(remaining=30, lot=30, quantity=30)
    assert not any(lot_allows(remaining=30, lot=30, quantity=part) for part in range(1, 30))
