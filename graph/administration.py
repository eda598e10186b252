"""Accounts, grants and deputies as those read and write them who administer them."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from domain.administration import AccountFile, PlacedGrant
from domain.availability import instant_text
from domain.hub_records import Account, Deputyship, Grant
from graph.driver import Transaction
from graph.records import properties, record
from graph.sign_in import present
from graph.standing import read_agents
from graph.statements import statement

TAKE_TURN = statement(
    "administration.take_turn",
    "MERGE (l:EngineLock {id: 'accounts'}) SET l.token = $token RETURN l.id AS id",
    writes=True,
)
READ_ACCOUNTS = statement(
    "administration.read_accounts",
    """
    UNWIND $ids AS id
    MATCH (account:Account {id: id})
    RETURN properties(account) AS account, COLLECT {
        MATCH (account)-[:HOLDS]->(held:Grant)
        WITH held ORDER BY held.id
        RETURN [
            properties(held),
            head([(held)-[:FOR_AREA]->(area:Area) | [area.id, area.path]]),
            head([(held)-[:FOR_AGENT]->(agent:Agent) | agent.id])
        ]
    } AS grants
    """,
)
HOLDER_OF = statement(
    "administration.holder_of",
    "MATCH (account:Account)-[:HOLDS]->(:Grant {id: $id}) RETURN account.id AS id",
)
ADMINISTRATORS = statement(
    "administration.administrators",
    """
    MATCH (account:Account)-[:HOLDS]->(held:Grant)
    WHERE held.role = 'ADMIN' AND account.active
    RETURN account.id AS id, properties(held) AS grant ORDER BY held.id
    """,
)
PART_OF_AREA = statement(
    "administration.area", "MATCH (area:Area {id: $id}) RETURN area.path AS path"
)
UPDATE_ACCOUNT = statement(
    "administration.update_account",
    "MATCH (account:Account {id: $id}) SET account += $properties",
    writes=True,
)
END_GRANTS = statement(
    "administration.end_grants",
    "UNWIND $ids AS id MATCH (held:Grant {id: id}) SET held.validUntil = $until",
    writes=True,
)
WRITE_DEPUTYSHIP = statement(
    "administration.write_deputyship",
    """
    MATCH (account:Account {id: $account}) MATCH (deputy:Account {id: $deputy})
    CREATE (account)-[:HAS_DEPUTY]->(d:Deputyship)-[:DEPUTY_IS]->(deputy)
    SET d = $properties
    """,
    writes=True,
)
READ_DEPUTYSHIPS = statement(
    "administration.read_deputyships",
    """
    MATCH (account:Account {id: $account})
    WITH COLLECT { MATCH (account)-[:HAS_DEPUTY]->(d:Deputyship) RETURN properties(d) }
        + COLLECT { MATCH (account)<-[:DEPUTY_IS]-(d:Deputyship) RETURN properties(d) } AS found
    UNWIND found AS d
    RETURN d ORDER BY d.id
    """,
)
ENDS_OF_DEPUTYSHIP = statement(
    "administration.ends_of_deputyship",
    """
    MATCH (account:Account)-[:HAS_DEPUTY]->(d:Deputyship {id: $id})-[:DEPUTY_IS]->(deputy:Account)
    RETURN account.id AS account, deputy.id AS deputy, properties(d) AS deputyship
    """,
)
END_DEPUTYSHIPS = statement(
    "administration.end_deputyships",
    "UNWIND $ids AS id MATCH (d:Deputyship {id: id}) SET d.validUntil = $until",
    writes=True,
)
OPEN_CLAIMS = statement(
    "administration.open_claims",
    """
    MATCH (c:Claim)-[:INITIATED_BY]->(:Account {id: $account})
    WHERE c.state = 'PROPOSED'
    RETURN c.id AS id ORDER BY id
    """,
)
TAKE_CLAIMS_OVER = statement(
    "administration.take_claims_over",
    """
    UNWIND $ids AS id
    MATCH (c:Claim {id: id})-[former:INITIATED_BY]->(:Account {id: $from})
    MATCH (successor:Account {id: $to})
    DELETE former
    CREATE (c)-[:INITIATED_BY]->(successor)
    """,
    writes=True,
)


async def take_turn(transaction: Transaction, token: str) -> None:
    """Wait until nobody else changes accounts: one after the other, so that one ADMIN stays."""
    await transaction.run(TAKE_TURN, token=token)


async def read_accounts(transaction: Transaction, *account_ids: str) -> dict[str, AccountFile]:
    """Return accounts with their grants, by id; those that do not exist are left out."""
    rows = await transaction.run(READ_ACCOUNTS, ids=list(account_ids))
    agent_ids = {agent for row in rows for _, _, agent in row["grants"] if agent is not None}
    places = await read_agents(transaction, *sorted(agent_ids)) if agent_ids else {}
    found: dict[str, AccountFile] = {}
    for row in rows:
        account = record(Account, row["account"])
        grants = tuple(
            PlacedGrant(
                grant=record(Grant, stored),
                area_id=area[0] if area else None,
                agent_id=agent,
                path=area[1] if area else places[agent].path if agent in places else None,
            )
            for stored, area, agent in row["grants"]
        )
        found[account.id] = AccountFile(account, grants)
    return found


async def holder_of(transaction: Transaction, grant_id: str) -> str | None:
    """Return the account that holds a grant, None where there is no such grant."""
    rows = await transaction.run(HOLDER_OF, id=grant_id)
    return rows[0]["id"] if rows else None


async def administrators(transaction: Transaction) -> list[tuple[str, PlacedGrant]]:
    """Return all ADMIN grants of active accounts, with who holds them."""
    rows = await transaction.run(ADMINISTRATORS)
    return [(row["id"], PlacedGrant(record(Grant, row["grant"]))) for row in rows]


async def path_of(
    transaction: Transaction, area_id: str | None, agent_id: str | None
) -> tuple[bool, str | None]:
    """Return whether a part of the graph exists, and the path it lies at (None: everything)."""
    if area_id is not None:
        rows = await transaction.run(PART_OF_AREA, id=area_id)
        return bool(rows), rows[0]["path"] if rows else None
    if agent_id is not None:
        places = await read_agents(transaction, agent_id)
        return agent_id in places, places[agent_id].path if agent_id in places else None
    return True, None


async def update_account(transaction: Transaction, account: Account) -> None:
    """Write an account as it is now."""
    await transaction.run(UPDATE_ACCOUNT, id=account.id, properties=properties(account))


async def end_grants(transaction: Transaction, grant_ids: Iterable[str], now: datetime) -> None:
    """Let grants end now."""
    await transaction.run(END_GRANTS, ids=sorted(grant_ids), until=instant_text(now))


async def write_deputyship(
    transaction: Transaction, account_id: str, deputy_id: str, deputyship: Deputyship
) -> None:
    """Add a deputy of an account."""
    await transaction.run(
        WRITE_DEPUTYSHIP, account=account_id, deputy=deputy_id, properties=present(deputyship)
    )


async def deputyships_of(transaction: Transaction, account_id: str) -> list[Deputyship]:
    """Return those in which an account has a deputy or is one."""
    rows = await transaction.run(READ_DEPUTYSHIPS, account=account_id)
    return [record(Deputyship, row["d"]) for row in rows]


async def deputyship(
    transaction: Transaction, deputyship_id: str
) -> tuple[str, str, Deputyship] | None:
    """Return for whom, who, and from when to when; None where there is no such deputyship."""
    rows: list[dict[str, Any]] = await transaction.run(ENDS_OF_DEPUTYSHIP, id=deputyship_id)
    if not rows:
        return None
    found = rows[0]
    return found["account"], found["deputy"], record(Deputyship, found["deputyship"])


async def end_deputyships(
    transaction: Transaction, deputyship_ids: Iterable[str], now: datetime
) -> None:
    """Let deputyships end now."""
    await transaction.run(END_DEPUTYSHIPS, ids=sorted(deputyship_ids), until=instant_text(now))


async def open_claims_of(transaction: Transaction, account_id: str) -> list[str]:
    """Return the proposals that an account has started and may withdraw."""
    rows = await transaction.run(OPEN_CLAIMS, account=account_id)
    return [row["id"] for row in rows]


async def take_claims_over(
    transaction: Transaction, claim_ids: list[str], account_id: str, successor_id: str
) -> None:
    """Make another account the initiator of these proposals."""
    parameters = {"ids": claim_ids, "from": account_id, "to": successor_id}
    await transaction.run(TAKE_CLAIMS_OVER, **parameters)
