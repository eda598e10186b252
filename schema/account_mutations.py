"""Mutations of accounts: invite, grant, revoke, suspend, deputies, hand over.

Every input carries an idempotency key: the same key with the same input gives the same node again.
"""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Annotated, TypeAlias, TypeVar, cast

import strawberry

from domain.errors import DomainError
from domain.identity import NodeReference
from domain.vocabulary import Role
from resolvers import administration, deputies
from resolvers.accounts import GrantRequest
from resolvers.administration import Invited
from resolvers.administration_common import Request
from schema.context import Info
from schema.ids import optional_uid, uid
from schema.problems import AccountProblem, problem_of
from schema.resolve import read_node
from schema.types.accounts import Account, Deputyship, Grant

AGENTS = ("Unit", "PartyBranch", "Member", "Area")
INPUT = strawberry.argument(name="input")
Payload = TypeVar("Payload")


@strawberry.type
class AccountPayload:
    """The account after the change."""

    account_id: strawberry.Private[str]

    @strawberry.field
    async def account(self, info: Info) -> Account | None:
        """The account, read by this field's own selection."""
        return await read_node(info, "Account", self.account_id)


@strawberry.type
class GrantPayload:
    """The grant after the change."""

    grant_id: strawberry.Private[str]

    @strawberry.field
    async def grant(self, info: Info) -> Grant | None:
        """The grant, read by this field's own selection."""
        return await read_node(info, "Grant", self.grant_id)


@strawberry.type
class DeputyshipPayload:
    """The deputyship after the change."""

    deputyship_id: strawberry.Private[str]

    @strawberry.field
    async def deputyship(self, info: Info) -> Deputyship | None:
        """The deputyship, read by this field's own selection."""
        return await read_node(info, "Deputyship", self.deputyship_id)


AccountResult = Annotated[AccountPayload | AccountProblem, strawberry.union("AccountResult")]
GrantResult = Annotated[GrantPayload | AccountProblem, strawberry.union("GrantResult")]
DeputyshipResult = Annotated[
    DeputyshipPayload | AccountProblem, strawberry.union("DeputyshipResult")
]
Made: TypeAlias = Callable[[Request], Awaitable[str]]


@strawberry.input
class GrantInput:
    """A role: for an area (COORDINATOR, LOADER), an agent (LIAISON, MEMBER) or everything."""

    role: Role
    area_id: strawberry.ID | None = None
    agent_id: strawberry.ID | None = None
    valid_from: datetime | None = None
    valid_until: datetime | None = None


@strawberry.input
class InviteAccountInput:
    """Whom to invite, by which address or subject they sign in, and what they are to hold."""

    idempotency_key: str
    name: str
    email: str | None = None
    subject: str | None = None
    language: str | None = None
    grants: list[GrantInput] = strawberry.field(default_factory=list[GrantInput])


@strawberry.input
class GrantRoleInput(GrantInput):
    """Which account is to hold which role."""

    account_id: strawberry.ID
    idempotency_key: str


@strawberry.input
class RevokeGrantInput:
    """Which grant ends now."""

    idempotency_key: str
    grant_id: strawberry.ID


@strawberry.input
class AccountInput:
    """Which account."""

    idempotency_key: str
    account_id: strawberry.ID


@strawberry.input
class UpdateAccountInput(AccountInput):
    """What is to change of an account; nothing changes where nothing is said."""

    name: str | None = None
    language: str | None = None


@strawberry.input
class AppointDeputyInput:
    """Who acts for an account (one's own, where none is named), from when to when."""

    idempotency_key: str
    deputy_id: strawberry.ID
    valid_until: datetime
    valid_from: datetime | None = None
    account_id: strawberry.ID | None = None


@strawberry.input
class EndDeputyshipInput:
    """Which deputyship ends now."""

    idempotency_key: str
    deputyship_id: strawberry.ID


@strawberry.input
class HandOverAccountInput(AccountInput):
    """Which account's grants and open proposals go to whom."""

    successor_id: strawberry.ID


def _asked(given: GrantInput) -> GrantRequest:
    return GrantRequest(
        role=given.role,
        area_id=optional_uid(given.area_id, "Area"),
        agent_id=optional_uid(given.agent_id, *AGENTS),
        valid_from=given.valid_from,
        valid_until=given.valid_until,
    )


async def _answer(
    info: Info, key: str, payload: Callable[[str], Payload], make: Made
) -> Payload | AccountProblem:
    """Run a use case that gives the id of a node, and answer with it or with the problem."""
    context = info.context
    try:
        request = Request(
            viewer=context.viewer, idempotency_key=key, now=context.clock(), ids=context.ids
        )
        return payload(await make(request))
    except DomainError as error:
        # Accounts raise no error of claims or matching.
        return cast("AccountProblem", problem_of(error, context.language))


