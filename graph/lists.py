"""Lists of resources and of needs, with the items on them, as edits see them."""

from dataclasses import dataclass

from domain.records import NeedList, ResourceList
from graph.driver import Transaction
from graph.records import record
from graph.statements import statement

# Locked before its items, as everywhere.
READ_RESOURCE_LIST = statement(
    "lists.read_resource_list",
    """MATCH (l:ResourceList {id: $id})
SET l.lock = $token
WITH l
RETURN properties(l) AS list,
    head([(l)<-[:ISSUES_RESOURCES]-(a:Agent) | a.id]) AS issuer,
    COLLECT {
        MATCH (l)-[:LISTS_OFFER]->(o:ResourceOffer) WITH o ORDER BY o.id RETURN o.id
    } AS items""",
    writes=True,
)
READ_NEED_LIST = statement(
    "lists.read_need_list",
    """MATCH (l:NeedList {id: $id})
SET l.lock = $token
WITH l
RETURN properties(l) AS list,
    head([(l)<-[:ISSUES_NEEDS]-(a:Agent) | a.id]) AS issuer,
    COLLECT {
        MATCH (l)-[:LISTS_ORDER]->(o:DemandOrder) WITH o ORDER BY o.id RETURN o.id
    } AS items""",
    writes=True,
)


@dataclass(frozen=True, slots=True)
class ListItem:
    """A list, who issues it, and the ids of its offers or orders, sorted."""

    list: ResourceList | NeedList
    issuer_id: str
    items: tuple[str, ...]


async def read_list(
    transaction: Transaction, kind: type[ResourceList] | type[NeedList], list_id: str, token: str
) -> ListItem | None:
    """Lock a list and return it, None if there is none."""
    statement = READ_RESOURCE_LIST if kind is ResourceList else READ_NEED_LIST
    rows = await transaction.run(statement, id=list_id, token=token)
    if not rows:
        return None
    row = rows[0]
    return ListItem(record(kind, row["list"]), row["issuer"], tuple(sorted(row["items"])))
