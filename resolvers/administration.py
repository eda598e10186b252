"""Accounts and grants: invite, give, revoke, suspend.

Each is one transaction with one event.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from domain.administration import may_give_to, may_revoke, may_update
from domain.errors import BadInput, Forbidden, NotFound
from domain.hub_records import Account, Grant
from domain.identity import NodeReference
from domain.language import Language, Phrase
from domain.sign_in import Identity, IdentityKind, email_id, normal_email, subject_id
from graph import accounts, administration, sign_in
from graph.driver import Graph
from graph.events import Changes, changes_between
from resolvers.accounts import GrantRequest
from resolvers.administration_common import Turn, run, update
from resolvers.changing import Request

MOST_GRANTS = 50
"""That an invitation may carry."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Invited:
    """Whom an invitation is for; neither address nor subject where a code or a token will do."""

    name: str
    email: str | None = None
    issuer: str | None = None
    subject: str | None = None
    language: str | None = None


async def invite(
    graph: Graph, request: Request, invited: Invited, grants: Sequence[GrantRequest]
) -> str:
    """Add an account with its grants, and say by what it signs in; return its id.

    Raises Forbidden for who may not give all of these grants (a coordinator gives at least one),
    BadInput, NotFound, NotSignedIn, IdempotencyConflict.
    """
    if len(grants) > MOST_GRANTS:
        raise BadInput(field="grants", value=len(grants), expected=f"<= {MOST_GRANTS}")
    account = _account(invited, request.ids(), request.now)
    prepared = [_grant(each, request, account.created_at) for each in grants]
    identity = _identity(invited, account.created_at)

    async def work(turn: Turn) -> tuple[str, Changes]:
        if not turn.viewer.is_admin and not (turn.viewer.coordinated_paths and grants):
            raise Forbidden(action="ACCOUNT_INVITE")
        if identity is not None:
            known = await sign_in.account_of(turn.transaction.run, identity.id)
            if known is not None:
                field = "email" if invited.email else "subject"
                raise BadInput(field=field, value="***", expected=Phrase("expected.not_invited"))
        await accounts.write_account(turn.transaction, account)
        changes: Changes = {account.id: changes_between(None, account)}
        if identity is not None:
            await sign_in.write_identity(turn.transaction, account.id, identity)
        for asked, grant in zip(grants, prepared, strict=True):
            changes |= await turn.give(account.id, asked, grant)
        return account.id, changes

    given = {
        "name": invited.name,
        "email": invited.email,
        "subject": invited.subject,
        "language": invited.language,
        "grants": [_as_input(each) for each in grants],
    }
    return await run(graph, request, "ACCOUNT_INVITE", given, work)


async def give_grant(graph: Graph, request: Request, account_id: str, asked: GrantRequest) -> str:
    """Give an account a role, and return the grant's id; nobody but ADMIN gives to themselves.

    Raises Forbidden, BadInput, NotFound, NotSignedIn, IdempotencyConflict.
    """
    grant = _grant(asked, request, request.now)

    async def work(turn: Turn) -> tuple[str, Changes]:
        file = await turn.account(account_id)
        if not may_give_to(turn.viewer, account_id):
            raise Forbidden(action="GRANT_GIVE")
        if not file.account.active:
            raise BadInput(field="accountId", value="", expected=Phrase("expected.active_account"))
        return grant.id, await turn.give(account_id, asked, grant)

    given = {"account": account_id, **_as_input(asked)}
    return await run(graph, request, "GRANT_GIVE", given, work)


async def revoke_grant(graph: Graph, request: Request, grant_id: str) -> str:
    """End a grant now, as who may give it or as who holds it; one that is over stays as it is.

    Raises LastAdministrator, Forbidden, NotFound, NotSignedIn, IdempotencyConflict.
    """

    async def work(turn: Turn) -> tuple[str, Changes]:
        holder = await administration.holder_of(turn.transaction, grant_id)
        missing = NotFound(type="Grant", id=NodeReference("Grant", grant_id))
        if holder is None:
            raise missing
        file = (await administration.read_accounts(turn.transaction, holder))[holder]
        (placed,) = (each for each in file.grants if each.grant.id == grant_id)
        if not may_revoke(turn.viewer, placed, holder):
            if turn.viewer.coordinates(placed.path):
                raise Forbidden(action="GRANT_REVOKE")
            raise missing
        if placed.over(turn.now):
            return grant_id, {}
        return grant_id, await turn.end([placed])

    return await run(graph, request, "GRANT_REVOKE", {"grant": grant_id}, work)


