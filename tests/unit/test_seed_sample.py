"""The sample inventory: what it holds, that it reads without errors, and how it is made."""

import re
from collections import Counter
from datetime import date
from pathlib import Path

import pytest

from domain.categories import CATEGORIES, SUBSTITUTES, category_named, recognise
from domain.inventory import (
    AgreementRow,
    AllianceRow,
    AreaRow,
    BranchRow,
    ChairTermRow,
    CheckInRow,
    MemberRow,
    OfferRow,
    OrderRow,
    PairingRow,
    Row,
    UnitRow,
)
from domain.measures import convert
from domain.vocabulary import AreaLevel, CapacityKind, UnitKind, Urgency
from seed import SAMPLE_FILES
from seed.reading import read_files
from seed.sample.build import write
from seed.tables import read_tables

TODAY = date(2026, 5, 4)
TOWNS = "双塔山镇 滦河镇 大庙镇 偏桥子镇 西地镇 陈栅子镇"
NAMED = {"御祥园社区", "双安社区", "行宫社区", "输送机社区"}


@pytest.fixture(scope="module")
def rows() -> list[Row]:
    return [row for sheet in read_files(SAMPLE_FILES, TODAY) for row in sheet.rows]


def test_every_row_of_the_sample_is_good() -> None:
    sheets = read_files(SAMPLE_FILES, TODAY)
    assert [error for sheet in sheets for error in sheet.errors] == []
    assert [again for sheet in sheets for again in sheet.duplicates] == []
    assert {sheet.kind for sheet in sheets} == {
        "areas", "units", "branches", "members", "offers", "orders", "pairings",
        "alliances", "chair_terms", "agreements", "check_ins",
    }  # fmt: skip


def test_the_committed_sheets_are_what_their_facts_make(tmp_path: Path) -> None:
    for committed, made in zip(SAMPLE_FILES, write(tmp_path), strict=True):
        assert committed.name == made.name
        for before, after in zip(read_tables(committed), read_tables(made), strict=True):
            assert (before.sheet, before.rows) == (after.sheet, after.rows)


def test_the_sheets_are_kept_as_an_office_keeps_them() -> None:
    tables = {table.sheet: table for path in SAMPLE_FILES for table in read_tables(path)}
    assert tables["资源清单"].anchors
    assert tables["资源清单"].rows[0][0] != tables["资源清单"].rows[1][0]
    contents = [path.read_bytes() for path in SAMPLE_FILES if path.suffix == ".csv"]
    assert contents[0].startswith(b"\xef\xbb\xbf")
    with pytest.raises(UnicodeDecodeError):
        contents[1].decode("utf-8")


def test_the_district_and_what_is_in_it(rows: list[Row]) -> None:
    areas = [row for row in rows if isinstance(row, AreaRow)]
    (district,) = [row for row in areas if row.level is AreaLevel.DISTRICT]
    assert (district.name, district.code) == ("双滦区", "130803")
    below = [row.name for row in areas if row.level is AreaLevel.SUBDISTRICT]
    assert sum(name.endswith("街道") for name in below) == 3
    assert {name for name in below if name.endswith("镇")} == set(TOWNS.split())
    communities = {row.name for row in areas if row.level is AreaLevel.COMMUNITY}
    assert communities >= NAMED
    assert all(name.startswith("示例") for name in communities - NAMED)


def test_there_is_enough_of_everything(rows: list[Row]) -> None:
    counted = Counter(type(row) for row in rows)
    assert counted[UnitRow] >= 60
    assert counted[BranchRow] >= 40
    assert counted[MemberRow] >= 60
    assert counted[OfferRow] >= 150
    assert counted[OrderRow] >= 150
    assert counted[PairingRow] >= 20
    assert (counted[AllianceRow], counted[ChairTermRow], counted[AgreementRow]) == (5, 15, 25)
    assert counted[CheckInRow] >= 50
    assert {row.kind for row in rows if isinstance(row, UnitRow)} == set(UnitKind)
    offers = [row for row in rows if isinstance(row, OfferRow)]
    orders = [row for row in rows if isinstance(row, OrderRow)]
    assert {row.capacity_kind for row in offers} == set(CapacityKind)
    assert {row.urgency for row in orders} == set(Urgency)
    assert len({row.measure for row in offers}) >= 9
    assert any(row.minimum_lot == row.quantity > 1 for row in orders)
    assert any(1 < row.minimum_lot < row.quantity for row in orders)


def test_most_stays_open_through_2027(rows: list[Row]) -> None:
    late = date(2027, 11, 30)
    offers = [row for row in rows if isinstance(row, OfferRow)]
    assert sum(row.ends_on is None or row.ends_on >= late for row in offers) > 140
    orders = [row for row in rows if isinstance(row, OrderRow)]
    assert sum(row.deadline is None or row.deadline >= late for row in orders) > 90
    assert any(row.deadline and row.deadline < TODAY for row in orders)


