"""A person's data is handed out whole, and is gone from the whole graph once it is erased."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest

from domain.access import HeldGrant, Viewer
from domain.errors import Forbidden, HeldByClaims, NotFound, NotSignedIn
from domain.holds import LineRequest
from domain.hub_records import Account, Grant
from domain.identity import derived_id, new_id
from domain.records import Claim, Evaluation, EvidenceFile
from domain.run_records import Proposal
from domain.sign_in import Identity, IdentityKind, email_id
from domain.vocabulary import ClaimState, Initiator, ProposalState, Role, Side
from graph.driver import Graph
from graph.dump import dump as dump_to
from graph.statements import CompiledStatement, Statement
from resolvers.claims import propose
from resolvers.evidence import forget_abandoned
from resolvers.persons import ACCOUNT, MEMBER, erase_person, export_person
from tests.engines.wiping import wipe
from tests.graph.builders import Ticking, dump, put
from tests.graph.loading_cases import ADMIN, DISTRICT, NOW, load_files, sheet

pytestmark = pytest.mark.anyio

SHEETS = {
    "areas": (
        "区域名称|级别|上级区域|区划代码",
        "河北省|省||13",
        "承德市|市|13|1308",
        "双滦区|区县|1308|130803",
        "元宝山街道|街道|130803|130803001",
        "甲社区|社区|元宝山街道|",
        "松云苑|小区|甲社区|",
    ),
    "members": (
        "编号|姓名|身份|特长|居住社区|联系电话|邮箱",
        "人员01|王二娘|志愿者|烙画手艺|松云苑|000-7654321|erniang@example.invalid",
        "人员02|李四爷|志愿者||甲社区|000-1111111|",
    ),
    "offers": (
        "提供单位|资源名称|类别|数量|资源说明|地点|使用条件",
        "人员01|王二娘理发|理发|20人次|二娘亲手修刘海|松云苑三单元|先打电话",
    ),
    "orders": (
        "需求单位|需求名称|类别|数量|需求说明|来源",
        "人员01|疏通厨房下水|维修|1次|灶台左侧漏水|居民",
        "甲社区|社区理发|理发|30人次||",
    ),
    "check-ins": (
        "报到党组织或党员编号|报到社区|担任角色|报到日期",
        "人员01|甲社区|志愿者|2026年1月5日",
    ),
}
VALUES = (
    "王二娘", "二娘", "烙画", "000-7654321", "erniang", "刘海", "松云苑三单元", "先打电话",
    "疏通厨房下水", "灶台", "想约周三", "照片里是我家", "改到周四", "说得在理", "网名", "人员01",
    "wang-er-niang", "shu-tong-chu-fang",
)  # fmt: skip
"""All that is the person's own: the number of the sheets as well, and the keys in pinyin."""

ID = CompiledStatement("MATCH (m:Member {name: $name}) RETURN m.id AS id")
OFFER = CompiledStatement(
    "MATCH (o:ResourceOffer) RETURN o.id AS id, o.state AS state, o.title AS title"
)
ORDERS = CompiledStatement(
    "MATCH (o:DemandOrder)<-[:NEEDS]-(a) RETURN o.id AS id, o.state AS state, a.id AS agent"
)
EVENTS = CompiledStatement("MATCH (e:Event {action: 'ERASE_PERSON'}) RETURN e.changes AS changes")
STATE = Statement("tests.state", "MATCH (c:Claim {id: $id}) SET c.state = $state", writes=True)
KEY = Statement(
    "tests.key",
    "CREATE (:IdempotencyKey {key: $key, actor: $actor, operation: 'x', result: $result, "
    "createdAt: '2026'})",
    writes=True,
)
FOUND = CompiledStatement(
    """CALL db.index.fulltext.queryNodes('DemandOrder[search]', $text) YIELD node
RETURN node.id AS id"""
)
LEFT = CompiledStatement(
    """MATCH (m:Member {id: $id})
RETURN properties(m) AS p, [(m)-[:LIVES_IN]->(a:Area) | a.name] AS homes,
    COUNT { (m)<-[:FOR_AGENT]-() } AS grants, COUNT { (m)-[:CHECKS_IN]->() } AS checkIns,
    COUNT { (m)<-[:CLAIM_SUPPLIER]-() } AS claims"""
)


