"""Text as it is compared and searched: one form for the many ways to write the same thing."""

import re
import unicodedata
from collections.abc import Callable
from functools import cache
from typing import Any, cast

from opencc import OpenCC

_SPACE = re.compile(r"\s+")
_NAME_NOISE = re.compile(r"[\s·•,，。.、;；:：'\"“”‘’《》〈〉\-—–_/]+")


@cache
def _to_simplified() -> Callable[[str], str]:
    untyped = cast("Callable[[str], Any]", OpenCC)
    return untyped("t2s").convert


def fold(text: str) -> str:
    """Return the text as it is stored for search and as queries are folded.

    Full width to half width (NFKC), Traditional to Simplified, lower case, single spaces.
    """
    simplified = _to_simplified()(unicodedata.normalize("NFKC", text))
    return _SPACE.sub(" ", simplified).strip().lower()


def name_key(name: str) -> str:
    """Return what two spellings of one name share: folded, without spaces and punctuation.

    Never empty for a name that is not: one of punctuation only is kept as it is.
    """
    folded = fold(name)
    return _NAME_NOISE.sub("", folded) or folded
