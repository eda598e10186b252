"""Lists, offers and orders through GraphQL: made, edited, reviewed, published, withdrawn."""

from datetime import date, timedelta
from typing import Any

import pytest

from domain.availability import WeeklyWindow
from domain.errors import PastChange
from domain.identity import global_id, new_id, parse_global_id
from domain.records import Category
from domain.vocabulary import ItemState, Role
from graph import nodes
from graph.driver import Graph, Transaction
from tests.graph.builders import NOW, Neighbourhood, dump, put
from tests.graph.events_of import events_of
from tests.graph.mutating import gid, mutate

pytestmark = pytest.mark.anyio

HALL = Category(
    id=new_id(), created_at=NOW, code="test_hall", name="礼堂", name_en="Hall", path="/test_hall/"
)
RETIRED = Category(
    id=new_id(), created_at=NOW, code="old", name="旧", name_en="Old", path="/old/", retired_at=NOW
)


@pytest.fixture(scope="module")
async def here(graph: Graph) -> Neighbourhood:
    found = await Neighbourhood(graph).build()
    await put(graph, [HALL, RETIRED])
    member = found.id("resident")
    await found.account("member", (Role.LIAISON, member))
    return found


async def listed(here: Neighbourhood, who: str = "unit") -> str:
    made = await mutate(
        here,
        who,
        "createResourceList",
        "version resourceList { id state }",
        issuerId=gid(here, "Unit", "unit"),
        title="2026",
        startsOn="2026-01-01",
        endsOn="2026-12-31",
    )
    assert made["resourceList"]["state"] == "DRAFT", made
    return made["resourceList"]["id"]


def new_offer(here: Neighbourhood, on: str | None) -> dict[str, Any]:
    return {
        "ownerId": gid(here, "Unit", "unit"),
        "categoryId": global_id("Category", HALL.id),
        "listId": on,
        "title": "大礼堂",
        "measure": "PERSON",
        "capacityKind": "EXCLUSIVE",
        "capacity": 50,
        "startsOn": "2026-01-01",
        "endsOn": "2026-12-31",
        "windows": [{"weekday": 6, "start": "09:00", "end": "10:00"}],
        "servesIds": [gid(here, "Area", "subdistrict")],
    }


def new_order(here: Neighbourhood) -> dict[str, Any]:
    return {
        "ownerId": gid(here, "Member", "resident"),
        "categoryId": global_id("Category", HALL.id),
        "title": "搬家具",
        "measure": "PERSON",
        "quantity": 2,
    }


async def test_a_title_of_a_persons_list_is_named_and_not_quoted(here: Neighbourhood) -> None:
    made = await mutate(
        here, "member", "createNeedList", "version needList { id }",
        issuerId=gid(here, "Member", "resident"), title="老李家的事",
    )  # fmt: skip
    on = made["needList"]["id"]
    await mutate(here, "member", "editNeedList", listId=on, title="老李的事")
    await mutate(here, "member", "publishNeedList", listId=on)
    await mutate(here, "member", "closeNeedList", listId=on)
    list_id = parse_global_id(on, ("NeedList",))[1]
    told = await events_of(here.graph, list_id)
    assert len(told) == 4
    assert [each.changes[list_id].get("title") for each in told] == [
        [None, None], [None, None], None, None,
    ]  # fmt: skip
    assert told[-1].changes[list_id]["state"] == ["PUBLISHED", "CLOSED"]


