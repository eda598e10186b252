"""Filters against predicates over the plain data."""

from typing import Any, cast

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.records import Claim, DemandOrder, ResourceOffer
from domain.vocabulary import ItemState, ListState
from graph.driver import Graph
from graph.mapping import ComputedField
from schema.build import build_schema, graphql_schema_of
from schema.resolve import mapping_of
from tests.contract.asking import Hub
from tests.contract.naive import Naive
from tests.contract.naive_filters import Filter, filters, fits
from tests.contract.test_access_reads import ROOTS
from tests.contract.world import build_world, viewers

pytestmark = pytest.mark.anyio

WORLD = build_world()
VIEWERS = viewers(WORLD)
MAPPING = mapping_of(graphql_schema_of(build_schema()))
WHO = ("visitor", "app", "unit0", "community", "coordinator", "both", "admin")


@pytest.fixture(scope="module")
async def hub(graph: Graph) -> Hub:
    await WORLD.write(graph)
    return Hub(graph, WORLD)


async def compare(hub: Hub, root: str, given: Filter, who: str) -> list[str]:
    """Ask both ways, once with the filter as a variable and once written out; compare."""
    naive, cls = Naive(WORLD, VIEWERS[who]), ROOTS[root]
    made = MAPPING.filters[cls.__name__]
    expected = [name for name in naive.named(cls) if fits(naive, made, name, given)]
    query = (
        f"query($filter: {cls.__name__}Filter) {{ "
        f"{root}(first: 100, filter: $filter) {{ totalCount nodes {{ id }} }} }}"
    )
    data = await hub.data(query, {"filter": given}, VIEWERS[who])
    assert [node["id"] for node in data[root]["nodes"]] == [WORLD.gid(name) for name in expected]
    assert data[root]["totalCount"] == len(expected)
    fast = await hub.fast(query, {"filter": given}, VIEWERS[who])
    ordinary = await hub.ordinary(query, {"filter": given}, VIEWERS[who])
    assert fast == ordinary.body
    return expected


ASKED = st.sampled_from(sorted(ROOTS)).flatmap(
    lambda root: st.tuples(st.just(root), filters(WORLD, MAPPING.filters[ROOTS[root].__name__]))
)


@settings(
    deadline=None,
    max_examples=40,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    derandomize=True,
)
@given(asked=ASKED, who=st.sampled_from(WHO))
async def test_random_filters(hub: Hub, asked: tuple[str, Filter], who: str) -> None:
    root, chosen = asked
    await compare(hub, root, chosen, who)


