"""A crowd of units, each with an account of its own."""

from domain.access import Viewer
from domain.hub_records import Account, Grant
from domain.identity import new_id
from domain.records import Node, Unit
from domain.vocabulary import Role, UnitKind
from tests.graph.builders import NOW, Link, Neighbourhood, put


async def claimants(neighbourhood: Neighbourhood, count: int) -> list[tuple[str, Viewer]]:
    """Add units, each with an account of its own."""
    records: list[Node] = []
    links: list[Link] = []
    found: list[tuple[str, Viewer]] = []
    for _ in range(count):
        unit_id, account_id, grant_id = new_id(), new_id(), new_id()
        records += [
            Unit(id=unit_id, created_at=NOW, name="unit", kind=UnitKind.ORGAN),
            Account(id=account_id, created_at=NOW, name="account"),
            Grant(id=grant_id, created_at=NOW, role=Role.LIAISON, valid_from=NOW),
        ]
        links += [
            ("Unit", unit_id, "LOCATED_IN", "Area", neighbourhood.subdistrict),
            ("Account", account_id, "HOLDS", "Grant", grant_id),
            ("Grant", grant_id, "FOR_AGENT", "Agent", unit_id),
        ]
        found.append((unit_id, Viewer(account_id=account_id)))
    await put(neighbourhood.graph, records, links)
    return found
