"""Codes that sign in once, and the sessions of browsers."""

from dataclasses import dataclass
from datetime import datetime

from domain.availability import instant_text
from domain.sign_in import Session, SignInCode
from graph.driver import Transaction
from graph.records import properties, record
from graph.sign_in import present
from graph.statements import statement

WRITE_CODE = statement(
    "sessions.write_code",
    """
    MATCH (account:Account {id: $account})
    CREATE (account)-[:HAS_CODE]->(c:SignInCode)
    SET c = $properties
    """,
    writes=True,
)
READ_CODE = statement(
    "sessions.read_code",
    """
    MATCH (c:SignInCode {id: $id})<-[:HAS_CODE]-(account:Account)
    SET c.lock = $token
    RETURN account.id AS account, account.active AS active, properties(c) AS code
    """,
    writes=True,
)
USE_CODE = statement(
    "sessions.use_code", "MATCH (c:SignInCode {id: $id}) SET c.usedAt = $now", writes=True
)
WRITE_SESSION = statement(
    "sessions.write",
    """
    MATCH (account:Account {id: $account})
    WHERE account.active
    CREATE (account)-[:HAS_SESSION]->(s:Session)
    SET s = $properties
    RETURN s.id AS id
    """,
    writes=True,
)
READ_SESSION = statement(
    "sessions.read",
    """
    MATCH (s:Session {id: $id})<-[:HAS_SESSION]-(account:Account)
    SET s.lock = $token
    RETURN account.id AS account, account.active AS active, properties(s) AS session
    """,
    writes=True,
)
UPDATE_SESSION = statement(
    "sessions.update", "MATCH (s:Session {id: $id}) SET s += $properties", writes=True
)
FORGET_CODES = statement(
    "sessions.forget_codes",
    "MATCH (c:SignInCode) WHERE c.expiresAt < $now DETACH DELETE c",
    writes=True,
)
FORGET_SESSIONS = statement(
    "sessions.forget",
    "MATCH (s:Session) WHERE s.expiresAt < $now DETACH DELETE s",
    writes=True,
)


@dataclass(frozen=True, slots=True)
class HeldCode:
    """A code, and whose it is."""

    account_id: str
    active: bool
    code: SignInCode


@dataclass(frozen=True, slots=True)
class HeldSession:
    """A session, and whose it is."""

    account_id: str
    active: bool
    session: Session


async def write_code(transaction: Transaction, account_id: str, code: SignInCode) -> None:
    """Add a code to an account."""
    await transaction.run(WRITE_CODE, account=account_id, properties=present(code))


async def read_code(transaction: Transaction, code_id: str, token: str) -> HeldCode | None:
    """Lock and return a code, None for none of ours."""
    rows = await transaction.run(READ_CODE, id=code_id, token=token)
    if not rows:
        return None
    found = rows[0]
    return HeldCode(found["account"], found["active"], record(SignInCode, found["code"]))


async def use_code(transaction: Transaction, code_id: str, now: datetime) -> None:
    """Say that a code was used."""
    await transaction.run(USE_CODE, id=code_id, now=instant_text(now))


async def write_session(transaction: Transaction, account_id: str, session: Session) -> bool:
    """Add a session to an account; False if there is no such active account."""
    rows = await transaction.run(WRITE_SESSION, account=account_id, properties=present(session))
    return bool(rows)


async def read_session(transaction: Transaction, session_id: str, token: str) -> HeldSession | None:
    """Lock and return a session, None for none of ours."""
    rows = await transaction.run(READ_SESSION, id=session_id, token=token)
    if not rows:
        return None
    found = rows[0]
    return HeldSession(found["account"], found["active"], record(Session, found["session"]))


async def update_session(transaction: Transaction, session: Session) -> None:
    """Write a session as it is now."""
    await transaction.run(UPDATE_SESSION, id=session.id, properties=properties(session))


async def forget_ended(transaction: Transaction, now: datetime) -> None:
    """Delete codes and sessions whose time is over."""
    await transaction.run(FORGET_CODES, now=instant_text(now))
    await transaction.run(FORGET_SESSIONS, now=instant_text(now))
