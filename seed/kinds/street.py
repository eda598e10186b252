"""Lists as a subdistrict keeps them: venues, co-building, help that units claim."""

import re
from collections.abc import Iterable

from domain.categories import recognise
from domain.inventory import (
    AreaRow,
    BranchRow,
    Note,
    OfferRow,
    PairingRow,
    Row,
    UnitRow,
)
from domain.neighbourhoods import of_party_branch
from domain.vocabulary import AreaLevel, BranchKind, CapacityKind
from seed import cells
from seed.kinds.base import ORDINAL, Fields, SheetKind, column
from seed.words import branch_kind_of, unit_kind_of

_NEIGHBOURHOOD_ROOM = re.compile(r"(?P<owner>.+?(?:居民区|社区居委会|居委会))(?P<room>.*)")
_ROOM_OF_CENTRE = re.compile(r"(?P<room>.+?)[（(](?P<owner>[^（()）]*(?:中心|馆|学校|院|站))[)）]")
_ROOM_AFTER_OWNER = re.compile(
    r"(?P<owner>.+?(?:集团|公司|广场|大厦|中心|学校|大楼|酒店|银行|医院))(?P<room>.+)"
)
_MONEY, _GOODS = "现金", "实物"


def _owner(name: str) -> tuple[str, str, bool]:
    """Return whose a venue is, by its name; the room's own name; whether it is a neighbourhood's.

    `乒乓室201（文化中心）` is the 文化中心's, `崂一居民区活动室` the neighbourhood's,
    `世界广场5M会议室` the 世界广场's; a venue that names nobody is its own.
    """
    if found := _NEIGHBOURHOOD_ROOM.fullmatch(name):
        return found["owner"], name, True
    for pattern in (_ROOM_OF_CENTRE, _ROOM_AFTER_OWNER):
        if found := pattern.fullmatch(name):
            return found["owner"].strip(), name, False
    return name, name, False


def _mentioned_unit(fields: Fields, name: str) -> UnitRow:
    return UnitRow(origin=fields.origin, mentioned=True, name=name, kind=unit_kind_of(name))


def _mentioned_community(fields: Fields, name: str) -> AreaRow:
    return AreaRow(
        origin=fields.origin, mentioned=True, name=name, level=AreaLevel.COMMUNITY, parent=None
    )


def _read_venue(fields: Fields) -> Iterable[Row]:
    name = fields.required("name")
    owner, title, neighbourhood = _owner(name)
    address = fields.required("address")
    capacity = fields.read("capacity", lambda text: cells.amount(text, None, "PERSON"))
    fields.required("capacity")
    contact = fields.text("contact")
    if neighbourhood:
        yield _mentioned_community(fields, owner)
    else:
        yield _mentioned_unit(fields, owner)
    yield OfferRow(
        origin=fields.origin,
        provider=owner,
        title=title,
        category=recognise(title) or "venue",
        capacity_kind=CapacityKind.EXCLUSIVE,
        capacity=capacity[0] if capacity else None,
        measure=capacity[1] if capacity else "PERSON",
        place=owner if neighbourhood else None,
        address=address,
        conditions=contact,
    )


def _read_co_building(fields: Fields) -> Iterable[Row]:
    branch = fields.required("branch")
    neighbourhood = of_party_branch(branch)
    yield _mentioned_community(fields, neighbourhood)
    yield BranchRow(
        origin=fields.origin,
        mentioned=True,
        name=branch,
        kind=branch_kind_of(branch) or BranchKind.BRANCH,
        area=neighbourhood,
    )
    fields.required("units")
    fields.read("stated_count", cells.whole_number)
    for unit in fields.listed("units"):
        yield _mentioned_unit(fields, unit)
        yield PairingRow(origin=fields.origin, one=branch, other=unit, source="联建")


def _co_building_notes(rows: list[Fields]) -> Iterable[Note]:
    """Compare the number of units that each block of the sheet states with those it names."""
    blocks: dict[int, list[Fields]] = {}
    for fields in rows:
        if fields.text("stated_count") is not None:
            blocks.setdefault(fields.anchors["stated_count"], []).append(fields)
    for block in blocks.values():
        first = block[0]
        named = sum(len(fields.listed("units")) for fields in block)
        stated = first.read("stated_count", cells.whole_number)
        if stated is not None and stated != named:
            yield Note(
                first.origin,
                "loading.note.stated_count_differs",
                {"name": first.text("branch") or "", "stated": stated, "named": named},
            )


def _read_aid(fields: Fields) -> Iterable[Row]:
    provider = fields.required("provider")
    beneficiaries = fields.required("beneficiaries")
    form = fields.required("form")
    code = {_MONEY: "aid_money", _GOODS: "aid_goods"}.get(form, "aid_money")
    yield _mentioned_unit(fields, provider)
    yield OfferRow(
        origin=fields.origin,
        provider=provider,
        title=f"帮困（{form}）：{beneficiaries}",
        category=code,
        capacity_kind=CapacityKind.TOTAL,
        capacity=None,
        measure="PIECE" if form == _GOODS else "CNY",
        description=f"帮助形式：{form}",
        beneficiaries=beneficiaries,
    )


VENUES = SheetKind(
    "venues",
    (
        ORDINAL,
        column("name", "场地名称 场所名称", required=True),
        column("capacity", "容纳人数 可容纳人数", required=True),
        column("address", "地址 场地地址", required=True),
        column("contact", "使用须知 备注"),
    ),
    _read_venue,
)
CO_BUILDING = SheetKind(
    "co_building",
    (
        ORDINAL,
        column("branch", "居民区党组织名称 社区党组织名称", required=True),
        column("units", "联建单位名称 联建单位 共建单位名称", required=True),
        column("stated_count", "联建单位数 共建单位数"),
    ),
    _read_co_building,
    _co_building_notes,
)
AID_CLAIMS = SheetKind(
    "aid_claims",
    (
        ORDINAL,
        column("provider", "认领单位 帮扶单位", required=True),
        column("beneficiaries", "帮助对象 帮扶对象", required=True),
        column("form", "帮助形式 帮扶形式", required=True),
    ),
    _read_aid,
)
