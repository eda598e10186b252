"""Who is whom at the issuer, and what of the hub's own tokens is no longer good."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from domain.availability import instant_text
from domain.records import Node
from domain.sign_in import Identity, Revocation
from graph.accounts import Run
from graph.driver import Transaction
from graph.records import properties, record
from graph.statements import statement

REVOKED = statement(
    "sign_in.revoked",
    "UNWIND $ids AS id MATCH (r:Revocation {id: id}) RETURN r.id AS id",
)
REVOKE = statement(
    "sign_in.revoke",
    """
    MERGE (r:Revocation {id: $id})
    SET r.createdAt = coalesce(r.createdAt, $createdAt), r.expiresAt = $expiresAt,
        r.sortKey = coalesce(r.sortKey, $sortKey)
    """,
    writes=True,
)
IDENTIFIED = statement(
    "sign_in.identified",
    """
    MATCH (i:Identity {id: $id})<-[:SIGNS_IN_AS]-(account:Account)
    RETURN account.id AS account
    """,
)
INVITATION = statement(
    "sign_in.invitation",
    """
    MATCH (i:Identity {id: $id})<-[:SIGNS_IN_AS]-(account:Account)
    SET i.lock = $token
    RETURN account.id AS account, account.active AS active, properties(i) AS identity
    """,
    writes=True,
)
WRITE_IDENTITY = statement(
    "sign_in.write_identity",
    """
    MATCH (account:Account {id: $account})
    CREATE (account)-[:SIGNS_IN_AS]->(i:Identity)
    SET i = $properties
    """,
    writes=True,
)
USE_INVITATION = statement(
    "sign_in.use_invitation",
    "MATCH (i:Identity {id: $id}) SET i.usedAt = $now",
    writes=True,
)
FORGET_REVOCATIONS = statement(
    "sign_in.forget_revocations",
    "MATCH (r:Revocation) WHERE r.expiresAt < $now DETACH DELETE r",
    writes=True,
)


@dataclass(frozen=True, slots=True)
class Invitation:
    """Whom an e-mail address was invited to be, and whether somebody came already."""

    account_id: str
    active: bool
    identity: Identity


def present(node: Node) -> dict[str, Any]:
    """Return the properties of a record that are there."""
    return {name: value for name, value in properties(node).items() if value is not None}


async def revoked(run: Run, revocation_ids: Sequence[str]) -> bool:
    """Whether one of these was revoked."""
    return bool(await run(REVOKED, ids=list(revocation_ids)))


async def revoke(transaction: Transaction, revocation: Revocation) -> None:
    """Write that a token or a key is no longer good; again is as good as once."""
    await transaction.run(REVOKE, **properties(revocation))


async def account_of(run: Run, identity_id: str) -> str | None:
    """Return the account that an identity belongs to, None for nobody's."""
    rows = await run(IDENTIFIED, id=identity_id)
    return rows[0]["account"] if rows else None


async def invitation(transaction: Transaction, identity_id: str, token: str) -> Invitation | None:
    """Lock and return an invitation, None where nobody was invited."""
    rows = await transaction.run(INVITATION, id=identity_id, token=token)
    if not rows:
        return None
    found = rows[0]
    return Invitation(found["account"], found["active"], record(Identity, found["identity"]))


async def write_identity(transaction: Transaction, account_id: str, identity: Identity) -> None:
    """Say what an account is known by."""
    await transaction.run(WRITE_IDENTITY, account=account_id, properties=present(identity))


async def use_invitation(transaction: Transaction, identity_id: str, now: datetime) -> None:
    """Say that an invitation was taken up."""
    await transaction.run(USE_INVITATION, id=identity_id, now=instant_text(now))


async def forget_ended(transaction: Transaction, now: datetime) -> None:
    """Delete what would not be good any more in any case."""
    await transaction.run(FORGET_REVOCATIONS, now=instant_text(now))
