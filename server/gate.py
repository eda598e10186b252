"""The gate before all work: rates, then a turn, then the rate of the account that was found.

One gate serves every way into the hub (GraphQL, files, subscriptions), so none goes around it.
"""

from collections.abc import AsyncGenerator, Awaitable, Mapping
from contextlib import asynccontextmanager

from domain.access import Viewer
from domain.errors import NotSignedIn
from domain.limits import Limit, Rate
from server.admission import Admission
from server.holdings import Holdings
from server.rates import Arrival, Rates, read_rate
from server.settings import Settings


class Gate:
    """What a request passes before it is worked on."""

    def __init__(self, settings: Settings) -> None:
        self.rates = Rates(
            {
                Rate.ACCOUNT: read_rate(settings.rate_per_account),
                Rate.TOKEN: read_rate(settings.rate_per_token),
                Rate.ADDRESS: read_rate(settings.rate_per_address),
            }
        )
        self.admission = Admission(
            at_once=settings.requests_at_once,
            waiting=settings.requests_waiting,
            patience=settings.waiting_seconds,
        )
        self.connections = Holdings(Limit.CONNECTIONS, settings.connections_per_caller)
        self.subscriptions = Holdings(Limit.SUBSCRIPTIONS, settings.subscriptions_per_caller)

    def check(self) -> None:
        """Raise Overloaded while no more requests can wait: to refuse has to be cheap."""
        self.admission.check()

    @asynccontextmanager
    async def turn(self, address: str, headers: Mapping[str, str]) -> AsyncGenerator[None]:
        """Count a request and have a turn to work on it. Raises RateExceeded, Overloaded."""
        await self.rates.arrived(Arrival.of(address, headers))
        async with self.admission.turn():
            yield

    async def recognised(
        self, address: str, headers: Mapping[str, str], viewer: Awaitable[Viewer]
    ) -> Viewer:
        """Return who calls, counted. Raises NotSignedIn, RateExceeded, and what finding out does.

        Whoever tries tokens that are no good is counted by the address.
        """
        arrival = Arrival.of(address, headers)
        try:
            found = await viewer
        except NotSignedIn:
            await self.rates.recognised(arrival, None)
            raise
        await self.rates.recognised(arrival, found)
        return found
