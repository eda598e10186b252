"""`allowedActions` of claims, orders, offers and proposals: what the rules of the use cases read.

Callers who can change nothing (visitors, front-ends, loaders) are answered without reading.
"""

from collections.abc import Callable, Sequence
from typing import Any

from domain.actions import (
    Action,
    item_actions,
    may_start_claim,
    names,
    offer_claimable,
    order_claimable,
    package_actions,
    proposal_actions,
    run_actions,
)
from domain.claim_rights import SHOWN_IN, may_attach, possible_actions
from domain.records import Claim, DemandOrder, ResourceOffer
from domain.rights import Subject
from domain.vocabulary import ListState, PackageState, ProposalState, RunState, Selection, Side
from graph.access import Rules
from graph.access_parameters import ACCOUNT, NOW
from graph.match_runs import EVERYWHERE
from graph.reads.computed import Asked, Computed, Place
from graph.records import record
from graph.standing import STANDING, actor_of, place_of

FIELD = "allowedActions"
CLAIM = (
    "id",
    "createdAt",
    "initiator",
    "state",
    "quantity",
    "measure",
    "supplierAcceptedAt",
    "receiverAcceptedAt",
    "expiresAt",
    "deliveredAt",
    "completedAt",
    "pendingRequest",
    "inPackage",
)
ORDER = (
    "id",
    "createdAt",
    "title",
    "quantity",
    "measure",
    "minimumLot",
    "deadline",
    "timeZone",
    "selection",
    "state",
    "held",
)
OFFER = (
    "id",
    "createdAt",
    "title",
    "capacityKind",
    "capacity",
    "measure",
    "endsOn",
    "timeZone",
    "selection",
    "state",
    "held",
)

Decide = Callable[[Sequence[Any], Sequence[Any], Asked], list[str]]
"""From the properties and the facts to the names of the actions."""


def changes_the_domain(rules: Rules) -> bool:
    """Whether a caller may do anything with what is offered, needed and claimed."""
    return rules.acts


def allowed(
    properties: tuple[str, ...],
    facts: Callable[[Place], Sequence[str]],
    decide: Decide,
    asked_by: Callable[[Rules], bool] = changes_the_domain,
) -> Computed:
    """Return the field that `decide` answers; for callers who may do nothing it reads nothing."""
    count = len(properties)

    def read(at: Place) -> Sequence[str]:
        return [f"[{', '.join(facts(at))}]" if asked_by(at.rules) else "null"]

    def compute(values: Sequence[Any], asked: Asked) -> list[str]:
        found = values[count]
        return [] if found is None else decide(values[:count], found, asked)

    return Computed(FIELD, compute, properties, read)


def standing_of(pattern: str, agent: str) -> str:
    """Return where an agent belongs that a pattern reaches."""
    return f"head([{pattern} | {STANDING.replace('{agent}', agent)}])"


def _mine(start: str) -> str:
    """Return whether a relationship leads to the caller's account."""
    return f"head([{start}(f1:Account) WHERE f1.id = ${ACCOUNT} | true])"


def _claim_facts(at: Place) -> Sequence[str]:
    return (
        standing_of(f"({at.node})-[:CLAIM_SUPPLIER]->(f1:Agent)", "f1"),
        standing_of(f"({at.node})-[:CLAIM_RECEIVER]->(f1:Agent)", "f1"),
        _mine(f"({at.node})-[:SUPPLIER_SPOKEN_BY]->"),
        _mine(f"({at.node})-[:RECEIVER_SPOKEN_BY]->"),
        _mine(f"({at.node})-[:INITIATED_BY]->"),
        f"[({at.node})<-[:EVALUATES]-(f1:Evaluation) | f1.by]",
    )


def _claim(properties: Sequence[Any], facts: Sequence[Any], asked: Asked) -> list[str]:
    supplier, receiver, for_supplier, for_receiver, initiator, evaluated = facts
    if supplier is None or receiver is None:
        return []
    spoken = {Side.SUPPLIER: for_supplier, Side.RECEIVER: for_receiver}
    actor = actor_of(
        asked.viewer,
        place_of(supplier),
        place_of(receiver),
        frozenset(side for side, mine in spoken.items() if mine),
        initiator=bool(initiator),
    )
    claim = record(Claim, dict(zip(CLAIM, properties, strict=True)))
    sides = frozenset(Side(side) for side in evaluated)
    found = names(possible_actions(claim, actor, asked.now, asked.policy, sides))
    shown = claim.state in SHOWN_IN and may_attach(asked.viewer, place_of(supplier).id)
    return found + names([Action.ATTACH_EVIDENCE] if shown else [])


def _lapsed(node: str, bound: str, quantity: str) -> str:
    """Return what each line of the proposals for an item holds whose time is over."""
    return (
        f"[({node})<-[:{bound}]-(f1:Claim)-[:HAS_LINE]->(f2:ClaimLine) "
        f"WHERE f1.state = 'PROPOSED' AND f1.expiresAt <= ${NOW} | f2.{quantity}]"
    )


