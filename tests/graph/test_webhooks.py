"""Webhooks as their accounts make and change them: whose they are, and what stays secret."""

import asyncio
from contextlib import aclosing
from dataclasses import replace
from typing import Any

import orjson
import pytest

from domain.hub_records import Webhook
from domain.identity import global_id, parse_global_id
from domain.webhooks import Outcome, delivered
from graph import leases, webhooks
from graph.driver import Graph
from graph.event_numbers import standing
from resolvers.event_feed import EventFeed, number_waiting
from resolvers.persons import erase_person, export_person
from schema.execution import Executor
from schema.streams import Streams
from schema.values import Long
from tests.graph import mutating
from tests.graph.asking_both_ways import data
from tests.graph.builders import Neighbourhood, dump
from tests.graph.mutating import SCHEMA, calling, mutate
from tests.receiving import KEY, ways

pytestmark = pytest.mark.anyio

URL = "https://receiver.example/hook?token=kqz"
MADE = "version secret webhook { id state url kinds deliveredNumber area { id } }"
NOW_IS = "webhook { state version attempts deliveredNumber formerSecretUntil }"
EXECUTOR = Executor(SCHEMA)


@pytest.fixture(scope="module")
async def here(graph: Graph) -> Neighbourhood:
    return await Neighbourhood(graph).build()


async def made(here: Neighbourhood, who: str, **given: object) -> tuple[str, str]:
    """Return the id and the secret of a new webhook of an account."""
    done = await mutate(here, who, "createWebhook", MADE, url=URL, **given)
    assert done["__typename"] == "WebhookSecretPayload", done
    return done["webhook"]["id"], done["secret"]


async def read(here: Neighbourhood, who: str | None, webhook_id: str) -> object:
    """Return a webhook as somebody reads it."""
    query = """query($id: ID!) {
      webhook(id: $id) { url } webhooks { nodes { id account { id } } }
    }"""
    answer = await EXECUTOR.answer(query, {"id": webhook_id}, None, await calling(here, who))
    data: dict[str, Any] = orjson.loads(answer.body)["data"]
    listed = any(each["id"] == webhook_id for each in data["webhooks"]["nodes"])
    assert (data["webhook"] is not None) == listed
    return data["webhook"]


async def test_a_webhook_is_its_accounts_and_its_secret_is_told_once(
    here: Neighbourhood, graph: Graph
) -> None:
    given = {
        "idempotencyKey": "mine",
        "kinds": ["CLAIM_ACCEPT", "CLAIM_ACCEPT"],
        "areaId": global_id("Area", here.subdistrict),
    }
    first = await mutate(here, "unit", "createWebhook", MADE, url=URL, **given)
    assert first["secret"].startswith("whsec_")
    assert first["webhook"]["kinds"] == ["CLAIM_ACCEPT"]
    assert first["webhook"]["area"]["id"] == given["areaId"]
    assert await mutate(here, "unit", "createWebhook", MADE, url=URL, **given) == first
    webhook_id = first["webhook"]["id"]
    for who in ("unit", "admin"):
        assert await read(here, who, webhook_id) == {"url": URL}
    for who in ("school", "both", "coordinator", "nobody", None):
        assert await read(here, who, webhook_id) is None
    everything = str(await dump(graph))
    assert first["secret"] not in everything
    assert KEY not in everything
    again = await mutate(here, "unit", "rotateWebhookSecret", MADE, id=webhook_id)
    assert again["secret"] not in {None, first["secret"]}
    told = await mutate(here, "unit", "createWebhook", MADE, url=URL, **given)
    assert told["secret"] is None
    await mutate(here, "unit", "deleteWebhook", "deletedId", id=webhook_id)


