"""Tokens of an issuer: what is good, what is not, rotated keys, and an issuer that is away."""

import asyncio
import base64
import hashlib
import hmac
import warnings
from collections.abc import AsyncGenerator
from datetime import UTC, datetime, timedelta

import httpx
import jwt
import pytest
from jwt import InsecureKeyLengthWarning

from domain.errors import BadInput, NotSignedIn, SignInUnavailable
from server.hub import open_issuer
from server.issuer import Issuer, IssuerPolicy, checked_address
from server.settings import Settings
from tests.http.issuing import AUDIENCE, FakeIssuer, Signer, fake_issuer, signer

pytestmark = pytest.mark.anyio
MINUTE = timedelta(minutes=1)


class Time:
    """A clock for the age of keys, which a test sets."""

    now = 1_000.0

    def __call__(self) -> float:
        return self.now


class Checked:
    """An issuer of ours beside the fake one that it asks."""

    def __init__(self, fake: FakeIssuer) -> None:
        self.fake = fake
        self.time = Time()
        policy = IssuerPolicy(issuer=fake.address, audience=AUDIENCE)
        self.issuer = Issuer(policy, httpx.AsyncClient(trust_env=False, timeout=5), self.time)

    async def refused(self, token: str) -> None:
        with pytest.raises(NotSignedIn):
            await self.issuer.check(token)

    async def subject(self, token: str) -> str:
        return (await self.issuer.check(token)).subject


@pytest.fixture
async def checked() -> AsyncGenerator[Checked]:
    async with fake_issuer() as fake:
        found = Checked(fake)
        yield found
        await found.issuer.close()
        await found.issuer.client.aclose()


@pytest.mark.parametrize("algorithm", ["RS256", "PS256", "ES256", "ES384", "EdDSA"])
async def test_a_token_of_a_published_key_is_good(checked: Checked, algorithm: str) -> None:
    checked.fake.keys = [signer("other"), signer("this", algorithm)]
    token = checked.fake.token(checked.fake.keys[1], sub="li")
    assert await checked.subject(token) == "li"
    assert await checked.subject(token) == "li"
    assert checked.fake.asked == ["/.well-known/openid-configuration", "/keys"]


async def test_only_a_verified_address_is_told(checked: Checked) -> None:
    for verified, told in ((True, "li@example.org"), (False, None), ("true", None), (None, None)):
        token = checked.fake.token(email="li@example.org", email_verified=verified)
        assert (await checked.issuer.check(token)).email == told


async def test_each_claim_is_required_and_right(checked: Checked) -> None:
    now = datetime.now(UTC)
    for name in ("iss", "sub", "aud", "iat", "exp"):
        claims = {key: value for key, value in checked.fake.claims().items() if key != name}
        await checked.refused(checked.fake.encode(claims))
    for wrong in (
        {"iss": "https://else.example"},
        {"iss": checked.fake.address + "/"},
        {"aud": "else"},
        {"aud": []},
        {"sub": ""},
        {"sub": 7},
        {"exp": now - MINUTE},
        {"nbf": now + MINUTE},
        {"iat": now + MINUTE},
        {"exp": "soon"},
    ):
        await checked.refused(checked.fake.token(**wrong))
    close = timedelta(seconds=10)
    assert await checked.subject(checked.fake.token(exp=now - close)) == "subject"
    assert await checked.subject(checked.fake.token(nbf=now + close, iat=now + close)) == "subject"


async def test_nothing_that_a_published_key_can_make_is_taken_for_a_signature(
    checked: Checked,
) -> None:
    fake = checked.fake
    rsa_key = signer("rsa", "RS256")
    fake.keys.append(rsa_key)
    pem, claims = rsa_key.pem(), fake.claims()
    unprotected = _hmac(claims, pem, "rsa")
    await checked.refused(unprotected)
    await checked.refused(jwt.encode(claims, "", "none", {"kid": "rsa"}))
    # A key is good for its own algorithm only, whoever signs.
    await checked.refused(fake.encode(claims, Signer("rsa", "PS256", rsa_key.private)))
    await checked.refused(fake.encode(claims, signer("rsa", "RS256")))
    await checked.refused(fake.encode(claims, signer("first", "ES384")))
    # What a token says of keys is not believed.
    other = signer("mine")
    await checked.refused(fake.encode(claims, other, jwk=other.published()))
    await checked.refused(fake.encode(claims, other, jku=f"{fake.address}/keys"))
    for kind in ("logout+jwt", "dpop+jwt", "JWE"):
        await checked.refused(fake.encode(claims, typ=kind))
    await checked.refused(fake.encode(claims, None, crit=["made-up"]))
    await checked.refused("x" * 9_000)
    assert await checked.subject(fake.encode(claims, typ="at+jwt")) == "subject"


