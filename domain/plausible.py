"""What values the fields of a record may have, whoever writes them by hand. Pure."""

import re
from collections.abc import Sequence
from datetime import date
from typing import Protocol
from zoneinfo import ZoneInfo

from domain.availability import END_OF_DAY, WeeklyWindow, overlapping
from domain.credit_code import credit_code
from domain.errors import BadInput, UnknownMeasure
from domain.holds import LARGEST_QUANTITY
from domain.measures import MEASURES, nearest_measures
from domain.records import Contact, DemandOrder, ResourceOffer
from domain.written import (
    is_line,
    is_text,
    line_up_to,
    list_up_to,
    quoted,
    says_something,
    text_up_to,
)

LONGEST_NAME = 200
LONGEST_TEXT = 2000
MOST_VALUES = 50
MOST_WINDOWS = 100
MOST_PARTNERS = 10_000
LONGEST_RUN = 7 * END_OF_DAY
"""The longest contiguous booking that may be asked for, in minutes."""
_PHONE = re.compile(r"\+?[0-9][0-9 ()\-]{4,30}")
_EMAIL = re.compile(r"[^@\s]{1,64}@[^@\s]{1,190}\.[^@\s.]{1,60}")


class _Placed(Protocol):
    latitude: float | None
    longitude: float | None


def check_name(field: str, value: str) -> None:
    """Refuse a name or title that says nothing, is no line or is too long. Raises BadInput."""
    if not is_name(value):
        raise BadInput(field=field, value=quoted(value), expected=line_up_to(LONGEST_NAME))


def is_name(value: str) -> bool:
    """Whether it says something in one line that is not too long."""
    return len(value) <= LONGEST_NAME and says_something(value) and is_line(value)


def check_text(field: str, value: str | None) -> None:
    """Refuse a text that is too long or has control characters. Raises BadInput."""
    if value is not None and not (len(value) <= LONGEST_TEXT and is_text(value)):
        raise BadInput(field=field, value=quoted(value), expected=text_up_to(LONGEST_TEXT))


def check_values(field: str, values: Sequence[str]) -> None:
    """Refuse a list of names that is too long or has one that says nothing. Raises BadInput."""
    if len(values) > MOST_VALUES:
        raise BadInput(field=field, value=len(values), expected=list_up_to(MOST_VALUES))
    for each in values:
        check_name(field, each)


def check_position(node: _Placed) -> None:
    """Refuse a place that is none on earth, or half of one. Raises BadInput."""
    for field, value, most in (("latitude", node.latitude, 90), ("longitude", node.longitude, 180)):
        if value is not None and not -most <= value <= most:
            raise BadInput(field=field, value=value, expected=f"-{most}..{most}")
    if (node.latitude is None) != (node.longitude is None):
        raise BadInput(field="longitude", value=node.longitude, expected="latitude, longitude")


def check_period(field: str, starts_on: date | None, ends_on: date | None) -> None:
    """Refuse a period that ends before it starts; `field` is that of the end. Raises BadInput."""
    if starts_on is not None and ends_on is not None and ends_on < starts_on:
        raise BadInput(field=field, value=ends_on, expected=f">= {starts_on}")


def check_contact(node: Contact) -> None:
    """Refuse contacts that nobody can be reached by. Raises BadInput, never quoting a contact."""
    if node.contact_name is not None:
        check_name("contactName", node.contact_name)
    if node.phone is not None and _PHONE.fullmatch(node.phone) is None:
        raise BadInput(field="phone", value="-", expected="+86 21 1234 5678")
    if node.email is not None and _EMAIL.fullmatch(node.email) is None:
        raise BadInput(field="email", value="-", expected="name@example.org")


def checked_credit_code(value: str | None) -> str | None:
    """Return a credit code without separators, None for none. Raises BadInput for a wrong one."""
    if value is None:
        return None
    try:
        return credit_code(value)
    except ValueError:
        raise BadInput(field="creditCode", value=value, expected="GB 32100") from None


def check_time_zone(value: str) -> None:
    """Refuse what is no time zone. Raises BadInput."""
    try:
        ZoneInfo(value)
    except (KeyError, OSError, ValueError):
        raise BadInput(field="timeZone", value=value, expected="Asia/Shanghai") from None


def check_order_fields(order: DemandOrder) -> None:
    """Refuse an order that makes no sense. Raises BadInput or UnknownMeasure."""
    _check_item(order)
    check_positive("quantity", order.quantity)
    check_positive("minimumLot", order.minimum_lot)
    if order.contiguous_minutes is not None:
        check_positive("contiguousMinutes", order.contiguous_minutes, LONGEST_RUN)
    check_period("deadline", order.starts_on, order.deadline)


def check_offer_fields(offer: ResourceOffer) -> None:
    """Refuse an offer that makes no sense. Raises BadInput or UnknownMeasure."""
    _check_item(offer)
    if offer.capacity is not None:
        check_positive("capacity", offer.capacity)
    if offer.slot_minutes is not None:
        check_positive("slotMinutes", offer.slot_minutes, END_OF_DAY)
    check_period("endsOn", offer.starts_on, offer.ends_on)
    check_text("address", offer.address)
    check_text("conditions", offer.conditions)


def check_positive(field: str, value: int, largest: int = LARGEST_QUANTITY) -> None:
    """Refuse a number outside of 1 to the largest. Raises BadInput."""
    if not 0 < value <= largest:
        raise BadInput(field=field, value=value, expected=f"1..{largest}")


def parse_window(weekday: int, start: int, end: int) -> WeeklyWindow:
    """Return a window of minutes after midnight. Raises BadInput for one that cannot be."""
    try:
        return WeeklyWindow(weekday, start, end)
    except ValueError:
        expected = f"1..7, 0 <= start < end <= {END_OF_DAY}"
        raise BadInput(
            field="windows", value=f"{weekday} {start}-{end}", expected=expected
        ) from None


def _check_item(item: DemandOrder | ResourceOffer) -> None:
    check_name("title", item.title)
    check_text("description", item.description)
    check_text("beneficiaries", item.beneficiaries)
    check_values("skills", item.skills)
    check_position(item)
    if item.least_score is not None and not 0 <= item.least_score <= 1:
        raise BadInput(field="leastScore", value=item.least_score, expected="0..1")
    if item.partner_limit is not None:
        check_positive("partnerLimit", item.partner_limit, MOST_PARTNERS)
    if item.measure not in MEASURES:
        raise UnknownMeasure(value=item.measure, nearest=nearest_measures(item.measure))
    if len(item.windows) > MOST_WINDOWS:
        raise BadInput(field="windows", value=len(item.windows), expected=list_up_to(MOST_WINDOWS))
    found = overlapping(item.windows)
    if found is not None:
        raise BadInput(field="windows", value=str(found[1]), expected=f"after {found[0]}")
