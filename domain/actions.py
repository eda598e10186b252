"""What a caller may do with a node now: the rules by which the use cases decide, asked before.

An action is listed where state and roles allow it. What it asks for besides (a reason, a quantity
that is still free) and what stands in its way elsewhere (claims under way, what refers to a node,
the last administrator) is seen when it is done.
"""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from domain.access import Viewer
from domain.administration import (
    AccountFile,
    PlacedGrant,
    administers,
    may_appoint,
    may_end_deputyship,
    may_give_to,
    may_revoke,
    may_update,
    sees_account,
)
from domain.errors import ClaimError
from domain.holds import Line, check_offer, check_order, offer_past
from domain.hub_records import Deputyship
from domain.items import (
    CLAIMABLE,
    ITEM_STEPS,
    LIST_STEPS,
    SET_BY_PEOPLE,
    ItemAction,
    ListAction,
)
from domain.persons import may_erase
from domain.records import DemandOrder, ResourceOffer
from domain.rights import (
    ITEM_RULES,
    LIST_RULES,
    RIGHTS,
    AgentPlace,
    Subject,
    may_administer,
    may_create_item,
    may_create_list,
)
from domain.runs import UNFINISHED
from domain.vocabulary import (
    CapacityKind,
    ItemState,
    ListState,
    PackageState,
    ProposalState,
    RunState,
    Vocabulary,
    WebhookState,
)
from domain.webhooks import WebhookAction, may_do

REGISTERED = frozenset({"Area", "Unit", "PartyBranch", "Member"})
"""Kinds whose names and places only who might make them changes; the rest whoever may edit them."""
TREES = frozenset({"Area", "Category"})
RETIRED = REGISTERED | TREES
"""Kinds that are retired; the others end."""


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
    ATTACH_EVIDENCE = "ATTACH_EVIDENCE"
    EDIT = "EDIT"
    REGISTER = "REGISTER"
    SUBMIT = "SUBMIT"
    PUBLISH = "PUBLISH"
    CLOSE = "CLOSE"
    ADD_ITEM = "ADD_ITEM"
    ADD_LIST = "ADD_LIST"
    ADD_TERM = "ADD_TERM"
    MOVE = "MOVE"
    RETIRE = "RETIRE"
    END = "END"
    UPDATE = "UPDATE"
    GRANT = "GRANT"
    REVOKE = "REVOKE"
    SUSPEND = "SUSPEND"
    REACTIVATE = "REACTIVATE"
    APPOINT_DEPUTY = "APPOINT_DEPUTY"
    HAND_OVER = "HAND_OVER"
    ERASE = "ERASE"
    PIN = "PIN"
    PAUSE = "PAUSE"
    RESUME = "RESUME"
    REPLAY = "REPLAY"
    ROTATE = "ROTATE"
    TEST = "TEST"
    DELETE = "DELETE"


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


def item_actions(viewer: Viewer, subject: Subject, state: ItemState) -> list[ItemAction]:
    """Return what people may do to an offer or an order; what its claims bear is seen then."""
    return [
        action
        for action, rule in ITEM_RULES.items()
        if state in ITEM_STEPS[action] and rule(viewer, subject)
    ]


def list_actions(
    viewer: Viewer, subject: Subject, state: ListState, *, issuer_in_use: bool
) -> list[ListAction]:
    """Return what people may do to a list; nothing new is listed for an issuer out of use."""
    return [
        action
        for action, rule in LIST_RULES.items()
        if state in LIST_STEPS[action]
        and rule(viewer, subject)
        and (issuer_in_use or action is not ListAction.ADD_ITEM)
    ]


