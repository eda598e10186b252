"""A small world of every type, as plain data: written to the graph, and evaluated naively."""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import LiteralString, cast

from domain.access import VISITOR, HeldGrant, Viewer
from domain.availability import WeeklyWindow
from domain.hub_records import Import
from domain.identity import derived_id, global_id
from domain.records import (
    Agreement,
    Alliance,
    Area,
    Category,
    ChairTerm,
    CheckIn,
    Claim,
    ClaimLine,
    DemandOrder,
    Evaluation,
    Member,
    NeedList,
    Node,
    Pairing,
    PartyBranch,
    ResourceList,
    ResourceOffer,
    Slot,
    Unit,
)
from domain.run_records import MatchRun, Package, Proposal
from domain.searching import search_text
from domain.vocabulary import (
    AllianceKind,
    AreaLevel,
    BranchKind,
    CapacityKind,
    CheckInRole,
    ClaimState,
    Initiator,
    ItemState,
    ListState,
    MemberKind,
    PackageState,
    ProposalState,
    Role,
    RunState,
    Side,
    UnitKind,
    Urgency,
)
from graph.driver import Graph, Transaction
from graph.records import properties
from graph.statements import Statement
from matching.documents import policy_text
from matching.model import Policy
from tests.graph.builders import labels_of

BEGAN = datetime(2026, 1, 1, tzinfo=UTC)
NOW = datetime(2026, 6, 1, tzinfo=UTC)
ITEM_STATES = (
    ItemState.OPEN,
    ItemState.DRAFT,
    ItemState.PARTIALLY_CLAIMED,
    ItemState.OPEN,
    ItemState.WITHDRAWN,
)


REASONS = """{"parts": [["CATEGORY", 0.3, 1.0], ["TEXT", 0.2, 0.5]],
 "reasons": [["CATEGORY_SAME", {}], ["WINDOWS", {"percent": 80}]]}"""
UNMATCHED = """[{"order": "ORDER", "missing": 3, "reason": "TIME",
 "refused": {"TIME": 2, "REACH": 1}, "rivals": ["ORDER"]}]"""
CERTIFICATE = """{"components": [{"orders": 1, "offers": 2, "pairs": 2, "method": "FLOW",
 "proof": "DUALS", "value": 3000000000, "bound": 3000000000}],
 "reached": {"orders": 2, "matchedOrders": 1, "wholeOrders": 1, "filled": 0.5,
  "value": 3000000000, "quantities": {"PERSON": [10, 5]}},
 "firstComeFirstServed": {"orders": 2, "matchedOrders": 1, "wholeOrders": 0, "filled": 0.25,
  "value": 5, "quantities": {}},
 "counted": {"worth": 2900000000, "kept": 100000000, "fair": 0},
 "fairness": {"premiums": {"/a/": 250}, "before": {"/a/": 0.25}, "after": {"/a/": 0.5},
  "worth_before": 3000000000, "worth_after": 2900000000, "most_cost": 0.05}}"""
CHANGES = """[{"kind": "MOVED", "order": "ORDER", "offer": "OFFER", "from": "SOURCE", "before": 3,
 "after": 4, "causes": [["ORDER_NEW", "ORDER", null], ["REFUSED", "OFFER", "TIME"],
 ["WORTHS", "", null]]}]"""


