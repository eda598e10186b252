"""Who may do what to a node: one pure function per action, over who owns it and where it lies.

A rule says only whether the caller's roles suffice. Whether the node's state bears the action is
in `domain.items`, and what its claims bear in `domain.edits`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from domain.access import Viewer
from domain.items import IN_REVIEW, PUBLISHED, ItemAction, ListAction
from domain.vocabulary import ItemState, ListState


@dataclass(frozen=True, slots=True)
class AgentPlace:
    """An agent of some kind (its label), and the path of the area it belongs to.

    `home_path` is where a resident lives for whom no account speaks: the community's liaison does.
    """

    id: str
    kind: str
    path: str | None
    home_path: str | None

    def spoken_for_by(self, viewer: Viewer) -> bool:
        """Whether the account speaks for this agent, itself or as its community's liaison."""
        return viewer.acts_for(self.id) or _speaks_for_area(viewer, self.home_path)

    def coordinated_by(self, viewer: Viewer) -> bool:
        """Whether the account coordinates the area of this agent; ADMIN coordinates all."""
        return viewer.is_admin or viewer.coordinates(self.path)


@dataclass(frozen=True, slots=True)
class Subject:
    """A node as the rules see it.

    `owners` are the agents whose it is: of an offer or order its one agent, of a list its issuer,
    of an agent itself, of an agreement its parties. `area_path` is where the node itself lies.
    """

    owners: tuple[AgentPlace, ...] = ()
    area_path: str | None = None
    state: ItemState | ListState | None = None


Rule: TypeAlias = Callable[[Viewer, Subject], bool]
"""Whether the caller may do something to a node."""


def speaks_for(viewer: Viewer, subject: Subject) -> bool:
    """Whether the account speaks for an owner."""
    return any(owner.spoken_for_by(viewer) for owner in subject.owners)


def coordinates(viewer: Viewer, subject: Subject) -> bool:
    """Whether the account coordinates where the node or an owner of it lies; ADMIN does."""
    return (
        viewer.is_admin
        or viewer.coordinates(subject.area_path)
        or any(owner.coordinated_by(viewer) for owner in subject.owners)
    )


def may_manage(viewer: Viewer, subject: Subject) -> bool:
    """Whether the account may change what an owner has: speaks for it, or coordinates it."""
    return speaks_for(viewer, subject) or coordinates(viewer, subject)


def may_see_item(viewer: Viewer, subject: Subject) -> bool:
    """Whether the account may know of an offer or order: published, or its own to manage."""
    return subject.state in PUBLISHED or may_manage(viewer, subject)


def may_see_list(viewer: Viewer, subject: Subject) -> bool:
    """Whether the account may know of a list: not a draft, or its own to manage."""
    return subject.state is not ListState.DRAFT or may_manage(viewer, subject)


def may_create_list(viewer: Viewer, subject: Subject) -> bool:
    """Whether the account may make a list that the owner issues."""
    return may_manage(viewer, subject)


def may_edit_list(viewer: Viewer, subject: Subject) -> bool:
    """Whether the account may change a list's title and period."""
    return may_manage(viewer, subject)


def may_publish_list(viewer: Viewer, subject: Subject) -> bool:
    """Whether the account may publish a list with its drafts."""
    return may_manage(viewer, subject)


def may_close_list(viewer: Viewer, subject: Subject) -> bool:
    """Whether the account may close a list with its items."""
    return may_manage(viewer, subject)


def may_create_item(viewer: Viewer, subject: Subject) -> bool:
    """Whether the account may make an offer or order of the owner: as a draft."""
    return may_manage(viewer, subject)


def may_edit_item(viewer: Viewer, subject: Subject) -> bool:
    """Whether the account may change an offer or order."""
    return may_manage(viewer, subject)


def may_submit_item(viewer: Viewer, subject: Subject) -> bool:
    """Whether the account may hand an offer or order in for review."""
    return may_manage(viewer, subject)


def may_review_item(viewer: Viewer, subject: Subject) -> bool:
    """Whether the account may pass or reject what is handed in: the coordinator."""
    return coordinates(viewer, subject)


def may_publish_item(viewer: Viewer, subject: Subject) -> bool:
    """Whether the account may publish an offer or order.

    What is in review, and what a member asks for or offers by its own account, waits for the
    coordinator; the rest its owner publishes.
    """
    own = any(owner.kind == "Member" and viewer.acts_for(owner.id) for owner in subject.owners)
    if subject.state in IN_REVIEW or own:
        return may_review_item(viewer, subject)
    return may_manage(viewer, subject)


def may_withdraw_item(viewer: Viewer, subject: Subject) -> bool:
    """Whether the account may withdraw an offer or order.

    What is in review only who may review it: withdrawn, its owner could publish it.
    """
    if subject.state in IN_REVIEW:
        return may_review_item(viewer, subject)
    return may_manage(viewer, subject)


def may_register(viewer: Viewer, subject: Subject) -> bool:
    """Whether the account may say which units there are and what they are called."""
    return coordinates(viewer, subject)


def may_administer(viewer: Viewer, subject: Subject) -> bool:
    """Whether the account may shape the trees that all share: of areas and of categories."""
    del subject
    return viewer.is_admin


ITEM_RULES: Mapping[ItemAction, Rule] = {
    ItemAction.EDIT: may_edit_item,
    ItemAction.SUBMIT: may_submit_item,
    ItemAction.PUBLISH: may_publish_item,
    ItemAction.REJECT: may_review_item,
    ItemAction.WITHDRAW: may_withdraw_item,
}
"""Who may do what to an offer or an order."""
LIST_RULES: Mapping[ListAction, Rule] = {
    ListAction.EDIT: may_edit_list,
    ListAction.ADD_ITEM: may_create_item,
    ListAction.PUBLISH: may_publish_list,
    ListAction.CLOSE: may_close_list,
}
"""Who may do what to a list."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KindRights:
    """Who may make, change and take out of use the nodes of a kind.

    What such a node is registered as (its name, where it belongs) only who might make it changes.
    """

    create: Rule
    edit: Rule = may_manage
    retire: Rule = may_manage


RIGHTS: Mapping[str, KindRights] = {
    "Area": KindRights(create=may_administer, retire=may_administer),
    "Unit": KindRights(create=may_register, retire=may_register),
    "PartyBranch": KindRights(create=may_manage),
    "Member": KindRights(create=may_manage),
    "Category": KindRights(create=may_administer, edit=may_administer, retire=may_administer),
    "Pairing": KindRights(create=may_manage),
    "Agreement": KindRights(create=may_manage),
    "Alliance": KindRights(create=may_register, edit=may_register, retire=may_register),
    "CheckIn": KindRights(create=may_manage),
}
"""The rights to what is made, edited and retired in one form, by label."""


def _speaks_for_area(viewer: Viewer, path: str | None) -> bool:
    """Whether the account is liaison of an area on this path."""
    above = path.split("/") if path else []
    return any(agent in above for agent in viewer.own_agents)
