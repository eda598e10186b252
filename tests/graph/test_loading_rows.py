"""What rows do to the graph: edits, live claims, names, rights, what contradicts."""

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from domain.access import VISITOR, HeldGrant, Viewer
from domain.edits import ClaimOnItem, check_order_edit
from domain.errors import BadInput, Forbidden, NotFound, NotSignedIn
from domain.identity import derived_id, new_id
from domain.language import Language
from domain.records import Claim, ClaimLine, DemandOrder, Node, Slot
from domain.vocabulary import (
    ClaimState,
    Initiator,
    ItemState,
    Role,
    UnitKind,
)
from graph import loading
from graph.driver import Graph, Transaction
from graph.statements import CompiledStatement
from resolvers import loading_write
from resolvers.loading_report import LoadReport
from tests.engines.wiping import wipe
from tests.graph.builders import Link, dump, put
from tests.graph.loading_cases import DISTRICT, NOW, load_files, sheet

pytestmark = pytest.mark.anyio

AREAS = (
    "区域名称|级别|上级区域|区划代码",
    "河北省|省||13",
    "承德市|市|13|1308",
    "双滦区|区县|1308|130803",
    "元宝山街道|街道|130803|130803001",
    "钢城街道|街道|130803|130803002",
    "甲社区|社区|元宝山街道|",
    "乙社区|社区|钢城街道|",
)
UNITS = ("单位名称|单位类型|所在社区", "一单位|机关|甲社区", "二单位|学校|乙社区")
OFFERS = "编号|提供单位|资源名称|类别|数量|使用方式|开放时间|有效期|服务范围"
ORDERS = "编号|需求单位|需求名称|类别|数量|截止日期"

OFFER = CompiledStatement(
    """MATCH (o:ResourceOffer {title: $title})
RETURN properties(o) AS p, head([(o)<-[:OFFERS]-(a:Agent) | a.name]) AS agent,
    [(o)-[:SERVES]->(s:Area) | s.name] AS serves"""
)
CLAIM = CompiledStatement("MATCH (c:Claim {id: $id}) RETURN c.state AS state")
ORDER = CompiledStatement("MATCH (o:DemandOrder {title: $title}) RETURN properties(o) AS p")
UNIT = CompiledStatement(
    """MATCH (u:Unit {name: $name})
RETURN properties(u) AS p, [(u)-[:LOCATED_IN]->(a:Area) | a.name] AS areas"""
)
COMMUNITIES = CompiledStatement(
    """MATCH (a:Area) WHERE a.level = 'COMMUNITY'
RETURN a.name AS name, a.aliases AS aliases, a.id AS id ORDER BY name"""
)


@pytest.fixture
async def district(graph: Graph, tmp_path: Path) -> Graph:
    """A district of two subdistricts with a community and a unit each."""
    await wipe(graph)
    files = [sheet(tmp_path / "areas.csv", *AREAS), sheet(tmp_path / "units.csv", *UNITS)]
    assert (await load_files(graph, files)).ok
    return graph


async def load_lines(graph: Graph, folder: Path, *lines: str, **options: object) -> LoadReport:
    """Load one sheet of lines into the district."""
    given = {"area": DISTRICT, **options}
    return await load_files(graph, [sheet(folder / "sheet.csv", *lines)], **given)  # pyright: ignore[reportArgumentType]


def reasons(report: LoadReport) -> list[tuple[object, object]]:
    """Return cell and reason of each error."""
    return [(error.details["cell"], error.details["reason"]) for error in report.errors]


async def test_an_edit_changes_what_differs_and_nothing_else(
    district: Graph, tmp_path: Path
) -> None:
    row = "1|一单位|会议室甲|会议室|50人|时段独占|每周六 9:00-11:30|2026—2027年|甲社区、乙社区"
    await load_lines(district, tmp_path, OFFERS, row)
    (before,) = await district.read(OFFER, title="会议室甲")
    edited = "1|一单位|会议室甲|会议室|60人|时段独占||2026—2027年|甲社区"
    report = await load_lines(district, tmp_path, OFFERS, edited)
    (change,) = report.changes
    assert change.fields == ("SERVES", "capacity", "version", "windows")
    (after,) = await district.read(OFFER, title="会议室甲")
    assert after["serves"] == ["甲社区"]
    assert after["p"]["capacity"] == 60
    assert after["p"]["version"] == before["p"]["version"] + 1
    assert "windows" not in after["p"]
    kept = before["p"].keys() - {"capacity", "capacityKey", "version", "windows", "lock"}
    assert all(after["p"][name] == before["p"][name] for name in kept)


