"""Errors as clients see them: a code that tells them apart, a message in the caller's language."""

import logging
from collections.abc import Sequence
from typing import Any

from graphql import GraphQLError

from domain.errors import DomainError, EngineError
from domain.language import Language, in_words, text
from graph.records import camel

PARSE_FAILED = "GRAPHQL_PARSE_FAILED"
VALIDATION_FAILED = "GRAPHQL_VALIDATION_FAILED"
BAD_REQUEST = "BAD_USER_INPUT"
INTERNAL = "INTERNAL_ERROR"

log = logging.getLogger(__name__)


def refused(errors: Sequence[GraphQLError], code: str, language: Language) -> dict[str, Any]:
    """Return the response to a request that was not executed; `code` is of errors without one."""
    return {"errors": [_refused(error, code, language) for error in errors]}


def executed(
    data: dict[str, Any] | None, errors: Sequence[GraphQLError] | None, language: Language
) -> dict[str, Any]:
    """Return the response of an execution."""
    if not errors:
        return {"data": data}
    return {"data": data, "errors": [_executed(error, language) for error in errors]}


def failed(error: DomainError, language: Language) -> dict[str, Any]:
    """Return the response to a request that the graph could not answer at all."""
    return executed(None, [GraphQLError(str(error), original_error=error)], language)


def _refused(error: GraphQLError, code: str, language: Language) -> dict[str, Any]:
    cause = error.original_error
    if isinstance(cause, DomainError):
        return _formatted(error, cause.code, cause.message(language), details_of(cause, language))
    return _formatted(error, code, _said(error, code, language))


def details_of(error: DomainError, language: Language) -> dict[str, Any]:
    """Return the details of an error as clients see them, texts in the caller's language."""
    return {camel(name): in_words(value, language) for name, value in error.details.items()}


def _executed(error: GraphQLError, language: Language) -> dict[str, Any]:
    cause = error.original_error
    if isinstance(cause, EngineError):
        # Where the engine is, and as whom we sign in, is for the log only.
        log.error("the graph failed: %s", cause)
        return _formatted(error, cause.code, text("error.NO_GRAPH", language))
    if isinstance(cause, DomainError):
        return _formatted(error, cause.code, cause.message(language), details_of(cause, language))
    if cause is None:
        return _formatted(error, BAD_REQUEST, _said(error, BAD_REQUEST, language))
    # Whatever else goes wrong is a fault of ours: told to the log, not to the client.
    log.error("a resolver failed at %s", error.path, exc_info=cause)
    return _formatted(error, INTERNAL, text(f"error.{INTERNAL}", language))


def _said(error: GraphQLError, code: str, language: Language) -> str:
    return text(f"error.{code}", language, reason=error.message)


def _formatted(
    error: GraphQLError, code: str, message: str, details: dict[str, Any] | None = None
) -> dict[str, Any]:
    formatted: dict[str, Any] = {"message": message}
    if error.locations is not None:
        formatted["locations"] = [location.formatted for location in error.locations]
    if error.path is not None:
        formatted["path"] = error.path
    formatted["extensions"] = {"code": code, **(details or {})}
    return formatted
