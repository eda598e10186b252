"""`make bench-reads`: the hub, the peer and the bare driver in turn, on one graph.

Prints medians and ratios and writes them to `bench/results/reads-ENGINE.md`.
"""

import argparse
import asyncio
import json
import os
import platform
import subprocess
import sys
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import ExitStack, asynccontextmanager
from datetime import UTC, datetime, timedelta
from itertools import cycle
from pathlib import Path
from statistics import median
from typing import Any

import orjson

from bench.city import City, city, write
from bench.hubs import OPERATOR, ROOT, engine, hub, progress, serving
from bench.load import Measured, Target, ask, measure, request
from bench.reads.queries import QUESTIONS, Question, samples
from domain.clock import system_clock
from domain.vocabulary import Role
from graph.engine import open_graph
from graph.migrations import migrate
from resolvers.accounts import GrantRequest, create_account
from server.tokens import Tokens

HERE = Path(__file__).parent
RESULTS = ROOT / "bench" / "results"
CONTENDERS = ("hub", "peer", "bare")
GROWING = ("unit", "page", "levels")
"""Look-ups, pages and nested queries: what does not depend on how large the graph is."""


def main() -> None:
    """Read what is to be measured, and measure it."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--engine", choices=("embedded", "neo4j"), default="embedded")
    options.add_argument("--units", type=int, default=5000, help="with ten offers and orders each")
    options.add_argument("--rounds", type=int, default=5)
    options.add_argument("--seconds", type=float, default=2.0, help="of one round of one contender")
    options.add_argument("--only", nargs="*", help="names of questions")
    options.add_argument(
        "--tenfold", action="store_true", help="the hub beside itself on a graph ten times as large"
    )
    options.add_argument("--out", type=Path, default=RESULTS)
    chosen = options.parse_args()
    asyncio.run(_grow(chosen) if chosen.tenfold else _bench(chosen))


async def _bench(options: argparse.Namespace) -> None:
    what = city(options.units)
    async with _written(options.engine, what) as (environment, headers):
        with ExitStack() as stack:
            peer = stack.enter_context(
                serving(["node", str(HERE / "peer" / "server.mjs")], environment)
            )
            bare = stack.enter_context(
                serving([sys.executable, "-m", "bench.reads.bare"], environment)
            )
            addresses = {
                "hub": stack.enter_context(hub(environment)),
                "peer": f"http://127.0.0.1:{peer['port']}/graphql",
                "bare": f"http://127.0.0.1:{bare['port']}/",
            }
            await _compare(options, what, addresses, headers)


@asynccontextmanager
async def _written(
    name: str, what: City
) -> AsyncGenerator[tuple[Mapping[str, str], dict[str, str]]]:
    """Write a city to an engine of its own; give the settings of servers on it, and who asks."""
    with engine(name) as where:
        async with open_graph(where.settings) as graph:
            await migrate(graph)
            await write(graph, what, progress(f"writing a city of {what.units:,} units"))
            account = await create_account(
                graph,
                viewer=OPERATOR,
                name="bench",
                grants=[GrantRequest(role=Role.COORDINATOR, area_id=what.district)],
                clock=system_clock,
            )
            endpoint = await graph.engine.endpoint()
            environment = where.environment(endpoint) | {
                "BENCH_URI": endpoint.uri,
                "BENCH_USER": endpoint.user,
                "BENCH_PASSWORD": endpoint.password,
                "BENCH_DATABASE": endpoint.database,
            }
            token = Tokens.from_directory(where.directory).sign(
                account, now=system_clock(), lifetime=timedelta(days=1)
            )
            yield environment, {"Authorization": f"Bearer {token}"}


async def _grow(options: argparse.Namespace) -> None:
    """Compare the hub on a city with the hub on one ten times as large, in turn."""
    small, large = city(options.units), city(10 * options.units)
    rows: list[str] = []
    async with (
        _written(options.engine, small) as (where, who),
        _written(options.engine, large) as (elsewhere, whoever),
    ):
        with hub(where) as near, hub(elsewhere) as far:
            for question in QUESTIONS:
                if question.name not in (options.only or GROWING):
                    continue
                targets = [
                    _target("once", question, small, near, who),
                    _target("tenfold", question, large, far, whoever),
                ]
                for target in targets:
                    await measure(target, 1, options.seconds)
                times: dict[str, list[float]] = {target.name: [] for target in targets}
                for _ in range(options.rounds):
                    for target in targets:
                        taken = await measure(target, 1, options.seconds)
                        times[target.name].append(1000 * taken.p50)
                once, tenfold = (median(found) for found in times.values())
                rows.append(
                    f"| {question.name} | {once:.2f} | {tenfold:.2f} | {tenfold / once:.2f} |"
                )
                print(rows[-1], flush=True)
    about = (
        f"`make bench-reads ENGINE={options.engine} UNITS={small.units} TENFOLD=1` on "
        f"{datetime.now(UTC):%Y-%m-%d}, {os.cpu_count()} cores, load average "
        f"{os.getloadavg()[1]:.1f}: the median request of the hub in milliseconds over one "
        f"connection, on either graph in turn, medians of {options.rounds} rounds of "
        f"{options.seconds:g} s. The goal is a ratio below 1.2."
    )
    title = f"# Reads on {options.engine}, {small.units:,} and {large.units:,} units"
    table = ["| question | once ms | tenfold ms | tenfold/once |", "|---|---|---|---|"]
    heading = [title, "", about, "", *table]
    options.out.mkdir(parents=True, exist_ok=True)
    file = options.out / f"tenfold-{options.engine}-{small.units}-units.md"
    file.write_text("\n".join([*heading, *rows, ""]), encoding="utf-8")
    print(f"written to {file}")


def _target(
    name: str, question: Question, what: City, address: str, headers: dict[str, str]
) -> Target:
    """Return the hub as a target of its own."""
    bodies = [
        orjson.dumps({"query": question.ours, "variables": ours})
        for ours, _, _ in samples(question, what)
    ]
    return Target(name, address, cycle([request(address, body, headers) for body in bodies]))


def _targets(
    question: Question, what: City, addresses: Mapping[str, str], headers: dict[str, str]
) -> list[Target]:
    bodies: dict[str, list[bytes]] = {name: [] for name in CONTENDERS}
    for ours, peers, bares in samples(question, what):
        bodies["hub"].append(orjson.dumps({"query": question.ours, "variables": ours}))
        bodies["peer"].append(orjson.dumps({"query": question.peer, "variables": peers}))
        bodies["bare"].append(orjson.dumps({"name": question.name, "variables": bares}))
    return [
        Target(
            name,
            addresses[name],
            cycle(
                [
                    request(addresses[name], body, headers if name == "hub" else {})
                    for body in bodies[name]
                ]
            ),
        )
        for name in CONTENDERS
    ]


async def _compare(
    options: argparse.Namespace,
    what: City,
    addresses: Mapping[str, str],
    headers: dict[str, str],
) -> None:
    rows: list[str] = []
    for question in QUESTIONS:
        if options.only and question.name not in options.only:
            continue
        targets = _targets(question, what, addresses, headers)
        await _check_alike(question, targets)
        for connections in (1, 16):
            found: dict[str, list[Measured]] = {target.name: [] for target in targets}
            for target in targets:
                await measure(target, connections, options.seconds)
            for _ in range(options.rounds):
                for target in targets:
                    found[target.name].append(await measure(target, connections, options.seconds))
            rows.append(_row(question.name, connections, found))
            print(rows[-1], flush=True)
    heading = _heading(options, what)
    options.out.mkdir(parents=True, exist_ok=True)
    size = f"{what.units}-units"
    file = options.out / f"reads-{options.engine}-{size}.md"
    file.write_text("\n".join([heading, *rows, ""]), encoding="utf-8")
    print(f"written to {file.relative_to(ROOT) if file.is_relative_to(ROOT) else file}")


async def _check_alike(question: Question, targets: Sequence[Target]) -> None:
    """Refuse to compare answers of different sizes, or with errors."""
    for _ in range(5):
        sizes: dict[str, int] = {}
        for target in targets:
            body: Any = json.loads(await ask(target))
            if target.name != "bare" and body.get("errors"):
                raise RuntimeError(f"{question.name}, {target.name}: {body['errors']}")
            sizes[target.name] = question.size(body)
        if len(set(sizes.values())) > 1 or 0 in sizes.values():
            raise RuntimeError(f"{question.name}: answers differ in size: {sizes}")


def _row(name: str, connections: int, found: Mapping[str, Sequence[Measured]]) -> str:
    rates = {who: median(each.rate for each in runs) for who, runs in found.items()}
    times = {who: median(each.p50 for each in runs) * 1000 for who, runs in found.items()}
    cells = [
        name,
        str(connections),
        *(f"{rates[who]:.0f}" for who in CONTENDERS),
        *(f"{times[who]:.2f}" for who in CONTENDERS),
        f"{rates['hub'] / rates['peer']:.2f}",
        f"{rates['bare'] / rates['hub']:.2f}",
    ]
    return f"| {' | '.join(cells)} |"


def _heading(options: argparse.Namespace, what: City) -> str:
    about = (
        f"`make bench-reads ENGINE={options.engine} UNITS={what.units}` on "
        f"{datetime.now(UTC):%Y-%m-%d}, {os.cpu_count()} cores, load average "
        f"{os.getloadavg()[1]:.1f}, Python {platform.python_version()}, Node {_version('node')}: "
        f"medians of {options.rounds} rounds of {options.seconds:g} s, contenders in turn. Rates "
        "are requests per second, times the median request in milliseconds; *hub/peer* says how "
        "many times the peer's rate the hub has, *bare/hub* how many times the hub's rate the "
        "bare driver has. The method is in [../README.md](../README.md)."
    )
    columns = ["question", "connections", *(f"{who}/s" for who in CONTENDERS)]
    columns += [*(f"{who} ms" for who in CONTENDERS), "hub/peer", "bare/hub"]
    return "\n".join(
        [
            f"# Reads on {options.engine}, {what.units:,} units, {what.offers:,} offers and orders",
            "",
            about,
            "",
            f"| {' | '.join(columns)} |",
            "|---" * len(columns) + "|",
        ]
    )


def _version(program: str) -> str:
    return subprocess.run(
        [program, "--version"], capture_output=True, text=True, check=True
    ).stdout.strip()


if __name__ == "__main__":
    main()
