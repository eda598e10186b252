"""What runs and proposals keep as JSON text, served as objects: parts, reasons, the proof."""

from dataclasses import asdict
from typing import Any

import orjson
import strawberry

from domain.identity import global_id
from domain.language import Language
from domain.vocabulary import Urgency
from graph.records import camel
from matching.documents import read_certificate, read_reasons, read_unmatched
from matching.explain import reason_sentence, refusal_sentence
from matching.model import Refusal
from matching.summary import Summary
from schema.values import Long


@strawberry.type
class Bilingual:
    """A sentence in both languages."""

    zh: str
    en: str


@strawberry.type
class ScorePart:
    """A part of a score: its weight, and its value from 0 to 1."""

    name: str
    weight: float
    value: float


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
class MatchPolicy:
    """What a run went by, beside the weights."""

    name: str
    urgencies: list[UrgencyFactor]
    horizon_days: int
    max_km: float
    overlap_minutes: int
    allow_substitutes: bool
    effort: float


@strawberry.type
class MatchReason:
    """Why a pair is good: a code, and a sentence."""

    code: str
    text: Bilingual


@strawberry.type
class RefusalCount:
    """How many offers a rule kept from an order."""

    code: str
    count: int
    text: Bilingual


@strawberry.type
class UnmatchedOrder:
    """An order that stays wholly or partly without an offer, and why."""

    order_id: strawberry.ID
    missing: Long
    code: str
    text: Bilingual
    refused: list[RefusalCount]
    rival_ids: list[strawberry.ID]


@strawberry.type
class ComponentProof:
    """How a part of the plan was solved and proven."""

    orders: int
    offers: int
    pairs: int
    method: str
    proof: str
    value: Long
    bound: Long


@strawberry.type
class MeasuredQuantity:
    """What was wanted and matched in one measure, in smallest units."""

    measure: str
    wanted: Long
    matched: Long


@strawberry.type
class PlanSummary:
    """How far a plan goes."""

    orders: int
    matched_orders: int
    whole_orders: int
    filled: float
    value: Long
    quantities: list[MeasuredQuantity]


@strawberry.type
class Certificate:
    """The proof of a run, and what first come, first served would have reached."""

    components: list[ComponentProof]
    reached: PlanSummary
    first_come_first_served: PlanSummary


def parse_parts(stored: str) -> list[dict[str, Any]]:
    """Return the parts of a proposal's score."""
    parts, _ = read_reasons(stored)
    return [{"name": part.name, "weight": part.weight, "value": part.value} for part in parts]


def parse_reasons(stored: str) -> list[dict[str, Any]]:
    """Return the reasons of a proposal."""
    _, reasons = read_reasons(stored)
    return [
        {
            "code": reason.code,
            "text": {each.value: reason_sentence(reason, each) for each in Language},
        }
        for reason in reasons
    ]


def parse_policy(stored: str) -> dict[str, Any]:
    """Return what a run went by."""
    found = orjson.loads(stored)
    factors = [
        {"urgency": urgency, "factor": factor} for urgency, factor in found["urgencies"].items()
    ]
    return {**found, "urgencies": factors}


def parse_weights(stored: str) -> list[dict[str, Any]]:
    """Return the weights of a run, in their order."""
    return [{"name": name, "weight": weight} for name, weight in orjson.loads(stored).items()]


def parse_unmatched(stored: str) -> list[dict[str, Any]]:
    """Return the orders that a run left over."""
    return [
        {
            "orderId": global_id("DemandOrder", found.order_id),
            "missing": found.missing,
            "code": found.reason,
            "text": _refusal(found.reason),
            "refused": [
                {"code": code, "count": count, "text": _refusal(code)}
                for code, count in found.refused.items()
            ],
            "rivalIds": [global_id("DemandOrder", rival) for rival in found.rivals],
        }
        for found in read_unmatched(stored)
    ]


def parse_certificate(stored: str) -> dict[str, Any] | None:
    """Return the proof of a run, None for one that has not finished."""
    if not orjson.loads(stored):
        return None
    found = read_certificate(stored)
    return {
        "components": [
            {camel(name): value for name, value in asdict(proof).items()}
            for proof in found.components
        ],
        "reached": _summary(found.reached),
        "firstComeFirstServed": _summary(found.practice),
    }


def _summary(summary: Summary) -> dict[str, Any]:
    return {
        "orders": summary.orders,
        "matchedOrders": summary.matched_orders,
        "wholeOrders": summary.whole_orders,
        "filled": summary.filled,
        "value": summary.value,
        "quantities": [
            {"measure": measure, "wanted": wanted, "matched": matched}
            for measure, (wanted, matched) in summary.quantities.items()
        ],
    }


def _refusal(code: Refusal) -> dict[str, str]:
    return {each.value: refusal_sentence(code, each) for each in Language}
