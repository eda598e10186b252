"""Webhooks of one process: what mutations need of it, and the deliveries while it serves."""

from datetime import timedelta

from domain.addresses import parse_networks
from domain.webhooks import RetryPolicy
from resolvers.event_feed import EventFeed
from resolvers.webhooks import WebhookWays
from schema.execution import Executor
from server.hub import Hub, open_sealing
from server.webhook_delivery import Deliveries, Delivering
from server.webhook_sending import Sender


class Webhooks:
    """Seals, sends and delivers as the settings say. Raises BadInput, EngineUnusable for keys."""

    def __init__(self, hub: Hub, executor: Executor, feed: EventFeed) -> None:
        settings = hub.settings
        networks = parse_networks(settings.webhook_networks)
        self._sender = Sender(networks=networks, seconds=settings.webhook_seconds, clock=hub.clock)
        self.ways = WebhookWays(
            secrets=open_sealing(settings),
            send=self._sender.send,
            networks=networks,
            most_per_account=settings.webhooks_per_account,
        )
        delivering = Delivering(
            graph=hub.graph,
            executor=executor,
            feed=feed,
            ways=self.ways,
            clock=hub.clock,
            seconds=settings.webhook_seconds,
            policy=RetryPolicy(
                first=timedelta(seconds=settings.webhook_retry_seconds),
                give_up=timedelta(days=settings.webhook_days),
            ),
        )
        self._deliveries = Deliveries(delivering, feed.owner)

    def start(self) -> None:
        """Begin to deliver, in turn with the other hubs of the graph."""
        self._deliveries.start()

    async def stop(self) -> None:
        """Deliver no more; another hub goes on."""
        await self._deliveries.stop()
        await self._sender.close()
