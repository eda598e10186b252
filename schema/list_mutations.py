"""Mutations of lists of resources and of needs: make, edit, publish, close."""

from collections.abc import Awaitable, Callable
from datetime import date
from typing import Annotated, TypeAlias

import strawberry
from strawberry import UNSET

from domain import records
from graph.driver import Graph
from resolvers import lists
from resolvers.changing import Changed, Request
from schema.changes import (
    INPUT,
    ChangeInput,
    NodePayload,
    VersionedInput,
    answer_with,
    given_fields,
    request_of,
)
from schema.context import Info
from schema.ids import AGENTS, reference, uid
from schema.problems import ChangeProblem
from schema.resolve import read_node
from schema.types.items import NeedList, ResourceList


@strawberry.input
class CreateListInput(ChangeInput):
    """A new list of an agent, a draft at first."""

    issuer_id: strawberry.ID
    title: str
    starts_on: date | None = None
    ends_on: date | None = None


@strawberry.input
class ListStepInput(VersionedInput):
    """A step that needs nothing but the list."""

    list_id: strawberry.ID


@strawberry.input
class EditListInput(ListStepInput):
    """What is to be otherwise of a list; what is left out stays."""

    title: str | None = UNSET
    starts_on: date | None = UNSET
    ends_on: date | None = UNSET


@strawberry.type
class ResourceListPayload(NodePayload):
    """The list after the change, and the version that the change made."""

    @strawberry.field
    async def resource_list(self, info: Info) -> ResourceList | None:
        """The list, read by this field's own selection."""
        return await read_node(info, "ResourceList", self.node_id)


@strawberry.type
class NeedListPayload(NodePayload):
    """The list after the change, and the version that the change made."""

    @strawberry.field
    async def need_list(self, info: Info) -> NeedList | None:
        """The list, read by this field's own selection."""
        return await read_node(info, "NeedList", self.node_id)


ResourceListResult = Annotated[
    ResourceListPayload | ChangeProblem, strawberry.union("ResourceListResult")
]
NeedListResult = Annotated[NeedListPayload | ChangeProblem, strawberry.union("NeedListResult")]

Step: TypeAlias = Callable[[Graph, type[lists.List], str, Request], Awaitable[Changed]]


async def _create(info: Info, given: CreateListInput, kind: type[lists.List]) -> Changed:
    return await lists.create_list(
        info.context.graph,
        kind,
        reference(given.issuer_id, *AGENTS),
        given.title,
        given.starts_on,
        given.ends_on,
        request_of(info, given),
    )


async def _edit(info: Info, given: EditListInput, kind: type[lists.List]) -> Changed:
    list_id = uid(given.list_id, kind.__name__)
    changes = given_fields(given, kind, lists.EDITABLE)
    request = request_of(info, given)
    return await lists.edit_list(info.context.graph, kind, list_id, changes, request)


async def _step(info: Info, given: ListStepInput, kind: type[lists.List], step: Step) -> Changed:
    list_id = uid(given.list_id, kind.__name__)
    return await step(info.context.graph, kind, list_id, request_of(info, given))


@strawberry.type
class ResourceListMutations:
    """The life of a list of resources."""

    @strawberry.mutation
    async def create_resource_list(
        self, info: Info, given: Annotated[CreateListInput, INPUT]
    ) -> ResourceListResult:
        """Make a list of resources, as a draft."""
        return await answer_with(
            info, ResourceListPayload, _create(info, given, records.ResourceList)
        )

    @strawberry.mutation
    async def edit_resource_list(
        self, info: Info, given: Annotated[EditListInput, INPUT]
    ) -> ResourceListResult:
        """Change title and period of a list of resources."""
        return await answer_with(
            info, ResourceListPayload, _edit(info, given, records.ResourceList)
        )

    @strawberry.mutation
    async def publish_resource_list(
        self, info: Info, given: Annotated[ListStepInput, INPUT]
    ) -> ResourceListResult:
        """Publish a list of resources with its drafts."""
        return await answer_with(
            info, ResourceListPayload, _step(info, given, records.ResourceList, lists.publish_list)
        )

    @strawberry.mutation
    async def close_resource_list(
        self, info: Info, given: Annotated[ListStepInput, INPUT]
    ) -> ResourceListResult:
        """Close a list of resources, withdrawing what is on it."""
        return await answer_with(
            info, ResourceListPayload, _step(info, given, records.ResourceList, lists.close_list)
        )


@strawberry.type
class NeedListMutations:
    """The life of a list of needs."""

    @strawberry.mutation
    async def create_need_list(
        self, info: Info, given: Annotated[CreateListInput, INPUT]
    ) -> NeedListResult:
        """Make a list of needs, as a draft."""
        return await answer_with(info, NeedListPayload, _create(info, given, records.NeedList))

    @strawberry.mutation
    async def edit_need_list(
        self, info: Info, given: Annotated[EditListInput, INPUT]
    ) -> NeedListResult:
        """Change title and period of a list of needs."""
        return await answer_with(info, NeedListPayload, _edit(info, given, records.NeedList))

    @strawberry.mutation
    async def publish_need_list(
        self, info: Info, given: Annotated[ListStepInput, INPUT]
    ) -> NeedListResult:
        """Publish a list of needs with its drafts."""
        return await answer_with(
            info, NeedListPayload, _step(info, given, records.NeedList, lists.publish_list)
        )

    @strawberry.mutation
    async def close_need_list(
        self, info: Info, given: Annotated[ListStepInput, INPUT]
    ) -> NeedListResult:
        """Close a list of needs, withdrawing what is on it."""
        return await answer_with(
            info, NeedListPayload, _step(info, given, records.NeedList, lists.close_list)
        )
