"""What is wrong with a request is said with a code, in the caller's language."""

import base64
from typing import Any

import orjson
import pytest
from neo4j.exceptions import Neo4jError
from structlog.testing import capture_logs

from domain.errors import EngineUnavailable
from domain.language import Language, text
from domain.records import Unit
from domain.vocabulary import UnitKind
from graph.driver import Graph, Transaction
from graph.statements import CompiledStatement, Statement
from tests.contract.asking import Hub
from tests.contract.world import build_world, viewers
from tests.contract.world_records import BEGAN

pytestmark = pytest.mark.anyio

WORLD = build_world()
ADMIN = viewers(WORLD)["admin"]


def said(key: str, **parameters: object) -> str:
    """Return how it is said to a caller who asks for no language."""
    return text(key, Language.ZH, **parameters)


@pytest.fixture(scope="module")
async def hub(graph: Graph) -> Hub:
    damaged = Unit(id=WORLD.id("damaged"), created_at=BEGAN, name="损坏", kind=UnitKind.ORGAN)
    WORLD.add("damaged", damaged, ("LOCATED_IN", "xinggong"))
    await WORLD.write(graph)
    spoil = Statement(
        "test.spoil",
        "MATCH (u:Unit {id: $id}) SET u.name = null "
        "WITH u MATCH (o:ResourceOffer {id: $offer}) SET o.capacityKind = 'NONE', o.held = $large",
        writes=True,
    )

    async def work(transaction: Transaction) -> None:
        await transaction.run(spoil, id=WORLD.id("damaged"), offer=WORLD.id("offer0"), large=2**60)

    await graph.write(work)
    return Hub(graph, WORLD)


def encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


