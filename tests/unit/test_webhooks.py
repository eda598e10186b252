"""Where webhooks may go, how they are signed, how long they wait, and how secrets are kept."""

import re
import ssl
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from hypothesis import given
from hypothesis import strategies as st

from domain.addresses import checked_url, is_public, may_send, parse_networks
from domain.errors import BadInput
from domain.hub_records import Webhook
from domain.vocabulary import DeliveryProblem, WebhookState
from domain.webhooks import Outcome, RetryPolicy, delivered, failed
from resolvers.webhooks import Message, new_secret
from server.keys import FixedKeys, KeyFile
from server.sealing import KEY_FILE, Sealing
from server.webhook_sending import Sender
from tests.receiving import KEY, LOOPBACK, receiving

NOW = datetime(2026, 5, 4, 2, 0, tzinfo=UTC)
PRIVATE = re.findall(
    r"\S+",
    """
    0.0.0.0 0.1.2.3 10.0.0.1 100.64.0.1 127.0.0.1 127.9.9.9 169.254.169.254 172.16.0.1
    172.31.255.255 192.0.0.8 192.0.2.1 192.168.0.1 198.18.0.1 198.51.100.1 203.0.113.1 224.0.0.1
    239.1.1.1 240.0.0.1 255.255.255.255
    :: ::1 ::7f00:1 ::ffff:127.0.0.1 ::ffff:10.0.0.1 64:ff9b::10.0.0.1 64:ff9b::7f00:1 64:ff9b:1::1
    100::1 2001:db8::1 2002:7f00:1:: 2002:a00:1:: fc00::1 fd12::1 fe80::1 fec0::1 ff02::1 ff0e::1
    """,
)
PUBLIC = re.findall(
    r"\S+",
    """
    1.1.1.1 8.8.8.8 172.32.0.1 203.0.114.1 ::ffff:8.8.8.8 64:ff9b::8.8.8.8 2606:4700::1111
    2002:808:808::1
    """,
)
POLICY = RetryPolicy()
MESSAGE = Message("an id", "https://receiver.example/", (new_secret(),), b"{}")


def webhook() -> Webhook:
    return Webhook(id="w", created_at=NOW, url="https://receiver.example/")


@pytest.mark.parametrize("address", PRIVATE)
def test_private_addresses_are_not_sent_to_unless_they_are_named(address: str) -> None:
    found = ip_address(address)
    assert not is_public(found)
    assert not may_send(found, (), encrypted=True)
    assert may_send(found, parse_networks(f"{address}"), encrypted=False)


@pytest.mark.parametrize("address", PUBLIC)
def test_public_addresses_are_sent_to_with_encryption(address: str) -> None:
    found = ip_address(address)
    assert may_send(found, (), encrypted=True)
    assert not may_send(found, (), encrypted=False)
    assert not may_send(found, LOOPBACK, encrypted=False)


def test_a_named_network_holds_for_ipv4_written_as_ipv6() -> None:
    assert may_send(ip_address("::ffff:10.1.2.3"), parse_networks("10.1.0.0/16"), encrypted=False)
    assert not may_send(ip_address("::ffff:10.2.2.3"), parse_networks("10.1.0.0/16, ::1"),
                        encrypted=True)  # fmt: skip


@pytest.mark.parametrize(
    "url",
    [
        "receiver.example", "//receiver.example", "file:///etc/passwd", "https:///path",
        "https://receiver.example:99999/", "https://receiver.example\\@inside/", "https://a b/",
        "https://[::1", "https://name@receiver.example/", "gopher://receiver.example/",
        "https://receiver.example/\n", "https://127.0.0.1/" + "x" * 2_000,
    ],
)  # fmt: skip
def test_what_is_no_address_of_a_receiver_is_refused(url: str) -> None:
    with pytest.raises(BadInput):
        checked_url(url.strip(" ") if not url.endswith("\n") else f"https://a\n{url}", ())


def test_http_is_only_for_named_networks() -> None:
    with pytest.raises(BadInput):
        checked_url("http://receiver.example/", ())
    assert checked_url("http://127.0.0.1:8/", LOOPBACK) == "http://127.0.0.1:8/"
    with pytest.raises(BadInput):
        checked_url("http://8.8.8.8/", LOOPBACK)


