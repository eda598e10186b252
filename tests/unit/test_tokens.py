import os
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import jwt
import pytest
from pydantic import SecretStr

from domain.errors import BadInput, EngineUnusable, NotFound, NotSignedIn
from domain.language import Language
from server import keys
from server.hub import open_tokens
from server.keys import KEY_BYTES, KEY_FILE, SHORTEST_KEY, KeyFile, key_id
from server.settings import Settings
from server.tokens import AUDIENCE, ISSUER, Tokens

HOUR = timedelta(hours=1)
KEY = "k" * 64


def now() -> datetime:
    return datetime.now(UTC)


def test_a_token_names_its_account() -> None:
    tokens = Tokens(KEY)
    assert tokens.account_of(tokens.sign("someone", now=now(), lifetime=HOUR)) == "someone"


def test_an_expired_token_is_refused() -> None:
    tokens = Tokens(KEY)
    with pytest.raises(NotSignedIn, match="过期"):
        tokens.account_of(tokens.sign("someone", now=now() - 2 * HOUR, lifetime=HOUR))


def claims(**other: object) -> dict[str, object]:
    return {
        "iss": ISSUER,
        "sub": "someone",
        "aud": AUDIENCE,
        "iat": now(),
        "exp": now() + HOUR,
        "jti": "t",
    } | other


def signed(key: str = KEY, kid: str | None = key_id(KEY), **other: object) -> str:
    headers = {} if kid is None else {"kid": kid}
    return jwt.encode(claims(**other), key, "HS256", headers)


def without(name: str) -> str:
    left = {other: value for other, value in claims().items() if other != name}
    return jwt.encode(left, KEY, "HS256", {"kid": key_id(KEY)})


def test_the_token_that_the_bad_ones_differ_from_is_good() -> None:
    assert Tokens(KEY).account_of(signed()) == "someone"


@pytest.mark.parametrize(
    "token",
    [
        "",
        "not.a.token",
        Tokens("x" * 64).sign("someone", now=now(), lifetime=HOUR),
        signed("x" * 64),
        signed(kid=None),
        signed(kid="other"),
        *(without(name) for name in ("iss", "sub", "aud", "iat", "exp", "jti")),
        signed(aud="else"),
        signed(iss="else"),
        signed(iat=now() + HOUR),
        signed(nbf=now() + HOUR),
        signed(sub=7),
        jwt.encode(claims(), KEY, "HS512", {"kid": key_id(KEY)}),
        jwt.encode(claims(), "", "none", {"kid": key_id(KEY)}),
        "x" * 9_000,
    ],
)
def test_what_we_did_not_sign_is_refused(token: str) -> None:
    with pytest.raises(NotSignedIn):
        Tokens(KEY).account_of(token)


def test_the_cookie_of_a_session_is_no_bearer_token_and_no_bearer_token_a_cookie() -> None:
    tokens = Tokens(KEY)
    cookie = tokens.sign("someone", now=now(), lifetime=HOUR, session_id="s")
    assert tokens.check(cookie, of_session=True).session_id == "s"
    with pytest.raises(NotSignedIn):
        tokens.check(cookie)
    with pytest.raises(NotSignedIn):
        tokens.check(signed(), of_session=True)


def test_a_token_is_for_the_audience_of_its_hub() -> None:
    token = Tokens(KEY, audience="one").sign("someone", now=now(), lifetime=HOUR)
    assert Tokens(KEY, audience="one").account_of(token) == "someone"
    with pytest.raises(NotSignedIn):
        Tokens(KEY, audience="two").account_of(token)


def test_a_new_key_signs_and_older_ones_stay_good(tmp_path: Path) -> None:
    signer, elsewhere = Tokens.from_directory(tmp_path), Tokens.from_directory(tmp_path)
    before = signer.sign("someone", now=now(), lifetime=HOUR)
    assert isinstance(signer.keys, KeyFile)
    (first,) = signer.keys.read()
    second = signer.keys.rotate()
    after = elsewhere.sign("someone", now=now(), lifetime=HOUR)
    assert jwt.get_unverified_header(after)["kid"] == second
    assert elsewhere.account_of(before) == signer.account_of(after) == "someone"
    signer.keys.remove(first)
    with pytest.raises(NotSignedIn):
        elsewhere.account_of(before)
    assert elsewhere.account_of(after) == "someone"
    assert stat.S_IMODE((tmp_path / KEY_FILE).stat().st_mode) == 0o600


def test_the_last_key_stays_and_an_unknown_one_is_named(tmp_path: Path) -> None:
    file = KeyFile.in_directory(tmp_path)
    (only,) = file.read()
    with pytest.raises(BadInput):
        file.remove(only)
    with pytest.raises(NotFound):
        file.remove("unknown")
    assert list(file.read()) == [only]


def test_the_key_is_made_once_and_kept_private(tmp_path: Path) -> None:
    directory = tmp_path / "data"
    token = Tokens.from_directory(directory).sign("someone", now=now(), lifetime=HOUR)
    assert Tokens.from_directory(directory).account_of(token) == "someone"
    assert stat.S_IMODE((directory / KEY_FILE).stat().st_mode) == 0o600


def test_processes_that_start_together_use_one_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first: list[Tokens] = []

    def link(draft: str, path: Path) -> None:
        """Let another process be through before this one puts its key in place."""
        monkeypatch.undo()
        assert len(Path(draft).read_text()) == 2 * KEY_BYTES
        first.append(Tokens.from_directory(tmp_path))
        os.link(draft, path)

    monkeypatch.setattr(keys.os, "link", link)
    second = Tokens.from_directory(tmp_path)
    token = first[0].sign("someone", now=now(), lifetime=HOUR)
    assert second.account_of(token) == "someone"
    assert [path.name for path in tmp_path.iterdir()] == [KEY_FILE]


@pytest.mark.parametrize("content", [b"", b"short", b" " * 64, b"\xff" * 64])
def test_a_file_that_holds_no_key_is_named(tmp_path: Path, content: bytes) -> None:
    (tmp_path / KEY_FILE).write_bytes(content)
    with pytest.raises(EngineUnusable) as caught:
        Tokens.from_directory(tmp_path)
    assert all(KEY_FILE in caught.value.message(language) for language in Language)
    assert (tmp_path / KEY_FILE).read_bytes() == content


@pytest.mark.parametrize("secret", ["", "short", "k" * (SHORTEST_KEY - 1)])
def test_a_secret_that_is_too_short_is_refused_unseen(secret: str) -> None:
    with pytest.raises(BadInput) as caught:
        open_tokens(Settings(token_secret=SecretStr(secret)))
    for language in Language:
        message = caught.value.message(language)
        assert "RENLING_TOKEN_SECRET" in message
        assert str(SHORTEST_KEY) in message
        assert not secret or secret not in message


def test_a_configured_secret_signs() -> None:
    secret = "k" * SHORTEST_KEY
    token = open_tokens(Settings(token_secret=SecretStr(secret))).sign(
        "someone", now=now(), lifetime=HOUR
    )
    assert Tokens(secret).account_of(token) == "someone"


def test_an_unusable_directory_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(EngineUnusable, match="file"):
        Tokens.from_directory(tmp_path / "file" / "data")