@dataclass
class World:
    """Records by name, and links `(name, type, name)` between them."""

    records: dict[str, Node] = field(default_factory=dict[str, Node])
    links: list[tuple[str, str, str]] = field(default_factory=list[tuple[str, str, str]])
    with_accounts: set[str] = field(default_factory=set[str])
    """The residents who have an account of their own."""

    @staticmethod
    def id(name: str) -> str:
        return derived_id("World", name)

    def gid(self, name: str) -> str:
        """The global id of what has this name."""
        return global_id(type(self.records[name]).__name__, self.id(name))

    def add(self, name: str, record: Node, *links: tuple[str, str]) -> None:
        self.records[name] = record
        self.links.extend((name, kind, other) for kind, other in links)

    def at(self) -> datetime:
        """The next creation time: every third shares it with the one before."""
        count = len(self.records)
        return BEGAN + timedelta(minutes=count - (count % 3 == 2))

    def search_text(self, record: Node) -> str:
        names = (getattr(record, name, None) for name in ("title", "name"))
        return search_text(
            [*names, *getattr(record, "aliases", ()), getattr(record, "description", None)]
        )

    async def write(self, graph: Graph) -> None:
        """Write all of it, in one transaction."""

        async def work(transaction: Transaction) -> None:
            for record in self.records.values():
                found = {
                    key: value for key, value in properties(record).items() if value is not None
                }
                found["search"] = self.search_text(record)
                text = f"CREATE (n:{labels_of(record)}) SET n = $properties"
                await transaction.run(_statement(text), properties=found)
            for source, kind, target in self.links:
                text = (
                    f"MATCH (a:{type(self.records[source]).__name__} {{id: $source}}) "
                    f"MATCH (b:{type(self.records[target]).__name__} {{id: $target}}) "
                    f"CREATE (a)-[:{kind}]->(b)"
                )
                await transaction.run(
                    _statement(text), source=self.id(source), target=self.id(target)
                )
            held = {end for _, kind, end in self.links if kind == "FOR_AGENT"}
            for name in sorted(self.with_accounts - held):
                text = "MATCH (m:Member {id: $id}) CREATE (:Grant {id: $grant})-[:FOR_AGENT]->(m)"
                await transaction.run(
                    _statement(text), id=self.id(name), grant=self.id(f"grant of {name}")
                )

        await graph.write(work)


def _statement(text: str) -> Statement:
    return Statement("test.world", cast("LiteralString", text), writes=True)


def build_world() -> World:
    """Return the world: a district, its agents, lists, offers, orders, claims and a run."""
    world = World()
    _areas(world)
    _agents(world)
    _categories(world)
    _lists(world)
    _offers(world)
    _orders(world)
    _claims(world)
    _co_building(world)
    _matching(world)
    return world


def _areas(world: World) -> None:
    tree = (
        ("hebei", None, AreaLevel.PROVINCE, "河北省", "13"),
        ("chengde", "hebei", AreaLevel.CITY, "承德市", "1308"),
        ("shuangluan", "chengde", AreaLevel.DISTRICT, "双滦区", "130803"),
        ("yuanbaoshan", "shuangluan", AreaLevel.SUBDISTRICT, "元宝山街道", "130803001"),
        ("gangcheng", "shuangluan", AreaLevel.SUBDISTRICT, "钢城街道", "130803002"),
        ("yuxiangyuan", "yuanbaoshan", AreaLevel.COMMUNITY, "御祥园社区", "130803001001"),
        ("shuangan", "yuanbaoshan", AreaLevel.COMMUNITY, "双安社区", None),
        ("xinggong", "gangcheng", AreaLevel.COMMUNITY, "行宫社区", None),
    )
    paths: dict[str | None, str] = {None: "/"}
    for name, parent, level, title, code in tree:
        paths[name] = f"{paths[parent]}{world.id(name)}/"
        area = Area(
            id=world.id(name),
            created_at=world.at(),
            name=title,
            level=level,
            path=paths[name],
            code=code,
            aliases=(f"{title}别名",) if code is None else (),
            contact_name=f"负责人{name}",
            phone=f"000-{name}",
            latitude=40.5 if code else None,
            longitude=117,
        )
        world.add(name, area, *([("PART_OF", parent)] if parent else []))


