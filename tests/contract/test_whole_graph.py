"""The graph as a whole is served: every label, and every relationship type in both directions."""

import pytest

from graph.driver import Graph
from graph.mapping import IN, OUT, Direction, GraphMapping, ManyField, OneField, Relation
from graph.model import AGENT, ANY, NODES, RELATIONSHIPS
from schema.build import build_schema, graphql_schema_of
from schema.resolve import mapping_of
from tests.contract.asking import Hub
from tests.contract.world import build_world, viewers

MAPPING = mapping_of(graphql_schema_of(build_schema()))
SECRET = "what signing in keeps is nobody's to read"
LABELS_NOT_SERVED = {
    "Identity": SECRET,
    "SignInCode": SECRET,
    "Session": SECRET,
    "Revocation": SECRET,
    "UnnumberedEvent": "the queue of events that nobody sees before they have their numbers",
    "IdempotencyKey": "bookkeeping of mutations: it holds results of requests, not of the domain",
}
DIRECTIONS_NOT_SERVED: dict[tuple[str, Direction], str] = {
    **{
        (kind, direction): "what an account did is its own affair: events tell it by rights"
        for kind in (
            "SIGNS_IN_AS", "HAS_CODE", "HAS_SESSION",
            "INITIATED_BY", "SUPPLIER_SPOKEN_BY", "RECEIVER_SPOKEN_BY", "UPLOADED_BY",
        )
        for direction in (OUT, IN)
    },
    ("FOLLOWS_AREA", IN): "where somebody is told of an area's events is that account's affair",
    **{
        ("ABOUT_CLAIM", direction): "of dumps from before events had numbers"
        for direction in (OUT, IN)
    },
}  # fmt: skip


def relations(mapping: GraphMapping) -> set[tuple[str, str, Direction]]:
    """Return type, relationship type and direction of all that is served."""
    return {
        (name, field.relation.type, field.relation.direction)
        for name, fields in mapping.nodes.items()
        for field in fields.values()
        if isinstance(field, (OneField, ManyField)) and isinstance(field.relation, Relation)
    }


def test_every_label_is_served_or_argued() -> None:
    assert set(NODES) - set(MAPPING.nodes) == set(LABELS_NOT_SERVED)


def test_every_relationship_is_served_from_both_ends_or_argued() -> None:
    served = relations(MAPPING)
    agents = set(MAPPING.possible[AGENT])
    missing: set[tuple[str, Direction]] = set()
    for kind, ends in RELATIONSHIPS.items():
        for label, direction in zip(ends, (OUT, IN), strict=True):
            names = {AGENT: agents, ANY: set(MAPPING.nodes)}.get(label, {label})
            if not any((name, kind, direction) in served for name in names):
                missing.add((kind, direction))
    assert missing == set(DIRECTIONS_NOT_SERVED)


def test_what_is_served_is_in_the_model() -> None:
    assert {kind for _, kind, _ in relations(MAPPING)} <= set(RELATIONSHIPS)


def test_the_root_of_each_type_leads_to_one_and_to_all() -> None:
    only_within = {"Slot", "ClaimLine", "EvidenceFile"}
    reached = [root.target for root in MAPPING.roots.values()]
    assert {name for name in MAPPING.nodes if reached.count(name) < 2} == only_within


@pytest.mark.anyio
async def test_the_linkage_of_a_pairing_comes_from_the_alliances(graph: Graph) -> None:
    """A branch stands for its unit and its community: so lists name them."""
    world = build_world()
    await world.write(graph)
    hub = Hub(graph, world)
    query = "{ pairings { nodes { id linkage } } }"
    data = await hub.data(query, viewer=viewers(world)["visitor"])
    linkages = {node["id"]: node["linkage"] for node in data["pairings"]["nodes"]}
    assert linkages == {
        world.gid("pairing"): "WITHIN_ALLIANCE",
        world.gid("outside"): "OUTSIDE",
        world.gid("across"): "ACROSS_ALLIANCES",
        world.gid("within"): "WITHIN_ALLIANCE",
    }
