"""Emptying a test graph: everything but the record of what its schema is, and the tests' mark."""

from graph.driver import Graph
from graph.statements import Statement

WIPE = Statement(
    "tests.wipe",
    "MATCH (n) WHERE NOT n:Migration AND NOT (n:EngineLock AND n.id IN ['migrations', 'tests']) "
    "WITH n LIMIT 5000 "
    "DETACH DELETE n RETURN count(n) AS deleted",
    writes=True,
)


async def wipe(graph: Graph) -> None:
    """Delete all nodes, in portions that fit in memory."""
    while True:
        rows = await graph.write(lambda transaction: transaction.run(WIPE))
        if not rows[0]["deleted"]:
            return
