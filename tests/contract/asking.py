"""Asking the schema both ways, and counting statements."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import orjson

from domain.access import VISITOR, Viewer
from domain.language import Language
from graph.driver import Graph
from graph.statements import TOTAL
from schema.build import build_schema
from schema.context import Context
from schema.execution import Answer, Executor
from tests.contract.world_records import NOW, World
from tests.receiving import ways

QUERIES = Path(__file__).parent / "queries"
WAYS = ways()
EXECUTOR = Executor(build_schema())


@dataclass
class Hub:
    """A graph with a world in it, and the schema over it."""

    graph: Graph
    world: World
    executor: Executor = EXECUTOR
    texts: list[str] = field(default_factory=list[str])

    def __post_init__(self) -> None:
        self.graph.observers.append(self._told)

    def _told(self, name: str, text: str, _parameters: Mapping[str, Any]) -> None:
        """Keep the text of a root; what counts beside a page belongs to it."""
        if name != TOTAL:
            self.texts.append(text)

    def context(self, viewer: Viewer, language: Language = Language.ZH) -> Context:
        return Context(
            graph=self.graph,
            viewer=viewer,
            language=language,
            clock=lambda: NOW,
            webhooks=WAYS,
        )

    async def fast(
        self, query: str, variables: Mapping[str, Any] | None = None, viewer: Viewer = VISITOR
    ) -> bytes | None:
        return await self.executor.fast.answer(query, variables, None, self.context(viewer))

    async def ordinary(
        self, query: str, variables: Mapping[str, Any] | None = None, viewer: Viewer = VISITOR
    ) -> Answer:
        return await self.executor.ordinary(query, variables, None, self.context(viewer))

    async def ask(
        self,
        query: str,
        variables: Mapping[str, Any] | None = None,
        viewer: Viewer = VISITOR,
        language: Language = Language.ZH,
    ) -> dict[str, Any]:
        """Answer as the hub does."""
        context = self.context(viewer, language)
        answer = await self.executor.answer(query, variables, None, context)
        return cast("dict[str, Any]", orjson.loads(answer.body))

    async def data(
        self, query: str, variables: Mapping[str, Any] | None = None, viewer: Viewer = VISITOR
    ) -> dict[str, Any]:
        """Answer, and expect no errors."""
        response = await self.ask(query, variables, viewer)
        assert "errors" not in response, response
        return response["data"]


@dataclass(frozen=True)
class Case:
    """A query of the suite: its text, and the variables of each of its runs."""

    name: str
    query: str
    runs: tuple[dict[str, Any], ...]
    fast: bool
    statements: int


def cases(world: World) -> list[Case]:
    """Return the query suite.

    A file begins with comments: `# run: {...}` is a run with these variables, in which `@name` is
    the global id of what the world calls so; `# ordinary` says that the short way does not serve
    it; `# statements: n` how many statements it is.
    """
    found: list[Case] = []
    for path in sorted(QUERIES.glob("*.graphql")):
        text = path.read_text()
        runs = tuple(
            cast("dict[str, Any]", _named(world, orjson.loads(run)))
            for run in re.findall(r"^# run: (.*)$", text, re.MULTILINE)
        )
        counted = re.search(r"^# statements: (\d+)$", text, re.MULTILINE)
        found.append(
            Case(
                name=path.stem,
                query=text,
                runs=runs or ({},),
                fast="# ordinary" not in text,
                statements=int(counted[1]) if counted else 1,
            )
        )
    return found


def _named(world: World, value: object) -> object:
    match value:
        case dict():
            given = cast("dict[str, object]", value)
            return {key: _named(world, item) for key, item in given.items()}
        case list():
            return [_named(world, item) for item in cast("list[object]", value)]
        case str() if value.startswith("@"):
            return world.gid(value[1:])
        case _:
            return value