async def test_what_a_sheet_of_agents_leaves_empty_stays(district: Graph, tmp_path: Path) -> None:
    head = "单位名称|单位类型|所在社区|联系人|联系电话"
    await load_lines(district, tmp_path, head, "一单位|机关|甲社区|张某|000-0000-0001")
    report = await load_lines(district, tmp_path, head, "一单位|机关|||")
    assert report.written == 0
    await load_lines(district, tmp_path, head, "一单位|事业单位|乙社区||")
    (unit,) = await district.read(UNIT, name="一单位")
    assert unit["p"]["contactName"] == "张某"
    assert unit["p"]["kind"] == UnitKind.PUBLIC_INSTITUTION
    assert unit["areas"] == ["乙社区"]


async def claim_on(
    graph: Graph,
    label: str,
    node_id: str,
    quantity: int,
    slot: Slot | None = None,
    **values: Any,
) -> str:
    """Put a claim of one line, confirmed, on an order or an offer, and what it holds."""
    given: dict[str, Any] = {
        "state": ClaimState.CONFIRMED,
        "expires_at": NOW + timedelta(days=3),
    } | values
    claim = Claim(
        id=new_id(), created_at=NOW, initiator=Initiator.SUPPLIER,
        quantity=quantity, measure="PERSON", **given,
    )  # fmt: skip
    line = ClaimLine(id=new_id(), created_at=NOW, quantity=quantity, offer_quantity=quantity)
    link = "FROM_OFFER" if label == "ResourceOffer" else "FOR_ORDER"
    nodes: list[Node] = [claim, line]
    links: list[Link] = [
        ("Claim", claim.id, link, label, node_id),
        ("Claim", claim.id, "HAS_LINE", "ClaimLine", line.id),
    ]
    if slot is not None:
        nodes.append(slot)
        links.append(("ResourceOffer", node_id, "HAS_SLOT", "Slot", slot.id))
        links.append(("ClaimLine", line.id, "USES_SLOT", "Slot", slot.id))
    await put(graph, nodes, links)

    async def hold(transaction: Transaction) -> None:
        await loading.change_nodes(transaction, label, {node_id: {"held": quantity}})

    await graph.write(hold)
    return claim.id


async def test_an_edit_that_live_claims_forbid_is_refused_and_the_rest_loads(
    district: Graph, tmp_path: Path
) -> None:
    lines = (
        OFFERS,
        "1|一单位|志愿者甲|志愿者|50人次|总量|||",
        "2|一单位|志愿者乙|志愿者|50人次|总量|||",
    )
    await load_lines(district, tmp_path, *lines)
    (offer,) = await district.read(OFFER, title="志愿者甲")
    claim_id = await claim_on(district, "ResourceOffer", offer["p"]["id"], 30)
    smaller = tuple(line.replace("50人次", "20人次") for line in lines)
    before = await dump(district)
    dry = await load_lines(district, tmp_path, *smaller, dry_run=True)
    assert await dump(district) == before
    report = await load_lines(district, tmp_path, *smaller)
    assert report.counts == dry.counts
    for found in (dry, report):
        (error,) = found.errors
        assert error.details["reason"] == "held_by_claims"
        assert claim_id in error.message(Language.ZH)
    (kept,) = await district.read(OFFER, title="志愿者甲")
    assert (kept["p"]["capacity"], kept["p"]["held"]) == (50, 30)
    (edited,) = await district.read(OFFER, title="志愿者乙")
    assert edited["p"]["capacity"] == 20
    enough = tuple(line.replace("50人次", "30人次") for line in lines)
    report = await load_lines(district, tmp_path, *enough)
    assert report.ok
    (offer,) = await district.read(OFFER, title="志愿者甲")
    assert offer["p"]["state"] == ItemState.CLAIMED
    other_measure = tuple(line.replace("50人次", "99小时") for line in lines)
    assert len((await load_lines(district, tmp_path, *other_measure)).errors) == 1


