"""Grams of one or two characters, as whole numbers."""

STOP_CHARACTERS = frozenset("的了和与及或等为于在对由给把将可需要求请供提有个名次每")
"""Characters that say nothing about what is wanted."""
SHIFT = 21
"""Bits of a character."""


def gram_code(first: str, second: str = "") -> int:
    """Return the code of a gram; what a text has besides grams has a code below zero."""
    return ord(first) << SHIFT | ord(second) if second else ord(first)
