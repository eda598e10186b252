"""The schema as a whole: its text, its descriptions, its declarations."""

import re
from dataclasses import fields as dataclass_fields
from pathlib import Path

from graphql import GraphQLInterfaceType, GraphQLObjectType, GraphQLUnionType, parse, validate

from graph.records import RECORDS
from schema.build import build_schema, graphql_schema_of
from schema.describe import describe
from schema.resolve import mapping_of

TEXT = Path(__file__).parents[2] / "schema" / "schema.graphql"
SCHEMA = build_schema()
GRAPHQL = graphql_schema_of(SCHEMA)


def test_the_committed_text_is_the_built_schema() -> None:
    assert TEXT.read_text() == SCHEMA.as_str() + "\n", "python -m schema > schema/schema.graphql"


def test_everything_is_described_in_both_languages() -> None:
    assert describe(GRAPHQL) == []


def test_the_documents_that_the_docs_show_are_valid() -> None:
    text = (TEXT.parents[1] / "docs" / "reads.md").read_text(encoding="utf-8")
    documents = re.findall(r"^```graphql\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    assert len(documents) >= 4
    for document in documents:
        assert validate(GRAPHQL, parse(document)) == [], document


def test_problems_of_one_result_can_be_asked_for_all_their_fields() -> None:
    """Fields of one name have to be of one type, or a document needs an alias for each."""
    for union in GRAPHQL.type_map.values():
        if not isinstance(union, GraphQLUnionType):
            continue
        kinds: dict[str, set[str]] = {}
        for member in union.types:
            for name, field in member.fields.items():
                if field.deprecation_reason is None:
                    kinds.setdefault(name, set()).add(str(field.type))
        assert {name: found for name, found in kinds.items() if len(found) > 1} == {}, union.name


def test_every_node_of_the_graph_that_is_served_is_declared_once() -> None:
    mapping = mapping_of(GRAPHQL)
    assert set(mapping.nodes) == set(RECORDS)
    node = GRAPHQL.type_map["Node"]
    assert isinstance(node, GraphQLInterfaceType)
    assert {each.name for each in GRAPHQL.get_possible_types(node)} == set(mapping.nodes)


def test_every_field_of_a_node_is_mapped_and_every_property_is_a_field() -> None:
    mapping = mapping_of(GRAPHQL)
    for name, fields in mapping.nodes.items():
        object_type = GRAPHQL.type_map[name]
        assert isinstance(object_type, GraphQLObjectType)
        assert set(fields) == set(object_type.fields)
        assert len(dataclass_fields(RECORDS[name])) <= len(fields)


RESOLVED = {
    "viewer",
    "vocabularies",
    "connections",
    "whoCouldHelp",
    "bestOffers",
    "similarCases",
    "whyPair",
    "personalData",
}
"""What is not a plain read: who asks, what values are called, searches, a person's data."""


def test_every_root_but_what_is_searched_for_is_compiled() -> None:
    query_type = GRAPHQL.query_type
    assert query_type is not None
    assert set(query_type.fields) - set(mapping_of(GRAPHQL).roots) == RESOLVED