def _agents(world: World) -> None:
    kinds = list(UnitKind)
    for number in range(10):
        name = f"unit{number}"
        unit = Unit(
            id=world.id(name),
            created_at=world.at(),
            name=f"单位{number} 会议室",
            kind=kinds[number % len(kinds)],
            contact_name=f"负责人{number}",
            phone=f"000-000{number}",
            email=f"unit{number}@example.invalid" if number % 2 else None,
        )
        place = ("yuanbaoshan", "gangcheng", "yuxiangyuan")[number % 3]
        world.add(name, unit, ("LOCATED_IN", place))
    for name, links in (
        ("wide", [("OF_AREA", "yuxiangyuan")]),
        ("branch0", [("OF_UNIT", "unit0"), ("UNDER", "wide")]),
        ("branch1", [("OF_UNIT", "unit1"), ("UNDER", "wide")]),
    ):
        branch = PartyBranch(
            id=world.id(name), created_at=world.at(), name=f"党支部{name}", kind=BranchKind.BRANCH
        )
        world.add(name, branch, *links)
    for name, links in (
        ("wang", [("LIVES_IN", "yuxiangyuan"), ("BELONGS_TO", "branch0"), ("WORKS_AT", "unit0")]),
        ("li", [("LIVES_IN", "xinggong")]),
        ("zhao", [("WORKS_AT", "unit1"), ("BELONGS_TO", "branch1")]),
        ("nobody", []),
    ):
        member = Member(
            id=world.id(name),
            created_at=world.at(),
            name=f"党员{name}",
            kind=MemberKind.PARTY_MEMBER,
            skills=("电工", "法律") if name == "wang" else (),
            phone=f"000-{name}",
        )
        world.add(name, member, *links)
    world.with_accounts.add("wang")
    pairing = Pairing(id=world.id("pairing"), created_at=world.at(), since=date(2026, 2, 1))
    world.add("pairing", pairing, ("PAIRS", "unit0"), ("PAIRS", "yuxiangyuan"))
    for name, one, other in (
        ("outside", "unit3", "yuxiangyuan"),
        ("across", "unit1", "wide"),
        ("within", "branch1", "shuangan"),
    ):
        pairing = Pairing(id=world.id(name), created_at=world.at(), source="共建协议")
        world.add(name, pairing, ("PAIRS", one), ("PAIRS", other))


def _co_building(world: World) -> None:
    """Alliances: unit0 and the wide committee in one, unit1 and a community in another."""
    for name, kind, members, supporters in (
        ("alliance0", AllianceKind.COMMUNITY, ("unit0", "wide"), ("unit2",)),
        ("alliance1", AllianceKind.BUSINESS, ("unit1",), ("shuangan",)),
    ):
        alliance = Alliance(id=world.id(name), created_at=world.at(), name=f"联盟{name}", kind=kind)
        world.add(name, alliance, ("ALLIANCE_AT", "yuanbaoshan"))
        world.links.extend((name, "ALLIANCE_MEMBER", member) for member in members)
        world.links.extend((name, "ALLIANCE_SUPPORTER", supporter) for supporter in supporters)
        for number, chair in enumerate(members):
            term = ChairTerm(
                id=world.id(f"{name} term{number}"),
                created_at=world.at(),
                starts_on=date(2026, 1 + 6 * number, 1),
                ends_on=None if number else date(2026, 6, 30),
            )
            world.add(f"{name} term{number}", term, ("CHAIRED_BY", chair))
            world.links.append((name, "HAS_TERM", f"{name} term{number}"))
    for number, parties in enumerate((("unit0", "yuxiangyuan"), ("unit1", "xinggong", "branch0"))):
        agreement = Agreement(
            id=world.id(f"agreement{number}"),
            created_at=world.at(),
            title=f"共建协议{number}",
            signed_on=date(2026, 3, 1 + number),
            valid_until=date(2027, 2, 28) if number else None,
            terms="开放会议室",
        )
        world.add(f"agreement{number}", agreement, *(("AGREED_BY", party) for party in parties))
        world.links.append((f"agreement{number}", "COVERS", f"claim{number}"))
    for name, agent, area, role, ends_on in (
        ("branch in", "branch0", "yuxiangyuan", CheckInRole.CO_BUILDING, None),
        ("wang in", "wang", "yuxiangyuan", CheckInRole.LAWYER, None),
        ("zhao in", "zhao", "xinggong", CheckInRole.ONLINE_BUILDING_HEAD, date(2026, 12, 31)),
        ("zhao was in", "zhao", "yuxiangyuan", CheckInRole.VOLUNTEER, date(2026, 1, 31)),
        ("nobody in", "nobody", "shuangan", CheckInRole.DOCTOR, None),
    ):
        check_in = CheckIn(
            id=world.id(name),
            created_at=world.at(),
            role=role,
            starts_on=date(2026, 1, 1),
            ends_on=ends_on,
        )
        world.add(name, check_in, ("CHECKED_IN_AT", area))
        world.links.append((agent, "CHECKS_IN", name))
    for number, area in enumerate(("yuanbaoshan", "gangcheng")):
        made = Import(
            id=world.id(f"import{number}"),
            created_at=world.at(),
            file_name=f"units{number}.xlsx",
            file_hash="0" * 64,
            sheet="单位",
            rows=10,
            written=8,
            unchanged=1,
            rejected=1,
        )
        world.add(f"import{number}", made, ("LOADED_INTO", area))


