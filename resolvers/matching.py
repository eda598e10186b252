"""Plans of matching runs: make one, write it, endorse its proposals.

A plan is computed outside of any transaction and written in one: proposals are never half there.
What changed in between does no harm: an endorsed proposal becomes a claim under the claim's own
checks and locks. Who starts runs and who works on them: `resolvers.match_runs`.
"""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from domain.access import Viewer
from domain.claims import ClaimPolicy
from domain.clock import Clock, system_clock
from domain.errors import (
    AccessError,
    BadInput,
    ClaimError,
    DomainError,
    Forbidden,
    InputError,
    MatchingError,
    NotFound,
    NotSignedIn,
)
from domain.holds import LineRequest
from domain.identity import derived_id, new_id
from domain.language import Phrase
from domain.records import Claim
from domain.run_records import MatchRun
from domain.run_records import Proposal as ProposalRecord
from domain.vocabulary import Initiator, ProposalState, RunState
from graph import events, match_runs, run_owners
from graph.driver import Graph, Transaction
from graph.events import ChangedFields, Changes
from graph.match_runs import ProposalRow
from graph.records import present_properties
from graph.run_owners import LockedRun
from matching.baseline import first_come_first_served
from matching.changes import PlanChange, changes_of
from matching.cycles import Packages, packages_beside
from matching.documents import (
    Certificate,
    certificate_text,
    unmatched_text,
)
from matching.matcher import check_ids, plan_of_solved
from matching.memory import changes_text, earlier_of, memory_of, memory_text, read_memory
from matching.model import Booking, Policy, Progress, Situation
from matching.pairs import find_pairs
from matching.pins import settled
from matching.plans import Plan
from matching.ranking import offer_prices
from matching.solving import solve
from matching.summary import summarise
from resolvers.claims import propose
from resolvers.claims_common import caller_of
from resolvers.matching_situation import read_situation
from resolvers.packages_found import package_rows, supersede_packages, write_packages
from resolvers.proposal_records import proposal_record

DEFAULT_POLICY = Policy()
DEFAULT_CLAIM_POLICY = ClaimPolicy()
MOST_ENDORSED = 500
OpenExecutor = Callable[[], AbstractContextManager[Executor | None]]
"""Opens what a run's parts are solved by; None: the thread that asks."""


@dataclass(frozen=True, slots=True)
class Planned:
    """A plan with what it was made from, and first come, first served on the same.

    `changes` are those of the last plan; `memory` is what the run leaves for the next. `packages`
    are found beside the plan, where the policy asks for them.
    """

    situation: Situation
    plan: Plan
    practice: Plan
    changes: tuple[PlanChange, ...]
    memory: str
    packages: Packages | None = None


@dataclass(frozen=True, slots=True)
class Endorsement:
    """What became of a proposal that was to be endorsed: a claim, or why not."""

    proposal_id: str
    claim: Claim | None = None
    problem: DomainError | None = None


async def plan(
    graph: Graph,
    *,
    below: str,
    now: datetime,
    policy: Policy = DEFAULT_POLICY,
    progress: Progress | None = None,
    executor: OpenExecutor = nullcontext,
) -> Planned:
    """Return the best plan for the open orders below a path; writes nothing.

    It holds what is pinned, and begins from the last plan. `progress` is called from another
    thread, where `executor` is opened: its parts are solved there.
    """
    situation = await read_changed_situation(graph, below=below, now=now, policy=policy)
    return await asyncio.to_thread(_plan, situation, policy, progress, executor)


async def read_changed_situation(
    graph: Graph, *, below: str, now: datetime, policy: Policy
) -> Situation:
    """Return what is to be matched, with the last plan as far as it stands, and what is pinned."""
    situation = await read_situation(graph, below=below, now=now, policy=policy)
    standing = await match_runs.standing(graph.read, below)
    last = await match_runs.remembered(graph.read, below)
    memory = read_memory(last.memory) if last else None
    return replace(
        situation,
        earlier=earlier_of(memory, tuple(_booking(row) for row in standing)),
        pins=tuple(_booking(row) for row in standing if row.proposal.pinned),
    )