def _order_facts(at: Place) -> Sequence[str]:
    return (
        standing_of(f"({at.node})<-[:NEEDS]-(f1:Agent)", "f1"),
        f"head([({at.node})<-[:LISTS_ORDER]-(f1:NeedList) | f1.state])",
        _lapsed(at.node, "FOR_ORDER", "quantity"),
        f"head([({at.node})-[:ORDER_AT]->(f1:Area) | f1.path])",
    )


def _offer_facts(at: Place) -> Sequence[str]:
    return (
        standing_of(f"({at.node})<-[:OFFERS]-(f1:Agent)", "f1"),
        f"head([({at.node})<-[:LISTS_OFFER]-(f1:ResourceList) | f1.state])",
        _lapsed(at.node, "FROM_OFFER", "offerQuantity"),
        f"head([({at.node})-[:OFFER_AT]->(f1:Area) | f1.path])",
    )


def _held_no_longer(item: DemandOrder | ResourceOffer, lapsed: Sequence[int | None]) -> int:
    """Return what lapsed proposals still hold; where the owner chooses they never did."""
    return sum(each or 0 for each in lapsed) if item.selection is Selection.FIRST else 0


def _order(properties: Sequence[Any], facts: Sequence[Any], asked: Asked) -> list[str]:
    owner, list_state, lapsed, area_path = facts
    if owner is None:
        return []
    order, receiver = (
        record(DemandOrder, dict(zip(ORDER, properties, strict=True))),
        place_of(owner),
    )
    starts = may_start_claim(
        asked.viewer,
        receiver.id,
        speaks=receiver.spoken_for_by(asked.viewer),
        coordinates=receiver.coordinated_by(asked.viewer),
    )
    left = order_claimable(order, _state(list_state), _held_no_longer(order, lapsed), asked.now)
    subject = Subject((receiver,), area_path, order.state)
    proposed = [Action.PROPOSE] if starts and left else []
    return names([*proposed, *item_actions(asked.viewer, subject, order.state)])


def _offer(properties: Sequence[Any], facts: Sequence[Any], asked: Asked) -> list[str]:
    owner, list_state, lapsed, area_path = facts
    if owner is None:
        return []
    offer, provider = (
        record(ResourceOffer, dict(zip(OFFER, properties, strict=True))),
        place_of(owner),
    )
    # A coordinator dispatches to whom it coordinates, wherever the provider is.
    starts = may_start_claim(
        asked.viewer,
        provider.id,
        speaks=provider.spoken_for_by(asked.viewer),
        coordinates=asked.viewer.is_admin or bool(asked.viewer.coordinated_paths),
    )
    left = offer_claimable(offer, _state(list_state), _held_no_longer(offer, lapsed), asked.now)
    subject = Subject((provider,), area_path, offer.state)
    proposed = [Action.PROPOSE] if starts and left else []
    return names([*proposed, *item_actions(asked.viewer, subject, offer.state)])


def _state(list_state: str | None) -> ListState | None:
    return None if list_state is None else ListState(list_state)


def _proposal_facts(at: Place) -> Sequence[str]:
    order = f"({at.node})-[:PROPOSES_ORDER]->(f2:DemandOrder)"
    return (
        standing_of(f"{order}<-[:NEEDS]-(f1:Agent)", "f1"),
        f"head([{order}-[:ORDER_AT]->(f1:Area) | f1.path])",
        f"EXISTS {{ MATCH ({at.node})<-[:PACKS]-(:Package) }}",
    )


def _proposal(properties: Sequence[Any], facts: Sequence[Any], asked: Asked) -> list[str]:
    receiver, area_path, packed = facts
    coordinator = receiver is not None and place_of(receiver).coordinated_by(asked.viewer)
    state = ProposalState(properties[0])
    return names(
        proposal_actions(
            asked.viewer, state, coordinator=coordinator, area_path=area_path, packed=packed
        )
    )


def _run_facts(at: Place) -> Sequence[str]:
    return (f"head([({at.node})-[:RUN_IN]->(f1:Area) | f1.path])",)


def _run(properties: Sequence[Any], facts: Sequence[Any], asked: Asked) -> list[str]:
    (area_path,) = facts
    return names(run_actions(asked.viewer, RunState(properties[0]), area_path or EVERYWHERE))


def _package_facts(at: Place) -> Sequence[str]:
    orders = f"({at.node})-[:PACKS]->(:Proposal)-[:PROPOSES_ORDER]->(:DemandOrder)"
    return (f"[{orders}<-[:NEEDS]-(f1:Agent) | {STANDING.replace('{agent}', 'f1')}]",)


def _package(properties: Sequence[Any], facts: Sequence[Any], asked: Asked) -> list[str]:
    (receivers,) = facts
    coordinated = [place_of(each).coordinated_by(asked.viewer) for each in receivers]
    return names(package_actions(PackageState(properties[0]), coordinated=coordinated))


CLAIM_ACTIONS = allowed(CLAIM, _claim_facts, _claim)
ORDER_ACTIONS = allowed(ORDER, _order_facts, _order)
OFFER_ACTIONS = allowed(OFFER, _offer_facts, _offer)
PROPOSAL_ACTIONS = allowed(("state",), _proposal_facts, _proposal)
RUN_ACTIONS = allowed(("state",), _run_facts, _run)
PACKAGE_ACTIONS = allowed(("state",), _package_facts, _package)
