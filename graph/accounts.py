"""Accounts and their grants."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any

from domain.access import ActingAccount, HeldGrant, Viewer
from domain.availability import instant_text, parse_instant
from domain.hub_records import Account, Grant
from domain.language import Language
from domain.vocabulary import Role
from graph.driver import Transaction
from graph.records import properties
from graph.statements import statement

Run = Callable[..., Awaitable[list[dict[str, Any]]]]
"""`Graph.read`, or `Transaction.run` where the answer has to hold inside a transaction."""

GRANTS_IN_FORCE = statement(
    "accounts.grants_in_force",
    """
    MATCH (account:Account {id: $account})
    WHERE account.active
    RETURN account.language AS language, COLLECT {
        MATCH (account)-[:HOLDS]->(held:Grant)
        WHERE held.validFrom <= $now AND (held.validUntil IS NULL OR held.validUntil > $now)
        WITH held ORDER BY held.id
        RETURN [
            held.role,
            head([(held)-[:FOR_AREA]->(area:Area) | area.path]),
            head([(held)-[:FOR_AGENT]->(agent:Agent) | agent.id]),
            held.id, held.validFrom, held.validUntil
        ]
    } AS grants
    """,
)
GRANTS_ACTED_WITH = statement(
    "accounts.grants_acted_with",
    """
    MATCH (account:Account {id: $actingFor})-[:HAS_DEPUTY]->(d:Deputyship)
        -[:DEPUTY_IS]->(deputy:Account {id: $account})
    WHERE account.active AND deputy.active AND d.validFrom <= $now AND d.validUntil > $now
    WITH account, deputy LIMIT 1
    RETURN deputy.language AS language, COLLECT {
        MATCH (account)-[:HOLDS]->(held:Grant)
        WHERE held.validFrom <= $now AND (held.validUntil IS NULL OR held.validUntil > $now)
        WITH held ORDER BY held.id
        RETURN [
            held.role,
            head([(held)-[:FOR_AREA]->(area:Area) | area.path]),
            head([(held)-[:FOR_AGENT]->(agent:Agent) | agent.id]),
            held.id, held.validFrom, held.validUntil
        ]
    } AS grants
    """,
)
LINK_GRANTER = statement(
    "accounts.link_granter",
    """
    MATCH (held:Grant {id: $grant}) MATCH (account:Account {id: $account})
    CREATE (held)-[:GRANTED_BY]->(account)
    """,
    writes=True,
)
ACCOUNT_IDS = statement(
    "accounts.existing",
    "UNWIND $ids AS id MATCH (account:Account {id: id}) RETURN account.id AS id",
)
WRITE_ACCOUNT = statement(
    "accounts.write",
    "CREATE (account:Account) SET account = $properties",
    writes=True,
)
WRITE_AREA_GRANT = statement(
    "accounts.write_area_grant",
    """
    MATCH (account:Account {id: $account}) MATCH (area:Area {id: $scope})
    CREATE (account)-[:HOLDS]->(held:Grant)-[:FOR_AREA]->(area)
    SET held = $properties
    RETURN held.id AS id
    """,
    writes=True,
)
WRITE_AGENT_GRANT = statement(
    "accounts.write_agent_grant",
    """
    MATCH (account:Account {id: $account}) MATCH (agent:Agent {id: $scope})
    CREATE (account)-[:HOLDS]->(held:Grant)-[:FOR_AGENT]->(agent)
    SET held = $properties
    RETURN held.id AS id
    """,
    writes=True,
)
WRITE_UNSCOPED_GRANT = statement(
    "accounts.write_unscoped_grant",
    """
    MATCH (account:Account {id: $account})
    CREATE (account)-[:HOLDS]->(held:Grant)
    SET held = $properties
    RETURN held.id AS id
    """,
    writes=True,
)


async def viewer(run: Run, account_id: str, now: datetime) -> Viewer | None:
    """Return the account with its grants in force; None if there is no such active account.

    An `ActingAccount` has the grants of the account that it acts for, and none of its own; None
    if it is not its deputy now.
    """
    parameters = {"account": str(account_id), "now": instant_text(now)}
    if isinstance(account_id, ActingAccount):
        rows = await run(GRANTS_ACTED_WITH, actingFor=account_id.acting_for, **parameters)
    else:
        rows = await run(GRANTS_IN_FORCE, **parameters)
    if not rows:
        return None
    language = rows[0]["language"]
    return Viewer(
        account_id=account_id,
        grants=tuple(
            HeldGrant(
                role=Role(role),
                area_path=area_path,
                agent_id=agent_id,
                id=grant_id,
                valid_from=parse_instant(valid_from),
                valid_until=parse_instant(valid_until) if valid_until else None,
            )
            for role, area_path, agent_id, grant_id, valid_from, valid_until in rows[0]["grants"]
        ),
        language=Language(language) if language else None,
    )


async def existing(run: Run, account_ids: list[str]) -> set[str]:
    """Return which of the accounts exist."""
    return {row["id"] for row in await run(ACCOUNT_IDS, ids=account_ids)}


async def write_account(transaction: Transaction, account: Account) -> None:
    """Add an account."""
    await transaction.run(WRITE_ACCOUNT, properties=properties(account))


async def write_grant(
    transaction: Transaction,
    account_id: str,
    grant: Grant,
    *,
    area_id: str | None = None,
    agent_id: str | None = None,
    granted_by: str | None = None,
) -> bool:
    """Add a grant for an area, an agent or everything; False if its scope does not exist.

    `granted_by` is the account that gives it, where one does.
    """
    values = properties(grant)
    if area_id is not None:
        rows = await transaction.run(
            WRITE_AREA_GRANT, account=account_id, scope=area_id, properties=values
        )
    elif agent_id is not None:
        rows = await transaction.run(
            WRITE_AGENT_GRANT, account=account_id, scope=agent_id, properties=values
        )
    else:
        rows = await transaction.run(WRITE_UNSCOPED_GRANT, account=account_id, properties=values)
    if rows and granted_by is not None:
        await transaction.run(LINK_GRANTER, grant=grant.id, account=str(granted_by))
    return bool(rows)
