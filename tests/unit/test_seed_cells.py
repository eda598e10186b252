"""Cells as people write them: amounts, dates, weekly windows, codes."""

from collections.abc import Callable
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.availability import WeeklyWindow
from domain.language import CATALOGUES
from seed import cells
from seed.dates import date_range, single_date, years_in
from seed.problems import CellProblem
from seed.windows import weekly_windows

YEAR = 2026


@pytest.mark.parametrize(
    ("text", "unit", "usual", "expected"),
    [
        ("50人", None, "PIECE", (50, "PERSON")),
        ("50", None, "PERSON", (50, "PERSON")),
        ("5,000元", None, "CNY", (500_000, "CNY")),
        ("0.5万元", None, "CNY", (500_000, "CNY")),
        ("200", "人次", "PERSON", (200, "PERSON_TIME")),
        ("每晚80个车位", None, "PERSON", (80, "PARKING_SPACE")),
        ("1.5小时", None, "HOUR", (90, "HOUR")),
        ("12打", None, "PIECE", (12, "DOZEN")),
        ("约60人左右", None, "PIECE", (60, "PERSON")),
        ("８０人", None, "PIECE", (80, "PERSON")),
        ("若干", None, "PIECE", (None, "PIECE")),
        ("", "套", "PIECE", (None, "SET")),
    ],
)
def test_an_amount_is_read_with_its_measure(
    text: str, unit: str | None, usual: str, expected: tuple[int | None, str]
) -> None:
    assert cells.amount(text, unit, usual) == expected


@pytest.mark.parametrize(
    ("text", "unit", "reason"),
    [
        ("-3人", None, "not_positive"),
        ("0", None, "not_positive"),
        ("1.5人", None, "not_whole"),
        ("3-5人", None, "not_an_amount"),
        ("1e5", None, "not_an_amount"),
        ("很多人", None, "not_an_amount"),
        ("3头", None, "unknown_unit"),
        ("3", "头", "unknown_unit"),
        ("30套", "人", "two_units"),
        ("9" * 18, None, "too_large"),
    ],
)
def test_an_impossible_amount_says_why(text: str, unit: str | None, reason: str) -> None:
    with pytest.raises(CellProblem) as caught:
        cells.amount(text, unit, "PERSON")
    assert caught.value.reason == reason
    assert all(f"loading.reason.{reason}" in catalogue for catalogue in CATALOGUES.values())


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("3月3日—10日", (date(2026, 3, 3), date(2026, 3, 10))),
        ("2026年3月3日-2026年4月10日", (date(2026, 3, 3), date(2026, 4, 10))),
        ("2026-03-01至2027-12-31", (date(2026, 3, 1), date(2027, 12, 31))),
        ("2026—2027年", (date(2026, 1, 1), date(2027, 12, 31))),
        ("2026年7月-8月", (date(2026, 7, 1), date(2026, 8, 31))),
        ("12月20日至1月5日", (date(2026, 12, 20), date(2027, 1, 5))),
        ("2027.1.1-2027.3.1", (date(2027, 1, 1), date(2027, 3, 1))),
        ("2026年全年", (date(2026, 1, 1), date(2026, 12, 31))),
        ("即日起至2027年6月30日", (None, date(2027, 6, 30))),
        ("2026年5月起", (date(2026, 5, 1), None)),
        ("长期", (None, None)),
    ],
)
def test_a_range_of_dates(text: str, expected: tuple[date | None, date | None]) -> None:
    assert date_range(text, YEAR) == expected


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("乱写", "not_a_date_range"),
        ("2026年2月30日", "no_such_date"),
        ("2026-05-01至2026-04-01", "ends_before_it_starts"),
        ("2028年3月1日至2月29日", "no_such_date"),
        ("9999年3月1日至2月1日", "no_such_date"),
        ("3月3日，10日", "not_a_date_range"),
    ],
)
def test_an_impossible_range_says_why(text: str, reason: str) -> None:
    with pytest.raises(CellProblem) as caught:
        date_range(text, YEAR)
    assert caught.value.reason == reason


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-03-03", date(2026, 3, 3)),
        ("2026/3/3", date(2026, 3, 3)),
        ("20260303", date(2026, 3, 3)),
        ("3月3日", date(2026, 3, 3)),
        ("2027年6月底前", date(2027, 6, 30)),
        ("2026年", date(2026, 12, 31)),
        ("46000", date(2025, 12, 9)),
        ("长期", None),
    ],
)
def test_a_deadline(text: str, expected: date | None) -> None:
    assert single_date(text, YEAR, last=True) == expected