async def test_who_sees_no_events_has_no_webhooks(here: Neighbourhood, graph: Graph) -> None:
    before = await dump(graph)
    for who, code in (("nobody", "FORBIDDEN"), (None, "NOT_SIGNED_IN")):
        refused = await mutate(here, who, "createWebhook", url=URL)
        assert refused["code"] == code
    assert await dump(graph) == before


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("url", "http://receiver.example/"),
        ("url", "ftp://receiver.example/"),
        ("url", "https://name:word@receiver.example/"),
        ("url", "https://receiver.example/#part"),
        ("url", "https://10.0.0.1/"),
        ("url", "https://[::ffff:192.168.1.1]/"),
        ("url", "https://169.254.169.254/latest/meta-data/"),
        ("url", "https://"),
        ("kinds", ["no kind"]),
        ("kinds", [f"KIND_{letter}{other}" for letter in "abcdefgh" for other in "abcdefgh"]),
        ("after", Long(10**9)),
        ("description", "long" * 100),
    ],
)
async def test_what_cannot_be_is_refused(
    here: Neighbourhood, graph: Graph, field: str, value: object
) -> None:
    before = await dump(graph)
    given = {"url": URL, field: value}
    mutating.WAYS = ways(networks=())
    try:
        refused = await mutate(here, "unit", "createWebhook", **given)
    finally:
        mutating.WAYS = ways()
    assert (refused["code"], refused["field"]) == ("BAD_INPUT", field)
    assert await dump(graph) == before


async def test_an_account_has_so_many_webhooks_at_most(here: Neighbourhood) -> None:
    mutating.WAYS = ways(most_per_account=2)
    try:
        for _ in range(2):
            await made(here, "branch")
        refused = await mutate(here, "branch", "createWebhook", url=URL)
    finally:
        mutating.WAYS = ways()
    assert (refused["field"], refused["expected"]) == ("webhooks", "<= 2")


async def test_a_webhook_is_changed_paused_and_taken_up_again(here: Neighbourhood) -> None:
    webhook_id, _ = await made(here, "coordinator")
    area = global_id("Area", here.community)
    edited = await mutate(
        here, "coordinator", "editWebhook", "webhook { url description kinds area { id } version }",
        id=webhook_id, expectedVersion=0, description="ours", kinds=["CLAIM_ACCEPT"], areaId=area,
    )  # fmt: skip
    assert edited["webhook"] == {
        "url": URL, "description": "ours", "kinds": ["CLAIM_ACCEPT"], "area": {"id": area},
        "version": 1,
    }  # fmt: skip
    conflict = await mutate(
        here, "coordinator", "editWebhook", id=webhook_id, expectedVersion=0, url=URL + "2"
    )
    assert (conflict["code"], conflict["actual"]) == ("VERSION_CONFLICT", 1)
    wide = await mutate(
        here, "coordinator", "editWebhook", "webhook { kinds area { id } }",
        id=webhook_id, kinds=None, areaId=None,
    )  # fmt: skip
    assert wide["webhook"] == {"kinds": [], "area": None}
    paused = await mutate(here, "coordinator", "pauseWebhook", NOW_IS, id=webhook_id)
    assert (paused["webhook"]["state"], paused["webhook"]["version"]) == ("PAUSED", 3)
    again = await mutate(here, "coordinator", "pauseWebhook", NOW_IS, id=webhook_id)
    assert again["webhook"]["version"] == 3
    resumed = await mutate(here, "coordinator", "resumeWebhook", NOW_IS, id=webhook_id)
    assert (resumed["webhook"]["state"], resumed["webhook"]["version"]) == ("ACTIVE", 4)
    replayed = await mutate(here, "coordinator", "replayWebhook", NOW_IS, id=webhook_id, after=0)
    assert replayed["webhook"]["deliveredNumber"] == 0
    ahead = await mutate(here, "coordinator", "replayWebhook", id=webhook_id, after=10**9)
    assert ahead["code"] == "BAD_INPUT"
    elsewhere = await mutate(
        here, "coordinator", "editWebhook", id=webhook_id, areaId=global_id("Area", here.id("gone"))
    )
    assert elsewhere["code"] == "NOT_FOUND"


