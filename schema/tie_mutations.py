"""Mutations of what binds agents: pairings, agreements, alliances, their chairs, check-ins."""

from datetime import date
from typing import Annotated

import strawberry
from strawberry import UNSET

from domain import records
from domain.vocabulary import AllianceKind, CheckInRole
from resolvers import ties
from resolvers.changing import Changed
from resolvers.ties import AGREEMENT, ALLIANCE, CHECK_IN, PAIRING
from schema.changes import (
    INPUT,
    ChangeInput,
    NodeInput,
    NodePayload,
    VersionedInput,
    answer_with,
    create_node,
    edit_node,
    given_fields,
    request_of,
    retire_node,
)
from schema.context import Info
from schema.ids import AGENTS, reference, uid
from schema.problems import ChangeProblem
from schema.resolve import read_node
from schema.types.co_building import Agreement, Alliance, ChairTerm, CheckIn, Pairing

PAIRED = {"agents": ("Unit", "PartyBranch", "Area")}
PARTIES = {"parties": AGENTS}
ALLIED = {"area": ("Area",), "members": AGENTS, "supporters": AGENTS}
CHECKED_IN = {"agent": ("PartyBranch", "Member"), "area": ("Area",)}
TERM_FIELDS = frozenset({"starts_on", "ends_on"})


@strawberry.input
class _PairingFields:
    """What a pairing may say of itself."""

    since: date | None = UNSET
    source: str | None = UNSET


@strawberry.input
class CreatePairingInput(_PairingFields, ChangeInput):
    """A new one."""

    agent_ids: list[strawberry.ID]


@strawberry.input
class EditPairingInput(_PairingFields, NodeInput):
    """What is to be otherwise; what is left out stays."""

    agent_ids: list[strawberry.ID] | None = UNSET


@strawberry.input
class _AgreementFields:
    """What an agreement may say of itself."""

    number: str | None = UNSET
    signed_on: date | None = UNSET
    valid_until: date | None = UNSET
    terms: str | None = UNSET


@strawberry.input
class CreateAgreementInput(_AgreementFields, ChangeInput):
    """A new one."""

    title: str
    party_ids: list[strawberry.ID]


@strawberry.input
class EditAgreementInput(_AgreementFields, NodeInput):
    """What is to be otherwise; what is left out stays."""

    title: str | None = UNSET
    party_ids: list[strawberry.ID] | None = UNSET


@strawberry.input
class _AllianceFields:
    """What an alliance may say of itself."""

    founded_on: date | None = UNSET
    description: str | None = UNSET
    member_ids: list[strawberry.ID] | None = UNSET
    supporter_ids: list[strawberry.ID] | None = UNSET


@strawberry.input
class CreateAllianceInput(_AllianceFields, ChangeInput):
    """A new one."""

    name: str
    kind: AllianceKind
    area_id: strawberry.ID


@strawberry.input
class EditAllianceInput(_AllianceFields, NodeInput):
    """What is to be otherwise; what is left out stays."""

    name: str | None = UNSET
    kind: AllianceKind | None = UNSET
    area_id: strawberry.ID | None = UNSET


@strawberry.input
class _CheckInFields:
    """What a check-in may say of itself."""

    starts_on: date | None = UNSET
    ends_on: date | None = UNSET


@strawberry.input
class CreateCheckInInput(_CheckInFields, ChangeInput):
    """A new one."""

    role: CheckInRole
    agent_id: strawberry.ID
    area_id: strawberry.ID


@strawberry.input
class EditCheckInInput(_CheckInFields, NodeInput):
    """What is to be otherwise; what is left out stays."""

    role: CheckInRole | None = UNSET
    agent_id: strawberry.ID | None = UNSET
    area_id: strawberry.ID | None = UNSET


@strawberry.input
class AddChairTermInput(VersionedInput):
    """Who has the chair of an alliance, and when; `expectedVersion` is the alliance's."""

    alliance_id: strawberry.ID
    chair_id: strawberry.ID
    starts_on: date
    ends_on: date | None = None


@strawberry.input
class EditChairTermInput(NodeInput):
    """The days of a term as they should be."""

    starts_on: date | None = UNSET
    ends_on: date | None = UNSET


@strawberry.type
class PairingPayload(NodePayload):
    """The pairing after the change."""

    @strawberry.field
    async def pairing(self, info: Info) -> Pairing | None:
        """The node, read by this field's own selection."""
        return await read_node(info, "Pairing", self.node_id)


PairingResult = Annotated[PairingPayload | ChangeProblem, strawberry.union("PairingResult")]


@strawberry.type
class AgreementPayload(NodePayload):
    """The agreement after the change."""

    @strawberry.field
    async def agreement(self, info: Info) -> Agreement | None:
        """The node, read by this field's own selection."""
        return await read_node(info, "Agreement", self.node_id)


AgreementResult = Annotated[AgreementPayload | ChangeProblem, strawberry.union("AgreementResult")]


@strawberry.type
class AlliancePayload(NodePayload):
    """The alliance after the change."""

    @strawberry.field
    async def alliance(self, info: Info) -> Alliance | None:
        """The node, read by this field's own selection."""
        return await read_node(info, "Alliance", self.node_id)


AllianceResult = Annotated[AlliancePayload | ChangeProblem, strawberry.union("AllianceResult")]


