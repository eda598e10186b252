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

MOST_ERRORS = 20
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


def _over(what: Limit, asked: int, limit: int) -> GraphQLError:
    error = LimitExceeded(what=what, asked=asked, limit=limit)
    return GraphQLError(str(error), original_error=error)
