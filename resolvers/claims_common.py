"""What the use cases of claims share: entry, repetition, standing, and holds that have lapsed."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeVar

from domain.access import Viewer
from domain.claim_rights import state_now
from domain.claim_steps import apply
from domain.claims import THE_SYSTEM, Actor, ClaimAction, ClaimPolicy, Step
from domain.errors import Forbidden, NotFound, NotSignedIn, VersionConflict
from domain.identity import NodeReference, derived_id
from domain.language import Phrase
from domain.records import Claim
from domain.rights import AgentPlace, Subject, may_see_item
from domain.vocabulary import ClaimState, Side
from graph import accounts, claims, events, items, nodes, standing
from graph.claims import ClaimEnds, ClaimFile
from graph.driver import Graph, Transaction
from graph.idempotency import Repeatable, earlier_result, record_result
from graph.items import OfferItem, OrderItem
from graph.standing import read_agents
from resolvers.claims_ledger import Scene, write_claim

T = TypeVar("T")


class LapsedHoldsError(Exception):
    """Proposals that still hold although their time is over: to be written EXPIRED first.

    Never leaves this module: the use case is rolled back, the expiries are written, each with its
    own event, and the use case runs again.
    """

    def __init__(self, claim_ids: frozenset[str]) -> None:
        super().__init__(sorted(claim_ids))
        self.claim_ids = claim_ids


@dataclass(frozen=True, slots=True)
class Call:
    """A use case on its way: who calls, when, under which key, and ids made before."""

    account_id: str
    write: Repeatable
    now: datetime
    token: str
    event_id: str
    policy: ClaimPolicy

    @property
    def kept(self) -> timedelta:
        """For how long the key is kept."""
        return timedelta(days=self.policy.idempotency_days)


def caller_of(viewer: Viewer) -> str:
    """Return the account behind a call. Raises NotSignedIn for a visitor."""
    if viewer.account_id is None:
        raise NotSignedIn(reason=Phrase("reason.token_missing"))
    return viewer.account_id


async def run_claim_write(
    graph: Graph, call: Call, work: Callable[[Transaction], Awaitable[Claim]]
) -> Claim:
    """Run a use case that gives a claim, once per key."""
    return await run_write(graph, call, work, claims.to_record, claims.claim_as_recorded)


async def run_write(
    graph: Graph,
    call: Call,
    work: Callable[[Transaction], Awaitable[T]],
    keep: Callable[[T], Mapping[str, Any]],
    recall: Callable[[Transaction, Mapping[str, Any]], Awaitable[T]],
) -> T:
    """Run a use case once per key, after writing the expiries that are due on what it touches.

    `keep` says what is kept of its result under the key, `recall` gives the result back.
    """

    async def once(transaction: Transaction) -> T:
        earlier = await earlier_result(transaction, call.write, call.now, call.kept, call.token)
        if earlier is not None:
            return await recall(transaction, earlier)
        result = await work(transaction)
        await record_result(transaction, call.write, call.now, keep(result))
        return result

    while True:
        try:
            return await graph.write(once, repeatable=True)
        except LapsedHoldsError as lapsed:
            for claim_id in sorted(lapsed.claim_ids):
                await system_step(graph, claim_id, ClaimAction.EXPIRE, call.now, call.policy)


async def check_version(
    transaction: Transaction, kind: str, node_id: str, expected: int | None, actual: int
) -> None:
    """Refuse a change of what somebody else has changed meanwhile. Raises VersionConflict.

    Only asked of who may change the node, so what was changed since may be told.
    """
    if expected is None or expected == actual:
        return
    raise VersionConflict(
        node=NodeReference(kind, node_id),
        expected=expected,
        actual=actual,
        changes=await nodes.changed_since(transaction, kind, node_id, expected),
    )


async def fresh_viewer(transaction: Transaction, account_id: str, now: datetime) -> Viewer:
    """Return the account with the grants that it holds now. Raises NotSignedIn if it is closed."""
    viewer = await accounts.viewer(transaction.run, account_id, now)
    if viewer is None:
        raise NotSignedIn(reason=Phrase("reason.token_invalid"))
    return viewer


async def both_sides(
    transaction: Transaction, supplier_id: str, receiver_id: str
) -> tuple[AgentPlace, AgentPlace]:
    """Return where supplier and receiver belong. Raises NotFound."""
    found = await read_agents(transaction, supplier_id, receiver_id)
    for agent_id in (supplier_id, receiver_id):
        if agent_id not in found:
            raise NotFound(type="Agent", id=agent_id)
    return found[supplier_id], found[receiver_id]


def actor_of(
    viewer: Viewer, supplier: AgentPlace, receiver: AgentPlace, before: ClaimFile | None
) -> Actor:
    """Return what an account is to a claim."""
    voices: Mapping[Side, frozenset[str]] = before.voices if before else {}
    account_id = viewer.account_id or ""
    return standing.actor_of(
        viewer,
        supplier,
        receiver,
        frozenset(side for side, spoke in voices.items() if account_id in spoke),
        initiator=before is not None and before.initiated_by == account_id,
    )


async def read_items(
    transaction: Transaction,
    order_id: str | None,
    offer_id: str | None,
    claim_id: str | None,
    now: datetime,
    token: str,
) -> tuple[OrderItem | None, OfferItem | None]:
    """Lock the order, then the offer, and return them. Raises NotFound."""
    order = await items.read_order(transaction, order_id, now, token) if order_id else None
    if order_id and order is None:
        raise NotFound(type="DemandOrder", id=NodeReference("DemandOrder", order_id))
    offer = None
    if offer_id:
        offer = await items.read_offer(transaction, offer_id, claim_id, now, token)
        if offer is None:
            raise NotFound(type="ResourceOffer", id=NodeReference("ResourceOffer", offer_id))
    return order, offer


async def open_claim(
    transaction: Transaction, claim_id: str, call_token: str, now: datetime
) -> tuple[Scene, ClaimEnds, ClaimFile]:
    """Lock and read a claim with its order and its offer. Raises NotFound."""
    ends = await claims.read_ends(transaction, claim_id)
    if ends is None:
        raise NotFound(type="Claim", id=NodeReference("Claim", claim_id))
    order, offer = await read_items(
        transaction, ends.order_id, ends.offer_id, claim_id, now, call_token
    )
    before = await claims.read_claim(transaction, claim_id, ends, call_token)
    return Scene(order, offer, before), ends, before


async def system_step(
    graph: Graph, claim_id: str, action: ClaimAction, now: datetime, policy: ClaimPolicy
) -> bool:
    """Write an expiry, or the end of the time for evaluation, if it is due; True if it was.

    The event's id follows from claim and action: however often it is attempted, it is one event.
    """
    due = {ClaimAction.EXPIRE: ClaimState.EXPIRED, ClaimAction.CLOSE: ClaimState.EVALUATED}[action]
    event_id = derived_id("Event", claim_id, action)

    async def work(transaction: Transaction) -> bool:
        scene, ends, before = await open_claim(transaction, claim_id, event_id, now)
        if before.claim.state is due or state_now(before.claim, now, policy) is not due:
            return False
        outcome = apply(before.claim, Step(action), THE_SYSTEM, now, policy)
        changes = await write_claim(
            transaction, scene, ends, outcome.claim, before.lines, None, now
        )
        await events.write_event(
            transaction,
            events.event(event_id, now, events.SYSTEM, f"CLAIM_{action}", changes),
        )
        return True

    return await graph.write(work, repeatable=True)


def refuse_strangers(
    viewer: Viewer, actor: Actor, supplier: AgentPlace, claim_id: str, action: ClaimAction
) -> None:
    """Raise NotFound for who may not even see the claim, Forbidden for who holds no role at all."""
    if not viewer.grants:
        raise Forbidden(action=action)
    if not (actor.sides or actor.coordinator or supplier.coordinated_by(viewer)):
        raise NotFound(type="Claim", id=NodeReference("Claim", claim_id))


def subject_of(item: OrderItem | OfferItem, owner: AgentPlace | None) -> Subject:
    """Return an order or offer as the rules of who may do what see it."""
    owners = () if owner is None else (owner,)
    return Subject(owners, item.area_path, item.node.state)


def refuse_unseen(viewer: Viewer, item: OrderItem | OfferItem, owner: AgentPlace | None) -> None:
    """Refuse an item that is not published, as unknown, to those who may not see it.

    Raises NotFound.
    """
    if not may_see_item(viewer, subject_of(item, owner)):
        reference = NodeReference(type(item.node).__name__, item.node.id)
        raise NotFound(type=reference.kind, id=reference)
