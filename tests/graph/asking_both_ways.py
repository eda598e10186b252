"""Asking the hub with an account of a neighbourhood, both ways, with the same bytes."""

from collections.abc import Mapping
from typing import Any

import orjson

from domain.access import VISITOR, Viewer
from domain.language import Language
from graph.accounts import viewer as viewer_of
from schema.build import build_schema
from schema.context import Context
from schema.execution import Executor
from tests.graph.builders import Neighbourhood

EXECUTOR = Executor(build_schema())


async def account_of(here: Neighbourhood, who: str | None) -> Viewer:
    """The account of this name with its grants, a visitor for None."""
    if who is None:
        return VISITOR
    found = await viewer_of(here.graph.read, here.id(f"account {who}"), here.clock.now)
    assert found is not None
    return found


async def answer(
    here: Neighbourhood, who: str | None, query: str, variables: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """What the hub answers, errors and all, with a clock that stands still meanwhile."""
    now = here.clock.now
    context = Context(
        graph=here.graph,
        viewer=await account_of(here, who),
        language=Language.EN,
        clock=lambda: now,
    )
    fast = await EXECUTOR.fast.answer(query, variables, None, context)
    ordinary = await EXECUTOR.ordinary(query, variables, None, context)
    response = orjson.loads(ordinary.body)
    assert fast == (None if "errors" in response else ordinary.body)
    return response


async def data(
    here: Neighbourhood, who: str | None, query: str, variables: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """The data of an answer without errors."""
    response = await answer(here, who, query, variables)
    assert "errors" not in response, response
    return response["data"]
