"""Nodes that several objects of one answer serve in the same field, read by one statement."""

import asyncio
from collections.abc import Hashable, Sequence
from typing import Any

from graph.reads.columns import nodes_key
from schema.context import Info
from schema.resolve import raw_info, read_nodes


class Together:
    """The nodes of all objects of one answer.

    The first object whose field is resolved reads those of all, with the selection that they have
    in common; the others wait for it.
    """

    def __init__(self, nodes: Sequence[tuple[str, str]]) -> None:
        """Take the type and the uid of each."""
        self._nodes = sorted(set(nodes))
        self._read: dict[Hashable, asyncio.Task[list[Any]]] = {}

    async def read(self, info: Info, wanted: Sequence[tuple[str, str]]) -> list[Any]:
        """Return some of the nodes by the selection of the field, None for what may not be seen."""
        key = nodes_key(raw_info(info).field_nodes)
        if key not in self._read:
            self._read[key] = asyncio.ensure_future(read_nodes(info, self._nodes))
        rows = dict(zip(self._nodes, await self._read[key], strict=True))
        return [rows[each] for each in wanted]