async def test_administrators_may_stop_a_webhook_and_no_more(
    here: Neighbourhood, graph: Graph
) -> None:
    webhook_id, _ = await made(here, "school")
    before = await dump(graph)
    others: list[tuple[str, dict[str, object]]] = [
        ("editWebhook", {"description": "x"}),
        ("resumeWebhook", {}),
        ("replayWebhook", {"after": 0}),
        ("rotateWebhookSecret", {}),
    ]
    for field, given in others:
        assert (await mutate(here, "admin", field, id=webhook_id, **given))["code"] == "FORBIDDEN"
    everything = [*others, ("pauseWebhook", {}), ("deleteWebhook", {}), ("testWebhook", {})]
    for field, given in everything:
        refused = await mutate(here, "unit", field, "__typename", id=webhook_id, **given)
        assert refused["code"] == "NOT_FOUND", field
    refused = await mutate(here, "admin", "testWebhook", "__typename", id=webhook_id)
    assert refused["code"] == "FORBIDDEN"
    assert await dump(graph) == before
    paused = await mutate(here, "admin", "pauseWebhook", NOW_IS, id=webhook_id)
    assert paused["webhook"]["state"] == "PAUSED"
    gone = await mutate(here, "admin", "deleteWebhook", "deletedId", id=webhook_id)
    assert gone["deletedId"] == webhook_id
    assert await read(here, "school", webhook_id) is None


async def numbered(graph: Graph) -> None:
    while (await standing(graph, "tests")).waiting:
        await number_waiting(graph, "tests")


async def test_the_history_of_a_webhook_is_its_accounts_and_administrators(
    here: Neighbourhood, graph: Graph
) -> None:
    """Also once it is no more; the coordinator of the area that it follows has no part in it."""
    area = global_id("Area", here.subdistrict)
    webhook_id, _ = await made(here, "unit", areaId=area)
    await mutate(here, "unit", "rotateWebhookSecret", id=webhook_id)
    await mutate(here, "admin", "pauseWebhook", id=webhook_id)
    await numbered(graph)
    query = """query($of: [String!], $after: Long) {
      events(first: 100, filter: {action: {in: $of}, number: {gt: $after}}) { totalCount nodes {
        number action changes { nodeId fields { name before after } }
      } } }"""
    steps = ["WEBHOOK_CREATE", "WEBHOOK_ROTATE", "WEBHOOK_PAUSE", "WEBHOOK_DELETE"]

    async def told(who: str | None) -> list[dict[str, Any]]:
        found = (await data(here, who, query, {"of": steps, "after": begun}))["events"]
        assert found["totalCount"] == len(found["nodes"])
        return found["nodes"]

    begun = 0
    begun = [each for each in await told("unit") if each["action"] == steps[0]][-1]["number"] - 1
    for who in ("unit", "admin"):
        found = await told(who)
        assert [each["action"] for each in found] == steps[:3]
        assert all(each["changes"][0]["nodeId"] == webhook_id for each in found)
        fields = {each["name"]: each["after"] for each in found[0]["changes"][0]["fields"]}
        assert (fields["state"], fields["url"]) == ("ACTIVE", None)
    others = ("school", "village", "both", "coordinator", "nobody", None)
    for who in others:
        assert await told(who) == [], who
    await mutate(here, "admin", "deleteWebhook", "deletedId", id=webhook_id)
    await numbered(graph)
    for who in ("unit", "admin"):
        assert (await told(who))[-1]["action"] == "WEBHOOK_DELETE"
    for who in others:
        assert await told(who) == [], who


