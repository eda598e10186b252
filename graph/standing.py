"""Where an agent belongs and who may speak for it, for the transaction that relies on it."""

from dataclasses import dataclass
from typing import Any

from domain.access import Viewer
from graph.driver import Transaction
from graph.statements import statement

READ_AGENTS = statement(
    "standing.read_agents",
    """UNWIND $ids AS i
MATCH (a:Agent {id: i})
RETURN a.id AS id, head([l IN labels(a) WHERE l <> 'Agent']) AS kind, a.path AS ownPath,
    COLLECT { MATCH (a)-[:LOCATED_IN]->(x:Area) RETURN x.path } AS located,
    COLLECT { MATCH (a)-[:OF_AREA]->(x:Area) RETURN x.path } AS ofArea,
    COLLECT { MATCH (a)-[:OF_UNIT]->(:Unit)-[:LOCATED_IN]->(x:Area) RETURN x.path } AS ofUnit,
    COLLECT { MATCH (a)-[:LIVES_IN]->(x:Area) RETURN x.path } AS livesIn,
    COLLECT { MATCH (a)-[:WORKS_AT]->(:Unit)-[:LOCATED_IN]->(x:Area) RETURN x.path } AS worksIn,
    COLLECT {
        MATCH (a)-[:BELONGS_TO]->(:PartyBranch)-[:OF_AREA]->(x:Area) RETURN x.path
    } AS branchArea,
    COLLECT {
        MATCH (a)-[:BELONGS_TO]->(:PartyBranch)-[:OF_UNIT]->(:Unit)-[:LOCATED_IN]->(x:Area)
        RETURN x.path
    } AS branchUnitArea,
    COUNT { MATCH (a)<-[:FOR_AGENT]-(g:Grant) RETURN g } AS grants""",
)

_PLACES = ("located", "ofArea", "ofUnit", "livesIn", "worksIn", "branchArea", "branchUnitArea")


@dataclass(frozen=True, slots=True)
class AgentPlace:
    """An agent of some kind (its label), and the path of the area it belongs to.

    `home_path` is where a resident lives for whom no account speaks: the community's liaison does.
    """

    id: str
    kind: str
    path: str | None
    home_path: str | None

    def spoken_for_by(self, viewer: Viewer) -> bool:
        """Whether the account speaks for this agent, itself or as its community's liaison."""
        if viewer.acts_for(self.id):
            return True
        home = self.home_path.split("/") if self.home_path else []
        return any(agent in home for agent in viewer.own_agents)

    def coordinated_by(self, viewer: Viewer) -> bool:
        """Whether the account coordinates the area of this agent; ADMIN coordinates all."""
        return viewer.is_admin or viewer.coordinates(self.path)


async def read_agents(transaction: Transaction, *agent_ids: str) -> dict[str, AgentPlace]:
    """Return where agents belong, by id; those that do not exist are left out."""
    rows = await transaction.run(READ_AGENTS, ids=list(agent_ids))
    return {row["id"]: _place(row) for row in rows}


def _place(row: dict[str, Any]) -> AgentPlace:
    paths = [path for place in _PLACES for path in row[place]]
    return AgentPlace(
        id=row["id"],
        kind=row["kind"],
        path=row["ownPath"] or next(iter(paths), None),
        home_path=row["livesIn"][0] if row["livesIn"] and row["grants"] == 0 else None,
    )
