"""A dump holds the whole graph, and a restore gives the same answers."""

import json
import stat
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any, LiteralString, cast

import pytest

from domain.errors import DumpError, GraphTooNew
from domain.language import Language
from graph import dump as module
from graph.driver import Graph
from graph.dump import dump
from graph.dump_file import FORMAT, VERSION, Counts
from graph.migrations import MIGRATIONS, applied, migrate
from graph.migrations.restoring import BEGIN_RESTORE, END_RESTORE
from graph.model import NODES, RELATIONSHIPS
from graph.restore import PUT_NODES, PUT_RELATIONSHIPS, restore
from graph.statements import CompiledStatement, Statement
from tests.engines.wiping import wipe

pytestmark = pytest.mark.anyio

KEYS: dict[str, str] = {**NODES}
MAKE = Statement(
    "tests.make",
    """CREATE (root:Area {id: 'root', name: '双滦区', path: '/root/'})
CREATE (low:Area:Agent {id: 'low', name: '御祥园社区', path: '/root/low/', latitude: 40.5})
CREATE (low)-[:PART_OF]->(root)
CREATE (u:Unit:Agent {id: 'u', name: '"引号" \\\\ 与\u2028行', aliases: ['甲', '乙'], flag: true})
CREATE (u)-[:LOCATED_IN]->(low)
CREATE (o:ResourceOffer {id: 'o', capacity: 9007199254740993, search: '会议室'})
CREATE (u)-[:OFFERS {since: '2026-01-01'}]->(o)
CREATE (:IdempotencyKey {key: 'k', result: '{}'})
CREATE (:Event {id: 'e'})""",
    writes=True,
)
FILL = Statement(
    "tests.fill",
    "UNWIND range(1, $number) AS i CREATE (:Category {id: 'c' + toString(i), code: toString(i)})",
    writes=True,
)
CHAIN = Statement(
    "tests.chain",
    "UNWIND range(2, $number) AS i MATCH (a:Category {id: 'c' + toString(i)}) "
    "MATCH (b:Category {id: 'c' + toString(i - 1)}) CREATE (a)-[:CHILD_OF]->(b)",
    writes=True,
)
ADD_EVENT = Statement("tests.event", "CREATE (:Event {id: $id})", writes=True)
ADD_UNKNOWN = Statement("tests.unknown", "CREATE (:Comet {id: 'x'})", writes=True)
REFUSED_BY_THE_ENGINE = Statement(
    "tests.refused", "UNWIND $rows AS row RETURN nothing", writes=True
)
QUESTIONS = [
    CompiledStatement(
        "MATCH (n) WHERE NOT n:Migration AND NOT n:EngineLock "
        "RETURN coalesce(n.id, n.key) AS id, labels(n) AS labels, properties(n) AS properties"
    ),
    CompiledStatement(
        "MATCH (a)-[r]->(b) RETURN a.id AS a, type(r) AS r, properties(r) AS p, b.id AS b"
    ),
    CompiledStatement(
        "CALL db.index.fulltext.queryNodes('ResourceOffer[search]', '会议室') YIELD node "
        "RETURN node.id AS id"
    ),
]


@pytest.fixture(autouse=True)
async def emptied(graph: Graph) -> AsyncGenerator[None]:
    await wipe(graph)
    yield
    await graph.write(lambda transaction: transaction.run(END_RESTORE))


async def answers(graph: Graph) -> list[list[str]]:
    """Return what the questions say, in an order of their own."""
    found = [await graph.read(question) for question in QUESTIONS]
    return [sorted(json.dumps(_sorted(row), sort_keys=True) for row in rows) for rows in found]


def _sorted(row: dict[str, Any]) -> dict[str, Any]:
    return {key: sorted(value) if key == "labels" else value for key, value in row.items()}


async def filled(graph: Graph) -> list[list[str]]:
    await graph.write(lambda transaction: transaction.run(MAKE))
    return await answers(graph)


async def test_what_is_restored_gives_the_same_answers(graph: Graph, tmp_path: Path) -> None:
    before = await filled(graph)
    file, again = tmp_path / "graph.jsonl", tmp_path / "again.jsonl"
    assert await dump(graph, file) == Counts(nodes=6, relationships=3)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert left_in(tmp_path) == [file.name]  # the draft is gone
    await wipe(graph)
    assert await restore(graph, file) == Counts(nodes=6, relationships=3)
    assert await answers(graph) == before
    await dump(graph, again)
    assert sorted(again.read_bytes().splitlines()) == sorted(file.read_bytes().splitlines())