@pytest.mark.parametrize(
    ("row", "ok"),
    [
        ("一单位|礼堂|礼堂大厅|50人|每周六 9:00-11:00", False),
        ("一单位|礼堂|礼堂大厅|80人|每周日 9:00-11:00", False),
        ("一单位|礼堂|礼堂大厅|60人|每周六 9:00-11:00；周日 9:00-11:00", True),
    ],
)
async def test_a_claimed_slot_cannot_be_edited_away(
    district: Graph, tmp_path: Path, row: str, *, ok: bool
) -> None:
    head = "提供单位|资源名称|类别|数量|开放时间"
    await load_lines(district, tmp_path, head, "一单位|礼堂|礼堂大厅|80人|每周六 9:00-11:00")
    (offer,) = await district.read(OFFER, title="礼堂")
    starts_at = NOW.replace(day=9, hour=1)
    slot = Slot(
        id=new_id(), created_at=NOW, starts_at=starts_at, ends_at=starts_at + timedelta(hours=2),
        held=60,
    )  # fmt: skip
    await claim_on(district, "ResourceOffer", offer["p"]["id"], 60, slot)
    assert (await load_lines(district, tmp_path, head, row)).ok is ok


async def test_a_need_below_what_is_held_is_refused(district: Graph, tmp_path: Path) -> None:
    row = "1|甲社区|要志愿者|志愿者|50人次|2027-12-31"
    await load_lines(district, tmp_path, ORDERS, row)
    (order,) = await district.read(ORDER, title="要志愿者")
    await claim_on(district, "DemandOrder", order["p"]["id"], 30)
    report = await load_lines(district, tmp_path, ORDERS, row.replace("50", "29"))
    assert [reason for _, reason in reasons(report)] == ["held_by_claims"]
    assert (await load_lines(district, tmp_path, ORDERS, row.replace("50", "40"))).ok
    (order,) = await district.read(ORDER, title="要志愿者")
    assert order["p"]["state"] == ItemState.PARTIALLY_CLAIMED
    assert order["p"]["quantity"] == 40


async def test_a_lapsed_proposal_forbids_no_edit(district: Graph, tmp_path: Path) -> None:
    row = "1|甲社区|要志愿者|志愿者|50人次|2027-12-31"
    await load_lines(district, tmp_path, ORDERS, row)
    (order,) = await district.read(ORDER, title="要志愿者")
    lapsed: dict[str, Any] = {"state": ClaimState.PROPOSED, "expires_at": NOW}
    claim_id = await claim_on(district, "DemandOrder", order["p"]["id"], 30, **lapsed)
    smaller = row.replace("50", "20")
    before = await dump(district)
    dry = await load_lines(district, tmp_path, ORDERS, smaller, dry_run=True)
    assert dry.ok
    assert await dump(district) == before
    report = await load_lines(district, tmp_path, ORDERS, smaller)
    assert report.ok
    assert report.counts == dry.counts
    (order,) = await district.read(ORDER, title="要志愿者")
    kept = (order["p"]["quantity"], order["p"]["held"], order["p"]["state"])
    assert kept == (20, 0, ItemState.OPEN)
    assert await district.read(CLAIM, id=claim_id) == [{"state": ClaimState.EXPIRED}]


