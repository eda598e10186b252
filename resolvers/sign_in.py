"""Signing in: by the word of an issuer, once invited; and ending what signs in."""

from collections.abc import Callable
from datetime import datetime

from domain.clock import Clock, system_clock
from domain.errors import NotSignedIn
from domain.identity import new_id
from domain.language import Phrase
from domain.sign_in import (
    Identity,
    IdentityKind,
    Revocation,
    email_id,
    key_revocation_id,
    subject_id,
    token_revocation_id,
)
from graph import sessions, sign_in
from graph.driver import Graph, Transaction
from graph.events import ChangedFields, event, write_event


async def account_of_subject(
    graph: Graph,
    *,
    issuer: str,
    subject: str,
    email: str | None,
    clock: Clock = system_clock,
    ids: Callable[[], str] = new_id,
) -> str:
    """Return the account of a subject of an issuer; `email` is one that the issuer has verified.

    A subject that comes for the first time becomes the account that its e-mail address was
    invited to be, if nobody else did before. Raises NotSignedIn if there is no such account.
    """
    identity_id = subject_id(issuer, subject)
    found = await sign_in.account_of(graph.read, identity_id)
    if found is not None:
        return found
    if email is None:
        raise NotSignedIn(reason=Phrase("reason.not_invited"))
    now, token, event_id = clock(), ids(), ids()
    identity = Identity(id=identity_id, created_at=now, kind=IdentityKind.SUBJECT)

    async def work(transaction: Transaction) -> str:
        invited = await sign_in.invitation(transaction, email_id(email), token)
        # Whoever has waited for the lock may find that the same subject was let in meanwhile.
        bound = await sign_in.account_of(transaction.run, identity_id)
        if bound is not None:
            return bound
        if invited is None or invited.identity.used_at is not None or not invited.active:
            raise NotSignedIn(reason=Phrase("reason.not_invited"))
        await sign_in.use_invitation(transaction, invited.identity.id, now)
        await sign_in.write_identity(transaction, invited.account_id, identity)
        changes = {invited.account_id: ChangedFields("Account", {"signsInAs": [None, None]})}
        written = event(event_id, now, invited.account_id, "ACCOUNT_BIND", changes)
        await write_event(transaction, written)
        return invited.account_id

    return await graph.write(work, repeatable=True)


async def is_revoked(
    graph: Graph, *, token_id: str, key_id: str, session_id: str | None = None
) -> bool:
    """Whether a token, its key, or its browser session is no longer good."""
    ids = [token_revocation_id(token_id), key_revocation_id(key_id)]
    if session_id is not None:
        ids.append(token_revocation_id(session_id))
    return await sign_in.revoked(graph.read, ids)


async def revoke(
    graph: Graph, revocation_id: str, *, actor: str, until: datetime, clock: Clock, event_id: str
) -> None:
    """End a token or a key at once, for all hubs on this graph; kept until it ends by itself."""
    now = clock()
    ended = Revocation(id=revocation_id, created_at=now, expires_at=until)

    async def work(transaction: Transaction) -> None:
        await sign_in.revoke(transaction, ended)
        changes = {revocation_id: ChangedFields("Revocation", {"expiresAt": [None, None]})}
        await write_event(transaction, event(event_id, now, actor, "SIGN_IN_REVOKE", changes))

    await graph.write(work, repeatable=True)


async def forget_ended(graph: Graph, *, clock: Clock = system_clock) -> None:
    """Delete revocations, codes and sessions whose time is over."""
    now = clock()

    async def work(transaction: Transaction) -> None:
        await sign_in.forget_ended(transaction, now)
        await sessions.forget_ended(transaction, now)

    await graph.write(work, repeatable=True)
