"""Where the contents of files are kept: a directory, or an S3-compatible store.

A content lies under its SHA-256 and the id of its record, so nothing that a person named becomes a
path, and what two people upload is kept twice: forgetting one never touches the other.
"""

import asyncio
import os
import re
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Protocol, TypeVar

import obstore
from obstore.exceptions import BaseError
from obstore.store import S3Store

from domain.errors import BadInput, EngineUnavailable, EngineUnusable

T = TypeVar("T")
_HASH = re.compile(r"[0-9a-f]{64}")
_ID = re.compile(r"[0-9a-z]{1,64}", re.IGNORECASE)


class Contents(Protocol):
    """Keeps contents. Each raises EngineUnavailable or EngineUnusable where it cannot."""

    async def put(self, key: str, content: bytes) -> None:
        """Keep a content: it is there whole, and for good, or not at all."""
        ...

    async def get(self, key: str, start: int, end: int) -> bytes:
        """Return the bytes from `start` up to `end`, not included."""
        ...

    async def delete(self, key: str) -> None:
        """Forget a content; one that is not there is forgotten already."""
        ...


def key_of(sha256: str, file_id: str) -> str:
    """Return what a content is kept under. Raises ValueError for what is no hash or id."""
    if not _HASH.fullmatch(sha256) or not _ID.fullmatch(file_id):
        raise ValueError(f"not a hash and an id: {sha256!r}, {file_id!r}")
    return f"{sha256[:2]}/{sha256}/{file_id}"


class DirectoryContents:
    """A directory that only we can read."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    async def put(self, key: str, content: bytes) -> None:
        """Write beside, flush, rename, flush the directory."""
        await self._done(lambda: self._put(key, content))

    async def get(self, key: str, start: int, end: int) -> bytes:
        """Read a part of a file."""
        return await self._done(lambda: self._get(key, start, end))

    async def delete(self, key: str) -> None:
        """Remove a file."""
        await self._done(lambda: (self._directory / key).unlink(missing_ok=True))

    async def _done(self, work: Callable[[], T]) -> T:
        try:
            return await asyncio.to_thread(work)
        except OSError as problem:
            raise EngineUnusable(
                problem="directory", place=str(self._directory), reason=str(problem)
            ) from problem

    def _put(self, key: str, content: bytes) -> None:
        target = self._directory / key
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor, draft = tempfile.mkstemp(prefix=".draft-", dir=target.parent)  # 0600
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            Path(draft).replace(target)
        except BaseException:
            Path(draft).unlink(missing_ok=True)
            raise
        for directory in (target.parent, target.parent.parent, self._directory):
            handle = os.open(directory, os.O_RDONLY)
            try:
                os.fsync(handle)
            finally:
                os.close(handle)

    def _get(self, key: str, start: int, end: int) -> bytes:
        with (self._directory / key).open("rb") as file:
            file.seek(start)
            return file.read(end - start)


class StoreContents:
    """An S3-compatible store."""

    def __init__(self, store: S3Store, name: str) -> None:
        self._store = store
        self._name = name

    async def put(self, key: str, content: bytes) -> None:
        """Put an object."""
        try:
            await obstore.put_async(self._store, key, content)
        except BaseError as problem:
            raise self._away(problem) from problem

    async def get(self, key: str, start: int, end: int) -> bytes:
        """Get a range of an object."""
        try:
            return bytes(await obstore.get_range_async(self._store, key, start=start, end=end))
        except BaseError as problem:
            raise self._away(problem) from problem

    async def delete(self, key: str) -> None:
        """Delete an object."""
        try:
            await obstore.delete_async(self._store, key)
        except FileNotFoundError:
            return
        except BaseError as problem:
            raise self._away(problem) from problem

    def _away(self, problem: Exception) -> EngineUnavailable:
        return EngineUnavailable(
            problem="unreachable", address=self._name, reason=type(problem).__name__
        )


def open_contents(address: str | None, directory: Path) -> Contents:
    """Return where contents are kept: `s3://bucket/prefix`, or a directory where none is named.

    Keys, region and endpoint of S3 are the usual `AWS_*` variables. Raises BadInput.
    """
    if address is None:
        return DirectoryContents(directory / "files")
    if not address.startswith("s3://"):
        raise BadInput(field="RENLING_FILES", value=address, expected="s3://BUCKET/PREFIX")
    return StoreContents(S3Store.from_url(address), address)
