"""What people write in cells: texts, numbers, amounts with their unit, lists, chosen words.

Every function takes the cell's text and raises CellProblem where it makes no sense.
"""

import re
import unicodedata
from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal, InvalidOperation
from typing import TypeVar

from domain.categories import CATEGORIES, category_named
from domain.credit_code import credit_code
from domain.folding import name_key
from domain.measures import MEASURES, Measure, measure_named
from seed.problems import CellProblem
from seed.tables import Cell

ValueT = TypeVar("ValueT")

NOTHING = frozenset({"", "-", "--", "—", "——", "/", "无", "暂无", "不详", "空"})
UNSTATED = frozenset({"若干", "不限", "不限量", "按需", "视情况", "面议", "待定", "不定", "多"})
LARGEST_QUANTITY = 10**12
MINUTES_PER_HOUR = 60

_LIST_SEPARATORS = re.compile(r"[、,，;；/|\n]+")
_AMOUNT = re.compile(
    r"(?:约|大约|共|共计|最多|不超过|可容纳|容纳|至少|每次|每场|每时段|每晚|每天|每日)?"
    r"(?P<sign>[-+]?)(?P<number>\d[\d,]*(?:\.\d+)?)(?P<ten_thousand>万)?(?P<unit>[^\d\s]*?)"
    r"(?:左右|以内|以下|/次|/场|/天)?"
)
_LARGEST_LATITUDE, _LARGEST_LONGITUDE = 90.0, 180.0


def text_of(cell: Cell | None) -> str:
    """Return what a person sees in a cell, trimmed; whole floats without their `.0`."""
    match cell:
        case None:
            return ""
        case bool():
            return "是" if cell else "否"
        case float() if cell.is_integer():
            return str(int(cell))
        case datetime() if cell.time() == time():
            return cell.date().isoformat()
        case datetime():
            return cell.isoformat(sep=" ", timespec="minutes")
        case date():
            return cell.isoformat()
        case time():
            return cell.isoformat(timespec="minutes")
        case timedelta():
            minutes = int(cell.total_seconds()) // MINUTES_PER_HOUR
            return f"{minutes // MINUTES_PER_HOUR:02}:{minutes % MINUTES_PER_HOUR:02}"
        case _:
            return " ".join(str(cell).replace("\u3000", " ").split())


def stated(text: str) -> str:
    """Return the text, or nothing where it is a way to write nothing (`-`, `无`)."""
    return "" if text in NOTHING else text


def plain(text: str) -> str:
    """Return the text as it is: the reader of free text."""
    return text


def listed(text: str) -> tuple[str, ...]:
    """Return the parts of `甲、乙；丙`, each once, in their order."""
    parts = (part.strip() for part in _LIST_SEPARATORS.split(text))
    return tuple(dict.fromkeys(part for part in parts if stated(part)))


def whole_number(text: str) -> int:
    """Return a whole number that is not negative."""
    compact = _compact(text).replace(",", "")
    try:
        number = Decimal(compact)
    except InvalidOperation:
        raise CellProblem("not_a_number", expected="60") from None
    if not number.is_finite() or number != number.to_integral_value() or number < 0:
        raise CellProblem("not_a_number", expected="60")
    if number > LARGEST_QUANTITY:
        raise CellProblem("too_large", expected=str(LARGEST_QUANTITY))
    return int(number)


def amount(text: str, unit: str | None, usual: str) -> tuple[int | None, str]:
    """Return a quantity in smallest units, and its measure.

    The unit stands in the cell (`50人`), in a cell of its own (`unit`), or is the `usual` one.
    A quantity that is openly not stated (`若干`) is None. Zero, negative and endless ones are
    refused, and so are ranges and parts of a smallest unit.
    """
    compact = _compact(text)
    if not compact or compact in UNSTATED or stated(compact) == "":
        return None, _measure(unit, usual).code
    found = _AMOUNT.fullmatch(compact)
    if found is None:
        raise CellProblem("not_an_amount", expected="50人")
    measure = _measure(found["unit"] or unit, usual)
    if found["unit"] and unit and _measure(unit, usual) != measure:
        raise CellProblem("two_units", expected=unit)
    number = Decimal(found["number"].replace(",", "")) * (10_000 if found["ten_thousand"] else 1)
    scaled = number * measure.scale
    if found["sign"] == "-" or number == 0:
        raise CellProblem("not_positive", expected="1")
    if scaled != scaled.to_integral_value():
        raise CellProblem("not_whole", expected=measure.names[0])
    if scaled > LARGEST_QUANTITY:
        raise CellProblem("too_large", expected=str(LARGEST_QUANTITY // measure.scale))
    return int(scaled), measure.code


def _measure(unit: str | None, usual: str) -> Measure:
    if not unit:
        return MEASURES[usual]
    named = measure_named(_compact(unit))
    if named is None:
        raise CellProblem(
            "unknown_unit",
            unit=unit,
            expected="、".join(measure.names[0] for measure in MEASURES.values()),
        )
    return named


def _compact(text: str) -> str:
    return "".join(unicodedata.normalize("NFKC", text).split())


def chosen(text: str, words: Mapping[str, ValueT], expected: str) -> ValueT:
    """Return the value that a word names; `expected` lists the right words."""
    found = words.get(name_key(text))
    if found is None:
        raise CellProblem("unknown_word", expected=expected)
    return found


def category(text: str) -> str:
    """Return the code of the category that a cell names."""
    found = category_named(text)
    if found is None:
        roots = "、".join(fact.name for fact in CATEGORIES.values() if fact.parent is None)
        raise CellProblem("unknown_category", expected=roots)
    return found


def checked_credit_code(text: str) -> str:
    """Return a unified social credit code whose check character is right."""
    try:
        return credit_code(_compact(text).upper())
    except ValueError:
        raise CellProblem("bad_credit_code") from None


def area_code(text: str) -> str:
    """Return an administrative code: 2, 4, 6, 9 or 12 digits."""
    compact = _compact(text)
    if not re.fullmatch(r"\d{2}|\d{4}|\d{6}|\d{9}|\d{12}", compact):
        raise CellProblem("bad_area_code")
    return compact


def email(text: str) -> str:
    """Return an e-mail address."""
    compact = _compact(text)
    if not re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s]+", compact):
        raise CellProblem("bad_email", expected="name@example.org")
    return compact


def phone(text: str) -> str:
    """Return a telephone number, with its separators."""
    compact = _compact(text)
    if not re.fullmatch(r"[+\d][\d\-()转/、,]{4,40}", compact):
        raise CellProblem("bad_phone", expected="0000-0000000")
    return compact


def latitude(text: str) -> float:
    """Return degrees north."""
    return _degrees(text, _LARGEST_LATITUDE)


def longitude(text: str) -> float:
    """Return degrees east."""
    return _degrees(text, _LARGEST_LONGITUDE)


def _degrees(text: str, largest: float) -> float:
    try:
        degrees = float(_compact(text))
    except ValueError:
        degrees = largest + 1
    if not -largest <= degrees <= largest:
        raise CellProblem("bad_degrees", expected=f"-{largest:g} … {largest:g}")
    return degrees
