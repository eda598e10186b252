"""Agents as their edits see them."""

from graph.driver import Transaction
from graph.statements import statement

WITH_CREDIT_CODE = statement(
    "agents.with_credit_code",
    "MATCH (u:Unit {creditCode: $code}) RETURN u.id AS id ORDER BY id",
)


async def with_credit_code(transaction: Transaction, code: str) -> list[str]:
    """Return the ids of the units that have a credit code."""
    return [row["id"] for row in await transaction.run(WITH_CREDIT_CODE, code=code)]