SEA = WORLD.gid("gangcheng")
EACH: list[tuple[str, Filter]] = [
    ("offers", {"category": {"within": WORLD.gid("venue")}}),
    ("offers", {"category": {"withinCode": "venue"}}),
    ("offers", {"area": {"within": SEA}}),
    ("offers", {"text": "會議室"}),
    ("offers", {"text": "烘"}),
    ("offers", {"text": "zy 1"}),
    ("offers", {"provider": {"id": {"eq": WORLD.gid("wang")}}}),
    ("offers", {"provider": {"id": {"in": [WORLD.gid("wang"), WORLD.gid("unit1")]}}}),
    ("offers", {"provider": {"type": ["UNIT"], "name": {"startsWith": "单位0"}}}),
    ("offers", {"provider": {"unit": {"area": {"id": {"eq": SEA}}}}}),
    ("offers", {"provider": {"not": {"unit": {"kind": {"ne": "ORGAN"}}}}}),
    ("offers", {"capacity": {"gte": 100}}),
    ("offers", {"startsOn": {"gte": "2026-06-01", "lte": "2026-09-01"}}),
    ("offers", {"createdAt": {"lt": "2026-01-01T00:50:00.000000Z"}}),
    ("offers", {"skills": {"has": "烘焙"}}),
    ("offers", {"skills": {"isEmpty": False}}),
    ("offers", {"endsOn": {"isNull": True}}),
    ("offers", {"not": {"endsOn": {"gte": "2027-03-01"}}}),
    ("offers", {"endsOn": {"ne": "2027-03-01"}}),
    ("offers", {"or": [{"capacity": {"gte": 200}}, {"state": {"eq": "DRAFT"}}]}),
    ("offers", {"serves": {"none": {}}}),
    ("offers", {"claims": {"some": {"state": {"eq": "CONFIRMED"}}}}),
    ("offers", {"claims": {"every": {"state": {"eq": "CONFIRMED"}}}}),
    ("offers", {"claims": {"some": {"order": {"category": {"code": {"eq": "hall"}}}}}}),
    ("offers", {"list": {}}),
    ("orders", {"not": {"list": {"issuer": {"name": {"contains": "御祥"}}}}}),
    ("orders", {"claims": {"some": {"id": {"eq": WORLD.gid("claim2")}}}}),
    ("orders", {"urgency": {"in": ["HIGH", "CRITICAL"]}, "deadline": {"isNull": False}}),
    ("claims", {"supplier": {"id": {"eq": WORLD.gid("unit0")}}}),
    ("claims", {"note": {"contains": "3"}}),
    ("units", {"phone": {"endsWith": "3"}}),
    ("units", {"email": {"isNull": True}}),
    ("units", {"offers": {"some": {"title": {"eq": "资源0"}}}}),
    ("units", {"area": {"parent": {"name": {"eq": "元宝山街道"}}}}),
    ("areas", {"within": WORLD.gid("shuangluan"), "level": {"eq": "COMMUNITY"}}),
    ("areas", {"descendants": {"some": {"name": {"eq": "行宫社区"}}}}),
    ("areas", {"children": {"every": {"level": {"eq": "COMMUNITY"}}}, "text": "yb"}),
    ("branches", {"within": WORLD.gid("yuanbaoshan"), "unit": {}}),
    ("members", {"skills": {"hasAny": ["法律", "x"]}}),
    ("proposals", {"run": {"id": {"eq": WORLD.gid("run0")}}, "score": {"lt": 0.5}}),
]  # fmt: skip


@pytest.mark.parametrize(("root", "given"), EACH, ids=str)
async def test_each_filter_leaves_some_and_drops_some(hub: Hub, root: str, given: Filter) -> None:
    found = await compare(hub, root, given, "admin")
    assert 0 < len(found) < len(Naive(WORLD, VIEWERS["admin"]).named(ROOTS[root]))
    for who in ("visitor", "app", "unit0"):
        await compare(hub, root, given, who)


@pytest.mark.parametrize(
    ("root", "given"),
    [
        ("offers", {"provider": {"name": {"startsWith": "党员"}}}),
        ("orders", {"receiver": {"type": ["MEMBER"]}}),
        ("offers", {"claims": {"some": {}}}),
        ("orders", {"list": {"state": {"eq": "DRAFT"}}}),
        ("units", {"phone": {"isNull": False}}),
        ("units", {"or": [{"phone": {"startsWith": "0"}}, {"email": {"contains": "@"}}]}),
        ("units", {"not": {"contactName": {"isNull": True}}}),
        ("units", {"members": {"some": {}}}),
        ("areas", {"members": {"some": {"phone": {"isNull": False}}}}),
        ("claims", {"quantity": {"gte": 0}}),
    ],
    ids=str,
)
async def test_nothing_is_learned_of_what_may_not_be_seen(
    hub: Hub, root: str, given: Filter
) -> None:
    """What only the hidden would fulfil finds nothing for a visitor, and something for ADMIN."""
    assert await compare(hub, root, given, "visitor") == []
    assert await compare(hub, root, given, "admin") != []


@pytest.mark.parametrize("who", ["visitor", "unit0", "community", "coordinator"])
async def test_what_states_tell_of_rights_changes_no_answer(hub: Hub, who: str) -> None:
    """The statements leave out what a filter has decided; see `graph.publishing`."""
    states = sorted(ItemState)
    filters: list[Filter] = [{"eq": state} for state in states]
    filters += [{"in": [state, ItemState.OPEN]} for state in states[:3]]
    filters += [
        {"in": ["DRAFT", "WITHDRAWN"]},
        {"in": []},
        {"eq": "DRAFT", "in": ["OPEN", "DRAFT"]},
    ]
    seen = 0
    for root in ("offers", "orders"):
        for each in filters:
            seen += len(await compare(hub, root, {"state": each}, who))
    for quantifier in ("some", "none", "every"):
        for state in (ItemState.OPEN, ItemState.DRAFT):
            related = {quantifier: {"state": {"eq": state}}}
            await compare(hub, "units", {"offers": related}, who)
            await compare(hub, "areas", {"orders": related}, who)
    for list_state in ListState:
        seen += len(await compare(hub, "needLists", {"state": {"eq": list_state}}, who))
    assert seen


