"""Dates as people write them: `2026-03-03`, `3月3日—10日`, `2026年全年`, `即日起至…`, `长期`."""

import calendar
import re
import unicodedata
from datetime import date, timedelta
from typing import NamedTuple

from seed.problems import CellProblem

EXPECTED = "2026-03-03"
EXPECTED_RANGE = "2026-03-03—2026-12-31"

_ALWAYS = frozenset(
    {"长期", "长期有效", "全年", "常年", "不限", "不限期", "随时", "长年", "每年", "永久"}
)
_FROM_NOW = re.compile(r"(?:即日|今日|即刻)(?:起|开始)?")
_SEPARATOR = re.compile(r"[—–\-~～至到]+")
_DATE = re.compile(
    r"(?P<year>\d{4})年(?P<month>\d{1,2})月(?P<day>\d{1,2})[日号]"
    r"|(?P<year2>\d{4})[-/.](?P<month2>\d{1,2})[-/.](?P<day2>\d{1,2})(?:\d{2}:\d{2}(?::\d{2})?)?"
    r"|(?P<year3>20\d{2})(?P<month3>\d{2})(?P<day3>\d{2})"
    r"|(?P<year4>\d{4})[年./](?P<month4>\d{1,2})月?"
    r"|(?P<year5>\d{4})(?:年(?:度|全年)?)?"
    r"|(?P<month6>\d{1,2})月(?P<day6>\d{1,2})[日号]"
    r"|(?P<month7>\d{1,2})月(?:份)?"
    r"|(?P<day8>\d{1,2})[日号]"
    r"|(?P<month9>\d{1,2})[./](?P<day9>\d{1,2})"
)
_YEARS = re.compile(r"(20\d{2})(?:年)?(?:[—–\-~～至到]+(20\d{2}))?(?:年|年度|度|全年|$)")
_EARLIEST_YEAR = 1900
_SPREADSHEET_EPOCH = date(1899, 12, 30)
_SERIAL = re.compile(r"[34567]\d{4}")


class _Written(NamedTuple):
    year: int | None
    month: int | None
    day: int | None


def years_in(title: str) -> tuple[int, int] | None:
    """Return the years that a title names (`2026—2027年度`), or None."""
    found = _YEARS.search(unicodedata.normalize("NFKC", title))
    if found is None:
        return None
    first = int(found[1])
    return first, int(found[2] or first)


def single_date(text: str, year: int, *, last: bool = False) -> date | None:
    """Return the date that a cell names; None for one that is openly open (`长期`).

    A month or a year stands for its first day, with `last` for its last. A date without a year
    is of `year`, the one of the sheet.
    """
    compact = _compact(text)
    if compact in _ALWAYS or compact in {"尽快", "待定"}:
        return None
    compact = re.sub(r"(?:前|之前|以前|前完成|止|为止|底|底前)$", "", compact)
    if _SERIAL.fullmatch(compact):
        return _SPREADSHEET_EPOCH + timedelta(days=int(compact))
    return _made(_written(compact, EXPECTED), _Written(year, None, None), last=last)


def date_range(text: str, year: int) -> tuple[date | None, date | None]:
    """Return the first and the last date of a range; None where it is open."""
    compact = _compact(text)
    if compact in _ALWAYS or _FROM_NOW.fullmatch(compact):
        return None, None
    if _FROM_NOW.match(compact):
        rest = _SEPARATOR.sub("", _FROM_NOW.sub("", compact, count=1), count=1)
        return None, single_date(rest, year, last=True)
    first = _DATE.match(compact)
    if first is None:
        raise CellProblem("not_a_date_range", expected=EXPECTED_RANGE)
    rest = compact[first.end() :]
    begin = _parts(first)
    if rest in {"", "全年"}:
        inherited = _Written(year, None, None)
        return _made(begin, inherited), _made(begin, inherited, last=True)
    if rest in {"起", "开始", "后", "以后"}:
        return _made(begin, _Written(year, None, None)), None
    separator = _SEPARATOR.match(rest)
    if separator is None:
        raise CellProblem("not_a_date_range", expected=EXPECTED_RANGE)
    starts_on = _made(begin, _Written(year, None, None))
    if (tail := rest[separator.end() :]) in {"长期", "今", "长期有效"}:
        return starts_on, None
    ends = _written(re.sub(r"(?:止|底)$", "", tail), EXPECTED_RANGE)
    inherited = _Written(begin.year or year, begin.month, None)
    ends_on = _made(ends, inherited, last=True)
    if ends_on < starts_on and ends.year is None:
        ends_on = _made(ends, inherited._replace(year=ends_on.year + 1), last=True)
    if ends_on < starts_on:
        raise CellProblem("ends_before_it_starts", expected=EXPECTED_RANGE)
    return starts_on, ends_on


def _compact(text: str) -> str:
    return "".join(unicodedata.normalize("NFKC", text).split())


def _written(text: str, expected: str) -> _Written:
    found = _DATE.fullmatch(text)
    if found is None:
        raise CellProblem("not_a_date", expected=expected)
    return _parts(found)


def _parts(found: re.Match[str]) -> _Written:
    named = {
        name.rstrip("0123456789"): int(value)
        for name, value in found.groupdict().items()
        if value is not None
    }
    return _Written(named.get("year"), named.get("month"), named.get("day"))


def _made(written: _Written, inherited: _Written, *, last: bool = False) -> date:
    """Complete what was written with what stood before it, and with the ends of months."""
    year = written.year or inherited.year
    month = written.month
    if month is None and written.day is not None:
        month = inherited.month
    if year is None or (month is None and written.day is not None):
        raise CellProblem("not_a_date", expected=EXPECTED)
    if year < _EARLIEST_YEAR:
        raise CellProblem("no_such_date", expected=EXPECTED)
    try:
        if month is None:
            return date(year, 12, 31) if last else date(year, 1, 1)
        if written.day is None:
            return date(year, month, calendar.monthrange(year, month)[1] if last else 1)
        return date(year, month, written.day)
    except (ValueError, calendar.IllegalMonthError):
        raise CellProblem("no_such_date", expected=EXPECTED) from None
