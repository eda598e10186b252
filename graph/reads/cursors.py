"""Cursors: the value of a connection's order, in base64, so that nobody takes it for an id."""

import binascii
import re

from domain.errors import BadCursor
from graph.records import SORT_KEY

LOWEST, HIGHEST = " " * 12, "\x7f" * 12
"""Below and above every value that a connection is ordered by; as long as such values, so that a
page that begins at a cursor is planned like the first one (`graph.reads.shapes`)."""

_FORMS = {
    SORT_KEY: re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z\|[a-z2-7]{20}"),
    "path": re.compile(r"/(?:[a-z0-9_.-]+/)*"),
}


def encode_cursor(value: str) -> str:
    """Return the cursor of a row by the value of its order."""
    return binascii.b2a_base64(value.encode(), newline=False).decode("ascii")


def decode_cursor(cursor: str, order: str) -> str:
    """Return the value that a cursor stands for. Raises BadCursor."""
    try:
        value = binascii.a2b_base64(cursor.encode("ascii"), strict_mode=True).decode("ascii")
    except (binascii.Error, ValueError) as error:
        raise BadCursor(value=cursor) from error
    if _FORMS[order].fullmatch(value) is None:
        raise BadCursor(value=cursor)
    return value
