"""Keys of the hub: several, the first of which signs (its own tokens) or seals (`server.sealing`).

They are random texts, one a line, newest first: the lines of a 0600 file in the data directory, or
of a setting (`RENLING_TOKEN_SECRET`, `RENLING_WEBHOOK_KEY`). A key is named (`kid`) by a digest of
itself, so nothing but the texts is kept. Whoever holds those of tokens may sign for every account.
"""

import hashlib
import os
import secrets
import tempfile
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager, suppress
from fcntl import LOCK_EX, flock
from pathlib import Path
from typing import Protocol

from domain.errors import BadInput, EngineUnusable, NotFound

KEY_FILE = "token.key"
KEY_BYTES = 32
SHORTEST_KEY = 32
"""Characters; RFC 7518 asks for a key of at least the 256 bits of the hash."""


def is_long_enough(key: str) -> bool:
    """Whether a key is long enough to sign with; spaces around it do not count."""
    return len(key.strip()) >= SHORTEST_KEY


def key_id(key: str) -> str:
    """Return the name of a key."""
    return hashlib.sha256(key.encode()).hexdigest()[:16]


def named(text: str) -> dict[str, str]:
    """Return the keys of a text by name, newest first."""
    return {key_id(line.strip()): line.strip() for line in text.splitlines() if line.strip()}


class Keys(Protocol):
    """Where keys come from."""

    def read(self) -> Mapping[str, str]:
        """Return the keys by name; the first one signs."""
        ...


class FixedKeys:
    """Keys that stay as they are for the life of a process."""

    def __init__(self, text: str) -> None:
        self._keys = named(text)

    def read(self) -> Mapping[str, str]:
        """Return the keys by name."""
        return self._keys


class KeyFile:
    """Keys in a file, read again whenever it was changed, by whichever process."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._seen: tuple[int, int, int] | None = None
        self._keys: dict[str, str] = {}

    @classmethod
    def in_directory(cls, directory: Path, name: str = KEY_FILE) -> "KeyFile":
        """Use a file of a data directory, made with a first key where it is missing.

        Raises EngineUnusable when the directory cannot be used, or a line of it is no key.
        """
        path = directory / name
        found = cls(path)
        with _usable(path):
            directory.mkdir(parents=True, exist_ok=True)
            if not path.exists():
                _put(path, secrets.token_hex(KEY_BYTES), replace=False)
        found.read()
        return found

    def read(self) -> Mapping[str, str]:
        """Return the keys by name. Raises EngineUnusable when the file cannot be used."""
        with _usable(self._path):
            status = self._path.stat()
            seen = (status.st_mtime_ns, status.st_size, status.st_ino)
            if seen != self._seen:
                keys = named(self._path.read_text())
                if not keys or not all(map(is_long_enough, keys.values())):
                    raise EngineUnusable(
                        problem="key", place=str(self._path), characters=SHORTEST_KEY
                    )
                self._keys, self._seen = keys, seen
        return self._keys

    def rotate(self) -> str:
        """Add a key, which signs from now on, and return its name; older ones stay good."""
        key = secrets.token_hex(KEY_BYTES)
        self._change(lambda keys: {key_id(key): key, **keys})
        return key_id(key)

    def remove(self, name: str) -> None:
        """Take a key away: what it signed is no longer good.

        Raises NotFound for no such key, BadInput for the last one.
        """

        def without(keys: dict[str, str]) -> dict[str, str]:
            if name not in keys:
                raise NotFound(type="key", id=name)
            if len(keys) == 1:
                raise BadInput(field="key", value=name, expected="renling keys --rotate")
            return {other: key for other, key in keys.items() if other != name}

        self._change(without)

    def _change(self, change: Callable[[dict[str, str]], dict[str, str]]) -> None:
        with (
            _usable(self._path),
            self._path.parent.joinpath(f".{self._path.name}.lock").open("w") as lock,
        ):
            flock(lock, LOCK_EX)
            keys = change(dict(self.read()))
            _put(self._path, "\n".join(keys.values()), replace=True)


def _put(path: Path, text: str, *, replace: bool) -> None:
    """Make the file of keys. It appears with its content, in place of another only if asked."""
    descriptor, draft = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)  # 0600
    try:
        with os.fdopen(descriptor, "w") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        if replace:
            Path(draft).replace(path)
        else:
            # Of processes that start together the first one's key is everybody's.
            with suppress(FileExistsError):
                os.link(draft, path)
    finally:
        Path(draft).unlink(missing_ok=True)


@contextmanager
def _usable(path: Path) -> Generator[None]:
    """Say which file or directory cannot be used, and why."""
    try:
        yield
    except UnicodeDecodeError as problem:
        raise EngineUnusable(problem="key", place=str(path), characters=SHORTEST_KEY) from problem
    except OSError as problem:
        raise EngineUnusable(
            what=str(path),
            reason=problem.strerror or str(problem),
            remedy="RENLING_DATA_DIRECTORY",
        ) from problem
