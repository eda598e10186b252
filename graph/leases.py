"""Leases: of several hubs on one graph one does a work, until it gives it up or is silent."""

from graph.driver import Graph
from graph.statements import statement

# The engine's clock counts: hubs' clocks may differ, the engine has one.
HOLDER = statement(
    "leases.holder",
    """MATCH (l:EngineLock {id: $id})
RETURN l.owner = $owner AS own, l.until > timestamp() AS held""",
)
TAKEN = """MERGE (l:EngineLock {id: $id})
SET l.lock = $token
WITH l, l.owner IS NULL OR l.owner = $owner OR l.until <= timestamp() AS free
SET l.owner = CASE WHEN free THEN $owner ELSE l.owner END,
    l.until = CASE WHEN free THEN timestamp() + $lease ELSE l.until END"""
"""Takes a lease, or holds it longer, where it is `free`; `l` is locked until the commit."""
TAKE = statement("leases.take", f"{TAKEN}\nRETURN free", writes=True)
GIVE_UP = statement(
    "leases.give_up",
    "MATCH (l:EngineLock {id: $id, owner: $owner}) SET l.owner = null, l.until = null",
    writes=True,
)


async def is_free(graph: Graph, name: str, owner: str) -> bool:
    """Whether a lease could be taken now, or is the owner's already. Raises EngineError."""
    rows = await graph.read(HOLDER, id=name, owner=owner)
    return not rows or bool(rows[0]["own"]) or not rows[0]["held"]


async def take(graph: Graph, name: str, owner: str, token: str, milliseconds: int) -> bool:
    """Take a lease, or hold it longer, from now on; False where another holds it.

    Raises EngineError.
    """
    rows = await graph.write(
        lambda transaction: transaction.run(
            TAKE, id=name, owner=owner, token=token, lease=milliseconds
        ),
        repeatable=True,
    )
    return rows[0]["free"]


async def give_up(graph: Graph, name: str, owner: str) -> None:
    """Let another take a lease at once, where it is the owner's. Raises EngineError."""
    await graph.write(
        lambda transaction: transaction.run(GIVE_UP, id=name, owner=owner), repeatable=True
    )
