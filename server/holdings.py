"""How many long-lived things one caller may hold: connections, subscriptions."""

from collections import Counter
from collections.abc import Generator
from contextlib import contextmanager

from domain.access import Viewer
from domain.errors import LimitExceeded
from domain.limits import Limit


def holder(viewer: Viewer, address: str) -> str:
    """Return by what a caller is counted: the account, or the address of a visitor."""
    return f"address {address}" if viewer.account_id is None else f"account {viewer.account_id}"


class Holdings:
    """Counts what each caller holds of one kind."""

    def __init__(self, what: Limit, most: int) -> None:
        self._what = what
        self._most = most
        self._held: Counter[str] = Counter()

    @property
    def held(self) -> int:
        """How many are held by all callers together."""
        return self._held.total()

    def acquire(self, caller: str) -> None:
        """Take one more. Raises LimitExceeded, with nothing taken."""
        asked = self._held[caller] + 1
        if asked > self._most:
            raise LimitExceeded(what=self._what, asked=asked, limit=self._most)
        self._held[caller] = asked

    def release(self, caller: str) -> None:
        """Give one back that was taken."""
        self._held[caller] -= 1
        if not self._held[caller]:
            del self._held[caller]

    @contextmanager
    def holding(self, caller: str) -> Generator[None]:
        """Hold one for a while. Raises LimitExceeded."""
        self.acquire(caller)
        try:
            yield
        finally:
            self.release(caller)
