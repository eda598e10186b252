import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import jwt
import pytest

from domain.errors import EngineUnusable, NotSignedIn
from server.tokens import AUDIENCE, KEY_FILE, Tokens

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
        jwt.encode({"sub": "someone", "aud": AUDIENCE, "exp": now() + HOUR}, None, "none"),
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


def test_an_unusable_directory_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(EngineUnusable, match="file"):
        Tokens.from_directory(tmp_path / "file" / "data")
