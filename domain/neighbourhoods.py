"""The names of communities, which people shorten: 崂一居民区 is 崂山一村居民区.

Declared rule: the endings that say what it is (居民区, 社区, ...) do not count; a name of a place,
a number and perhaps 村 (崂山一村) is shortened to the place's first character and the number
(崂一). Two full names that differ are two communities, even where both could be shortened alike.
"""

import re

from domain.folding import name_key

_ENDINGS = re.compile(r"(?:居民区|居委会|居委|居民委员会|社区|村民委员会|村委会)$")
_NUMBERED = re.compile(
    r"(?P<place>\D*?[^第\d])(?P<number>[一二三四五六七八九十\d]+)(?:村|小区|居)?"
)
_PARTY = re.compile(
    r"(?:联合|兼合式)?(?:党总支部|党总支|总支部|党支部|支部|党委|党工委|大党委|党组织)(?:委员会)?$"
)
_SHORT_PLACE = 1


def base_name(name: str) -> str:
    """Return the name without the ending that only says that it is a community."""
    key = name_key(name)
    return _ENDINGS.sub("", key) or key


def of_party_branch(name: str) -> str:
    """Return the community's name in that of its Party organisation: 崂山一村居民区."""
    return _PARTY.sub("", name.strip()) or name


def short_form(name: str) -> str:
    """Return the shortest usual form: the place's first character and its number, if numbered."""
    base = base_name(name)
    found = _NUMBERED.fullmatch(base)
    return found["place"][0] + found["number"] if found else base


def is_short(name: str) -> bool:
    """Whether a numbered name is already the short form: 崂一, not 崂山一村."""
    found = _NUMBERED.fullmatch(base_name(name))
    return found is not None and len(found["place"]) == _SHORT_PLACE


def same_community(one: str, other: str) -> bool:
    """Whether two names mean one community: equal, or one is the other's short form."""
    if _full(one) == _full(other):
        return True
    return short_form(one) == short_form(other) and is_short(one) != is_short(other)


def fuller(one: str, other: str) -> str:
    """Return the name that says more, to be shown; the other is its alias."""
    return max(one, other, key=lambda name: (not is_short(name), len(name), name))


def _full(name: str) -> str:
    base = base_name(name)
    found = _NUMBERED.fullmatch(base)
    return found["place"] + found["number"] if found else base