REASONS = """{"parts": [["TEXT", 0.2, 0.5]],
 "reasons": [["TEXT", {"words": ["刘海"]}], ["CATEGORY_SAME", {}]]}"""


class Person:
    """A member with an account, an offer, an order, a claim and what was written to it."""

    def __init__(self, graph: Graph, member_id: str) -> None:
        self.graph = graph
        self.id = member_id
        self.account = derived_id("Test", "account", member_id)
        self.claim = derived_id("Test", "claim", member_id)
        self.photo = derived_id("Test", "photo", member_id)
        self.clock = Ticking(NOW)

    @property
    def viewer(self) -> Viewer:
        return Viewer(self.account, (HeldGrant(Role.MEMBER, agent_id=self.id),))

    async def erase(self, viewer: Viewer | None = None, kind: str = MEMBER) -> bool:
        person = self.id if kind == MEMBER else self.account
        return await erase_person(
            self.graph, kind, person, viewer=viewer or self.viewer, clock=self.clock
        )

    async def export(self, viewer: Viewer | None = None, kind: str = MEMBER) -> dict[str, Any]:
        person = self.id if kind == MEMBER else self.account
        return await export_person(
            self.graph, kind, person, viewer=viewer or self.viewer, clock=self.clock
        )


@pytest.fixture
async def person(graph: Graph, tmp_path: Path) -> Person:
    await wipe(graph)
    files = [sheet(tmp_path / f"{name}.csv", *lines) for name, lines in SHEETS.items()]
    report = await load_files(graph, files, area=None)
    assert report.ok, report.errors
    (member,) = await graph.read(ID, name="王二娘")
    made = Person(graph, member["id"])
    (offer,) = await graph.read(OFFER)
    orders = {row["agent"]: row["id"] for row in await graph.read(ORDERS)}
    (community,) = orders.keys() - {made.id}
    claim = Claim(
        id=made.claim, created_at=NOW, initiator=Initiator.SUPPLIER, state=ClaimState.COMPLETED,
        quantity=5, measure="PERSON_TIME", note="想约周三", evidence="照片里是我家",
        reason="改到周四",
        expires_at=NOW, completed_at=NOW,
    )  # fmt: skip
    evaluation = Evaluation(
        id=derived_id("Test", "said"), created_at=NOW, by=Side.RECEIVER, score=5, text="说得在理"
    )
    proposal = Proposal(
        id=derived_id("Test", "proposal"), created_at=NOW, state=ProposalState.OPEN, quantity=5,
        offer_quantity=5, measure="PERSON_TIME", score=0.5,
        reasons=REASONS,
    )  # fmt: skip
    account = Account(id=made.account, created_at=NOW, name="二娘的网名")
    grant = Grant(id=derived_id("Test", "grant"), created_at=NOW, role=Role.MEMBER, valid_from=NOW)
    admin = Account(id="administrator", created_at=NOW, name="管理员")
    everything = Grant(
        id=derived_id("Test", "admin"), created_at=NOW, role=Role.ADMIN, valid_from=NOW
    )
    identity = Identity(
        id=email_id("erniang@example.invalid"), created_at=NOW, kind=IdentityKind.EMAIL
    )
    photo = EvidenceFile(
        id=made.photo, created_at=NOW, sha256="a" * 64, media_type="image/jpeg", size=1000
    )
    await put(
        graph,
        [photo, claim, evaluation, proposal, account, grant, admin, everything, identity],
        [
            ("Claim", claim.id, "CLAIM_SUPPLIER", "Member", made.id),
            ("Claim", claim.id, "CLAIM_RECEIVER", "Area", community),
            ("Claim", claim.id, "FROM_OFFER", "ResourceOffer", offer["id"]),
            ("Claim", claim.id, "FOR_ORDER", "DemandOrder", orders[community]),
            ("EvidenceFile", photo.id, "EVIDENCE_OF", "Claim", claim.id),
            ("EvidenceFile", photo.id, "UPLOADED_BY", "Account", account.id),
            ("Evaluation", evaluation.id, "EVALUATES", "Claim", claim.id),
            ("Proposal", proposal.id, "PROPOSES_OFFER", "ResourceOffer", offer["id"]),
            ("Proposal", proposal.id, "PROPOSES_ORDER", "DemandOrder", orders[community]),
            ("Account", account.id, "HOLDS", "Grant", grant.id),
            ("Grant", grant.id, "FOR_AGENT", "Member", made.id),
            ("Account", admin.id, "HOLDS", "Grant", everything.id),
            ("Account", account.id, "SIGNS_IN_AS", "Identity", identity.id),
        ],
    )
    for key, actor, result in (
        ("own", account.id, '{"note": "想约周三"}'),
        ("other", "administrator", f'{{"claim": "{claim.id}", "reason": "改到周四"}}'),
        ("unrelated", "administrator", "{}"),
    ):
        await graph.write(
            lambda transaction, k=key, a=actor, r=result: transaction.run(
                KEY, key=k, actor=a, result=r
            )
        )
    return made


