"""Texts that mean the same find each other: hand-written pairs, measured by `bench/texts.py`."""

import re

from bench.texts import (
    DEVELOPMENT,
    HELD_OUT,
    SITUATIONS,
    pairs_of,
    ranks,
    share_within,
    traditional,
)
from domain.categories import CATEGORIES
from domain.folding import fold
from matching.lexicon import concepts_in, meanings, vocabulary


def test_pairs_that_the_vocabulary_was_not_made_from_do_not_get_worse() -> None:
    pairs = pairs_of(HELD_OUT)
    found = ranks(pairs)
    assert len(pairs) >= 120
    assert share_within(found, 5) >= 0.877
    assert share_within(found, 1) >= 0.52
    assert ranks(pairs, traditional("s2t")) == found


def test_no_pair_is_in_two_sets_and_all_matters_are_spoken_of() -> None:
    held_out = pairs_of(HELD_OUT)
    others = [pair for file in (DEVELOPMENT, SITUATIONS) for pair in pairs_of(file)]
    texts = [text for pair in (*held_out, *others) for text in (pair.order, pair.offer)]
    assert len(set(texts)) == len(texts)
    leaves = {code for code, fact in CATEGORIES.items() if fact.parent is not None}
    assert (
        {pair.category for pair in held_out} == leaves == {said.category for said in vocabulary()}
    )


def test_the_pattern_finds_what_a_list_of_the_words_longest_first_would() -> None:
    said = fold(HELD_OUT.read_text("utf-8") + DEVELOPMENT.read_text("utf-8"))
    words = sorted(meanings(), key=lambda word: (-len(word), word))
    listed = re.compile("|".join(map(re.escape, words))).finditer(said)
    expected = [(match.start(), number) for match in listed for number in meanings()[match.group()]]
    assert concepts_in(said) == expected
    assert len(expected) > 1000


def test_words_do_not_overlap_and_the_longest_is_taken() -> None:
    numbers = meanings()
    assert concepts_in("我停车位") == [(1, number) for number in numbers["停车位"]]
    assert set(numbers["停车位"]) & set(numbers["泊位"])
    assert not set(numbers["停车位"]) & set(numbers["理发"])
