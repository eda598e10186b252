"""Codes that sign in once, and sessions whose refresh tokens are good once."""

import asyncio
from datetime import timedelta

import pytest

from domain.errors import NotSignedIn
from domain.hub_records import Account
from domain.identity import new_id
from graph import accounts
from graph.driver import Graph
from resolvers.sessions import OpenSession, begin, end, make_code, refresh
from resolvers.sign_in import forget_ended, is_revoked
from tests.graph.builders import NOW, Ticking, dump

pytestmark = pytest.mark.anyio
DAY = timedelta(days=1)


async def account(graph: Graph, *, active: bool = True) -> str:
    made = Account(id=new_id(), created_at=NOW, name="somebody", active=active)
    await graph.write(lambda transaction: accounts.write_account(transaction, made))
    return made.id


async def ended(graph: Graph, session: OpenSession) -> bool:
    return await is_revoked(graph, token_id="", key_id="", session_id=session.session_id)


async def test_a_code_signs_in_once(graph: Graph) -> None:
    clock = Ticking()
    holder = await account(graph)
    code = await make_code(graph, holder, clock=clock)
    typed = f" {code.upper().replace('-', ' ')} "
    session = await begin(graph, lifetime=DAY, code=typed, clock=clock)
    assert session.account_id == holder
    late = await make_code(graph, holder, lifetime=timedelta(seconds=1), clock=lambda: NOW)
    before = await dump(graph)
    for bad in (code, "", "abcd-efgh-ijkl-mnop", late):
        with pytest.raises(NotSignedIn):
            await begin(graph, lifetime=DAY, code=bad, clock=lambda: NOW + timedelta(hours=1))
    assert await dump(graph) == before


async def test_one_of_many_who_use_a_code_at_once_is_let_in(graph: Graph) -> None:
    clock = Ticking()
    code = await make_code(graph, await account(graph), clock=clock)
    found = await asyncio.gather(
        *(begin(graph, lifetime=DAY, code=code, clock=clock) for _ in range(8)),
        return_exceptions=True,
    )
    assert sum(isinstance(each, OpenSession) for each in found) == 1
    assert sum(isinstance(each, NotSignedIn) for each in found) == 7


async def test_a_closed_account_begins_nothing(graph: Graph) -> None:
    clock = Ticking()
    closed = await account(graph, active=False)
    code = await make_code(graph, closed, clock=clock)
    before = await dump(graph)
    with pytest.raises(NotSignedIn):
        await begin(graph, lifetime=DAY, code=code, clock=clock)
    with pytest.raises(NotSignedIn):
        await begin(graph, lifetime=DAY, account_id=closed, clock=clock)
    assert await dump(graph) == before


async def test_each_refresh_gives_the_next_token_and_an_older_one_ends_all(graph: Graph) -> None:
    clock = Ticking()
    first = await begin(graph, lifetime=DAY, account_id=await account(graph), clock=clock)
    second = await refresh(graph, str(first.refresh_token), clock=clock)
    third = await refresh(graph, str(second.refresh_token), clock=clock)
    assert len({first.refresh_token, second.refresh_token, third.refresh_token}) == 3
    # Two tabs at once: the one before is forgiven, and gives nothing to refresh with.
    tab = await refresh(graph, str(second.refresh_token), clock=clock)
    assert (tab.account_id, tab.refresh_token) == (first.account_id, None)
    clock.forward(seconds=11)
    assert not await ended(graph, third)
    with pytest.raises(NotSignedIn):
        await refresh(graph, str(second.refresh_token), clock=clock)
    assert await ended(graph, third)
    with pytest.raises(NotSignedIn):
        await refresh(graph, str(third.refresh_token), clock=clock)


async def test_the_very_first_token_ends_the_session_even_at_once(graph: Graph) -> None:
    clock = Ticking()
    first = await begin(graph, lifetime=DAY, account_id=await account(graph), clock=clock)
    second = await refresh(graph, str(first.refresh_token), clock=clock)
    third = await refresh(graph, str(second.refresh_token), clock=clock)
    with pytest.raises(NotSignedIn):
        await refresh(graph, str(first.refresh_token), clock=clock)
    assert await ended(graph, third)


async def test_a_session_ends_by_signing_out_and_by_its_time(graph: Graph) -> None:
    clock = Ticking()
    holder = await account(graph)
    left = await begin(graph, lifetime=DAY, account_id=holder, clock=clock)
    stays = await begin(graph, lifetime=DAY, account_id=holder, clock=clock)
    before = await dump(graph)
    await end(graph, f"{left.session_id}.guessed", clock=clock)
    await end(graph, "unknown.guessed", clock=clock)
    assert await dump(graph) == before
    await end(graph, str(left.refresh_token), clock=clock)
    after = await dump(graph)
    await end(graph, str(left.refresh_token), clock=clock)
    assert await dump(graph) == after
    assert await ended(graph, left)
    assert not await ended(graph, stays)
    with pytest.raises(NotSignedIn):
        await refresh(graph, str(left.refresh_token), clock=clock)
    clock.forward(days=2)
    with pytest.raises(NotSignedIn):
        await refresh(graph, str(stays.refresh_token), clock=clock)
    await forget_ended(graph, clock=clock)
    assert not any("Session" in line[0] for line in await dump(graph))
