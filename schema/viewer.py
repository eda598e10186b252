"""Who asks: the account and the roles it holds now."""

from datetime import datetime
from typing import cast

import strawberry

from domain import access
from domain.availability import instant_text
from domain.vocabulary import Role
from schema.ids import encode


@strawberry.type
class RoleHeld:
    """A role in force, and the area or the agent it is for."""

    role: Role
    area_path: str | None
    agent_id: str | None
    grant_id: strawberry.ID | None
    valid_from: datetime | None
    valid_until: datetime | None


@strawberry.type
class Viewer:
    """The caller; a visitor has no account and no roles."""

    account_id: str | None
    roles: list[RoleHeld]
    acting_for_id: strawberry.ID | None
    language: str


def viewer_of(caller: access.Viewer, language: str) -> Viewer:
    """Return the caller as the schema shows it."""
    acting_for = caller.acting_for
    return Viewer(
        account_id=caller.account_id,
        roles=[
            RoleHeld(
                role=grant.role,
                area_path=grant.area_path,
                agent_id=grant.agent_id,
                grant_id=None if grant.id is None else encode("Grant", grant.id),
                valid_from=_instant(grant.valid_from),
                valid_until=_instant(grant.valid_until),
            )
            for grant in caller.grants
        ],
        acting_for_id=None if acting_for is None else encode("Account", acting_for),
        language=language,
    )


def _instant(value: datetime | None) -> datetime | None:
    """Return an instant as instants are served: as the graph keeps them."""
    return None if value is None else cast("datetime", instant_text(value))
