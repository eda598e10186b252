"""Weekly windows as people write them: `每周六 9:00-11:30`, `工作日晚上`, `周一、三 下午`."""

import re
import unicodedata

from domain.availability import END_OF_DAY, WeeklyWindow, overlapping
from seed.problems import CellProblem

EXPECTED = "每周六 9:00-11:30"
EVERY_DAY = (1, 2, 3, 4, 5, 6, 7)
WORKDAYS = (1, 2, 3, 4, 5)
WEEKEND = (6, 7)
NOON = 12

_NO_RESTRICTION = frozenset(
    {"不限", "随时", "全天", "长期", "全年", "常年", "预约", "提前预约", "协商", "时间不限",
     "全天开放", "每天全天", "24小时", "灵活安排", "可协商"}
)  # fmt: skip
_DAY_GROUPS = {
    "工作日": WORKDAYS, "平日": WORKDAYS, "上班日": WORKDAYS,
    "周末": WEEKEND, "双休日": WEEKEND, "双休": WEEKEND, "休息日": WEEKEND,
    "每天": EVERY_DAY, "每日": EVERY_DAY, "天天": EVERY_DAY, "全周": EVERY_DAY,
}  # fmt: skip
_WEEKDAYS = {
    "一": 1, "二": 2, "三": 3, "四": 4, "五": 5, "六": 6, "日": 7, "天": 7, "末": 0,
    "1": 1, "2": 2, "3": 3, "4": 4, "5": 5, "6": 6, "7": 7,
}  # fmt: skip
_DAY_PARTS = {
    "凌晨": (0, 360),
    "早上": (360, 540), "清晨": (360, 540), "上午": (510, 690), "中午": (690, 810),
    "午间": (690, 810), "下午": (840, 1020), "傍晚": (1020, 1140), "晚上": (1080, 1260),
    "晚间": (1080, 1260), "夜间": (1080, 1440), "白天": (510, 1020), "全天": (0, 1440),
}  # fmt: skip
_DAY = re.compile(r"(?:每)?(?:周|星期|礼拜)([一二三四五六日天末1-7])")
_MORE_DAYS = re.compile(
    r"(?P<range>[至到\-~—–])?(?:[、,和及])?(?:每)?(?:周|星期|礼拜)?"
    r"(?P<day>[一二三四五六日天]|[1-7](?![\d:点时]))"
)
_TIME = r"(\d{1,2})(?:[:点时](\d{1,2})?分?|(半))(半)?"
_TIMES = re.compile(rf"{_TIME}(?:[\-~—–至到]+)(次日|第二天|翌日)?{_TIME}")
_GLUE = re.compile(r"^[、,;的\s和及或()]+")
_TAIL = frozenset({"", "开放", "可用", "空闲", "均可", "可约", "预约", "共享", "需预约"})


def weekly_windows(text: str) -> tuple[WeeklyWindow, ...]:
    """Return the windows that a cell names, in order; none where it restricts nothing.

    A window over midnight becomes two. Raises CellProblem for what is no weekly time, and for
    windows that overlap.
    """
    compact = "".join(unicodedata.normalize("NFKC", text).split()).replace("每晚", "每天晚上")
    if compact in _NO_RESTRICTION:
        return ()
    found: list[WeeklyWindow] = []
    days: tuple[int, ...] = ()
    rest = compact
    while rest not in _TAIL:
        days, rest = _days(rest, days)
        spans, rest = _spans(rest, whole_day=bool(days))
        for start, end in spans:
            found.extend(window for day in days or EVERY_DAY for window in _on(day, start, end))
        rest = _GLUE.sub("", rest)
    if overlapping(found):
        raise CellProblem("windows_overlap", expected=EXPECTED)
    return tuple(sorted(found))


def _days(text: str, before: tuple[int, ...]) -> tuple[tuple[int, ...], str]:
    """Read the days at the start; without any, those that were read before hold on."""
    days: list[int] = []
    rest = text
    while True:
        group = next((word for word in _DAY_GROUPS if rest.startswith(word)), None)
        if group:
            days.extend(_DAY_GROUPS[group])
            rest = _GLUE.sub("", rest[len(group) :])
        elif single := _DAY.match(rest):
            read, rest = _named_days(single, rest)
            days.extend(read)
        else:
            break
    return (tuple(dict.fromkeys(days)) or before), rest


def _named_days(single: re.Match[str], text: str) -> tuple[list[int], str]:
    first = _WEEKDAYS[single[1]]
    rest = text[single.end() :]
    if first == 0:
        return list(WEEKEND), _GLUE.sub("", rest)
    days = [first]
    while more := _MORE_DAYS.match(rest):
        day = _WEEKDAYS[more["day"]]
        if more["range"]:
            length = (day - (last := days[-1])) % 7
            days.extend((last + step) % 7 + 1 for step in range(length))
        else:
            days.append(day)
        rest = rest[more.end() :]
    return days, _GLUE.sub("", rest)


def _spans(text: str, *, whole_day: bool) -> tuple[list[tuple[int, int]], str]:
    """Read one or more times of day at the start; days without any are whole days."""
    spans: list[tuple[int, int]] = []
    rest = text
    while True:
        part = next((word for word in _DAY_PARTS if rest.startswith(word)), None)
        after_part = rest[len(part) :] if part else rest
        if times := _TIMES.match(after_part):
            spans.append(_span(times, afternoon=part in {"下午", "晚上", "晚间", "夜间"}))
            rest = after_part[times.end() :]
        elif part:
            spans.append(_DAY_PARTS[part])
            rest = after_part
        else:
            break
        rest = _GLUE.sub("", rest)
    if not spans and whole_day and (rest in _TAIL or _begins_with_days(rest)):
        return [(0, END_OF_DAY)], rest
    if not spans:
        raise CellProblem("not_a_window", expected=EXPECTED)
    return spans, rest


def _begins_with_days(text: str) -> bool:
    return _DAY.match(text) is not None or any(text.startswith(word) for word in _DAY_GROUPS)


def _span(times: re.Match[str], *, afternoon: bool) -> tuple[int, int]:
    """Return start and end in minutes; an end after midnight is beyond 1440."""
    shift = afternoon and int(times[1]) < NOON
    start = _minutes(times[1], times[2], times[3] or times[4], shift=shift)
    end = _minutes(times[6], times[7], times[8] or times[9], shift=shift and not times[5])
    if times[5] or (end <= start and end < END_OF_DAY):
        end += END_OF_DAY
    if (
        start == END_OF_DAY
        or end - start >= END_OF_DAY + 1
        or (not times[5] and end > END_OF_DAY + NOON * 60)
    ):
        raise CellProblem("not_a_window", expected=EXPECTED)
    return start, end


def _minutes(hour: str, minute: str | None, half: str | None, *, shift: bool) -> int:
    hours = int(hour) + (NOON if shift and int(hour) < NOON else 0)
    minutes = hours * 60 + (30 if half else int(minute or 0))
    if minutes > END_OF_DAY or int(minute or 0) > 59:  # noqa: PLR2004 - minutes of an hour
        raise CellProblem("not_a_window", expected=EXPECTED)
    return minutes


def _on(day: int, start: int, end: int) -> list[WeeklyWindow]:
    if end <= END_OF_DAY:
        return [WeeklyWindow(day, start, end)]
    next_day = day % 7 + 1
    return [WeeklyWindow(day, start, END_OF_DAY), WeeklyWindow(next_day, 0, end - END_OF_DAY)]