async def test_a_graph_of_several_pages_moves_as_a_whole(graph: Graph, tmp_path: Path) -> None:
    number = 2 * module.PAGE + 3
    await graph.write(lambda transaction: transaction.run(FILL, number=number))
    await graph.write(lambda transaction: transaction.run(CHAIN, number=number))
    before = await answers(graph)
    counts = await dump(graph, tmp_path / "graph.jsonl")
    assert counts == Counts(nodes=number, relationships=number - 1)
    await wipe(graph)
    await restore(graph, tmp_path / "graph.jsonl")
    assert await answers(graph) == before


STRANGE_LINES = (
    b'{"n":["Comet"],"p":{"id":"x"}}',
    b'{"n":["Unit","Agent"],"p":{}}',
    b'{"x":1}',
    b'{"n":[{"a":1}],"p":{}}',
    b'{"n":[["x"]],"p":{}}',
    b'{"n":["Category",{}],"p":{"id":"x"}}',
    b'{"n":["Category"],"p":{"id":"x","map":{"a":1}}}',
    b'{"n":["Category"],"p":{"id":"x","list":[[1]]}}',
    b'{"n":["Category"],"p":{"id":"x","list":[1,"a"]}}',
    b'{"n":["Category"],"p":{"id":"x","list":[null]}}',
    b'{"n":["Category"],"p":{"id":"x","number":18446744073709551615}}',
    b'{"n":["Category"],"p":{"id":"x"},"r":"Zzz"}',
    b'{"r":"PART_OF","from":"low","to":"root","p":{"map":{"a":1}}}',
    b'{"r":"PART_OF","from":"low","to":"root","p":{},"n":["Zzz"]}',
)


async def refused(
    graph: Graph, file: Path, problem: str, *, into_other_data: bool = False
) -> DumpError:
    """Restore, see the refusal, and that the graph is as it was."""
    before = await answers(graph)
    with pytest.raises(DumpError) as caught:
        await restore(graph, file, into_other_data=into_other_data)
    assert caught.value.details["problem"] == problem
    assert all(caught.value.message(language) for language in Language)
    assert await answers(graph) == before
    assert await applied(graph) == [migration.number for migration in MIGRATIONS]
    return caught.value


