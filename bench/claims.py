"""`make bench-claims`: claims per second and their times, spread over offers and on one hot offer.

A coordinator dispatches one unit after the other from offers to communities, over HTTP, through
one hub process; every claim is a new one. Written to `bench/results/claims-ENGINE.md`.
"""

import argparse
import asyncio
import os
import platform
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import orjson

from bench.city import City, city, write
from bench.hubs import OPERATOR, ROOT, engine, hub, progress
from bench.load import Target, measure, request
from domain.clock import system_clock
from domain.identity import global_id, new_id
from domain.vocabulary import Role
from graph.engine import open_graph
from graph.migrations import migrate
from resolvers.accounts import GrantRequest, create_account
from server.tokens import Tokens

CLIENTS = (1, 16, 64)
PROPOSE = """mutation Propose($input: ProposeClaimInput!) { proposeClaim(input: $input) {
  ... on ClaimPayload { claim { id state } } ... on Problem { code message } } }"""


def main() -> None:
    """Read what is to be measured, and measure it."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--engine", choices=("embedded", "neo4j"), default="embedded")
    options.add_argument("--units", type=int, default=500, help="with ten offers each")
    options.add_argument("--seconds", type=float, default=10.0)
    options.add_argument("--out", type=Path, default=ROOT / "bench" / "results")
    asyncio.run(_bench(options.parse_args()))


async def _bench(options: argparse.Namespace) -> None:
    what = city(options.units)
    rows: list[str] = []
    with engine(options.engine) as where:
        async with open_graph(where.settings) as graph:
            await migrate(graph)
            await write(graph, what, progress("writing the city"))
            account = await create_account(
                graph,
                viewer=OPERATOR,
                name="bench",
                grants=[GrantRequest(role=Role.COORDINATOR, area_id=what.district)],
                clock=system_clock,
            )
            environment = where.environment(await graph.engine.endpoint())
            environment["RENLING_OPEN_CLAIMS_PER_AGENT"] = "1000000000"
            token = Tokens.from_directory(where.directory).sign(
                account, now=system_clock(), lifetime=timedelta(days=1)
            )
            with hub(environment) as address:
                headers = {"Authorization": f"Bearer {token}"}
                for name, hot in (("spread", False), ("one hot offer", True)):
                    for clients in CLIENTS:
                        asked = _claims(what, address, headers, hot=hot)
                        target = Target("hub", address, asked)
                        found = await measure(target, clients, options.seconds, _claimed)
                        rows.append(
                            f"| {name} | {clients} | {found.rate:.0f} | {found.p50 * 1000:.1f} | "
                            f"{found.p99 * 1000:.1f} |"
                        )
                        print(rows[-1], flush=True)
    options.out.mkdir(parents=True, exist_ok=True)
    file = options.out / f"claims-{options.engine}.md"
    file.write_text("\n".join([_heading(options), *rows, ""]), encoding="utf-8")


def _claims(what: City, address: str, headers: dict[str, str], *, hot: bool) -> Iterator[bytes]:
    """Give requests for claims of one unit each, from many offers or always from the same."""
    run = new_id()
    for number in count():
        offer = what.roomy_offer if hot else what.open_offer(number)
        receiver = what.communities[number % len(what.communities)]
        given: dict[str, Any] = {
            "idempotencyKey": f"{run}-{number}",
            "initiator": "COORDINATOR",
            "offerId": global_id("ResourceOffer", offer),
            "receiverId": global_id("Area", receiver),
            "lines": [{"quantity": 1}],
        }
        body = orjson.dumps({"query": PROPOSE, "variables": {"input": given}})
        yield request(address, body, headers)


def _claimed(body: bytes) -> None:
    claim = orjson.loads(body)["data"]["proposeClaim"]
    if "claim" not in claim:
        raise RuntimeError(f"no claim: {claim}")


def _heading(options: argparse.Namespace) -> str:
    about = (
        f"`make bench-claims ENGINE={options.engine}` on {datetime.now(UTC):%Y-%m-%d}, "
        f"{os.cpu_count()} cores, load average {os.getloadavg()[1]:.1f}, Python "
        f"{platform.python_version()}: {options.seconds:g} s each, {options.units * 10:,} "
        "offers, one hub process. The method is in [../README.md](../README.md)."
    )
    columns = ["| what | clients | claims/s | median ms | p99 ms |", "|---|---|---|---|---|"]
    return "\n".join([f"# Claims on {options.engine}", "", about, "", *columns])


if __name__ == "__main__":
    main()
