"""Many at once, in one process: exactly as many win as there is capacity."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Sequence
from datetime import UTC, datetime

import pytest

from domain.access import Viewer
from domain.claims import ClaimAction
from domain.errors import DomainError
from domain.holds import LineRequest
from domain.records import Claim
from domain.vocabulary import CapacityKind, Initiator
from graph.driver import Graph
from resolvers.claims import StepRequest, propose, take_step
from tests.graph.builders import Neighbourhood
from tests.graph.checking import check_holds
from tests.race.claimants import claimants

pytestmark = pytest.mark.anyio

CLAIMANTS = 64
SLOT = datetime(2026, 5, 9, 16, 0, tzinfo=UTC)


async def outcomes(attempts: Sequence[Awaitable[Claim]]) -> Counter[str]:
    """Run all at once; count the claims made and the codes of the refusals."""

    async def outcome(attempt: Awaitable[Claim]) -> str:
        try:
            await attempt
        except DomainError as error:
            return error.code
        return "CLAIMED"

    return Counter(await asyncio.gather(*map(outcome, attempts)))


@pytest.fixture(scope="module")
async def here(graph: Graph) -> Neighbourhood:
    return await Neighbourhood(graph).build()


@pytest.fixture(scope="module")
async def crowd(here: Neighbourhood) -> list[tuple[str, Viewer]]:
    return await claimants(here, CLAIMANTS)


@pytest.mark.parametrize(
    ("kind", "capacity", "winners", "refusal"),
    [
        (CapacityKind.TOTAL, 10, 10, "QUANTITY_EXCEEDED"),
        (CapacityKind.SHARED, 10, 10, "QUANTITY_EXCEEDED"),
        (CapacityKind.EXCLUSIVE, 10, 1, "SLOT_UNAVAILABLE"),
    ],
)
async def test_as_many_win_as_there_is_capacity(
    here: Neighbourhood,
    crowd: list[tuple[str, Viewer]],
    kind: CapacityKind,
    capacity: int,
    winners: int,
    refusal: str,
) -> None:
    offer = await here.offer(capacity_kind=kind, capacity=capacity)
    slot = None if kind is CapacityKind.TOTAL else SLOT
    counted = await outcomes(
        [
            propose(
                here.graph,
                viewer=viewer,
                initiator=Initiator.RECEIVER,
                receiver_id=unit_id,
                offer_id=offer.id,
                lines=[LineRequest(1, slot)],
                idempotency_key=offer.id,
                clock=here.clock,
            )
            for unit_id, viewer in crowd
        ]
    )
    assert counted == {"CLAIMED": winners, refusal: CLAIMANTS - winners}
    await check_holds(here.graph)


async def test_opposite_order_does_not_deadlock(here: Neighbourhood) -> None:
    orders = [await here.order(quantity=CLAIMANTS) for _ in range(2)]
    offers = [await here.offer(capacity=CLAIMANTS) for _ in range(2)]
    unit = here.viewer("unit")
    counted = await outcomes(
        [
            propose(
                here.graph,
                viewer=unit,
                initiator=Initiator.SUPPLIER,
                order_id=orders[index % 2].id,
                offer_id=offers[(index // 2) % 2].id,
                lines=[LineRequest(1)],
                idempotency_key=f"opposite {index}",
                clock=here.clock,
            )
            for index in range(24)
        ]
    )
    assert counted == {"CLAIMED": 24}
    await check_holds(here.graph)


async def test_a_hundred_calls_with_one_key_make_one_claim(here: Neighbourhood) -> None:
    order = await here.order(quantity=1000)
    made: list[Claim] = await asyncio.gather(
        *(
            propose(
                here.graph,
                viewer=here.viewer("school"),
                initiator=Initiator.SUPPLIER,
                supplier_id=here.id("school"),
                order_id=order.id,
                lines=[LineRequest(7)],
                idempotency_key="one",
                clock=here.clock,
            )
            for _ in range(100)
        )
    )
    assert len({claim.id for claim in made}) == 1
    assert (await check_holds(here.graph))[order.id] == 7


async def test_both_sides_at_once(here: Neighbourhood) -> None:
    """Accept against withdraw: one of the two happens, and the holds follow it."""
    for index in range(5):
        order = await here.order()
        claim = await propose(
            here.graph,
            viewer=here.viewer("unit"),
            initiator=Initiator.SUPPLIER,
            supplier_id=here.unit,
            order_id=order.id,
            lines=[LineRequest(5)],
            idempotency_key=f"both {index}",
            clock=here.clock,
        )
        counted = await outcomes(
            [
                take_step(
                    here.graph,
                    claim.id,
                    StepRequest(action=action),
                    viewer=here.viewer(name),
                    idempotency_key=f"both {index}",
                    clock=here.clock,
                )
                for name, action in (
                    ("community", ClaimAction.ACCEPT),
                    ("unit", ClaimAction.WITHDRAW),
                )
            ]
        )
        assert counted == {"CLAIMED": 1, "TRANSITION_REFUSED": 1}
        assert (await check_holds(here.graph))[order.id] in {0, 5}
