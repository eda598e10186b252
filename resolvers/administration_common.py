"""What the use cases of accounts share: turns, whom the caller may know and act on, one event.

They take turns, so that the last administrator cannot be removed by two at once; rights are judged
by the grants that the caller holds in the transaction.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from domain.access import Viewer
from domain.administration import (
    AccountFile,
    PlacedGrant,
    administers,
    check_period,
    leaves_administrators,
    may_give,
    sees_account,
)
from domain.claims import ClaimPolicy
from domain.errors import Forbidden, LastAdministrator, NotFound
from domain.hub_records import Account, Grant
from domain.identity import NodeReference
from graph import accounts, administration
from graph.driver import Graph, Transaction
from graph.events import Changes, changes_between, event, write_event
from graph.idempotency import Repeatable
from resolvers.accounts import GrantRequest, check_scope
from resolvers.changing import Request
from resolvers.claims_common import Call, caller_of, fresh_viewer, run_write

POLICY = ClaimPolicy()
"""Of which only counts how long keys are kept."""


@dataclass(frozen=True, slots=True)
class Turn:
    """A transaction of somebody who may be allowed to do something."""

    transaction: Transaction
    viewer: Viewer
    now: datetime

    async def account(self, account_id: str) -> AccountFile:
        """Return an account that the caller may know of. Raises NotFound."""
        found = (await administration.read_accounts(self.transaction, account_id)).get(account_id)
        if found is None or not sees_account(self.viewer, found):
            raise NotFound(type="Account", id=NodeReference("Account", account_id))
        return found

    async def administered(self, account_id: str, action: str) -> AccountFile:
        """Return an account that the caller administers. Raises NotFound, Forbidden."""
        found = await self.account(account_id)
        if not administers(self.viewer, found, self.now):
            raise Forbidden(action=action)
        return found

    async def give(self, account_id: str, request: GrantRequest, grant: Grant) -> Changes:
        """Write a grant that the caller may give. Raises BadInput, NotFound, Forbidden."""
        check_scope(request)
        check_period(grant.valid_from, grant.valid_until, self.now, None)
        exists, path = await administration.path_of(
            self.transaction, request.area_id, request.agent_id
        )
        if not exists:
            raise NotFound(
                type="Area" if request.area_id else "Agent", id=request.area_id or request.agent_id
            )
        if not may_give(self.viewer, request.role, path):
            raise Forbidden(action="GRANT_GIVE")
        await accounts.write_grant(
            self.transaction,
            account_id,
            grant,
            area_id=request.area_id,
            agent_id=request.agent_id,
            granted_by=self.viewer.account_id,
        )
        return {grant.id: changes_between(None, grant)}

    async def end(self, ended: Sequence[PlacedGrant]) -> Changes:
        """Let grants end now."""
        await administration.end_grants(
            self.transaction, (placed.grant.id for placed in ended), self.now
        )
        return {
            placed.grant.id: changes_between(
                placed.grant, replace(placed.grant, valid_until=self.now)
            )
            for placed in ended
        }


async def update(turn: Turn, before: Account, after: Account) -> Changes:
    """Write an account as it is now."""
    await administration.update_account(turn.transaction, after)
    return {after.id: changes_between(before, after)}


async def run(
    graph: Graph,
    request: Request,
    action: str,
    given: Mapping[str, Any],
    work: Callable[[Turn], Awaitable[tuple[str, Changes]]],
) -> str:
    """Run a use case that gives the id of a node, once per key, with its one event.

    What changes nothing has no event.
    """
    account_id = caller_of(request.viewer)
    call = Call(
        account_id=account_id,
        write=Repeatable(account_id, action, request.idempotency_key, given),
        now=request.now,
        token=request.ids(),
        event_id=request.ids(),
        policy=POLICY,
    )

    async def once(transaction: Transaction) -> str:
        await administration.take_turn(transaction, call.token)
        viewer = await fresh_viewer(transaction, account_id, call.now)
        before = await administration.administrators(transaction)
        node_id, changes = await work(Turn(transaction, viewer, call.now))
        _check_administrators(before, await administration.administrators(transaction), call.now)
        if changes:
            written = event(call.event_id, call.now, account_id, action, changes)
            await write_event(transaction, written)
        return node_id

    async def recall(_: Transaction, kept: Mapping[str, Any]) -> str:
        return str(kept["id"])

    return await run_write(graph, call, once, lambda node_id: {"id": node_id}, recall)


def _check_administrators(
    before: Sequence[tuple[str, PlacedGrant]],
    after: Sequence[tuple[str, PlacedGrant]],
    now: datetime,
) -> None:
    """Refuse to take the last ADMIN away. Raises LastAdministrator."""
    held = [placed for _, placed in before]
    if not before or leaves_administrators(held, [placed for _, placed in after], now):
        return
    remaining = {holder for holder, placed in after if placed.in_force(now)}
    lost = next((holder for holder, _ in before if holder not in remaining), before[0][0])
    raise LastAdministrator(account=NodeReference("Account", lost))
