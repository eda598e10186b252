"""What a caller may do with a node now: the rules by which the use cases decide, asked before.

An action is listed where state and roles allow it. What it asks for besides (a reason, a quantity
that is still free) is seen when it is done.
"""

from collections.abc import Iterable
from datetime import datetime

from domain.access import Viewer
from domain.errors import ClaimError
from domain.holds import Line, check_offer, check_order, offer_past
from domain.items import CLAIMABLE, SET_BY_PEOPLE
from domain.records import DemandOrder, ResourceOffer
from domain.vocabulary import CapacityKind, ListState, ProposalState, Vocabulary


class Action(Vocabulary):
    """What can be done with a node, each by the mutation of its name and the node's type."""

    PROPOSE = "PROPOSE"
    AMEND = "AMEND"
    ACCEPT = "ACCEPT"
    DECLINE = "DECLINE"
    WITHDRAW = "WITHDRAW"
    ASK_RESCHEDULE = "ASK_RESCHEDULE"
    CONSENT_RESCHEDULE = "CONSENT_RESCHEDULE"
    START = "START"
    DELIVER = "DELIVER"
    RETURN = "RETURN"
    ASK_CANCEL = "ASK_CANCEL"
    CONSENT_CANCEL = "CONSENT_CANCEL"
    CANCEL = "CANCEL"
    COMPLETE = "COMPLETE"
    DISPUTE = "DISPUTE"
    SETTLE = "SETTLE"
    REOPEN = "REOPEN"
    EVALUATE = "EVALUATE"
    RUN_MATCHING = "RUN_MATCHING"
    ENDORSE = "ENDORSE"
    REJECT = "REJECT"


def names(actions: Iterable[Vocabulary]) -> list[str]:
    """Return actions as they are served: of `Action`, whatever vocabulary they come from."""
    return [Action[action.name].value for action in actions]


def order_claimable(
    order: DemandOrder, list_state: ListState | None, lapsed: int, now: datetime
) -> bool:
    """Whether a claim could take what is left of an order; `lapsed` holds no longer."""
    held = order.held - lapsed
    try:
        check_order(order, held, order.quantity - held, now)
    except ClaimError:
        return False
    return _listed(list_state)


def offer_claimable(
    offer: ResourceOffer, list_state: ListState | None, lapsed: int, now: datetime
) -> bool:
    """Whether a claim could take something of an offer; `lapsed` holds no longer.

    Of a slotted offer by its state, which is over all slots to come.
    """
    if not _listed(list_state):
        return False
    if offer.capacity_kind is not CapacityKind.TOTAL:
        open_now = offer.state in CLAIMABLE or (lapsed > 0 and offer.state not in SET_BY_PEOPLE)
        return open_now and not offer_past(offer, now)
    try:
        check_offer(offer, offer.held - lapsed, {}, (Line(quantity=1, offer_quantity=1),), now)
    except ClaimError:
        return False
    return True


def _listed(list_state: ListState | None) -> bool:
    return list_state in {None, ListState.PUBLISHED}


def may_start_claim(viewer: Viewer, owner_id: str, *, speaks: bool, coordinates: bool) -> bool:
    """Whether the account may start some claim with what this owner offers or needs.

    As the owner (`speaks`), as another agent, or as the one who `coordinates` the receiver.
    """
    return speaks or coordinates or any(agent != owner_id for agent in viewer.own_agents)


def proposal_actions(
    viewer: Viewer, state: ProposalState, *, coordinator: bool, area_path: str | None
) -> list[Action]:
    """Return what the account may do with a proposal of a matching run.

    `coordinator` is whether it coordinates the order's receiver; `area_path` is the order's.
    """
    if state is not ProposalState.OPEN:
        return []
    found = [Action.ENDORSE] if coordinator else []
    return [*found, Action.REJECT] if viewer.oversees(area_path) else found
