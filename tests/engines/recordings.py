"""Where a whole run on the embedded engine keeps what it asked, for Neo4j to be asked the same.

A recording counts only for the very code that made it, so beside it lies a fingerprint of that.
"""

import os
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

ROOT = Path(__file__).parents[2]
SUITES = ("tests/graph", "tests/contract")
"""The tests whose questions are recorded: those that ask the graph itself, in one order."""
_FINGERPRINT = "fingerprint"
_BESIDES = {"bench", "build", "docs", "node_modules", "__pycache__"}


def fingerprint() -> str:
    """Return a digest of all that decides what the tests ask: code, data, dependencies."""
    digest = sha256()
    for file in _files():
        digest.update(f"{file.relative_to(ROOT)}\0".encode())
        digest.update(sha256(file.read_bytes()).digest())
    return digest.hexdigest()


def _files() -> Iterator[Path]:
    yield ROOT / "pyproject.toml"
    for place, directories, names in os.walk(ROOT):
        directories[:] = sorted(
            name for name in directories if name not in _BESIDES and not name.startswith(".")
        )
        if Path(place) != ROOT:
            yield from (Path(place) / name for name in sorted(names))


def begin(directory: Path) -> None:
    """Forget what was recorded there before."""
    (directory / _FINGERPRINT).unlink(missing_ok=True)
    for recording in directory.glob("*.jsonl"):
        recording.unlink()


def complete(directory: Path, made_of: str) -> None:
    """Say that the run was whole and of which code, its `fingerprint` at the beginning."""
    (directory / _FINGERPRINT).write_text(made_of)


def kept(directory: Path) -> list[Path]:
    """Return the recordings of a whole run of this code, by module; none if there was no such."""
    stamp = directory / _FINGERPRINT
    if not stamp.exists() or stamp.read_text() != fingerprint():
        return []
    return sorted(directory.glob("*.jsonl"))
