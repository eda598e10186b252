"""Similar cases: past completed claims most like an order, of those that the caller may see."""

import asyncio
from collections.abc import Sequence

from domain.access import Viewer
from domain.clock import Clock
from domain.errors import BadInput
from graph import cases
from graph.cases import CaseRow
from graph.driver import Graph
from matching.cases import Likeness, Matter, most_alike, root_of
from matching.model import Policy

MOST_CASES = 50
LOOKED_AT = 1_000
"""Claims of the category's root that are compared, the latest."""
WEIGHTS = Policy().weights


async def similar_cases(
    graph: Graph, viewer: Viewer, clock: Clock, order_id: str, first: int
) -> Sequence[Likeness] | None:
    """Return the completed claims most like an order, by their ids; None where it is not seen.

    Raises BadInput for a number that is not possible.
    """
    if not 1 <= first <= MOST_CASES:
        raise BadInput(field="first", value=first, expected=f"1..{MOST_CASES}")
    order = await cases.order_about(graph, viewer, clock, order_id)
    if order is None:
        return None
    if not order.category_path:
        return []
    root = root_of(order.category_path)
    found = await cases.past_cases(graph, viewer, clock, order_id, root, LOOKED_AT)
    return await asyncio.to_thread(
        lambda: most_alike(_matter(order), [_matter(each) for each in found], WEIGHTS, first)
    )


def _matter(row: CaseRow) -> Matter:
    text = f"{row.title} {row.description}".strip()
    return Matter(row.id, text, row.category_path, row.area_path)
