"""Trusted documents: files as build tools write them, and requests that name what they hold."""

import hashlib
from pathlib import Path
from typing import Any

import orjson
import pytest

from domain.errors import BadInput, DocumentError, DocumentNotFound, DocumentNotTrusted
from schema.build import build_schema, graphql_schema_of
from schema.limits import QueryLimits
from schema.trusted import TrustedDocuments, text_of

SCHEMA = graphql_schema_of(build_schema())
TEXT = "query Units { units { totalCount } }"
HASH = hashlib.sha256(TEXT.encode()).hexdigest()
LIMITS = QueryLimits(depth=2)


def read(tmp_path: Path, content: object) -> TrustedDocuments:
    file = tmp_path / "documents.json"
    file.write_bytes(content if isinstance(content, bytes) else orjson.dumps(content))
    return TrustedDocuments.read(file, SCHEMA, LIMITS)


APOLLO = {
    "format": "apollo-persisted-query-manifest",
    "version": 1,
    "operations": [{"id": HASH, "body": TEXT, "name": "Units", "type": "query"}],
}


@pytest.mark.parametrize(
    ("content", "ids"),
    [
        ({HASH: TEXT}, [HASH, f"sha256:{HASH}"]),
        ({f"sha256:{HASH}": TEXT}, [HASH, f"sha256:{HASH}"]),
        ({"0123456789abcdef0123456789abcdef": TEXT}, ["0123456789abcdef0123456789abcdef", HASH]),
        (APOLLO, [HASH, f"sha256:{HASH}"]),
    ],
    ids=["relay", "prefixed", "md5", "apollo"],
)
def test_a_document_is_known_by_its_id_and_by_its_text(
    tmp_path: Path, content: object, ids: list[str]
) -> None:
    trusted = read(tmp_path, content)
    assert trusted.texts == {TEXT}
    for identifier in ids:
        assert text_of(trusted, None, identifier) == TEXT
        assert text_of(trusted, TEXT, identifier) == TEXT
    assert text_of(trusted, TEXT, None) == TEXT


@pytest.mark.parametrize(
    ("query", "document_id", "refusal"),
    [
        (f"{TEXT} ", None, DocumentNotTrusted),
        ("{ units { totalCount } }", HASH, DocumentNotTrusted),
        (None, "0" * 64, DocumentNotFound),
        (TEXT, "0" * 64, DocumentNotFound),
    ],
)
def test_nothing_else_is_run(
    tmp_path: Path, query: str | None, document_id: str | None, refusal: type[DocumentError]
) -> None:
    trusted = read(tmp_path, {HASH: TEXT})
    with pytest.raises(refusal):
        text_of(trusted, query, document_id)


def test_without_trusted_documents_the_text_has_to_be_there() -> None:
    assert text_of(None, TEXT, None) == text_of(None, TEXT, HASH) == TEXT
    with pytest.raises(DocumentError) as missing:
        text_of(None, None, HASH)
    assert missing.value.code == "PERSISTED_QUERY_NOT_SUPPORTED"
    with pytest.raises(BadInput):
        text_of(None, TEXT, "0" * 64)


WRONG: list[tuple[Any, str]] = [
    (b"{", "line 1"),
    ([], "expected.manifest"),
    ({}, "expected.manifest"),
    ({"a": 1}, "expected.manifest"),
    ({**APOLLO, "operations": [{"id": "a"}]}, "expected.manifest"),
    ({**APOLLO, "operations": ["a"]}, "expected.manifest"),
    ({**APOLLO, "operations": 1}, "expected.manifest"),
    ({"a": "{ units { totalCoun } }"}, "totalCount"),
    ({"a": "{ units { "}, "Syntax Error"),
    ({"a": "{ units { nodes { id } } }"}, "3"),
]


@pytest.mark.parametrize(("content", "said"), WRONG)
def test_a_file_that_cannot_be_used_is_told_at_the_start(
    tmp_path: Path, content: object, said: str
) -> None:
    with pytest.raises(BadInput) as wrong:
        read(tmp_path, content)
    assert said in str(wrong.value.details["expected"])


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadInput) as wrong:
        TrustedDocuments.read(tmp_path / "none.json", SCHEMA, LIMITS)
    assert "none.json" in str(wrong.value.details["value"])