def _categories(world: World) -> None:
    for name, parent in (
        ("venue", None),
        ("hall", "venue"),
        ("room", "venue"),
        ("training", None),
        ("baking", "training"),
    ):
        above = "/" if parent is None else f"/{parent}/"
        category = Category(
            id=world.id(name),
            created_at=world.at(),
            code=name,
            name=f"类别{name}",
            name_en=name,
            path=f"{above}{name}/",
        )
        world.add(name, category, *([("CHILD_OF", parent)] if parent else []))
    world.links.append(("hall", "SUBSTITUTABLE_BY", "room"))


def _lists(world: World) -> None:
    for name, state, issuer in (
        ("resources0", ListState.PUBLISHED, "unit0"),
        ("resources1", ListState.DRAFT, "unit1"),
        ("resources2", ListState.CLOSED, "yuxiangyuan"),
    ):
        made = ResourceList(id=world.id(name), created_at=world.at(), title=name, state=state)
        world.add(name, made)
        world.links.append((issuer, "ISSUES_RESOURCES", name))
    for name, state, issuer in (
        ("needs0", ListState.PUBLISHED, "yuxiangyuan"),
        ("needs1", ListState.DRAFT, "xinggong"),
    ):
        made = NeedList(
            id=world.id(name),
            created_at=world.at(),
            title=name,
            state=state,
            starts_on=date(2026, 1, 1),
            ends_on=date(2026, 12, 31),
        )
        world.add(name, made)
        world.links.append((issuer, "ISSUES_NEEDS", name))


def _offers(world: World) -> None:
    providers = ("unit0", "unit1", "unit2", "yuxiangyuan", "wang", "unit0")
    places = ("yuanbaoshan", "gangcheng", "yuxiangyuan", "yuxiangyuan", "yuxiangyuan", "xinggong")
    for number in range(24):
        name = f"offer{number}"
        offer = ResourceOffer(
            id=world.id(name),
            created_at=world.at(),
            title=f"资源{number}",
            description="可容纳五十人的会议室" if number % 2 else "烘焙课程",
            capacity_kind=list(CapacityKind)[number % 3],
            capacity=None if number % 7 == 6 else 10 * number,
            measure="PERSON" if number % 3 else "HOUR",
            starts_on=date(2026, 1 + number % 12, 1),
            ends_on=None if number % 4 == 3 else date(2027, 1 + number % 12, 1),
            windows=(WeeklyWindow(6, 540, 690), WeeklyWindow(7, 0, 1440)) if number % 3 else (),
            latitude=40.25 if number % 2 else None,
            skills=("烘焙",) if number % 5 == 0 else (),
            state=ITEM_STATES[number % 5],
            held=number,
            completed=number // 2,
            version=number,
        )
        category = ("hall", "room", "venue", "baking")[number % 4]
        links = [("OFFER_CATEGORY", category), ("OFFER_AT", places[number % 6])]
        if number % 2:
            links.append(("SERVES", "yuanbaoshan"))
        world.add(name, offer, *links)
        world.links.append((providers[number % 6], "OFFERS", name))
        if number % 6 == 0:
            world.links.append(("resources0", "LISTS_OFFER", name))
        if number % 6 == 1:
            world.links.append(("resources1", "LISTS_OFFER", name))
    for number in range(2):
        start = datetime(2026, 5, 9, 1 + number, tzinfo=UTC)
        slot = Slot(
            id=world.id(f"slot{number}"),
            created_at=world.at(),
            starts_at=start,
            ends_at=start + timedelta(hours=1),
            held=5,
        )
        world.add(f"slot{number}", slot)
        world.links.append((f"offer{number}", "HAS_SLOT", f"slot{number}"))


