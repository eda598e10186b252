"""Migrations: applied once, in order, by one hub at a time; a newer graph is refused."""

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import replace
from typing import LiteralString, cast

import pytest

from domain.errors import GraphTooNew
from domain.records import Node
from graph.driver import Graph
from graph.engine import EngineSettings, open_graph
from graph.migrations import MIGRATIONS, Migration, applied, m0007_orders, migrate
from graph.ordering import ORDERED, derived
from graph.statements import CompiledStatement, Statement
from tests.contract.world import build_world

pytestmark = pytest.mark.anyio

MARK = Statement("tests.mark", "CREATE (:Pairing {id: $id})", writes=True)
MARKS = CompiledStatement("MATCH (p:Pairing) RETURN count(p) AS marks")
UNMARK = Statement("tests.unmark", "MATCH (p:Pairing) DETACH DELETE p", writes=True)
FORGET = Statement(
    "tests.forget",
    "MATCH (m) WHERE (m:Migration AND m.number > $above) OR m:EngineLock DETACH DELETE m",
    writes=True,
)


@pytest.fixture
async def raw(graph: Graph) -> AsyncGenerator[Graph]:
    """A graph without a record of any migration."""
    await graph.write(lambda transaction: transaction.run(FORGET, above=0))
    await graph.write(lambda transaction: transaction.run(UNMARK))
    yield graph
    await graph.write(lambda transaction: transaction.run(FORGET, above=len(MIGRATIONS)))
    await migrate(graph)


async def mark(graph: Graph) -> None:
    """Leave a trace of each application, after giving others the time to do the same."""
    await asyncio.sleep(0.05)
    number = (await graph.read(MARKS))[0]["marks"]
    await graph.write(lambda transaction: transaction.run(MARK, id=str(number)))


async def test_all_are_applied_once_and_recorded(raw: Graph) -> None:
    numbers = [migration.number for migration in MIGRATIONS]
    assert numbers == list(range(1, len(MIGRATIONS) + 1))
    assert await migrate(raw) == numbers
    assert await applied(raw) == numbers
    assert await migrate(raw) == []


@pytest.mark.unrecorded
async def test_hubs_that_start_together_apply_them_once(
    raw: Graph, engine_settings: EngineSettings
) -> None:
    migrations = (*MIGRATIONS, Migration(len(MIGRATIONS) + 1, "mark", mark))
    async with open_graph(engine_settings) as other, open_graph(engine_settings) as third:
        done = await asyncio.gather(
            *(migrate(graph, migrations=migrations) for graph in (raw, other, third, raw))
        )
    assert sorted(number for numbers in done for number in numbers) == [
        migration.number for migration in migrations
    ]
    assert await raw.read(MARKS) == [{"marks": 1}]


async def test_a_graph_of_a_newer_hub_is_refused(raw: Graph) -> None:
    newer = Migration(len(MIGRATIONS) + 7, "from the future", mark)
    await migrate(raw, migrations=(*MIGRATIONS, newer))
    with pytest.raises(GraphTooNew) as caught:
        await migrate(raw)
    assert caught.value.details == {"found": newer.number, "known": len(MIGRATIONS)}


async def test_a_migration_that_fails_is_not_recorded_and_lets_others_go_on(raw: Graph) -> None:
    async def fail(_: Graph) -> None:
        raise ZeroDivisionError

    broken = Migration(len(MIGRATIONS) + 1, "broken", fail)
    with pytest.raises(ZeroDivisionError):
        await migrate(raw, migrations=(*MIGRATIONS, broken))
    assert await applied(raw) == [migration.number for migration in MIGRATIONS]
    mended = replace(broken, apply=mark)
    assert await migrate(raw, migrations=(*MIGRATIONS, mended)) == [broken.number]


async def test_uniqueness_and_search_are_there(raw: Graph) -> None:
    await migrate(raw)
    searched = CompiledStatement(
        "CALL db.index.fulltext.queryNodes('ResourceOffer[search]', $query) YIELD node "
        "RETURN node.id AS id"
    )
    offer = Statement(
        "tests.offer", "CREATE (:ResourceOffer {id: $id, search: $search})", writes=True
    )
    await raw.write(lambda transaction: transaction.run(offer, id="a", search="社区会议室 开放"))
    await raw.write(lambda transaction: transaction.run(offer, id="b", search="停车位"))
    assert await raw.read(searched, query="会议室") == [{"id": "a"}]
    constraint = "{neo4j_code: Neo.ClientError.Schema.ConstraintValidationFailed}"
    with pytest.raises(Exception, match=constraint):
        await raw.write(lambda transaction: transaction.run(offer, id="a", search=""))
    clear = Statement("tests.clear", "MATCH (o:ResourceOffer) DELETE o", writes=True)
    await raw.write(lambda transaction: transaction.run(clear))


async def test_keys_and_search_texts_are_made_for_what_was_there(graph: Graph) -> None:
    world = build_world()
    await world.write(graph)
    labels = [cls.__name__ for cls in ORDERED]
    whole = {label: await graph.read(nodes_of(label)) for label in labels}
    for cls in ORDERED:
        await graph.write(lambda transaction, cls=cls: transaction.run(without_keys(cls)))
    await m0007_orders.apply(graph)
    assert {label: await graph.read(nodes_of(label)) for label in labels} == whole
    assert all(whole.values())


def nodes_of(label: str) -> CompiledStatement:
    return CompiledStatement(f"MATCH (n:{label}) RETURN properties(n) AS p ORDER BY n.id")


def without_keys(cls: type[Node]) -> Statement:
    names = ", ".join(f"n.{name} = null" for name in sorted(derived(cls)))
    text = cast("LiteralString", f"MATCH (n:{cls.__name__}) SET {names}")
    return Statement("tests.forget_keys", text, writes=True)
