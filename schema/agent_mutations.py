"""Mutations of units, Party branches and members: make, edit, take out of use."""

from typing import Annotated

import strawberry
from strawberry import UNSET

from domain.vocabulary import BranchKind, MemberKind, UnitKind
from resolvers.agents import BRANCH, MEMBER, UNIT
from schema.changes import (
    INPUT,
    ChangeInput,
    NodeInput,
    NodePayload,
    answer_with,
    create_node,
    edit_node,
    retire_node,
)
from schema.context import Info
from schema.problems import ChangeProblem
from schema.resolve import read_node
from schema.types.agents import Member, PartyBranch, Unit

AREA = {"area": ("Area",)}
BRANCH_LINKS = {"parent": ("PartyBranch",), "unit": ("Unit",), **AREA}
MEMBER_LINKS = {"branch": ("PartyBranch",), "unit": ("Unit",), **AREA}


@strawberry.input
class _UnitFields:
    """What a unit may say of itself."""

    credit_code: str | None = UNSET
    aliases: list[str] | None = UNSET
    address: str | None = UNSET
    latitude: float | None = UNSET
    longitude: float | None = UNSET
    contact_name: str | None = UNSET
    phone: str | None = UNSET
    email: str | None = UNSET


@strawberry.input
class CreateUnitInput(_UnitFields, ChangeInput):
    """A new one."""

    name: str
    kind: UnitKind
    area_id: strawberry.ID


@strawberry.input
class EditUnitInput(_UnitFields, NodeInput):
    """What is to be otherwise; what is left out stays."""

    name: str | None = UNSET
    kind: UnitKind | None = UNSET
    area_id: strawberry.ID | None = UNSET


@strawberry.input
class _BranchFields:
    """What a Party branch may say of itself."""

    aliases: list[str] | None = UNSET
    parent_id: strawberry.ID | None = UNSET
    unit_id: strawberry.ID | None = UNSET
    area_id: strawberry.ID | None = UNSET
    contact_name: str | None = UNSET
    phone: str | None = UNSET
    email: str | None = UNSET


@strawberry.input
class CreateBranchInput(_BranchFields, ChangeInput):
    """A new one."""

    name: str
    kind: BranchKind


@strawberry.input
class EditBranchInput(_BranchFields, NodeInput):
    """What is to be otherwise; what is left out stays."""

    name: str | None = UNSET
    kind: BranchKind | None = UNSET


@strawberry.input
class _MemberFields:
    """What a member may say of itself."""

    skills: list[str] | None = UNSET
    branch_id: strawberry.ID | None = UNSET
    unit_id: strawberry.ID | None = UNSET
    area_id: strawberry.ID | None = UNSET
    contact_name: str | None = UNSET
    phone: str | None = UNSET
    email: str | None = UNSET


@strawberry.input
class CreateMemberInput(_MemberFields, ChangeInput):
    """A new one."""

    name: str
    kind: MemberKind


@strawberry.input
class EditMemberInput(_MemberFields, NodeInput):
    """What is to be otherwise; what is left out stays."""

    name: str | None = UNSET
    kind: MemberKind | None = UNSET


@strawberry.type
class UnitPayload(NodePayload):
    """The unit after the change."""

    @strawberry.field
    async def unit(self, info: Info) -> Unit | None:
        """The node, read by this field's own selection."""
        return await read_node(info, "Unit", self.node_id)


UnitResult = Annotated[UnitPayload | ChangeProblem, strawberry.union("UnitResult")]


@strawberry.type
class PartyBranchPayload(NodePayload):
    """The Party branch after the change."""

    @strawberry.field
    async def branch(self, info: Info) -> PartyBranch | None:
        """The node, read by this field's own selection."""
        return await read_node(info, "PartyBranch", self.node_id)


PartyBranchResult = Annotated[
    PartyBranchPayload | ChangeProblem, strawberry.union("PartyBranchResult")
]


@strawberry.type
class MemberPayload(NodePayload):
    """The member after the change."""

    @strawberry.field
    async def member(self, info: Info) -> Member | None:
        """The node, read by this field's own selection."""
        return await read_node(info, "Member", self.node_id)


MemberResult = Annotated[MemberPayload | ChangeProblem, strawberry.union("MemberResult")]


@strawberry.type
class AgentMutations:
    """Units, Party branches and members."""

    @strawberry.mutation
    async def create_unit(self, info: Info, given: Annotated[CreateUnitInput, INPUT]) -> UnitResult:
        """Make a unit."""
        return await answer_with(info, UnitPayload, create_node(info, given, UNIT, AREA))

    @strawberry.mutation
    async def edit_unit(self, info: Info, given: Annotated[EditUnitInput, INPUT]) -> UnitResult:
        """Change a unit."""
        return await answer_with(info, UnitPayload, edit_node(info, given, UNIT, AREA))

    @strawberry.mutation
    async def retire_unit(self, info: Info, given: Annotated[NodeInput, INPUT]) -> UnitResult:
        """Take a unit out of use."""
        return await answer_with(info, UnitPayload, retire_node(info, given, UNIT))

    @strawberry.mutation
    async def create_branch(
        self, info: Info, given: Annotated[CreateBranchInput, INPUT]
    ) -> PartyBranchResult:
        """Make a Party branch."""
        return await answer_with(
            info, PartyBranchPayload, create_node(info, given, BRANCH, BRANCH_LINKS)
        )

    @strawberry.mutation
    async def edit_branch(
        self, info: Info, given: Annotated[EditBranchInput, INPUT]
    ) -> PartyBranchResult:
        """Change a Party branch."""
        return await answer_with(
            info, PartyBranchPayload, edit_node(info, given, BRANCH, BRANCH_LINKS)
        )

    @strawberry.mutation
    async def retire_branch(
        self, info: Info, given: Annotated[NodeInput, INPUT]
    ) -> PartyBranchResult:
        """Take a Party branch out of use."""
        return await answer_with(info, PartyBranchPayload, retire_node(info, given, BRANCH))

    @strawberry.mutation
    async def create_member(
        self, info: Info, given: Annotated[CreateMemberInput, INPUT]
    ) -> MemberResult:
        """Make a member."""
        return await answer_with(
            info, MemberPayload, create_node(info, given, MEMBER, MEMBER_LINKS)
        )

    @strawberry.mutation
    async def edit_member(
        self, info: Info, given: Annotated[EditMemberInput, INPUT]
    ) -> MemberResult:
        """Change a member."""
        return await answer_with(info, MemberPayload, edit_node(info, given, MEMBER, MEMBER_LINKS))

    @strawberry.mutation
    async def retire_member(self, info: Info, given: Annotated[NodeInput, INPUT]) -> MemberResult:
        """Take a member out of use."""
        return await answer_with(info, MemberPayload, retire_node(info, given, MEMBER))
