"""Keys by which pages are ordered, and search texts with pinyin, for all nodes there are.

Both are derived of what the nodes hold, so they are made anew here; writes keep them from now on.
"""

from typing import Any, LiteralString

from domain.records import Node
from domain.searching import search_text
from graph.driver import Graph
from graph.migrations import making
from graph.ordering import keys
from graph.records import RECORDS, record
from graph.statements import statement

ORDERED: tuple[tuple[LiteralString, tuple[LiteralString, ...]], ...] = (
    ("Area", ("nameKey", "levelKey")),
    ("Unit", ("nameKey",)),
    ("PartyBranch", ("nameKey",)),
    ("Member", ("nameKey",)),
    ("Agent", ("nameKey",)),
    ("Category", ("nameKey",)),
    ("ResourceList", ("titleKey", "startsOnKey", "endsOnKey")),
    ("NeedList", ("titleKey", "startsOnKey", "endsOnKey")),
    ("ResourceOffer", ("titleKey", "startsOnKey", "endsOnKey", "capacityKey")),
    ("Slot", ("startsAtKey",)),
    ("DemandOrder", ("titleKey", "startsOnKey", "deadlineKey", "urgencyKey", "quantityKey")),
    ("Claim", ("quantityKey", "expiresAtKey", "completedAtKey")),
    ("Evaluation", ("scoreKey",)),
    ("Agreement", ("titleKey", "signedOnKey", "validUntilKey")),
    ("Alliance", ("nameKey", "foundedOnKey")),
    ("ChairTerm", ("startsOnKey",)),
    ("CheckIn", ("startsOnKey", "endsOnKey")),
    ("MatchRun", ("valueKey", "finishedAtKey")),
    ("Proposal", ("scoreKey", "quantityKey")),
)
PAGE = 500
BEFORE_ALL, AFTER_ALL = "", "\uffff"

PAGES = {
    label: statement(
        f"migrations.read_{label}",
        f"MATCH (n:{label}) WHERE n.id > $after AND n.id < $until "
        "WITH n ORDER BY n.id LIMIT $size RETURN properties(n) AS properties",
    )
    for label, _ in ORDERED
    if label != "Agent"
}
WRITES = {
    label: statement(
        f"migrations.derive_{label}",
        f"UNWIND $rows AS row MATCH (n:{label} {{id: row[0]}}) SET n += row[1]",
        writes=True,
    )
    for label, _ in ORDERED
    if label != "Agent"
}


async def apply(graph: Graph) -> None:
    """Write what is derived, then create the indexes where they are missing."""
    for label in PAGES:
        await derive(graph, label)
    for label, names in ORDERED:
        for name in names:
            await making.ranged(graph, label, name)
    await making.settled(graph)


async def derive(graph: Graph, label: str) -> None:
    """Write anew what is derived of the nodes of a label."""
    cls = RECORDS[label]
    after = BEFORE_ALL
    while True:
        rows = await graph.read(PAGES[label], after=after, until=AFTER_ALL, size=PAGE)
        if not rows:
            return
        found = [row["properties"] for row in rows]
        derived = [[each["id"], _derived(cls, each)] for each in found]
        await graph.write(
            lambda transaction, derived=derived: transaction.run(WRITES[label], rows=derived),
            repeatable=True,
        )
        after = found[-1]["id"]


def _derived(cls: type[Node], properties: dict[str, Any]) -> dict[str, str]:
    """Return the keys of a node, and its search text where it has one."""
    found = dict(keys(record(cls, properties)))
    if searched := properties.get("search"):
        name = properties.get("title") or properties.get("name") or ""
        found["search"] = search_text([name, *properties.get("aliases", ()), searched])
    return found
