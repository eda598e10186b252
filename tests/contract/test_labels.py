"""What values are called, in every language and by every way to ask for one."""

import pytest

from domain.access import VISITOR
from domain.language import Language, label
from domain.measures import MEASURES
from domain.vocabulary import ItemState
from graph.driver import Graph
from graph.mapping import PropertyField, Scalar
from schema.build import build_schema, graphql_schema_of
from schema.resolve import mapping_of
from tests.contract.asking import Hub
from tests.contract.world import build_world, viewers

pytestmark = pytest.mark.anyio

WORLD = build_world()
VIEWERS = viewers(WORLD)
MAPPING = mapping_of(graphql_schema_of(build_schema()))


@pytest.fixture(scope="module")
async def hub(graph: Graph) -> Hub:
    await WORLD.write(graph)
    return Hub(graph, WORLD)


async def test_a_field_says_what_its_value_is_called(hub: Hub) -> None:
    query = """{ offers(first: 100) { nodes {
      state stateLabel zh: stateLabel(language: ZH) en: stateLabel(language: EN) } } }"""
    for language in Language:
        response = await hub.ask(query, None, VIEWERS["admin"], language)
        nodes = response["data"]["offers"]["nodes"]
        assert {node["state"] for node in nodes} > {"OPEN", "DRAFT"}
        for node in nodes:
            assert node["stateLabel"] == label("ItemState", node["state"], language)
            assert node["zh"] == label("ItemState", node["state"], Language.ZH)
            assert node["en"] == label("ItemState", node["state"], Language.EN)


async def test_vocabularies_tell_all_values(hub: Hub) -> None:
    query = """query($names: [String!], $in: Language) {
      vocabularies(names: $names, language: $in) { name values { value label scale } } }"""
    given = {"names": ["Measure", "ItemState"], "in": "EN"}
    measures, states = (await hub.data(query, given))["vocabularies"]
    assert [each["value"] for each in states["values"]] == [each.value for each in ItemState]
    assert states["values"][4] == {"value": "OPEN", "label": "Open", "scale": None}
    assert {each["value"]: each["scale"] for each in measures["values"]} == {
        code: measure.scale for code, measure in MEASURES.items()
    }
    often = await hub.data(query, {**given, "names": ["Measure", "ItemState"] * 100})
    assert often["vocabularies"] == [measures, states]
    every = {each["name"] for each in (await hub.data(query))["vocabularies"]}
    assert every >= {
        field.type_name
        for fields in MAPPING.nodes.values()
        for field in fields.values()
        if isinstance(field, PropertyField) and field.scalar is Scalar.ENUM
    }


async def test_a_vocabulary_that_is_not_there_is_told_with_those_that_are(hub: Hub) -> None:
    response = await hub.ask('{ vocabularies(names: ["Colour"]) { name } }', None, VISITOR)
    (error,) = response["errors"]
    assert error["extensions"]["code"] == "BAD_INPUT"
    assert "ItemState" in error["extensions"]["expected"]


def test_every_enum_and_measure_of_a_node_has_its_label() -> None:
    for fields in MAPPING.nodes.values():
        for name, field in fields.items():
            if not isinstance(field, PropertyField) or field.listed:
                continue
            if field.scalar is Scalar.ENUM or name == "measure":
                assert f"{name}Label" in fields
