"""How many requests a caller may send: by token or address on arrival, then by account.

Counted by the library `limits` with sliding windows, in the memory of this process: with several
processes a caller has that many times the rate.
"""

import hashlib
import ipaddress
import math
import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from limits import RateLimitItem, parse
from limits.aio.storage import MemoryStorage
from limits.aio.strategies import SlidingWindowCounterRateLimiter
from starlette.types import Scope

from domain.access import Viewer
from domain.errors import RateExceeded
from domain.limits import Rate

OFF = "off"
NETWORK_BITS = 64
"""A subscriber has at least this network of IPv6 addresses, so it counts as one."""


def read_rate(written: str) -> RateLimitItem | None:
    """Read a rate such as `600/minute`; None for `off`. Raises ValueError."""
    return None if written == OFF else parse(written)


@dataclass(frozen=True, slots=True)
class Arrival:
    """Who sent a request, as far as the request itself says."""

    address: str
    credential: str | None
    """A digest of what the caller signs in with; None for none."""

    @classmethod
    def of(cls, address: str, headers: Mapping[str, str]) -> "Arrival":
        """Return who sent a request (HTTP or WebSocket) from an address."""
        signs_in_with = headers.get("authorization") or headers.get("cookie")
        digest = None
        if signs_in_with is not None:
            digest = hashlib.sha256(signs_in_with.encode()).hexdigest()
        return cls(address=network_of(address), credential=digest)


class Rates:
    """Counts requests, and refuses those beyond the rates."""

    def __init__(self, rates: Mapping[Rate, RateLimitItem | None]) -> None:
        self._limiter = SlidingWindowCounterRateLimiter(MemoryStorage())
        self._rates = {rate: item for rate, item in rates.items() if item is not None}

    async def arrived(self, arrival: Arrival) -> None:
        """Count a request before anything is done for it. Raises RateExceeded."""
        if arrival.credential is None:
            await self._count(Rate.ADDRESS, arrival.address)
        else:
            await self._count(Rate.TOKEN, arrival.credential)

    async def recognised(self, arrival: Arrival, viewer: Viewer | None) -> None:
        """Count it for the account that was found behind it; None: it was no good.

        What is no good, or of nobody, counts for the address. Raises RateExceeded.
        """
        if viewer is not None and viewer.account_id is not None:
            await self._count(Rate.ACCOUNT, viewer.account_id)
        elif arrival.credential is not None:
            await self._count(Rate.ADDRESS, arrival.address)

    async def _count(self, rate: Rate, key: str) -> None:
        item = self._rates.get(rate)
        if item is None or await self._limiter.hit(item, rate, key):
            return
        window = await self._limiter.get_window_stats(item, rate, key)
        raise RateExceeded(
            what=rate,
            limit=item.amount,
            seconds=item.get_expiry(),
            retry_after=max(1, math.ceil(window.reset_time - time.time())),
        )


def address_of(scope: Scope) -> str:
    """Return the address that a request came from; behind a trusted proxy the caller's."""
    client = scope.get("client")
    return client[0] if client else ""


@lru_cache(maxsize=10_000)
def network_of(address: str) -> str:
    """Return what an address is counted as: itself, or its network where it is IPv6."""
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(parsed, ipaddress.IPv6Address):
        if parsed.ipv4_mapped is not None:
            return str(parsed.ipv4_mapped)
        return str(ipaddress.ip_network((parsed, NETWORK_BITS), strict=False))
    return str(parsed)