@given(st.integers(min_value=1, max_value=10_000), st.floats(min_value=0, max_value=1))
def test_waits_grow_up_to_a_limit_and_are_spread(attempts: int, share: float) -> None:
    wait = POLICY.wait(attempts, share)
    full = POLICY.wait(attempts, 0)
    assert full / 2 <= wait <= full <= POLICY.longest
    assert full <= POLICY.wait(attempts + 1, 0)


def test_failures_are_counted_until_it_is_given_up() -> None:
    at, now = webhook(), NOW
    refused = Outcome(500, DeliveryProblem.STATUS, "oh")
    waits: list[timedelta] = []
    while at.state is WebhookState.ACTIVE:
        at = failed(at, refused, now, POLICY, 0.5)
        if at.next_attempt_at is not None:
            waits.append(at.next_attempt_at - now)
            now = at.next_attempt_at
    assert at.state is WebhookState.FAILED
    assert (at.version, at.next_attempt_at, at.failing_since) == (1, None, NOW)
    assert now - NOW >= POLICY.give_up
    assert waits == sorted(waits)
    assert 15 < at.attempts < 40
    taken = delivered(replace(at, state=WebhookState.ACTIVE), 7, Outcome(200), now)
    assert (taken.attempts, taken.failing_since, taken.last_problem) == (0, None, None)
    assert (taken.delivered_number, taken.last_delivered_at) == (7, now)


@pytest.mark.parametrize(
    ("asked", "waited"),
    [(timedelta(hours=1), timedelta(hours=1)), (timedelta(days=9), timedelta(days=1)),
     (timedelta(0), timedelta(seconds=5))],
)  # fmt: skip
def test_a_receiver_that_asks_for_time_gets_it_within_reason(
    asked: timedelta, waited: timedelta
) -> None:
    busy = Outcome(429, DeliveryProblem.STATUS, retry_after=asked)
    assert failed(webhook(), busy, NOW, POLICY, 0).next_attempt_at == NOW + waited


def test_a_secret_is_sealed_for_one_webhook_under_a_key_that_may_be_renewed() -> None:
    secret = new_secret()
    old = Sealing(FixedKeys(KEY))
    sealed = old.seal("a", secret)
    assert secret not in sealed
    assert old.unseal("a", sealed) == secret
    assert old.unseal("b", sealed) is None
    assert old.seal("a", secret) != sealed
    newer = "another key of at least thirty-two characters"
    both = Sealing(FixedKeys(f"{newer}\n{KEY}"))
    assert both.unseal("a", sealed) == secret
    assert old.is_current(sealed)
    assert not both.is_current(sealed)
    assert Sealing(FixedKeys(newer)).unseal("a", sealed) is None
    for broken in ("", ":", sealed.partition(":")[0] + ":", sealed[:-8] + "AAAAAAA="):
        assert old.unseal("a", broken) is None


def test_the_key_of_a_directory_is_for_its_owner_alone(tmp_path: Path) -> None:
    sealed = Sealing(KeyFile.in_directory(tmp_path, KEY_FILE)).seal("a", "secret")
    assert (tmp_path / KEY_FILE).stat().st_mode & 0o777 == 0o600
    assert Sealing(KeyFile.in_directory(tmp_path, KEY_FILE)).unseal("a", sealed) == "secret"


@pytest.mark.anyio
async def test_signatures_are_those_of_the_specification() -> None:
    """Secret, message and signature are from the specification's reference libraries."""
    message = Message(
        "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "",
        ("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",),
        b'{"test": 2432232314}',
    )
    async with receiving() as receiver:
        at = datetime.fromtimestamp(1_614_265_330, UTC)
        sender = Sender(networks=LOOPBACK, clock=lambda: at)
        assert await sender.send(replace(message, url=receiver.address)) == Outcome(204)
        await sender.close()
    (heard,) = receiver.heard
    assert heard.headers["webhook-id"] == message.id
    assert heard.headers["webhook-timestamp"] == "1614265330"
    signature = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    assert heard.headers["webhook-signature"] == signature
    assert heard.headers["content-type"] == "application/json"
    assert heard.body.encode() == message.body