def _hmac(claims: dict[str, object], secret: bytes, kid: str) -> str:
    """Sign with a public key as if it were a secret; PyJWT itself refuses to."""

    header, payload, _ = jwt.encode(claims, "k" * 32, "HS256", {"kid": kid}).split(".")
    signature = hmac.digest(secret, f"{header}.{payload}".encode(), hashlib.sha256)
    return f"{header}.{payload}.{base64.urlsafe_b64encode(signature).rstrip(b'=').decode()}"


async def test_keys_that_are_not_for_signatures_or_too_weak_are_passed_over(
    checked: Checked,
) -> None:
    fake = checked.fake
    good, weak = fake.keys[0], signer("weak", "RS256", bits=1024)
    encryption = signer("encryption").published() | {"use": "enc"}
    secret = {"kty": "oct", "k": "c2VjcmV0", "kid": "secret", "alg": "HS256"}
    fake.published = {
        "keys": [good.published(), weak.published(), encryption, secret, "noise", {"kty": "RSA"}]
    }
    assert await checked.subject(fake.token()) == "subject"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", InsecureKeyLengthWarning)
        by_weak = fake.token(weak)
    await checked.refused(by_weak)
    checked.time.now += 60
    await checked.refused(_hmac(fake.claims(), b"secret", "secret"))


async def test_without_a_name_the_key_has_to_be_the_only_one(checked: Checked) -> None:
    fake = checked.fake
    unnamed = jwt.encode(fake.claims(), fake.keys[0].private, "ES256")
    assert await checked.subject(unnamed) == "subject"
    fake.keys.append(signer("second"))
    checked.time.now += 400
    await checked.issuer.check(fake.token())
    await _asked(fake, 4)
    await checked.refused(unnamed)


async def _asked(fake: FakeIssuer, times: int) -> None:
    for _ in range(200):
        if len(fake.asked) >= times:
            break
        await asyncio.sleep(0.01)
    await asyncio.sleep(0.05)
    assert len(fake.asked) == times


async def test_a_rotated_key_works_at_once_and_a_withdrawn_one_ends(checked: Checked) -> None:
    fake, time = checked.fake, checked.time
    old = fake.token()
    assert await checked.subject(old) == "subject"
    fake.keys = [signer("new")]
    time.now += 31
    assert await checked.subject(fake.token(sub="new")) == "new"
    await checked.refused(old)


async def test_noise_does_not_become_requests(checked: Checked) -> None:
    fake, time = checked.fake, checked.time
    assert await checked.subject(fake.token()) == "subject"
    time.now += 31
    noise = [fake.token(signer(f"unknown{number}")) for number in range(20)]
    await asyncio.gather(*(checked.refused(token) for token in noise))
    assert len(fake.asked) == 4
    for token in noise:
        await checked.refused(token)
    assert len(fake.asked) == 4


async def test_an_issuer_that_is_away_is_survived_within_a_bound(checked: Checked) -> None:
    fake, time = checked.fake, checked.time
    token = fake.token()
    assert await checked.subject(token) == "subject"
    fake.away = True
    for _ in range(5):
        time.now += 3_600
        assert await checked.subject(token) == "subject"
        await asyncio.sleep(0.02)
    await checked.refused(fake.token(signer("unknown")))
    time.now += 3_700
    with pytest.raises(SignInUnavailable):
        await checked.issuer.check(token)
    fake.away = False
    time.now += 31
    assert await checked.subject(token) == "subject"


async def test_an_issuer_that_was_never_there_is_not_asked_by_everybody(checked: Checked) -> None:
    checked.fake.away = True

    async def refused() -> None:
        with pytest.raises(SignInUnavailable):
            await checked.issuer.check(checked.fake.token())

    await asyncio.gather(*(refused() for _ in range(10)))
    await refused()
    assert len(checked.fake.asked) == 1


async def test_an_issuer_that_calls_itself_otherwise_is_not_believed(checked: Checked) -> None:
    checked.fake.named = "https://else.example"
    with pytest.raises(SignInUnavailable):
        await checked.issuer.check(checked.fake.token())


@pytest.mark.parametrize("address", ["http://issuer.example", "ftp://x", "issuer", "https://", ""])
def test_an_address_that_others_could_answer_for_is_refused(address: str) -> None:
    with pytest.raises(BadInput):
        checked_address("RENLING_OIDC_ISSUER", address)


def test_an_issuer_needs_its_audience() -> None:
    with pytest.raises(BadInput) as refused:
        open_issuer(Settings(oidc_issuer="https://issuer.example"))
    assert refused.value.details["field"] == "RENLING_OIDC_AUDIENCE"
    assert open_issuer(Settings()) is None
