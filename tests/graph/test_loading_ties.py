"""Agreements, alliances with their chairs and check-ins from sheets."""

from pathlib import Path

import pytest

from domain.access import HeldGrant, Viewer
from domain.language import Language
from domain.vocabulary import Role
from graph.driver import Graph
from graph.statements import CompiledStatement
from tests.engines.wiping import wipe
from tests.graph.builders import dump
from tests.graph.loading_cases import DISTRICT, Writes, load_files, sheet

pytestmark = pytest.mark.anyio

SHEETS = {
    "areas": (
        "区域名称|级别|上级区域|区划代码",
        "河北省|省||13",
        "承德市|市|13|1308",
        "双滦区|区县|1308|130803",
        "元宝山街道|街道|130803|130803001",
        "钢城街道|街道|130803|130803002",
        "甲社区|社区|元宝山街道|",
        "乙社区|社区|钢城街道|",
    ),
    "units": ("单位名称|单位类型|所在社区", "一单位|机关|甲社区", "二单位|学校|乙社区"),
    "branches": ("党组织名称|所属单位", "一单位党支部|一单位", "二单位党支部|二单位"),
    "members": (
        "编号|姓名|身份|所在党组织",
        "党员01|王某|党员|一单位党支部",
        "党员02|李某|党员|二单位党支部",
    ),
}
AGREEMENTS = "协议编号|协议名称|甲方|乙方|其他签约方|签订日期|有效期至|协议内容"
ALLIANCES = "联盟名称|联盟类型|所在区域|成员单位|共促单位|成立日期"
CHAIRS = "联盟名称|轮值主席单位|任期开始|任期结束"
CHECK_INS = "报到党组织或党员编号|报到社区|担任角色|报到日期|结束日期"

TIES = CompiledStatement(
    """MATCH (n) WHERE n:Agreement OR n:Alliance OR n:ChairTerm OR n:CheckIn
RETURN labels(n)[0] AS label, properties(n) AS p,
    COLLECT { MATCH (n)-[r]-(m) WHERE NOT m:Event
        RETURN type(r) + ' ' + coalesce(m.name, '') } AS links"""
)


@pytest.fixture
async def district(graph: Graph, tmp_path: Path) -> Graph:
    """A district of two communities, each with a unit, its branch and a member."""
    await wipe(graph)
    files = [sheet(tmp_path / f"{name}.csv", *lines) for name, lines in SHEETS.items()]
    assert (await load_files(graph, files)).ok
    return graph


def files(folder: Path) -> list[Path]:
    """One sheet of each kind, the chairs before the alliances that they name."""
    return [
        sheet(folder / "chairs.csv", CHAIRS, "机关联盟|一单位|2026年1月1日|2026年6月"),
        sheet(
            folder / "alliances.csv",
            ALLIANCES,
            "机关联盟|机关|双滦区|一单位、甲社区|二单位|2024年3月",
        ),
        sheet(
            folder / "agreements.csv",
            AGREEMENTS,
            "01|停车共建协议|甲社区|一单位|二单位|2026年1月8日|2027年6月|夜间开放停车场",
        ),
        sheet(
            folder / "check-ins.csv",
            CHECK_INS,
            "一单位党支部|乙社区|共建党组织|2026年1月5日|",
            "党员01|甲社区|网络楼长|2026.1.12|2026年6月30日",
        ),
    ]


async def test_what_is_stated_is_there_and_stating_it_again_writes_nothing(
    district: Graph, tmp_path: Path
) -> None:
    report = await load_files(district, files(tmp_path), area=DISTRICT)
    assert report.ok
    found = {(row["label"], row["p"].get("role", "")): row for row in await district.read(TIES)}
    agreement, alliance = found["Agreement", ""], found["Alliance", ""]
    assert sorted(agreement["links"]) == [
        "AGREED_BY 一单位",
        "AGREED_BY 二单位",
        "AGREED_BY 甲社区",
    ]
    assert agreement["p"]["number"] == "01"
    assert (agreement["p"]["signedOn"], agreement["p"]["validUntil"]) == (
        "2026-01-08",
        "2027-06-30",
    )
    assert "停车" in agreement["p"]["search"]
    assert sorted(alliance["links"]) == [
        "ALLIANCE_AT 双滦区", "ALLIANCE_MEMBER 一单位", "ALLIANCE_MEMBER 甲社区",
        "ALLIANCE_SUPPORTER 二单位", "HAS_TERM ",
    ]  # fmt: skip
    assert alliance["p"]["kind"] == "ADMINISTRATIVE"
    term = found["ChairTerm", ""]
    assert sorted(term["links"]) == ["CHAIRED_BY 一单位", "HAS_TERM 机关联盟"]
    assert (term["p"]["startsOn"], term["p"]["endsOn"]) == ("2026-01-01", "2026-06-30")
    of_branch, of_member = found["CheckIn", "CO_BUILDING"], found["CheckIn", "ONLINE_BUILDING_HEAD"]
    assert sorted(of_branch["links"]) == ["CHECKED_IN_AT 乙社区", "CHECKS_IN 一单位党支部"]
    assert "endsOn" not in of_branch["p"]
    assert sorted(of_member["links"]) == ["CHECKED_IN_AT 甲社区", "CHECKS_IN 王某"]
    before = await dump(district)
    with Writes(district) as writes:
        again = await load_files(district, files(tmp_path), area=DISTRICT)
    assert (writes.names, again.written, again.ok) == ([], 0, True)
    assert await dump(district) == before