async def test_a_state_as_a_variable_keeps_to_its_plan(hub: Hub) -> None:
    """Plans that were made for a published state are not used for a draft, nor the other way."""
    query = """query($state: ItemState!) {
      offers(first: 100, filter: {state: {eq: $state}}) { totalCount nodes { id } } }"""
    for who in ("visitor", "unit0", "coordinator"):
        naive = Naive(WORLD, VIEWERS[who])
        for state in (*ItemState, *ItemState):
            expected = [
                WORLD.gid(name)
                for name in naive.named(ResourceOffer)
                if cast("ResourceOffer", WORLD.records[name]).state is state
            ]
            data = await hub.data(query, {"state": state.value}, VIEWERS[who])
            assert [node["id"] for node in data["offers"]["nodes"]] == expected
            assert data["offers"]["totalCount"] == len(expected)


async def test_what_a_front_end_may_not_read_it_cannot_ask(hub: Hub) -> None:
    assert await compare(hub, "claims", {"note": {"isNull": False}}, "app") == []
    assert len(await compare(hub, "claims", {"note": {"isNull": True}}, "app")) == 7
    assert len(await compare(hub, "claims", {"note": {"isNull": False}}, "admin")) == 7


async def test_filters_hold_in_nested_connections(hub: Hub) -> None:
    query = """query($offers: ResourceOfferFilter, $claims: ClaimFilter) {
      units { nodes { id offers(filter: $offers, first: 100) {
        totalCount nodes { id claims(filter: $claims) { totalCount } } } } } }"""
    variables: dict[str, Any] = {
        "offers": {"or": [{"text": "zy 1"}, {"claims": {"some": {}}}]},
        "claims": {"not": {"supplier": {"id": {"eq": WORLD.gid("unit0")}}}},
    }
    for who in ("visitor", "unit0", "admin"):
        naive = Naive(WORLD, VIEWERS[who])
        data = await hub.data(query, variables, VIEWERS[who])
        for unit in data["units"]["nodes"]:
            (name,) = [each for each in WORLD.records if WORLD.gid(each) == unit["id"]]
            expected = [
                offer
                for offer in naive.ordered(naive.out(name, "OFFERS"))
                if naive.visible(offer)
                and fits(naive, MAPPING.filters[ResourceOffer.__name__], offer, variables["offers"])
            ]
            assert [each["id"] for each in unit["offers"]["nodes"]] == [
                WORLD.gid(offer) for offer in expected
            ]
            assert unit["offers"]["totalCount"] == len(expected)
            for offer, shown in zip(expected, unit["offers"]["nodes"], strict=True):
                counted = [
                    claim
                    for claim in naive.into(offer, "FROM_OFFER")
                    if naive.visible(claim)
                    and fits(naive, MAPPING.filters[Claim.__name__], claim, variables["claims"])
                ]
                assert shown["claims"]["totalCount"] == len(counted)


def test_every_field_of_a_node_can_be_asked_for() -> None:
    """But for what is computed, what is made of stored text, and lists of numbers."""
    left_out = {
        (name, field)
        for name, fields in MAPPING.nodes.items()
        for field, mapped in fields.items()
        if not isinstance(mapped, ComputedField)
        and name in MAPPING.filters
        and field not in MAPPING.filters[name].fields
    }
    assert left_out == {
        ("ResourceOffer", "windows"), ("DemandOrder", "windows"), ("MatchRun", "policy"),
        ("MatchRun", "weights"), ("MatchRun", "unmatched"), ("MatchRun", "certificate"),
            ("MatchRun", "changes"), ("MatchRun", "progress"), ("MatchRun", "failure"),
        ("Proposal", "reasons"), ("Proposal", "parts"), ("Proposal", "slotQuantities"),
        ("Package", "reasons"), ("Event", "actorRoles"),
    }  # fmt: skip
    assert {DemandOrder.__name__, "Agent"} <= set(MAPPING.filters)
