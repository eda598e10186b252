"""What every engine does: answer, sign in, refuse clearly, let writers queue."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from domain.errors import EngineUnavailable
from domain.identity import new_id
from domain.language import Language
from graph.driver import Graph, Transaction
from graph.engine import EngineSettings, open_graph
from graph.statements import CompiledStatement, Statement
from tests.engines.neo4j_server import Server

pytestmark = pytest.mark.anyio

ONE = CompiledStatement("UNWIND [1, 2] AS n RETURN n, n * $factor AS m ORDER BY n")
CREATE = Statement("tests.create", "CREATE (n:Unit {id: $id, held: 0, turn: 0})", writes=True)
MERGE = Statement("tests.merge", "MERGE (n:Unit {id: $id}) RETURN n.id AS id", writes=True)
LOCK = Statement("tests.lock", "MATCH (n:Unit {id: $id}) SET n.turn = $token", writes=True)
HELD = Statement("tests.held", "MATCH (n:Unit {id: $id}) RETURN n.held AS held")
HOLD = Statement("tests.hold", "MATCH (n:Unit {id: $id}) SET n.held = n.held + 1", writes=True)
COUNT = Statement("tests.count", "MATCH (n:Unit {id: $id}) RETURN count(n) AS nodes")


async def test_reads_records_and_values(graph: Graph) -> None:
    seen: list[tuple[str, str, Any]] = []
    graph.observers.append(lambda name, text, parameters: seen.append((name, text, parameters)))
    try:
        assert await graph.read(ONE, factor=3) == [{"n": 1, "m": 3}, {"n": 2, "m": 6}]
        assert await graph.read_single(ONE, {"factor": 3}) == [1, 3]
        empty = CompiledStatement("MATCH (n:Unit {id: $id}) RETURN n.id AS id")
        assert await graph.read_single(empty, {"id": "none"}) == []
    finally:
        graph.observers.clear()
    assert [(name, parameters) for name, _, parameters in seen] == [
        ("compiled", {"factor": 3}),
        ("compiled", {"factor": 3}),
        ("compiled", {"id": "none"}),
    ]


async def test_64_writers_that_lock_first_hold_no_more_than_there_is(graph: Graph) -> None:
    await graph.write(lambda transaction: transaction.run(CREATE, id="contended"))

    async def hold(transaction: Transaction) -> bool:
        await transaction.run(LOCK, id="contended", token=new_id())
        (row,) = await transaction.run(HELD, id="contended")
        if row["held"] >= 10:
            return False
        await transaction.run(HOLD, id="contended")
        return True

    won = await asyncio.gather(*(graph.write(hold) for _ in range(64)))
    assert sum(won) == 10
    assert await graph.read(HELD, id="contended") == [{"held": 10}]


async def test_merges_of_one_id_at_the_same_time_meet_in_one_node(graph: Graph) -> None:
    async def merge(key: str) -> list[dict[str, Any]]:
        return await graph.write(lambda transaction: transaction.run(MERGE, id=key))

    for number in range(5):
        key = f"merged{number}"
        rows = await asyncio.gather(*(merge(key) for _ in range(16)))
        assert rows == [[{"id": key}]] * 16
        assert await graph.read(COUNT, id=key) == [{"nodes": 1}]


async def test_work_that_fails_changes_nothing(graph: Graph) -> None:
    class Refused(Exception):
        pass

    async def refused(transaction: Transaction) -> None:
        await transaction.run(MERGE, id="refused")
        raise Refused

    with pytest.raises(Refused):
        await graph.write(refused)
    assert await graph.read(COUNT, id="refused") == [{"nodes": 0}]


async def test_cancelled_work_changes_nothing(graph: Graph) -> None:
    reached = asyncio.Event()

    async def stuck(transaction: Transaction) -> None:
        await transaction.run(MERGE, id="cancelled")
        reached.set()
        await asyncio.Event().wait()

    task = asyncio.create_task(graph.write(stuck))
    await reached.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await graph.read(COUNT, id="cancelled") == [{"nodes": 0}]


async def test_a_wrong_password_is_told(
    engine_settings: EngineSettings, engine_server: object, graph: Graph
) -> None:
    # The embedded engine is signed in to like a Neo4j here, over its address.
    settings = replace(engine_settings, uri=graph.address, user="neo4j", password="wrong-password")
    with pytest.raises(EngineUnavailable) as caught:
        async with open_graph(settings):
            pass
    assert caught.value.details["problem"] == "sign_in"
    assert "RENLING_NEO4J_PASSWORD" in caught.value.message(Language.EN)
    assert "wrong-password" not in caught.value.message(Language.EN)
    if isinstance(engine_server, Server):
        with pytest.raises(EngineUnavailable) as initial:
            async with open_graph(replace(settings, password="neo4j")):
                pass
        assert initial.value.details["problem"] == "sign_in"


async def test_a_database_that_is_not_there_is_told(
    engine_settings: EngineSettings, graph: Graph
) -> None:
    endpoint = await graph.engine.endpoint()
    settings = replace(
        engine_settings,
        uri=endpoint.uri,
        user=endpoint.user,
        password=endpoint.password,
        database="nowhere",
    )
    with pytest.raises(EngineUnavailable) as caught:
        async with open_graph(settings):
            pass
    assert caught.value.details["problem"] == "database"
