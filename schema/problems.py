"""Expected failures of a mutation, as types that a client can act on.

Each `domain.errors` leaf that a use case may raise has one type here with the error's code, its
message in the caller's language, and its details as fields. A mutation returns a named union:

    ProposeClaimResult = Annotated[
        ProposeClaimPayload | ClaimProblem, strawberry.union("ProposeClaimResult")
    ]

and answers with `schema.changes.answer`, which gives the problem, or raises the error again when
it is a fault (then it is in `errors`, with its code in the extensions).
"""

from datetime import datetime
from typing import Any, TypeAlias, cast

import strawberry

from domain import errors
from domain.errors import DomainError
from domain.identity import NodeReference, global_id
from domain.language import Language, Phrase, text
from schema.values import Long


@strawberry.interface
class Problem:
    """An expected failure: its code, and what happened and what would be right."""

    code: str
    message: str


@strawberry.type
class BadInputProblem(Problem):
    """A field's value is impossible."""

    field_name: str = strawberry.field(name="field")
    value: str
    expected: str


@strawberry.type
class UnknownMeasureProblem(Problem):
    """No such measure; `nearest` are those that are written alike."""

    value: str
    nearest: list[str]


@strawberry.type
class StateRefusedProblem(Problem):
    """Not possible from the node's state; `allowed` are the actions that are."""

    node: str
    action: str
    state: str
    allowed: list[str]


@strawberry.type
class InUseProblem(Problem):
    """What is live refers to it: `users` are some of those nodes, `count` is how many there are."""

    node: str
    users: list[str]
    count: int


@strawberry.type
class RetiredProblem(Problem):
    """It is no longer in use, so nothing new may refer to it."""

    node: str


@strawberry.type
class AlreadyTakenProblem(Problem):
    """Another node has this code already."""

    field_name: str = strawberry.field(name="field")
    value: str
    node: str


@strawberry.type
class TermsOverlapProblem(Problem):
    """An alliance would have two chairs at one time; `node` is the other term."""

    node: str
    starts: str
    ends: str


@strawberry.type
class BadIdentifierProblem(Problem):
    """Not a global id of this hub, or of another type."""

    value: str
    expected: str


@strawberry.type
class NotFoundProblem(Problem):
    """No such node, or not for this caller."""

    kind: str = strawberry.field(name="type")
    id: str


@strawberry.type
class NotSignedInProblem(Problem):
    """The token is missing, expired or not ours."""

    reason: str


@strawberry.type
class ForbiddenProblem(Problem):
    """The account holds no role for this."""

    action: str


@strawberry.type
class TransitionRefusedProblem(Problem):
    """Not possible from this state; `allowed` are the actions that are."""

    action: str
    state: str
    allowed: list[str]


@strawberry.type
class NotThisSideProblem(Problem):
    """The other side has to take this step."""

    action: str


@strawberry.type
class QuantityExceededProblem(Problem):
    """More than is left, in the measure's smallest unit."""

    asked: Long
    left: Long
    measure: str
    node: str


@strawberry.type
class SlotUnavailableProblem(Problem):
    """No such slot, past, or taken."""

    slot: str
    node: str


@strawberry.type
class LotViolatedProblem(Problem):
    """The minimum lot would not hold."""

    asked: Long
    lot: Long
    left: Long


@strawberry.type
class PartnerLimitReachedProblem(Problem):
    """As many partners deal with an order or offer as may."""

    node: str
    limit: int


@strawberry.type
class MeasuresDifferProblem(Problem):
    """No exact rule between the two measures."""

    order_measure: str
    offer_measure: str


@strawberry.type
class BoundByPackageProblem(Problem):
    """What is in a package is not changed, or decided of, alone."""

    action: str


@strawberry.type
class SameSidesProblem(Problem):
    """Supplier and receiver are one agent."""

    agent: str


@strawberry.type
class NotClaimableProblem(Problem):
    """The offer or order is not open for claims."""

    node: str
    state: str


@strawberry.type
class HeldByClaimsProblem(Problem):
    """An edit would break these live claims."""

    node: str
    claims: list[str]


@strawberry.type
class TooManyOpenProblem(Problem):
    """The limit of open proposals of an agent."""

    agent: str
    limit: int


@strawberry.type
class MadeChange:
    """What somebody changed of a node: when, by which action, which fields."""

    at: datetime
    action: str
    fields: list[str]


@strawberry.type
class VersionConflictProblem(Problem):
    """Somebody else changed it first; `changes` are those since, newest first."""

    node: str
    expected: int = strawberry.field(
        deprecation_reason="Say expectedVersion: other problems of the same results have another "
        "kind of expected; works until 2027-06-01"
    )
    actual: int = strawberry.field(
        deprecation_reason="Say actualVersion; works until 2027-06-01",
    )
    changes: list[MadeChange] = strawberry.field(default_factory=list[MadeChange])

    @strawberry.field
    def expected_version(self) -> int:
        """The version that was said to be there."""
        return self.expected

    @strawberry.field
    def actual_version(self) -> int:
        """The version that is there."""
        return self.actual