async def whole_graph(graph: Graph, folder: Path) -> str:
    """All that a dump holds, as text."""
    file = folder / "whole.jsonl"
    await dump_to(graph, file)
    return file.read_text(encoding="utf-8")


async def set_state(person: Person, state: ClaimState) -> None:
    await person.graph.write(
        lambda transaction: transaction.run(STATE, id=person.claim, state=state.value)
    )


async def test_all_of_it_is_handed_out(person: Person) -> None:
    by_itself = await person.export()
    text = orjson.dumps(by_itself).decode()
    for value in VALUES:
        assert value in text, value
    assert "李四爷" not in text
    assert {name: len(found) for name, found in by_itself.items() if isinstance(found, list)} == {
        "places": 1, "checkIns": 1, "resourceLists": 1, "needLists": 1, "offers": 1, "orders": 1,
        "claims": 1, "evaluations": 1, "offersProposed": 1, "ordersProposed": 0, "accounts": 1,
        "grants": 1, "identities": 1, "sessions": 0, "evidenceFiles": 1, "uploads": 1,
        "webhooks": 0, "events": len(by_itself["events"]),
    }  # fmt: skip
    assert {event["action"] for event in by_itself["events"]} == {"LOAD"}
    assert (await person.export(ADMIN))["member"] == by_itself["member"]
    assert (await person.export(kind=ACCOUNT))["offers"] == by_itself["offers"]


async def test_nobody_else_gets_or_erases_it(person: Person) -> None:
    before = await dump(person.graph)
    others = (
        Viewer("other", (HeldGrant(Role.LIAISON, agent_id=person.id),)),
        Viewer("other", (HeldGrant(Role.COORDINATOR, area_path="/"),)),
        Viewer("other", (HeldGrant(Role.APP),)),
    )
    for viewer in others:
        for work in (person.export, person.erase):
            for kind in (MEMBER, ACCOUNT):
                with pytest.raises(Forbidden):
                    await work(viewer, kind)
    with pytest.raises(NotSignedIn):
        await person.erase(Viewer())
    with pytest.raises(NotFound):
        await export_person(person.graph, MEMBER, "nobody", viewer=ADMIN, clock=person.clock)
    assert await dump(person.graph) == before


async def test_claims_under_way_come_first(person: Person) -> None:
    await set_state(person, ClaimState.CONFIRMED)
    before = await dump(person.graph)
    with pytest.raises(HeldByClaims) as caught:
        await person.erase()
    assert caught.value.details["claims"] == [person.claim]
    assert await dump(person.graph) == before


