"""What webhooks are told: by rights, in order, again until it is taken, by one hub."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta

import pytest

from domain.clock import system_clock
from domain.hub_records import Webhook
from domain.identity import global_id, new_id, parse_global_id
from domain.records import DemandOrder
from domain.vocabulary import DeliveryProblem, WebhookState
from domain.webhooks import RetryPolicy
from graph import webhooks
from graph.driver import Graph
from graph.events import ChangedFields, event, write_event
from graph.history import events_after
from graph.statements import CompiledStatement, Statement
from graph.webhooks import Kept
from resolvers.event_feed import EventFeed
from schema.execution import Executor
from server.keys import FixedKeys
from server.sealing import Sealing
from server.webhook_delivery import Deliveries, Delivering
from server.webhook_sending import Sender
from tests.graph.builders import Neighbourhood, Ticking
from tests.graph.mutating import SCHEMA, mutate
from tests.receiving import KEY, LOOPBACK, Answer, Heard, Receiver, eventually, receiving, ways

pytestmark = [pytest.mark.anyio, pytest.mark.unrecorded]

EXECUTOR = Executor(SCHEMA)
SECONDS = 2.0
HAPPENING = ("FIRST", "SECOND", "THIRD")
MORE = [f"MORE_{letter}" for letter in "abcdefgh"]
AT_ONCE = RetryPolicy(first=timedelta(milliseconds=20), longest=timedelta(milliseconds=100))
TOLD = CompiledStatement(
    "MATCH (:Webhook {id: $id})<-[:CHANGED]-(e:Event) RETURN e.action AS action ORDER BY e.sortKey"
)
END_GRANTS = Statement(
    "tests.end_grants",
    "MATCH (:Account {id: $id})-[:HOLDS]->(g:Grant) SET g.validUntil = '2026-01-01'",
    writes=True,
)


@pytest.fixture(scope="module")
async def here(graph: Graph) -> Neighbourhood:
    return await Neighbourhood(graph, clock=Ticking(system_clock())).build()


@pytest.fixture
async def receiver() -> AsyncGenerator[Receiver]:
    async with receiving() as found:
        yield found


@asynccontextmanager
async def delivering(
    graph: Graph, key: str = KEY, policy: RetryPolicy = AT_ONCE
) -> AsyncGenerator[EventFeed]:
    """Number and deliver, as a hub does."""
    feed = EventFeed(graph, poll_seconds=0.02)
    sender = Sender(networks=LOOPBACK, seconds=SECONDS)
    found = ways(send=sender.send, secrets=Sealing(FixedKeys(key)))
    deliveries = Deliveries(
        Delivering(graph, EXECUTOR, feed, found, system_clock, SECONDS, policy), feed.owner
    )
    await feed.start()
    deliveries.start()
    try:
        yield feed
    finally:
        await feed.stop()
        await deliveries.stop()
        await sender.close()


async def made(here: Neighbourhood, who: str, receiver: Receiver, **given: object) -> Webhook:
    """Have an account told of what happens here from now on, and return its webhook."""
    asked = "secret webhook { id }"
    given = {"url": receiver.address, "kinds": [*HAPPENING, *MORE], **given}
    done = await mutate(here, who, "createWebhook", asked, **given)
    kept = await state_of(here.graph, parse_global_id(done["webhook"]["id"])[1])
    return kept.webhook


async def state_of(graph: Graph, webhook_id: str) -> Kept:
    (kept,) = await webhooks.read(graph, [webhook_id])
    return kept


def secret_of(kept: Kept) -> str:
    return ways().secrets.unseal(kept.webhook.id, kept.sealed.secret) or ""


async def happen(here: Neighbourhood, order: DemandOrder, *actions: str) -> None:
    """Let things happen to an order, one after the other."""
    for action in actions:
        changes = {order.id: ChangedFields("DemandOrder", {"title": ["before", "kqz after"]})}
        village = here.viewer("village").account_id or ""
        written = event(new_id(), here.clock(), village, action, changes)
        await here.graph.write(lambda transaction, told=written: write_event(transaction, told))


def changed_in(receiver: Receiver) -> set[str]:
    """Return the ids of all nodes whose changes a receiver was told."""
    return {each["nodeId"] for heard in receiver.heard for each in heard.data["event"]["changes"]}


async def until(graph: Graph, webhook_id: str, condition: Callable[[Webhook], bool]) -> Webhook:
    """Wait until a webhook is in some state, and return it."""
    async with asyncio.timeout(30):
        while not condition(found := (await state_of(graph, webhook_id)).webhook):
            await asyncio.sleep(0.02)
    return found


async def test_events_arrive_in_order_signed_by_the_rights_of_the_account(
    here: Neighbourhood, graph: Graph, receiver: Receiver
) -> None:
    async with delivering(graph) as feed:
        order = await here.order("village")
        all_of_it = await made(here, "village", receiver)
        async with receiving() as stranger, receiving() as narrow, receiving() as elsewhere:
            await made(here, "school", stranger)
            await made(here, "coordinator", narrow, kinds=["SECOND"])
            area = global_id("Area", here.community)
            await made(here, "coordinator", elsewhere, areaId=area)
            await happen(here, order, "FIRST", "SECOND", "THIRD")
            await eventually(lambda: len(receiver.heard) == 3 and len(narrow.heard) == 1)
            assert stranger.heard == elsewhere.heard == []
        assert receiver.actions == ["FIRST", "SECOND", "THIRD"]
        secret = secret_of(await state_of(graph, all_of_it.id))
        first = receiver.heard[0].verify(secret)
        number = receiver.heard[0].number
        (happened,) = await events_after(graph, number - 1, number, 1)
        assert receiver.heard[0].id == happened.id
        assert first["type"] == "FIRST"
        assert first["timestamp"] == first["data"]["event"]["createdAt"] == happened.created_at
        assert first["data"]["event"]["changes"] == [
            {
                "nodeId": global_id("DemandOrder", order.id),
                "type": "DemandOrder",
                "fields": [{"name": "title"}],
            }
        ]
        assert "kqz" not in receiver.heard[0].body
        assert narrow.heard[0].number == number + 1
        now = await until(graph, all_of_it.id, lambda found: found.delivered_number == number + 2)
        assert now.last_delivered_at is not None
        assert feed.last == number + 2


async def test_what_is_not_taken_comes_again_and_what_follows_waits(
    here: Neighbourhood, graph: Graph, receiver: Receiver
) -> None:
    order = await here.order("village")

    def refuse(heard: Heard) -> Answer:
        tried = [each.id for each in receiver.heard].count(heard.id)
        return (503, {}) if tried < 4 else (204, {})

    receiver.answer = refuse
    async with delivering(graph):
        webhook = await made(here, "village", receiver)
        await happen(here, order, "FIRST", "SECOND")
        await until(graph, webhook.id, lambda found: found.attempts > 1)
        await eventually(lambda: len(receiver.heard) == 8)
        number = receiver.heard[-1].number
        now = await until(graph, webhook.id, lambda found: found.delivered_number == number)
    assert receiver.actions == ["FIRST"] * 4 + ["SECOND"] * 4
    assert len({each.id for each in receiver.heard}) == 2
    assert (now.attempts, now.failing_since, now.last_problem) == (0, None, None)


async def test_a_hub_that_is_gone_leaves_off_where_the_next_one_begins(
    here: Neighbourhood, graph: Graph, receiver: Receiver
) -> None:
    order = await here.order("village")
    webhook = await made(here, "village", receiver)

    async def told(*actions: str) -> None:
        await eventually(lambda: receiver.actions == [*actions])
        number = receiver.heard[-1].number
        await until(graph, webhook.id, lambda found: found.delivered_number == number)

    async with delivering(graph):
        await happen(here, order, "FIRST")
        await told("FIRST")
    await happen(here, order, "SECOND", "THIRD")
    async with delivering(graph), delivering(graph):
        await told("FIRST", "SECOND", "THIRD")
        await happen(here, order, *MORE)
        await told("FIRST", "SECOND", "THIRD", *MORE)


async def test_a_grant_that_ends_ends_what_is_told(
    here: Neighbourhood, graph: Graph, receiver: Receiver
) -> None:
    order = await here.order("school")
    receiver.answer = lambda _: (500, {})
    async with delivering(graph):
        webhook = await made(here, "school", receiver)
        await happen(here, order, "FIRST")
        await until(graph, webhook.id, lambda found: found.attempts > 0)
        account_id = here.viewer("school").account_id
        await graph.write(lambda transaction: transaction.run(END_GRANTS, id=account_id))
        await asyncio.sleep(0.3)
        heard = len(receiver.heard)
        receiver.answer = lambda _: (204, {})
        await happen(here, order, "SECOND")
        async with receiving() as other:
            after = webhook.delivered_number
            await made(here, "admin", other, after=after, kinds=["FIRST", "SECOND"])
            await eventually(lambda: other.actions == ["FIRST", "SECOND"])
        await asyncio.sleep(0.3)
    assert len(receiver.heard) == heard
    assert set(receiver.actions) == {"FIRST"}


async def test_who_is_gone_or_fails_for_days_is_told_no_more_until_it_is_resumed(
    here: Neighbourhood, graph: Graph, receiver: Receiver
) -> None:
    order = await here.order("village")
    for status, state, days in ((410, WebhookState.GONE, 5), (302, WebhookState.FAILED, 0)):
        receiver.heard.clear()
        receiver.answer = lambda _, code=status: (code, {"Location": "http://127.0.0.1:9/"})
        policy = replace(AT_ONCE, give_up=timedelta(days=days))
        async with delivering(graph, policy=policy), receiving() as other:
            webhook = await made(here, "village", receiver)
            node = global_id("Webhook", webhook.id)
            await made(here, "village", other, kinds=[f"WEBHOOK_{state}"])
            await happen(here, order, "FIRST")
            now = await until(graph, webhook.id, lambda found, is_=state: found.state is is_)
            assert now.last_status == status
            assert now.last_excerpt == "something <b>went</b> wrong"
            assert now.next_attempt_at is None
            told = [row["action"] for row in await graph.read(TOLD, id=webhook.id)]
            assert told == ["WEBHOOK_CREATE", f"WEBHOOK_{state}"]
            await eventually(lambda gone=node, by=other: gone in changed_in(by))
            receiver.answer = lambda _: (204, {})
            resumed = await mutate(here, "village", "resumeWebhook", "version", id=node)
            assert resumed["version"] == 2
            await eventually(lambda: len(receiver.heard) > 1)
            await until(graph, webhook.id, lambda found: found.last_delivered_at is not None)
            await mutate(here, "village", "deleteWebhook", "deletedId", id=node)
        assert set(receiver.actions) == {"FIRST"}


async def test_a_replay_repeats_and_a_rotation_is_signed_by_both(
    here: Neighbourhood, graph: Graph, receiver: Receiver
) -> None:
    order = await here.order("village")
    async with delivering(graph):
        webhook = await made(here, "village", receiver)
        node = global_id("Webhook", webhook.id)
        former = secret_of(await state_of(graph, webhook.id))
        await happen(here, order, "FIRST", "SECOND")
        await eventually(lambda: receiver.actions == ["FIRST", "SECOND"])
        began = receiver.heard[0].number - 1
        await until(graph, webhook.id, lambda found: found.delivered_number == began + 2)
        rotated = await mutate(here, "village", "rotateWebhookSecret", "secret", id=node)
        await mutate(here, "village", "replayWebhook", "version", id=node, after=began)
        await eventually(lambda: len(receiver.heard) == 4)
        for heard in receiver.heard[2:]:
            assert heard.verify(former)["data"] == heard.verify(rotated["secret"])["data"]
        assert receiver.heard[0].id == receiver.heard[2].id
        await mutate(here, "village", "rotateWebhookSecret", "secret", id=node, formerHours=0)
        await happen(here, order, "THIRD")
        await eventually(lambda: len(receiver.heard) >= 5)
        assert len(receiver.heard[-1].headers["webhook-signature"].split(" ")) == 1


async def test_a_new_key_seals_anew_and_a_strange_one_sends_nothing(
    here: Neighbourhood, graph: Graph, receiver: Receiver
) -> None:
    order = await here.order("village")
    webhook = await made(here, "village", receiver)
    before = await state_of(graph, webhook.id)
    secret = secret_of(before)
    await happen(here, order, "FIRST")
    newer = "another key of at least thirty-two characters"
    async with delivering(graph, key=newer):
        now = await until(graph, webhook.id, lambda found: found.attempts > 0)
        assert now.last_problem is DeliveryProblem.SECRET_UNREADABLE
        assert receiver.heard == []
    async with delivering(graph, key=f"{newer}\n{KEY}"):
        await eventually(lambda: len(receiver.heard) == 1)
    assert receiver.heard[0].verify(secret)["type"] == "FIRST"
    after = await state_of(graph, webhook.id)
    assert after.sealed.secret != before.sealed.secret
    assert Sealing(FixedKeys(newer)).unseal(webhook.id, after.sealed.secret) == secret
