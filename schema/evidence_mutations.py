"""Mutations of evidence: files that were uploaded become evidence of a claim."""

from typing import Annotated

import strawberry

from resolvers.evidence import attach_evidence
from schema.changes import INPUT, ChangeInput, answer, request_of
from schema.context import Info
from schema.ids import uid
from schema.problems import ChangeProblem
from schema.resolve import read_node
from schema.types.claims import Claim


@strawberry.input
class AttachEvidenceInput(ChangeInput):
    """Files that the caller uploaded, and the claim whose delivery they show."""

    claim_id: strawberry.ID
    file_ids: list[strawberry.ID]


@strawberry.type
class AttachEvidencePayload:
    """The claim with its evidence."""

    claim_id: strawberry.Private[str]

    @strawberry.field
    async def claim(self, info: Info) -> Claim | None:
        """The claim, read by this field's own selection."""
        return await read_node(info, "Claim", self.claim_id)


AttachEvidenceResult = Annotated[
    AttachEvidencePayload | ChangeProblem, strawberry.union("AttachEvidenceResult")
]


async def _attach(info: Info, given: AttachEvidenceInput) -> AttachEvidencePayload:
    claim_id = uid(given.claim_id, "Claim")
    files = [uid(each, "EvidenceFile") for each in given.file_ids]
    await attach_evidence(info.context.graph, claim_id, files, request_of(info, given))
    return AttachEvidencePayload(claim_id=claim_id)


@strawberry.type
class EvidenceMutations:
    """What shows a delivery."""

    @strawberry.mutation
    async def attach_evidence(
        self, info: Info, given: Annotated[AttachEvidenceInput, INPUT]
    ) -> AttachEvidenceResult:
        """Make uploaded files evidence of a claim."""
        return await answer(info, _attach(info, given))
