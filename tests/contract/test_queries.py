"""Every query of the suite, both ways, for every kind of caller: the same bytes."""

from dataclasses import replace
from typing import cast

import orjson
import pytest

from domain.records import Claim, ClaimLine, DemandOrder, Node
from graph.driver import Graph, Transaction
from graph.records import properties
from graph.statements import Statement
from schema.build import build_schema
from schema.execution import Executor
from schema.limits import Audience, Introspection
from tests.contract.asking import Case, Hub, cases
from tests.contract.world import build_world, viewers

pytestmark = pytest.mark.anyio

WORLD = build_world()
VIEWERS = viewers(WORLD)
SUITE = cases(WORLD)
KINDS = ("visitor", "app", "unit0", "coordinator", "both", "admin")
"""One caller of each kind of access."""
EVERY_RUN = {"visitor", "admin"}
MANY = 100
CROWD = Statement(
    "test.crowd",
    """MATCH (receiver:Area {id: $receiver}) MATCH (supplier:Unit {id: $supplier})
MATCH (category:Category {id: $category})
UNWIND $rows AS row
CREATE (o:DemandOrder) SET o = row[0]
CREATE (c:Claim) SET c = row[1]
CREATE (l:ClaimLine) SET l = row[2]
CREATE (receiver)-[:NEEDS]->(o)
CREATE (o)-[:ORDER_AT]->(receiver) SET o.areaPath = receiver.path
CREATE (o)-[:ORDER_CATEGORY]->(category)
CREATE (c)-[:FOR_ORDER]->(o)
CREATE (c)-[:CLAIM_SUPPLIER]->(supplier)
CREATE (c)-[:CLAIM_RECEIVER]->(receiver)
CREATE (c)-[:HAS_LINE]->(l)""",
    writes=True,
)
FIND_NOTHING = {"nodes_literal", "unit_absent"}


@pytest.fixture(scope="module")
async def hub(graph: Graph) -> Hub:
    await WORLD.write(graph)
    everyone = Introspection(Audience.EVERYONE)
    return Hub(graph, WORLD, Executor(build_schema(), introspection=everyone))


@pytest.mark.parametrize("caller", KINDS)
@pytest.mark.parametrize("case", SUITE, ids=lambda case: case.name)
async def test_both_ways_answer_the_same_bytes(hub: Hub, case: Case, caller: str) -> None:
    viewer = VIEWERS[caller]
    # The runs differ in their values; every value for two callers, and some for the others.
    for variables in case.runs if caller in EVERY_RUN else case.runs[:3]:
        hub.texts.clear()
        fast = await hub.fast(case.query, variables, viewer)
        by_fast = sorted(hub.texts)
        hub.texts.clear()
        ordinary = await hub.ordinary(case.query, variables, viewer)
        assert not ordinary.refused
        assert "errors" not in orjson.loads(ordinary.body), ordinary.body
        assert len(hub.texts) == case.statements, hub.texts
        if case.fast:
            assert fast == ordinary.body
            assert by_fast == sorted(hub.texts)
        else:
            assert fast is None


async def test_the_suite_is_not_empty_handed(hub: Hub) -> None:
    """Every query finds something for somebody who may see everything."""
    assert len(SUITE) >= 25
    for case in SUITE:
        if case.name in FIND_NOTHING:
            continue
        answers = [
            (await hub.ordinary(case.query, run, VIEWERS["admin"])).body for run in case.runs
        ]
        assert any(_holds_something(orjson.loads(body)["data"]) for body in answers), case.name


def _holds_something(value: object) -> bool:
    match value:
        case dict():
            return any(_holds_something(item) for item in cast("dict[str, object]", value).values())
        case list():
            return any(_holds_something(item) for item in cast("list[object]", value))
        case _:
            return value not in (None, False, 0)


