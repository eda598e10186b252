"""Free slots of offers beside real claims: what lapses, what is chosen, who asks."""

from datetime import datetime
from typing import Any

import pytest

from domain.availability import WeeklyWindow
from domain.claims import ClaimAction
from domain.holds import LineRequest
from domain.identity import global_id
from domain.records import ResourceOffer
from domain.vocabulary import CapacityKind, Initiator, ItemState, Selection
from graph.driver import Graph
from tests.graph.asking_both_ways import answer, data
from tests.graph.builders import Neighbourhood
from tests.graph.claim_lives import Lives

pytestmark = pytest.mark.anyio

QUERY = """query ($id: ID!, $from: Date = "2026-05-09", $to: Date = "2026-05-10") {
  offer(id: $id) { freeSlots(from: $from, to: $to) { startsAt left } }
}"""
SATURDAY, SUNDAY = "2026-05-09T01:00:00.000000Z", "2026-05-10T01:00:00.000000Z"
WINDOWS = (WeeklyWindow(6, 540, 660), WeeklyWindow(7, 540, 660))


@pytest.fixture
async def here(graph: Graph) -> Neighbourhood:
    return await Neighbourhood(graph).build()


async def free(
    here: Neighbourhood,
    offer: ResourceOffer,
    who: str | None = None,
    **variables: Any,
) -> dict[str, int | None] | None:
    given = {"id": global_id("ResourceOffer", offer.id), **variables}
    found = (await data(here, who, QUERY, given))["offer"]
    return found and {slot["startsAt"]: slot["left"] for slot in found["freeSlots"]}


def saturday(quantity: int) -> LineRequest:
    return LineRequest(quantity, datetime.fromisoformat(SATURDAY))


@pytest.mark.parametrize(
    ("kind", "held"),
    [
        (CapacityKind.SHARED, {SATURDAY: 6, SUNDAY: 10}),
        (CapacityKind.EXCLUSIVE, {SUNDAY: 10}),
    ],
)
async def test_a_slot_is_taken_until_its_claim_lapses(
    here: Neighbourhood, kind: CapacityKind, held: dict[str, int]
) -> None:
    lives = Lives(here)
    offer = await here.offer(capacity_kind=kind, windows=WINDOWS)
    whole = {SATURDAY: 10, SUNDAY: 10}
    assert await free(here, offer) == whole
    claim = await lives.propose(
        "community",
        Initiator.RECEIVER,
        saturday(4),
        offer_id=offer.id,
        receiver_id=here.community,
    )
    assert await free(here, offer) == held
    here.clock.now = claim.expires_at
    # Nobody has written EXPIRED yet.
    assert await free(here, offer) == whole


async def test_what_is_left_of_a_total(here: Neighbourhood) -> None:
    lives = Lives(here)
    offer = await here.offer()
    start = "2026-05-08T16:00:00.000000Z"
    assert await free(here, offer) == {start: 10}
    first, second = [
        await lives.propose(
            "community",
            Initiator.RECEIVER,
            quantity,
            offer_id=offer.id,
            receiver_id=here.community,
        )
        for quantity in (3, 4)
    ]
    assert await free(here, offer) == {start: 3}
    await lives.step(first, "unit", ClaimAction.ACCEPT)
    here.clock.now = second.expires_at
    assert await free(here, offer) == {start: 7}


async def test_proposals_hold_nothing_where_the_owner_chooses(here: Neighbourhood) -> None:
    lives = Lives(here)
    offer = await here.offer(
        capacity_kind=CapacityKind.SHARED, windows=WINDOWS, selection=Selection.CHOOSE
    )
    claims = [
        await lives.propose(
            "community",
            Initiator.RECEIVER,
            saturday(4),
            offer_id=offer.id,
            receiver_id=here.community,
        )
        for _ in range(2)
    ]
    assert await free(here, offer) == {SATURDAY: 10, SUNDAY: 10}
    await lives.step(claims[0], "unit", ClaimAction.ACCEPT)
    here.clock.now = claims[1].expires_at
    assert await free(here, offer) == {SATURDAY: 6, SUNDAY: 10}


async def test_an_offer_that_may_not_be_seen_has_no_slots_to_see(here: Neighbourhood) -> None:
    offer = await here.offer(state=ItemState.DRAFT)
    assert await free(here, offer, None) is None
    assert await free(here, offer, "community") is None
    assert await free(here, offer, "unit") == {}


async def test_a_range_that_is_not_possible_is_an_error(here: Neighbourhood) -> None:
    offer = await here.offer(
        capacity_kind=CapacityKind.SHARED, windows=(WeeklyWindow(6, 0, 1440),), slot_minutes=1
    )
    given = {"id": global_id("ResourceOffer", offer.id)}
    for dates in (
        {"from": "2026-05-10", "to": "2026-05-09"},
        {"from": "2026-05-09", "to": "2027-05-09"},
        {"from": "2026-05-09", "to": "2026-05-09"},
    ):
        response = await answer(here, None, QUERY, given | dates)
        (error,) = response["errors"]
        assert error["extensions"]["code"] == "BAD_INPUT"
        assert error["extensions"]["field"] == "to"
        assert response["data"] == {"offer": None}
