"""Past cases most like an order: by category, text and nearness, as the score weighs them.

The parts are those of the score of a pair that two orders can share too; windows, skills and
relations belong to an offer. A case of the very category counts 1, of one above or below it 0.9,
of another under the same root 0.5; further categories are no cases.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from matching.model import PartName
from matching.places import MICRO, nearness_of_steps
from matching.plans import Part
from matching.score import BELOW, SUBSTITUTE, total, tree_steps
from matching.text import TextIndex

COMPARED = (PartName.CATEGORY, PartName.TEXT, PartName.NEARNESS)


@dataclass(frozen=True, slots=True)
class Matter:
    """What an order is about: text, path of the category, path of the area."""

    id: str
    text: str
    category: str
    area_path: str


@dataclass(frozen=True, slots=True)
class Likeness:
    """A past case and how like the order it is, in [0, 1], by its parts."""

    id: str
    score: float
    parts: tuple[Part, ...]


def root_of(category: str) -> str:
    """Return the path of the root that a category is under."""
    return f"/{category.strip('/').partition('/')[0]}/"


def most_alike(
    order: Matter, cases: Iterable[Matter], weights: Mapping[PartName, float], first: int
) -> Sequence[Likeness]:
    """Return the cases most like the order, the most alike first, then by id."""
    near = [case for case in cases if case.category.startswith(root_of(order.category))]
    texts = TextIndex([order.text, *(case.text for case in near)])
    of_all = sum(weights[name] for name in COMPARED) or 1.0
    found: list[Likeness] = []
    for case in near:
        values = {
            PartName.CATEGORY: _category(order.category, case.category),
            PartName.TEXT: texts.similarity(order.text, case.text),
            PartName.NEARNESS: nearness_of_steps(tree_steps(order.area_path, case.area_path))
            / MICRO,
        }
        parts = tuple(Part(name, weights[name] / of_all, values[name]) for name in COMPARED)
        found.append(Likeness(case.id, total(parts), parts))
    return sorted(found, key=lambda each: (-each.score, each.id))[:first]


def _category(wanted: str, other: str) -> float:
    if other == wanted:
        return 1.0
    return BELOW if other.startswith(wanted) or wanted.startswith(other) else SUBSTITUTE
