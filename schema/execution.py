"""Answers a request: the short way where its document is a plain read, the executor otherwise."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import orjson
import strawberry
from graphql import (
    DocumentNode,
    ExecutionResult,
    GraphQLError,
    GraphQLSyntaxError,
    Node,
    OperationDefinitionNode,
    OperationType,
    execute,  # pyright: ignore[reportUnknownVariableType]
    get_operation_ast,
)
from graphql.execution.values import get_variable_values

from domain.errors import DomainError, EngineError, IntrospectionRefused, LimitError, QueryTooCostly
from domain.language import Language, text
from schema.answers import (
    BAD_REQUEST,
    PARSE_FAILED,
    VALIDATION_FAILED,
    executed,
    failed,
    refused,
)
from schema.build import graphql_schema_of
from schema.context import Context
from schema.cost import Cost
from schema.documents import Documents, NotValid
from schema.fast import FastReads
from schema.limits import Introspection, QueryLimits, fragments_of, introspects, too_many_values
from schema.resolve import mapping_of


@dataclass(frozen=True, slots=True)
class Answer:
    """The encoded response.

    `refused` when no execution began (syntax, validation, variables), `unavailable` when nothing
    could be answered because the graph is away, `only_post` when a mutation came by GET.
    """

    body: bytes
    refused: bool = False
    unavailable: bool = False
    only_post: bool = False


class Refused(Exception):
    """A request that is not executed: what is wrong with it, and the code of errors without one."""

    def __init__(self, errors: Sequence[GraphQLError], code: str) -> None:
        super().__init__(code)
        self.errors = errors
        self.code = code

    def answer(self, language: Language) -> Answer:
        """Return the response in the caller's language."""
        return Answer(orjson.dumps(refused(self.errors, self.code, language)), refused=True)


@dataclass(frozen=True, slots=True)
class Admitted:
    """A document that may run, and the operation of it that is asked for (None: not said which)."""

    document: DocumentNode
    operation: OperationDefinitionNode | None


class Executor:
    """Executes requests against one schema; keeps what it learned of their documents."""

    def __init__(
        self,
        schema: strawberry.Schema,
        limits: QueryLimits | None = None,
        introspection: Introspection | None = None,
    ) -> None:
        self.schema = graphql_schema_of(schema)
        self.limits = limits or QueryLimits()
        self._introspection = introspection or Introspection()
        self._documents = Documents(self.schema, self.limits)
        self.fast = FastReads(self.schema, mapping_of(self.schema), self.limits, self._documents)

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
        except (EngineError, LimitError) as error:
            body = orjson.dumps(failed(error, context.language))
            return Answer(body, unavailable=isinstance(error, EngineError))
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
            admitted = self.admit(query, variables, operation_name, context)
        except Refused as found:
            for error in found.errors:
                if error.original_error is not None:
                    context.telemetry.refused(error.original_error)
            return found.answer(language)
        operation = admitted.operation
        if (
            operation is not None
            and operation.operation is OperationType.MUTATION
            and not mutations
        ):
            error = GraphQLError(text("reason.mutation_needs_post", language), operation)
            return replace(Refused([error], BAD_REQUEST).answer(language), only_post=True)
        if operation is not None and operation.operation is OperationType.SUBSCRIPTION:
            error = GraphQLError(text("reason.subscription_needs_stream", language), operation)
            return Refused([error], BAD_REQUEST).answer(language)
        running = execute(
            self.schema,
            admitted.document,
            context_value=context,
            variable_values=dict(variables or {}),
            operation_name=operation_name,
            hide_suggestions=not self._suggests(context),
        )
        result = running if isinstance(running, ExecutionResult) else await running
        # Without a path the error lies in the request: no field was executed, and nothing of it
        # is for the log, which it would tell the values of variables.
        began = not result.errors or any(error.path is not None for error in result.errors)
        if not began:
            return Refused(result.errors or (), BAD_REQUEST).answer(language)
        response = executed(result.data, result.errors, language)
        return Answer(orjson.dumps(response), unavailable=_unavailable(result))

    def admit(
        self,
        query: str,
        variables: Mapping[str, Any] | None,
        operation_name: str | None,
        context: Context,
    ) -> Admitted:
        """Check a document against the schema and the limits, before anything is executed.

        Raises Refused. Variables that do not fit are the executor's to say.
        """
        try:
            document = self._documents.read(query, suggest=self._suggests(context))
        except GraphQLSyntaxError as error:
            raise Refused([error], PARSE_FAILED) from error
        except GraphQLError as error:
            raise Refused([error], VALIDATION_FAILED) from error
        except NotValid as found:
            raise Refused(found.errors, VALIDATION_FAILED) from found
        problem = too_many_values(variables, self.limits)
        if problem is not None:
            raise Refused([_because(problem, None)], VALIDATION_FAILED)
        operation = get_operation_ast(document, operation_name)
        if operation is not None:
            self._check(operation, document, variables, context)
        return Admitted(document, operation)

    def _check(
        self,
        operation: OperationDefinitionNode,
        document: DocumentNode,
        variables: Mapping[str, Any] | None,
        context: Context,
    ) -> None:
        fragments = fragments_of(document)
        shows = introspects(operation, fragments)
        if shows is not None and not self._introspection.allows(context.viewer):
            problem = IntrospectionRefused(allowed=self._introspection.named)
            raise Refused([_because(problem, shows)], VALIDATION_FAILED)
        given = get_variable_values(
            self.schema, operation.variable_definitions or (), dict(variables or {})
        )
        if isinstance(given, list):
            return
        cost = Cost(self.schema, operation, fragments).of(given.coerced)
        if cost > self.limits.cost:
            problem = QueryTooCostly(asked=cost, limit=self.limits.cost)
            raise Refused([_because(problem, operation)], VALIDATION_FAILED)

    def _suggests(self, context: Context) -> bool:
        """Whether errors may name parts of the schema that were not asked for."""
        return context.viewer.signed_in and self._introspection.allows(context.viewer)


def _unavailable(result: ExecutionResult) -> bool:
    """Whether there is nothing in a result, because the graph is away."""
    return any(
        isinstance(error.original_error, EngineError) for error in result.errors or ()
    ) and all(value is None for value in (result.data or {}).values())


def _because(problem: DomainError, node: Node | None) -> GraphQLError:
    return GraphQLError(str(problem), node, original_error=problem)
