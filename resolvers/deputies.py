"""Deputies, and handing over when somebody leaves."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime

from domain.administration import (
    LONGEST_DEPUTYSHIP,
    AccountFile,
    PlacedGrant,
    check_period,
    may_appoint,
    may_end_deputyship,
    sees_account,
)
from domain.errors import BadInput, Forbidden, NotFound
from domain.hub_records import Deputyship
from domain.identity import NodeReference
from domain.language import Phrase
from domain.vocabulary import Role
from graph import administration
from graph.driver import Graph
from graph.events import ChangedFields, Changes, changes_between
from resolvers.accounts import GrantRequest
from resolvers.administration_common import Turn, run, update
from resolvers.changing import Request


async def appoint_deputy(
    graph: Graph,
    request: Request,
    account_id: str,
    deputy_id: str,
    *,
    valid_from: datetime | None,
    valid_until: datetime,
) -> str:
    """Let an account act for another one for a period; return the deputyship's id.

    As oneself, or as who administers the account; a deputy appoints none. Raises BadInput,
    Forbidden, NotFound, NotSignedIn, IdempotencyConflict.
    """
    now = request.now
    made = Deputyship(
        id=request.ids(), created_at=now, valid_from=valid_from or now, valid_until=valid_until
    )

    async def work(turn: Turn) -> tuple[str, Changes]:
        file = await turn.account(account_id)
        if not may_appoint(turn.viewer, file, turn.now):
            raise Forbidden(action="DEPUTY_APPOINT")
        check_period(made.valid_from, made.valid_until, now, LONGEST_DEPUTYSHIP)
        found = await administration.read_accounts(turn.transaction, deputy_id)
        if deputy_id not in found:
            raise NotFound(type="Account", id=NodeReference("Account", deputy_id))
        if deputy_id == account_id or not found[deputy_id].account.active:
            expected = Phrase("expected.active_account")
            raise BadInput(field="deputyId", value="", expected=expected)
        await administration.write_deputyship(turn.transaction, account_id, deputy_id, made)
        return made.id, {made.id: changes_between(None, made)}

    given = {
        "account": account_id,
        "deputy": deputy_id,
        "from": valid_from and valid_from.isoformat(),
        "until": valid_until.isoformat(),
    }
    return await run(graph, request, "DEPUTY_APPOINT", given, work)


async def end_deputyship(graph: Graph, request: Request, deputyship_id: str) -> str:
    """End a deputyship now, as either of the two or as who administers the account.

    Raises Forbidden, NotFound, NotSignedIn, IdempotencyConflict.
    """

    async def work(turn: Turn) -> tuple[str, Changes]:
        found = await administration.deputyship(turn.transaction, deputyship_id)
        missing = NotFound(type="Deputyship", id=NodeReference("Deputyship", deputyship_id))
        if found is None:
            raise missing
        account_id, deputy_id, deputyship = found
        file = (await administration.read_accounts(turn.transaction, account_id))[account_id]
        if not may_end_deputyship(turn.viewer, file, deputy_id, turn.now):
            if not sees_account(turn.viewer, file):
                raise missing
            raise Forbidden(action="DEPUTY_END")
        return deputyship_id, await _end_deputyships(turn, [deputyship])

    return await run(graph, request, "DEPUTY_END", {"deputyship": deputyship_id}, work)


async def hand_over(graph: Graph, request: Request, account_id: str, successor_id: str) -> str:
    """Give all that an account holds to a successor, and suspend it; return its id.

    All grants but that of being a person (MEMBER), and the proposals that it has started. Its
    deputies, and what it is deputy of, end. Raises LastAdministrator, BadInput, Forbidden,
    NotFound, NotSignedIn, IdempotencyConflict.
    """

    async def work(turn: Turn) -> tuple[str, Changes]:
        file = await turn.administered(account_id, "ACCOUNT_HAND_OVER")
        successor = await turn.account(successor_id)
        if successor_id == account_id or not successor.account.active:
            expected = Phrase("expected.active_account")
            raise BadInput(field="successorId", value="", expected=expected)
        if turn.viewer.account_id == successor_id and not turn.viewer.is_admin:
            raise Forbidden(action="ACCOUNT_HAND_OVER")
        changes = await _give_over(turn, file, successor, request.ids)
        changes |= await turn.end(file.living(turn.now))
        running = await administration.deputyships_of(turn.transaction, account_id)
        changes |= await _end_deputyships(turn, running)
        claim_ids = await administration.open_claims_of(turn.transaction, account_id)
        await administration.take_claims_over(turn.transaction, claim_ids, account_id, successor_id)
        for claim_id in claim_ids:
            moved = {"initiatedBy": [account_id, successor_id]}
            changes[claim_id] = ChangedFields("Claim", moved)
        closed = replace(file.account, active=False)
        if file.account.active:
            changes |= await update(turn, file.account, closed)
        return account_id, changes

    given = {"account": account_id, "successor": successor_id}
    return await run(graph, request, "ACCOUNT_HAND_OVER", given, work)


async def _give_over(
    turn: Turn, file: AccountFile, successor: AccountFile, ids: Callable[[], str]
) -> Changes:
    """Give the successor what it does not hold yet."""
    held = {_what(placed) for placed in successor.living(turn.now)}
    changes: Changes = {}
    for placed in file.living(turn.now):
        if placed.grant.role is Role.MEMBER or _what(placed) in held:
            continue
        begins = max(turn.now, placed.grant.valid_from)
        grant = replace(placed.grant, id=ids(), created_at=turn.now, valid_from=begins)
        request = GrantRequest(placed.grant.role, placed.area_id, placed.agent_id)
        changes |= await turn.give(successor.account.id, request, grant)
    return changes


def _what(placed: PlacedGrant) -> tuple[Role, str | None, str | None, datetime | None]:
    return placed.grant.role, placed.area_id, placed.agent_id, placed.grant.valid_until


async def _end_deputyships(turn: Turn, found: Sequence[Deputyship]) -> Changes:
    living = [each for each in found if each.valid_until > max(turn.now, each.valid_from)]
    await administration.end_deputyships(turn.transaction, (each.id for each in living), turn.now)
    return {each.id: changes_between(each, replace(each, valid_until=turn.now)) for each in living}
