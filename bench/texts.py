"""How often the true offer is among those whose texts are most like an order's.

`python -m bench.texts` measures the sets of hand-written pairs, the orders as they are and in
Traditional characters. `bench/README.md` says how the sets were kept apart.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from opencc import OpenCC

from matching.text import TextIndex

HELD_OUT = Path(__file__).with_name("text_pairs.tsv")
DEVELOPMENT = Path(__file__).with_name("text_pairs_development.tsv")
SITUATIONS = Path(__file__).with_name("text_pairs_situations.tsv")


@dataclass(frozen=True, slots=True)
class Pair:
    """What is wanted and what is offered, in the words of those who want and offer it."""

    category: str
    order: str
    offer: str


def pairs_of(file: Path) -> list[Pair]:
    """Return the pairs of a file of three columns: category, order, offer."""
    lines = file.read_text("utf-8").splitlines()
    return [Pair(category, order, offer) for category, order, offer in map(str.split, lines)]


def traditional(scheme: str) -> Callable[[str], str]:
    """Return OpenCC's conversion of this name, `s2t` or `s2twp`."""
    untyped = cast("Callable[[str], Any]", OpenCC)
    return untyped(scheme).convert


def ranks(pairs: list[Pair], written: Callable[[str], str] = str) -> list[int]:
    """Return how many of all offers are at least as like each order as its own."""
    orders = [written(pair.order) for pair in pairs]
    texts = TextIndex([*orders, *(pair.offer for pair in pairs)])
    found: list[int] = []
    for place, order in enumerate(orders):
        alike = [texts.likeness(order, pair.offer) for pair in pairs]
        found.append(sum(one >= alike[place] for one in alike) - 1)
    return found


def share_within(found: list[int], first: int) -> float:
    """Return the share of orders whose own offer is among so many first."""
    return sum(rank < first for rank in found) / len(found)


def main() -> None:
    """Print a table of all sets."""
    print("| pairs | orders written | first | among the first five |\n|---|---|---|---|")
    for file in (HELD_OUT, DEVELOPMENT, SITUATIONS):
        pairs = pairs_of(file)
        for name, written in (
            ("Simplified", str),
            ("Traditional (s2t)", traditional("s2t")),
            ("Traditional, words of Taiwan (s2twp)", traditional("s2twp")),
        ):
            found = ranks(pairs, written)
            print(
                f"| {file.stem}, {len(pairs)} | {name} | {share_within(found, 1):.3f} "
                f"| {share_within(found, 5):.3f} |"
            )


if __name__ == "__main__":
    main()
