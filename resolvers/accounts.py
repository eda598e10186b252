"""Who signs in, and which role for which part of the graph."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from domain.access import ActingAccount, Viewer
from domain.administration import SCOPED_BY_AGENT, SCOPED_BY_AREA
from domain.clock import Clock
from domain.errors import BadInput, Forbidden, NotFound, NotSignedIn
from domain.hub_records import Account, Grant
from domain.identity import new_id
from domain.language import Phrase
from domain.vocabulary import Role
from graph import accounts
from graph.driver import Graph, Transaction
from graph.events import changes_between, event, write_event

__all__ = [
    "SCOPED_BY_AGENT",
    "SCOPED_BY_AREA",
    "GrantRequest",
    "check_scope",
    "create_account",
    "viewer_of",
]


@dataclass(frozen=True, slots=True)
class GrantRequest:
    """A role that an account is to hold, for an area, an agent or (ADMIN, APP) everything."""

    role: Role
    area_id: str | None = None
    agent_id: str | None = None
    valid_until: datetime | None = None
    valid_from: datetime | None = None
    """From now on, where nothing is said."""


async def viewer_of(graph: Graph, account_id: str, *, now: datetime) -> Viewer:
    """Return the caller behind an account. Raises NotSignedIn if there is no such active one."""
    found = await accounts.viewer(graph.read, account_id, now)
    if found is None:
        acting = isinstance(account_id, ActingAccount)
        reason = "reason.not_deputy" if acting else "reason.token_invalid"
        raise NotSignedIn(reason=Phrase(reason))
    return found


async def create_account(
    graph: Graph,
    *,
    viewer: Viewer,
    name: str,
    grants: Sequence[GrantRequest],
    account_id: str | None = None,
    clock: Clock,
    ids: Callable[[], str] = new_id,
) -> str:
    """Add an account with its grants and return its id; ADMIN only.

    An account id that exists already is left as it is. Raises Forbidden, BadInput for a name
    that says nothing and a role without its scope, NotFound for a scope that does not exist.
    """
    if not viewer.is_admin:
        raise Forbidden(action="createAccount")
    if not name.strip():
        raise BadInput(field="name", value=name, expected=Phrase("expected.account_name"))
    for request in grants:
        check_scope(request)
    now = clock()
    account = Account(id=account_id or ids(), created_at=now, name=name)
    rows = [
        Grant(
            id=ids(),
            created_at=now,
            role=request.role,
            valid_from=now,
            valid_until=request.valid_until,
        )
        for request in grants
    ]
    changes = {node.id: changes_between(None, node) for node in (account, *rows)}
    written = event(ids(), now, viewer.account_id or "", "createAccount", changes)

    async def work(transaction: Transaction) -> str:
        if await accounts.existing(transaction.run, [account.id]):
            return account.id
        await accounts.write_account(transaction, account)
        for request, grant in zip(grants, rows, strict=True):
            found = await accounts.write_grant(
                transaction,
                account.id,
                grant,
                area_id=request.area_id,
                agent_id=request.agent_id,
                granted_by=viewer.account_id,
            )
            if not found:
                raise NotFound(
                    type="Area" if request.area_id else "Agent",
                    id=request.area_id or request.agent_id,
                )
        await write_event(transaction, written)
        return account.id

    return await graph.write(work, repeatable=True)


def check_scope(request: GrantRequest) -> None:
    """Check that a role has the scope that it needs and no other. Raises BadInput."""
    wants_area = request.role in SCOPED_BY_AREA
    wants_agent = request.role in SCOPED_BY_AGENT
    if wants_area != (request.area_id is not None) or wants_agent != (request.agent_id is not None):
        expected = "areaId" if wants_area else "agentId" if wants_agent else "no scope"
        raise BadInput(field="grants", value=request.role.value, expected=expected)
