"""The mark on a graph that is being restored: half a graph must not be taken for a whole one."""

from graph.driver import Graph
from graph.statements import statement

BEGIN_RESTORE = statement("restore.begin", "MERGE (l:EngineLock {id: 'restoring'})", writes=True)
# With the mark goes the count of the events' numbers: it begins anew after the highest restored.
END_RESTORE = statement(
    "restore.end",
    "MATCH (l:EngineLock) WHERE l.id IN ['restoring', 'events'] DELETE l",
    writes=True,
)
BEING_RESTORED = statement(
    "restore.unfinished",
    "MATCH (l:EngineLock {id: 'restoring'}) RETURN count(l) AS marks",
)


async def being_restored(graph: Graph) -> bool:
    """Whether a restore has begun and not ended."""
    return (await graph.read(BEING_RESTORED))[0]["marks"] > 0
