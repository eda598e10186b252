"""Where the hub may send to by itself: public addresses, and networks that the operator names."""

from collections.abc import Iterable
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)
from typing import TypeAlias
from urllib.parse import SplitResult, urlsplit

from domain.errors import BadInput
from domain.language import Phrase

Network: TypeAlias = IPv4Network | IPv6Network
Address: TypeAlias = IPv4Address | IPv6Address
LONGEST_URL = 2_000
_NAT64 = IPv6Network("64:ff9b::/96")
"""RFC 6052: its last 32 bits are an IPv4 address, reached through a translator."""
_PROTOCOLS = IPv4Network("192.0.0.0/24")
"""RFC 6890: of protocols; which of it is global differs between versions of Python."""
_TRANSLATED = (_NAT64, IPv6Network("64:ff9b:1::/48"), IPv6Network("::/96"))


def parse_networks(text: str) -> tuple[Network, ...]:
    """Return networks written with commas, as in `10.1.0.0/16, ::1/128`. Raises ValueError."""
    return tuple(ip_network(each.strip()) for each in text.split(",") if each.strip())


def is_public(address: Address) -> bool:
    """Whether an address is one of the internet at large.

    Not private, loopback, link-local, multicast, reserved, nor one that hides such an IPv4 address.
    """
    if isinstance(address, IPv6Address):
        hidden = _hidden(address)
        if hidden is not None:
            return is_public(hidden)
        if address.is_site_local or any(address in network for network in _TRANSLATED):
            return False
    return address.is_global and not (
        address.is_multicast or address.is_reserved or address in _PROTOCOLS
    )


def _hidden(address: IPv6Address) -> IPv4Address | None:
    """Return the IPv4 address that packets to this one come out at."""
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    if address.teredo is not None:
        return address.teredo[1]
    return address.ipv4_mapped or address.sixtofour


def is_allowed(address: Address, networks: Iterable[Network]) -> bool:
    """Whether an address is in one of the networks; an IPv4 address also written as IPv6."""
    plain = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return any(each in network for each in (address, plain or address) for network in networks)


def may_send(address: Address, networks: Iterable[Network], *, encrypted: bool) -> bool:
    """Whether the hub may send to an address: public and encrypted, or in a named network."""
    return is_allowed(address, networks) or (encrypted and is_public(address))


def checked_url(url: str, networks: Iterable[Network]) -> str:
    """Return the address of a receiver as it will be used, or raise BadInput.

    `https` with a host; `http` only where the operator has named networks. No user, no fragment.
    A host that is an IP address has to be one that the hub may send to.
    """
    named = tuple(networks)
    found = url.strip()
    schemes = ("https", "http") if named else ("https",)
    parts = _split(found)
    usual = found.isprintable() and " " not in found and "\\" not in found
    if parts is None or not usual or len(found) > LONGEST_URL or parts.scheme not in schemes:
        raise BadInput(field="url", value=url, expected=" | ".join(f"{s}://" for s in schemes))
    if not parts.hostname or "@" in parts.netloc or parts.fragment:
        raise BadInput(field="url", value="***", expected=Phrase("expected.receiver"))
    try:
        address = ip_address(parts.hostname)
    except ValueError:
        return found
    if not may_send(address, named, encrypted=parts.scheme == "https"):
        raise BadInput(field="url", value=url, expected=Phrase("expected.public_address"))
    return found


def _split(url: str) -> SplitResult | None:
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        return None
    return parts
