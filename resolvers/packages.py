"""Proposing a package: a claim for each of its proposals, in one transaction.

What becomes of the claims together is in `resolvers.claims_common.follow`.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from domain.access import Viewer
from domain.actions import Action
from domain.claims import ClaimPolicy, expiry
from domain.clock import Clock, system_clock
from domain.errors import Forbidden, NotFound, StateRefused
from domain.holds import lines_of
from domain.identity import NodeReference, derived_id, new_id
from domain.run_records import Package
from domain.vocabulary import Initiator, PackageState
from graph import events, match_runs, packages
from graph.driver import Graph, Transaction
from graph.events import Changes, changes_between
from graph.idempotency import Repeatable
from graph.match_runs import ProposalRow
from graph.standing import read_agents
from resolvers.claims_common import (
    Call,
    LapsedHoldsError,
    caller_of,
    fresh_viewer,
    read_scenes,
    run_write,
)
from resolvers.claims_ledger import Scene
from resolvers.claims_propose import ProposeRequest, start_claim
from resolvers.matching import check_coordinates, lines_of_proposal

PROPOSE = "PACKAGE_PROPOSE"
DEFAULT_POLICY = ClaimPolicy()


async def propose_package(
    graph: Graph,
    *,
    viewer: Viewer,
    package_id: str,
    idempotency_key: str,
    clock: Clock = system_clock,
    ids: Callable[[], str] = new_id,
    policy: ClaimPolicy = DEFAULT_POLICY,
) -> Package:
    """Make a claim of each proposal of a package that a run has found, and return the package.

    Nobody has accepted them yet; all lapse at the earliest instant at which one would. For ADMIN,
    and who coordinates all its orders and receivers. Raises what proposing a claim raises
    (`resolvers.claims.propose`), and StateRefused where the package is not FOUND any more.
    """
    account_id = caller_of(viewer)
    call = Call(
        account_id=account_id,
        write=Repeatable(account_id, "package.propose", idempotency_key, {"packageId": package_id}),
        now=clock(),
        token=ids(),
        event_id=ids(),
        policy=policy,
    )

    async def work(transaction: Transaction) -> Package:
        return await _propose_in(transaction, call, package_id)

    async def recall(transaction: Transaction, _: Mapping[str, Any]) -> Package:
        found = await packages.read(transaction, package_id)
        if found is None:
            raise NotFound(type="Package", id=NodeReference("Package", package_id))
        return found[0]

    return await run_write(graph, call, work, lambda package: {"packageId": package.id}, recall)


async def _propose_in(transaction: Transaction, call: Call, package_id: str) -> Package:
    viewer = await fresh_viewer(transaction, call.account_id, call.now)
    found = await packages.read(transaction, package_id)
    if found is None:
        raise NotFound(type="Package", id=NodeReference("Package", package_id))
    rows = await match_runs.read_proposals(transaction.run, [pair.proposal_id for pair in found[1]])
    pairs = [rows[pair.proposal_id] for pair in found[1]]
    for pair in pairs:
        check_coordinates(viewer, pair.area_path, PROPOSE)
    scenes = await read_scenes(
        transaction,
        {pair.proposal.id: (pair.order_id, pair.offer_id, None) for pair in pairs},
        call.now,
        call.token,
    )
    await _refuse_others(transaction, viewer, scenes.values())
    if lapsed := frozenset(each for scene in scenes.values() for each in scene.lapsed):
        raise LapsedHoldsError(lapsed)
    (package,) = await packages.lock(transaction, [package_id], call.token)
    if package.state is not PackageState.FOUND:
        raise StateRefused(
            node=NodeReference("Package", package_id),
            action=Action.PROPOSE,
            state=package.state,
            allowed=[],
        )
    until = min(_lapses(pair, scenes[pair.proposal.id], call) for pair in pairs)
    after = replace(package, state=PackageState.PROPOSED, proposed_at=call.now)
    changes: Changes = {package_id: changes_between(package, after)}
    claim_ids: list[str] = []
    for pair in pairs:
        claim_id = derived_id("Claim", package_id, pair.proposal.id)
        scene = scenes[pair.proposal.id]
        request = _request(pair, until)
        _, made = await start_claim(transaction, call, viewer, request, scene, claim_id)
        changes |= made
        claim_ids.append(claim_id)
    await packages.bind(transaction, package_id, claim_ids)
    await packages.update(transaction, after, changes[package_id])
    event = events.event(call.event_id, call.now, call.account_id, PROPOSE, changes)
    await events.write_event(transaction, event)
    return after


async def _refuse_others(transaction: Transaction, viewer: Viewer, scenes: Iterable[Scene]) -> None:
    """Raise Forbidden for whoever does not coordinate every receiver."""
    receivers = {scene.order.owner_id for scene in scenes if scene.order is not None}
    places = await read_agents(transaction, *sorted(receivers))
    if not all(place.coordinated_by(viewer) for place in places.values()):
        raise Forbidden(action=PROPOSE)


def _lapses(pair: ProposalRow, scene: Scene, call: Call) -> datetime:
    """Return when a claim of the proposal would lapse by itself."""
    order = scene.order.order if scene.order else None
    offer = scene.offer.offer if scene.offer else None
    lines = lines_of(lines_of_proposal(pair.proposal), order, offer, call.now)
    return expiry(call.now, call.policy, order, lines)


def _request(pair: ProposalRow, until: datetime) -> ProposeRequest:
    return ProposeRequest(
        initiator=Initiator.MATCHER,
        lines=tuple(lines_of_proposal(pair.proposal)),
        order_id=pair.order_id,
        offer_id=pair.offer_id,
        supplier_id=None,
        receiver_id=None,
        note=None,
        proposal_id=pair.proposal.id,
        until=until,
        in_package=True,
    )
