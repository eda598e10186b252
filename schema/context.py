"""What a request carries through the schema."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

import strawberry

from domain.claims import ClaimPolicy
from domain.clock import Clock, system_clock
from domain.identity import new_id
from domain.language import Language
from graph.telemetry import SILENT, Telemetry

if TYPE_CHECKING:
    from domain.access import Viewer
    from graph.driver import Graph
    from resolvers.event_feed import EventFeed
    from resolvers.match_run_holding import Working
    from resolvers.webhooks import WebhookWays


@dataclass(kw_only=True)
class Context:
    """The graph, who calls, in which language, and where time and ids come from."""

    graph: "Graph"
    viewer: "Viewer"
    language: Language = Language.ZH
    clock: Clock = system_clock
    ids: Callable[[], str] = new_id
    claim_policy: ClaimPolicy = field(default_factory=ClaimPolicy)
    telemetry: Telemetry = SILENT
    issuer: str | None = None
    """Whose subjects may be invited."""
    feed: "EventFeed | None" = None
    """What subscriptions follow; None where there can be none."""
    webhooks: "WebhookWays | None" = None
    """How webhooks are sealed and sent; None where there can be none."""
    working: "Working | None" = None
    """How runs of the matcher are worked on here; None: as by default."""
    recognise: "Callable[[], Awaitable[Viewer]] | None" = None
    """Finds out anew who calls. Raises NotSignedIn when the token is no longer good."""

    async def refresh(self) -> None:
        """Let the caller be who it is now, with the grants of now. Raises NotSignedIn."""
        if self.recognise is not None:
            self.viewer = await self.recognise()


Info: TypeAlias = strawberry.Info[Context, None]
"""The `info` parameter of the schema's resolvers."""
