"""Sessions of browsers: begun by a code or after a sign-in, refreshed, ended.

A refresh token is good once: each refresh gives the next one. Whoever comes with an older one was
robbed or is the robber, so the session ends for both. Only the one before is forgiven for a few
seconds, for two tabs that refresh at once; it gets no new refresh token.
"""

import base64
import secrets
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from domain.clock import Clock, system_clock
from domain.errors import NotSignedIn
from domain.identity import new_id
from domain.language import Phrase
from domain.sign_in import Revocation, Session, SignInCode, code_id, digest, token_revocation_id
from graph import sessions, sign_in
from graph.driver import Graph, Transaction
from graph.events import ChangedFields, event, write_event

CODE_BYTES = 10
CODE_LIFETIME = timedelta(minutes=10)
SECRET_BYTES = 32
FORGIVEN = timedelta(seconds=10)
"""How long the refresh token before the last one is taken for a second tab."""


@dataclass(frozen=True, slots=True)
class OpenSession:
    """A session that goes on; `refresh_token` is the next one, None where the browser has it."""

    account_id: str
    session_id: str
    refresh_token: str | None


async def make_code(
    graph: Graph,
    account_id: str,
    *,
    lifetime: timedelta = CODE_LIFETIME,
    clock: Clock = system_clock,
) -> str:
    """Return a code that signs in to an account once, within its lifetime."""
    code = base64.b32encode(secrets.token_bytes(CODE_BYTES)).decode().lower()
    now = clock()
    kept = SignInCode(id=code_id(code), created_at=now, expires_at=now + lifetime)
    written = event(new_id(), now, account_id, "SIGN_IN_CODE", {account_id: _nothing()})

    async def work(transaction: Transaction) -> None:
        await sessions.write_code(transaction, account_id, kept)
        await write_event(transaction, written)

    await graph.write(work)
    return "-".join(code[start : start + 4] for start in range(0, len(code), 4))


async def begin(
    graph: Graph,
    *,
    lifetime: timedelta,
    account_id: str | None = None,
    code: str | None = None,
    clock: Clock = system_clock,
    ids: Callable[[], str] = new_id,
) -> OpenSession:
    """Begin a session of an account, or of whomever a code is for: the code is then used up.

    Raises NotSignedIn for a code that is not good, and for no such active account.
    """
    now, token, event_id, secret = clock(), ids(), ids(), secrets.token_urlsafe(SECRET_BYTES)
    session = Session(
        id=ids(),
        created_at=now,
        expires_at=now + lifetime,
        refresh_digest=digest(secret),
        refreshed_at=now,
    )

    async def work(transaction: Transaction) -> str:
        holder = account_id or await _account_of_code(transaction, code or "", now, token)
        if not await sessions.write_session(transaction, holder, session):
            raise NotSignedIn(reason=Phrase("reason.account_closed"))
        await write_event(
            transaction, event(event_id, now, holder, "SESSION_BEGIN", {holder: _nothing()})
        )
        return holder

    holder = await graph.write(work)
    return OpenSession(holder, session.id, f"{session.id}.{secret}")


async def refresh(
    graph: Graph,
    refresh_token: str,
    *,
    clock: Clock = system_clock,
    ids: Callable[[], str] = new_id,
) -> OpenSession:
    """Go on with a session, and give its next refresh token.

    Raises NotSignedIn when the session is over, or ends here because the token was used before.
    """
    session_id, _, secret = refresh_token.partition(".")
    now, token, event_id, following = clock(), ids(), ids(), secrets.token_urlsafe(SECRET_BYTES)
    presented = digest(secret)

    async def work(transaction: Transaction) -> OpenSession | None:
        held = await sessions.read_session(transaction, session_id, token)
        if held is None or not held.active or not _goes_on(held.session, now):
            raise NotSignedIn(reason=Phrase("reason.session_over"))
        session = held.session
        if presented == session.refresh_digest:
            after = replace(
                session,
                refresh_digest=digest(following),
                former_digest=session.refresh_digest,
                refreshed_at=now,
            )
            await sessions.update_session(transaction, after)
            return OpenSession(held.account_id, session_id, f"{session_id}.{following}")
        if presented == session.former_digest and now - session.refreshed_at <= FORGIVEN:
            return OpenSession(held.account_id, session_id, None)
        await _end(transaction, session, now)
        changes = {held.account_id: _nothing()}
        await write_event(
            transaction, event(event_id, now, held.account_id, "SESSION_STOLEN", changes)
        )
        return None

    found = await graph.write(work)
    if found is None:
        raise NotSignedIn(reason=Phrase("reason.session_over"))
    return found


async def end(
    graph: Graph,
    refresh_token: str,
    *,
    clock: Clock = system_clock,
    ids: Callable[[], str] = new_id,
) -> None:
    """End the session of a refresh token, whichever of its tokens it is; nothing for no session."""
    session_id, _, secret = refresh_token.partition(".")
    now, token, event_id = clock(), ids(), ids()

    async def work(transaction: Transaction) -> None:
        held = await sessions.read_session(transaction, session_id, token)
        if held is None or not _goes_on(held.session, now):
            return
        if digest(secret) not in {held.session.refresh_digest, held.session.former_digest}:
            return
        await _end(transaction, held.session, now)
        changes = {held.account_id: _nothing()}
        written = event(event_id, now, held.account_id, "SESSION_END", changes)
        await write_event(transaction, written)

    await graph.write(work, repeatable=True)


def _nothing() -> ChangedFields:
    """Return that the account itself stays as it is: how it signs in is not history."""
    return ChangedFields("Account")


def _goes_on(session: Session, now: datetime) -> bool:
    return session.ended_at is None and session.expires_at > now


async def _end(transaction: Transaction, session: Session, now: datetime) -> None:
    """End a session, with what it signed for its cookie."""
    await sessions.update_session(transaction, replace(session, ended_at=now))
    revocation = Revocation(
        id=token_revocation_id(session.id), created_at=now, expires_at=session.expires_at
    )
    await sign_in.revoke(transaction, revocation)


async def _account_of_code(transaction: Transaction, code: str, now: datetime, token: str) -> str:
    held = await sessions.read_code(transaction, code_id(code), token)
    good = (
        held is not None
        and held.active
        and held.code.used_at is None
        and held.code.expires_at > now
    )
    if held is None or not good:
        raise NotSignedIn(reason=Phrase("reason.code_invalid"))
    await sessions.use_code(transaction, held.code.id, now)
    return held.account_id
