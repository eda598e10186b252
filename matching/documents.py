"""Plans as JSON text, as a run and its proposals keep them, and back."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from domain.identity import global_id
from matching.cycles import Package, PackagesProof
from matching.model import Diminishing, PartName, Policy, Quota, Segment
from matching.plans import (
    ComponentProof,
    Counted,
    Fairness,
    Method,
    Part,
    Plan,
    Proof,
    Proposal,
    Reason,
    Refusal,
    Unmatched,
)
from matching.score import MILLI
from matching.summary import Summary

QUOTING = frozenset({"TEXT", "SKILLS"})
"""Codes of the reasons whose data are words of an order or an offer."""


@dataclass(frozen=True, slots=True)
class Certificate:
    """What a run keeps of its proof: how each component was proven, and what it reached.

    `practice` are the figures of first come, first served on the same orders and offers; `counted`
    says how the plan's value is counted; `packages` how good those are that were sought beside it.
    """

    components: tuple[ComponentProof, ...]
    reached: Summary
    practice: Summary
    counted: Counted
    fairness: Fairness | None = None
    packages: PackagesProof | None = None


def _text(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def policy_text(policy: Policy) -> str:
    """Return what a run went by, without the weights; quotas and segments where there are any."""
    written: dict[str, object] = {
        "name": policy.name,
        "urgencies": dict(policy.urgencies),
        "horizonDays": policy.horizon_days,
        "maxKm": policy.max_km,
        "overlapMinutes": policy.overlap_minutes,
        "allowSubstitutes": policy.allow_substitutes,
        "effort": policy.effort,
        "keep": policy.keep,
        "floorCost": policy.floor_cost,
        "longestCycle": policy.longest_cycle,
    }
    if policy.quotas:
        written["quotas"] = [_quota(quota) for quota in policy.quotas]
    if policy.diminishing != Diminishing():
        written["diminishing"] = {
            "community": _segments(policy.diminishing.community),
            "subdistrict": _segments(policy.diminishing.subdistrict),
        }
    if policy.least_score:
        written["leastScore"] = policy.least_score
    return _text(written)


def _quota(quota: Quota) -> dict[str, object]:
    kind, agent = quota.agent_type, quota.agent_id
    named = global_id(kind, agent) if kind else agent
    return {"agentId": named, "measure": quota.measure, "most": quota.most}


def _segments(segments: Iterable[Segment]) -> list[dict[str, float]]:
    return [{"share": segment.share / MILLI, "bonus": segment.bonus} for segment in segments]


def weights_text(policy: Policy) -> str:
    """Return the weights of the score's parts."""
    return _text(dict(policy.weights))


def reasons_text(proposal: Proposal) -> str:
    """Return the parts of a proposal's score and its reasons."""
    return _reasons_text(proposal.parts, proposal.reasons)


def package_text(package: Package) -> str:
    """Return the reasons of a package: how many are in it, and how many have else nothing."""
    reasons = [Reason("CYCLE", {"count": len(package.agents)})]
    if package.unserved:
        reasons.append(Reason("UNSERVED", {"count": len(package.unserved)}))
    return _reasons_text((), reasons)


def _reasons_text(parts: Sequence[Part], reasons: Sequence[Reason]) -> str:
    return _text(
        {
            "parts": [[part.name, part.weight, part.value] for part in parts],
            "reasons": [[reason.code, dict(reason.data)] for reason in reasons],
        }
    )


def read_reasons(document: str) -> tuple[tuple[Part, ...], tuple[Reason, ...]]:
    """Read the parts and the reasons back."""
    found = json.loads(document)
    parts = (Part(PartName(name), weight, value) for name, weight, value in found["parts"])
    return tuple(parts), tuple(Reason(code, data) for code, data in found["reasons"])


def without_words(document: str) -> str:
    """Return the parts and the reasons without those that quote what people wrote."""
    found = json.loads(document)
    kept = [[code, data] for code, data in found["reasons"] if code not in QUOTING]
    return _text({"parts": found["parts"], "reasons": kept})


def unmatched_text(plan: Plan) -> str:
    """Return what stays unmatched and why."""
    return _text(
        [
            {
                "order": unmatched.order_id,
                "missing": unmatched.missing,
                "reason": unmatched.reason,
                "refused": dict(unmatched.refused),
                "rivals": list(unmatched.rivals),
            }
            for unmatched in plan.unmatched
        ]
    )


def read_unmatched(document: str) -> tuple[Unmatched, ...]:
    """Read what stays unmatched back."""
    return tuple(
        Unmatched(
            order_id=found["order"],
            missing=found["missing"],
            reason=Refusal(found["reason"]),
            refused={Refusal(code): count for code, count in found["refused"].items()},
            rivals=tuple(found["rivals"]),
        )
        for found in json.loads(document)
    )


def certificate_text(certificate: Certificate) -> str:
    """Return how a plan was proven and what it reached."""
    return _text(
        {
            "components": [
                {
                    "orders": proof.orders,
                    "offers": proof.offers,
                    "pairs": proof.pairs,
                    "method": proof.method,
                    "proof": proof.proof,
                    "value": proof.value,
                    "bound": proof.bound,
                }
                for proof in certificate.components
            ],
            "reached": _summary(certificate.reached),
            "firstComeFirstServed": _summary(certificate.practice),
            "counted": asdict(certificate.counted),
            "fairness": None if certificate.fairness is None else asdict(certificate.fairness),
            # Only of runs that looked for them.
            **({"packages": asdict(certificate.packages)} if certificate.packages else {}),
        }
    )


def read_certificate(document: str) -> Certificate:
    """Read a certificate back."""
    found = json.loads(document)
    reached = _read_summary(found["reached"])
    # Runs of before there was a bonus have neither of the last two.
    counted, fairness = found.get("counted"), found.get("fairness")
    packages = found.get("packages")
    return Certificate(
        components=tuple(
            ComponentProof(
                orders=proof["orders"],
                offers=proof["offers"],
                pairs=proof["pairs"],
                method=Method(proof["method"]),
                proof=Proof(proof["proof"]),
                value=proof["value"],
                bound=proof["bound"],
            )
            for proof in found["components"]
        ),
        reached=reached,
        practice=_read_summary(found["firstComeFirstServed"]),
        counted=Counted(**counted) if counted else Counted(reached.value),
        fairness=Fairness(**fairness) if fairness else None,
        packages=PackagesProof(**packages) if packages else None,
    )


def _summary(summary: Summary) -> dict[str, object]:
    return {
        "orders": summary.orders,
        "matchedOrders": summary.matched_orders,
        "wholeOrders": summary.whole_orders,
        "filled": summary.filled,
        "value": summary.value,
        "quantities": {measure: list(pair) for measure, pair in summary.quantities.items()},
    }


def _read_summary(found: Mapping[str, Any]) -> Summary:
    return Summary(
        orders=found["orders"],
        matched_orders=found["matchedOrders"],
        whole_orders=found["wholeOrders"],
        filled=found["filled"],
        value=found["value"],
        quantities={name: (pair[0], pair[1]) for name, pair in found["quantities"].items()},
    )
