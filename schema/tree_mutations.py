"""Mutations of the trees of areas and of categories, for administrators."""

from datetime import date
from typing import Annotated

import strawberry
from strawberry import UNSET

from domain.vocabulary import AreaLevel
from resolvers import trees
from resolvers.changing import Changed
from resolvers.trees import AREA, CATEGORY
from schema.changes import (
    INPUT,
    ChangeInput,
    NodeInput,
    NodePayload,
    answer_with,
    edit_node,
    given_fields,
    links_of,
    request_of,
    retire_node,
)
from schema.context import Info
from schema.ids import reference, uid
from schema.problems import ChangeProblem
from schema.resolve import read_node
from schema.types.agents import Area
from schema.types.items import Category

SUBSTITUTES = {"substitutes": ("Category",)}


@strawberry.input
class _AreaFields:
    """What an area may say of itself."""

    code: str | None = UNSET
    aliases: list[str] | None = UNSET
    valid_from: date | None = UNSET
    valid_until: date | None = UNSET
    latitude: float | None = UNSET
    longitude: float | None = UNSET
    time_zone: str | None = UNSET
    contact_name: str | None = UNSET
    phone: str | None = UNSET
    email: str | None = UNSET


@strawberry.input
class CreateAreaInput(_AreaFields, ChangeInput):
    """A new one."""

    level: AreaLevel
    parent_id: strawberry.ID | None = None
    name: str


@strawberry.input
class EditAreaInput(_AreaFields, NodeInput):
    """What is to be otherwise; what is left out stays."""

    name: str | None = UNSET


@strawberry.input
class MoveAreaInput(NodeInput):
    """Under which area another moves, with all below it."""

    parent_id: strawberry.ID


@strawberry.input
class _CategoryFields:
    """What a category may say of itself."""

    aliases: list[str] | None = UNSET
    substitute_ids: list[strawberry.ID] | None = UNSET


@strawberry.input
class CreateCategoryInput(_CategoryFields, ChangeInput):
    """A new one."""

    code: str
    parent_id: strawberry.ID | None = None
    name: str
    name_en: str


@strawberry.input
class EditCategoryInput(_CategoryFields, NodeInput):
    """What is to be otherwise; what is left out stays."""

    name: str | None = UNSET
    name_en: str | None = UNSET


@strawberry.input
class MoveCategoryInput(NodeInput):
    """Under which category another moves, with all below it; null: to the top."""

    parent_id: strawberry.ID | None


@strawberry.type
class AreaPayload(NodePayload):
    """The area after the change."""

    @strawberry.field
    async def area(self, info: Info) -> Area | None:
        """The node, read by this field's own selection."""
        return await read_node(info, "Area", self.node_id)


AreaResult = Annotated[AreaPayload | ChangeProblem, strawberry.union("AreaResult")]


@strawberry.type
class CategoryPayload(NodePayload):
    """The category after the change."""

    @strawberry.field
    async def category(self, info: Info) -> Category | None:
        """The node, read by this field's own selection."""
        return await read_node(info, "Category", self.node_id)


CategoryResult = Annotated[CategoryPayload | ChangeProblem, strawberry.union("CategoryResult")]


async def _create_area(info: Info, given: CreateAreaInput) -> Changed:
    parent = reference(given.parent_id, "Area") if given.parent_id else None
    fields = given_fields(given, AREA.record, AREA.fields, new=True)
    request = request_of(info, given)
    return await trees.create_area(info.context.graph, given.level, parent, fields, request)


async def _move_area(info: Info, given: MoveAreaInput) -> Changed:
    parent = reference(given.parent_id, "Area")
    request = request_of(info, given)
    return await trees.move_area(info.context.graph, uid(given.id, "Area"), parent, request)


async def _create_category(info: Info, given: CreateCategoryInput) -> Changed:
    parent = reference(given.parent_id, "Category") if given.parent_id else None
    fields = given_fields(given, CATEGORY.record, CATEGORY.fields, new=True)
    substitutes = links_of(given, CATEGORY, SUBSTITUTES).get("substitutes", ())
    request = request_of(info, given)
    return await trees.create_category(
        info.context.graph, given.code, parent, fields, substitutes, request
    )


async def _move_category(info: Info, given: MoveCategoryInput) -> Changed:
    parent = reference(given.parent_id, "Category") if given.parent_id else None
    request = request_of(info, given)
    node_id = uid(given.id, "Category")
    return await trees.move_category(info.context.graph, node_id, parent, request)


@strawberry.type
class TreeMutations:
    """Areas and categories."""

    @strawberry.mutation
    async def create_area(self, info: Info, given: Annotated[CreateAreaInput, INPUT]) -> AreaResult:
        """Make an area."""
        return await answer_with(info, AreaPayload, _create_area(info, given))

    @strawberry.mutation
    async def edit_area(self, info: Info, given: Annotated[EditAreaInput, INPUT]) -> AreaResult:
        """Change an area."""
        return await answer_with(info, AreaPayload, edit_node(info, given, AREA, {}))

    @strawberry.mutation
    async def move_area(self, info: Info, given: Annotated[MoveAreaInput, INPUT]) -> AreaResult:
        """Move an area with all below it."""
        return await answer_with(info, AreaPayload, _move_area(info, given))

    @strawberry.mutation
    async def retire_area(self, info: Info, given: Annotated[NodeInput, INPUT]) -> AreaResult:
        """Take an area out of use."""
        return await answer_with(info, AreaPayload, retire_node(info, given, AREA))

    @strawberry.mutation
    async def create_category(
        self, info: Info, given: Annotated[CreateCategoryInput, INPUT]
    ) -> CategoryResult:
        """Make a category."""
        return await answer_with(info, CategoryPayload, _create_category(info, given))

    @strawberry.mutation
    async def edit_category(
        self, info: Info, given: Annotated[EditCategoryInput, INPUT]
    ) -> CategoryResult:
        """Change a category."""
        return await answer_with(
            info, CategoryPayload, edit_node(info, given, CATEGORY, SUBSTITUTES)
        )

    @strawberry.mutation
    async def move_category(
        self, info: Info, given: Annotated[MoveCategoryInput, INPUT]
    ) -> CategoryResult:
        """Move a category with all below it."""
        return await answer_with(info, CategoryPayload, _move_category(info, given))

    @strawberry.mutation
    async def retire_category(
        self, info: Info, given: Annotated[NodeInput, INPUT]
    ) -> CategoryResult:
        """Take a category out of use."""
        return await answer_with(info, CategoryPayload, retire_node(info, given, CATEGORY))