async def test_an_edit_that_makes_no_sense_is_the_error_of_its_row(
    district: Graph, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The rules of edits are stricter here than those of sheets: the rest loads all the same."""
    rows = (
        "1|甲社区|要志愿者|志愿者|50人次|2027-12-31",
        "2|甲社区|要讲师|志愿者|50人次|2027-12-31",
    )
    await load_lines(district, tmp_path, ORDERS, *rows)

    def strict(before: DemandOrder, after: DemandOrder, on: Sequence[ClaimOnItem]) -> None:
        check_order_edit(before, after, on)
        if after.quantity < 30:
            raise BadInput(field="quantity", value=after.quantity, expected=">= 30")

    monkeypatch.setattr(loading_write, "check_order_edit", strict)
    edited = (rows[0].replace("50", "20"), rows[1].replace("50", "40"))
    report = await load_lines(district, tmp_path, ORDERS, *edited)
    assert [reason for _, reason in reasons(report)] == ["edit_not_possible"]
    assert "quantity" in report.errors[0].message(Language.EN)
    found = [(await district.read(ORDER, title=title))[0] for title in ("要志愿者", "要讲师")]
    assert [row["p"]["quantity"] for row in found] == [50, 40]


async def test_bad_rows_are_named_and_the_good_ones_load(district: Graph, tmp_path: Path) -> None:
    report = await load_lines(
        district, tmp_path, OFFERS,
        "1|一单位|会议室|会议室|50人||||",
        "2|一单俭|会议室|会议室|50人||||",
        "3|二单位|会议室|会议室|50人||||丁社区",
        "4|二单位|教室|教室|30人||||",
        "4|二单位|教室|教室|40人||||",
        "5|二单位|操场|体育场地|0人||||",
    )  # fmt: skip
    assert set(reasons(report)) == {
        ("B3", "unknown_name"),
        ("I4", "unknown_name"),
        ("6", "contradicts"),
        ("E7", "not_positive"),
    }
    assert "一单位" in report.errors[1].message(Language.ZH)
    assert report.counts["ResourceOffer"].created == 2
    (summary,) = report.sheets
    assert (summary.rows, summary.written, summary.rejected) == (6, 2, 4)
    assert not report.ok


async def test_the_two_spellings_of_a_community_meet_in_any_order(
    district: Graph, tmp_path: Path
) -> None:
    short = sheet(tmp_path / "venues.csv", "场地名称|容纳人数|地址", "崂一居民区活动室|90|某路1号")
    full = sheet(
        tmp_path / "co.csv", "居民区党组织名称|联建单位名称", "崂山一村居民区党总支|某某小学"
    )
    found: list[list[object]] = []
    for order in ([short, full], [full, short]):
        await wipe(district)
        await load_files(district, [sheet(tmp_path / "areas.csv", *AREAS)])
        for file in order:
            await load_files(district, [file], area="130803001")
        rows = await district.read(COMMUNITIES)
        found.append([row for row in rows if row["name"].startswith("崂")])
        for file in order:
            assert (await load_files(district, [file], area="130803001")).written == 0
    assert found[0] == found[1]
    (community,) = found[0]
    assert isinstance(community, dict)
    assert community["name"] == "崂山一村居民区"
    assert community["aliases"] == ["崂一居民区"]


async def test_an_area_that_only_its_code_is_known_of_gets_its_name_later(
    graph: Graph, tmp_path: Path
) -> None:
    await wipe(graph)
    unit = sheet(tmp_path / "u.csv", "单位名称|单位类型", "某单位|机关")
    report = await load_files(graph, [unit], area="130803001")
    assert report.counts["Area"].created == 4
    areas = await load_files(graph, [sheet(tmp_path / "areas.csv", *AREAS)])
    assert areas.ok
    assert (areas.counts["Area"].created, areas.counts["Area"].updated) == (3, 4)
    (found,) = await graph.read(UNIT, name="某单位")
    assert found["areas"] == ["元宝山街道"]


async def test_a_sheet_without_a_known_area_says_so(graph: Graph, tmp_path: Path) -> None:
    await wipe(graph)
    unit = sheet(tmp_path / "u.csv", "单位名称|单位类型", "某单位|机关")
    before = await dump(graph)
    (error,) = (await load_files(graph, [unit])).errors
    assert error.details["reason"] == "no_area"
    nothing_good = sheet(tmp_path / "bad.csv", "单位名称|单位类型", "某单位|")
    assert (await load_files(graph, [nothing_good], area="130803001", dry_run=True)).written == 0
    for area in ("没有的区", "1308031", "7"):
        with pytest.raises(NotFound):
            await load_files(graph, [unit], area=area)
    assert await dump(graph) == before


@pytest.mark.parametrize("role", [Role.LOADER, Role.COORDINATOR])
async def test_a_loader_loads_its_own_area_only(
    district: Graph, tmp_path: Path, role: Role
) -> None:
    path = await _path(district, "130803001")
    viewer = Viewer("loader", (HeldGrant(role, area_path=path),))
    lines = ("单位名称|单位类型|所在社区", "三单位|机关|甲社区", "二单位|机关|甲社区")
    report = await load_lines(district, tmp_path, *lines, area="130803001", viewer=viewer)
    assert [reason for _, reason in reasons(report)] == ["outside_scope"]
    assert report.counts["Unit"].created == 1
    before = await dump(district)
    offer = (OFFERS, "1|二单位|会议室|会议室|50人||||")
    report = await load_lines(district, tmp_path, *offer, area="130803001", viewer=viewer)
    assert [reason for _, reason in reasons(report)] == ["unknown_name"]
    for area in ("130803002", "130803"):
        with pytest.raises(Forbidden):
            await load_lines(district, tmp_path, *lines, area=area, viewer=viewer)
    with pytest.raises(Forbidden):
        await load_files(district, [sheet(tmp_path / "areas.csv", *AREAS)], viewer=viewer)
    after = await dump(district)
    of_history = {"Import", "Event", "UnnumberedEvent"}
    assert [row for row in after if of_history.isdisjoint(row[0])] == [
        row for row in before if of_history.isdisjoint(row[0])
    ]


async def _path(graph: Graph, code: str) -> str:
    rows = await graph.read(loading.AREAS_BY_CODE, codes=[code])
    return rows[0]["path"]


async def test_nobody_without_a_role_loads(district: Graph, tmp_path: Path) -> None:
    before = await dump(district)
    lines = ("单位名称|单位类型", "三单位|机关")
    with pytest.raises(NotSignedIn):
        await load_lines(district, tmp_path, *lines, viewer=VISITOR)
    for viewer in (
        Viewer("nobody"),
        Viewer("liaison", (HeldGrant(Role.LIAISON, agent_id="x"),)),
        Viewer("app", (HeldGrant(Role.APP),)),
    ):
        with pytest.raises(Forbidden):
            await load_lines(district, tmp_path, *lines, viewer=viewer)
    assert await dump(district) == before


async def test_areas_that_do_not_fit_are_refused(district: Graph, tmp_path: Path) -> None:
    report = await load_lines(
        district, tmp_path, "区域名称|级别|上级区域|区划代码",
        "元宝山街道|街道|1308|130803001",
        "倒置街道|街道|甲社区|",
        "某社区|社区|没有的街道|",
        "某社区|社团|元宝山街道|",
        "某社区|社区|元宝山街道|13080",
    )  # fmt: skip
    assert set(reasons(report)) == {
        ("C2", "moved_area"),
        ("C3", "level_order"),
        ("C4", "unknown_name"),
        ("B5", "unknown_word"),
        ("D6", "bad_area_code"),
    }
    assert report.written == 0


async def test_a_credit_code_belongs_to_one_unit(district: Graph, tmp_path: Path) -> None:
    lines = (
        "单位名称|单位类型|统一社会信用代码",
        "三单位|机关|91110000600037341L",
        "四单位|机关|91110000600037341L",
        "五单位|机关|911100006000373410",
    )
    report = await load_lines(district, tmp_path, *lines)
    assert reasons(report) == [("C4", "bad_credit_code"), ("C3", "code_of_another")]


async def test_every_kind_of_link_is_made_found_and_cut(graph: Graph) -> None:
    await wipe(graph)
    ids = {name: derived_id("Test", name) for name in loading.NODES}
    ids["Area"] = ids["Community"]

    async def make(transaction: Transaction) -> None:
        for kind in loading.NODES:
            if kind != "Area":
                made = {"id": ids[kind], "createdAt": "now", "code": kind}
                await loading.make_nodes(transaction, kind, [made])
        await loading.make_nodes(transaction, "Area", [{"id": "plain", "createdAt": "now"}])
        for kind in loading.NODES:
            await loading.change_nodes(transaction, kind, {ids[kind]: {"name": kind}})

    await graph.write(make)
    for kind in loading.NODES:
        found = await loading.read_nodes(graph.read, kind, [ids[kind], "nobody"])
        assert found[ids[kind]]["createdAt"] == "now"
    ends = {"Agent": ids["Unit"], **ids}
    for name, start, end, owner_first in loading.RELATION_ENDS:
        owner, other = (start, end) if owner_first else (end, start)
        pair = (ends[owner], ends[other])

        async def join(
            transaction: Transaction, name: str = name, pair: tuple[str, str] = pair
        ) -> None:
            await loading.join(transaction, name, {pair})
            await loading.join(transaction, name, {pair})

        async def cut(
            transaction: Transaction, name: str = name, pair: tuple[str, str] = pair
        ) -> None:
            await loading.cut(transaction, name, {pair})

        await graph.write(join)
        assert await loading.read_relation(graph.read, name, [pair[0]]) == {pair[0]: {pair[1]}}
        await graph.write(cut)
        assert await loading.read_relation(graph.read, name, [pair[0]]) == {}


async def test_a_link_to_a_node_that_is_gone_is_noticed(graph: Graph) -> None:
    await wipe(graph)

    async def work(transaction: Transaction) -> None:
        await loading.join(transaction, "LOCATED_IN", {("nobody", "nowhere")})

    with pytest.raises(loading.OvertakenError):
        await graph.write(work)
