"""Offers and orders carry the path of their area, whatever moves them or the area."""

import asyncio
from pathlib import Path

import pytest

from domain.identity import NodeReference, global_id, new_id
from domain.records import Category, DemandOrder
from domain.vocabulary import AreaLevel, ItemState, OrderOrigin
from graph import loading
from graph.driver import Graph
from graph.dump import dump
from graph.migrations import m0014_paths_of_items
from graph.restore import restore
from graph.statements import Statement
from resolvers.items import edit_item
from resolvers.items_create import NewItem, create_item
from resolvers.trees import create_area, move_area
from tests.engines.wiping import ASTRAY
from tests.graph.builders import NOW, Neighbourhood, put
from tests.graph.mutating import SCHEMA, calling

pytestmark = pytest.mark.anyio

DRAFTS = "{ orders(filter: {state: {eq: DRAFT}}, first: 100) { totalCount nodes { id } } }"
PATH = Statement("tests.path", "MATCH (o:DemandOrder {id: $id}) RETURN o.areaPath AS path")
FORGET = Statement(
    "tests.forget_paths",
    "MATCH (a:Area)<-[:OFFER_AT|ORDER_AT]-(o) SET o.areaPath = null",
    writes=True,
)


@pytest.fixture
async def here(graph: Graph) -> Neighbourhood:
    return await Neighbourhood(graph).build()


async def elsewhere(here: Neighbourhood, name: str = "elsewhere") -> NodeReference:
    """Make another subdistrict of the district."""
    made = await create_area(
        here.graph,
        AreaLevel.SUBDISTRICT,
        NodeReference("Area", here.district),
        {"name": name},
        here.request("admin"),
    )
    return NodeReference("Area", made.id)


async def sees(here: Neighbourhood, who: str, order: DemandOrder) -> bool:
    """Whether an account finds a draft in a page, by its id and in the count, all alike."""
    reference = global_id("DemandOrder", order.id)
    context = await calling(here, who)
    page = await SCHEMA.execute(DRAFTS, context_value=context)
    single = await SCHEMA.execute(f'{{ order(id: "{reference}") {{ id }} }}', context_value=context)
    assert page.data is not None
    assert single.data is not None
    found = [node["id"] for node in page.data["orders"]["nodes"]]
    assert page.data["orders"]["totalCount"] == len(found)
    assert (reference in found) == (single.data["order"] is not None)
    return reference in found


async def path_of(here: Neighbourhood, order: DemandOrder) -> str:
    (row,) = await here.graph.read(PATH, id=order.id)
    return row["path"]


async def test_what_an_area_takes_along_is_seen_from_where_it_is_now(here: Neighbourhood) -> None:
    order = await here.order(state=ItemState.DRAFT)
    assert await sees(here, "coordinator", order)
    assert await sees(here, "district", order)
    other = await elsewhere(here)
    community = here.community
    await move_area(here.graph, community, other, here.request("admin"))
    assert await path_of(here, order) == f"/{here.district}/{other}/{community}/"
    assert not await sees(here, "coordinator", order)
    assert await sees(here, "district", order)
    # All below the area that moves goes with it.
    back = NodeReference("Area", here.subdistrict)
    await move_area(here.graph, community, back, here.request("admin"))
    assert await sees(here, "coordinator", order)


async def test_an_item_that_is_placed_elsewhere_is_seen_from_there(here: Neighbourhood) -> None:
    order = await here.order(state=ItemState.DRAFT)
    other = await elsewhere(here)
    await edit_item(
        here.graph, DemandOrder, order.id, {}, here.request("admin"), links={"area": (other,)}
    )
    assert await path_of(here, order) == f"/{here.district}/{other}/"
    assert not await sees(here, "coordinator", order)
    assert await sees(here, "district", order)


async def test_a_load_that_moves_an_area_moves_what_is_there(here: Neighbourhood) -> None:
    order = await here.order(state=ItemState.DRAFT)
    path = f"/{here.district}/{here.community}/"
    await here.graph.write(
        lambda transaction: loading.change_nodes(
            transaction, "Community", {here.community: {"path": path}}
        )
    )
    assert await path_of(here, order) == path
    assert not await sees(here, "coordinator", order)


async def test_graphs_of_earlier_hubs_get_them(
    here: Neighbourhood, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(m0014_paths_of_items, "BATCH", 2)
    orders = [await here.order(state=ItemState.DRAFT), await here.order("unit")]
    offer = await here.offer()
    before = [await path_of(here, order) for order in orders]
    await here.graph.write(lambda transaction: transaction.run(FORGET))
    (row,) = await here.graph.read(ASTRAY)
    assert {*(order.id for order in orders), offer.id} <= set(row["astray"])
    assert not await sees(here, "coordinator", orders[0])
    await m0014_paths_of_items.apply(here.graph)
    assert [await path_of(here, order) for order in orders] == before
    assert await here.graph.read(ASTRAY) == [{"astray": []}]


async def test_a_restore_beside_other_data_moves_what_was_there(
    here: Neighbourhood, tmp_path: Path
) -> None:
    file = tmp_path / "graph.jsonl"
    await dump(here.graph, file)
    other = await elsewhere(here)
    await move_area(here.graph, here.community, other, here.request("admin"))
    order = await here.order(state=ItemState.DRAFT)
    assert not await sees(here, "coordinator", order)
    await restore(here.graph, file, into_other_data=True)
    assert await path_of(here, order) == here.path("community")
    assert await sees(here, "coordinator", order)


@pytest.mark.unrecorded
async def test_items_made_while_their_area_moves_are_where_it_is(here: Neighbourhood) -> None:
    category = new_id()
    help_at_home = Category(
        id=category,
        created_at=NOW,
        code=f"c_{category}",
        name="助",
        name_en="Help",
        path=f"/{category}/",
    )
    await put(here.graph, [help_at_home])
    places = [await elsewhere(here, name) for name in ("one", "two")]

    async def make() -> str:
        new = NewItem(
            owner=NodeReference("Area", here.community),
            fields={"title": "帮助", "quantity": 1, "measure": "PERSON"},
            category_id=category,
            origin=OrderOrigin.RESIDENT,
        )
        made = await create_item(here.graph, DemandOrder, new, here.request("community"))
        return made.id

    async def move(number: int) -> str:
        place = places[number % 2]
        return (await move_area(here.graph, here.community, place, here.request("admin"))).id

    done = await asyncio.gather(
        *(make() if number % 3 else move(number // 3) for number in range(18))
    )
    assert len(done) == 18
    assert await here.graph.read(ASTRAY) == [{"astray": []}]
