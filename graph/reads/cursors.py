"""Cursors: an order and a row's key in it, in base64, so that nobody takes it for an id."""

import binascii
import re

from domain.errors import BadCursor
from domain.written import LONGEST_MARK, quoted
from graph.ordering import BY_NUMBER, PATH, Order

LOWEST, HIGHEST = " " * 12, "\x7f" * 12
"""Below and above every key; as long as such values, so that a
page that begins at a cursor is planned like the first one (`graph.reads.shapes`)."""

_KEY = re.compile(r"(?:[!-~]+ )?\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z\|[a-z2-7]{20}")
_POSITION = re.compile(r"\d{16}")
_PATH = re.compile(r"/(?:[a-z0-9_.-]+/)*")


def order_mark(order: Order, *, descending: bool) -> str:
    """Return with what the cursors of an order begin."""
    return f"{order.field}{'<' if descending else '>'}"


def encode_cursor(mark: str, key: str) -> str:
    """Return the cursor of a row by its key in an order."""
    return binascii.b2a_base64(f"{mark}{key}".encode(), newline=False).decode("ascii")


def decode_cursor(cursor: str, order: Order, *, descending: bool) -> str:
    """Return the key that a cursor stands for. Raises BadCursor, also for one of another order."""
    try:
        value = binascii.a2b_base64(cursor.encode("ascii"), strict_mode=True).decode("ascii")
    except (binascii.Error, ValueError) as error:
        raise BadCursor(value=quoted(cursor, LONGEST_MARK)) from error
    mark = order_mark(order, descending=descending)
    key = value.removeprefix(mark)
    form = {PATH: _PATH, BY_NUMBER.key: _POSITION}.get(order.key, _KEY)
    if not value.startswith(mark) or form.fullmatch(key) is None:
        raise BadCursor(value=quoted(cursor, LONGEST_MARK))
    return key
