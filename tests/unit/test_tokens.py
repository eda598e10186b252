import os
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import jwt
import pytest
from pydantic import SecretStr

from domain.errors import BadInput, EngineUnusable, NotSignedIn
from domain.language import Language
from server.hub import open_tokens
from server.settings import Settings
from server.tokens import AUDIENCE, KEY_BYTES, KEY_FILE, SHORTEST_KEY, Tokens

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


@pytest.mark.parametrize(
    "token",
    [
        "",
        "not.a.token",
        Tokens("x" * 64).sign("someone", now=now(), lifetime=HOUR),
        jwt.encode({"sub": "someone", "aud": AUDIENCE}, KEY),
        jwt.encode({"sub": "someone", "aud": "else", "exp": now() + HOUR}, KEY),
        jwt.encode({"sub": "someone", "aud": AUDIENCE, "exp": now() + HOUR}, "", "none"),
    ],
    ids=["empty", "noise", "other key", "no expiry", "other audience", "unsigned"],
)
def test_what_we_did_not_sign_is_refused(token: str) -> None:
    with pytest.raises(NotSignedIn):
        Tokens(KEY).account_of(token)


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

    monkeypatch.setattr(os, "link", link)
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
