"""Sheets of areas: a district's own list, and the national divisions by code."""

from collections.abc import Iterable

from domain.inventory import AreaRow, Row
from domain.vocabulary import AreaLevel
from seed import cells
from seed.kinds.base import CONTACTS, COORDINATES, ORDINAL, Fields, SheetKind, column
from seed.words import AREA_LEVELS, word_table

LEVEL_OF_CODE = {
    2: AreaLevel.PROVINCE,
    4: AreaLevel.CITY,
    6: AreaLevel.DISTRICT,
    9: AreaLevel.SUBDISTRICT,
    12: AreaLevel.COMMUNITY,
}
_LEVELS = word_table(AREA_LEVELS)
_LEVEL_WORDS = "、".join(words.split()[0] for words in AREA_LEVELS.values())


def _read_area(fields: Fields) -> Iterable[Row]:
    level = fields.read("level", lambda text: cells.chosen(text, _LEVELS, _LEVEL_WORDS))
    fields.required("level")
    yield AreaRow(
        origin=fields.origin,
        name=fields.required("name"),
        level=level or AreaLevel.COMMUNITY,
        code=fields.read("code", cells.area_code),
        parent=fields.text("parent"),
        former_codes=fields.listed("former_codes"),
        aliases=fields.listed("aliases"),
        **fields.contacts(),
        **fields.degrees(),
    )


def _read_division(fields: Fields) -> Iterable[Row]:
    code = fields.read("code", cells.area_code)
    fields.required("code")
    parents = ("street_code", "area_code", "city_code", "province_code")
    parent = next((found for name in parents if (found := fields.text(name))), None)
    yield AreaRow(
        origin=fields.origin,
        name=fields.required("name"),
        level=LEVEL_OF_CODE[len(code or "00")],
        code=code,
        parent=parent,
    )


AREAS = SheetKind(
    "areas",
    (
        ORDINAL,
        column("name", "区域名称 名称 区划名称", required=True),
        column("level", "级别 层级 区域级别 类型", required=True),
        column("code", "区划代码 代码 行政区划代码"),
        column("parent", "上级区域 上级 所属区域"),
        column("former_codes", "曾用代码 原代码"),
        column("aliases", "别名 曾用名 简称"),
        *CONTACTS,
        *COORDINATES,
    ),
    _read_area,
)
DIVISIONS = SheetKind(
    "divisions",
    (
        column("code", "code", required=True),
        column("name", "name", required=True),
        column("province_code", "provinceCode"),
        column("city_code", "cityCode"),
        column("area_code", "areaCode"),
        column("street_code", "streetCode"),
    ),
    _read_division,
)
