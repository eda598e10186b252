"""What the parts of a plan are solved by: this process, a pool of processes, a Dask cluster."""

from collections.abc import Callable, Generator
from concurrent.futures import Executor, ProcessPoolExecutor
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import partial
from importlib import import_module
from multiprocessing import get_context
from typing import Any, cast

from domain.errors import BadInput
from domain.language import Phrase
from resolvers.matching import OpenExecutor


def pool_of(workers: int) -> AbstractContextManager[Executor | None]:
    """Return a pool of so many processes for the components; with 0 they are solved here."""
    if not workers:
        return nullcontext()
    # Spawned, so that nothing of this process's threads and locks comes along.
    return ProcessPoolExecutor(workers, mp_context=get_context("spawn"))


def opening(workers: str) -> OpenExecutor:
    """Return what opens the executor of a run: so many processes, or the cluster of a scheduler.

    Raises BadInput for a cluster where the extra `dask` is not installed.
    """
    if workers.isdecimal():
        return partial(pool_of, int(workers))
    try:
        distributed = import_module("distributed")
    except ImportError as error:
        expected = Phrase("expected.dask_installed")
        raise BadInput(
            field="RENLING_MATCHING_WORKERS", value=workers, expected=expected
        ) from error
    return partial(_cluster, cast("Any", distributed).Client, workers)


@contextmanager
def _cluster(
    client_of: Callable[..., AbstractContextManager[Any]], address: str
) -> Generator[Executor]:
    """Connect with a scheduler for the time of a run."""
    with client_of(address, set_as_default=False) as client:
        yield client.get_executor()
