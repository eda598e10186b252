"""Functions compiled to machine code (Numba) when they are first called, and kept on disk."""

from collections.abc import Callable
from typing import ParamSpec, TypeVar, cast

import numba

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")


def compiled(function: Callable[Parameters, Result]) -> Callable[Parameters, Result]:
    """Return a function of numbers and arrays as machine code that lets other threads run.

    What is compiled is kept beside the source or in the user's cache; where neither can be written
    it is compiled again by each process.
    """
    try:
        made = numba.njit(cache=True, nogil=True)(function)
    except RuntimeError:
        made = numba.njit(nogil=True)(function)
    return cast("Callable[Parameters, Result]", made)