KEY = f"2026-05-09T01:00:00.000000Z|{'a' * 20}"
MANY = '{title: {eq: "x", ne: "y"}} ' * 50
REFUSED: list[tuple[str, dict[str, Any], str]] = [
    ("{ offers { nodes { titel } } }", {}, "GRAPHQL_VALIDATION_FAILED"),
    ("{ offers { nodes { title } ", {}, "GRAPHQL_PARSE_FAILED"),
    ("{ offers { nodes { } } }", {}, "GRAPHQL_PARSE_FAILED"),
    ("{ unit { name } }", {}, "GRAPHQL_VALIDATION_FAILED"),
    ("{ offers(filter: {state: {eq: NEW}}) { totalCount } }", {}, "GRAPHQL_VALIDATION_FAILED"),
    ("query($id: ID!) { unit(id: $id) { id } }", {}, "BAD_USER_INPUT"),
    ("query($f: UnitFilter) { units(filter: $f) { totalCount } }", {"f": {"kind": 1}},
     "BAD_USER_INPUT"),
    (
        "query($f: UnitFilter) { units(filter: $f) { totalCount } }",
        {"f": {"createdAt": {"gte": "2026-01-01T00:00:00"}}},
        "BAD_USER_INPUT",
    ),
    *(
        (
            "query($f: UnitFilter) { units(filter: $f) { totalCount } }",
            {"f": {"createdAt": {"gte": instant}}},
            "BAD_USER_INPUT",
        )
        for instant in ("0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00")
    ),
    (
        "query($f: NeedListFilter) { needLists(filter: $f) { totalCount } }",
        {"f": {"startsOn": {"gte": "1 May"}}},
        "BAD_USER_INPUT",
    ),
    ("query A { __typename } query B { __typename }", {}, "BAD_USER_INPUT"),
    ("subscription { orderChanged { number } }", {}, "BAD_USER_INPUT"),
]  # fmt: skip
FAILED: list[tuple[str, str, dict[str, Any]]] = [
    ('{ unit(id: "unit0") { name } }', "BAD_IDENTIFIER", {"expected": "Unit", "value": "unit0"}),
    (f'{{ unit(id: "{WORLD.gid("offer0")}") {{ name }} }}', "BAD_IDENTIFIER", {"expected": "Unit"}),
    (f'{{ node(id: "{encoded("Session:" + "a" * 20)}") {{ id }} }}', "BAD_IDENTIFIER", {}),
    (f'{{ node(id: "{encoded("Unit:short")}") {{ id }} }}', "BAD_IDENTIFIER", {}),
    ('{ nodes(ids: ["x"]) { id } }', "BAD_IDENTIFIER", {"value": "x"}),
    (f'{{ offers(filter: {{provider: {{id: {{eq: "{WORLD.gid("hall")}"}}}}}}) {{ totalCount }} }}',
     "BAD_IDENTIFIER", {"expected": "Area | Member | PartyBranch | Unit"}),
    ('{ offers(after: "x") { totalCount } }', "BAD_CURSOR", {"value": "x"}),
    (f'{{ offers(after: "{encoded("createdAt>/a/b/")}") {{ totalCount }} }}', "BAD_CURSOR", {}),
    (f'{{ categories(before: "{encoded("2026")}") {{ totalCount }} }}', "BAD_CURSOR", {}),
    (f'{{ categories(before: "{encoded("path>" + KEY)}") {{ totalCount }} }}', "BAD_CURSOR", {}),
    (f'{{ offers(after: "{encoded("createdAt<" + KEY)}") {{ totalCount }} }}', "BAD_CURSOR", {}),
    (f'{{ offers(after: "{encoded("title>a " + KEY)}") {{ totalCount }} }}', "BAD_CURSOR", {}),
    (f"""{{ offers(after: "{encoded("title>a " + KEY)}", orderBy: {{field: ENDS_ON}})
         {{ totalCount }} }}""", "BAD_CURSOR", {}),
    (f"{{ offers(filter: {{not: {'{or: [{not: ' * 6}{{}}{'}]}' * 6}}}) {{ totalCount }} }}",
     "BAD_INPUT", {"field": "filter", "value": 13,
                    "expected": said("expected.filter", conditions=100, levels=12)}),
    (f"{{ offers(filter: {{or: [{MANY}]}}) {{ totalCount }} }}",
     "BAD_INPUT", {"field": "filter", "value": 101}),
    (f"{{ offers(filter: {{or: [{'{},' * 100}]}}) {{ totalCount }} }}",
     "BAD_INPUT", {"field": "filter", "value": 101}),
    (f"{{ offers(filter: {{held: {{in: [{'1,' * 501}]}}}}) {{ totalCount }} }}",
     "BAD_INPUT", {"field": "filter", "value": 501,
                    "expected": said("expected.values", values=500)}),
    ('{ units { nodes { offers(before: "é") { totalCount } } } }', "BAD_CURSOR", {}),
    ("{ offers(first: 101) { totalCount } }", "PAGE_TOO_LARGE", {"asked": 101, "limit": 100}),
    ("{ offers(first: 0) { totalCount } }", "PAGE_TOO_LARGE", {"asked": 0}),
    ("{ offers(last: -1) { totalCount } }", "PAGE_TOO_LARGE", {"asked": -1}),
    ("{ units { nodes { offers(first: 1000) { totalCount } } } }", "PAGE_TOO_LARGE", {}),
    ("{ offers(first: 1, last: 1) { totalCount } }", "BAD_INPUT", {"field": "last"}),
    (f'{{ offers(filter: {{text: "{"会议 " * 51}"}}) {{ totalCount }} }}',
     "BAD_INPUT", {"field": "text", "expected": said("expected.search", characters=500, words=50)}),
    (f'{{ units {{ nodes {{ offers(filter: {{text: "{"会" * 501}"}}) {{ totalCount }} }} }} }}',
     "BAD_INPUT", {"field": "text", "expected": said("expected.search", characters=500, words=50)}),
]  # fmt: skip


@pytest.mark.parametrize(("query", "variables", "code"), REFUSED)
async def test_what_cannot_be_executed_is_refused(
    hub: Hub, query: str, variables: dict[str, Any], code: str
) -> None:
    hub.texts.clear()
    answer = await hub.executor.answer(query, variables, None, hub.context(ADMIN))
    response = orjson.loads(answer.body)
    assert answer.refused
    assert "data" not in response
    assert {error["extensions"]["code"] for error in response["errors"]} == {code}
    if code != "BAD_USER_INPUT":
        assert all(error["locations"] for error in response["errors"])
    assert hub.texts == []


@pytest.mark.parametrize(("query", "code", "details"), FAILED)
async def test_impossible_values_are_typed_errors_before_any_statement(
    hub: Hub, query: str, code: str, details: dict[str, Any]
) -> None:
    hub.texts.clear()
    response = await hub.ask(query, viewer=ADMIN)
    (error,) = response["errors"]
    assert error["extensions"]["code"] == code
    assert details.items() <= error["extensions"].items()
    assert error["path"] == [next(iter(response["data"] or {error["path"][0]: None}))]
    assert hub.texts == []


async def test_messages_are_in_the_callers_language(hub: Hub) -> None:
    messages = [
        (await hub.ask("{ offers(first: 500) { totalCount } }", language=language))["errors"][0][
            "message"
        ]
        for language in Language
    ]
    assert messages == [
        "每页条数 500 超出范围，应在 1 到 100 之间。",
        "A page of 500 is out of range; ask for 1 to 100.",
    ]


