import pytest

from domain.linkage import linkage
from domain.vocabulary import Linkage


@pytest.mark.parametrize(
    ("sides", "expected"),
    [
        ([["a"], ["a", "b"]], Linkage.WITHIN_ALLIANCE),
        ([["a"], ["b"]], Linkage.ACROSS_ALLIANCES),
        ([["a"], []], Linkage.OUTSIDE),
        ([[], []], Linkage.OUTSIDE),
        ([["a"]], None),
        ([], None),
    ],
)
def test_a_linkage_follows_from_the_alliances(
    sides: list[list[str]], expected: Linkage | None
) -> None:
    assert linkage(sides) is expected