@strawberry.type
class CheckInPayload(NodePayload):
    """The check-in after the change."""

    @strawberry.field
    async def check_in(self, info: Info) -> CheckIn | None:
        """The node, read by this field's own selection."""
        return await read_node(info, "CheckIn", self.node_id)


CheckInResult = Annotated[CheckInPayload | ChangeProblem, strawberry.union("CheckInResult")]


@strawberry.type
class ChairTermPayload(NodePayload):
    """The term after the change."""

    @strawberry.field
    async def chair_term(self, info: Info) -> ChairTerm | None:
        """The node, read by this field's own selection."""
        return await read_node(info, "ChairTerm", self.node_id)


ChairTermResult = Annotated[ChairTermPayload | ChangeProblem, strawberry.union("ChairTermResult")]


async def _add_term(info: Info, given: AddChairTermInput) -> Changed:
    return await ties.add_chair_term(
        info.context.graph,
        uid(given.alliance_id, "Alliance"),
        reference(given.chair_id, *AGENTS),
        given.starts_on,
        given.ends_on,
        request_of(info, given),
    )


async def _edit_term(info: Info, given: EditChairTermInput) -> Changed:
    changes = given_fields(given, records.ChairTerm, TERM_FIELDS)
    return await ties.edit_chair_term(
        info.context.graph, uid(given.id, "ChairTerm"), changes, request_of(info, given)
    )


@strawberry.type
class TieMutations:
    """Pairings, agreements, alliances and check-ins."""

    @strawberry.mutation
    async def create_pairing(
        self, info: Info, given: Annotated[CreatePairingInput, INPUT]
    ) -> PairingResult:
        """Make a pairing."""
        return await answer_with(info, PairingPayload, create_node(info, given, PAIRING, PAIRED))

    @strawberry.mutation
    async def edit_pairing(
        self, info: Info, given: Annotated[EditPairingInput, INPUT]
    ) -> PairingResult:
        """Change a pairing."""
        return await answer_with(info, PairingPayload, edit_node(info, given, PAIRING, PAIRED))

    @strawberry.mutation
    async def end_pairing(self, info: Info, given: Annotated[NodeInput, INPUT]) -> PairingResult:
        """End a pairing."""
        return await answer_with(info, PairingPayload, retire_node(info, given, PAIRING))

    @strawberry.mutation
    async def create_agreement(
        self, info: Info, given: Annotated[CreateAgreementInput, INPUT]
    ) -> AgreementResult:
        """Make an agreement."""
        return await answer_with(
            info, AgreementPayload, create_node(info, given, AGREEMENT, PARTIES)
        )

    @strawberry.mutation
    async def edit_agreement(
        self, info: Info, given: Annotated[EditAgreementInput, INPUT]
    ) -> AgreementResult:
        """Change an agreement."""
        return await answer_with(info, AgreementPayload, edit_node(info, given, AGREEMENT, PARTIES))

    @strawberry.mutation
    async def end_agreement(
        self, info: Info, given: Annotated[NodeInput, INPUT]
    ) -> AgreementResult:
        """End an agreement."""
        return await answer_with(info, AgreementPayload, retire_node(info, given, AGREEMENT))

    @strawberry.mutation
    async def create_alliance(
        self, info: Info, given: Annotated[CreateAllianceInput, INPUT]
    ) -> AllianceResult:
        """Make an alliance."""
        return await answer_with(info, AlliancePayload, create_node(info, given, ALLIANCE, ALLIED))

    @strawberry.mutation
    async def edit_alliance(
        self, info: Info, given: Annotated[EditAllianceInput, INPUT]
    ) -> AllianceResult:
        """Change an alliance."""
        return await answer_with(info, AlliancePayload, edit_node(info, given, ALLIANCE, ALLIED))

    @strawberry.mutation
    async def end_alliance(self, info: Info, given: Annotated[NodeInput, INPUT]) -> AllianceResult:
        """End an alliance."""
        return await answer_with(info, AlliancePayload, retire_node(info, given, ALLIANCE))

    @strawberry.mutation
    async def create_check_in(
        self, info: Info, given: Annotated[CreateCheckInInput, INPUT]
    ) -> CheckInResult:
        """Make a check-in."""
        return await answer_with(
            info, CheckInPayload, create_node(info, given, CHECK_IN, CHECKED_IN)
        )

    @strawberry.mutation
    async def edit_check_in(
        self, info: Info, given: Annotated[EditCheckInInput, INPUT]
    ) -> CheckInResult:
        """Change a check-in."""
        return await answer_with(info, CheckInPayload, edit_node(info, given, CHECK_IN, CHECKED_IN))

    @strawberry.mutation
    async def end_check_in(self, info: Info, given: Annotated[NodeInput, INPUT]) -> CheckInResult:
        """End a check-in."""
        return await answer_with(info, CheckInPayload, retire_node(info, given, CHECK_IN))

    @strawberry.mutation
    async def add_chair_term(
        self, info: Info, given: Annotated[AddChairTermInput, INPUT]
    ) -> ChairTermResult:
        """Give an agent the chair of an alliance for a time."""
        return await answer_with(info, ChairTermPayload, _add_term(info, given))

    @strawberry.mutation
    async def edit_chair_term(
        self, info: Info, given: Annotated[EditChairTermInput, INPUT]
    ) -> ChairTermResult:
        """Change the days of a term in the chair."""
        return await answer_with(info, ChairTermPayload, _edit_term(info, given))
