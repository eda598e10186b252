"""The sweep over claims of which one cannot be read."""

from datetime import timedelta

import pytest
from structlog.testing import capture_logs

from domain.vocabulary import ClaimState
from graph.driver import Graph, Transaction
from graph.statements import CompiledStatement, Statement
from resolvers.claims_sweep import sweep_expired
from tests.graph.builders import Neighbourhood
from tests.graph.claim_lives import Lives

pytestmark = pytest.mark.anyio

STATES = CompiledStatement("MATCH (c:Claim) RETURN c.id AS id, c.state AS state")
SPOIL = Statement("test.spoil", "MATCH (c:Claim {id: $id}) SET c.initiator = 'NOBODY'", writes=True)


async def test_a_claim_that_cannot_be_swept_stops_no_other(graph: Graph) -> None:
    here = await Neighbourhood(graph).build()
    lives = Lives(here)
    claims = [await lives.live(ClaimState.PROPOSED) for _ in range(3)]
    spoilt, *sound = sorted(claim.id for claim in claims)

    async def spoil(transaction: Transaction) -> None:
        await transaction.run(SPOIL, id=spoilt)

    await graph.write(spoil)
    here.clock.now += timedelta(days=15)
    with capture_logs() as logged:
        assert await sweep_expired(graph, clock=here.clock, policy=lives.policy) == len(sound)
    states = {row["id"]: row["state"] for row in await graph.read(STATES)}
    assert states == {spoilt: "PROPOSED"} | dict.fromkeys(sound, "EXPIRED")
    assert [entry["claim"] for entry in logged] == [spoilt]
