"""What goes on in one process beside requests: the feed, subscriptions, webhooks, matching runs."""

from domain.claims import ClaimPolicy
from graph.telemetry import Telemetry
from resolvers.event_feed import EventFeed
from resolvers.match_run_holding import Working
from schema.execution import Executor
from schema.streams import Streams
from schema.trusted import TrustedDocuments
from server.gate import Gate
from server.graphql_ws import WebSocketEndpoint
from server.hub import Hub
from server.match_runs import MatchRuns
from server.sessions import Sessions
from server.solvers import opening
from server.webhooks import Webhooks


class Following:
    """Begins and ends with the application. Raises BadInput, EngineUnusable for settings."""

    def __init__(
        self,
        hub: Hub,
        executor: Executor,
        gate: Gate,
        *,
        policy: ClaimPolicy,
        trusted: TrustedDocuments | None,
        telemetry: Telemetry,
    ) -> None:
        self._feed = EventFeed(hub.graph)
        self.webhooks = Webhooks(hub, executor, self._feed)
        working = Working(
            process=self._feed.owner,
            lease_seconds=hub.settings.matching_lease_seconds,
            executor=opening(hub.settings.matching_workers),
        )
        self.match_runs = MatchRuns(hub.graph, working, hub.clock)
        self.sessions = Sessions(
            hub,
            gate,
            Streams(executor),
            self._feed,
            policy=policy,
            trusted=trusted,
            webhooks=self.webhooks.ways,
            working=working,
            telemetry=telemetry,
        )
        self.sockets = WebSocketEndpoint(self.sessions.of_socket)

    async def start(self) -> None:
        """Look where the history stands, and follow it. Raises EngineError."""
        await self._feed.start()
        self.webhooks.start()
        self.match_runs.start()

    async def stop(self) -> None:
        """Let all who follow something go on elsewhere."""
        await self._feed.stop()
        await self.webhooks.stop()
        await self.match_runs.stop()
        await self.sockets.stop()
