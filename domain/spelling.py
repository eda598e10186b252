"""The terms of texts that are searched, and how names are typed in pinyin.

A stored search text is a row of terms with one space between them: runs of Chinese characters, and
runs of letters and digits, folded (`domain.folding`); then, for names and titles, how they are
typed in pinyin: the initials and the syllables from each character on (新宫 has `xg`, `g`,
`xingong`, `gong`). A word of Chinese is found wherever it occurs, any other word at the beginning
of a term, so that `gong` finds 新宫 and `xgs` finds 新宫社区.
"""

import unicodedata
from itertools import groupby

from domain.folding import fold

_IDEOGRAPHS = (
    ("\u3040", "\u30ff"),
    ("\u3400", "\u9fff"),
    ("\uac00", "\ud7af"),
    ("\uf900", "\ufaff"),
    ("\U00020000", "\U000323af"),
)
LONGEST_SPELT = 24
"""Characters of a name whose pinyin is stored: what people type is its beginning, or a part."""


def terms(text: str) -> list[str]:
    """Return the terms of a text: folded, without punctuation, Chinese apart from the rest."""
    found: list[str] = []
    for kind, run in groupby(fold(text), key=_kind):
        if kind:
            found.append("".join(run))
    return found


def spellings(name: str) -> list[str]:
    """Return how a name can be typed in pinyin, from each of its characters on."""
    found: list[str] = []
    for term in terms(name):
        if not is_chinese(term[0]):
            continue
        spelt = term[:LONGEST_SPELT]
        syllables = pinyin(spelt)
        if len(syllables) != len(spelt):
            continue
        initials = "".join(syllable[0] for syllable in syllables)
        for start in range(len(syllables)):
            found += [initials[start:], "".join(syllables[start:])]
    return found


def pinyin(text: str) -> list[str]:
    """Return the syllables of a text, without tones; what has none stays as it is."""
    from pypinyin import Style, lazy_pinyin  # noqa: PLC0415 - reads a large dictionary

    return lazy_pinyin(text, style=Style.NORMAL, v_to_u=False)


def is_chinese(character: str) -> bool:
    """Whether a character is an ideograph, or is indexed like one (kana, Hangul)."""
    return any(first <= character <= last for first, last in _IDEOGRAPHS)


def _kind(character: str) -> int:
    """Return 1 for Chinese, 2 for other letters and digits, 0 for what parts them."""
    if is_chinese(character):
        return 1
    # Marks belong to the letter that they are on.
    return 2 if character.isalnum() or unicodedata.category(character).startswith("M") else 0
