"""Groups against counting over the plain data; their limits, and who sees what."""

from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from graph.driver import Graph
from graph.planning import ByLevels, keeping_plans
from schema.build import build_schema, graphql_schema_of
from schema.execution import Executor
from schema.limits import QueryLimits
from schema.resolve import mapping_of
from tests.contract.asking import Hub
from tests.contract.naive import Naive
from tests.contract.naive_filters import Filter, filters, fits
from tests.contract.naive_groups import groups, selection
from tests.contract.test_access_reads import ROOTS
from tests.contract.world import build_world, viewers

pytestmark = pytest.mark.anyio

WORLD = build_world()
VIEWERS = viewers(WORLD)
SCHEMA = build_schema()
MAPPING = mapping_of(graphql_schema_of(SCHEMA))
WHO = ("visitor", "app", "unit0", "community", "coordinator", "both", "admin")


@pytest.fixture(scope="module")
async def hub(graph: Graph) -> Hub:
    await WORLD.write(graph)
    return Hub(graph, WORLD)


def constant(name: str) -> str:
    return "".join(f"_{each}" if each.isupper() else each.upper() for each in name)


async def compare(
    hub: Hub,
    root: str,
    by: list[str],
    who: str,
    asked: Filter | None = None,
    order: str = "COUNT",
    first: int = 100,
    offset: int = 0,
) -> list[dict[str, Any]]:
    """Ask all three ways with `by` as a variable; compare with each other and the plain data."""
    naive, name = Naive(WORLD, VIEWERS[who]), ROOTS[root].__name__
    grouping = MAPPING.groupings[name]
    among = naive.named(ROOTS[root])
    if asked is not None:
        among = [each for each in among if fits(naive, MAPPING.filters[name], each, asked)]
    expected = groups(naive, grouping, among, by, order)[offset : offset + first]
    for group in expected:
        group["key"]["__typename"] = f"{name}GroupKey"
    query = (
        f"query($by: [{name}GroupBy!]!, $order: GroupOrder!, $filter: {name}Filter, $first: Int) {{"
        f" {root}(filter: $filter) {{ totalCount"
        f" groups(by: $by, orderBy: $order, first: $first, offset: {offset})"
        f" {{ {selection(grouping, by)} }} }} }}"
    )
    variables = {
        "by": [constant(each) for each in by],
        "order": order,
        "filter": asked,
        "first": first,
    }
    fast = await hub.fast(query, variables, VIEWERS[who])
    ordinary = await hub.ordinary(query, variables, VIEWERS[who])
    assert fast is not None
    assert fast == ordinary.body
    async with keeping_plans(hub.graph, ByLevels.ALWAYS):
        assert await hub.fast(query, variables, VIEWERS[who]) == fast
    data = orjson.loads(fast)["data"]
    assert data[root]["groups"] == expected
    assert data[root]["totalCount"] == len(among)
    return expected


ASKED = st.sampled_from(sorted(ROOTS)).flatmap(
    lambda root: st.tuples(
        st.just(root),
        st.lists(
            st.sampled_from(sorted(MAPPING.groupings[ROOTS[root].__name__].keys)),
            max_size=4,
            unique=True,
        ),
        st.none() | filters(WORLD, MAPPING.filters[ROOTS[root].__name__], 2),
    )
)


@settings(
    deadline=None,
    max_examples=40,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    derandomize=True,
)
@given(
    asked=ASKED,
    who=st.sampled_from(WHO),
    order=st.sampled_from(["COUNT", "KEY"]),
    first=st.sampled_from([1, 3, 100]),
    offset=st.sampled_from([0, 0, 2]),
)
async def test_random_groups(
    hub: Hub,
    asked: tuple[str, list[str], Filter | None],
    who: str,
    order: str,
    first: int,
    offset: int,
) -> None:
    root, by, given_filter = asked
    await compare(hub, root, by, who, given_filter, order, first, offset)


EACH = [
    ("offers", ["category", "areaDistrict"]),
    ("offers", ["areaSubdistrict", "capacityKind"]),
    ("offers", ["provider"]),
    ("offers", ["providerType", "list"]),
    ("offers", ["startsOnMonth", "state"]),
    ("orders", ["categoryTop", "measure"]),
    ("orders", ["receiver", "urgency"]),
    ("orders", ["deadlineYear"]),
    ("claims", ["orderCategory", "state"]),
    ("claims", ["offerAreaSubdistrict", "supplierType"]),
    ("claims", ["order", "expiresAtDay"]),
    ("units", ["areaProvince", "kind"]),
    ("areas", ["parent", "level"]),
    ("proposals", ["run", "state"]),
    ("orders", []),
]


