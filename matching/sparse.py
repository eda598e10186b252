"""What is used of SciPy's sparse matrices and graphs, with types (SciPy ships none).

It is loaded when it is first used: it takes longer than the rest of a command that matches nothing.
"""

from importlib import import_module
from typing import Any, Protocol, cast

import numpy as np
from numpy.typing import NDArray

Whole = NDArray[np.integer[Any]]
Entries = tuple[NDArray[Any], tuple[Whole, Whole]] | tuple[NDArray[Any], Whole, Whole]
"""Values with their rows and columns, or values, columns and where each row begins."""


def _components(arcs: "Matrix", **options: object) -> NDArray[np.int64]:
    graphs: Any = import_module("scipy.sparse.csgraph")
    labels: NDArray[Any] = graphs.connected_components(arcs, **options)[1]
    return labels.astype(np.int64)


def listed(numbers: Whole) -> list[int]:
    """Return numbers as Python's own."""
    return cast("list[int]", numbers.tolist())


class Matrix(Protocol):
    """A sparse matrix by rows (or, of `tocsc`, by columns)."""

    indptr: NDArray[np.int32]
    indices: NDArray[np.int32]
    data: NDArray[Any]
    shape: tuple[int, int]

    def tocsc(self) -> "Matrix":
        """Return the matrix by columns."""
        ...

    def __getitem__(self, rows: Whole, /) -> "Matrix":
        """Return some of the rows."""
        ...

    def __matmul__(self, other: NDArray[np.float32], /) -> NDArray[np.float32]:
        """Return the product with a dense table."""
        ...


def matrix(entries: Entries, shape: tuple[int, int]) -> Matrix:
    """Return a matrix by rows."""
    sparse: Any = import_module("scipy.sparse")
    return sparse.csr_matrix(entries, shape=shape)


def graph(tails: Whole, heads: Whole, nodes: int, weights: NDArray[Any] | None = None) -> Matrix:
    """Return a graph of these arcs; one without weights only says who is next to whom."""
    values = np.ones(len(tails), dtype=np.int8) if weights is None else weights
    return matrix((values, (tails, heads)), (nodes, nodes))


def connected(arcs: Matrix) -> NDArray[np.int64]:
    """Return the number of each node's connected component, whatever the arcs' direction."""
    return _components(arcs, directed=False)


def strongly_connected(arcs: Matrix) -> NDArray[np.int64]:
    """Return the number of each node's part in which every node reaches every other."""
    return _components(arcs, connection="strong")


def parents(arcs: Matrix, root: int) -> NDArray[np.int64]:
    """Return each node's parent in a breadth-first tree; below 0 for the root and the unreached."""
    graphs: Any = import_module("scipy.sparse.csgraph")
    found: NDArray[Any] = graphs.breadth_first_order(arcs, root, directed=False)[1]
    return found.astype(np.int64)
