"""What each module's graph begins and ends with: emptied but for the record of its schema and the
tests' mark, and nothing astray in it."""

from graph.driver import Graph
from graph.statements import Statement

WIPE = Statement(
    "tests.wipe",
    "MATCH (n) WHERE NOT n:Migration AND NOT (n:EngineLock AND n.id IN ['migrations', 'tests']) "
    "WITH n LIMIT 5000 "
    "DETACH DELETE n RETURN count(n) AS deleted",
    writes=True,
)

ASTRAY = Statement(
    "tests.astray",
    "MATCH (o)-[:OFFER_AT|ORDER_AT]->(a:Area) WHERE coalesce(o.areaPath, '') <> a.path "
    "RETURN collect(o.id) AS astray",
)
"""The items that carry another path than that of their area; no test leaves any (decision 0031)."""


async def wipe(graph: Graph) -> None:
    """Delete all nodes, in portions that fit in memory."""
    while True:
        rows = await graph.write(lambda transaction: transaction.run(WIPE))
        if not rows[0]["deleted"]:
            return