@pytest.mark.parametrize(("root", "by"), EACH, ids=str)
async def test_each_kind_of_key(hub: Hub, root: str, by: list[str]) -> None:
    assert len(await compare(hub, root, by, "admin", order="KEY")) > (1 if by else 0)
    for who in ("visitor", "unit0"):
        await compare(hub, root, by, who)


async def test_of_nothing_there_is_one_group_or_none(hub: Hub) -> None:
    nothing: Filter = {"or": []}
    (whole,) = await compare(hub, "orders", [], "admin", nothing)
    assert (whole["count"], whole["quantities"]) == (0, [])
    assert await compare(hub, "orders", ["state"], "admin", nothing) == []
    (scores,) = await compare(hub, "evaluations", [], "admin", nothing)
    assert scores["score"] == {"count": 0, "sum": 0, "min": None, "max": None, "average": None}


async def test_who_may_not_be_seen_is_no_key(hub: Hub) -> None:
    """Members' offers are counted for a visitor, the members are not named."""
    for_visitors = await compare(hub, "offers", ["provider", "providerType"], "visitor")
    hidden = [group for group in for_visitors if group["key"]["provider"] is None]
    assert [group["key"]["providerType"] for group in hidden] == [None]
    for_admins = await compare(hub, "offers", ["provider", "providerType"], "admin")
    assert "MEMBER" in {group["key"]["providerType"] for group in for_admins}


async def test_what_is_personal_or_written_is_no_key_and_no_number() -> None:
    personal = {"name", "contactName", "phone", "email", "note", "evidence", "reason", "text"}
    for grouping in MAPPING.groupings.values():
        assert personal.isdisjoint(grouping.keys)
        assert personal.isdisjoint({*grouping.numbers, *grouping.quantities})


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ("by: [STATE], first: 101", "PAGE_TOO_LARGE"),
        ("by: [STATE], first: 0", "PAGE_TOO_LARGE"),
        ("by: [STATE], offset: -1", "BAD_INPUT"),
        ("by: [STATE], offset: 100001", "BAD_INPUT"),
        ("by: [STATE, CATEGORY, AREA, URGENCY, ORIGIN]", "BAD_INPUT"),
    ],
)
async def test_what_is_not_possible_is_told(hub: Hub, arguments: str, code: str) -> None:
    response = await hub.ask(f"{{ orders {{ groups({arguments}) {{ count }} }} }}")
    assert response["errors"][0]["extensions"]["code"] == code


async def test_what_is_just_possible_is_answered(hub: Hub) -> None:
    for arguments in (
        "by: [STATE], first: 100, offset: 100000",
        "by: [STATE, CATEGORY, AREA, URGENCY]",
        "by: [STATE, STATE, STATE, STATE, STATE], first: 1",
    ):
        await hub.data(f"{{ orders {{ groups({arguments}) {{ count }} }} }}")


@pytest.mark.parametrize(
    ("query", "cost"),
    [
        ("{ orders { groups(by: [STATE]) { count } } }", 120),
        ("{ orders { groups(by: [STATE], first: 5) { count } totalCount } }", 105),
        ("{ orders(first: 3) { nodes { id } groups(by: [STATE], first: 5) { count } } }", 108),
        (
            "{ units(first: 10) { nodes { offers { groups(by: [STATE], first: 5) { count } } } } }",
            10 + 10 * 105,
        ),
        (
            """{ orders { groups(by: [AREA], first: 5) {
            key { area { children(first: 4) { nodes { id } } } } } } }""",
            105 + 5 * 4,
        ),
        (
            """query($n: Int = 7) { orders { a: groups(by: [STATE], first: $n) { count }
            b: groups(by: [STATE]) @include(if: false) { count } } }""",
            107,
        ),
    ],
)
async def test_what_groups_cost(hub: Hub, query: str, cost: int) -> None:
    for limit, fits_in in ((cost, True), (cost - 1, False)):
        small = Hub(hub.graph, WORLD, Executor(SCHEMA, QueryLimits(cost=limit)))
        response = await small.ask(query, None, VIEWERS["admin"])
        if fits_in:
            assert "errors" not in response, response
        else:
            assert response["errors"][0]["extensions"]["asked"] == cost


async def test_a_day_is_that_of_the_clock_of_china(hub: Hub) -> None:
    """The world begins at midnight in UTC, which is eight in the morning there."""
    data = await hub.data("{ areas { groups(by: [CREATED_AT_DAY]) { key { createdAtDay } } } }")
    assert data["areas"]["groups"] == [{"key": {"createdAtDay": "2026-01-01"}}]