@pytest.mark.anyio
async def test_a_name_that_leads_inside_is_not_followed() -> None:
    async def inside(_: str, __: int) -> Sequence[str]:
        return ["127.0.0.1", "fe80::1%eth0", "10.0.0.1"]

    async def nowhere(_: str, __: int) -> Sequence[str]:
        raise OSError

    async with receiving() as receiver:
        port = receiver.address.partition("127.0.0.1:")[2].partition("/")[0]
        message = replace(MESSAGE, url=f"https://receiver.example:{port}/")
        sent = await Sender(resolving=inside).send(message)
        assert sent.problem is DeliveryProblem.ADDRESS_REFUSED
        sent = await Sender(resolving=nowhere).send(message)
        assert sent.problem is DeliveryProblem.UNKNOWN_HOST
    assert receiver.heard == []


@pytest.mark.anyio
async def test_the_connection_goes_to_the_address_that_was_checked() -> None:
    """A name that changes its mind between check and use is asked once only."""
    asked: list[str] = []

    async def rebinding(host: str, _: int) -> Sequence[str]:
        asked.append(host)
        return ["10.0.0.9", "127.0.0.1"] if len(asked) == 1 else ["10.0.0.9"]

    async with receiving() as receiver:
        port = receiver.address.partition("127.0.0.1:")[2].partition("/")[0]
        sender = Sender(networks=LOOPBACK, resolving=rebinding)
        url = f"http://receiver.example:{port}/hook"
        assert await sender.send(replace(MESSAGE, url=url)) == Outcome(204)
        await sender.close()
    assert asked == ["receiver.example"]
    assert receiver.heard[0].headers["host"] == f"receiver.example:{port}"


@pytest.mark.anyio
async def test_what_came_of_an_attempt_is_told_shortly() -> None:
    sender = Sender(networks=LOOPBACK, seconds=0.5)
    async with receiving() as receiver:
        message = replace(MESSAGE, url=receiver.address)
        receiver.answer = lambda _: (302, {"Location": "http://127.0.0.1:9/"})
        redirected = await sender.send(message)
        assert (redirected.status, redirected.problem) == (302, DeliveryProblem.REDIRECT)
        later = "Mon, 04 May 2026 02:00:30 GMT"
        for given_time, waited in (("7", timedelta(seconds=7)), ("never", None),
                                   (later, timedelta(0))):  # fmt: skip
            receiver.answer = lambda _, said=given_time: (503, {"Retry-After": said})
            busy = await sender.send(message)
            assert busy.problem is DeliveryProblem.STATUS
            assert busy.excerpt == "something <b>went</b> wrong"
            assert busy.retry_after == waited
        receiver.open.clear()
        assert (await sender.send(message)).problem is DeliveryProblem.TIMEOUT
    assert (await sender.send(message)).problem is DeliveryProblem.UNREACHABLE
    assert len(receiver.heard) == 5
    await sender.close()


def certificates(directory: Path, name: str) -> ssl.SSLContext:
    """Make a certificate for a name, which is its own authority, and what serves with it."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .sign(key, SHA256())
    )
    pem = made.public_bytes(Encoding.PEM)
    (directory / "authority.pem").write_bytes(pem)
    secret = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (directory / "served.pem").write_bytes(secret + pem)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(directory / "served.pem")
    return context


@pytest.mark.anyio
async def test_the_certificate_is_asked_for_the_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    serving = certificates(tmp_path, "receiver.example")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "authority.pem"))

    async def here(_: str, __: int) -> Sequence[str]:
        return ["127.0.0.1"]

    sender = Sender(networks=LOOPBACK, resolving=here)
    async with receiving(serving) as receiver:
        port = receiver.address.partition("127.0.0.1:")[2].partition("/")[0]
        for name, problem in (
            ("receiver.example", None),
            ("another.example", DeliveryProblem.CERTIFICATE),
        ):
            sent = await sender.send(replace(MESSAGE, url=f"https://{name}:{port}/"))
            assert sent.problem is problem
    await sender.close()
    assert len(receiver.heard) == 1