async def test_a_search_may_be_as_long_as_the_limit_says(hub: Hub) -> None:
    query = "query($t: String!) { offers(filter: {text: $t}) { totalCount } }"
    words = [f"会议{chr(0x4E00 + number)}" for number in range(50)]
    assert await hub.data(query, {"t": " ".join(words)}) == {"offers": {"totalCount": 0}}
    refused = await hub.ask(query, {"t": " ".join([*words, "室内"])}, language=Language.EN)
    assert "at most 500 characters and 50 words" in refused["errors"][0]["message"]


async def test_whatever_fails_is_an_error_without_details(
    hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(_statement: CompiledStatement, _parameters: dict[str, Any]) -> list[Any]:
        raise Neo4jError("the statement MATCH (secret) is wrong")

    monkeypatch.setattr(hub.graph, "read_single", broken)
    with capture_logs() as logged:
        response = await hub.ask("{ units { totalCount } }")
    assert response["data"] is None
    assert [error["extensions"] for error in response["errors"]] == [{"code": "INTERNAL_ERROR"}]
    assert "secret" not in str(response)
    assert [entry["log_level"] for entry in logged] == ["error"]


async def test_one_bad_root_leaves_the_others(hub: Hub) -> None:
    response = await hub.ask('{ unit(id: "x") { name } categories { totalCount } }')
    assert response["data"] == {"unit": None, "categories": {"totalCount": 5}}
    assert [error["path"] for error in response["errors"]] == [["unit"]]


async def test_an_absent_required_value_is_null_up_to_what_may_be_null(hub: Hub) -> None:
    query = (
        "query($id: ID!) { unit(id: $id) { name } area(id: $area) { units { nodes { name } } } }"
    )
    query = query.replace("($id: ID!)", "($id: ID!, $area: ID!)")
    variables = {"id": WORLD.gid("damaged"), "area": WORLD.gid("xinggong")}
    assert await hub.fast(query, variables) is None
    response = await hub.ask(query, variables)
    assert response["data"] == {"unit": None, "area": None}
    # Roots run side by side, so which of their errors is written first is not promised.
    assert sorted(error["path"][0] for error in response["errors"]) == ["area", "unit"]
    paths = {error["path"][0]: error["path"] for error in response["errors"]}
    assert paths == {"unit": ["unit", "name"], "area": ["area", "units", "nodes", 0, "name"]}
    assert {error["extensions"]["code"] for error in response["errors"]} == {"INTERNAL_ERROR"}
    whole = await hub.ask("{ units { nodes { name } } }")
    assert whole["data"] is None


@pytest.mark.parametrize("field", ["capacityKind", "held"])
async def test_an_impossible_value_in_the_graph_is_an_error(hub: Hub, field: str) -> None:
    query = f"query($id: ID!) {{ offer(id: $id) {{ title {field} }} }}"
    response = await hub.ask(query, {"id": WORLD.gid("offer0")})
    assert response["data"] == {"offer": None}
    assert response["errors"][0]["path"] == ["offer", field]


async def test_variables_that_do_not_fit_are_not_told_to_the_log(
    hub: Hub, caplog: pytest.LogCaptureFixture
) -> None:
    query = "mutation($member: EditMemberInput!) { editMember(input: $member) { __typename } }"
    member = {"idempotencyKey": "1", "phone": "139-7777-7777"}
    answer = await hub.executor.answer(query, {"member": member}, None, hub.context(ADMIN))
    assert answer.refused
    assert caplog.text == ""


async def test_a_mutation_does_not_run_where_only_reads_may(hub: Hub) -> None:
    query = "mutation { __typename }"
    said = {Language.ZH: "须用 POST 发送", Language.EN: "a mutation needs POST"}
    for language, words in said.items():
        context = hub.context(ADMIN, language)
        answer = await hub.executor.answer(query, None, None, context, mutations=False)
        assert answer.refused
        assert answer.only_post
        assert words in orjson.loads(answer.body)["errors"][0]["message"]


async def test_an_engine_that_does_not_answer_is_said_without_its_address(
    hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    async def broken(statement: CompiledStatement, _parameters: dict[str, Any]) -> list[Any]:
        asked.append(statement.text)
        raise EngineUnavailable(problem="unreachable", address="bolt://secret:1", reason="gone")

    monkeypatch.setattr(hub.graph, "read_single", broken)
    for query in ("{ units { totalCount } }", "{ viewer { accountId } units { totalCount } }"):
        asked.clear()
        response = await hub.ask(query, language=Language.EN)
        assert len(asked) == 1
        (error,) = response["errors"]
        assert response["data"] is None
        assert error["extensions"] == {"code": "ENGINE_UNAVAILABLE"}
        assert "secret" not in str(response)
