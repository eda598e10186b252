"""Subscriptions as streams of encoded responses, for whichever transport carries them."""

import inspect
from collections.abc import AsyncGenerator, Mapping
from typing import Any, cast

import graphql
import orjson
from graphql import DocumentNode, ExecutionResult, OperationType

from domain.errors import DomainError, EngineError, NotSignedIn
from schema.answers import BAD_REQUEST, executed, failed
from schema.context import Context
from schema.execution import Executor, Refused
from schema.subscriptions import Unseen


class StreamRefused(Exception):
    """An operation that does not begin or go on; `body` is the response that says why."""

    def __init__(self, body: bytes) -> None:
        super().__init__(body)
        self.body = body


class Streams:
    """Runs any operation of a connection: subscriptions as streams, all others as one answer."""

    def __init__(self, executor: Executor) -> None:
        self._executor = executor

    async def run(
        self,
        query: str,
        variables: Mapping[str, Any] | None,
        operation_name: str | None,
        context: Context,
        *,
        mutations: bool = True,
    ) -> AsyncGenerator[bytes]:
        """Yield the responses of an operation until it is complete.

        `mutations` says whether it may be one that changes something. Raises StreamRefused where
        it does not begin, NotSignedIn when the caller's token ends, FeedStopped when the hub
        stops, EngineError when the graph does not answer.
        """
        document = self.subscribed(query, variables, operation_name, context)
        if document is None:
            answer = await self._executor.answer(
                query, variables, operation_name, context, mutations=mutations
            )
            if answer.refused:
                raise StreamRefused(answer.body)
            yield answer.body
            return
        results = await self._results(document, variables, operation_name, context)
        try:
            async for result in results:
                causes = [error.original_error for error in result.errors or ()]
                for cause in causes:
                    if isinstance(cause, NotSignedIn):
                        raise cause
                if not any(isinstance(cause, Unseen) for cause in causes):
                    yield _body(result, context)
        except (EngineError, NotSignedIn):
            raise
        except DomainError as error:
            body = orjson.dumps(failed(error, context.language))
            raise StreamRefused(body) from error
        finally:
            await results.aclose()

    def subscribed(
        self,
        query: str,
        variables: Mapping[str, Any] | None,
        operation_name: str | None,
        context: Context,
    ) -> DocumentNode | None:
        """Return the document of a subscription, None for any other operation.

        Raises StreamRefused for one that is not valid.
        """
        try:
            admitted = self._executor.admit(query, variables, operation_name, context)
        except Refused as error:
            raise StreamRefused(error.answer(context.language).body) from error
        operation = admitted.operation
        if operation is None or operation.operation is not OperationType.SUBSCRIPTION:
            return None
        return admitted.document

    async def _results(
        self,
        document: DocumentNode,
        variables: Mapping[str, Any] | None,
        operation_name: str | None,
        context: Context,
    ) -> AsyncGenerator[ExecutionResult]:
        # The library's own annotation is partly unknown.
        begun = cast("Any", graphql).subscribe(
            self._executor.schema,
            document,
            context_value=context,
            variable_values=dict(variables or {}),
            operation_name=operation_name,
        )
        results = await begun if inspect.isawaitable(begun) else begun
        if isinstance(results, ExecutionResult):
            raise StreamRefused(_body(results, context))
        return cast("AsyncGenerator[ExecutionResult]", results)


def _body(result: ExecutionResult, context: Context) -> bytes:
    errors = result.errors or []
    if errors and all(error.path is None for error in errors):
        return Refused(errors, BAD_REQUEST).answer(context.language).body
    return orjson.dumps(executed(result.data, errors, context.language))
