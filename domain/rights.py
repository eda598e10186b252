"""Who may do what to a node: one pure function per action, over who owns it and where it lies.

A rule says only whether the caller's roles suffice. Whether the node's state bears the action is
in `domain.items`, and what its claims bear in `domain.edits`.
"""

from dataclasses import dataclass

from domain.access import Viewer
from domain.items import IN_REVIEW, PUBLISHED
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


def may_choose_claims(viewer: Viewer, subject: Subject) -> bool:
    """Whether the account may pick among the proposals for an offer or order: who speaks for it."""
    return speaks_for(viewer, subject)


def may_register(viewer: Viewer, subject: Subject) -> bool:
    """Whether the account may say which units there are and what they are called."""
    return coordinates(viewer, subject)


def may_administer(viewer: Viewer, subject: Subject) -> bool:
    """Whether the account may shape the trees that all share: of areas and of categories."""
    del subject
    return viewer.is_admin


def _speaks_for_area(viewer: Viewer, path: str | None) -> bool:
    """Whether the account is liaison of an area on this path."""
    above = path.split("/") if path else []
    return any(agent in above for agent in viewer.own_agents)
