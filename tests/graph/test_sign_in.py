"""Signing in: whom an issuer's word is taken for, once; and what is no longer good."""

import asyncio
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from domain.access import VISITOR, HeldGrant
from domain.errors import NotSignedIn
from domain.hub_records import Account, Grant
from domain.identity import new_id
from domain.sign_in import Identity, IdentityKind, email_id, key_revocation_id, token_revocation_id
from domain.vocabulary import Role
from graph import accounts, sign_in
from graph.driver import Graph, Transaction
from resolvers.sign_in import account_of_subject, forget_ended, revoke
from server import callers as callers_module
from server.callers import Callers
from server.issuer import Issuer, IssuerPolicy
from server.tokens import Tokens
from tests.graph.builders import NOW, Ticking, dump
from tests.http.issuing import AUDIENCE, fake_issuer

pytestmark = pytest.mark.anyio
HOUR = timedelta(hours=1)


async def account(graph: Graph, email: str | None = None, *, active: bool = True) -> str:
    """Add an account that coordinates everything, invited by an address."""
    made = Account(id=new_id(), created_at=NOW, name="somebody", active=active)
    grant = Grant(id=new_id(), created_at=NOW, role=Role.APP, valid_from=NOW)

    async def work(transaction: Transaction) -> None:
        await accounts.write_account(transaction, made)
        await accounts.write_grant(transaction, made.id, grant)
        if email:
            invitation = Identity(id=email_id(email), created_at=NOW, kind=IdentityKind.EMAIL)
            await sign_in.write_identity(transaction, made.id, invitation)

    await graph.write(work)
    return made.id


async def subject(graph: Graph, name: str, email: str | None, issuer: str = "https://i") -> str:
    return await account_of_subject(
        graph, issuer=issuer, subject=name, email=email, clock=Ticking()
    )


async def test_an_invitation_is_for_the_first_who_comes_with_its_address(graph: Graph) -> None:
    invited = await account(graph, "Li@Example.org")
    assert await subject(graph, "li", " li@EXAMPLE.org") == invited
    assert await subject(graph, "li", None) == invited
    assert await subject(graph, "li", "changed@example.org") == invited
    before = await dump(graph)
    for other in (("wang", "li@example.org"), ("wang", None), ("li2", "nobody@example.org")):
        with pytest.raises(NotSignedIn):
            await subject(graph, *other)
    with pytest.raises(NotSignedIn):
        await subject(graph, "li", None, "https://another")
    assert await dump(graph) == before


async def test_many_who_come_at_once_are_one_account_and_one_identity(graph: Graph) -> None:
    invited = await account(graph, "race@example.org")
    names = [f"racer{number % 4}" for number in range(12)]
    found = await asyncio.gather(
        *(subject(graph, name, "race@example.org") for name in names), return_exceptions=True
    )
    let_in = {name for name, each in zip(names, found, strict=True) if each == invited}
    assert len(let_in) == 1
    assert all(each == invited or isinstance(each, NotSignedIn) for each in found)


async def test_nobody_becomes_an_account_that_is_closed(graph: Graph) -> None:
    await account(graph, "closed@example.org", active=False)
    before = await dump(graph)
    with pytest.raises(NotSignedIn):
        await subject(graph, "closed", "closed@example.org")
    assert await dump(graph) == before


async def test_a_revoked_token_and_a_revoked_key_end_within_seconds(
    graph: Graph, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(callers_module, "VIEWER_LIFETIME", timedelta(0))
    tokens = Tokens("\n".join(("a" * 64, "b" * 64)))
    older = Tokens("b" * 64)
    callers = Callers(graph, tokens, lambda: datetime.now(UTC))
    holder = await account(graph)

    def signed(by: Tokens = tokens) -> str:
        return by.sign(holder, now=datetime.now(UTC), lifetime=HOUR)

    first, second, third = signed(), signed(), signed(older)
    for token in (first, second, third):
        assert (await callers.viewer(token)).grants == (HeldGrant(Role.APP),)
    for revocation in (
        token_revocation_id(tokens.check(first).token_id),
        key_revocation_id(tokens.check(third).key_id),
    ):
        for _ in range(2):
            await revoke(
                graph,
                revocation,
                actor=holder,
                until=NOW + HOUR,
                clock=Ticking(),
                event_id=new_id(),
            )
    assert (await callers.viewer(second)).account_id == holder
    for token in (first, third):
        with pytest.raises(NotSignedIn, match="吊销"):
            await callers.viewer(token)
    await forget_ended(graph, clock=lambda: NOW + HOUR / 2)
    with pytest.raises(NotSignedIn):
        await callers.viewer(first)
    await forget_ended(graph, clock=lambda: NOW + 2 * HOUR)
    assert (await callers.viewer(first)).account_id == holder


async def test_callers_are_known_by_the_issuers_tokens_and_by_our_own(
    graph: Graph, monkeypatch: pytest.MonkeyPatch
) -> None:
    invited = await account(graph, "known@example.org")
    async with fake_issuer() as fake, httpx.AsyncClient(trust_env=False) as client:
        issuer = Issuer(IssuerPolicy(issuer=fake.address, audience=AUDIENCE), client)
        tokens = Tokens("k" * 64)
        callers = Callers(graph, tokens, lambda: datetime.now(UTC), issuer)
        bearer = fake.token(sub="known", email="known@example.org", email_verified=True)
        assert (await callers.viewer_of_header(f"Bearer {bearer}")).account_id == invited
        own = tokens.sign(invited, now=datetime.now(UTC), lifetime=HOUR)
        assert (await callers.viewer_of_header(f"bearer {own}")).account_id == invited
        assert await callers.viewer_of_header(None) == VISITOR
        # Neither who signs nor who is named can be played off against the other.
        for confused in (
            fake.token(iss="renling", sub=invited),
            tokens.sign(invited, now=datetime.now(UTC), lifetime=HOUR, session_id="s"),
            fake.token(sub=invited),
            fake.token(sub="known", aud="renling"),
            "noise",
        ):
            with pytest.raises(NotSignedIn):
                await callers.viewer(confused)
        for header in ("Basic abc", "Bearer", "Bearer "):
            with pytest.raises(NotSignedIn):
                await callers.viewer_of_header(header)
        await issuer.close()