async def test_files_that_are_no_complete_dump_are_refused(graph: Graph, tmp_path: Path) -> None:
    await filled(graph)
    file, broken = tmp_path / "graph.jsonl", tmp_path / "broken.jsonl"
    await dump(graph, file)
    await wipe(graph)
    whole = file.read_bytes()
    lines = whole.splitlines(keepends=True)

    async def given(content: bytes, problem: str) -> DumpError:
        broken.write_bytes(content)
        return await refused(graph, broken, problem)

    await given(b"", "foreign")
    await given(b"a,b\n1,2\n", "foreign")
    await given(b'{"type": "other"}\n', "foreign")
    await given(b"[1]\n", "foreign")
    await given(b"".join(lines[:-1]), "cut_off")
    error = await given(whole[: len(whole) // 2], "cut_off")
    assert "?" not in error.message(Language.EN)
    await given(b"".join(lines[:3] + lines[4:]), "cut_off")
    await given(lines[0].replace(b'"version":1', b'"version":99') + lines[1], "other_version")
    for strange in STRANGE_LINES:
        error = await given(b"".join([lines[0], strange + b"\n", *lines[1:]]), "line")
        assert error.details["line"] == 2
    for more in (b'{"n":["Zzz"],"p":{}}\n', lines[-1]):
        error = await given(whole + more, "after_end")
        assert error.details["line"] == len(lines) + 1
    await given(lines[0].replace(b"{", b'{"n":["Zzz"],', 1) + b"".join(lines[1:]), "foreign")
    await given(b"".join([lines[0], b'{"n":\n', *lines[1:]]), "line")
    await refused(graph, tmp_path / "nowhere.jsonl", "file")
    dangling = b"".join(lines).replace(b'"to":"root"', b'"to":"nobody"')
    await given(dangling, "dangling")


async def test_what_the_engine_does_not_take_is_named_and_leaves_nothing(
    graph: Graph, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await filled(graph)
    file = tmp_path / "graph.jsonl"
    await dump(graph, file)
    await wipe(graph)
    monkeypatch.setitem(PUT_NODES, ("Unit", "Agent"), REFUSED_BY_THE_ENGINE)
    error = await refused(graph, file, "refused")
    assert error.details["what"] == REFUSED_BY_THE_ENGINE.name


async def test_a_dump_of_a_newer_hub_is_refused(graph: Graph, tmp_path: Path) -> None:
    file = tmp_path / "graph.jsonl"
    await dump(graph, file)
    newer = file.read_bytes().replace(b'"migration":', b'"migration":99')
    file.write_bytes(newer)
    with pytest.raises(GraphTooNew):
        await restore(graph, file)


async def test_other_data_are_kept_unless_told(graph: Graph, tmp_path: Path) -> None:
    file = tmp_path / "graph.jsonl"
    await filled(graph)
    await dump(graph, file)
    await wipe(graph)
    await graph.write(lambda transaction: transaction.run(FILL, number=2))
    error = await refused(graph, file, "not_empty")
    assert error.details["nodes"] == 2
    await restore(graph, file, into_other_data=True)
    first = await answers(graph)
    assert len(first[0]) == 6 + 2
    await restore(graph, file, into_other_data=True)
    assert await answers(graph) == first


async def test_a_graph_whose_restore_was_interrupted_is_refused_and_mended(
    graph: Graph, tmp_path: Path
) -> None:
    file = tmp_path / "graph.jsonl"
    before = await filled(graph)
    await dump(graph, file)
    await wipe(graph)
    # As a restore leaves it that was killed: the mark, and some of the nodes.
    await graph.write(lambda transaction: transaction.run(BEGIN_RESTORE))
    await graph.write(lambda transaction: transaction.run(FILL, number=3))
    with pytest.raises(DumpError) as caught:
        await migrate(graph)
    assert caught.value.details["problem"] == "unfinished"
    await restore(graph, file)
    assert await answers(graph) == before
    assert await migrate(graph) == []


async def test_a_dump_during_a_change_is_refused(
    graph: Graph, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await filled(graph)

    async def meanwhile(read_by: Graph) -> list[int]:
        """Write, as another hub would, once the dump has begun."""
        await graph.write(lambda transaction: transaction.run(ADD_EVENT, id="meanwhile"))
        return await applied(read_by)

    monkeypatch.setattr(module, "applied", meanwhile)
    with pytest.raises(DumpError) as caught:
        await dump(graph, tmp_path / "graph.jsonl")
    assert caught.value.details["problem"] == "changed"
    assert not left_in(tmp_path)


def left_in(directory: Path) -> list[str]:
    return [path.name for path in directory.iterdir()]


async def test_what_the_hub_does_not_know_is_not_left_out_in_silence(
    graph: Graph, tmp_path: Path
) -> None:
    await graph.write(lambda transaction: transaction.run(ADD_UNKNOWN))
    with pytest.raises(DumpError) as caught:
        await dump(graph, tmp_path / "graph.jsonl")
    assert caught.value.details["problem"] == "unknown"
    with pytest.raises(DumpError) as unwritable:
        await dump(graph, tmp_path / "nowhere" / "graph.jsonl")
    assert unwritable.value.details["problem"] == "file"


async def test_every_label_and_every_type_moves(graph: Graph, tmp_path: Path) -> None:
    file, again = tmp_path / "every.jsonl", tmp_path / "again.jsonl"
    lines: list[dict[str, Any]] = [
        {"n": list(labels), "p": {KEYS[labels[0]]: ":".join(labels)}} for labels in PUT_NODES
    ]
    named = {labels[0]: ":".join(labels) for labels in PUT_NODES} | {"Agent": "Unit:Agent"}
    links = [
        {"r": kind, "from": named[start], "to": named[label or end], "p": {"since": kind}}
        | ({"t": label} if label else {})
        for kind, label in PUT_RELATIONSHIPS
        for start, end in [RELATIONSHIPS[cast("LiteralString", kind)]]
    ]
    header = {"format": FORMAT, "version": VERSION, "migration": MIGRATIONS[-1].number}
    counts = {"nodes": len(lines), "relationships": len(links)}
    whole = [json.dumps(line) for line in (header, *lines, *links, {"end": counts})]
    file.write_text("\n".join(whole) + "\n", encoding="utf-8")
    assert await restore(graph, file) == Counts(**counts)
    await dump(graph, again)
    assert as_set(again) == as_set(file)


def as_set(file: Path) -> set[str]:
    return {
        json.dumps(json.loads(line), sort_keys=True)
        for line in file.read_text(encoding="utf-8").splitlines()
    }