async def test_the_life_of_a_list_with_an_offer(here: Neighbourhood) -> None:
    on = await listed(here)
    made = await mutate(
        here,
        "unit",
        "createOffer",
        "version offer { id state timeZone windows { weekday start end } category { name } "
        "area { name } serves { nodes { name } } list { id } provider { ... on Unit { name } } }",
        **new_offer(here, on),
    )
    offer = made["offer"]
    assert offer["state"] == "DRAFT"
    assert offer["windows"] == [{"weekday": 6, "start": "09:00", "end": "10:00"}]
    assert (offer["category"]["name"], offer["area"]["name"]) == ("礼堂", "subdistrict")
    assert offer["serves"]["nodes"] == [{"name": "subdistrict"}]
    assert offer["list"] == {"id": on}
    edited = await mutate(
        here,
        "unit",
        "editOffer",
        "version offer { title description capacity area { name } serves { totalCount } }",
        offerId=offer["id"],
        expectedVersion=0,
        title="小礼堂",
        capacity=None,
        areaId=gid(here, "Area", "community"),
        servesIds=[],
    )
    assert edited["version"] == 1
    assert edited["offer"] == {
        "title": "小礼堂",
        "description": None,
        "capacity": None,
        "area": {"name": "community"},
        "serves": {"totalCount": 0},
    }
    title = await mutate(
        here, "unit", "editResourceList", "version resourceList { title endsOn }",
        listId=on, title="2026年", endsOn=None, expectedVersion=0,
    )  # fmt: skip
    assert title == {
        "__typename": "ResourceListPayload",
        "version": 1,
        "resourceList": {"title": "2026年", "endsOn": None},
    }
    published = await mutate(
        here, "unit", "publishResourceList",
        "version resourceList { state offers { nodes { state version } } }", listId=on,
    )  # fmt: skip
    assert published["resourceList"]["state"] == "PUBLISHED"
    assert published["resourceList"]["offers"]["nodes"] == [{"state": "OPEN", "version": 2}]
    closed = await mutate(
        here, "unit", "closeResourceList",
        "resourceList { state offers { nodes { state } } }", listId=on, expectedVersion=2,
    )  # fmt: skip
    assert closed["resourceList"]["offers"]["nodes"] == [{"state": "WITHDRAWN"}]
    refused = await mutate(here, "unit", "createOffer", **new_offer(here, on))
    assert (refused["code"], refused["state"]) == ("STATE_REFUSED", "CLOSED")


async def test_a_residents_order_is_reviewed(here: Neighbourhood) -> None:
    made = await mutate(
        here, "member", "createOrder", "order { id origin state }", **new_order(here)
    )
    order = made["order"]
    assert (order["origin"], order["state"]) == ("RESIDENT", "DRAFT")
    for who in ("unit", "village", "community"):
        answer = await mutate(here, who, "publishOrder", orderId=order["id"])
        assert answer["code"] == "NOT_FOUND"
    own = await mutate(here, "member", "publishOrder", orderId=order["id"])
    assert own["code"] == "FORBIDDEN"
    states: list[tuple[str, str, dict[str, Any], str]] = [
        ("member", "submitOrder", {}, "PENDING_REVIEW"),
        ("coordinator", "rejectOrder", {"note": "说明楼层"}, "REJECTED"),
        ("member", "editOrder", {"description": "三楼"}, "REJECTED"),
        ("member", "submitOrder", {}, "PENDING_REVIEW"),
        ("coordinator", "publishOrder", {}, "OPEN"),
        ("member", "withdrawOrder", {}, "WITHDRAWN"),
    ]
    for version, (who, field, given, state) in enumerate(states):
        answer = await mutate(
            here, who, field, "version order { state reviewNote }",
            orderId=order["id"], expectedVersion=version, **given,
        )  # fmt: skip
        assert answer["version"] == version + 1, answer
        assert answer["order"]["state"] == state
        note = "说明楼层" if state == "REJECTED" else None
        assert answer["order"]["reviewNote"] == note


