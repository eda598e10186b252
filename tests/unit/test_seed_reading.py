"""Sheets as people keep them: title rows, merged cells, encodings, and what is wrong with them."""

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any, cast

import pytest
from openpyxl import Workbook

from domain.availability import WeeklyWindow
from domain.inventory import AreaRow, OfferRow, OrderRow, PairingRow, SheetContent, UnitRow
from domain.language import Language
from domain.vocabulary import CapacityKind, UnitKind, Urgency
from seed.reading import read_file

TODAY = date(2026, 5, 4)
OFFER_HEADER = ["提供单位", "资源名称", "时段长度"]
UNITS = ("单位名称", "单位类型", "联系电话")


def workbook(
    path: Path, rows: Sequence[Sequence[object]], merged: Sequence[str] = (), sheet: str = "表"
) -> Path:
    """Write a workbook of one sheet."""
    book = Workbook()
    made = cast("Any", book.active)
    made.title = sheet
    for row in rows:
        made.append(list(row))
    for cells in merged:
        made.merge_cells(cells)
    book.save(path)
    return path


def only(path: Path) -> SheetContent:
    """Read a file of one sheet."""
    (content,) = read_file(path, TODAY)
    return content


def reasons(content: SheetContent) -> list[tuple[object, object]]:
    """Return cell and reason of each error."""
    return [(error.details["cell"], error.details["reason"]) for error in content.errors]


def test_the_header_is_found_below_titles_whatever_its_spaces(tmp_path: Path) -> None:
    path = workbook(
        tmp_path / "单位.xlsx",
        [
            ["某区单位登记表（2026年）"],
            ["填报单位：某街道"],
            [],
            ["序号", "单 位 名 称", "单位类型\n（必选）", "联系电话*"],
            [1.0, "区图书馆", "事业单位", "000-0000-0001"],
            ["合计", 1],
            ["注：本表每年更新"],
        ],
        merged=["A1:D1"],
    )
    content = only(path)
    assert content.kind == "units"
    assert content.row_count == 1
    assert not content.errors
    (row,) = content.rows
    assert isinstance(row, UnitRow)
    assert (row.name, row.kind) == ("区图书馆", UnitKind.PUBLIC_INSTITUTION)
    assert row.origin.cell("name") == "B5"


@pytest.mark.parametrize(
    ("text", "minutes"),
    [("60分钟", 60), ("1.5小时", 90), ("45", 45), ("1440", 1440), ("24小时", 1440)],
)
def test_the_length_of_a_slot(tmp_path: Path, text: str, minutes: int) -> None:
    (row,) = only(workbook(tmp_path / "a.xlsx", [OFFER_HEADER, ["甲", "会议室", text]])).rows
    assert isinstance(row, OfferRow)
    assert row.slot_minutes == minutes


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("99999999999999999999分钟", "not_a_length"),
        ("9" * 5000, "not_a_length"),
        ("9" * 18 + "小时", "too_large"),
        ("1441", "not_a_length"),
        ("25小时", "not_a_length"),
        ("0分钟", "not_a_length"),
        ("3人", "not_a_length"),
    ],
)
def test_a_slot_longer_than_a_day_is_an_error_of_its_row(
    tmp_path: Path, text: str, reason: str
) -> None:
    rows = [OFFER_HEADER, ["甲", "会议室", text], ["乙", "会议室", "60分钟"]]
    content = only(workbook(tmp_path / "a.xlsx", rows))
    assert reasons(content) == [("C2", reason)]
    assert all(content.errors[0].message(language) for language in Language)
    assert len(content.rows) == 1


def test_merged_cells_mean_the_same_as_above(tmp_path: Path) -> None:
    rows = [
        ["联建清单"],
        ["序号", "居民区党组织名称", "联建单位名称", "联建单位数"],
        [1, "东园一居民区党总支", "甲单位", 3],
        [2, None, "乙单位、丙单位"],
        [3, "光辉居民区党支部", "甲单位", 2],
    ]
    content = only(workbook(tmp_path / "a.xlsx", rows, ["A1:D1", "B3:B4", "D3:D4"]))
    pairs = {(row.one, row.other) for row in content.rows if isinstance(row, PairingRow)}
    assert pairs == {
        ("东园一居民区党总支", "甲单位"),
        ("东园一居民区党总支", "乙单位"),
        ("东园一居民区党总支", "丙单位"),
        ("光辉居民区党支部", "甲单位"),
    }
    (note,) = content.notes
    assert note.details == {"name": "光辉居民区党支部", "stated": 2, "named": 1}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
