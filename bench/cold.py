"""`make bench-cold`: the first and the later answers of documents that nobody has asked before.

Random documents (seeded) over the whole schema, up to three levels of relations deep, each asked
once, and again after the engine had the time to plan it. The caller coordinates the district, in
this process, without HTTP. Written to `bench/results/cold-ENGINE.md`.
"""

import argparse
import asyncio
import os
import platform
import random
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import cast

from graphql import GraphQLObjectType, GraphQLSchema

from bench.city import City, city, write
from bench.hubs import ROOT, engine, progress
from domain.access import HeldGrant, Viewer
from domain.identity import derived_id
from domain.vocabulary import Role
from graph.engine import open_graph
from graph.mapping import GraphMapping, ManyField, OneField, Page, PropertyField, named_type
from graph.migrations import migrate
from graph.planning import Planning, keeping_plans
from schema.build import build_schema
from schema.context import Context
from schema.execution import Executor
from schema.resolve import mapping_of
from server.planned import plan_ahead
from server.process import keep_what_is_there

SEED = 20220613
DEEPEST = 3
GOAL = 100.0
"""Milliseconds."""


def main() -> None:
    """Read what is to be measured, and measure it."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--engine", choices=("embedded", "neo4j"), default="embedded")
    options.add_argument("--units", type=int, default=500, help="with ten offers each")
    options.add_argument("--documents", type=int, default=150)
    options.add_argument("--out", type=Path, default=ROOT / "bench" / "results")
    asyncio.run(_bench(options.parse_args()))


async def _bench(options: argparse.Namespace) -> None:
    what = city(options.units)
    executor = Executor(build_schema())
    documents = list(_documents(executor.schema, options.documents))
    keep_what_is_there()
    path = f"/{what.district}/"
    viewer = Viewer(derived_id("bench"), (HeldGrant(Role.COORDINATOR, area_path=path),))
    with engine(options.engine) as where:
        async with open_graph(where.settings) as graph:
            await migrate(graph)
            await write(graph, what, progress("writing the city"))
            async with keeping_plans(graph) as planning:
                began = time.perf_counter()
                await plan_ahead(graph, executor.schema, ())
                await planning.settled()
                ahead = time.perf_counter() - began
                context = Context(graph=graph, viewer=viewer)
                for each in documents[:5]:
                    await _ask(executor, each, context)
                first = [await _asked(executor, each, context, planning) for each in documents[5:]]
                later = [await _ask(executor, each, context) for each in documents[5:]]
    report = _report(options, what, first, later, ahead)
    print(report)
    options.out.mkdir(parents=True, exist_ok=True)
    (options.out / f"cold-{options.engine}.md").write_text(report + "\n", encoding="utf-8")


async def _asked(executor: Executor, document: str, context: Context, planning: Planning) -> float:
    """Ask a document, and let its statement be planned before the next one is asked."""
    taken = await _ask(executor, document, context)
    await planning.settled()
    return taken


async def _ask(executor: Executor, document: str, context: Context) -> float:
    """Return how long an answer took, in milliseconds."""
    began = time.perf_counter()
    answer = await executor.fast.answer(document, None, None, context)
    taken = time.perf_counter() - began
    if answer is None:
        raise SystemExit(f"not answered by the short way: {document}")
    return 1000 * taken


def _documents(schema: GraphQLSchema, count: int) -> Iterator[str]:
    """Yield random documents, five more than are measured: the first ones warm this process."""
    numbers = random.Random(SEED)
    mapping = mapping_of(schema)
    roots = sorted(name for name, root in mapping.roots.items() if isinstance(root.declared, Page))
    for _ in range(count + 5):
        root = numbers.choice(roots)
        target = mapping.roots[root].target
        selection = _selection(schema, mapping, target, numbers, 0)
        size = numbers.randint(1, 10)
        total = "totalCount " if numbers.random() < 1 / 3 else ""
        yield f"{{ {root}(first: {size}) {{ {total}nodes {{ {selection} }} }} }}"


def _selection(
    schema: GraphQLSchema,
    mapping: GraphMapping,
    name: str,
    numbers: random.Random,
    depth: int,
) -> str:
    kinds = mapping.possible[name]
    fields = mapping.nodes[kinds[0]]
    shown = cast("GraphQLObjectType", schema.type_map[name]).fields
    plain = [
        key
        for key, each in fields.items()
        if key in shown
        and isinstance(each, PropertyField)
        and not isinstance(named_type(shown[key]), GraphQLObjectType)
    ]
    related = [
        key
        for key, each in fields.items()
        if key in shown and isinstance(each, (OneField, ManyField))
    ]
    parts = ["id", *numbers.sample(plain, min(len(plain), numbers.randint(0, 5)))]
    most = min(len(related), DEEPEST - depth)
    for key in numbers.sample(related, numbers.randint(0 if depth else min(1, most), most)):
        each = fields[key]
        if isinstance(each, OneField):
            inner = _selection(schema, mapping, each.target, numbers, depth + 1)
            parts.append(f"{key} {{ {inner} }}")
        elif isinstance(each, ManyField):
            inner = _selection(schema, mapping, each.target, numbers, depth + 1)
            total = "totalCount " if numbers.random() < 1 / 3 else ""
            size = numbers.randint(1, 5)
            parts.append(f"{key}(first: {size}) {{ {total}nodes {{ {inner} }} }}")
    return " ".join(parts)


def _report(
    options: argparse.Namespace,
    what: City,
    first: Sequence[float],
    later: Sequence[float],
    ahead: float,
) -> str:
    about = (
        f"`make bench-cold ENGINE={options.engine}` on {datetime.now(UTC):%Y-%m-%d}, "
        f"{platform.machine()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f} at the end; "
        f"{what.units} units with ten offers and ten orders each. Planned ahead in {ahead:.0f} s. "
        f"Milliseconds; the goal is that none is over {GOAL:.0f}."
    )
    rows = [
        "| answer | documents | median | 90 % | 99 % | longest | over the goal |",
        "|---|---|---|---|---|---|---|",
        _row("first", first),
        _row("later", later),
    ]
    return "\n".join([f"# Cold shapes on {options.engine}", "", about, "", *rows])


def _row(name: str, times: Sequence[float]) -> str:
    ordered = sorted(times)

    def share(part: float) -> str:
        return f"{ordered[min(len(ordered) - 1, int(part * len(ordered)))]:.1f}"

    over = sum(each > GOAL for each in times)
    return (
        f"| {name} | {len(times)} | {median(times):.1f} | {share(0.9)} | {share(0.99)} "
        f"| {ordered[-1]:.1f} | {over} |"
    )


if __name__ == "__main__":
    main()