@strawberry.type
class IdempotencyConflictProblem(Problem):
    """The key was used with another input."""

    key: str


@strawberry.type
class MatchingProblem(Problem):
    """A run cannot be made or used."""

    reason: str


@strawberry.type
class LastAdministratorProblem(Problem):
    """Nobody would be left who may do everything."""

    account: str = strawberry.field(
        deprecation_reason="Say node: a payload's account is the account itself; works until "
        "2027-06-01"
    )

    @strawberry.field
    def node(self) -> str:
        """The account of the last administrator."""
        return self.account


EntryProblem: TypeAlias = (
    BadInputProblem
    | BadIdentifierProblem
    | NotFoundProblem
    | NotSignedInProblem
    | ForbiddenProblem
    | IdempotencyConflictProblem
    | VersionConflictProblem
)
"""What any mutation may answer: input, identity, rights, repetition."""

ChangeProblem: TypeAlias = (
    EntryProblem
    | TermsOverlapProblem
    | UnknownMeasureProblem
    | StateRefusedProblem
    | HeldByClaimsProblem
    | InUseProblem
    | RetiredProblem
    | AlreadyTakenProblem
)
"""What a mutation of lists, offers, orders, agents, areas and categories may answer."""

AccountProblem: TypeAlias = EntryProblem | LastAdministratorProblem
"""What a mutation of accounts may answer."""

ClaimProblem: TypeAlias = (
    EntryProblem
    | TransitionRefusedProblem
    | NotThisSideProblem
    | QuantityExceededProblem
    | SlotUnavailableProblem
    | LotViolatedProblem
    | PartnerLimitReachedProblem
    | MeasuresDifferProblem
    | SameSidesProblem
    | BoundByPackageProblem
    | NotClaimableProblem
    | HeldByClaimsProblem
    | TooManyOpenProblem
)
"""What a mutation of claims may answer."""

MatchingRunProblem: TypeAlias = EntryProblem | MatchingProblem
"""What a mutation of matching runs may answer; endorsing adds `ClaimProblem`."""

AnyProblem: TypeAlias = ClaimProblem | ChangeProblem | MatchingProblem | LastAdministratorProblem

_PROBLEMS: dict[type[DomainError], type[AnyProblem]] = {
    errors.BadInput: BadInputProblem,
    errors.UnknownMeasure: UnknownMeasureProblem,
    errors.StateRefused: StateRefusedProblem,
    errors.InUse: InUseProblem,
    errors.Retired: RetiredProblem,
    errors.AlreadyTaken: AlreadyTakenProblem,
    errors.TermsOverlap: TermsOverlapProblem,
    errors.BadIdentifier: BadIdentifierProblem,
    errors.NotFound: NotFoundProblem,
    errors.NotSignedIn: NotSignedInProblem,
    errors.Forbidden: ForbiddenProblem,
    errors.TransitionRefused: TransitionRefusedProblem,
    errors.NotThisSide: NotThisSideProblem,
    errors.QuantityExceeded: QuantityExceededProblem,
    errors.SlotUnavailable: SlotUnavailableProblem,
    errors.LotViolated: LotViolatedProblem,
    errors.PartnerLimitReached: PartnerLimitReachedProblem,
    errors.MeasuresDiffer: MeasuresDifferProblem,
    errors.SameSides: SameSidesProblem,
    errors.BoundByPackage: BoundByPackageProblem,
    errors.NotClaimable: NotClaimableProblem,
    errors.HeldByClaims: HeldByClaimsProblem,
    errors.TooManyOpen: TooManyOpenProblem,
    errors.VersionConflict: VersionConflictProblem,
    errors.IdempotencyConflict: IdempotencyConflictProblem,
    errors.MatchingError: MatchingProblem,
    errors.LastAdministrator: LastAdministratorProblem,
}

_RENAMED = {"field": "field_name", "type": "kind"}


def problem_of(error: DomainError, language: Language) -> AnyProblem:
    """Return the problem that a domain error is; raises the error again when it is a fault.

    Every detail that the problem's type names has to be there; other details are only in the
    message.
    """
    problem = _PROBLEMS.get(type(error))
    if problem is None:
        raise error
    wanted = problem.__annotations__
    details: dict[str, Any] = {}
    for name, value in error.details.items():
        field = _RENAMED.get(name, name)
        if field in wanted:
            details[field] = _served(value, language)
    return problem(code=error.code, message=error.message(language), **details)


def _served(value: object, language: Language) -> object:
    match value:
        case Phrase():
            return text(value.key, language, **value.parameters)
        case list() | tuple():
            served = [_served(item, language) for item in cast("list[object]", value)]
            return [each if isinstance(each, MadeChange) else str(each) for each in served]
        case errors.PastChange():
            return MadeChange(at=cast("Any", value.at), action=value.action, fields=[*value.fields])
        case NodeReference():
            return global_id(value.kind, value)
        case int():
            return value
        case None:
            return "null"
        case _:
            return str(value)