@pytest.mark.parametrize("text", ["0001-01-01", "1899年", "2026年2月30日", "2026年13月"])
def test_a_date_that_nobody_means_is_refused(text: str) -> None:
    assert reason_of(lambda: single_date(text, YEAR)) == "no_such_date"


@pytest.mark.parametrize("text", ["1e999999999", str(10**12 + 1), "9" * 5000])
def test_a_whole_number_has_an_end(text: str) -> None:
    assert reason_of(lambda: cells.whole_number(text)) == "too_large"


def test_a_month_begins_on_its_first_day_and_ends_on_its_last() -> None:
    assert single_date("2028年2月", YEAR) == date(2028, 2, 1)
    assert single_date("2028年2月", YEAR, last=True) == date(2028, 2, 29)


def test_the_years_of_a_title() -> None:
    assert years_in("2026—2027年度资源清单（示例）") == (2026, 2027)
    assert years_in("2026年需求清单") == (2026, 2026)
    assert years_in("陆家嘴街道活动场地清单") is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("每周六 9:00-11:30", ["6 09:00-11:30"]),
        ("工作日晚上", [f"{day} 18:00-21:00" for day in range(1, 6)]),
        ("周一、三、五 14:00-16:00", [f"{day} 14:00-16:00" for day in (1, 3, 5)]),
        ("周二、周四下午", ["2 14:00-17:00", "4 14:00-17:00"]),
        ("周六 9:00-11:30；周日 14:00-16:30", ["6 09:00-11:30", "7 14:00-16:30"]),
        ("周六上午、下午", ["6 08:30-11:30", "6 14:00-17:00"]),
        ("周六、日 8点半-11点", ["6 08:30-11:00", "7 08:30-11:00"]),
        ("下午2点-4点", [f"{day} 14:00-16:00" for day in range(1, 8)]),
        ("周五至周日", ["5 00:00-24:00", "6 00:00-24:00", "7 00:00-24:00"]),
        ("周二 22:00-次日6:00", ["2 22:00-24:00", "3 00:00-06:00"]),
        ("周日 22:00-6:00", ["1 00:00-06:00", "7 22:00-24:00"]),
        ("不限", []),
    ],
)
def test_weekly_windows(text: str, expected: list[str]) -> None:
    assert [str(window) for window in weekly_windows(text)] == expected


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("每月第一个周六", "not_a_window"),
        ("周三 25:00-26:00", "not_a_window"),
        ("周三 9:70-10:00", "not_a_window"),
        ("周六 9:00-12:00，周六 11:00-13:00", "windows_overlap"),
        ("有空就行", "not_a_window"),
        ("周三 24:00-次日1:00", "not_a_window"),
    ],
)
def test_what_is_no_weekly_time_says_so(text: str, reason: str) -> None:
    with pytest.raises(CellProblem) as caught:
        weekly_windows(text)
    assert caught.value.reason == reason


WINDOWS = st.builds(
    lambda day, start, length: WeeklyWindow(day, start, min(start + length, 1440)),
    st.integers(1, 7),
    st.integers(0, 1430),
    st.integers(10, 600),
)


@settings(deadline=None)
@given(WINDOWS)
def test_a_written_window_is_read_back(window: WeeklyWindow) -> None:
    day = "一二三四五六日"[window.weekday - 1]
    times = str(window).split(" ")[1]
    assert weekly_windows(f"每周{day} {times}") == (window,)


def reason_of(read: Callable[[], object]) -> str | None:
    """Return why a text cannot be read, None where it can."""
    try:
        read()
    except CellProblem as problem:
        return problem.reason
    return None


@settings(deadline=None)
@given(st.text(max_size=30))
def test_no_text_breaks_a_reader(text: str) -> None:
    for read in (
        lambda: cells.amount(text, None, "PERSON"),
        lambda: date_range(text, YEAR),
        lambda: single_date(text, YEAR),
        lambda: weekly_windows(text),
        lambda: cells.whole_number(text),
    ):
        reason = reason_of(read)
        assert reason is None or all(
            f"loading.reason.{reason}" in catalogue for catalogue in CATALOGUES.values()
        )


def test_a_credit_code_is_checked() -> None:
    assert cells.checked_credit_code("9111 0000 6000 3734 1L") == "91110000600037341L"
    with pytest.raises(CellProblem):
        cells.checked_credit_code("911100006000373410")


def test_numbers_in_cells_are_what_people_see() -> None:
    assert cells.text_of(60.0) == "60"
    assert cells.text_of(None) == ""
    assert cells.text_of("  地  址 ") == "地 址"
    assert cells.text_of(date(2026, 3, 3)) == "2026-03-03"
