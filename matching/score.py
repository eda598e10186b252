"""How good an allowed pair is: a sum of named parts, each in [0, 1], with the policy's weights.

Values and weights are whole millionths, urgencies thousandths, so that scores and worths are whole
numbers and no machine rounds them otherwise. These functions say what a pair is worth, one by one;
`matching/blocks.py` computes the same for all pairs at once.
"""

from collections.abc import Mapping

from domain.measures import MEASURES
from matching.model import Offer, Order, PartName, Policy, RelationKind, Relations, agent_pair
from matching.places import nearness_at, nearness_of_steps, point, squared
from matching.plans import Json, Part, Reason
from matching.rules import kilometres
from matching.text import MICRO, TextIndex
from matching.timing import coverage

MILLI = 1_000

BELOW = 0.9
SUBSTITUTE = 0.5

GOOD = 0.5
"""From this value on a part of the score is worth a sentence."""

RELATION_VALUES: Mapping[RelationKind, float] = {
    RelationKind.PAIRED: 1.0,
    RelationKind.AGREED: 0.9,
    RelationKind.WORKED_TOGETHER: 0.7,
    RelationKind.ALLIED: 0.5,
}
"""A promise to each other is worth most, then what went well, then a common circle of many."""


def tree_steps(first: str, second: str) -> int | None:
    """Return how many steps lead from one area to the other, None without a common ancestor."""
    one, other = first.strip("/").split("/"), second.strip("/").split("/")
    common = 0
    for left, right in zip(one, other, strict=False):
        if left != right:
            break
        common += 1
    return len(one) + len(other) - 2 * common if common else None


def category_value(order: Order, offer: Offer) -> float:
    """Return 1 for the very category, a little less below it, half for a substitute."""
    if offer.category == order.category:
        return 1.0
    return BELOW if offer.category.startswith(order.category) else SUBSTITUTE


def nearness(order: Order, offer: Offer) -> float:
    """Return how near the two places are, by distance where known, else by the area tree."""
    if order.coordinates is not None and offer.coordinates is not None:
        return nearness_at(squared(point(order.coordinates), point(offer.coordinates))) / MICRO
    return nearness_of_steps(tree_steps(order.area_path, offer.area_path)) / MICRO


def skills_value(order: Order, offer: Offer) -> float:
    """Return which share of the wanted skills the offer states; 1 where none is wanted."""
    if not order.skills:
        return 1.0
    return MICRO * len(order.skills & offer.skills) // len(order.skills) / MICRO


def parts(
    order: Order, offer: Offer, policy: Policy, texts: TextIndex, relations: Relations
) -> tuple[Part, ...]:
    """Return the named parts of a pair's score."""
    relation = relations.get(agent_pair(order.receiver_id, offer.supplier_id))
    values = {
        PartName.CATEGORY: category_value(order, offer),
        PartName.TEXT: texts.similarity(order.text, offer.text),
        PartName.NEARNESS: nearness(order, offer),
        PartName.WINDOWS: coverage(order, offer),
        PartName.SKILLS: skills_value(order, offer),
        PartName.RELATION: RELATION_VALUES[relation] if relation else 0.0,
    }
    return tuple(Part(name, policy.weights[name], values[name]) for name in PartName)


def total(found: tuple[Part, ...]) -> float:
    """Return the score in [0, 1], a whole number of millionths of a millionth."""
    exact = sum(micro(part.weight) * micro(part.value) for part in found)
    return min(MICRO * MICRO, exact) / (MICRO * MICRO)


def least_score(order: Order, offer: Offer, policy: Policy) -> int:
    """Return the score, in millionths, that both sides and the policy ask of a pair at least."""
    return max(micro(each.least_score) for each in (order, offer, policy))


def reaches(order: Order, offer: Offer, policy: Policy, score: float) -> bool:
    """Whether a score is what both sides and the policy ask for."""
    return round(score * MICRO * MICRO) >= least_score(order, offer, policy) * MICRO


def micro(share: float) -> int:
    """Return a weight or a value in whole millionths."""
    return round(MICRO * share)


def milli(urgency: float) -> int:
    """Return the multiple of an urgency in whole thousandths."""
    return round(MILLI * urgency)


def worth(order: Order, score: float, policy: Policy) -> int:
    """Return what one smallest unit of the order's quantity is worth when this pair meets it.

    A million for a person, an hour or a yuan that fits perfectly, times the urgency.
    """
    exact = round(score * MICRO * MICRO) * milli(policy.urgencies[order.urgency])
    return rounded(exact, worth_divisor(order.measure))


def worth_divisor(measure: str) -> int:
    """Return what the product of score and urgency is divided by in this measure."""
    return MICRO * MILLI * MEASURES[measure].scale


def rounded(exact: int, divisor: int) -> int:
    """Return the nearest whole number, halves up."""
    return (exact + divisor // 2) // divisor


def reasons(
    order: Order, offer: Offer, found: tuple[Part, ...], texts: TextIndex, relations: Relations
) -> tuple[Reason, ...]:
    """Return why the pair is good, the strongest part first."""
    strongest_first = sorted(found, key=lambda part: (-part.weight * part.value, part.name))
    said = (_reason(part, order, offer, texts, relations) for part in strongest_first)
    return tuple(reason for reason in said if reason is not None)


def _reason(
    part: Part, order: Order, offer: Offer, texts: TextIndex, relations: Relations
) -> Reason | None:
    match part.name:
        case PartName.CATEGORY:
            codes = {1.0: "CATEGORY_SAME", BELOW: "CATEGORY_BELOW"}
            return Reason(codes.get(part.value, "CATEGORY_SUBSTITUTE"), {})
        case PartName.TEXT:
            words: list[str] = texts.shared(order.text, offer.text)
            return Reason("TEXT", {"words": words}) if words else None
        case PartName.NEARNESS:
            return _near(part.value, order, offer)
        case PartName.WINDOWS if order.windows and part.value >= GOOD:
            return Reason("WINDOWS", {"percent": round(100 * part.value)})
        case PartName.SKILLS if order.skills & offer.skills:
            return Reason("SKILLS", {"skills": sorted(order.skills & offer.skills)})
        case PartName.RELATION if part.value:
            kind = relations[agent_pair(order.receiver_id, offer.supplier_id)]
            return Reason(f"RELATION_{kind}", {})
        case _:
            return None


def _near(value: float, order: Order, offer: Offer) -> Reason | None:
    if order.coordinates is not None and offer.coordinates is not None:
        distance = round(kilometres(order.coordinates, offer.coordinates), 1)
        return Reason("NEAR_KM", {"km": distance}) if value >= GOOD / 2 else None
    steps = tree_steps(order.area_path, offer.area_path)
    if steps is None or value < GOOD:
        return None
    data: dict[str, Json] = {"steps": steps}
    return Reason("SAME_AREA" if steps == 0 else "NEAR_AREA", data)
