"""Who asks: the account and the roles it holds now."""

import strawberry

from domain import access
from domain.vocabulary import Role

strawberry.enum(Role)


@strawberry.type
class RoleHeld:
    """A role in force, and the area or the agent it is for."""

    role: Role
    area_path: str | None
    agent_id: str | None


@strawberry.type
class Viewer:
    """The caller; a visitor has no account and no roles."""

    account_id: str | None
    roles: list[RoleHeld]


def viewer_of(caller: access.Viewer) -> Viewer:
    """Return the caller as the schema shows it."""
    return Viewer(
        account_id=caller.account_id,
        roles=[
            RoleHeld(role=grant.role, area_path=grant.area_path, agent_id=grant.agent_id)
            for grant in caller.grants
        ],
    )