async def test_who_may_not_changes_nothing(here: Neighbourhood) -> None:
    on = await listed(here)
    offer = (await mutate(here, "unit", "createOffer", "offer { id }", **new_offer(here, on)))[
        "offer"
    ]
    order = await here.order()
    order_id = global_id("DemandOrder", order.id)
    before = await dump(here.graph)
    tries: dict[str, dict[str, Any]] = {
        "createResourceList": {"issuerId": gid(here, "Unit", "unit"), "title": "x"},
        "createOffer": new_offer(here, on),
        "createOrder": new_order(here),
        "editResourceList": {"listId": on, "title": "x"},
        "publishResourceList": {"listId": on},
        "closeResourceList": {"listId": on},
        "editOffer": {"offerId": offer["id"], "title": "x"},
        "submitOffer": {"offerId": offer["id"]},
        "publishOffer": {"offerId": offer["id"]},
        "rejectOffer": {"offerId": offer["id"], "note": "x"},
        "withdrawOffer": {"offerId": offer["id"]},
        "editOrder": {"orderId": order_id, "title": "x"},
        "submitOrder": {"orderId": order_id},
        "rejectOrder": {"orderId": order_id, "note": "x"},
        "withdrawOrder": {"orderId": order_id},
    }
    for field, given in tries.items():
        for who in ("school", "village", "nobody", None):
            answer = await mutate(here, who, field, **given)
            expected = {"NOT_SIGNED_IN"} if who is None else {"FORBIDDEN", "NOT_FOUND"}
            assert answer["code"] in expected, (field, who, answer)
    assert await dump(here.graph) == before


async def test_problems_say_what_would_be_right(here: Neighbourhood) -> None:
    on = await listed(here)
    new = new_offer(here, on)
    before = await dump(here.graph)
    wrong: list[tuple[dict[str, Any], str, str]] = [
        ({"measure": "人次"}, "UNKNOWN_MEASURE", "PERSON_TIME"),
        ({"title": " "}, "BAD_INPUT", "title"),
        ({"capacity": 0}, "BAD_INPUT", "capacity"),
        ({"latitude": 31.2}, "BAD_INPUT", "longitude"),
        ({"endsOn": "2025-12-31"}, "BAD_INPUT", "endsOn"),
        ({"slotMinutes": 0}, "BAD_INPUT", "slotMinutes"),
        ({"windows": [{"weekday": 8, "start": "09:00", "end": "10:00"}]}, "BAD_INPUT", "windows"),
        ({"windows": [{"weekday": 1, "start": "9", "end": "10:00"}]}, "BAD_INPUT", "windows"),
        (
            {"windows": [{"weekday": 1, "start": "09:00", "end": "10:00"}] * 2},
            "BAD_INPUT",
            "windows",
        ),
        ({"listId": None}, "BAD_INPUT", "listId"),
        ({"ownerId": gid(here, "Unit", "school")}, "FORBIDDEN", ""),
        ({"categoryId": global_id("Category", "a" * 20)}, "NOT_FOUND", ""),
        ({"categoryId": global_id("Category", RETIRED.id)}, "RETIRED", RETIRED.id),
        ({"servesIds": [gid(here, "Unit", "unit")]}, "BAD_IDENTIFIER", ""),
    ]
    for changed, code, said in wrong:
        answer = await mutate(here, "unit", "createOffer", **(new | changed))
        assert answer["code"] == code, (changed, answer)
        shown = answer.get("field") or str(answer.get("nearest", "")) or ""
        assert said in shown or code == "RETIRED", answer
    assert await dump(here.graph) == before
    order = await here.order()
    order_id = global_id("DemandOrder", order.id)
    again = await dump(here.graph)
    edits: list[tuple[dict[str, Any], str]] = [
        ({"quantity": None}, "BAD_INPUT"),
        ({"title": None}, "BAD_INPUT"),
        ({"areaId": None}, "BAD_INPUT"),
        ({}, "BAD_INPUT"),
        ({"quantity": 5, "expectedVersion": 3}, "VERSION_CONFLICT"),
        ({"idempotencyKey": ""}, "BAD_INPUT"),
    ]
    for changed, code in edits:
        answer = await mutate(here, "community", "editOrder", **({"orderId": order_id} | changed))
        assert answer["code"] == code, (changed, answer)
    assert (await mutate(here, "community", "rejectOrder", orderId=order_id, note="x"))[
        "code"
    ] == "FORBIDDEN"
    refused = await mutate(here, "coordinator", "rejectOrder", orderId=order_id, note="x")
    assert (refused["code"], refused["action"]) == ("STATE_REFUSED", "REJECT")
    assert await dump(here.graph) == again


