"""The embedded engine as a child process that all commands on one data directory share.

`DATA/engine` holds, beside the databases:

| file | what it is |
|---|---|
| `lock` | held while somebody starts or stops the engine |
| `alive` | held by the engine itself, which inherits it: free means that no engine runs |
| `users` | held, shared, by every process that uses the engine |
| `process`, `ports.json` | its process id and where it listens |
| `password` | of its only user, readable by us alone |
| `log` | what it printed since its start; `log.former` before that |

All of these are locks of the operating system (flock): they end with the process that holds them,
however it ended, so nothing has to be cleaned up after a crash, and no process id is ever trusted
unless `alive` is held.
"""

import asyncio
import contextlib
import errno
import fcntl
import json
import os
import secrets
import shutil
import signal
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path
from typing import LiteralString

from domain.errors import EngineUnusable
from graph.embedded_server import (
    LAUNCH,
    LOGGING,
    LOGGING_FILE,
    LOOPBACK,
    USER,
    Administration,
    AdministrationError,
    Package,
    Ports,
    command,
    free_ports,
    port_trouble,
)
from graph.endpoint import Dialect, Endpoint

POLL = 0.02
LOG_LINES = 12
PASSED_ON = ("PATH", "HOME", "LANG", "LC_ALL", "TZ", "TMPDIR")
"""Of our environment; the rest (secrets, options of another Java) is not the engine's business."""


@dataclass(frozen=True, slots=True)
class EmbeddedSettings:
    """Of the embedded engine. `port` 0 takes any free one; times in seconds.

    `java_options` are given to its Java as they are, after those that the hub gives.
    """

    directory: Path
    database: str = "renling"
    port: int = 0
    memory_megabytes: int = 1024
    java_options: tuple[str, ...] = ()
    minimum_free_megabytes: int = 64
    start_time: float = 90.0
    stop_time: float = 30.0
    package: Path | None = None