def kind_actions(
    viewer: Viewer, kind: str, own: AgentPlace | None, subject: Subject
) -> list[Action]:
    """Return what an account may do to a node in use of one of the kinds of `RIGHTS`.

    `subject` is the node by the ends of its links; `own` is the node itself, where it is an agent.
    What refers to a node and keeps it from being retired is seen when it is done.
    """
    rights = RIGHTS[kind]
    whole = subject if own is None else replace(subject, owners=(*subject.owners, own))
    found: list[Action] = []
    if rights.edit(viewer, whole):
        found.append(Action.EDIT)
        if kind in REGISTERED and rights.create(viewer, subject):
            found.append(Action.REGISTER)
        if kind == "Alliance":
            found.append(Action.ADD_TERM)
    if kind in TREES and may_administer(viewer, whole):
        found.append(Action.MOVE)
    if rights.retire(viewer, whole):
        found.append(Action.RETIRE if kind in RETIRED else Action.END)
    if own is not None and may_create_list(viewer, Subject((own,))):
        found.append(Action.ADD_LIST)
    if own is not None and may_create_item(viewer, Subject((own,), own.path)):
        found.append(Action.ADD_ITEM)
    return found


def account_actions(viewer: Viewer, file: AccountFile, now: datetime) -> list[Action]:
    """Return what an account may do with another one, or with itself.

    That one ADMIN has to stay is seen when it is done.
    """
    if not sees_account(viewer, file):
        return []
    active, account_id = file.account.active, file.account.id
    found: list[Action] = []
    if may_update(viewer, file, now):
        found.append(Action.UPDATE)
    if active and may_give_to(viewer, account_id):
        found.append(Action.GRANT)
    if administers(viewer, file, now):
        found += [Action.SUSPEND if active else Action.REACTIVATE, Action.HAND_OVER]
    if may_appoint(viewer, file, now):
        found.append(Action.APPOINT_DEPUTY)
    if may_erase(viewer, account_id):
        found.append(Action.ERASE)
    return found


def grant_actions(
    viewer: Viewer, placed: PlacedGrant, holder_id: str, now: datetime
) -> list[Action]:
    """Return what an account may do with a grant that is not over."""
    may = not placed.over(now) and may_revoke(viewer, placed, holder_id)
    return [Action.REVOKE] if may else []


def deputyship_actions(
    viewer: Viewer, deputyship: Deputyship, file: AccountFile, deputy_id: str, now: datetime
) -> list[Action]:
    """Return what an account may do with a deputyship, of the account, that is not over."""
    over = deputyship.valid_until <= max(now, deputyship.valid_from)
    may = not over and may_end_deputyship(viewer, file, deputy_id, now)
    return [Action.END] if may else []


def may_start_claim(viewer: Viewer, owner_id: str, *, speaks: bool, coordinates: bool) -> bool:
    """Whether the account may start some claim with what this owner offers or needs.

    As the owner (`speaks`), as another agent, or as the one who `coordinates` the receiver.
    """
    return speaks or coordinates or any(agent != owner_id for agent in viewer.own_agents)


def proposal_actions(
    viewer: Viewer,
    state: ProposalState,
    *,
    coordinator: bool,
    area_path: str | None,
    packed: bool = False,
) -> list[Action]:
    """Return what the account may do with a proposal of a matching run.

    `coordinator` is whether it coordinates the order's receiver; `area_path` is the order's. One
    that is in a package is decided of with it.
    """
    if packed or state is not ProposalState.OPEN:
        return []
    found = [Action.ENDORSE] if coordinator else []
    return [*found, Action.REJECT, Action.PIN] if viewer.oversees(area_path) else found


def run_actions(viewer: Viewer, state: RunState, area_path: str) -> list[Action]:
    """Return what the account may do with a matching run of the area with this path."""
    return [Action.CANCEL] if state in UNFINISHED and viewer.oversees(area_path) else []


def package_actions(state: PackageState, *, coordinated: Iterable[bool]) -> list[Action]:
    """Return what may be done with a package; `coordinated`: whether each receiver is."""
    may = state is PackageState.FOUND and all(coordinated)
    return [Action.PROPOSE] if may else []


def webhook_actions(
    viewer: Viewer, account_id: str, state: WebhookState, *, troubled: bool
) -> list[WebhookAction]:
    """Return what an account may do with a webhook of the account `account_id`.

    `troubled` is whether the last attempt to deliver failed: to resume it is to try anew at once.
    """
    idle = {
        WebhookAction.PAUSE: state is WebhookState.PAUSED,
        WebhookAction.RESUME: state is WebhookState.ACTIVE and not troubled,
    }
    return [
        action
        for action in WebhookAction
        if not idle.get(action, False) and may_do(viewer, account_id, action)
    ]
