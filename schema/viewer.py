"""Who asks: the account and the roles it holds now."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, cast

import strawberry

from domain import access
from domain.availability import instant_text
from domain.vocabulary import Role
from schema.context import Info
from schema.ids import encode
from schema.resolve import read_node
from schema.together import Together
from schema.types.accounts import Account
from schema.types.agents import Agent, Area

AGENTS = ("Area", "Member", "PartyBranch", "Unit")
REPLACED = "Say {instead}; works until 2027-06-01"


@strawberry.type
class RoleHeld:
    """A role in force, and the area or the agent it is for."""

    role: Role
    area_path: str | None = strawberry.field(
        deprecation_reason=REPLACED.format(instead="area { path }")
    )
    agent_id: str | None = strawberry.field(
        deprecation_reason=REPLACED.format(instead="agent { id }, a global id")
    )
    grant_id: strawberry.ID | None
    valid_from: datetime | None
    valid_until: datetime | None
    areas: strawberry.Private[Together]
    agents: strawberry.Private[Together]

    @strawberry.field
    async def area(self, info: Info) -> Area | None:
        """The area that it is for."""
        if self.area_path is None:
            return None
        return await _first(self.areas, info, [("Area", _uid(self.area_path))])

    @strawberry.field
    async def agent(self, info: Info) -> Agent | None:
        """The agent that it is for."""
        if self.agent_id is None:
            return None
        return await _first(self.agents, info, [(kind, self.agent_id) for kind in AGENTS])


@strawberry.type
class Viewer:
    """The caller; a visitor has no account and no roles."""

    account_id: str | None = strawberry.field(
        deprecation_reason=REPLACED.format(instead="account { id }, a global id")
    )
    roles: list[RoleHeld]
    acting_for_id: strawberry.ID | None
    language: str

    @strawberry.field
    async def account(self, info: Info) -> Account | None:
        """The caller's own account, None for a visitor."""
        return await read_node(info, "Account", self.account_id) if self.account_id else None


def viewer_of(caller: access.Viewer, language: str) -> Viewer:
    """Return the caller as the schema shows it."""
    acting_for = caller.acting_for
    paths = [grant.area_path for grant in caller.grants if grant.area_path is not None]
    held = [grant.agent_id for grant in caller.grants if grant.agent_id is not None]
    areas = Together([("Area", _uid(path)) for path in paths])
    agents = Together([(kind, each) for kind in AGENTS for each in held])
    return Viewer(
        account_id=None if caller.account_id is None else str(caller.account_id),
        roles=[
            RoleHeld(
                role=grant.role,
                area_path=grant.area_path,
                agent_id=grant.agent_id,
                grant_id=None if grant.id is None else encode("Grant", grant.id),
                valid_from=_instant(grant.valid_from),
                valid_until=_instant(grant.valid_until),
                areas=areas,
                agents=agents,
            )
            for grant in caller.grants
        ],
        acting_for_id=None if acting_for is None else encode("Account", acting_for),
        language=language,
    )


async def _first(together: Together, info: Info, nodes: Sequence[tuple[str, str]]) -> Any:
    """Return which of the nodes there is for this caller."""
    found = await together.read(info, nodes)
    return next((each for each in found if each is not None), None)


def _uid(path: str) -> str:
    """Return the id of the area with this path, which ends with it."""
    return path.rstrip("/").rpartition("/")[2]


def _instant(value: datetime | None) -> datetime | None:
    """Return an instant as instants are served: as the graph keeps them."""
    return None if value is None else cast("datetime", instant_text(value))