class EmbeddedEngine:
    """One user's hold on the engine of a data directory."""

    def __init__(self, settings: EmbeddedSettings) -> None:
        self._settings = settings
        self._home = (settings.directory / "engine").absolute()
        self._user: int | None = None
        self._children: list[int] = []

    @property
    def dialect(self) -> Dialect:
        """Which engine it is."""
        return Dialect.EMBEDDED

    @property
    def directory(self) -> Path:
        """The data directory."""
        return self._settings.directory

    async def endpoint(self) -> Endpoint:
        """Return where the engine answers, having started it where none runs.

        Raises EngineUnusable.
        """
        return await asyncio.to_thread(self.attach)

    async def schema_command(self, text: LiteralString) -> None:
        """Run an SQL schema command in our database. Raises AdministrationError."""
        await asyncio.to_thread(self.administration().sql, self._settings.database, text)

    async def close(self) -> None:
        """Leave the engine; the last user stops it."""
        await asyncio.to_thread(self.detach)

    def attach(self) -> Endpoint:
        """Become a user of the engine, starting it where none runs. Raises EngineUnusable."""
        self._prepare()
        with self._turn():
            if self._user is None:
                self._user = self._open("users")
                fcntl.flock(self._user, fcntl.LOCK_SH)
            administration = self._running()
            if administration is None:
                with self._life() as dead:
                    started = self._start(dead) if dead is not None else self._ports()
                administration = self._await_ready(started)
            if administration is None:
                raise self._unusable("start", self._last_words())
        return Endpoint(
            f"bolt://{LOOPBACK}:{self._ports().bolt}",
            USER,
            self._password(),
            self._settings.database,
        )

    def detach(self) -> None:
        """Stop being a user; stop the engine if there is no other."""
        if self._user is None:
            return
        with self._turn():
            user, self._user = self._user, None
            try:
                # Refused while anybody else holds it, shared.
                fcntl.flock(user, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return
            finally:
                os.close(user)
            self._stop()

    def administration(self) -> Administration:
        """Return the engine's administration; the engine is running."""
        return Administration(self._ports().http, self._password())

    def process(self) -> int | None:
        """Return the process id of the engine, None where none runs."""
        with self._life() as dead:
            return self._process() if dead is None else None

    def _process(self) -> int:
        return int((self._home / "process").read_text(encoding="ascii"))

    def _ports(self) -> Ports:
        try:
            return Ports(**json.loads((self._home / "ports.json").read_text(encoding="ascii")))
        except (OSError, ValueError, TypeError) as error:
            raise self._unusable("start", str(error)) from error

    def _password(self) -> str:
        return (self._home / "password").read_text(encoding="ascii")

    def _prepare(self) -> None:
        """Make the directory and the password. Raises EngineUnusable."""
        settings = self._settings
        try:
            settings.directory.mkdir(parents=True, exist_ok=True)
            self._home.mkdir(mode=0o700, exist_ok=True)
            os.close(self._open("lock"))
            free = shutil.disk_usage(self._home).free // 2**20
        except OSError as error:
            raise self._unusable(_kind(error), str(error)) from error
        if free < settings.minimum_free_megabytes:
            raise self._unusable("disk", f"{free} MB < {settings.minimum_free_megabytes} MB")

    def _make_password(self) -> Path:
        path = self._home / "password"
        if not path.exists():
            # The engine keeps a hash of the former one, if there was one.
            (self._home / "server" / "config" / "server-users.jsonl").unlink(missing_ok=True)
            draft = self._home / "password.draft"
            draft.unlink(missing_ok=True)
            handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
            with os.fdopen(handle, "w", encoding="ascii") as file:
                file.write(secrets.token_urlsafe(32))
            draft.rename(path)
        return path

    def _start(self, alive: int) -> Ports:
        """Start the engine, which inherits the lock that says that it is alive."""
        package = Package.find(self._settings.package)
        ports = self._choose_ports()
        if not self._wait(lambda: _locked(alive), self._settings.start_time):
            raise self._unusable("lock", str(self._home / "alive"))
        try:
            password_file = self._make_password()
            server = self._home / "server"
            (server / "config").mkdir(parents=True, exist_ok=True)
            (server / "config" / LOGGING_FILE).write_text(LOGGING, encoding="ascii")
            (server / "log").mkdir(exist_ok=True)
            (self._home / "ports.json").write_text(
                json.dumps({"bolt": ports.bolt, "http": ports.http}), encoding="ascii"
            )
            log = self._home / "log"
            if log.exists():
                log.replace(self._home / "log.former")
            heap = f"-Xmx{self._settings.memory_megabytes}m"
            options = (heap, *self._settings.java_options)
            line = command(package, server, password_file, ports, options)
            os.set_inheritable(alive, True)  # noqa: FBT003 - the function takes it by position
            writing = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
            child = os.posix_spawn(
                LAUNCH[0],
                [*LAUNCH, str(self._home / "process"), *line],
                {name: os.environ[name] for name in PASSED_ON if name in os.environ},
                file_actions=[
                    (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
                    (os.POSIX_SPAWN_OPEN, 1, str(log), writing, 0o600),
                    (os.POSIX_SPAWN_DUP2, 1, 2),
                ],
                setsid=True,  # Ctrl-C is for the command; the last user stops the engine
            )
        except OSError as error:
            raise self._unusable(_kind(error), str(error)) from error
        self._children.append(child)
        return ports

    def _choose_ports(self) -> Ports:
        """Return the ports of the last run where they are free: open drivers find it again."""
        asked = self._settings.port
        if asked and (trouble := port_trouble(asked)):
            raise EngineUnusable(problem="port", place=asked, reason=trouble)
        ports = free_ports()
        with contextlib.suppress(EngineUnusable):
            former = self._ports()
            if not port_trouble(former.bolt) and not port_trouble(former.http):
                ports = former
        return Ports(bolt=asked or ports.bolt, http=ports.http)

    def _running(self) -> Administration | None:
        """Return the administration of the engine that runs already, None where none does.

        One that is just dying (killed, its memory not yet given back) still holds its lock.
        """
        with self._life() as dead:
            if dead is not None:
                return None
        return self._await_ready(self._ports())

    def _await_ready(self, ports: Ports) -> Administration | None:
        """Wait until the engine answers; None when it dies. Raises EngineUnusable after long."""
        administration = Administration(ports.http, self._password())
        deadline = time.monotonic() + self._settings.start_time
        while not self._usable(administration):
            if self._dead():
                self._reap()
                return None
            if time.monotonic() > deadline:
                raise self._unusable("start", self._last_words())
            time.sleep(POLL)
        return administration

    def _usable(self, administration: Administration) -> bool:
        """Whether the engine answers and has our database. Raises EngineUnusable."""
        try:
            if not administration.ready():
                return False
            administration.create_database(self._settings.database)
        except AdministrationError as error:
            raise self._unusable("start", str(error)) from error
        except (OSError, HTTPException):  # it died meanwhile, or is too busy for now
            return False
        return True

    def _stop(self) -> None:
        """Ask the engine to end, and end it when it does not."""
        with self._life() as dead:
            if dead is not None:
                return
        process = self._process()
        for signal_number, patience in (
            (signal.SIGTERM, self._settings.stop_time),
            (signal.SIGKILL, 5.0),
        ):
            with contextlib.suppress(ProcessLookupError):
                os.kill(process, signal_number)
            if self._wait(self._dead, patience):
                break
        self._reap()

    def _dead(self) -> bool:
        with self._life() as dead:
            return dead is not None

    def _wait(self, reached: Callable[[], bool], patience: float) -> bool:
        deadline = time.monotonic() + patience
        while not reached():
            if time.monotonic() > deadline:
                return False
            time.sleep(POLL)
        return True

    def _reap(self) -> None:
        """Take note of the end of engines that this process started."""
        for child in tuple(self._children):
            with contextlib.suppress(ChildProcessError):
                ended, _ = os.waitpid(child, os.WNOHANG)
                if not ended:
                    continue
            self._children.remove(child)

    def _last_words(self) -> str:
        with contextlib.suppress(OSError):
            lines = (self._home / "log").read_text(encoding="utf-8", errors="replace").splitlines()
            return "\n".join(["", *lines[-LOG_LINES:]])
        return str(self._home / "log")

    def _open(self, name: str) -> int:
        return os.open(self._home / name, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)

    @contextmanager
    def _turn(self) -> Generator[None]:
        """Hold the right to start and stop. Raises EngineUnusable after a long wait."""
        handle = self._open("lock")
        try:
            patience = self._settings.start_time + self._settings.stop_time
            if not self._wait(lambda: _locked(handle), patience):
                raise self._unusable("lock", str(self._home / "lock"))
            yield
        finally:
            os.close(handle)

    @contextmanager
    def _life(self) -> Generator[int | None]:
        """Yield None while the engine lives, else its lock, to make exclusive and hand over.

        Shared, so that those who only look are not taken for an engine.
        """
        handle = self._open("alive")
        try:
            yield handle if _locked(handle, fcntl.LOCK_SH) else None
        finally:
            os.close(handle)

    def _unusable(self, problem: str, reason: str) -> EngineUnusable:
        return EngineUnusable(problem=problem, place=str(self._settings.directory), reason=reason)


def _locked(handle: int, mode: int = fcntl.LOCK_EX) -> bool:
    try:
        fcntl.flock(handle, mode | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _kind(error: OSError) -> str:
    return "disk" if error.errno in {errno.ENOSPC, errno.EDQUOT} else "directory"
