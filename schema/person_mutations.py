"""A person's data, handed out and erased: by that person or an administrator."""

from typing import Annotated, TypeAlias, cast

import strawberry
from strawberry.scalars import JSON

from domain.identity import parse_global_id
from resolvers import persons
from schema.changes import INPUT, answer
from schema.context import Info
from schema.problems import (
    BadIdentifierProblem,
    ForbiddenProblem,
    HeldByClaimsProblem,
    NotFoundProblem,
    NotSignedInProblem,
)


@strawberry.type
class PersonalData:
    """All that the hub holds of a person."""

    person_id: strawberry.ID
    document: JSON


async def personal_data(info: Info, person_id: strawberry.ID) -> PersonalData:
    """Return all that the hub holds of a person. Raises Forbidden, NotFound, NotSignedIn."""
    context = info.context
    kind, found = parse_global_id(person_id, persons.KINDS)
    document = await persons.export_person(
        context.graph, kind, found, viewer=context.viewer, clock=context.clock
    )
    return PersonalData(person_id=person_id, document=cast("JSON", document))


@strawberry.input
class ErasePersonInput:
    """Whose data is to be erased. Doing it again changes nothing, so it needs no key."""

    person_id: strawberry.ID


@strawberry.type
class ErasePersonPayload:
    """The person's data is erased."""

    person_id: strawberry.ID
    erased: bool


PersonProblem: TypeAlias = (
    BadIdentifierProblem
    | NotFoundProblem
    | NotSignedInProblem
    | ForbiddenProblem
    | HeldByClaimsProblem
)
ErasePersonResult = Annotated[
    ErasePersonPayload | PersonProblem, strawberry.union("ErasePersonResult")
]


async def _erase(info: Info, given: ErasePersonInput) -> ErasePersonPayload:
    context = info.context
    kind, found = parse_global_id(given.person_id, persons.KINDS)
    done = await persons.erase_person(
        context.graph, kind, found, viewer=context.viewer, clock=context.clock, ids=context.ids
    )
    return ErasePersonPayload(person_id=given.person_id, erased=done)


@strawberry.type
class PersonMutations:
    """What changes for persons."""

    @strawberry.mutation
    async def erase_person(
        self, info: Info, given: Annotated[ErasePersonInput, INPUT]
    ) -> ErasePersonResult:
        """Erase a person's data."""
        return await answer(info, _erase(info, given))