def _plan(
    situation: Situation, policy: Policy, progress: Progress | None, executor: OpenExecutor
) -> Planned:
    check_ids(situation)
    rest = settled(situation, policy)
    found = find_pairs(rest.situation, policy, progress)
    with executor() as pool:
        solved = solve(found, progress, pool)
    best = plan_of_solved(situation, solved)
    return Planned(
        situation,
        best,
        first_come_first_served(situation, policy, found),
        changes_of(situation, policy, best, rest.dropped),
        memory_text(memory_of(situation, offer_prices(solved))),
        packages_beside(found, best),
    )


def _booking(row: ProposalRow) -> Booking:
    proposal = row.proposal
    slots = zip(proposal.slots, proposal.slot_quantities, strict=True)
    return Booking(row.order_id, row.offer_id, proposal.quantity, tuple(slots))


async def write_plan(
    transaction: Transaction,
    locked: LockedRun,
    planned: Planned,
    *,
    finished: datetime,
    event_id: str,
    token: str,
) -> MatchRun:
    """Write what a locked run came to, with its proposals and its event; return the run.

    Open proposals of earlier runs for its orders are superseded. Raises MatchingError where
    something was pinned meanwhile.
    """
    run = _finished_run(locked.run, finished, planned)
    rows = _proposal_rows(run, planned.plan)
    packed = package_rows(run, planned.packages)
    pairs = [*rows, *(each for row in packed for each in row.proposals)]
    await match_runs.lock_pairs(transaction, pairs, token)
    superseded = await _supersede(transaction, locked.path, token, planned.situation.pins)
    await run_owners.finish(transaction, run.id, present_properties(run))
    await match_runs.create_proposals(transaction, run.id, rows)
    await match_runs.remember(transaction, run.id, locked.path, planned.memory)
    changes: Changes = {run.id: events.changes_between(locked.run, run), **superseded}
    changes |= await supersede_packages(transaction, locked.path, token, finished)
    changes |= await write_packages(transaction, run.id, packed)
    for row in rows:
        # Named, not quoted: the rest of a proposal never changes.
        state = {"state": [None, row.proposal.state.value]}
        changes[row.proposal.id] = ChangedFields("Proposal", state)
    event = events.event(event_id, finished, locked.starter, "MATCHING_RUN", changes)
    await events.write_event(transaction, event)
    return run


async def endorse_proposals(
    graph: Graph,
    *,
    viewer: Viewer,
    proposal_ids: Sequence[str],
    idempotency_key: str,
    clock: Clock = system_clock,
    ids: Callable[[], str] = new_id,
    claim_policy: ClaimPolicy = DEFAULT_CLAIM_POLICY,
) -> list[Endorsement]:
    """Make claims of proposals, each in a transaction of its own, and say what became of each.

    The claims' initiator is MATCHER and nobody has accepted them yet. One that cannot be made
    (somebody else was faster) does not hinder the others. Raises NotSignedIn, and BadInput for
    too many at once.
    """
    caller_of(viewer)
    if not 0 < len(proposal_ids) <= MOST_ENDORSED:
        raise BadInput(field="proposalIds", value=len(proposal_ids), expected=f"1..{MOST_ENDORSED}")
    found = await match_runs.read_proposals(graph.read, proposal_ids)
    done: list[Endorsement] = []
    for proposal_id in dict.fromkeys(proposal_ids):
        row = found.get(proposal_id)
        if row is None:
            missing = NotFound(type="Proposal", id=proposal_id)
            done.append(Endorsement(proposal_id, problem=missing))
            continue
        try:
            claim = await propose(
                graph,
                viewer=viewer,
                initiator=Initiator.MATCHER,
                lines=lines_of_proposal(row.proposal),
                idempotency_key=derived_id("Endorsement", idempotency_key, proposal_id),
                order_id=row.order_id,
                offer_id=row.offer_id,
                proposal_id=proposal_id,
                clock=clock,
                ids=ids,
                policy=claim_policy,
            )
        except NotSignedIn:
            raise
        except (ClaimError, InputError, AccessError, NotFound) as problem:
            done.append(Endorsement(proposal_id, problem=problem))
        else:
            done.append(Endorsement(proposal_id, claim=claim))
    return done


