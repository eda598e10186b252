"""Trusted documents: an installation that runs known queries only, and queries sent by their id.

The file is what build tools write: Relay's and others' map of ids to texts, or Apollo's manifest
(`{"format": "apollo-persisted-query-manifest", "operations": [{"id": ..., "body": ...}]}`).
"""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import orjson
from graphql import GraphQLError, GraphQLSchema

from domain.errors import BadInput, DocumentNotFound, DocumentNotTrusted, DocumentsNotPersisted
from domain.language import Phrase
from schema.documents import faults, parsed
from schema.limits import QueryLimits

APOLLO = "apollo-persisted-query-manifest"
SHA256 = "sha256:"
"""The prefix of the ids that are hashes, as GraphQL over HTTP writes them."""
FIELD = "RENLING_TRUSTED_DOCUMENTS"


def fingerprint(text: str) -> str:
    """Return the SHA-256 of a document, as lower-case hexadecimal digits."""
    return hashlib.sha256(text.encode()).hexdigest()


class TrustedDocuments:
    """The documents that may run, by the ids of the file and by their SHA-256."""

    def __init__(self, texts: Mapping[str, str]) -> None:
        self._by_id = dict(texts) | {fingerprint(text): text for text in texts.values()}
        self._texts = frozenset(texts.values())

    @classmethod
    def read(cls, file: Path, schema: GraphQLSchema, limits: QueryLimits) -> "TrustedDocuments":
        """Read a file. Raises BadInput naming what is wrong: the file, or one of its documents."""
        try:
            found = orjson.loads(file.read_bytes())
        except OSError as problem:
            raise _bad(str(file), problem.strerror or str(problem)) from problem
        except orjson.JSONDecodeError as problem:
            raise _bad(str(file), str(problem)) from problem
        texts = _texts(found)
        if texts is None:
            raise _bad(str(file), Phrase("expected.manifest"))
        for identifier, text in texts.items():
            try:
                wrong = faults(schema, parsed(text, limits), suggest=True)
            except GraphQLError as problem:
                wrong = [problem]
            if wrong:
                raise _bad(identifier, wrong[0].message)
        return cls(texts)

    @property
    def texts(self) -> frozenset[str]:
        """The texts of all documents."""
        return self._texts

    def text(self, query: str | None, document_id: str | None) -> str:
        """Return the text that a request means, by its id or by the text itself.

        Raises DocumentNotFound, DocumentNotTrusted.
        """
        if document_id is None:
            if query not in self._texts:
                raise DocumentNotTrusted
            return query
        text = self._by_id.get(document_id.removeprefix(SHA256))
        if text is None:
            raise DocumentNotFound(id=document_id[:200])
        if query is not None and query != text:
            raise DocumentNotTrusted
        return text


def text_of(trusted: TrustedDocuments | None, query: str | None, document_id: str | None) -> str:
    """Return the text that a request means, where documents are trusted or not.

    Without trusted documents the text has to be there; an id beside it has to be its SHA-256, so
    that a client that asks by id first (Apollo's automatic persisted queries) works.
    Raises DocumentError; BadInput for an id of another text.
    """
    if trusted is not None:
        return trusted.text(query, document_id)
    if query is None:
        raise DocumentsNotPersisted
    if document_id is not None and document_id.removeprefix(SHA256) != fingerprint(query):
        expected = Phrase("expected.matching_document")
        raise BadInput(field="documentId", value=document_id[:200], expected=expected)
    return query


def _texts(found: object) -> dict[str, str] | None:
    if not isinstance(found, dict):
        return None
    document = cast("dict[str, Any]", found)
    if document.get("format") == APOLLO:
        operations = document.get("operations")
        if not isinstance(operations, list):
            return None
        entries = [_entry(each) for each in cast("list[object]", operations)]
    else:
        entries = [(identifier, text) for identifier, text in document.items()]
    texts = {
        identifier.removeprefix(SHA256): text
        for identifier, text in entries
        if isinstance(identifier, str) and isinstance(text, str)
    }
    return texts if texts and len(texts) == len(entries) else None


def _entry(operation: object) -> tuple[object, object]:
    found = cast("dict[str, Any]", operation) if isinstance(operation, dict) else {}
    return found.get("id"), found.get("body")


def _bad(value: str, expected: object) -> BadInput:
    return BadInput(field=FIELD, value=value, expected=expected)