@pytest.mark.unrecorded
async def test_the_account_of_a_webhook_follows_what_becomes_of_it(
    here: Neighbourhood, graph: Graph
) -> None:
    await numbered(graph)
    begun = (await standing(graph, "tests")).last
    webhook_id, _ = await made(here, "school")
    await mutate(here, "admin", "pauseWebhook", id=webhook_id)
    feed = EventFeed(graph)
    await feed.start()

    async def told(who: str) -> list[str]:
        context = await calling(here, who)
        context.feed = feed
        query = """subscription($after: Long) {
          eventAppended(after: $after) { event { action changes { nodeId } } } }"""
        stream = Streams(EXECUTOR).run(query, {"after": begun}, None, context)
        async with aclosing(stream):
            bodies = [orjson.loads(await anext(stream)) for _ in range(2)]
        events = [body["data"]["eventAppended"]["event"] for body in bodies]
        assert all(each["changes"] == [{"nodeId": webhook_id}] for each in events)
        return [each["action"] for each in events]

    try:
        for who in ("school", "admin"):
            assert await told(who) == ["WEBHOOK_CREATE", "WEBHOOK_PAUSE"]
        for who in ("unit", "coordinator"):
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.5):
                    await told(who)
    finally:
        await feed.stop()


async def test_a_test_message_is_the_same_when_it_is_repeated(here: Neighbourhood) -> None:
    sent: list[str] = []

    async def send(message: object) -> Outcome:
        sent.append(getattr(message, "id", ""))
        return Outcome(503, None, "busy") if len(sent) == 1 else Outcome(204)

    webhook_id, _ = await made(here, "village")
    mutating.WAYS = ways(send=send)
    try:
        given = {"id": webhook_id, "idempotencyKey": "a try"}
        await mutate(here, "village", "testWebhook", "delivered", **given)
        told = await mutate(here, "village", "testWebhook", "delivered status", **given)
    finally:
        mutating.WAYS = ways()
    assert told == {"__typename": "TestWebhookPayload", "delivered": True, "status": 204}
    assert len(set(sent)) == 1


async def test_erasing_a_person_ends_the_webhooks(here: Neighbourhood, graph: Graph) -> None:
    webhook_id, _ = await made(here, "both")
    account_id, admin = here.id("account both"), (await calling(here, "admin")).viewer
    held = await export_person(graph, "Account", account_id, viewer=admin, clock=here.clock)
    (found,) = held["webhooks"]
    assert found["url"] == URL
    assert "sealedSecret" not in found
    assert await erase_person(graph, "Account", account_id, viewer=admin, clock=here.clock)
    assert await read(here, "admin", webhook_id) is None


async def test_a_place_moves_only_from_where_it_was_seen(here: Neighbourhood, graph: Graph) -> None:
    made_id, _ = await made(here, "referee")
    webhook_id = parse_global_id(made_id)[1]
    (kept,) = await webhooks.read(graph, [webhook_id])
    before = kept.webhook
    assert (await webhooks.active(graph))[webhook_id] == before.version
    after = delivered(before, before.delivered_number + 5, Outcome(204), here.clock())

    async def advance(seen: Webhook) -> bool:
        return await graph.write(
            lambda transaction: webhooks.advance(transaction, seen, after, here.id("token"))
        )

    assert not await advance(replace(before, version=before.version + 1))
    assert await advance(before)
    assert not await advance(before)
    (now,) = await webhooks.read(graph, [webhook_id])
    assert now.webhook == after
    assert now.sealed == kept.sealed


async def test_a_lease_is_one_hubs_at_a_time(graph: Graph) -> None:
    assert await leases.is_free(graph, "test", "one")
    assert await leases.take(graph, "test", "one", "first", 600_000)
    assert await leases.take(graph, "test", "one", "second", 600_000)
    assert await leases.is_free(graph, "test", "one")
    assert not await leases.is_free(graph, "test", "other")
    assert not await leases.take(graph, "test", "other", "third", 600_000)
    await leases.give_up(graph, "test", "other")
    assert not await leases.is_free(graph, "test", "other")
    await leases.give_up(graph, "test", "one")
    assert await leases.take(graph, "test", "other", "fourth", 0)
    assert await leases.take(graph, "test", "one", "fifth", 600_000)