async def proposals_of_run(graph: Graph, run_id: str) -> list[ProposalRow]:
    """Return the proposals of a run, the best first; for reports, no rights are asked."""
    return await match_runs.run_proposals(graph, run_id)


def lines_of_proposal(proposal: ProposalRecord) -> list[LineRequest]:
    """Return the lines of the claim that a proposal becomes."""
    if not proposal.slots:
        return [LineRequest(proposal.quantity)]
    return [
        LineRequest(quantity, datetime.strptime(slot, "%Y-%m-%dT%H:%MZ").replace(tzinfo=UTC))
        for slot, quantity in zip(proposal.slots, proposal.slot_quantities, strict=True)
    ]


def kept() -> timedelta:
    """Return how long a run's or a proposal's key is kept."""
    return timedelta(days=DEFAULT_CLAIM_POLICY.idempotency_days)


async def area_path(run: match_runs.Run, area_id: str | None) -> str:
    """Return the path of the area, or that of everything. Raises NotFound."""
    if area_id is None:
        return match_runs.EVERYWHERE
    path = await match_runs.area_path(run, area_id)
    if path is None:
        raise NotFound(type="Area", id=area_id)
    return path


def check_coordinates(viewer: Viewer | None, path: str, action: str) -> None:
    """Raise Forbidden for whoever does not coordinate the area with this path."""
    if viewer is None:
        raise NotSignedIn(reason=Phrase("reason.token_invalid"))
    if not viewer.oversees(path):
        raise Forbidden(action=action)


async def _supersede(
    transaction: Transaction, path: str, token: str, pins: Sequence[Booking]
) -> Changes:
    open_ids = await match_runs.open_below(transaction, path)
    await match_runs.lock_proposals(transaction, open_ids, token)
    rows = await match_runs.standing(transaction.run, path)
    pinned = {(row.order_id, row.offer_id) for row in rows if row.proposal.pinned}
    if not pinned <= {pin.pair for pin in pins}:
        # The plan does not hold what was pinned while it was made.
        raise MatchingError(reason=Phrase("matching.problem.PINNED_MEANWHILE"))
    closed = await match_runs.supersede(transaction, open_ids)
    change = [ProposalState.OPEN.value, ProposalState.SUPERSEDED.value]
    return {
        proposal_id: ChangedFields("Proposal", {"state": list(change)}) for proposal_id in closed
    }


def _finished_run(run: MatchRun, finished: datetime, planned: Planned) -> MatchRun:
    situation, best = planned.situation, planned.plan
    certificate = Certificate(
        components=best.proofs,
        reached=summarise(situation, best),
        practice=summarise(situation, planned.practice),
        counted=best.counted,
        fairness=best.fairness,
        packages=planned.packages.proof if planned.packages else None,
    )
    return replace(
        run,
        state=RunState.DONE,
        finished_at=finished,
        orders=best.orders,
        offers=best.offers,
        pairs=best.pairs,
        matched_orders=best.matched_orders,
        wanted_quantity=sum(order.quantity for order in situation.orders),
        value=best.value,
        bound=best.value if best.bound is None else best.bound,
        certificate=certificate_text(certificate),
        unmatched=unmatched_text(best),
        changes=changes_text(planned.changes),
        progress=None,
    )


def _proposal_rows(run: MatchRun, best: Plan) -> list[ProposalRow]:
    return [
        ProposalRow(
            proposal=proposal_record(run, proposal),
            order_id=proposal.order_id,
            offer_id=proposal.offer_id,
        )
        for proposal in best.proposals
    ]
