"""A small world of every type, as plain data: written to the graph, and evaluated naively."""

from datetime import UTC, date, datetime, timedelta
from typing import cast

from domain.access import VISITOR, HeldGrant, Viewer
from domain.availability import WeeklyWindow
from domain.hub_records import Import
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
    Pairing,
    PartyBranch,
    ResourceList,
    ResourceOffer,
    Slot,
    Unit,
)
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
    Role,
    Side,
    UnitKind,
    Urgency,
)
from tests.contract.world_matching import add_matching
from tests.contract.world_records import NOW, World

ITEM_STATES = (
    ItemState.OPEN,
    ItemState.DRAFT,
    ItemState.PARTIALLY_CLAIMED,
    ItemState.OPEN,
    ItemState.WITHDRAWN,
)


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
    add_matching(world)
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
