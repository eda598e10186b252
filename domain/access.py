"""Who may see and do what: the one place of the rules.

`Viewer` is the caller with the grants in force now. The read compiler turns the same rules into
Cypher (`graph/access.py`), from the sets that `Viewer` names.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Self

from domain.language import Language
from domain.vocabulary import ClaimState, Role

CONTACTS_AFTER_COMPLETION = timedelta(days=30)
CONTACT_FIELDS = ("contact_name", "phone", "email")
FREE_TEXTS: dict[str, tuple[str, ...]] = {
    "Claim": ("note", "evidence", "reason", "pendingRequest"),
    "Evaluation": ("text",),
}
"""What people write to each other, by type: for the sides and their coordinators alone."""
COUNTERPART_STATES = (
    ClaimState.CONFIRMED,
    ClaimState.IN_PROGRESS,
    ClaimState.DELIVERED,
    ClaimState.DISPUTED,
)
"""States in which the two sides of a claim see each other's contacts; COMPLETED and EVALUATED
as well for `CONTACTS_AFTER_COMPLETION`."""


class ActingAccount(str):
    """The id of an account that acts as the deputy of another one, in whatever it does."""

    __slots__ = ("acting_for",)
    acting_for: str

    def __new__(cls, account_id: str, acting_for: str) -> Self:
        """Return the id of a deputy that acts for an account."""
        made = super().__new__(cls, account_id)
        made.acting_for = acting_for
        return made


@dataclass(frozen=True, slots=True)
class HeldGrant:
    """A grant in force: the role and the part of the graph, an area's path or an agent's id.

    From when to when, and its id, matter to people only: no rule asks.
    """

    role: Role
    area_path: str | None = None
    agent_id: str | None = None
    id: str | None = field(default=None, compare=False)
    valid_from: datetime | None = field(default=None, compare=False)
    valid_until: datetime | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Viewer:
    """The caller: an account with its grants in force, or a visitor without an account."""

    account_id: str | None = None
    grants: tuple[HeldGrant, ...] = ()
    language: Language | None = None
    """In which the account wants to be spoken to, if it says so."""

    @property
    def acting_for(self) -> str | None:
        """The account that this one acts for as its deputy, with that one's grants."""
        return self.account_id.acting_for if isinstance(self.account_id, ActingAccount) else None

    @property
    def signed_in(self) -> bool:
        """Whether there is an account behind the call."""
        return self.account_id is not None

    @property
    def is_admin(self) -> bool:
        """Whether the account holds ADMIN, which is for all of the graph."""
        return any(grant.role is Role.ADMIN for grant in self.grants)

    @property
    def reads_everything_published(self) -> bool:
        """Whether the account is a read-only front-end."""
        return any(grant.role is Role.APP for grant in self.grants)

    @property
    def coordinated_paths(self) -> tuple[str, ...]:
        """The paths of the areas that the account coordinates, with all that lies below."""
        return self._paths(Role.COORDINATOR)

    @property
    def loader_paths(self) -> tuple[str, ...]:
        """The paths of the areas whose inventories the account loads."""
        return self._paths(Role.LOADER)

    @property
    def own_agents(self) -> tuple[str, ...]:
        """The ids of the agents that the account acts for: its unit, community, or itself."""
        return tuple(
            sorted(
                grant.agent_id
                for grant in self.grants
                if grant.role in (Role.LIAISON, Role.MEMBER) and grant.agent_id is not None
            )
        )

    def coordinates(self, area_path: str | None) -> bool:
        """Whether the account coordinates the area with this path."""
        return area_path is not None and any(
            area_path.startswith(path) for path in self.coordinated_paths
        )

    def oversees(self, area_path: str | None) -> bool:
        """Whether the account coordinates the area with this path; ADMIN oversees everything."""
        return self.is_admin or self.coordinates(area_path)

    def acts_for(self, agent_id: str) -> bool:
        """Whether the account speaks for this agent, as liaison or as the member itself."""
        return agent_id in self.own_agents

    def _paths(self, role: Role) -> tuple[str, ...]:
        return tuple(
            sorted(
                grant.area_path
                for grant in self.grants
                if grant.role is role and grant.area_path is not None
            )
        )


VISITOR = Viewer()
