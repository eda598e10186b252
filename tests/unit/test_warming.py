"""What is planned ahead: valid documents, every relation, parameters of the usual sizes."""

import pytest
from graphql import validate

from graph.mapping import ManyField, OneField, Page
from graph.planning import KEPT_BY_DEFAULT, SHARE_AHEAD, SHARE_OF_WHOLE
from graph.reads.shapes import example, size_class
from schema.build import build_schema, graphql_schema_of
from schema.documents import parsed
from schema.resolve import mapping_of
from schema.warming import CALLERS, document_statements, level_documents, level_statements

SCHEMA = graphql_schema_of(build_schema())
MAPPING = mapping_of(SCHEMA)


def test_the_documents_are_valid_and_select_every_relation() -> None:
    documents = list(level_documents(SCHEMA, MAPPING))
    for document in documents:
        assert validate(SCHEMA, parsed(document)) == []
    rooted = {
        MAPPING.roots[name].target
        for name in MAPPING.roots
        if isinstance(MAPPING.roots[name].declared, Page)
    }
    text = " ".join(documents)
    for name in rooted:
        for field, mapped in MAPPING.nodes[name].items():
            if isinstance(mapped, (OneField, ManyField)):
                assert f" {field}" in text


def test_the_small_statements_fit_beside_others_in_what_neo4j_keeps() -> None:
    statements = level_statements(SCHEMA, MAPPING)
    texts = [statement.text for statement, _ in statements]
    ahead = int(SHARE_AHEAD * KEPT_BY_DEFAULT)
    assert SHARE_OF_WHOLE + SHARE_AHEAD <= 0.8
    assert len(set(texts)) > ahead
    # Those of coordinators come first, then those of visitors, and nobody's ask for what is hidden
    # altogether.
    of_coordinators = [text for text in texts if "$viewerPaths" in text]
    assert texts.index(of_coordinators[-1]) < ahead - 100
    assert not [text for text in texts if "false" in text]
    for statement, parameters in statements:
        assert statement.parameters == parameters.keys()


@pytest.mark.parametrize(
    "document",
    [
        "query ($id: ID!, $first: Int!) { unit(id: $id) { offers(first: $first) { totalCount } } }",
        "query ($filter: UnitFilter!) { units(filter: $filter) { nodes { name } } }",
        "query ($ids: [ID!]!) { nodes(ids: $ids) { id } } ",
        """{ viewer { accountId } offers { nodes {
          freeSlots(from: "2026-01-01", to: "2026-01-02") { left } } } }""",
    ],
)
def test_whole_documents_are_planned_with_made_up_variables(document: str) -> None:
    found = document_statements(SCHEMA, MAPPING, [document])
    assert len(found) == len(CALLERS)
    for statement, parameters in found:
        assert statement.parameters == parameters.keys()


def test_mutations_are_not_planned() -> None:
    document = 'mutation { startClaim(input: {claimId: "x", idempotencyKey: "x"}) { __typename } }'
    assert document_statements(SCHEMA, MAPPING, [document]) == []


def test_what_is_remembered_has_sizes_and_no_values() -> None:
    given = {"id": "a secret", "ids": ["a", "b"], "size": 7, "on": True, "none": None}
    kept = example(given)
    assert size_class(kept) == size_class(given)
    assert "secret" not in str(kept)
