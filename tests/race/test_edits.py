"""Editors beside each other and beside claims: one wins, the others are told, holds stay right."""

import asyncio
import random
from collections import Counter
from collections.abc import Awaitable, Sequence
from typing import Any

import pytest

from domain.claims import ClaimAction
from domain.errors import DomainError
from domain.holds import LineRequest
from domain.identity import NodeReference, new_id
from domain.records import DemandOrder, ResourceOffer
from domain.vocabulary import Initiator, Selection
from graph.driver import Graph
from resolvers.agents import UNIT
from resolvers.changing import Changed
from resolvers.claims import StepRequest, propose, take_step
from resolvers.entities import edit
from resolvers.items import edit_item, publish_item, withdraw_item
from resolvers.trees import move_area
from tests.graph.builders import Neighbourhood
from tests.graph.checking import check_holds, check_states

pytestmark = pytest.mark.anyio

EDITORS = 8
STEPS = 60
"""Edits, claims and steps of one run; about half are refused."""


@pytest.fixture(scope="module")
async def here(graph: Graph) -> Neighbourhood:
    return await Neighbourhood(graph).build()


async def outcomes(attempts: Sequence[Awaitable[Changed]]) -> Counter[str]:
    async def outcome(attempt: Awaitable[Changed]) -> str:
        try:
            await attempt
        except DomainError as error:
            return error.code
        return "DONE"

    return Counter(await asyncio.gather(*map(outcome, attempts)))


async def test_of_many_editors_of_one_version_one_wins(here: Neighbourhood) -> None:
    order = await here.order()
    editors = ("community", "coordinator")
    counted = await outcomes(
        [
            edit_item(
                here.graph,
                DemandOrder,
                order.id,
                {"quantity": 20 + index},
                here.request(editors[index % 2], 0),
            )
            for index in range(EDITORS)
        ]
    )
    assert counted == {"DONE": 1, "VERSION_CONFLICT": EDITORS - 1}
    counted = await outcomes(
        [
            edit(here.graph, UNIT, here.unit, {"address": str(index)}, {}, here.request("unit", 0))
            for index in range(EDITORS)
        ]
    )
    assert counted == {"DONE": 1, "VERSION_CONFLICT": EDITORS - 1}


async def test_two_areas_never_move_below_each_other(here: Neighbourhood) -> None:
    community, village = here.community, here.id("village")
    ends = [(community, village), (village, community)]
    counted = await outcomes(
        [
            move_area(here.graph, one, NodeReference("Area", other), here.request("admin"))
            for one, other in ends
        ]
    )
    assert counted == {"BAD_INPUT": 2}


@pytest.mark.parametrize("seed", range(2))
async def test_random_edits_under_live_claims_keep_the_invariants(
    here: Neighbourhood, seed: int
) -> None:
    chance = random.Random(seed)
    orders = [await here.order(selection=each) for each in Selection]
    offers = [await here.offer(selection=each) for each in Selection]
    claims: list[str] = []

    async def claim() -> None:
        made = await propose(
            here.graph,
            viewer=here.viewer("unit"),
            initiator=Initiator.SUPPLIER,
            order_id=chance.choice(orders).id,
            offer_id=chance.choice(offers).id,
            lines=[LineRequest(chance.randint(1, 6))],
            idempotency_key=new_id(),
            clock=here.clock,
        )
        claims.append(made.id)

    async def step() -> None:
        who, action = chance.choice(
            [
                ("community", ClaimAction.ACCEPT),
                ("unit", ClaimAction.WITHDRAW),
                ("unit", ClaimAction.RETURN),
                ("unit", ClaimAction.DELIVER),
                ("community", ClaimAction.COMPLETE),
            ]
        )
        request = StepRequest(action=action, reason="a reason", evidence="a picture")
        await take_step(
            here.graph,
            chance.choice(claims),
            request,
            viewer=here.viewer(who),
            idempotency_key=new_id(),
            clock=here.clock,
        )

    async def change() -> None:
        kind, item, who = chance.choice(
            [
                *((DemandOrder, each, "community") for each in orders),
                *((ResourceOffer, each, "unit") for each in offers),
            ]
        )
        size = "quantity" if kind is DemandOrder else "capacity"
        changes: list[dict[str, Any]] = [
            {size: chance.randint(1, 15)},
            {"selection": chance.choice(list(Selection))},
            {"measure": chance.choice(["PERSON", "HOUSEHOLD", "PERSON"])},
        ]
        if kind is DemandOrder:
            changes.append({"minimum_lot": chance.randint(1, 4)})
        await edit_item(here.graph, kind, item.id, chance.choice(changes), here.request(who))

    async def turn() -> None:
        order = chance.choice(orders)
        use_case = chance.choice([withdraw_item, publish_item])
        await use_case(here.graph, DemandOrder, order.id, here.request("community"))

    done = 0
    for _ in range(STEPS):
        what = chance.choice([claim, claim, step, change, change, turn])
        if what is step and not claims:
            continue
        try:
            await what()
        except DomainError:
            continue
        done += 1
    assert done > STEPS // 4
    await check_holds(here.graph)
    await check_states(here.graph, here.clock(), {offer.id for offer in offers})