def _orders(world: World) -> None:
    receivers = ("yuxiangyuan", "xinggong", "li", "unit3")
    places = ("yuxiangyuan", "xinggong", "xinggong", "yuanbaoshan")
    for number in range(16):
        name = f"order{number}"
        order = DemandOrder(
            id=world.id(name),
            created_at=world.at(),
            title=f"需求{number}",
            description="需要场地开展活动",
            quantity=number + 1,
            measure="PERSON",
            deadline=date(2026, 1 + number % 12, 15) if number % 3 else None,
            urgency=list(Urgency)[number % 4],
            state=ITEM_STATES[number % 5],
        )
        category = ("hall", "baking")[number % 2]
        links = [("ORDER_CATEGORY", category), ("ORDER_AT", places[number % 4])]
        world.add(name, order, *links)
        world.links.append((receivers[number % 4], "NEEDS", name))
        if number % 4 < 2:
            world.links.append((f"needs{number % 4}", "LISTS_ORDER", name))
    world.links.append(("order5", "ESCALATED_TO", "shuangluan"))


def _claims(world: World) -> None:
    for number, (state, supplier, receiver, order, offer, completed) in enumerate(
        (
            (ClaimState.PROPOSED, "unit0", "yuxiangyuan", "order0", "offer0", None),
            (ClaimState.CONFIRMED, "unit1", "yuxiangyuan", None, "offer1", None),
            (ClaimState.COMPLETED, "unit2", "xinggong", "order1", None, NOW - timedelta(days=10)),
            (ClaimState.EVALUATED, "unit4", "xinggong", "order1", None, NOW - timedelta(days=40)),
            (ClaimState.DECLINED, "unit5", "li", "order2", None, None),
            (ClaimState.DISPUTED, "wang", "unit3", "order3", "offer4", None),
            (ClaimState.CONFIRMED, "unit5", "li", "order2", None, None),
        )
    ):
        name = f"claim{number}"
        claim = Claim(
            id=world.id(name),
            created_at=world.at(),
            initiator=list(Initiator)[number % 4],
            state=state,
            quantity=3 + number,
            measure="PERSON",
            note=f"说明{number}",
            evidence=f"照片{number}",
            reason=f"原因{number}",
            expires_at=NOW,
            completed_at=completed,
        )
        links = [("CLAIM_SUPPLIER", supplier), ("CLAIM_RECEIVER", receiver)]
        if order:
            links.append(("FOR_ORDER", order))
        if offer:
            links.append(("FROM_OFFER", offer))
        world.add(name, claim, *links)
        line = ClaimLine(id=world.id(f"line{number}"), created_at=world.at(), quantity=3 + number)
        world.add(f"line{number}", line, *([("USES_SLOT", "slot0")] if number == 0 else []))
        world.links.append((name, "HAS_LINE", f"line{number}"))
    evaluation = Evaluation(
        id=world.id("evaluation"), created_at=world.at(), by=Side.SUPPLIER, score=5, text="很好"
    )
    world.add("evaluation", evaluation, ("EVALUATES", "claim3"))


