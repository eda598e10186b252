"""Sends one message to a receiver: signed as Standard Webhooks says, to a checked address only.

The name is resolved here, and the connection goes to the address that was checked; the receiver's
certificate is still asked for the name. No proxy, no cookie, no redirect.
"""

import asyncio
import socket
import ssl
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from ipaddress import ip_address

import httpx
from standardwebhooks import Webhook as Signer

from domain.addresses import Address, Network, may_send
from domain.clock import Clock, system_clock
from domain.vocabulary import DeliveryProblem
from domain.webhooks import LONGEST_EXCERPT, Outcome
from resolvers.webhooks import Message

AGENT = "renling-webhooks/1"
EXCERPT_BYTES = 4 * LONGEST_EXCERPT
UNSHARED = httpx.Limits(max_connections=None, max_keepalive_connections=0)
"""Each message has a connection of its own.

A pool knows connections by address: a kept one could carry what is meant for another name there.
"""
Resolve = Callable[[str, int], Awaitable[Sequence[str]]]


async def resolve(host: str, port: int) -> Sequence[str]:
    """Return the addresses of a host. Raises OSError."""
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(each[4][0]) for each in found]


class _Refused(Exception):
    """No address to send to: why."""

    def __init__(self, problem: DeliveryProblem) -> None:
        super().__init__(problem)
        self.problem = problem


class Sender:
    """Sends messages; an attempt takes `seconds` at most."""

    def __init__(
        self,
        *,
        networks: Sequence[Network] = (),
        seconds: float = 15.0,
        resolving: Resolve = resolve,
        clock: Clock = system_clock,
    ) -> None:
        self._networks = tuple(networks)
        self._seconds = seconds
        self._resolve = resolving
        self._clock = clock
        self._transport: httpx.AsyncHTTPTransport | None = None

    async def send(self, message: Message) -> Outcome:
        """Send a message once, and return what came of it."""
        try:
            async with asyncio.timeout(self._seconds):
                return await self._send(message)
        except _Refused as refused:
            return Outcome(problem=refused.problem)
        except (TimeoutError, httpx.TimeoutException):
            return Outcome(problem=DeliveryProblem.TIMEOUT)
        except httpx.HTTPError as error:
            return Outcome(problem=_transport_problem(error))

    async def close(self) -> None:
        """Close all connections."""
        if self._transport is not None:
            transport, self._transport = self._transport, None
            await transport.aclose()

    async def _send(self, message: Message) -> Outcome:
        url = httpx.URL(message.url)
        host = url.raw_host.decode("ascii")
        address = await self._address(host, url.port, encrypted=url.scheme == "https")
        request = httpx.Request(
            "POST",
            url.copy_with(host=str(address)),
            headers={"Host": url.netloc.decode("ascii"), **self._headers(message)},
            content=message.body,
            extensions={"sni_hostname": host, "timeout": httpx.Timeout(self._seconds).as_dict()},
        )
        response = await (await self._connections()).handle_async_request(request)
        try:
            return await self._outcome(response)
        finally:
            await response.aclose()

    async def _address(self, host: str, port: int | None, *, encrypted: bool) -> Address:
        """Return the first address of a host that may be sent to. Raises _Refused."""
        try:
            found = await self._resolve(host.strip("[]"), port or 443)
        except (OSError, UnicodeError) as error:
            raise _Refused(DeliveryProblem.UNKNOWN_HOST) from error
        for each in found:
            # A link-local one names its interface after `%`.
            address = ip_address(each.partition("%")[0])
            if may_send(address, self._networks, encrypted=encrypted):
                return address
        raise _Refused(DeliveryProblem.ADDRESS_REFUSED)

    def _headers(self, message: Message) -> dict[str, str]:
        now = self._clock()
        body = message.body.decode()
        signatures = [Signer(each).sign(message.id, now, body) for each in message.secrets]
        return {
            "Content-Type": "application/json",
            "User-Agent": AGENT,
            "webhook-id": message.id,
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": " ".join(signatures),
        }

    async def _connections(self) -> httpx.AsyncHTTPTransport:
        if self._transport is None:
            # Reads the certificates of all authorities.
            context = await asyncio.to_thread(httpx.create_ssl_context)
            self._transport = httpx.AsyncHTTPTransport(
                verify=context, trust_env=False, limits=UNSHARED
            )
        return self._transport

    async def _outcome(self, response: httpx.Response) -> Outcome:
        status = response.status_code
        begin = b""
        async for piece in response.aiter_raw():
            begin += piece
            if len(begin) >= EXCERPT_BYTES:
                break
        if response.is_success:
            return Outcome(status)
        redirect = response.has_redirect_location
        return Outcome(
            status,
            DeliveryProblem.REDIRECT if redirect else DeliveryProblem.STATUS,
            _excerpt(begin),
            _retry_after(response.headers.get("retry-after"), self._clock()),
        )


def _excerpt(begin: bytes) -> str | None:
    """Return the beginning of a body as a line of text, None for what is none."""
    said = "".join(each if each.isprintable() else " " for each in begin.decode(errors="replace"))
    return " ".join(said.split())[:LONGEST_EXCERPT] or None


def _retry_after(value: str | None, now: datetime) -> timedelta | None:
    """Return for how long a receiver wants to be left alone: seconds, or an HTTP date."""
    if value is None:
        return None
    if value.strip().isdecimal():
        return timedelta(seconds=min(int(value), 10**8))
    try:
        until = parsedate_to_datetime(value)
    except ValueError:
        return None
    return max(timedelta(), until.replace(tzinfo=until.tzinfo or UTC) - now)


def _transport_problem(error: httpx.HTTPError) -> DeliveryProblem:
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLError):
            return DeliveryProblem.CERTIFICATE
        cause = cause.__cause__ or cause.__context__
    return DeliveryProblem.UNREACHABLE
