"""The first step of a claim, inside its transaction."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from domain.access import Viewer
from domain.claim_steps import propose
from domain.claims import ClaimAction, Terms, expiry
from domain.errors import (
    BadInput,
    BoundByPackage,
    Forbidden,
    NotClaimable,
    NotFound,
    SameSides,
    TooManyOpen,
)
from domain.holds import LineRequest, lines_of
from domain.identity import NodeReference
from domain.items import SET_BY_PEOPLE
from domain.records import Claim
from domain.rights import AgentPlace
from domain.vocabulary import Initiator, ListState, ProposalState, Side
from graph import claims, claims_on, events, nodes, proposals
from graph.claims import ClaimEnds
from graph.driver import Transaction
from graph.events import Changes
from graph.items import OfferItem, OrderItem
from graph.standing import read_agents
from resolvers.claims_common import (
    Call,
    LapsedHoldsError,
    actor_of,
    both_sides,
    fresh_viewer,
    read_items,
    refuse_unseen,
)
from resolvers.claims_ledger import Scene, check_partners, check_room, with_ids, write_claim

MEMBER = "Member"
_STARTED_BY = {Initiator.SUPPLIER: Side.SUPPLIER, Initiator.RECEIVER: Side.RECEIVER}


@dataclass(frozen=True, slots=True, kw_only=True)
class ProposeRequest:
    """A claim as a client asks for it.

    One in a package lapses at the latest with the others: `until`.
    """

    initiator: Initiator
    lines: tuple[LineRequest, ...]
    order_id: str | None
    offer_id: str | None
    supplier_id: str | None
    receiver_id: str | None
    note: str | None
    proposal_id: str | None
    until: datetime | None = None
    in_package: bool = False

    def as_input(self) -> dict[str, Any]:
        """Return what makes two requests the same."""
        return {
            "initiator": self.initiator,
            "lines": [
                [line.quantity, line.slot.isoformat() if line.slot else None] for line in self.lines
            ],
            "orderId": self.order_id,
            "offerId": self.offer_id,
            "supplierId": self.supplier_id,
            "receiverId": self.receiver_id,
            "note": self.note,
            "proposalId": self.proposal_id,
        }


async def propose_in(
    transaction: Transaction, call: Call, request: ProposeRequest, claim_id: str
) -> Claim:
    """Check and write a new claim with its holds and its event."""
    viewer = await fresh_viewer(transaction, call.account_id, call.now)
    if request.order_id is None and request.offer_id is None:
        raise BadInput(field="orderId", value=None, expected="orderId | offerId")
    order, offer = await read_items(
        transaction, request.order_id, request.offer_id, None, call.now, call.token
    )
    await _refuse_hidden(transaction, viewer, order, offer)
    scene = Scene(order, offer)
    if scene.lapsed:
        raise LapsedHoldsError(scene.lapsed)
    claim, changes = await start_claim(transaction, call, viewer, request, scene, claim_id)
    event = events.event(call.event_id, call.now, call.account_id, "CLAIM_PROPOSE", changes)
    await events.write_event(transaction, event)
    return claim


async def start_claim(
    transaction: Transaction,
    call: Call,
    viewer: Viewer,
    request: ProposeRequest,
    scene: Scene,
    claim_id: str,
) -> tuple[Claim, Changes]:
    """Check and write a new claim with its holds, its order and offer locked and read before."""
    order, offer = scene.order, scene.offer
    ends = _ends(request, order, offer)
    supplier, receiver = await both_sides(transaction, ends.supplier_id, ends.receiver_id)
    if supplier.id == receiver.id:
        raise SameSides(agent=NodeReference(supplier.kind, supplier.id))
    await _refuse_erased(transaction, (supplier, receiver), call.token)
    actor = actor_of(viewer, supplier, receiver, None)
    if not (actor.sides or actor.coordinator):
        raise Forbidden(action=ClaimAction.PROPOSE)
    _check_published(order)
    _check_published(offer)
    terms = _terms(request, scene, claim_id, call)
    measure = order.order.measure if order else offer.offer.measure if offer else ""
    outcome = propose(claim_id, request.initiator, actor, terms, measure, call.now, request.note)
    claim = replace(outcome.claim, in_package=True) if request.in_package else outcome.claim
    check_room(scene, terms.lines, call.now)
    await check_partners(transaction, scene, ends, claim_id)
    if outcome.side is not None:
        starter = supplier if outcome.side is Side.SUPPLIER else receiver
        await _check_open_proposals(transaction, starter, outcome.side, call)
    changes = await write_claim(
        transaction, scene, ends, claim, terms.lines, call.account_id, call.now
    )
    if outcome.side is not None:
        await claims.note_voice(transaction, claim_id, outcome.side, call.account_id)
    changes |= await _endorse(transaction, request, claim_id, call.token)
    return claim, changes


def _ends(request: ProposeRequest, order: OrderItem | None, offer: OfferItem | None) -> ClaimEnds:
    """Return the two sides: the owners of the order and the offer where they are named."""
    receiver_id = _side("receiverId", request.receiver_id, order.owner_id if order else None)
    supplier_id = _side("supplierId", request.supplier_id, offer.owner_id if offer else None)
    return ClaimEnds(request.order_id, request.offer_id, supplier_id, receiver_id)


def _side(field: str, asked: str | None, owner: str | None) -> str:
    found = owner or asked
    if found is None or (asked is not None and asked != found):
        raise BadInput(field=field, value=asked, expected=owner or "Agent")
    return found


async def _refuse_hidden(
    transaction: Transaction, viewer: Viewer, order: OrderItem | None, offer: OfferItem | None
) -> None:
    """Refuse what is not published as unknown to those who may not see it, before all else."""
    named = [item for item in (order, offer) if item is not None]
    places = await read_agents(transaction, *(item.owner_id for item in named))
    for item in named:
        refuse_unseen(viewer, item, places.get(item.owner_id))


async def _refuse_erased(
    transaction: Transaction, sides: tuple[AgentPlace, ...], token: str
) -> None:
    """Lock the persons among the sides, so that nobody erases one meanwhile.

    Raises NotFound for one whose data is erased: what is left stands for nobody.
    """
    members = [side.id for side in sides if side.kind == MEMBER]
    found = await nodes.lock(transaction, {MEMBER: members}, token)
    for member_id in members:
        if found[member_id].get("erasedAt") is not None:
            raise NotFound(type=MEMBER, id=NodeReference(MEMBER, member_id))


def _check_published(item: OrderItem | OfferItem | None) -> None:
    """Refuse what is not published. Raises NotClaimable."""
    if item is None:
        return
    node = item.node
    reference = NodeReference(type(node).__name__, node.id)
    if node.state in SET_BY_PEOPLE:
        raise NotClaimable(node=reference, state=node.state)
    if item.list_state is not None and item.list_state is not ListState.PUBLISHED:
        raise NotClaimable(node=reference, state=item.list_state)


def _terms(request: ProposeRequest, scene: Scene, claim_id: str, call: Call) -> Terms:
    order = scene.order.order if scene.order else None
    offer = scene.offer.offer if scene.offer else None
    lines = with_ids(lines_of(request.lines, order, offer, call.now), claim_id, 0)
    lapses = expiry(call.now, call.policy, order, lines)
    return Terms(lines, lapses if request.until is None else min(lapses, request.until))


async def _check_open_proposals(
    transaction: Transaction, starter: AgentPlace, side: Side, call: Call
) -> None:
    limit = call.policy.open_proposals_per_agent
    found = await claims_on.open_proposals(transaction, starter.id, side, call.now, call.token)
    if found >= limit:
        raise TooManyOpen(agent=NodeReference(starter.kind, starter.id), limit=limit)


async def _endorse(
    transaction: Transaction, request: ProposeRequest, claim_id: str, token: str
) -> Changes:
    """Carry on the proposal of a matching run; MATCHER claims have one, others none."""
    if (request.proposal_id is not None) != (request.initiator is Initiator.MATCHER):
        raise BadInput(field="proposalId", value=request.proposal_id, expected="MATCHER")
    if request.proposal_id is None:
        return {}
    pair = await proposals.read_proposal(transaction, request.proposal_id, token)
    if pair is None:
        raise NotFound(type="Proposal", id=NodeReference("Proposal", request.proposal_id))
    if (pair.order_id, pair.offer_id) != (request.order_id, request.offer_id):
        raise BadInput(field="proposalId", value=request.proposal_id, expected="orderId, offerId")
    if pair.packed and not request.in_package:
        raise BoundByPackage(action="ENDORSE")
    if pair.proposal.state is not ProposalState.OPEN:
        raise NotClaimable(
            node=NodeReference("Proposal", pair.proposal.id), state=pair.proposal.state
        )
    await proposals.endorse(transaction, pair.proposal.id, claim_id)
    after = replace(pair.proposal, state=ProposalState.ENDORSED)
    return {after.id: events.changes_between(pair.proposal, after)}