def test_some_needs_cannot_be_met_and_some_only_by_several(rows: list[Row]) -> None:
    offers = [row for row in rows if isinstance(row, OfferRow)]
    substitutes = set(SUBSTITUTES)
    lacking: list[str] = []
    combined: list[str] = []
    for order in (row for row in rows if isinstance(row, OrderRow)):
        fitting = [
            fit
            for offer in offers
            if (offer.category == order.category or (order.category, offer.category) in substitutes)
            and offer.capacity is not None
            and (fit := convert(offer.capacity, offer.measure, order.measure)) is not None
        ]
        if not fitting:
            lacking.append(order.title)
        elif order.minimum_lot < order.quantity and max(fitting) < order.quantity <= sum(fitting):
            combined.append(order.title)
    assert len(lacking) >= 4
    assert len(combined) >= 4


def test_many_want_the_same_and_many_offer_it_in_other_words(rows: list[Row]) -> None:
    offers = [row for row in rows if isinstance(row, OfferRow)]
    orders = [row for row in rows if isinstance(row, OrderRow)]
    suppliers = {(row.category, row.provider) for row in offers}
    receivers = {(row.category, row.receiver) for row in orders}
    offered = Counter(category for category, _ in suppliers)
    wanted = Counter(category for category, _ in receivers)
    popular = {code for code in wanted if wanted[code] >= 7 and offered[code] >= 6}
    assert popular >= {
        "haircut", "clinic", "meeting_room", "activity_room", "car_parking", "legal_advice",
        "after_school", "aid_goods", "general_volunteers", "greening", "repair", "vocational",
    }  # fmt: skip
    same = {row.title for row in orders} & {row.title for row in offers}
    assert len(same) < 0.02 * len(orders)
    areas = {row.name for row in rows if isinstance(row, AreaRow)}
    served = Counter(bool(areas.intersection(row.serves)) for row in offers)
    assert min(served.values()) > 40


def test_some_popular_things_are_scarce_and_some_are_not(rows: list[Row]) -> None:
    there: Counter[tuple[str, str]] = Counter()
    wanted: Counter[tuple[str, str]] = Counter()
    for row in rows:
        if isinstance(row, OfferRow) and row.capacity_kind is CapacityKind.TOTAL:
            there[row.category, row.measure] += row.capacity or 0
        if isinstance(row, OrderRow) and (row.deadline is None or row.deadline >= TODAY):
            wanted[row.category, row.measure] += row.quantity
    scarce = {
        code for (code, measure) in wanted if 0 < there[code, measure] < wanted[code, measure]
    }
    ample = {code for (code, measure) in wanted if there[code, measure] >= wanted[code, measure]}
    assert scarce >= {"haircut", "aid_goods", "greening", "vocational", "after_school"}
    assert ample >= {"general_volunteers", "repair", "vacancy", "health_check"}


def test_some_rows_leave_their_category_to_their_words() -> None:
    tables = {table.sheet: table for path in SAMPLE_FILES for table in read_tables(path)}
    for sheet in ("资源清单", "需求清单"):
        header, *body = tables[sheet].rows[1:]
        place = [str(cell).replace(" ", "") for cell in header].index("类别")
        empty = sum(not row[place] for row in body)
        assert 0.3 * len(body) < empty < 0.8 * len(body)


def test_nobody_real_is_in_the_sample(rows: list[Row]) -> None:
    for row in rows:
        if isinstance(row, (UnitRow, BranchRow, MemberRow)):
            assert row.phone is None or re.fullmatch(r"000-000\d-\d{4}", row.phone)
            assert row.contact_name is None or re.fullmatch(r".某", row.contact_name)
        if isinstance(row, MemberRow):
            assert re.fullmatch(r".某", row.name)
        if isinstance(row, UnitRow):
            assert row.credit_code is None


def test_the_taxonomy_is_a_tree_of_two_levels_with_one_meaning_per_name() -> None:
    for fact in CATEGORIES.values():
        assert fact.parent is None or CATEGORIES[fact.parent].parent is None
        for name in (fact.code, fact.name, fact.name_en, *fact.aliases):
            assert category_named(name) == fact.code, name
    assert {code for pair in SUBSTITUTES for code in pair} <= set(CATEGORIES)
    assert category_named("场地/会议室") == "meeting_room"
    assert category_named("没有的") is None


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("小区晚上没地方停车", "car_parking"),
        ("藏书票艺术馆102（文化中心）", "exhibition"),
        ("獨居老人送餐", "meals"),
        ("老人手机课", "digital_skills"),
        ("今天天气", None),
    ],
)
def test_a_free_text_tells_its_category(text: str, code: str | None) -> None:
    assert recognise(text) == code
