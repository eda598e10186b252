"""What the use cases of claims share: entry, repetition, standing, and holds that have lapsed."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, TypeVar

from domain.access import Viewer
from domain.claim_rights import state_now
from domain.claim_steps import apply
from domain.claims import THE_SYSTEM, Actor, ClaimAction, ClaimPolicy, Step
from domain.errors import Forbidden, NotFound, NotSignedIn, VersionConflict
from domain.identity import NodeReference, derived_id
from domain.language import Phrase
from domain.packages import together
from domain.records import Claim
from domain.rights import AgentPlace, Subject, may_see_item
from domain.vocabulary import ClaimState, PackageState, Side
from graph import accounts, claims, events, items, nodes, packages, standing
from graph.claims import ClaimEnds, ClaimFile
from graph.driver import Graph, Transaction
from graph.events import Changes, changes_between
from graph.idempotency import Repeatable, earlier_result, record_result
from graph.items import OfferItem, OrderItem
from graph.standing import read_agents
from resolvers.claims_ledger import Scene, check_partners, check_room, needs_room, write_claim

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


@dataclass(frozen=True, slots=True)
class OpenedClaim:
    """A claim, locked and read, with its order, its offer and what it binds."""

    scene: Scene
    ends: ClaimEnds
    before: ClaimFile


@dataclass(frozen=True, slots=True)
class Bound:
    """The open package that binds a claim, and the other claims of it, locked and read."""

    package_id: str
    others: tuple[OpenedClaim, ...]

    @property
    def lapsed(self) -> frozenset[str]:
        """Proposals on what the others name that still have to be written EXPIRED."""
        return frozenset(claim_id for other in self.others for claim_id in other.scene.lapsed)


async def open_with_package(
    transaction: Transaction, claim_id: str, token: str, now: datetime
) -> tuple[OpenedClaim, Bound | None]:
    """Lock and read a claim with its order and its offer, and all that its open package binds.

    First all orders, then all offers, then all claims, each by their ids. Raises NotFound.
    """
    package = await packages.open_of(transaction, claim_id)
    claim_ids = (claim_id,) if package is None else package.claim_ids
    ends = {each: await _ends_of(transaction, each) for each in claim_ids}
    scenes = await read_scenes(
        transaction,
        {each: (end.order_id, end.offer_id, each) for each, end in ends.items()},
        now,
        token,
    )
    opened: dict[str, OpenedClaim] = {}
    for each in claim_ids:
        before = await claims.read_claim(transaction, each, ends[each], token)
        opened[each] = OpenedClaim(replace(scenes[each], before=before), ends[each], before)
    found = opened.pop(claim_id)
    if package is None or found.before.claim.state is not ClaimState.PROPOSED:
        return found, None
    return found, Bound(package.id, tuple(opened.values()))


async def read_scenes(
    transaction: Transaction,
    named: Mapping[str, tuple[str | None, str | None, str | None]],
    now: datetime,
    token: str,
) -> dict[str, Scene]:
    """Lock and read what several claims name: all orders, then all offers, each by their ids.

    `named` says of each its order, its offer, and the claim, if there is one already; no order and
    no offer is named twice. Raises NotFound.
    """
    scenes = {key: Scene(None, None) for key in named}
    for key, (order_id, _, _) in sorted(named.items(), key=lambda each: each[1][0] or ""):
        order, _ = await read_items(transaction, order_id, None, None, now, token)
        scenes[key] = replace(scenes[key], order=order)
    for key, (_, offer_id, claim_id) in sorted(named.items(), key=lambda each: each[1][1] or ""):
        _, offer = await read_items(transaction, None, offer_id, claim_id, now, token)
        scenes[key] = replace(scenes[key], offer=offer)
    return scenes


async def _ends_of(transaction: Transaction, claim_id: str) -> ClaimEnds:
    ends = await claims.read_ends(transaction, claim_id)
    if ends is None:
        raise NotFound(type="Claim", id=NodeReference("Claim", claim_id))
    return ends


async def follow(
    transaction: Transaction, claim: Claim, bound: Bound | None, token: str, now: datetime
) -> tuple[Claim, Changes]:
    """Write what a step of a claim means for its open package and for the other claims of it.

    Returns the claim as it is to be written, and the changes. Raises what `check_room` does, where
    all are confirmed and an owner chose among proposals.
    """
    if bound is None:
        return claim, {}
    result = together(claim, [other.before.claim for other in bound.others], now)
    changes: Changes = {}
    if result.state is PackageState.PROPOSED:
        return result.claim, changes
    for other, after in zip(bound.others, result.others, strict=True):
        if needs_room(other.scene, ClaimAction.ACCEPT, after.state):
            check_room(other.scene, other.before.lines, now)
            await check_partners(transaction, other.scene, other.ends, after.id)
        changes |= await write_claim(
            transaction, other.scene, other.ends, after, other.before.lines, None, now
        )
    (package,) = await packages.lock(transaction, [bound.package_id], token)
    closed = replace(package, state=result.state, closed_at=now)
    changes[package.id] = changes_between(package, closed)
    await packages.update(transaction, closed, changes[package.id])
    return result.claim, changes


async def system_step(
    graph: Graph, claim_id: str, action: ClaimAction, now: datetime, policy: ClaimPolicy
) -> bool:
    """Write an expiry, or the end of the time for evaluation, if it is due; True if it was.

    The event's id follows from claim and action: however often it is attempted, it is one event.
    """
    due = {ClaimAction.EXPIRE: ClaimState.EXPIRED, ClaimAction.CLOSE: ClaimState.EVALUATED}[action]
    event_id = derived_id("Event", claim_id, action)

    async def work(transaction: Transaction) -> bool:
        opened, bound = await open_with_package(transaction, claim_id, event_id, now)
        before = opened.before
        if before.claim.state is due or state_now(before.claim, now, policy) is not due:
            return False
        outcome = apply(before.claim, Step(action), THE_SYSTEM, now, policy)
        claim, changes = await follow(transaction, outcome.claim, bound, event_id, now)
        changes |= await write_claim(
            transaction, opened.scene, opened.ends, claim, before.lines, None, now
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