@pytest.mark.parametrize("delimiter", [",", "\t", ";"])
def test_a_csv_in_any_usual_encoding(tmp_path: Path, encoding: str, delimiter: str) -> None:
    path = tmp_path / "units.csv"
    lines = [delimiter.join(UNITS), delimiter.join(("区图书馆", "事业单位", ""))]
    path.write_bytes("\r\n".join(lines).encode(encoding))
    (row,) = only(path).rows
    assert isinstance(row, UnitRow)
    assert row.name == "区图书馆"


def test_limits_of_partners_and_runs_are_read(tmp_path: Path) -> None:
    rows = [
        ["需求单位", "需求名称", "数量", "最多供给家数", "连续时长"],
        ["甲社区", "会议室", "3场", "最多2家", "3小时"],
        ["甲社区", "会议室", "3场", None, None],
        ["甲社区", "会议室", "3场", "0", "很久"],
    ]
    content = only(workbook(tmp_path / "需求.xlsx", rows))
    found = [row for row in content.rows if isinstance(row, OrderRow)]
    assert [(row.partner_limit, row.contiguous_minutes) for row in found] == [
        (2, 180),
        (None, None),
    ]
    assert set(reasons(content)) == {("D4", "no_partners"), ("E4", "not_an_amount")}
    rows = [["提供单位", "资源名称", "最多服务家数"], ["某单位", "会议室", "3家"]]
    (offer,) = only(workbook(tmp_path / "资源.xlsx", rows)).rows
    assert isinstance(offer, OfferRow)
    assert offer.partner_limit == 3


def test_a_bad_row_is_named_and_the_good_ones_are_read(tmp_path: Path) -> None:
    rows = [
        ["编号", "需求单位", "需求名称", "类别", "数量", "最小承接量", "时间要求", "截止日期"],
        ["1", "甲社区", "会场", "会议室", "50人", "不可拆分", "每周六 9:00-11:30", "2027年6月"],
        ["2", "甲社区", "会场", "没有的类别", "-5人", None, "随便", "2026年2月30日"],
        ["3", None, "会场", "会议室", "若干", None, None, None],
        ["4", "甲社区", "会场", "会议室", "20人", "30人", None, None],
    ]
    content = only(workbook(tmp_path / "a.xlsx", rows))
    (row,) = content.rows
    assert isinstance(row, OrderRow)
    assert (row.quantity, row.measure, row.minimum_lot) == (50, "PERSON", 50)
    assert row.windows == (WeeklyWindow(6, 540, 690),)
    assert row.deadline == date(2027, 6, 30)
    assert set(reasons(content)) == {
        ("D3", "unknown_category"),
        ("E3", "not_positive"),
        ("G3", "not_a_window"),
        ("H3", "no_such_date"),
        ("E4", "quantity_unstated"),
        ("B4", "missing"),
        ("F5", "lot_too_large"),
    }
    for error in content.errors:
        for language in Language:
            assert str(error.details["cell"]) in error.message(language)
            assert "a.xlsx" in error.message(language)


def test_a_row_said_twice_is_a_duplicate_and_no_error(tmp_path: Path) -> None:
    rows = [
        ["序号", "场地名称", "容纳人数", "地  址"],
        [1, "甲居民区活动室", 60.0, "某路1号"],
        [2, "乙居民区活动室", 60.0, "某路2号"],
        [3, "甲居民区活动室", 60.0, "某路1号"],
    ]
    content = only(workbook(tmp_path / "a.xlsx", rows))
    (duplicate,) = content.duplicates
    assert (duplicate.origin.row, duplicate.first.row) == (4, 2)
    assert sum(isinstance(row, OfferRow) for row in content.rows) == 2
    assert not content.errors


def test_rooms_of_one_centre_are_one_units(tmp_path: Path) -> None:
    names = ["乒乓室201（文化中心）", "教室306（文化中心）", "世界广场5M会议室", "崂一居民区活动室"]
    rows = [["场地名称", "容纳人数", "地址"], *([name, "60人", "某路1号"] for name in names)]
    content = only(workbook(tmp_path / "a.xlsx", rows))
    offers = [row for row in content.rows if isinstance(row, OfferRow)]
    assert [row.provider for row in offers] == ["文化中心", "文化中心", "世界广场", "崂一居民区"]
    assert {row.capacity_kind for row in offers} == {CapacityKind.EXCLUSIVE}
    assert [row.name for row in content.rows if isinstance(row, AreaRow)] == ["崂一居民区"]