def _matching(world: World) -> None:
    for name, area in (("run0", "yuanbaoshan"), ("run1", None)):
        run = MatchRun(
            id=world.id(name),
            created_at=world.at(),
            state=RunState.DONE,
            policy=policy_text(Policy()),
            weights='{"category": 0.3}',
            value=3_000_000_000,
            bound=3_000_000_000,
            certificate=CERTIFICATE if area else "{}",
            unmatched=UNMATCHED.replace("ORDER", world.id("order1")) if area else "[]",
            changes=CHANGES if area else "[]",
        )
        world.add(name, run, *([("RUN_IN", area)] if area else []))
    for number in range(4):
        name = f"proposal{number}"
        proposal = Proposal(
            id=world.id(name),
            created_at=world.at(),
            state=list(ProposalState)[number],
            quantity=number + 1,
            offer_quantity=number + 1,
            measure="PERSON",
            score=0.25 * number,
            reasons=REASONS,
            slots=("2026-05-09T01:00Z",) if number == 1 else (),
            slot_quantities=(2,) if number == 1 else (),
            pinned=True if number == 1 else None,
        )
        links = [("PROPOSES_ORDER", f"order{number}"), ("PROPOSES_OFFER", f"offer{number}")]
        world.add(name, proposal, *links)
        world.links.append((f"run{number % 2}", "PROPOSED", name))
    world.links.append(("claim0", "ENDORSES", "proposal0"))
    packed = Proposal(
        id=world.id("packed"),
        created_at=world.at(),
        state=ProposalState.OPEN,
        quantity=2,
        offer_quantity=2,
        measure="PERSON",
        score=0.5,
        reasons=REASONS,
    )
    world.add("packed", packed, ("PROPOSES_ORDER", "order5"), ("PROPOSES_OFFER", "offer1"))
    for number, state in enumerate((PackageState.PROPOSED, PackageState.FOUND)):
        name = f"package{number}"
        package = Package(
            id=world.id(name),
            created_at=world.at(),
            state=state,
            size=2,
            value=1_000_000 * number,
            unserved=number,
            reasons='{"parts":[],"reasons":[["CYCLE",{"count":2}],["UNSERVED",{"count":1}]]}',
            proposed_at=world.at() if number == 0 else None,
        )
        world.add(name, package)
        world.links.append((f"run{number}", "FOUND_PACKAGE", name))
    world.links += [
        ("package0", "PACKS", "proposal1"),
        ("package1", "PACKS", "packed"),
        ("claim0", "BOUND_BY", "package0"),
    ]


def viewers(world: World) -> dict[str, Viewer]:
    """Return callers of every kind, by name."""

    def liaison(name: str) -> HeldGrant:
        return HeldGrant(Role.LIAISON, agent_id=world.id(name))

    def coordinator(name: str) -> HeldGrant:
        area = cast("Area", world.records[name])
        return HeldGrant(Role.COORDINATOR, area_path=area.path)

    grants: dict[str, tuple[HeldGrant, ...]] = {
        "app": (HeldGrant(Role.APP),),
        "app of a unit": (HeldGrant(Role.APP), liaison("unit0")),
        "app of a district": (HeldGrant(Role.APP), coordinator("gangcheng")),
        "unit0": (liaison("unit0"),),
        "unit2": (liaison("unit2"),),
        "community": (liaison("yuxiangyuan"),),
        "xinggong": (liaison("xinggong"),),
        "member": (HeldGrant(Role.MEMBER, agent_id=world.id("wang")),),
        "coordinator": (coordinator("yuanbaoshan"),),
        "district": (coordinator("shuangluan"),),
        "both": (coordinator("gangcheng"), liaison("unit0")),
        "loader": (
            HeldGrant(Role.LOADER, area_path=cast("Area", world.records["gangcheng"]).path),
        ),
        "admin": (HeldGrant(Role.ADMIN),),
    }
    return {
        "visitor": VISITOR,
        **{name: Viewer(f"account-{name}", held) for name, held in grants.items()},
    }