async def set_active(graph: Graph, request: Request, account_id: str, *, active: bool) -> str:
    """Suspend an account, or take it up again; its grants stay.

    Raises LastAdministrator, Forbidden, NotFound, NotSignedIn, IdempotencyConflict.
    """
    action = "ACCOUNT_REACTIVATE" if active else "ACCOUNT_SUSPEND"

    async def work(turn: Turn) -> tuple[str, Changes]:
        file = await turn.administered(account_id, action)
        if file.account.active == active:
            return account_id, {}
        return account_id, await update(turn, file.account, replace(file.account, active=active))

    return await run(graph, request, action, {"account": account_id}, work)


async def update_account(
    graph: Graph,
    request: Request,
    account_id: str,
    *,
    name: str | None = None,
    language: str | None = None,
) -> str:
    """Change an account's name or language, as oneself or as who administers it.

    Raises BadInput, Forbidden, NotFound, NotSignedIn, IdempotencyConflict.
    """
    spoken = _language(language)

    async def work(turn: Turn) -> tuple[str, Changes]:
        file = await turn.account(account_id)
        if not may_update(turn.viewer, file, turn.now):
            raise Forbidden(action="ACCOUNT_UPDATE")
        after = replace(
            file.account,
            name=file.account.name if name is None else _name(name),
            language=spoken or file.account.language,
        )
        if after == file.account:
            return account_id, {}
        return account_id, await update(turn, file.account, after)

    given = {"account": account_id, "name": name, "language": language}
    return await run(graph, request, "ACCOUNT_UPDATE", given, work)


def _account(invited: Invited, account_id: str, now: datetime) -> Account:
    """Return the account of an invitation. Raises BadInput."""
    email = normal_email(invited.email) if invited.email else None
    if email is not None and ("@" not in email or " " in email):
        raise BadInput(field="email", value="***", expected="name@example.org")
    return Account(
        id=account_id,
        created_at=now,
        name=_name(invited.name),
        sign_in_email=email,
        language=_language(invited.language),
    )


def _identity(invited: Invited, now: datetime) -> Identity | None:
    """Return what somebody is invited by. Raises BadInput for both, or a subject of nobody."""
    if invited.email and invited.subject:
        raise BadInput(field="subject", value="***", expected="email | subject")
    if invited.email:
        return Identity(id=email_id(invited.email), created_at=now, kind=IdentityKind.EMAIL)
    if invited.subject:
        if invited.issuer is None:
            raise BadInput(field="subject", value="***", expected="RENLING_OIDC_ISSUER")
        found = subject_id(invited.issuer, invited.subject)
        return Identity(id=found, created_at=now, kind=IdentityKind.SUBJECT)
    return None


def _grant(asked: GrantRequest, request: Request, now: datetime) -> Grant:
    return Grant(
        id=request.ids(),
        created_at=now,
        role=asked.role,
        valid_from=asked.valid_from or now,
        valid_until=asked.valid_until,
    )


def _name(name: str) -> str:
    if not name.strip():
        raise BadInput(field="name", value=name, expected=Phrase("expected.account_name"))
    return name.strip()


def _language(language: str | None) -> str | None:
    if language is not None and language not in set(Language):
        raise BadInput(field="language", value=language, expected=" | ".join(Language))
    return language


def _as_input(asked: GrantRequest) -> dict[str, Any]:
    return {
        "role": asked.role,
        "area": asked.area_id,
        "agent": asked.agent_id,
        "from": asked.valid_from and asked.valid_from.isoformat(),
        "until": asked.valid_until and asked.valid_until.isoformat(),
    }