@pytest.mark.parametrize("kind", [MEMBER, ACCOUNT])
async def test_nothing_of_it_is_left_anywhere(person: Person, tmp_path: Path, kind: str) -> None:
    text = await whole_graph(person.graph, tmp_path)
    assert [value for value in VALUES if value not in text] == []
    assert await person.graph.read(FOUND, text='"灶台"')
    assert await person.erase(kind=kind)
    text = await whole_graph(person.graph, tmp_path)
    assert [value for value in VALUES if value in text] == []
    assert await person.graph.read(FOUND, text='"灶台"') == []
    (left,) = await person.graph.read(LEFT, id=person.id)
    assert (left["p"]["name"], left["homes"], left["grants"]) == ("已删除", ["甲社区"], 0)
    assert (left["checkIns"], left["claims"]) == (1, 1), "figures stand"
    (offer,) = await person.graph.read(OFFER)
    assert (offer["title"], offer["state"]) == ("已删除", "WITHDRAWN")
    (event,) = await person.graph.read(EVENTS)
    told = orjson.loads(event["changes"])
    assert told[person.id]["name"] == told[person.claim]["note"] == [None, None]
    assert told[person.photo]["claim"] == [person.claim, None]
    gone = await forget_abandoned(
        person.graph, older_than=timedelta(0), clock=lambda: NOW + timedelta(days=1)
    )
    assert gone == [(person.photo, "a" * 64)], "its content goes with it"
    assert told[offer["id"]]["state"] == ["OPEN", "WITHDRAWN"]
    assert told[offer["id"]]["title"] == [None, None]


async def test_nobody_claims_with_an_erased_person(person: Person) -> None:
    """Its community's liaison would speak for it, as for whoever has no account."""
    (community,) = {row["agent"] for row in await person.graph.read(ORDERS)} - {person.id}
    (order,) = [r["id"] for r in await person.graph.read(ORDERS) if r["agent"] == community]
    liaison = Grant(
        id=derived_id("Test", "liaison"), created_at=NOW, role=Role.LIAISON, valid_from=NOW
    )
    await put(
        person.graph,
        [liaison],
        [
            ("Account", "administrator", "HOLDS", "Grant", liaison.id),
            ("Grant", liaison.id, "FOR_AGENT", "Area", community),
        ],
    )

    async def claim() -> Claim:
        return await propose(
            person.graph,
            viewer=ADMIN,
            initiator=Initiator.SUPPLIER,
            lines=[LineRequest(1)],
            idempotency_key=new_id(),
            order_id=order,
            supplier_id=person.id,
            clock=person.clock,
        )

    assert await person.erase()
    before = await dump(person.graph)
    with pytest.raises(NotFound) as caught:
        await claim()
    assert caught.value.details["type"] == "Member"
    assert await dump(person.graph) == before


async def test_erasing_again_changes_nothing(person: Person) -> None:
    assert await person.erase(ADMIN)
    before = await dump(person.graph)
    assert not await person.erase(ADMIN)
    assert await dump(person.graph) == before
    with pytest.raises(NotSignedIn):
        await person.erase()


async def test_no_sheet_brings_it_back(person: Person, tmp_path: Path) -> None:
    await person.erase()
    before = await dump(person.graph)
    for name in ("members", "offers", "check-ins"):
        report = await load_files(
            person.graph, [sheet(tmp_path / "again.csv", *SHEETS[name])], area=DISTRICT
        )
        (error,) = report.errors
        assert (error.details["cell"], report.written) == ("A2", 0)
        expected = "erased_person" if name == "members" else "unknown_name"
        assert error.details["reason"] == expected
    labels = {row[0] for row in await dump(person.graph) if row not in before}
    assert labels <= {("Import",), ("Event",), ("UnnumberedEvent",)}


async def test_an_account_for_others_too_only_loses_the_person(person: Person) -> None:
    liaison = Grant(
        id=derived_id("Test", "liaison"), created_at=NOW, role=Role.LIAISON, valid_from=NOW
    )
    (home,) = await person.graph.read(
        CompiledStatement("MATCH (a:Area {name: '甲社区'}) RETURN a.id AS id")
    )
    await put(
        person.graph,
        [liaison],
        [
            ("Account", person.account, "HOLDS", "Grant", liaison.id),
            ("Grant", liaison.id, "FOR_AGENT", "Area", home["id"]),
        ],
    )
    assert await person.erase()
    (account,) = await person.graph.read(
        CompiledStatement("MATCH (a:Account {id: $id}) RETURN a.active AS active, a.name AS name"),
        id=person.account,
    )
    assert account == {"active": True, "name": "二娘的网名"}
