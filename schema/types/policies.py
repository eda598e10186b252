"""What a run went by, kept as JSON text and served as objects."""

from collections.abc import Mapping
from typing import Any

import orjson
import strawberry

from domain.vocabulary import Urgency
from schema.values import Long

ADDED_LATER: Mapping[str, Any] = {
    "keep": 0.0,
    "floorCost": 0.0,
    "longestCycle": 0,
    "quotas": [],
    "diminishing": {"community": [], "subdistrict": []},
    "leastScore": 0.0,
}
"""What the policies of earlier runs, which had no such field, went by, and those without any."""


@strawberry.type
class Weight:
    """The weight of a part of the score."""

    name: str
    weight: float


@strawberry.type
class UrgencyFactor:
    """By how much an urgency multiplies the worth of an order."""

    urgency: Urgency
    factor: float


@strawberry.type
class MatchQuota:
    """The most that a run takes of all offers of an agent in a measure."""

    agent_id: strawberry.ID
    measure: str
    most: Long


@strawberry.type
class EarlySegment:
    """A share of what a community wants, and what a unit in it counts more."""

    share: float
    bonus: float


@strawberry.type
class DiminishingReturns:
    """What the first shares of communities and of subdistricts count more."""

    community: list[EarlySegment]
    subdistrict: list[EarlySegment]


@strawberry.type
class MatchPolicy:
    """What a run went by, beside the weights."""

    name: str
    urgencies: list[UrgencyFactor]
    horizon_days: int
    max_km: float
    overlap_minutes: int
    allow_substitutes: bool
    effort: float
    keep: float
    floor_cost: float
    longest_cycle: int
    quotas: list[MatchQuota]
    diminishing: DiminishingReturns
    least_score: float


def parse_policy(stored: str) -> dict[str, Any]:
    """Return what a run went by."""
    found = orjson.loads(stored)
    factors = [
        {"urgency": urgency, "factor": factor} for urgency, factor in found["urgencies"].items()
    ]
    return {**ADDED_LATER, **found, "urgencies": factors}


def parse_weights(stored: str) -> list[dict[str, Any]]:
    """Return the weights of a run, in their order."""
    return [{"name": name, "weight": weight} for name, weight in orjson.loads(stored).items()]
