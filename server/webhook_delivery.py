"""Delivers the history to webhooks: each one's events in their order, by one hub at a time.

The hub that holds the lease has a follower for every webhook that is ACTIVE. A follower reads the
history from the webhook's place on, as a subscription does, with the rights that its account has at
that moment, and writes the place back after each delivery. An attempt begins only while the lease
outlasts it, so a hub that has lost the graph is silent before another one goes on.
"""

import asyncio
import random
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import orjson
import structlog

from domain.clock import Clock
from domain.errors import EngineError
from domain.hub_records import Webhook
from domain.identity import global_id, new_id
from domain.vocabulary import DeliveryProblem, WebhookState
from domain.webhooks import Outcome, RetryPolicy, delivered, failed
from graph import accounts, events, leases, webhooks
from graph.driver import Graph, Transaction
from graph.events import changes_between, event, write_event
from graph.history import Happened
from graph.telemetry import SILENT
from graph.webhooks import Kept
from resolvers.background import Background
from resolvers.event_feed import EventFeed, FeedStopped
from resolvers.webhooks import Message, WebhookWays, resealed, unsealed
from schema.context import Context
from schema.execution import Executor

LEASE = "webhooks"
LEASE_SPARE_SECONDS = 5.0
"""What a lease is longer than an attempt: so long the graph may be silent before work rests."""
TURN_SECONDS = 1.0
"""Between looks at what webhooks there are; the lease is renewed as often."""
RETRY_SECONDS = 1.0
"""After the engine did not answer."""
GRACE_SECONDS = 3.0
"""What an attempt under way has left when the hub stops."""
PASSED_OVER = 200
"""Events that are not for a webhook, after which its place is written down."""
MOST_CHANGES = 100
"""Nodes that a message names: a run of the matcher changes thousands."""
EVENT = """query Webhook($id: ID!) {
  event(id: $id) {
    id number action createdAt actorRoles changes { nodeId type fields { name } }
  }
}"""
log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Delivering:
    """What a delivery needs: the graph and its schema, the history, ways, patience, a clock."""

    graph: Graph
    executor: Executor
    feed: EventFeed
    ways: WebhookWays
    clock: Clock
    seconds: float
    policy: RetryPolicy = field(default_factory=RetryPolicy)
    share: Callable[[], float] = random.random


class Lease:
    """The right of this process to deliver, as long as it is known to last."""

    def __init__(self, graph: Graph, owner: str, seconds: float) -> None:
        self._graph = graph
        self._owner = owner
        self._seconds = seconds
        self._until = 0.0
        self._renewed = asyncio.Event()

    async def renew(self) -> bool:
        """Hold it from now on; False where another hub does. Raises EngineError."""
        asked = time.monotonic()
        free = await leases.is_free(self._graph, LEASE, self._owner)
        held = free and await leases.take(
            self._graph, LEASE, self._owner, new_id(), int(self._seconds * 1000)
        )
        self._until = asked + self._seconds if held else 0.0
        woken, self._renewed = self._renewed, asyncio.Event()
        woken.set()
        return held

    async def lasting(self, seconds: float) -> None:
        """Wait until it is sure to last so long."""
        while time.monotonic() + seconds >= self._until:
            await self._renewed.wait()

    async def give_up(self) -> None:
        """Let another hub go on at once. Raises EngineError."""
        if self._until:
            self._until = 0.0
            await leases.give_up(self._graph, LEASE, self._owner)


