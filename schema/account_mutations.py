"""Mutations of accounts: invite, grant, revoke, suspend, deputies, hand over.

Every input carries an idempotency key: the same key with the same input gives the same node again.
"""

from datetime import datetime
from typing import Annotated

import strawberry

from domain.identity import NodeReference
from domain.vocabulary import Role
from resolvers import administration, deputies
from resolvers.accounts import GrantRequest
from resolvers.administration import Invited
from schema.changes import INPUT, ChangeInput, answer, request_of
from schema.context import Info
from schema.ids import AGENTS, optional_uid, uid
from schema.problems import AccountProblem
from schema.resolve import read_node
from schema.types.accounts import Account, Deputyship, Grant


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


@strawberry.input
class GrantInput:
    """A role: for an area (COORDINATOR, LOADER), an agent (LIAISON, MEMBER) or everything."""

    role: Role
    area_id: strawberry.ID | None = None
    agent_id: strawberry.ID | None = None
    valid_from: datetime | None = None
    valid_until: datetime | None = None


@strawberry.input
class InviteAccountInput(ChangeInput):
    """Whom to invite, by which address or subject they sign in, and what they are to hold."""

    name: str
    email: str | None = None
    subject: str | None = None
    language: str | None = None
    grants: list[GrantInput] = strawberry.field(default_factory=list[GrantInput])


@strawberry.input
class GrantRoleInput(GrantInput, ChangeInput):
    """Which account is to hold which role."""

    account_id: strawberry.ID


@strawberry.input
class RevokeGrantInput(ChangeInput):
    """Which grant ends now."""

    grant_id: strawberry.ID


@strawberry.input
class AccountInput(ChangeInput):
    """Which account."""

    account_id: strawberry.ID


@strawberry.input
class UpdateAccountInput(AccountInput):
    """What is to change of an account; nothing changes where nothing is said."""

    name: str | None = None
    language: str | None = None


@strawberry.input
class AppointDeputyInput(ChangeInput):
    """Who acts for an account (one's own, where none is named), from when to when."""

    deputy_id: strawberry.ID
    valid_until: datetime
    valid_from: datetime | None = None
    account_id: strawberry.ID | None = None


@strawberry.input
class EndDeputyshipInput(ChangeInput):
    """Which deputyship ends now."""

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


async def _invite(info: Info, given: InviteAccountInput) -> AccountPayload:
    invited = Invited(
        name=given.name,
        email=given.email,
        issuer=info.context.issuer,
        subject=given.subject,
        language=given.language,
    )
    grants = [_asked(each) for each in given.grants]
    request = request_of(info, given)
    account_id = await administration.invite(info.context.graph, request, invited, grants)
    return AccountPayload(account_id=account_id)


async def _update(info: Info, given: UpdateAccountInput) -> AccountPayload:
    account_id = await administration.update_account(
        info.context.graph,
        request_of(info, given),
        uid(given.account_id, "Account"),
        name=given.name,
        language=given.language,
    )
    return AccountPayload(account_id=account_id)


async def _set_active(info: Info, given: AccountInput, *, active: bool) -> AccountPayload:
    account_id = await administration.set_active(
        info.context.graph,
        request_of(info, given),
        uid(given.account_id, "Account"),
        active=active,
    )
    return AccountPayload(account_id=account_id)


async def _hand_over(info: Info, given: HandOverAccountInput) -> AccountPayload:
    account_id = await deputies.hand_over(
        info.context.graph,
        request_of(info, given),
        uid(given.account_id, "Account"),
        uid(given.successor_id, "Account"),
    )
    return AccountPayload(account_id=account_id)


async def _grant(info: Info, given: GrantRoleInput) -> GrantPayload:
    grant_id = await administration.give_grant(
        info.context.graph,
        request_of(info, given),
        uid(given.account_id, "Account"),
        _asked(given),
    )
    return GrantPayload(grant_id=grant_id)


async def _revoke(info: Info, given: RevokeGrantInput) -> GrantPayload:
    grant_id = await administration.revoke_grant(
        info.context.graph, request_of(info, given), uid(given.grant_id, "Grant")
    )
    return GrantPayload(grant_id=grant_id)


async def _appoint(info: Info, given: AppointDeputyInput) -> DeputyshipPayload:
    request = request_of(info, given)
    own = NodeReference("Account", request.viewer.account_id or "")
    deputyship_id = await deputies.appoint_deputy(
        info.context.graph,
        request,
        optional_uid(given.account_id, "Account") or own,
        uid(given.deputy_id, "Account"),
        valid_from=given.valid_from,
        valid_until=given.valid_until,
    )
    return DeputyshipPayload(deputyship_id=deputyship_id)


async def _end(info: Info, given: EndDeputyshipInput) -> DeputyshipPayload:
    deputyship_id = await deputies.end_deputyship(
        info.context.graph, request_of(info, given), uid(given.deputyship_id, "Deputyship")
    )
    return DeputyshipPayload(deputyship_id=deputyship_id)


@strawberry.type
class AccountMutations:
    """Accounts, grants and deputies."""

    @strawberry.mutation
    async def invite_account(
        self, info: Info, given: Annotated[InviteAccountInput, INPUT]
    ) -> AccountResult:
        """Add an account with its grants; it is bound at the first sign-in, once."""
        return await answer(info, _invite(info, given))

    @strawberry.mutation
    async def update_account(
        self, info: Info, given: Annotated[UpdateAccountInput, INPUT]
    ) -> AccountResult:
        """Change an account's name or language."""
        return await answer(info, _update(info, given))

    @strawberry.mutation
    async def suspend_account(
        self, info: Info, given: Annotated[AccountInput, INPUT]
    ) -> AccountResult:
        """Let an account sign in no more; its grants stay."""
        return await answer(info, _set_active(info, given, active=False))

    @strawberry.mutation
    async def reactivate_account(
        self, info: Info, given: Annotated[AccountInput, INPUT]
    ) -> AccountResult:
        """Let a suspended account sign in again."""
        return await answer(info, _set_active(info, given, active=True))

    @strawberry.mutation
    async def grant_role(self, info: Info, given: Annotated[GrantRoleInput, INPUT]) -> GrantResult:
        """Give an account a role for a part of the graph and a period."""
        return await answer(info, _grant(info, given))

    @strawberry.mutation
    async def revoke_grant(
        self, info: Info, given: Annotated[RevokeGrantInput, INPUT]
    ) -> GrantResult:
        """End a grant now."""
        return await answer(info, _revoke(info, given))

    @strawberry.mutation
    async def appoint_deputy(
        self, info: Info, given: Annotated[AppointDeputyInput, INPUT]
    ) -> DeputyshipResult:
        """Let an account act for another one for a period; the history says both."""
        return await answer(info, _appoint(info, given))

    @strawberry.mutation
    async def end_deputyship(
        self, info: Info, given: Annotated[EndDeputyshipInput, INPUT]
    ) -> DeputyshipResult:
        """End a deputyship now."""
        return await answer(info, _end(info, given))

    @strawberry.mutation
    async def hand_over_account(
        self, info: Info, given: Annotated[HandOverAccountInput, INPUT]
    ) -> AccountResult:
        """Give all that an account holds to a successor, and suspend it."""
        return await answer(info, _hand_over(info, given))