async def crowd(graph: Graph) -> None:
    """Write as many orders more as a page holds, each with a claim and its line."""

    def copied(name: str, kind: type[Node], number: int) -> dict[str, object]:
        record = WORLD.records[name]
        assert isinstance(record, kind)
        found = properties(replace(record, id=WORLD.id(f"crowd {name} {number}")))
        return {key: value for key, value in found.items() if value is not None}

    rows = [
        [
            copied("order0", DemandOrder, number),
            copied("claim0", Claim, number),
            copied("line0", ClaimLine, number),
        ]
        for number in range(MANY)
    ]

    async def work(transaction: Transaction) -> None:
        ends = {"receiver": "yuxiangyuan", "supplier": "unit0", "category": "hall"}
        ids = {end: WORLD.id(name) for end, name in ends.items()}
        await transaction.run(CROWD, rows=rows, **ids)

    await graph.write(work)


async def test_statements_do_not_grow_with_the_nodes(hub: Hub) -> None:
    await crowd(hub.graph)
    query = """query Page($first: Int!) {
      orders(first: $first) { nodes {
        title receiver { name } category { code parent { code } } area { name }
        claims { totalCount nodes { state lines { nodes { quantity } } supplier { name } } }
      } }
    }"""
    sizes: list[int] = []
    lines = 0
    for first in (1, MANY):
        hub.texts.clear()
        data = await hub.data(query, {"first": first}, VIEWERS["admin"])
        sizes.append(len(data["orders"]["nodes"]))
        assert len(hub.texts) == 1
        lines = sum(
            len(claim["lines"]["nodes"])
            for order in data["orders"]["nodes"]
            for claim in order["claims"]["nodes"]
        )
    assert sizes == [1, MANY]
    assert lines > MANY // 2


async def test_roots_that_are_not_reads_leave_the_others_compiled(hub: Hub) -> None:
    """Searches and who asks are executed beside the reads, which are the statements they were."""
    reads = "units(first: 1) { nodes { name } } orders { totalCount }"
    query = f"""query($from: ID!, $to: ID!, $order: ID!, $first: Int = 2) {{
      connections(from: $from, to: $to) {{ paths {{ nodes {{ __typename ...N }} }} }} {reads}
      viewer {{ language }} best: whoCouldHelp(order: $order, first: $first) {{ offer {{ title }} }}
    }} fragment N on Agent {{ name }}"""
    ends = {"from": "unit0", "to": "yuxiangyuan", "order": "order0"}
    given = {key: WORLD.gid(name) for key, name in ends.items()}
    for who in ("visitor", "admin"):
        hub.texts.clear()
        assert await hub.fast(f"{{ {reads} }}", None, VIEWERS[who]) is not None
        alone = set(hub.texts)
        assert len(alone) == 2
        hub.texts.clear()
        fast = await hub.fast(query, given, VIEWERS[who])
        assert alone < set(hub.texts)
        assert fast == (await hub.ordinary(query, given, VIEWERS[who])).body
    # What goes wrong in one root is the ordinary executor's to say.
    assert await hub.fast(query, {**given, "order": "nonsense"}, VIEWERS["admin"]) is None


async def test_texts_are_canonical(hub: Hub) -> None:
    """Aliases, order of selection and values do not change the text of a statement."""
    spellings = [
        "{ units(first: 3) { nodes { id name area { name } } totalCount } }",
        "{ u: units(first: 7) { totalCount nodes { area { n: name } n: name id } } }",
        """{ units(first: 50) { t: totalCount nodes { ...F id } } }
        fragment F on Unit { area { name } name }""",
    ]
    hub.texts.clear()
    for query in spellings:
        assert await hub.fast(query) is not None
    assert len(hub.texts) == 3
    assert len(set(hub.texts)) == 1


async def test_no_value_is_in_a_text(hub: Hub) -> None:
    hub.texts.clear()
    await hub.data(
        """query($a: ID!) {
          offers(
            first: 17, filter: {text: "可容纳", area: {within: $a}, measure: {in: ["XYZZY"]}}
          ) {
            totalCount nodes { title }
          }
        }""",
        {"a": WORLD.gid("gangcheng")},
    )
    for value in ("17", "可容纳", WORLD.id("gangcheng"), "XYZZY"):
        assert value not in hub.texts[0]
