"""What coordinators decide of single proposals: reject one, pin one so that later runs hold it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from domain.access import Viewer
from domain.clock import Clock, system_clock
from domain.errors import MatchingError, NotFound
from domain.identity import new_id
from domain.language import Phrase
from domain.run_records import Proposal
from domain.vocabulary import ProposalState
from graph import events, match_runs
from graph.driver import Graph, Transaction
from graph.idempotency import Repeatable, earlier_result, record_result
from resolvers.claims_common import caller_of, fresh_viewer
from resolvers.matching import check_coordinates, kept


async def reject_proposal(
    graph: Graph,
    *,
    viewer: Viewer,
    proposal_id: str,
    idempotency_key: str,
    clock: Clock = system_clock,
    ids: Callable[[], str] = new_id,
) -> Proposal:
    """Say that a proposal is not wanted: no later run proposes this offer for this order.

    For ADMIN and the coordinator of the order's area. Raises NotSignedIn, Forbidden, NotFound,
    IdempotencyConflict, and MatchingError when it is no longer open.
    """
    decision = _Decision("matching.reject", "PROPOSAL_REJECT", proposal_id, {})

    def decided(proposal: Proposal) -> Proposal:
        return replace(proposal, state=ProposalState.REJECTED)

    return await _decide(graph, viewer, decision, decided, idempotency_key, clock, ids)


async def pin_proposal(
    graph: Graph,
    *,
    viewer: Viewer,
    proposal_id: str,
    idempotency_key: str,
    pinned: bool = True,
    clock: Clock = system_clock,
    ids: Callable[[], str] = new_id,
) -> Proposal:
    """Say that later runs are to hold a proposal as it is, or no longer to (`pinned` false).

    It holds as long as the rules allow the pair and the quantity is there on both sides. For ADMIN
    and the coordinator of the order's area. Raises NotSignedIn, Forbidden, NotFound,
    IdempotencyConflict, and MatchingError when it is no longer open.
    """
    decision = _Decision("matching.pin", "PROPOSAL_PIN", proposal_id, {"pinned": pinned})

    def decided(proposal: Proposal) -> Proposal:
        return replace(proposal, pinned=pinned)

    return await _decide(graph, viewer, decision, decided, idempotency_key, clock, ids)


@dataclass(frozen=True, slots=True)
class _Decision:
    """What is decided: the operation, the event's action, the proposal, and the rest of input."""

    operation: str
    action: str
    proposal_id: str
    given: Mapping[str, object]


async def _decide(
    graph: Graph,
    viewer: Viewer,
    decision: _Decision,
    decided: Callable[[Proposal], Proposal],
    idempotency_key: str,
    clock: Clock,
    ids: Callable[[], str],
) -> Proposal:
    """Lock the proposal, check who asks and that it is open, and write what was decided."""
    account_id, now, token, event_id = caller_of(viewer), clock(), ids(), ids()
    proposal_id = decision.proposal_id
    given = {"proposalId": proposal_id, **decision.given}
    write = Repeatable(account_id, decision.operation, idempotency_key, given)

    async def work(transaction: Transaction) -> Proposal:
        earlier = await earlier_result(transaction, write, now, kept(), token)
        fresh = await fresh_viewer(transaction, account_id, now)
        await match_runs.lock_proposals(transaction, [proposal_id], token)
        row = (await match_runs.read_proposals(transaction.run, [proposal_id])).get(proposal_id)
        if row is None:
            raise NotFound(type="Proposal", id=proposal_id)
        if earlier is not None:
            return row.proposal
        check_coordinates(fresh, row.area_path, decision.action)
        if row.packed:
            raise MatchingError(reason=Phrase("matching.problem.PACKED"))
        if row.proposal.state is not ProposalState.OPEN:
            raise MatchingError(reason=Phrase("matching.problem.NOT_OPEN"))
        after = decided(row.proposal)
        await match_runs.decide(transaction, after)
        changes = {proposal_id: events.changes_between(row.proposal, after)}
        event = events.event(event_id, now, account_id, decision.action, changes)
        await events.write_event(transaction, event)
        await record_result(transaction, write, now, {"proposalId": proposal_id})
        return after

    return await graph.write(work, repeatable=True)
