"""Answers a request: the short way where its document is a plain read, the executor otherwise."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson
import strawberry
from graphql import (
    ExecutionResult,
    GraphQLError,
    GraphQLSyntaxError,
    OperationType,
    execute,  # pyright: ignore[reportUnknownVariableType]
    get_operation_ast,
)

from domain.errors import EngineError
from domain.language import text
from schema.answers import (
    BAD_REQUEST,
    PARSE_FAILED,
    VALIDATION_FAILED,
    executed,
    refused,
    unavailable,
)
from schema.build import graphql_schema_of
from schema.context import Context
from schema.documents import faults, parsed
from schema.fast import FastReads
from schema.resolve import mapping_of


@dataclass(frozen=True, slots=True)
class Answer:
    """The encoded response; `refused` when no execution began (syntax, validation, variables)."""

    body: bytes
    refused: bool = False


class Executor:
    """Executes requests against one schema; keeps what it learned of their documents."""

    def __init__(self, schema: strawberry.Schema) -> None:
        self._schema = graphql_schema_of(schema)
        self.fast = FastReads(self._schema, mapping_of(self._schema))

    async def answer(
        self,
        query: str,
        variables: Mapping[str, Any] | None,
        operation_name: str | None,
        context: Context,
        *,
        mutations: bool = True,
    ) -> Answer:
        """Answer a request; `mutations` says whether it may be one that changes something."""
        try:
            body = await self.fast.answer(query, variables, operation_name, context)
        except EngineError as error:
            return Answer(orjson.dumps(unavailable(error, context.language)))
        if body is not None:
            return Answer(body)
        return await self.ordinary(query, variables, operation_name, context, mutations=mutations)

    async def ordinary(
        self,
        query: str,
        variables: Mapping[str, Any] | None,
        operation_name: str | None,
        context: Context,
        *,
        mutations: bool = True,
    ) -> Answer:
        """Answer a request by the ordinary executor."""
        language = context.language
        try:
            document = parsed(query)
        except GraphQLSyntaxError as error:
            return _refused(refused([error], PARSE_FAILED, language))
        if errors := faults(self._schema, document):
            return _refused(refused(errors, VALIDATION_FAILED, language))
        operation = get_operation_ast(document, operation_name)
        if (
            operation is not None
            and operation.operation is OperationType.MUTATION
            and not mutations
        ):
            error = GraphQLError(text("reason.mutation_needs_post", language), operation)
            return _refused(refused([error], BAD_REQUEST, language))
        running = execute(
            self._schema,
            document,
            context_value=context,
            variable_values=dict(variables or {}),
            operation_name=operation_name,
        )
        result = running if isinstance(running, ExecutionResult) else await running
        response = executed(result.data, result.errors, language)
        # Without a path the error lies in the request: no field was executed.
        began = not result.errors or any(error.path is not None for error in result.errors)
        if not began:
            return _refused(refused(result.errors or (), BAD_REQUEST, language))
        return Answer(orjson.dumps(response))


def _refused(response: dict[str, Any]) -> Answer:
    return Answer(orjson.dumps(response), refused=True)
