"""What people write: whether it can be read, and how it is quoted in an error. Pure."""

import unicodedata

from domain.language import Phrase

LONGEST_QUOTE = 40
LONGEST_MARK = 200
"""Of an id or a cursor, which is quoted so that it can be found in the client."""
BREAKS = frozenset("\t\n\r")


def says_something(value: str) -> bool:
    """Whether there is a character in it that can be seen."""
    return any(each.isprintable() and not each.isspace() for each in value)


def is_line(value: str) -> bool:
    """Whether it is of one line, without control characters."""
    return all(unicodedata.category(each) != "Cc" for each in value)


def is_text(value: str) -> bool:
    """Whether it has no control characters other than breaks of lines and tabs."""
    return is_line("".join(each for each in value if each not in BREAKS))


def quoted(value: str, longest: int = LONGEST_QUOTE) -> str:
    """Return a text as an error quotes it: its beginning, where it is long."""
    return value if len(value) <= longest else f"{value[:longest]}…"


def line_up_to(most: int) -> Phrase:
    """Return what is expected of a line that may not be empty."""
    return Phrase("expected.line", {"most": most})


def text_up_to(most: int) -> Phrase:
    """Return what is expected of a text."""
    return Phrase("expected.text", {"most": most})


def list_up_to(most: int) -> Phrase:
    """Return what is expected of a list of values."""
    return Phrase("expected.values", {"values": most})
