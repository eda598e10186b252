import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.measures import MEASURES, convert, measure_named, quantity_of, written


def test_every_name_means_one_measure() -> None:
    names = [name for measure in MEASURES.values() for name in measure.names]
    assert len(names) == len(set(names))
    for measure in MEASURES.values():
        assert all(measure_named(name) is measure for name in measure.names)
        assert measure_named(measure.code) is measure


@given(st.integers(0, 10**9), st.sampled_from(sorted(MEASURES)))
def test_a_written_quantity_reads_back(quantity: int, code: str) -> None:
    measure = MEASURES[code]
    if quantity % measure.scale == 0:
        assert quantity_of(written(quantity, code), measure) == quantity


@pytest.mark.parametrize(
    ("amount", "code", "expected"),
    [
        ("1.5", "HOUR", 90),
        ("5000", "CNY", 500_000),
        ("0.5", "PERSON", None),
        ("many", "PERSON", None),
    ],
)
def test_written_numbers(amount: str, code: str, expected: int | None) -> None:
    assert quantity_of(amount, MEASURES[code]) == expected


def test_conversions_are_exact_or_refused() -> None:
    assert convert(3, "DOZEN", "PIECE") == 36
    assert convert(36, "PIECE", "DOZEN") == 3
    assert convert(35, "PIECE", "DOZEN") is None
    assert convert(1, "HOUR", "PERSON") is None
    assert convert(7, "CNY", "CNY") == 7
