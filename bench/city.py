"""A city of units, offers and orders for benchmarks, written straight into the graph.

Nodes and links are those that loading a sheet makes (`resolvers.loading_pieces.piece`), without
the comparisons of a load: a hundred thousand nodes are there in minutes on either engine.
"""

import asyncio
import random
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import islice

from domain.categories import CATEGORIES
from domain.identity import derived_id
from domain.records import Area, Category, DemandOrder, PartyBranch, ResourceOffer, Unit
from domain.vocabulary import (
    AreaLevel,
    BranchKind,
    CapacityKind,
    ItemState,
    UnitKind,
    Urgency,
)
from graph import loading
from graph.driver import Graph, Transaction
from resolvers.loading_pieces import Piece, piece

SEED = 20220613
BATCH = 1000
UNITS_PER_COMMUNITY = 100
OFFERS_PER_UNIT = 10
ORDERS_PER_UNIT = 10
FIRST_DAY = datetime(2026, 1, 1, tzinfo=UTC)
WORDS = ("法律咨询", "健康义诊", "会议室", "停车位", "篮球场", "志愿服务", "电脑维修", "绿化养护")
ROOMY = 0
PLACES = ("一楼", "二楼", "东区", "西区", "南门", "北门", "周末", "晚间")


@dataclass(frozen=True, slots=True)
class City:
    """What is asked for: ids of nodes to begin at, and the size of it all."""

    units: int
    district: str
    communities: tuple[str, ...]
    unit_ids: tuple[str, ...]

    @property
    def offers(self) -> int:
        """How many offers there are; as many orders."""
        return self.units * OFFERS_PER_UNIT

    @property
    def roomy_offer(self) -> str:
        """The one offer that never runs out."""
        return _id("offer", ROOMY)

    def open_offer(self, number: int) -> str:
        """Return one of the open offers; those of neighbouring numbers are far apart."""
        found = number * 7919 % self.offers
        while not _is_open(found):
            found = (found + 1) % self.offers
        return _id("offer", found)


