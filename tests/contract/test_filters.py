"""Filters against predicates over the plain data."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any, cast

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.records import Area, Category, DemandOrder, ResourceOffer
from domain.vocabulary import CapacityKind, ItemState, Urgency
from graph.driver import Graph
from tests.contract.asking import Hub
from tests.contract.naive import Naive
from tests.contract.world import build_world, viewers

pytestmark = pytest.mark.anyio

WORLD = build_world()
VIEWERS = viewers(WORLD)
AREAS = [name for name, record in WORLD.records.items() if isinstance(record, Area)]
CATEGORIES = [name for name, record in WORLD.records.items() if isinstance(record, Category)]
DAYS = st.dates(date(2025, 12, 1), date(2028, 1, 31))
INSTANTS = st.datetimes(datetime(2026, 1, 1), datetime(2026, 1, 1, 2, 30)).map(  # noqa: DTZ001
    lambda found: found.replace(tzinfo=UTC, microsecond=0)
)
Test = Callable[[str], bool]


@pytest.fixture(scope="module")
async def hub(graph: Graph) -> Hub:
    await WORLD.write(graph)
    return Hub(graph, WORLD)


def ends(
    first: str, last: str, values: st.SearchStrategy[Any]
) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({}, optional={first: values, last: values})


COMMON: dict[str, st.SearchStrategy[Any]] = {
    "category": st.sampled_from(CATEGORIES),
    "categoryCode": st.sampled_from(["venue", "hall", "baking", "al"]),
    "area": st.sampled_from(AREAS),
    "state": st.lists(st.sampled_from(list(ItemState)), max_size=3),
    "startsOn": ends("from", "to", DAYS),
    "createdAt": ends("from", "until", INSTANTS),
    "text": st.sampled_from(
        ["资源", "资源1", "會議室", "烘焙", "烘", "会议 资源", "it", "场地", "活动 需求3", "", "*"]
    ),
}
OFFERS = st.fixed_dictionaries(
    {},
    optional={
        **COMMON,
        "provider": st.sampled_from(["unit0", "unit1", "wang", "yuxiangyuan", "unit9"]),
        "capacityKind": st.lists(st.sampled_from(list(CapacityKind)), max_size=2),
        "capacity": ends("min", "max", st.integers(-5, 250)),
    },
)
ORDERS = st.fixed_dictionaries(
    {},
    optional={
        **COMMON,
        "receiver": st.sampled_from(["yuxiangyuan", "li", "unit3"]),
        "urgency": st.lists(st.sampled_from(list(Urgency)), max_size=2),
        "quantity": ends("min", "max", st.integers(0, 17)),
        "deadline": ends("from", "to", DAYS),
    },
)
LINKS = {
    ResourceOffer: ("OFFER_CATEGORY", "OFFER_AT", "OFFERS"),
    DemandOrder: ("ORDER_CATEGORY", "ORDER_AT", "NEEDS"),
}
PROPERTIES = {
    "startsOn": "starts_on",
    "createdAt": "created_at",
    "capacityKind": "capacity_kind",
}


def predicate(naive: Naive, cls: type[Any], field: str, value: Any) -> Test:  # noqa: ANN401
    """Return the meaning of one field of a filter."""
    category, place, owner = LINKS[cls]

    def record(name: str) -> Any:  # noqa: ANN401
        return WORLD.records[name]

    def linked(kind: str) -> Callable[[str], Any]:
        return lambda name: record(naive.out(name, kind)[0])

    match field:
        case "category":
            above = cast("Category", record(value)).path
            return lambda name: linked(category)(name).path.startswith(above)
        case "categoryCode":
            return lambda name: f"/{value}/" in linked(category)(name).path
        case "area":
            root = cast("Area", record(value)).path
            return lambda name: linked(place)(name).path.startswith(root)
        case "provider" | "receiver":
            return lambda name: naive.into(name, owner) == [value]
        case "text":
            words = value.replace("會議", "会议").split()
            return lambda name: all(word in WORLD.search_text(record(name)) for word in words)
        case _:
            attribute = PROPERTIES.get(field, field)
            if isinstance(value, list):
                allowed = cast("list[object]", value)
                return lambda name: getattr(record(name), attribute) in allowed
            return lambda name: _between(getattr(record(name), attribute), value)


def _between(found: Any, value: dict[str, Any]) -> bool:  # noqa: ANN401
    if not value:
        return True
    if found is None:
        return False
    low, high = value.get("from", value.get("min")), value.get("to", value.get("max"))
    until = value.get("until")
    return (
        (low is None or found >= low)
        and (high is None or found <= high)
        and (until is None or found < until)
    )


def variables(filters: dict[str, Any]) -> dict[str, Any]:
    """Return filters as JSON variables."""

    def plain(field: str, value: Any) -> Any:  # noqa: ANN401
        if field in {"category", "area", "provider", "receiver"}:
            return WORLD.gid(value)
        if isinstance(value, dict):
            given = cast("dict[str, Any]", value)
            return {key: plain("", item) for key, item in given.items()}
        return value.isoformat() if isinstance(value, date) else value

    return {field: plain(field, value) for field, value in filters.items()}


async def compare(
    hub: Hub, root: str, cls: type[Any], filters: dict[str, Any], who: str
) -> list[str]:
    naive = Naive(WORLD, VIEWERS[who])
    tests = [predicate(naive, cls, field, value) for field, value in filters.items()]
    expected = [name for name in naive.named(cls) if all(test(name) for test in tests)]
    query = (
        f"query($filter: {cls.__name__}Filter) {{ "
        f"{root}(first: 100, filter: $filter) {{ totalCount nodes {{ id }} }} }}"
    )
    data = await hub.data(query, {"filter": variables(filters)}, VIEWERS[who])
    assert [node["id"] for node in data[root]["nodes"]] == [WORLD.gid(name) for name in expected]
    assert data[root]["totalCount"] == len(expected)
    return expected


RUN = settings(
    deadline=None,
    max_examples=60,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    derandomize=True,
)
WHO = st.sampled_from(["visitor", "unit0", "coordinator", "admin"])


@RUN
@given(filters=OFFERS, who=WHO)
async def test_offers(hub: Hub, filters: dict[str, Any], who: str) -> None:
    await compare(hub, "offers", ResourceOffer, filters, who)


@RUN
@given(filters=ORDERS, who=WHO)
async def test_orders(hub: Hub, filters: dict[str, Any], who: str) -> None:
    await compare(hub, "orders", DemandOrder, filters, who)


@pytest.mark.parametrize(
    "filters",
    [
        {"category": "venue"},
        {"area": "gangcheng"},
        {"text": "會議室"},
        {"text": "烘"},
        {"provider": "wang"},
        {"capacity": {"min": 100}},
        {"startsOn": {"from": date(2026, 6, 1), "to": date(2026, 9, 1)}},
        {"createdAt": {"until": datetime(2026, 1, 1, 0, 50, tzinfo=UTC)}},
    ],
    ids=str,
)
async def test_each_filter_leaves_some_and_drops_some(hub: Hub, filters: dict[str, Any]) -> None:
    found = await compare(hub, "offers", ResourceOffer, filters, "admin")
    assert 0 < len(found) < 24
