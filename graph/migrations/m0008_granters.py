"""Who gave a grant is a relationship to that account, no longer a property."""

from graph.driver import Graph
from graph.statements import statement

LINK_GRANTERS = statement(
    "granters.link",
    """
    MATCH (held:Grant) WHERE held.grantedBy IS NOT NULL
    MATCH (account:Account {id: held.grantedBy})
    MERGE (held)-[:GRANTED_BY]->(account)
    """,
    writes=True,
)
FORGET_PROPERTY = statement(
    "granters.forget_property",
    "MATCH (held:Grant) WHERE held.grantedBy IS NOT NULL SET held.grantedBy = null",
    writes=True,
)


async def apply(graph: Graph) -> None:
    """Link the granters of grants from before."""
    await graph.write(lambda transaction: transaction.run(LINK_GRANTERS), repeatable=True)
    await graph.write(lambda transaction: transaction.run(FORGET_PROPERTY), repeatable=True)