def city(units: int) -> City:
    """Return the city of so many units."""
    communities = tuple(_id("community", i) for i in range(max(1, units // UNITS_PER_COMMUNITY)))
    return City(units, _id("district", 0), communities, tuple(_id("unit", i) for i in range(units)))


async def write(graph: Graph, what: City, progress: Callable[[int, int], None]) -> None:
    """Write the city into an empty, migrated graph."""
    random_numbers = random.Random(SEED)
    total = 3 * what.units + 2 * what.offers
    done = 0
    kinds = (
        _areas(what),
        _categories(),
        _units(what, random_numbers),
        _branches(what),
        _offers(what, random_numbers),
        _orders(what, random_numbers),
    )
    for pieces in kinds:
        batches = _batches(pieces, BATCH)
        batch = next(batches, None)
        while batch:
            # The next batch is made while the engine writes this one.
            following = asyncio.create_task(asyncio.to_thread(next, batches, None))
            await graph.write(lambda transaction, batch=batch: _write(transaction, batch))
            done += len(batch)
            progress(min(done, total), total)
            batch = await following


async def _write(transaction: Transaction, pieces: Sequence[Piece]) -> None:
    for kind in {each.kind for each in pieces}:
        rows = [each.made for each in pieces if each.kind == kind]
        await loading.make_nodes(transaction, kind, rows)
    for name in sorted({name for each in pieces for name in each.links}):
        pairs = {(each.id, other) for each in pieces for other in each.links.get(name, ())}
        await transaction.run(loading.RELATIONS[name].join, pairs=[list(pair) for pair in pairs])


def _batches(pieces: Iterable[Piece], size: int) -> Iterator[list[Piece]]:
    rest = iter(pieces)
    while batch := list(islice(rest, size)):
        yield batch


def _is_open(number: int) -> bool:
    return number % 10 < 8


def _id(kind: str, number: int) -> str:
    return derived_id("Bench", kind, str(number))


def _at(number: int) -> datetime:
    return FIRST_DAY + timedelta(seconds=number)


def _areas(what: City) -> Iterator[Piece]:
    root = f"/{what.district}/"
    yield piece(
        Area(
            id=what.district,
            created_at=_at(0),
            name="测试区",
            level=AreaLevel.DISTRICT,
            path=root,
            code="130803",
        ),
        {},
        origin=None,
        search=("测试区",),
    )
    for number, community in enumerate(what.communities):
        name = f"第{number}社区"
        yield piece(
            Area(
                id=community,
                created_at=_at(number + 1),
                name=name,
                level=AreaLevel.COMMUNITY,
                path=f"{root}{community}/",
            ),
            {"PART_OF": what.district},
            origin=None,
            search=(name,),
        )


def _categories() -> Iterator[Piece]:
    for number, fact in enumerate(CATEGORIES.values()):
        record = Category(
            id=_category(fact.code),
            created_at=_at(number),
            code=fact.code,
            name=fact.name,
            name_en=fact.name_en,
            path=fact.path,
            aliases=fact.aliases,
        )
        parent = None if fact.parent is None else _category(fact.parent)
        yield piece(record, {"CHILD_OF": parent}, origin=None, search=(fact.name,))


def _category(code: str) -> str:
    return derived_id("Bench", "category", code)


def _community(what: City, unit: int) -> str:
    return what.communities[unit // UNITS_PER_COMMUNITY % len(what.communities)]


def _units(what: City, random_numbers: random.Random) -> Iterator[Piece]:
    kinds = list(UnitKind)
    for number, unit in enumerate(what.unit_ids):
        name = f"第{number}{random_numbers.choice(PLACES)}单位"
        yield piece(
            Unit(
                id=unit,
                created_at=_at(number),
                name=name,
                kind=kinds[number % len(kinds)],
                address=f"测试路{number}号",
                contact_name=f"负责人{number}",
                phone="0314-0000000",
            ),
            {"LOCATED_IN": _community(what, number)},
            origin=None,
            search=(name,),
        )


def _branches(what: City) -> Iterator[Piece]:
    for number, unit in enumerate(what.unit_ids):
        name = f"第{number}单位党支部"
        yield piece(
            PartyBranch(
                id=_id("branch", number), created_at=_at(number), name=name, kind=BranchKind.BRANCH
            ),
            {"OF_UNIT": unit},
            origin=None,
            search=(name,),
        )


def _offers(what: City, random_numbers: random.Random) -> Iterator[Piece]:
    codes = list(CATEGORIES)
    for number in range(what.offers):
        owner = number % what.units
        title = f"{random_numbers.choice(PLACES)}{random_numbers.choice(WORDS)}{number}"
        state = ItemState.OPEN if _is_open(number) else ItemState.WITHDRAWN
        yield piece(
            ResourceOffer(
                id=_id("offer", number),
                created_at=_at(number),
                title=title,
                description=f"{title}，面向社区居民，提前一天预约。",
                capacity_kind=CapacityKind.TOTAL,
                capacity=10**9 if number == ROOMY else random_numbers.randrange(1000, 9000),
                measure="PERSON",
                starts_on=date(2026, 1, 1),
                ends_on=date(2027, 12, 31),
                state=state,
            ),
            {
                "OFFERS": what.unit_ids[owner],
                "OFFER_CATEGORY": _category(random_numbers.choice(codes)),
                "OFFER_AT": _community(what, owner),
            },
            origin=None,
            search=(title,),
        )


def _orders(what: City, random_numbers: random.Random) -> Iterator[Piece]:
    codes, urgencies = list(CATEGORIES), list(Urgency)
    for number in range(what.offers):
        community = _community(what, number % what.units)
        title = f"需要{random_numbers.choice(WORDS)}{number}"
        yield piece(
            DemandOrder(
                id=_id("order", number),
                created_at=_at(number),
                title=title,
                quantity=random_numbers.randrange(1, 500),
                measure="PERSON",
                deadline=date(2027, 6, 30),
                urgency=random_numbers.choice(urgencies),
            ),
            {
                "NEEDS": community,
                "ORDER_CATEGORY": _category(random_numbers.choice(codes)),
                "ORDER_AT": community,
            },
            origin=None,
            search=(title,),
        )
