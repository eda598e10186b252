"""Where components are solved: here, or by any `concurrent.futures.Executor`.

A process pool, a Dask cluster (`distributed.Client.get_executor()`) and this very process give the
same plan: each component is solved for itself, from plain arrays and records, and the outcomes come
back in the order of the components.
"""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor
from typing import TypeVar

Item = TypeVar("Item")
Outcome = TypeVar("Outcome")


def spread(
    executor: Executor | None, work: Callable[[Item], Outcome], items: Iterable[Item]
) -> Iterator[Outcome]:
    """Yield what `work` makes of each item, in their order; here where there is no executor."""
    if executor is None:
        return map(work, items)
    # Dask takes no iterators.
    return executor.map(work, list(items))