class Follower:
    """Tells one webhook what happens, until the webhook is no longer what it was."""

    def __init__(self, delivering: Delivering, lease: Lease, kept: Kept) -> None:
        self._with = delivering
        self._lease = lease
        self._kept = kept
        self.sending = False
        """Whether an attempt is under way."""

    @property
    def version(self) -> int:
        """The version of the webhook that it goes by."""
        return self._kept.webhook.version

    async def run(self) -> None:
        """Deliver for as long as the webhook is ACTIVE and nobody changes it."""
        while True:
            try:
                await self._deliver_all()
            except FeedStopped:
                return
            except EngineError as error:
                log.warning("a webhook waits for the graph", code=error.code)
            except Exception:
                # Nobody waits for this task: without a word here the webhook would be silent.
                log.exception("a webhook cannot be told", webhook=self._kept.webhook.id)
            else:
                return
            await asyncio.sleep(RETRY_SECONDS)

    async def _deliver_all(self) -> None:
        place = self._kept.webhook.delivered_number
        while True:
            for happened in await self._with.feed.after(place):
                if self._is_asked_for(happened) and not await self._deliver(happened):
                    return
                place = happened.number
                passed = replace(self._kept.webhook, delivered_number=place)
                far = place - self._kept.webhook.delivered_number >= PASSED_OVER
                if far and not await self._write(passed):
                    return

    def _is_asked_for(self, happened: Happened) -> bool:
        """Whether a webhook is told of an event; of what becomes of itself it is not."""
        if happened.nodes == ((self._kept.webhook.id, "Webhook"),):
            return False
        area_id, kinds = self._kept.area_id, self._kept.webhook.kinds
        return (area_id is None or area_id in happened.area_ids) and (
            not kinds or happened.action in kinds
        )

    async def _deliver(self, happened: Happened) -> bool:
        """Send an event until it is taken, or no longer for the account.

        False where the webhook is no longer as it was.
        """
        while True:
            webhook = self._kept.webhook
            await self._until(webhook.next_attempt_at)
            body = await self._body(happened)
            if body is None:
                return True
            await self._lease.lasting(self._with.seconds)
            if not await self._is_unchanged():
                return False
            outcome = await self._send(happened, body)
            now = self._with.clock()
            if outcome.problem is None:
                return await self._write(delivered(webhook, happened.number, outcome, now))
            after = failed(webhook, outcome, now, self._with.policy, self._with.share())
            if not await self._write(after) or after.state is not WebhookState.ACTIVE:
                return False

    async def _is_unchanged(self) -> bool:
        """Whether nobody has paused, changed or deleted the webhook. Raises EngineError."""
        found = await webhooks.read(self._with.graph, [self._kept.webhook.id])
        return [each.webhook.version for each in found] == [self.version]

    async def _until(self, instant: datetime | None) -> None:
        if instant is not None and (left := instant - self._with.clock()) > timedelta():
            await asyncio.sleep(left.total_seconds())

    async def _body(self, happened: Happened) -> bytes | None:
        """Return an event as the account sees it now, None where it does not. Raises EngineError.

        The rights are those of the schema: the same compiled rules, the same masks.
        """
        with_ = self._with
        now = with_.clock()
        viewer = await accounts.viewer(with_.graph.read, self._kept.account_id, now)
        if viewer is None or not viewer.grants:
            return None
        context = Context(graph=with_.graph, viewer=viewer, clock=with_.clock)
        given = {"id": global_id("Event", happened.id)}
        answer = orjson.loads((await with_.executor.answer(EVENT, given, None, context)).body)
        if "errors" in answer:
            raise DeliveryInterrupted(answer["errors"])
        seen = answer["data"]["event"]
        if seen is None:
            return None
        left_out = len(seen["changes"]) - MOST_CHANGES
        if left_out > 0:
            seen = {**seen, "changes": seen["changes"][:MOST_CHANGES], "changesLeftOut": left_out}
        return orjson.dumps(
            {
                "type": happened.action,
                "timestamp": happened.created_at,
                "data": {"number": happened.number, "event": seen},
            }
        )

    async def _send(self, happened: Happened, body: bytes) -> Outcome:
        with_, webhook = self._with, self._kept.webhook
        readable = unsealed(with_.ways, self._kept, self._kept.signing(with_.clock()))
        if readable is None:
            return Outcome(problem=DeliveryProblem.SECRET_UNREADABLE)
        self.sending = True
        try:
            message = Message(happened.id, webhook.url, readable, body)
            outcome = await with_.ways.send(message)
        finally:
            self.sending = False
        telemetry = with_.graph.telemetry or SILENT
        telemetry.webhook_sent(outcome.problem)
        return outcome

    async def _write(self, after: Webhook) -> bool:
        """Write what came of an attempt; False where somebody has changed the webhook meanwhile.

        That it ends is an event.
        """
        before = self._kept.webhook
        token, event_id, now = new_id(), new_id(), self._with.clock()
        ended = None
        if after.state is not before.state:
            changed = changes_between(before, after, account=self._kept.account_id)
            ended = event(
                event_id, now, events.SYSTEM, f"WEBHOOK_{after.state}", {after.id: changed}
            )

        async def work(transaction: Transaction) -> bool:
            written = await webhooks.advance(transaction, before, after, token)
            if written and ended is not None:
                await write_event(transaction, ended)
            return written

        # Run again after a commit whose outcome is unknown, it finds the place moved: begun anew.
        written = await self._with.graph.write(work, repeatable=True)
        self._kept = replace(self._kept, webhook=after)
        return written


class DeliveryInterrupted(Exception):
    """An event could not be read for a webhook: `errors` of the schema."""


class Deliveries:
    """Holds the lease where it is free, and keeps a follower for each webhook while it does."""

    def __init__(self, delivering: Delivering, owner: str) -> None:
        self._with = delivering
        seconds = delivering.seconds + LEASE_SPARE_SECONDS
        self._lease = Lease(delivering.graph, owner, seconds)
        self._followers: dict[str, tuple[Follower, asyncio.Task[None]]] = {}
        self._looking = Background(self._run)

    def start(self) -> None:
        """Begin to look for work."""
        self._looking.start()

    async def stop(self) -> None:
        """Stop: attempts under way may end, then another hub goes on."""
        if not await self._looking.stop():
            return
        ending = [task for follower, task in self._followers.values() if follower.sending]
        for follower, task in self._followers.values():
            if not follower.sending:
                task.cancel()
        if ending:
            await asyncio.wait(ending, timeout=GRACE_SECONDS)
        await self._let_go(set(self._followers))
        with suppress(EngineError):
            await self._lease.give_up()

    async def _run(self) -> None:
        while True:
            try:
                await self._turn()
            except EngineError as error:
                log.warning("webhooks wait for the graph", code=error.code)
            except Exception:
                # Nobody waits for this task: without a word here no webhook would be told.
                log.exception("webhooks cannot be told")
            await asyncio.sleep(TURN_SECONDS)

    async def _turn(self) -> None:
        """Hold the lease, and let the followers be those of the webhooks that there are."""
        wanted = await webhooks.active(self._with.graph)
        if wanted or self._followers:
            wanted = wanted if await self._lease.renew() else {}
        changed = {
            webhook_id
            for webhook_id, (follower, task) in self._followers.items()
            if wanted.get(webhook_id) != follower.version or task.done()
        }
        await self._let_go(changed)
        missing = [webhook_id for webhook_id in wanted if webhook_id not in self._followers]
        if missing:
            for found in await webhooks.read(self._with.graph, missing):
                kept = await resealed(self._with.graph, self._with.ways, found)
                follower = Follower(self._with, self._lease, kept)
                task = asyncio.create_task(follower.run())
                self._followers[kept.webhook.id] = (follower, task)

    async def _let_go(self, webhook_ids: set[str]) -> None:
        tasks = [self._followers.pop(webhook_id)[1] for webhook_id in webhook_ids]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
