"""Where an agent belongs and who may speak for it, for the transaction that relies on it."""

from collections.abc import Mapping, Sequence
from typing import Any, LiteralString

from domain.access import Viewer
from domain.claims import Actor
from domain.rights import AgentPlace
from domain.vocabulary import Side
from graph.driver import Graph, Transaction
from graph.statements import statement

LIVES_IN = ("LIVES_IN",)
WAYS: tuple[tuple[LiteralString, ...], ...] = (
    ("LOCATED_IN",),
    ("OF_AREA",),
    ("OF_UNIT", "LOCATED_IN"),
    LIVES_IN,
    ("WORKS_AT", "LOCATED_IN"),
    ("BELONGS_TO", "OF_AREA"),
    ("BELONGS_TO", "OF_UNIT", "LOCATED_IN"),
)
"""The ways by which an agent belongs to an area; the first that there is counts."""

OWNED_BY: Mapping[str, tuple[LiteralString, ...]] = {
    "Area": (),
    "Unit": (),
    "PartyBranch": ("OF_UNIT", "OF_AREA"),
    "Member": ("BELONGS_TO", "WORKS_AT", "LIVES_IN"),
    "Category": (),
    "Pairing": ("PAIRS",),
    "Agreement": ("AGREED_BY",),
    "Alliance": (),
    "CheckIn": ("CHECKS_IN", "CHECKED_IN_AT"),
}
"""The relationships by which agents have a say in a node, by its label; an agent has in itself."""
LIES_IN: Mapping[str, LiteralString] = {
    "Unit": "LOCATED_IN",
    "PartyBranch": "OF_AREA",
    "Member": "LIVES_IN",
    "Alliance": "ALLIANCE_AT",
    "CheckIn": "CHECKED_IN_AT",
}
"""The relationship to the area in which a node lies, by its label; an area lies in itself."""

STANDING: LiteralString = (
    "[{agent}.id, head([label IN labels({agent}) WHERE label <> 'Agent']), {agent}.path, "
    "COUNT { ({agent})<-[:FOR_AGENT]-() }, "
    "[way = ({agent})-[:LOCATED_IN|OF_AREA|OF_UNIT|LIVES_IN|WORKS_AT|BELONGS_TO*1..3]->(home:Area)"
    " | [[step IN relationships(way) | type(step)], home.path]]]"
)
"""What `place_of` reads of the agent whose variable is put for `{agent}`, which is never null."""

READ_AGENTS = statement(
    "standing.read_agents",
    "UNWIND $ids AS i MATCH (a:Agent {id: i}) RETURN "
    + STANDING.replace("{agent}", "a")
    + " AS standing",
)


async def read_agents(transaction: Transaction, *agent_ids: str) -> dict[str, AgentPlace]:
    """Return where agents belong, by id; those that do not exist are left out."""
    rows = await transaction.run(READ_AGENTS, ids=list(agent_ids))
    return {row["standing"][0]: place_of(row["standing"]) for row in rows}


async def agent_place(graph: Graph, agent_id: str) -> AgentPlace | None:
    """Return where an agent belongs, None if there is no such agent."""
    rows = await graph.read(READ_AGENTS, ids=[agent_id])
    return next((place_of(row["standing"]) for row in rows), None)


def place_of(standing: Sequence[Any]) -> AgentPlace:
    """Return an agent's place from what `STANDING` read."""
    agent_id, kind, own_path, grants, ways = standing
    found = sorted((WAYS.index(tuple(types)), path) for types, path in ways if tuple(types) in WAYS)
    lives_in = next((path for way, path in found if WAYS[way] == LIVES_IN), None)
    return AgentPlace(
        id=agent_id,
        kind=kind,
        path=own_path or next((path for _, path in found), None),
        home_path=lives_in if grants == 0 else None,
    )


def actor_of(
    viewer: Viewer,
    supplier: AgentPlace,
    receiver: AgentPlace,
    spoken: frozenset[Side],
    *,
    initiator: bool,
) -> Actor:
    """Return what an account is to a claim: `spoken` are the sides it has spoken for on it."""
    sides = {Side.SUPPLIER: supplier, Side.RECEIVER: receiver}
    return Actor(
        sides=frozenset(side for side, place in sides.items() if place.spoken_for_by(viewer)),
        spoken=spoken,
        coordinator=receiver.coordinated_by(viewer),
        initiator=initiator,
    )
