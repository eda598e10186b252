"""Changes that are tried and taken back: what they would come to, with the graph as it was."""

from collections.abc import Awaitable, Callable, Generator
from contextlib import contextmanager
from typing import Any, TypeVar

import pytest

from graph.driver import Graph, Transaction

T = TypeVar("T")


class _TakenBackError(Exception):
    def __init__(self, result: Any) -> None:
        super().__init__()
        self.result = result


@contextmanager
def rehearsed(graph: Graph, monkeypatch: pytest.MonkeyPatch) -> Generator[None]:
    """Roll every transaction of a graph back when its work is done; its result is given all the
    same.
    """
    really = graph.write

    async def write(work: Callable[[Transaction], Awaitable[T]], *, repeatable: bool = False) -> T:
        async def once(transaction: Transaction) -> None:
            raise _TakenBackError(await work(transaction))

        try:
            await really(once, repeatable=repeatable)
        except _TakenBackError as done:
            return done.result
        raise AssertionError("a rehearsal always ends with what it came to")

    with monkeypatch.context() as patched:
        patched.setattr(graph, "write", write)
        yield
