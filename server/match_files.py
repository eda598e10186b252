"""`renling match --orders --offers`: the whole matcher on two files, without a graph."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import orjson

from domain.errors import BadInput
from domain.measures import written
from matching.baseline import first_come_first_served
from matching.changes import PlanChange, changes_of
from matching.comparison import compare
from matching.cycles import Packages, packages_beside
from matching.dimacs import dimacs_lines
from matching.explain import (
    change_sentence,
    fairness_sentence,
    package_sentence,
    reason_sentence,
    unmatched_sentence,
)
from matching.matcher import check_ids, plan_of_solved
from matching.memory import memory_document, memory_from, memory_of
from matching.model import Booking, Earlier, Policy, Situation
from matching.pairs import find_pairs
from matching.pins import settled
from matching.plans import Plan, Proposal, Unmatched
from matching.policies import read_policy
from matching.ranking import offer_prices
from matching.solving import solve, whole_pairs
from matching.summary import Summary, summarise
from server.comparison_report import print_outcomes
from server.match_records import read_offers, read_orders
from server.output import Output
from server.solvers import pool_of


@dataclass(frozen=True, slots=True)
class Files:
    """What is read, and what is written."""

    orders: Path
    offers: Path
    out: Path
    dimacs: Path | None = None
    last: Path | None = None
    workers: int = 0


def match_files(output: Output, files: Files, *, now: datetime, policy: Policy) -> None:
    """Match the orders with the offers and write the plan.

    Raises BadInput, SheetError and MatchingError.
    """
    with output.step("command.matching") as step:
        progress = step.stage("enum.RunStep.")
        situation = _situation(files.orders, files.offers, files.last, now=now, policy=policy)
        check_ids(situation)
        rest = settled(situation, policy)
        found = find_pairs(rest.situation, policy, progress)
        with pool_of(files.workers) as pool:
            solved = solve(found, progress, pool)
        plan = plan_of_solved(situation, solved)
        practice = first_come_first_served(situation, policy, found)
        packages = packages_beside(found, plan)
    document = _document(output, situation, policy, plan, practice)
    changes = changes_of(situation, policy, plan, rest.dropped)
    document["changes"] = [_change(output, change) for change in changes]
    document["memory"] = memory_document(memory_of(situation, offer_prices(solved)))
    if packages is not None:
        document["packages"] = _packages(output, packages)
    options = orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE
    _write(files.out, [orjson.dumps(document, option=options).decode()])
    if files.dimacs is not None:
        chosen = whole_pairs(solved.network, ~solved.parts.converted)
        lines = dimacs_lines(solved.network, chosen, solved.flow)
        _write(files.dimacs, lines.instance)
        _write(Path(f"{files.dimacs}.sol"), lines.plan)
    reached = summarise(situation, plan)
    output.say(
        "command.matched_files",
        orders=plan.orders,
        offers=plan.offers,
        pairs=plan.pairs,
        matched=reached.matched_orders,
        value=plan.value,
        bound=plan.bound,
        practice=practice.value,
        file=files.out,
    )
    if plan.fairness is not None:
        output.line(fairness_sentence(plan.fairness, output.language))
    if packages is not None:
        count = len(packages.packages)
        output.say(
            "command.matched_packages", count=count, value=packages.value, bound=packages.bound
        )
    if files.last is not None:
        output.say("command.matched_changes", count=len(changes))
    output.result({key: document[key] for key in ("value", "bound", "proven", "reached")})


def compare_files(
    output: Output,
    orders: Path,
    offers: Path,
    last: Path | None,
    *,
    now: datetime,
    policy: Policy,
) -> None:
    """Say what several policies would reach on two files; writes nothing.

    Raises BadInput, SheetError and MatchingError.
    """
    with output.step("command.matching") as step:
        situation = _situation(orders, offers, last, now=now, policy=policy)
        outcomes = compare(situation, policy, step.stage("enum.RunStep."))
    print_outcomes(output, outcomes)


def _situation(
    orders: Path, offers: Path, last: Path | None, *, now: datetime, policy: Policy
) -> Situation:
    earlier, pins = (None, ()) if last is None else read_last(last)
    found, above = read_offers(offers, now, policy)
    return Situation(
        orders=read_orders(orders),
        offers=found,
        above=above,
        now=now,
        earlier=earlier,
        pins=pins,
    )


def _write(file: Path, lines: Iterable[str]) -> None:
    try:
        with file.open("w", encoding="utf-8") as out:
            out.writelines(lines)
    except OSError as error:
        what = error.strerror or str(error)
        raise BadInput(field="file", value=str(file), expected=what) from error


def _document(
    output: Output, situation: Situation, policy: Policy, plan: Plan, practice: Plan
) -> dict[str, Any]:
    measures = {order.id: order.measure for order in situation.orders}
    return {
        "now": situation.now.isoformat(),
        "policy": policy.name,
        "weights": {str(name): weight for name, weight in policy.weights.items()},
        "value": plan.value,
        "counted": asdict(plan.counted),
        "bound": plan.bound,
        "proven": plan.proven,
        "pairs": plan.pairs,
        "reached": _summary(summarise(situation, plan)),
        "firstComeFirstServed": _summary(summarise(situation, practice)),
        "fairness": _fairness(output, plan),
        "components": [asdict(proof) for proof in plan.proofs],
        "proposals": [_proposal(output, proposal) for proposal in plan.proposals],
        "unmatched": [
            _unmatched(output, measures[missing.order_id], missing) for missing in plan.unmatched
        ],
    }


def _summary(summary: Summary) -> dict[str, Any]:
    return {**asdict(summary), "quantities": {k: list(v) for k, v in summary.quantities.items()}}


def _proposal(output: Output, proposal: Proposal) -> dict[str, Any]:
    return {
        "order": proposal.order_id,
        "offer": proposal.offer_id,
        "quantity": written(proposal.quantity, proposal.measure),
        "measure": proposal.measure,
        "smallestUnits": proposal.quantity,
        "offerSmallestUnits": proposal.offer_quantity,
        "slots": [
            {"slot": share.slot, "smallestUnits": share.quantity} for share in proposal.slots
        ],
        "pinned": proposal.pinned > 0,
        "score": proposal.score,
        "parts": {str(part.name): [part.weight, part.value] for part in proposal.parts},
        "reasons": [
            {
                "code": reason.code,
                "data": dict(reason.data),
                "said": reason_sentence(reason, output.language),
            }
            for reason in proposal.reasons
        ],
    }


def _packages(output: Output, packages: Packages) -> dict[str, Any]:
    return {
        "value": packages.value,
        "bound": packages.bound,
        "proven": packages.proven,
        "cycles": packages.cycles,
        "complete": packages.complete,
        "packages": [
            {
                "agents": list(package.agents),
                "value": package.value,
                "unserved": list(package.unserved),
                "proposals": [_proposal(output, each) for each in package.proposals],
                "said": package_sentence(package, {}, output.language),
            }
            for package in packages.packages
        ],
    }


def _fairness(output: Output, plan: Plan) -> dict[str, Any] | None:
    fairness = plan.fairness
    if fairness is None:
        return None
    return {
        **asdict(fairness),
        "floor_before": fairness.floor_before,
        "floor_after": fairness.floor_after,
        "cost": fairness.cost,
        "said": fairness_sentence(fairness, output.language),
    }


def _change(output: Output, change: PlanChange) -> dict[str, Any]:
    named = change.order_id, change.offer_id, change.from_offer_id
    causes = (cause.id for cause in change.causes)
    names = {each: each for each in (*named, *causes) if each}
    return {**asdict(change), "said": change_sentence(change, names, output.language)}


def policy_in(file: Path | None) -> Policy:
    """Return the policy of a file, the default one without a file. Raises BadInput."""
    if file is None:
        return Policy()
    try:
        return read_policy(file.read_bytes(), file.name)
    except OSError as error:
        what = error.strerror or str(error)
        raise BadInput(field="--policy", value=str(file), expected=what) from error


def read_last(file: Path) -> tuple[Earlier, tuple[Booking, ...]]:
    """Return the plan of an earlier run's file, and what is pinned in it. Raises BadInput."""
    try:
        found = orjson.loads(file.read_bytes())
        bookings = [
            (
                Booking(
                    each["order"],
                    each["offer"],
                    each["smallestUnits"],
                    tuple((slot["slot"], slot["smallestUnits"]) for slot in each["slots"]),
                ),
                bool(each.get("pinned")),
            )
            for each in found["proposals"]
        ]
        memory = memory_from(found["memory"])
    except OSError as error:
        what = error.strerror or str(error)
        raise BadInput(field="--last", value=str(file), expected=what) from error
    except (KeyError, TypeError, ValueError) as error:
        raise BadInput(field="--last", value=str(file), expected="PLAN.json") from error
    earlier = Earlier(
        bookings=tuple(booking for booking, _ in bookings),
        prices=memory.prices,
        orders=memory.orders,
        offers=memory.offers,
    )
    return earlier, tuple(booking for booking, pinned in bookings if pinned)


def _unmatched(output: Output, measure: str, missing: Unmatched) -> dict[str, Any]:
    return {
        "order": missing.order_id,
        "missing": missing.missing,
        "reason": str(missing.reason),
        "refused": {str(code): count for code, count in missing.refused.items()},
        "rivals": list(missing.rivals),
        "said": unmatched_sentence(missing, measure, missing.rivals, output.language),
    }
