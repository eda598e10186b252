"""Steps of the claims of one package at once: confirmed as a whole, or ended as a whole."""

import asyncio
from collections.abc import Awaitable, Sequence

import pytest

from domain.claims import ClaimAction
from domain.errors import DomainError
from domain.records import Claim
from graph.driver import Graph
from tests.graph.checking import check_holds
from tests.graph.matching_market import Market
from tests.graph.packaging import Circle

pytestmark = pytest.mark.anyio


@pytest.fixture
async def circle(graph: Graph) -> Circle:
    return await Circle(await Market(graph).open()).build({})


async def all_at_once(attempts: Sequence[Awaitable[Claim]]) -> list[str]:
    """Return what became of each: DONE, or the code with which it was refused."""

    async def outcome(attempt: Awaitable[Claim]) -> str:
        try:
            await attempt
        except DomainError as error:
            return error.code
        return "DONE"

    return list(await asyncio.gather(*map(outcome, attempts)))


async def test_the_last_acceptances_at_once_confirm_all(circle: Circle) -> None:
    """Every side of every claim accepts at once: each is done, and one of them confirms all."""
    package = await circle.proposed()
    claims = await circle.claims(package)
    sides = [
        (giver, who)
        for giver, receiver in (("unit", "school"), ("school", "community"), ("community", "unit"))
        for who in (giver, receiver)
    ]
    done = await all_at_once(
        [circle.step(who, claims[giver], ClaimAction.ACCEPT) for giver, who in sides]
    )
    assert done == ["DONE"] * 6
    assert await circle.states(package) == {"CONFIRMED"}
    assert (await circle.now(package))[0].state == "CONFIRMED"
    held = await check_holds(circle.graph)
    assert {held[item.id] for item in circle.offers.values()} == {10}


async def test_the_last_acceptance_against_a_withdrawal_has_one_of_two_outcomes(
    circle: Circle,
) -> None:
    for _ in range(3):
        package = await circle.proposed()
        claims = await circle.claims(package)
        for giver in ("unit", "school"):
            await circle.accept(package, giver)
        await circle.accept(package, "community", all_but="unit")
        done = await all_at_once(
            [
                circle.step("unit", claims["community"], ClaimAction.ACCEPT),
                circle.step("coordinator", claims["unit"], ClaimAction.WITHDRAW),
            ]
        )
        states, held = await circle.states(package), await check_holds(circle.graph)
        taken = {held[item.id] for item in circle.offers.values()}
        if states == {"CONFIRMED"}:
            assert (done, taken) == (["DONE", "TRANSITION_REFUSED"], {10})
            return
        assert (done, taken) == (["TRANSITION_REFUSED", "DONE"], {0})
        assert states == {"WITHDRAWN"}
        assert (await circle.now(package))[0].state == "ENDED"


async def test_acceptances_against_a_refusal_confirm_nothing(circle: Circle) -> None:
    package = await circle.proposed()
    claims = await circle.claims(package)
    await circle.accept(package, "school")
    await circle.accept(package, "community", all_but="unit")
    done = await all_at_once(
        [
            circle.step("unit", claims["community"], ClaimAction.ACCEPT),
            circle.step("unit", claims["unit"], ClaimAction.ACCEPT),
            circle.step("school", claims["unit"], ClaimAction.DECLINE),
        ]
    )
    assert done[2] == "DONE"
    assert set(done) <= {"DONE", "TRANSITION_REFUSED"}
    assert await circle.states(package) == {"DECLINED", "WITHDRAWN"}
    assert (await circle.now(package))[0].state == "ENDED"
    held = await check_holds(circle.graph)
    assert {held[item.id] for item in circle.offers.values()} == {0}
