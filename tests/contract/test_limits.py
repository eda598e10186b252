"""The limits of a document, each at what it allows and one above, on both ways of a read."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import orjson
import pytest

from domain.access import VISITOR, Viewer
from domain.language import Language
from domain.vocabulary import Role
from graph.driver import Graph
from schema.build import build_schema
from schema.execution import Executor
from schema.limits import Audience, Introspection, QueryLimits
from tests.contract.asking import Hub
from tests.contract.world import build_world, viewers

pytestmark = pytest.mark.anyio

WORLD = build_world()
VIEWERS = viewers(WORLD)
ADMIN = VIEWERS["admin"]
SCHEMA = build_schema()
SMALL = QueryLimits(
    characters=400,
    tokens=100,
    values=7,
    depth=6,
    selections=14,
    root_fields=4,
    aliases=5,
    directives=3,
    mutations=2,
    cost=100,
)
UNIT = WORLD.gid("unit0")


@pytest.fixture(scope="module")
async def hub(graph: Graph) -> Hub:
    await WORLD.write(graph)
    return Hub(graph, WORLD, Executor(SCHEMA, SMALL))


def nested(levels: int) -> str:
    parents = levels - 2
    inner = "{ parent " * parents + "{ id }" + " }" * parents
    return f'{{ area(id: "{WORLD.gid("xinggong")}") {inner} }}'


def by_fragment(levels: int) -> str:
    inner = "{ parent " * (levels - 4) + "{ id }" + " }" * (levels - 4)
    return (
        f'{{ area(id: "{WORLD.gid("xinggong")}") {{ ...A }} }} '
        f"fragment A on Area {{ parent {{ ...B }} }} fragment B on Area {{ parent {inner} }}"
    )


def selecting(fields: int) -> str:
    return f'{{ unit(id: "{UNIT}") {{ {"name " * (fields - 1)} }} }}'


def aliased(aliases: int) -> str:
    names = " ".join(f"a{number}: name" for number in range(aliases))
    return f'{{ unit(id: "{UNIT}") {{ {names} }} }}'


def directed(directives: int) -> str:
    names = "name @include(if: true) " * directives
    return f'{{ unit(id: "{UNIT}") {{ {names} }} }}'


def rooted(roots: int) -> str:
    named = ["units", "offers", "areas", "orders", "branches"][:roots]
    return "{ __typename " + " ".join(f"{name} {{ totalCount }}" for name in named) + " }"


def padded(characters: int) -> str:
    return "{ units { totalCount } }".ljust(characters)


def of_tokens(tokens: int) -> str:
    return "{ units { totalCount } }" + " #\n" * (tokens - 6)


def costing(nodes: int) -> str:
    rest = nodes - 10 - 10 * 8
    return (
        f"{{ units(first: 10) {{ nodes {{ offers(last: 8) {{ nodes {{ id }} }} }} }} "
        f"areas(first: {rest}) {{ edges {{ cursor }} }} orders {{ totalCount }} }}"
    )


LIMITS: list[tuple[str, Callable[[int], str]]] = [
    ("characters", padded),
    ("tokens", of_tokens),
    ("depth", nested),
    ("depth", by_fragment),
    ("selections", selecting),
    ("root_fields", rooted),
    ("aliases", aliased),
    ("directives", directed),
]


@pytest.mark.parametrize(
    ("name", "written"), LIMITS, ids=lambda part: getattr(part, "__name__", part)
)
async def test_a_limit_allows_what_it_says_and_no_more(
    hub: Hub, name: str, written: Callable[[int], str]
) -> None:
    most = getattr(SMALL, name)
    query, beyond = written(most), written(most + 1)
    answer = await hub.fast(query)
    assert answer is not None
    assert answer == (await hub.ordinary(query)).body
    hub.texts.clear()
    assert await hub.fast(beyond) is None
    refused = await hub.ordinary(beyond)
    (error,) = orjson.loads(refused.body)["errors"]
    assert refused.refused
    assert error["extensions"] == {
        "code": "LIMIT_EXCEEDED",
        "what": name.upper(),
        "asked": most + 1,
        "limit": most,
    }
    assert hub.texts == []


def filtered(values: int) -> dict[str, Any]:
    """Return variables of so many values: the filter, its field, a list and what is in it."""
    return {"filter": {"name": {"in": ["x"] * (values - 3)}}}


async def test_variables_hold_as_many_values_as_they_may_and_no_more(hub: Hub) -> None:
    query = "query Q($filter: UnitFilter) { units(filter: $filter) { totalCount } }"
    most = SMALL.values
    answer = await hub.fast(query, filtered(most))
    assert answer is not None
    assert answer == (await hub.ordinary(query, filtered(most))).body
    hub.texts.clear()
    for beyond in (filtered(most + 1), {"filter": {"or": [{}] * (most - 1)}}):
        assert await hub.fast(query, beyond) is None
        refused = await hub.ordinary(query, beyond)
        (error,) = orjson.loads(refused.body)["errors"]
        assert refused.refused
        assert error["extensions"] == {
            "code": "LIMIT_EXCEEDED",
            "what": "VALUES",
            "asked": most + 1,
            "limit": most,
        }
    assert hub.texts == []


async def test_the_pages_of_all_roots_cost_together(hub: Hub) -> None:
    query, beyond = costing(100), costing(101)
    assert await hub.fast(query) == (await hub.ordinary(query)).body
    hub.texts.clear()
    assert await hub.fast(beyond) is None
    response = await hub.ask(beyond, language=Language.EN)
    (error,) = response["errors"]
    assert error["extensions"] == {"code": "QUERY_TOO_COSTLY", "asked": 101, "limit": 100}
    assert "101" in error["message"]
    assert hub.texts == []


@pytest.mark.parametrize(
    ("query", "allowed", "refused"),
    [
        (
            "query($n: Int = 101) { units(first: $n) { nodes { id } } }",
            {"n": 100},
            {},
        ),
        (
            (
                "query($n: Int, $m: Int) { units(first: $n, last: $m) { nodes { id "
                "offers(first: 9) { nodes { id } } } } }"
            ),
            {"m": 10},
            {"m": 11},
        ),
        (
            (
                "query($all: Boolean!) { units(first: 100) { nodes { id "
                "offers @include(if: $all) { nodes { id } } "
                "claims: offers @skip(if: $all) { totalCount } } } }"
            ),
            {"all": False},
            {"all": True},
        ),
        (
            (
                "query($ids: [ID!]!) { nodes(ids: $ids) { ... on Unit { "
                "offers(first: 49) { nodes { id } } } } }"
            ),
            {"ids": [UNIT] * 2},
            {"ids": [UNIT] * 3},
        ),
        (
            (
                "query($n: Int) { units(first: 10) { ...A ...B } } "
                "fragment A on UnitConnection { nodes { offers(first: $n) { nodes { id } } } } "
                "fragment B on UnitConnection { nodes { offers(first: $n) { nodes { title } } } }"
            ),
            {"n": 9},
            {"n": 10},
        ),
    ],
    ids=["default", "last", "directives", "ids", "merged"],
)
async def test_the_cost_follows_the_variables(
    hub: Hub, query: str, allowed: dict[str, Any], refused: dict[str, Any]
) -> None:
    for _ in range(2):
        assert await hub.fast(query, allowed) == (await hub.ordinary(query, allowed)).body
        hub.texts.clear()
        assert await hub.fast(query, refused) is None
        response = await hub.ask(query, refused)
        assert response["errors"][0]["extensions"]["code"] == "QUERY_TOO_COSTLY"
        assert hub.texts == []


async def test_what_a_mutation_reads_costs_before_it_is_made(hub: Hub) -> None:
    beyond = """mutation { verifyClaim(input: {claimId: "x", idempotencyKey: "k"}) {
        ... on ClaimPayload { claim { lines(first: 100) { nodes { id } }
            evaluations(first: 1) { nodes { id } } } } } }"""
    hub.texts.clear()
    response = await hub.ask(beyond, viewer=ADMIN)
    assert response["errors"][0]["extensions"]["code"] == "QUERY_TOO_COSTLY"
    assert hub.texts == []


@pytest.mark.parametrize("count", [SMALL.mutations, SMALL.mutations + 1])
async def test_mutations_of_one_request_are_counted(hub: Hub, count: int) -> None:
    step = "startClaim(input: $i) { ... on Problem { code } }"
    steps = " ".join(f"m{number}: {step}" for number in range(count))
    query = f"mutation($i: ClaimStepInput!) {{ {steps} }}"
    given = {"i": {"claimId": "x", "idempotencyKey": "k"}}
    response = await hub.ask(query, given, viewer=ADMIN)
    if count <= SMALL.mutations:
        assert {each["code"] for each in response["data"].values()} == {"BAD_IDENTIFIER"}
    else:
        assert response["errors"][0]["extensions"] == {
            "code": "LIMIT_EXCEEDED",
            "what": "MUTATIONS",
            "asked": count,
            "limit": SMALL.mutations,
        }


async def test_a_document_made_to_take_long_is_soon_refused(hub: Hub) -> None:
    doubling = " ".join(
        f"fragment F{number} on Unit {{ ...F{number + 1} ...F{number + 1} }}"
        for number in range(100)
    )
    around = "fragment F100 on Unit { ...F0 } query { units { nodes { ...F0 } } }"
    roomy = Executor(SCHEMA, replace(SMALL, characters=100_000, tokens=10_000, selections=3_000))
    answer = await roomy.answer(doubling + around, None, None, hub.context(ADMIN))
    (error,) = orjson.loads(answer.body)["errors"]
    assert error["extensions"]["what"] == "SELECTIONS"


STANDARD = "{ __schema { queryType { name } } }"
BY_TYPE = 'query { ...A } fragment A on Query { shown: __type(name: "Unit") { name } }'


@pytest.mark.parametrize(
    ("written", "shown_to"),
    [
        ("EVERYONE", {"visitor", "liaison", "admin"}),
        ("SIGNED_IN", {"liaison", "admin"}),
        ("ADMIN, APP", {"admin"}),
        ("NOBODY", set[str]()),
    ],
)
@pytest.mark.parametrize("query", [STANDARD, BY_TYPE], ids=["schema", "type"])
async def test_the_schema_is_shown_by_role(
    hub: Hub, written: str, shown_to: set[str], query: str
) -> None:
    executor = Executor(SCHEMA, None, Introspection.read(written))
    callers: dict[str, Viewer] = {
        "visitor": VISITOR,
        "liaison": next(each for each in VIEWERS.values() if _is_liaison(each)),
        "admin": ADMIN,
    }
    for name, viewer in callers.items():
        answer = orjson.loads(
            (await executor.answer(query, None, None, hub.context(viewer, Language.EN))).body
        )
        if name in shown_to:
            assert "errors" not in answer
        else:
            (error,) = answer["errors"]
            assert error["extensions"]["code"] == "INTROSPECTION_REFUSED"
            assert "data" not in answer


def _is_liaison(viewer: Viewer) -> bool:
    return {grant.role for grant in viewer.grants} == {Role.LIAISON}


async def test_the_names_of_types_are_no_introspection(hub: Hub) -> None:
    assert await hub.data("{ __typename units { __typename } }") == {
        "__typename": "Query",
        "units": {"__typename": "UnitConnection"},
    }


@pytest.mark.parametrize(
    ("query", "variables"),
    [
        ("{ unit { nam } }", None),
        ("{ units(filtr: {}) { totalCount } }", None),
        ("{ offers(filter: {state: {eq: OPN}}) { totalCount } }", None),
        (
            "query($f: ResourceOfferFilter) { offers(filter: $f) { totalCount } }",
            {"f": {"state": {"eq": "OPN"}}},
        ),
    ],
)
async def test_strangers_get_no_suggestions(
    hub: Hub, query: str, variables: dict[str, Any] | None
) -> None:
    said = {
        viewer.account_id: str(await hub.ask(query, variables, viewer=viewer, language=Language.EN))
        for viewer in (VISITOR, ADMIN)
    }
    assert "Did you mean" not in said[None]
    if variables is not None or "OPN" in query:
        assert "Did you mean" in said[ADMIN.account_id]


async def test_whoever_may_not_see_the_schema_gets_no_suggestions_either(hub: Hub) -> None:
    executor = Executor(SCHEMA, None, Introspection(Audience.NOBODY))
    query = "{ offers(filter: {state: {eq: OPN}}) { totalCount } }"
    answer = await executor.answer(query, None, None, hub.context(ADMIN))
    assert b"Did you mean" not in answer.body
