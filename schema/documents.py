"""From the text of a request to a document that may run: parsed, within the limits, valid."""

from typing import Any

from graphql import (
    DocumentNode,
    GraphQLError,
    GraphQLSchema,
    GraphQLSyntaxError,
    parse,
    specified_rules,
    validate,
)
from graphql.validation.specified_rules import recommended_rules

from domain.errors import LimitExceeded
from domain.limits import Limit
from schema.limits import QueryLimits, exceeded
from schema.recent import Recent

MOST_ERRORS = 20
KNOWN_DOCUMENTS = 1_000
LONGEST_KNOWN = 50_000
"""Characters of the longest document that is kept."""
_RULES: tuple[Any, ...] = (*specified_rules, *recommended_rules)


def parsed(query: str, limits: QueryLimits = QueryLimits()) -> DocumentNode:  # noqa: B008  (frozen)
    """Return the document of a text.

    Raises GraphQLSyntaxError, or GraphQLError whose original error is LimitExceeded.
    """
    if len(query) > limits.characters:
        raise _over(Limit.CHARACTERS, len(query), limits.characters)
    try:
        document = parse(query, max_tokens=limits.tokens, allow_empty_selection_sets=False)
    except GraphQLSyntaxError as error:
        if f"contains more than {limits.tokens} tokens" in error.message:
            raise _over(Limit.TOKENS, limits.tokens + 1, limits.tokens) from error
        raise
    if (error := exceeded(document, limits)) is not None:
        raise error
    return document


def faults(
    schema: GraphQLSchema, document: DocumentNode, *, suggest: bool = False
) -> list[GraphQLError]:
    """Return what is not valid in a document; `suggest` names of the schema that were meant."""
    return validate(
        schema,
        document,
        _RULES,
        MOST_ERRORS,
        hide_suggestions=not suggest,
        allow_empty_selection_sets=False,
    )


class NotValid(Exception):
    """A document that is not valid, with what is wrong."""

    def __init__(self, errors: list[GraphQLError]) -> None:
        super().__init__(errors)
        self.errors = errors


class Documents:
    """Documents by their texts: the valid ones asked last are kept, as validating is slow."""

    def __init__(self, schema: GraphQLSchema, limits: QueryLimits) -> None:
        self._schema = schema
        self._limits = limits
        self._valid: Recent[str, DocumentNode] = Recent(KNOWN_DOCUMENTS)

    def read(self, query: str, *, suggest: bool = False) -> DocumentNode:
        """Return the valid document of a text; `suggest` as for `faults`.

        Raises NotValid, GraphQLSyntaxError, or GraphQLError whose original error is LimitExceeded.
        """
        document = self._valid.get(query)
        if document is None:
            document = parsed(query, self._limits)
            if wrong := faults(self._schema, document, suggest=suggest):
                raise NotValid(wrong)
            if len(query) <= LONGEST_KNOWN:
                self._valid.put(query, document)
        return document


def _over(what: Limit, asked: int, limit: int) -> GraphQLError:
    error = LimitExceeded(what=what, asked=asked, limit=limit)
    return GraphQLError(str(error), original_error=error)
