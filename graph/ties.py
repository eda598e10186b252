"""What binds agents, as its edits see it."""

from domain.records import ChairTerm
from graph.driver import Transaction
from graph.records import record
from graph.statements import statement

TERMS_OF = statement(
    "ties.terms_of",
    """MATCH (:Alliance {id: $id})-[:HAS_TERM]->(t:ChairTerm)
RETURN properties(t) AS term ORDER BY t.startsOn, t.id""",
)


async def terms_of(transaction: Transaction, alliance_id: str) -> list[ChairTerm]:
    """Return the terms in the chair of an alliance, in their order."""
    rows = await transaction.run(TERMS_OF, id=alliance_id)
    return [record(ChairTerm, row["term"]) for row in rows]