def test_the_resource_list_is_read_with_its_years(tmp_path: Path) -> None:
    rows = [
        ["2026—2027年度资源清单"],
        ["提供单位", "资源名称", "数量", "使用方式", "开放时间", "有效期", "服务范围", "紧急程度"],
        ["甲单位", "地下停车场", "每晚40个车位", None, "每晚 19:00-次日7:00", "长期", "全区", ""],
        ["甲单位", "看不出类别", "40", None, None, None, None, None],
    ]
    content = only(workbook(tmp_path / "a.xlsx", rows))
    (row,) = content.rows
    assert isinstance(row, OfferRow)
    assert row.category == "car_parking"
    assert (row.capacity, row.measure) == (40, "PARKING_SPACE")
    assert row.capacity_kind is CapacityKind.SHARED
    assert row.list_years == (2026, 2027)
    assert (row.starts_on, row.ends_on, row.serves) == (None, None, ())
    assert len(row.windows) == 14
    assert reasons(content) == [("4", "no_category")]


def test_the_usual_values_where_a_need_says_nothing(tmp_path: Path) -> None:
    rows = [["需求单位", "需求名称", "数量"], ["甲社区", "反诈讲座", "2"]]
    (row,) = only(workbook(tmp_path / "a.xlsx", rows)).rows
    assert isinstance(row, OrderRow)
    assert row.urgency is Urgency.NORMAL
    assert (row.quantity, row.measure, row.minimum_lot, row.deadline) == (2, "SESSION", 1, None)


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("a.docx", b"x", "unknown_type"),
        ("a.xlsx", b"no workbook at all", "broken_workbook"),
        ("a.xlsx", b"", "broken_workbook"),
        ("a.csv", b"\x00\x01\x02\x03" * 50, "unknown_encoding"),
        ("a.csv", b"\xff\xff\xff\xff\xff", "unknown_encoding"),
        ("a.csv", "天气,心情\n晴,好\n".encode(), "unknown_sheet"),
        ("a.csv", "单位名称,地址\n甲,乙\n".encode(), "missing_columns"),
        ("a.csv", b"", "empty_file"),
        ("a.csv", b",,\r\n,,\r\n", "empty_file"),
    ],
)
def test_a_file_that_cannot_be_read_is_one_clear_error(
    tmp_path: Path, name: str, content: bytes, reason: str
) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    (error,) = only(path).errors
    assert error.details["reason"] == reason
    for language in Language:
        assert name in error.message(language)


def test_missing_files_and_folders_are_clear_errors(tmp_path: Path) -> None:
    (error,) = only(tmp_path / "gone.xlsx").errors
    assert error.details["reason"] == "no_file"
    folder = tmp_path / "folder.xlsx"
    folder.mkdir()
    (error,) = only(folder).errors
    assert error.details["reason"] == "unreadable"


def test_an_empty_workbook_is_said_to_be_empty(tmp_path: Path) -> None:
    (error,) = only(workbook(tmp_path / "a.xlsx", [])).errors
    assert error.details["reason"] == "empty_file"


def test_a_workbook_that_is_cut_short_is_an_error_wherever_it_is_cut(tmp_path: Path) -> None:
    whole = workbook(tmp_path / "a.xlsx", [UNITS, ["甲", "学校", ""]]).read_bytes()
    for part in range(0, len(whole) - 1, max(1, len(whole) // 40)):
        path = tmp_path / "cut.xlsx"
        path.write_bytes(whole[:part])
        (error,) = only(path).errors
        assert error.details["reason"] == "broken_workbook"


def test_a_workbook_with_broken_bytes_never_breaks_the_reader(tmp_path: Path) -> None:
    whole = bytearray(workbook(tmp_path / "a.xlsx", [UNITS, ["甲", "学校", ""]]).read_bytes())
    for place in range(0, len(whole), 97):
        broken = bytes(whole[:place]) + bytes([whole[place] ^ 0xFF]) + bytes(whole[place + 1 :])
        path = tmp_path / "broken.xlsx"
        path.write_bytes(broken)
        for content in read_file(path, TODAY):
            assert content.rows or content.errors
