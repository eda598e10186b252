"""Where an agent belongs and who may speak for it, for the transaction that relies on it."""

from dataclasses import dataclass

from domain.access import Viewer
from graph.driver import Transaction
from graph.statements import statement

READ_AGENT = statement(
    "standing.read_agent",
    """MATCH (a:Agent {id: $id})
RETURN a.path AS ownPath,
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
    """An agent and the path of the area it belongs to.

    `home_path` is where a resident lives for whom no account speaks: the community's liaison does.
    """

    id: str
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


async def read_agent(transaction: Transaction, agent_id: str) -> AgentPlace | None:
    """Return where an agent belongs, None if there is no such agent."""
    rows = await transaction.run(READ_AGENT, id=agent_id)
    if not rows:
        return None
    row = rows[0]
    paths = [path for place in _PLACES for path in row[place]]
    home = row["livesIn"][0] if row["livesIn"] and row["grants"] == 0 else None
    return AgentPlace(
        id=agent_id,
        path=row["ownPath"] or next(iter(paths), None),
        home_path=home,
    )
