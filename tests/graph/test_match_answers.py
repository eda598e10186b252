"""Answers to proposals as the weights are learnt from: what was taken, declined, left open."""

import pytest

from domain.claims import ClaimAction
from domain.errors import Forbidden
from graph.driver import Graph
from matching.model import PartName
from resolvers.claims import StepRequest, take_step
from resolvers.match_answers import past_answers
from resolvers.matching import endorse_proposals, proposals_of_run
from resolvers.proposals import reject_proposal
from tests.graph.matching_market import Market

pytestmark = pytest.mark.anyio


async def test_answers_are_what_was_taken_and_what_was_not(graph: Graph) -> None:
    market = await Market(graph).open()
    here = market.here
    rejected, taken, declined, waiting = [await market.order(quantity=5) for _ in range(4)]
    await market.offer("unit", capacity=20)
    run = await market.run()
    rows = {row.order_id: row for row in await proposals_of_run(graph, run.id)}
    await reject_proposal(
        graph,
        viewer=here.viewer("coordinator"),
        proposal_id=rows[rejected.id].proposal.id,
        idempotency_key="reject",
        clock=here.clock,
    )
    claims = {
        row.order_id: found.claim
        for row in rows.values()
        if row.order_id != rejected.id
        for found in await endorse_proposals(
            graph,
            viewer=here.viewer("coordinator"),
            proposal_ids=[row.proposal.id],
            idempotency_key=row.order_id,
            clock=here.clock,
        )
        if found.claim is not None
    }
    assert set(claims) == {taken.id, declined.id, waiting.id}
    for order, action, who in (
        (taken, ClaimAction.ACCEPT, "unit"),
        (taken, ClaimAction.ACCEPT, "community"),
        (declined, ClaimAction.DECLINE, "unit"),
    ):
        await take_step(
            graph,
            claims[order.id].id,
            StepRequest(action=action, reason="busy"),
            viewer=here.viewer(who),
            idempotency_key=f"{order.id}{who}",
            clock=here.clock,
        )
    answers = await past_answers(
        graph, viewer=here.viewer("coordinator"), area_id=here.id("subdistrict"), clock=here.clock
    )
    assert {answer.group: answer.accepted for answer in answers} == {
        rejected.id: False,
        taken.id: True,
        declined.id: False,
    }
    assert all(set(answer.values) == set(PartName) for answer in answers)
    with pytest.raises(Forbidden):
        await past_answers(
            graph, viewer=here.viewer("unit"), area_id=here.id("subdistrict"), clock=here.clock
        )
