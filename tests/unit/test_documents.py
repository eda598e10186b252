"""Documents that were found valid are known again; others are looked at anew."""

import pytest
from graphql import GraphQLError, build_schema

from domain.errors import LimitExceeded
from schema import documents
from schema.documents import LONGEST_KNOWN, Documents, NotValid
from schema.limits import QueryLimits

SCHEMA = build_schema("type Query { name: String }")
KNOWN = "{ name }"


def test_a_valid_document_is_validated_once(monkeypatch: pytest.MonkeyPatch) -> None:
    found = Documents(SCHEMA, QueryLimits())
    document = found.read(KNOWN)
    monkeypatch.delattr(documents, "faults")
    assert found.read(KNOWN) is document
    with pytest.raises(NameError):
        found.read("{ again: name }")


def test_a_document_that_is_not_valid_is_told_so_each_time() -> None:
    found = Documents(SCHEMA, QueryLimits())
    for suggest, told in ((False, "."), (True, ". Did you mean 'name'?")):
        with pytest.raises(NotValid) as caught:
            found.read("{ nam }", suggest=suggest)
        assert [each.message for each in caught.value.errors] == [
            f"Cannot query field 'nam' on type 'Query'{told}"
        ]


def test_very_long_documents_are_not_kept() -> None:
    found = Documents(SCHEMA, QueryLimits(characters=2 * LONGEST_KNOWN))
    long = KNOWN + " " * LONGEST_KNOWN
    assert found.read(long) is not found.read(long)


def test_what_is_over_a_limit_is_not_read() -> None:
    with pytest.raises(GraphQLError) as caught:
        Documents(SCHEMA, QueryLimits(characters=3)).read(KNOWN)
    assert isinstance(caught.value.original_error, LimitExceeded)
