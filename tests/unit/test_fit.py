"""What a claim made by hand is warned of."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from domain.availability import SlotTime, WeeklyWindow
from domain.fit import Misfit, Pair, misfits
from domain.records import DemandOrder

NOW = datetime(2026, 5, 4, 2, tzinfo=UTC)
SATURDAY = SlotTime(NOW + timedelta(days=5, hours=-1), NOW + timedelta(days=5))
ORDER = DemandOrder(
    id="o",
    created_at=NOW,
    title="o",
    quantity=1,
    measure="PERSON",
    windows=(WeeklyWindow(6, 540, 600),),
    deadline=date(2026, 5, 9),
)
FIT = Pair(ORDER, "/a/b/", "/venue/", "/venue/hall/", (), ("/a/",), (SATURDAY,))


def test_what_suits_is_not_warned_of() -> None:
    assert misfits(FIT) == []
    assert misfits(replace(FIT, wanted=None, serves=(), slots=())) == []
    assert misfits(replace(FIT, offered="/room/", instead=("/room/",))) == []


def test_each_misfit_is_told() -> None:
    later = replace(ORDER, deadline=date(2026, 5, 8))
    sunday = replace(ORDER, windows=(WeeklyWindow(7, 540, 600),))
    noon = replace(ORDER, windows=(WeeklyWindow(6, 600, 660),))
    assert misfits(replace(FIT, offered="/room/")) == [Misfit.CATEGORY_DIFFERS]
    assert misfits(replace(FIT, serves=("/a/c/",))) == [Misfit.OUTSIDE_SERVICE_AREA]
    for order in (sunday, noon):
        assert misfits(replace(FIT, order=order)) == [Misfit.OUTSIDE_WINDOWS]
    assert misfits(replace(FIT, order=later)) == [Misfit.AFTER_DEADLINE]
