"""What if: several policies on the same orders and offers, before anyone is told."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from matching.baseline import first_come_shares, greedy_shares
from matching.changes import changes_of
from matching.fairness import served
from matching.matcher import check_ids, plan_of, plan_of_solved
from matching.model import Policy, Progress, Situation
from matching.network import network_of
from matching.pairs import find_pairs
from matching.pins import settled
from matching.placing import Share
from matching.plans import Plan
from matching.solving import solve
from matching.summary import Summary, summarise

FLOOR_COST = 0.006
"""What the floor may cost where the policy names no cost of its own."""


class Practice(StrEnum):
    """A way to deal out offers."""

    FIRST_COME = "FIRST_COME"
    GREEDY = "GREEDY"
    BEST = "BEST"
    BEST_WITH_FLOOR = "BEST_WITH_FLOOR"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a policy would reach.

    `floor` is how the worst community is served, from 0 to 1; `proven` whether no plan is better
    by what the policy counts (never of a practice); `changed` is how many pairs would not be as in
    the last plan.
    """

    practice: Practice
    reached: Summary
    floor: float
    proven: bool
    changed: int


def compare(
    situation: Situation, policy: Policy, progress: Progress | None = None
) -> tuple[Outcome, ...]:
    """Return what each policy would reach, today's practice first. Raises MatchingError."""
    check_ids(situation)
    rest = settled(situation, policy)
    found = find_pairs(rest.situation, policy, progress)
    network = network_of(found)

    def outcome(practice: Practice, plan: Plan, shares: Sequence[Share]) -> Outcome:
        return Outcome(
            practice=practice,
            reached=summarise(situation, plan),
            floor=min(served(network, shares).values(), default=1.0),
            proven=plan.proven,
            changed=len(changes_of(situation, policy, plan, rest.dropped)),
        )

    found_by_practice = {
        Practice.FIRST_COME: first_come_shares(found),
        Practice.GREEDY: greedy_shares(found),
    }
    outcomes = [
        outcome(practice, plan_of(situation, found, shares, None), shares)
        for practice, shares in found_by_practice.items()
    ]
    for practice, cost in (
        (Practice.BEST, 0.0),
        (Practice.BEST_WITH_FLOOR, policy.floor_cost or FLOOR_COST),
    ):
        columns = replace(found.columns, policy=replace(policy, floor_cost=cost))
        solved = solve(replace(found, columns=columns), progress)
        outcomes.append(outcome(practice, plan_of_solved(situation, solved), solved.shares))
    return tuple(outcomes)