def _account(node_id: str) -> AccountPayload:
    return AccountPayload(account_id=node_id)


def _grant(node_id: str) -> GrantPayload:
    return GrantPayload(grant_id=node_id)


def _deputyship(node_id: str) -> DeputyshipPayload:
    return DeputyshipPayload(deputyship_id=node_id)


@strawberry.type
class AccountMutations:
    """Accounts, grants and deputies."""

    @strawberry.mutation
    async def invite_account(
        self, info: Info, given: Annotated[InviteAccountInput, INPUT]
    ) -> AccountResult:
        """Add an account with its grants; it is bound at the first sign-in, once."""

        async def make(request: Request) -> str:
            invited = Invited(
                name=given.name,
                email=given.email,
                issuer=info.context.issuer,
                subject=given.subject,
                language=given.language,
            )
            grants = [_asked(each) for each in given.grants]
            return await administration.invite(info.context.graph, request, invited, grants)

        return await _answer(info, given.idempotency_key, _account, make)

    @strawberry.mutation
    async def update_account(
        self, info: Info, given: Annotated[UpdateAccountInput, INPUT]
    ) -> AccountResult:
        """Change an account's name or language."""

        async def make(request: Request) -> str:
            return await administration.update_account(
                info.context.graph,
                request,
                uid(given.account_id, "Account"),
                name=given.name,
                language=given.language,
            )

        return await _answer(info, given.idempotency_key, _account, make)

    @strawberry.mutation
    async def suspend_account(
        self, info: Info, given: Annotated[AccountInput, INPUT]
    ) -> AccountResult:
        """Let an account sign in no more; its grants stay."""

        async def make(request: Request) -> str:
            account_id = uid(given.account_id, "Account")
            return await administration.set_active(
                info.context.graph, request, account_id, active=False
            )

        return await _answer(info, given.idempotency_key, _account, make)

    @strawberry.mutation
    async def reactivate_account(
        self, info: Info, given: Annotated[AccountInput, INPUT]
    ) -> AccountResult:
        """Let a suspended account sign in again."""

        async def make(request: Request) -> str:
            account_id = uid(given.account_id, "Account")
            return await administration.set_active(
                info.context.graph, request, account_id, active=True
            )

        return await _answer(info, given.idempotency_key, _account, make)

    @strawberry.mutation
    async def grant_role(self, info: Info, given: Annotated[GrantRoleInput, INPUT]) -> GrantResult:
        """Give an account a role for a part of the graph and a period."""

        async def make(request: Request) -> str:
            account_id = uid(given.account_id, "Account")
            return await administration.give_grant(
                info.context.graph, request, account_id, _asked(given)
            )

        return await _answer(info, given.idempotency_key, _grant, make)

    @strawberry.mutation
    async def revoke_grant(
        self, info: Info, given: Annotated[RevokeGrantInput, INPUT]
    ) -> GrantResult:
        """End a grant now."""

        async def make(request: Request) -> str:
            grant_id = uid(given.grant_id, "Grant")
            return await administration.revoke_grant(info.context.graph, request, grant_id)

        return await _answer(info, given.idempotency_key, _grant, make)

    @strawberry.mutation
    async def appoint_deputy(
        self, info: Info, given: Annotated[AppointDeputyInput, INPUT]
    ) -> DeputyshipResult:
        """Let an account act for another one for a period; the history says both."""

        async def make(request: Request) -> str:
            own = NodeReference("Account", request.viewer.account_id or "")
            return await deputies.appoint_deputy(
                info.context.graph,
                request,
                optional_uid(given.account_id, "Account") or own,
                uid(given.deputy_id, "Account"),
                valid_from=given.valid_from,
                valid_until=given.valid_until,
            )

        return await _answer(info, given.idempotency_key, _deputyship, make)

    @strawberry.mutation
    async def end_deputyship(
        self, info: Info, given: Annotated[EndDeputyshipInput, INPUT]
    ) -> DeputyshipResult:
        """End a deputyship now."""

        async def make(request: Request) -> str:
            deputyship_id = uid(given.deputyship_id, "Deputyship")
            return await deputies.end_deputyship(info.context.graph, request, deputyship_id)

        return await _answer(info, given.idempotency_key, _deputyship, make)

    @strawberry.mutation
    async def hand_over_account(
        self, info: Info, given: Annotated[HandOverAccountInput, INPUT]
    ) -> AccountResult:
        """Give all that an account holds to a successor, and suspend it."""

        async def make(request: Request) -> str:
            return await deputies.hand_over(
                info.context.graph,
                request,
                uid(given.account_id, "Account"),
                uid(given.successor_id, "Account"),
            )

        return await _answer(info, given.idempotency_key, _account, make)
