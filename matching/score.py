"""How good an allowed pair is: a sum of named parts, each in [0, 1], with the policy's weights."""

import math
from collections.abc import Mapping

from domain.measures import MEASURES
from matching.model import (
    Json,
    Offer,
    Order,
    Part,
    PartName,
    Policy,
    Reason,
    RelationKind,
    Relations,
    agent_pair,
)
from matching.rules import kilometres
from matching.text import TextIndex
from matching.timing import coverage

VALUE_SCALE = 1_000_000
"""Worths are integers: millionths, so that nothing rounds when they are summed and compared."""

BELOW = 0.9
SUBSTITUTE = 0.5
KM_SCALE = 3.0
STEP_SCALE = 3.0
"""Nearness falls to 1/e at 3 km, or at 3 steps in the area tree where a place is not known."""

GOOD = 0.5
"""From this value on a part of the score is worth a sentence."""

RELATION_VALUES: Mapping[RelationKind, float] = {
    RelationKind.PAIRED: 1.0,
    RelationKind.WORKED_TOGETHER: 0.7,
}


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
        return math.exp(-kilometres(order.coordinates, offer.coordinates) / KM_SCALE)
    steps = tree_steps(order.area_path, offer.area_path)
    return 0.0 if steps is None else math.exp(-steps / STEP_SCALE)


def skills_value(order: Order, offer: Offer) -> float:
    """Return which share of the wanted skills the offer states; 1 where none is wanted."""
    if not order.skills:
        return 1.0
    return len(order.skills & offer.skills) / len(order.skills)


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
    """Return the score in [0, 1]."""
    return min(1.0, max(0.0, math.fsum(part.weight * part.value for part in found)))


def worth(order: Order, score: float, policy: Policy) -> int:
    """Return what one smallest unit of the order's quantity is worth when this pair meets it.

    A million for a person, an hour or a yuan that fits perfectly, times the urgency.
    """
    scale = MEASURES[order.measure].scale
    return round(VALUE_SCALE * policy.urgencies[order.urgency] * score / scale)


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
