"""What runs and proposals keep as JSON text, served as objects: parts, reasons, the proof."""

from dataclasses import asdict
from typing import Any, cast

import orjson
import strawberry

from domain.identity import global_id
from domain.language import Language, text
from domain.runs import PROBLEM, read_failure, read_progress
from domain.vocabulary import RunStep
from graph.records import camel
from matching.comparison import Outcome
from matching.documents import read_certificate, read_reasons, read_unmatched
from matching.explain import (
    change_sentence,
    fairness_sentence,
    reason_sentence,
    refusal_sentence,
)
from matching.memory import read_changes
from matching.plans import Fairness, Refusal
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
class RunProgress:
    """How far a run is: its step, and the share of the step that is done, from 0 to 1."""

    step: RunStep
    text: Bilingual
    share: float


@strawberry.type
class RunFailure:
    """Why a run failed: a code, and a sentence."""

    code: str
    text: Bilingual


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
class ValueParts:
    """How a plan's value is counted: parts that add up to it."""

    worth: Long
    kept: Long
    fair: Long
    early: Long


@strawberry.type
class CommunityService:
    """How a community is served, without the floor and with it."""

    area_path: str
    before: float
    after: float
    premium: int


@strawberry.type
class FloorReport:
    """What a floor between communities did."""

    floor_before: float
    floor_after: float
    cost: float
    most_cost: float
    communities: list[CommunityService]
    text: Bilingual


@strawberry.type
class PackagesProof:
    """How good the packages of a run are: no set of them is worth more than the bound."""

    count: int
    cycles: int
    complete: bool
    value: Long
    bound: Long


@strawberry.type
class Certificate:
    """The proof of a run, and what first come, first served would have reached."""

    components: list[ComponentProof]
    reached: PlanSummary
    first_come_first_served: PlanSummary
    counted: ValueParts
    fairness: FloorReport | None
    packages: PackagesProof | None


@strawberry.type
class PolicyOutcome:
    """What a policy would reach."""

    practice: str
    label: Bilingual
    reached: PlanSummary
    floor: float
    proven: bool
    changed: int


@strawberry.type
class PlanCause:
    """Why a pair changed."""

    code: str
    node_id: strawberry.ID | None
    refusal: str | None


@strawberry.type
class PlanChange:
    """A pair that is not as it was in the last plan."""

    kind: str
    order_id: strawberry.ID
    offer_id: strawberry.ID
    from_offer_id: strawberry.ID | None
    before: Long
    after: Long
    causes: list[PlanCause]
    text: Bilingual


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
        "counted": asdict(found.counted),
        "fairness": None if found.fairness is None else _fairness(found.fairness),
        "packages": None if found.packages is None else asdict(found.packages),
    }


def parse_progress(stored: str | None) -> dict[str, Any] | None:
    """Return how far a run is, None where it does not run."""
    found = read_progress(stored)
    if found is None:
        return None
    key = f"enum.RunStep.{found.step}"
    return {"step": found.step, "text": _said(key), "share": found.share}


def parse_failure(stored: str | None) -> dict[str, Any] | None:
    """Return why a run failed, None where it did not."""
    found = read_failure(stored)
    if found is None:
        return None
    code = found.key.removeprefix(PROBLEM)
    return {"code": code, "text": _said(found.key, **found.parameters)}


def _said(key: str, **parameters: object) -> dict[str, str]:
    return {each.value: text(key, each, **parameters) for each in Language}


def parse_changes(stored: str | None) -> list[dict[str, Any]]:
    """Return what a run changed of the last plan; nothing of runs that did not say it."""
    return [
        {
            "kind": change.kind,
            "orderId": global_id("DemandOrder", change.order_id),
            "offerId": global_id("ResourceOffer", change.offer_id),
            "fromOfferId": _id_or_none("ResourceOffer", change.from_offer_id),
            "before": change.before,
            "after": change.after,
            "causes": [
                {
                    "code": cause.code,
                    "nodeId": _id_or_none(
                        "DemandOrder" if cause.code.startswith("ORDER") else "ResourceOffer",
                        cause.id,
                    ),
                    "refusal": cause.refusal,
                }
                for cause in change.causes
            ],
            "text": {each.value: change_sentence(change, {}, each) for each in Language},
        }
        for change in read_changes(stored or "[]")
    ]


def policy_outcome(outcome: Outcome) -> PolicyOutcome:
    """Return what a policy would reach; the types within are served from dictionaries."""
    key = f"matching.practice.{outcome.practice}"
    return PolicyOutcome(
        practice=outcome.practice.value,
        label=cast("Bilingual", _said(key)),
        reached=cast("PlanSummary", _summary(outcome.reached)),
        floor=outcome.floor,
        proven=outcome.proven,
        changed=outcome.changed,
    )


def _id_or_none(kind: str, uid: str | None) -> str | None:
    return global_id(kind, uid) if uid else None


def _fairness(fairness: Fairness) -> dict[str, Any]:
    return {
        "floorBefore": fairness.floor_before,
        "floorAfter": fairness.floor_after,
        "cost": fairness.cost,
        "mostCost": fairness.most_cost,
        "communities": [
            {
                "areaPath": path,
                "before": before,
                "after": fairness.after[path],
                "premium": fairness.premiums.get(path, 0),
            }
            for path, before in fairness.before.items()
        ],
        "text": {each.value: fairness_sentence(fairness, each) for each in Language},
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