async def test_a_repeated_key_gives_the_same_result(here: Neighbourhood) -> None:
    order = await here.order()
    order_id = global_id("DemandOrder", order.id)

    async def once(quantity: int) -> dict[str, Any]:
        given: dict[str, Any] = {"orderId": order_id, "quantity": quantity}
        return await mutate(here, "community", "editOrder", idempotencyKey="once", **given)

    first = await once(5)
    await mutate(here, "community", "editOrder", orderId=order_id, quantity=6)
    before = await dump(here.graph)
    assert await once(5) == first
    other = await once(7)
    assert other["code"] == "IDEMPOTENCY_CONFLICT"
    assert await dump(here.graph) == before


async def test_an_earlier_deadline_shortens_proposals(here: Neighbourhood) -> None:
    order = await here.order()
    order_id = global_id("DemandOrder", order.id)
    made = await mutate(
        here, "unit", "proposeClaim", "claim { id expiresAt version }",
        initiator="SUPPLIER", orderId=order_id, supplierId=gid(here, "Unit", "unit"),
        lines=[{"quantity": 4}],
    )  # fmt: skip
    assert made["claim"]["expiresAt"].startswith("2026-05-07")
    await mutate(here, "community", "editOrder", orderId=order_id, deadline="2026-05-05")
    (event,) = await events_of(here.graph, order.id, "DemandOrder.EDIT")
    assert len(event.changes) == 2
    claim_id = made["claim"]["id"]
    shortened = await mutate(
        here, "unit", "amendClaim", "claim { id }", claimId=claim_id,
        lines=[{"quantity": 4}], version=0,
    )  # fmt: skip
    assert shortened["code"] == "VERSION_CONFLICT"
    here.clock.now = NOW + timedelta(days=2)
    gone = await mutate(here, "community", "acceptClaim", "claim { id }", claimId=claim_id)
    assert gone["code"] == "TRANSITION_REFUSED"
    here.clock.now = NOW + timedelta(days=2, hours=1)
    later = await mutate(
        here, "community", "editOrder", "order { state held }", orderId=order_id, deadline=None
    )
    assert later["order"] == {"state": ItemState.OPEN, "held": 0}
    here.clock.now = NOW


async def test_a_claim_that_does_not_suit_says_so(here: Neighbourhood) -> None:
    on = await listed(here)
    await mutate(here, "unit", "publishResourceList", listId=on)
    far = new_offer(here, on) | {"servesIds": [gid(here, "Area", "village")]}
    made = await mutate(here, "unit", "createOffer", "offer { id }", **far)
    offer = made["offer"]["id"]
    await mutate(here, "unit", "publishOffer", offerId=offer)
    order = await here.order(windows=(WeeklyWindow(7, 540, 600),), deadline=date(2026, 5, 8))
    claim = await mutate(
        here, "unit", "proposeClaim", "warnings", initiator="SUPPLIER",
        orderId=global_id("DemandOrder", order.id), offerId=offer,
        lines=[{"quantity": 4, "slot": "2026-05-09T09:00:00+08:00"}],
    )  # fmt: skip
    assert claim["warnings"] == ["OUTSIDE_SERVICE_AREA", "OUTSIDE_WINDOWS", "AFTER_DEADLINE"]
    alone = await mutate(
        here, "unit", "proposeClaim", "warnings", initiator="SUPPLIER",
        orderId=global_id("DemandOrder", (await here.order()).id),
        supplierId=gid(here, "Unit", "unit"), lines=[{"quantity": 4}],
    )  # fmt: skip
    assert alone["warnings"] == []


@pytest.mark.parametrize("kind", nodes.HISTORY)
async def test_the_history_of_every_kind_can_be_told(here: Neighbourhood, kind: str) -> None:
    order = await here.order()
    order_id = global_id("DemandOrder", order.id)
    await mutate(here, "community", "editOrder", orderId=order_id, quantity=7)
    await mutate(here, "community", "editOrder", orderId=order_id, quantity=8)

    async def work(transaction: Transaction) -> tuple[PastChange, ...]:
        return await nodes.changed_since(transaction, kind, order.id, 1)

    found = await here.graph.write(work)
    told = [(each.action, each.fields) for each in found]
    assert told == ([("DemandOrder.EDIT", ("quantity",))] if kind == "DemandOrder" else [])