async def test_a_later_sheet_changes_what_it_says(district: Graph, tmp_path: Path) -> None:
    await load_files(district, files(tmp_path), area=DISTRICT)
    alliances = sheet(tmp_path / "later.csv", ALLIANCES, "机关联盟|机关||一单位、二单位||")
    report = await load_files(district, [alliances], area=DISTRICT)
    (change,) = report.changes
    assert (change.label, change.fields) == ("Alliance", ("ALLIANCE_MEMBER", "version"))
    renewed = "01|停车共建协议|甲社区|一单位|二单位|2026年1月8日|2028年12月31日|"
    report = await load_files(
        district, [sheet(tmp_path / "later.csv", AGREEMENTS, renewed)], area=DISTRICT
    )
    (change,) = report.changes
    assert (change.label, change.fields) == ("Agreement", ("validUntil", "version"))


@pytest.mark.parametrize(
    ("lines", "cell", "right"),
    [
        ((CHECK_INS, "一单位|甲社区|网络楼长||"), "A2", "一单位党支部"),
        ((CHECK_INS, "党员09|甲社区|网络楼长||"), "A2", "相近"),
        ((CHECK_INS, "党员01|元宝山街道|网络楼长||"), "B2", "相近"),
        ((CHECK_INS, "党员01|甲社区|楼主||"), "C2", "网络楼长"),
        ((CHECK_INS, "党员01|甲社区|网络楼长|2026年3月1日|2026年2月1日"), "E2", "2026-03-01"),
        ((CHAIRS, "商圈联盟|一单位|2026年1月1日|"), "A2", "商圈联盟"),
        ((CHAIRS, "机关联盟|一单位||"), "C2", "必填"),
        ((ALLIANCES, "机关联盟|其它什么||一单位||"), "B2", "商圈"),
        ((ALLIANCES, "机关联盟|机关||一单位、三单位||"), "D2", "一单位"),
        ((ALLIANCES, "机关联盟|机关||一单位|一单位|"), "E2", "一处"),
        ((AGREEMENTS, "01|协议|甲社区|甲社区||||"), "D2", "同一主体"),
        ((AGREEMENTS, "01|协议|甲社区|||||"), "D2", "必填"),
        ((AGREEMENTS, "01|协议|甲社区|一单位||2026年13月||"), "F2", "应写作"),
        (
            ("居民区党组织名称|联建单位名称|联建单位数", "甲社区党支部|一单位|三个"),
            "C2",
            "应写作",
        ),
    ],
)
async def test_what_is_wrong_is_said_with_its_cell_and_what_would_be_right(
    district: Graph, tmp_path: Path, lines: tuple[str, ...], cell: str, right: str
) -> None:
    report = await load_files(district, [sheet(tmp_path / "bad.csv", *lines)], area=DISTRICT)
    (error,) = report.errors
    assert (error.details["file"], error.details["cell"]) == ("bad.csv", cell)
    assert right in error.message(Language.ZH)
    assert report.rejected == 1
    assert report.written == 0
    assert not await district.read(TIES)


AREA_PATH = CompiledStatement("MATCH (a:Area {name: '元宝山街道'}) RETURN a.path AS path")


async def coordinator(graph: Graph) -> Viewer:
    """Who coordinates the subdistrict of the first community."""
    (area,) = await graph.read(AREA_PATH)
    return Viewer("coordinator", (HeldGrant(Role.COORDINATOR, area_path=area["path"]),))


async def test_nobody_ties_members_from_elsewhere_to_an_own_community(
    district: Graph, tmp_path: Path
) -> None:
    """Who could would come to see them: a number is easily guessed."""
    viewer = await coordinator(district)
    lines = (CHECK_INS, "党员01|甲社区|网络楼长||", "党员02|甲社区|网络楼长||")
    report = await load_files(
        district, [sheet(tmp_path / "in.csv", *lines)], viewer=viewer, area="130803001"
    )
    (error,) = report.errors
    assert (error.details["cell"], error.details["reason"]) == ("3", "outside_scope")
    (tie,) = await district.read(TIES)
    assert sorted(tie["links"]) == ["CHECKED_IN_AT 甲社区", "CHECKS_IN 王某"]


async def test_nobody_states_an_alliance_from_elsewhere(district: Graph, tmp_path: Path) -> None:
    await load_files(district, files(tmp_path), area=DISTRICT)
    viewer = await coordinator(district)
    for lines in (
        (ALLIANCES, "机关联盟|机关||一单位||"),
        (CHAIRS, "机关联盟|一单位|2026年7月1日|"),
    ):
        report = await load_files(
            district, [sheet(tmp_path / "x.csv", *lines)], viewer=viewer, area="130803001"
        )
        (error,) = report.errors
        assert error.details["reason"] == "outside_scope"
        assert report.written == 0
