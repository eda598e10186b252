"""Agents and the trees, through GraphQL: made, edited, taken out of use."""

from typing import Any

import pytest

from domain.identity import parse_global_id
from graph.driver import Graph
from tests.graph.asking_both_ways import data
from tests.graph.builders import Neighbourhood, dump
from tests.graph.events_of import events_of
from tests.graph.mutating import gid, made, mutate

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
async def here(graph: Graph) -> Neighbourhood:
    return await Neighbourhood(graph).build()


def unit(here: Neighbourhood, **values: str) -> dict[str, Any]:
    area = gid(here, "Area", "subdistrict")
    return {"name": "图书馆", "kind": "PUBLIC_INSTITUTION", "areaId": area, **values}


async def test_the_life_of_a_unit(here: Neighbourhood) -> None:
    code = "91310000MA1K3T2N1H"
    wrong = await mutate(here, "coordinator", "createUnit", **unit(here, creditCode=code))
    assert (wrong["code"], wrong["field"]) == ("BAD_INPUT", "creditCode")
    code = "91110000600037341L"
    node = await made(here, "coordinator", "createUnit", "unit", **unit(here, creditCode=code))
    taken = await mutate(here, "coordinator", "createUnit", **unit(here, creditCode=code))
    assert (taken["code"], taken["node"]) == ("ALREADY_TAKEN", node)
    edited = await mutate(
        here, "coordinator", "editUnit", "version unit { name phone area { name } }",
        id=node, name="区图书馆", phone="021 1234 5678", expectedVersion=0,
        areaId=gid(here, "Area", "community"),
    )  # fmt: skip
    assert edited["unit"]["area"] == {"name": "community"}
    assert (edited["version"], edited["unit"]["phone"]) == (1, "021 1234 5678")
    event = (await events_of(here.graph, parse_global_id(node)[1]))[-1]
    told = event.changes[parse_global_id(node)[1]]
    assert told["phone"] == [None, None]
    assert told["LOCATED_IN"] == [[here.subdistrict], [here.community]]
    stale = await mutate(here, "coordinator", "editUnit", id=node, name="x", expectedVersion=0)
    assert (stale["code"], stale["seen"], stale["actual"]) == ("VERSION_CONFLICT", 0, 1)
    (since,) = stale["changes"]
    assert since["at"].startswith("2026-05-04T")
    assert (since["action"], since["fields"]) == ("Unit.EDIT", ["LOCATED_IN", "name", "phone"])
    own = {"name": "Branch of the library", "kind": "BRANCH", "unitId": node}
    branch = await made(here, "coordinator", "createBranch", "branch", **own)
    used = await mutate(here, "coordinator", "retireUnit", id=node)
    assert (used["code"], used["users"], used["count"]) == ("IN_USE", [branch], 1)
    gone = await mutate(here, "coordinator", "retireBranch", "branch { retiredAt }", id=branch)
    assert gone["branch"]["retiredAt"] is not None
    gone = await mutate(here, "coordinator", "retireUnit", "version", id=node)
    assert gone["version"] == 2
    again = await mutate(here, "coordinator", "editUnit", id=node, name="x")
    assert again["code"] == "RETIRED"
    refused = await mutate(here, "coordinator", "createBranch", **own)
    assert refused["code"] == "RETIRED"


async def test_a_liaison_keeps_its_own_contacts_but_not_the_register(here: Neighbourhood) -> None:
    mine = gid(here, "Unit", "unit")
    done = await mutate(
        here, "unit", "editUnit", "unit { contactName }", id=mine, contactName="王", email="a@b.cn"
    )
    assert done["unit"] == {"contactName": "王"}
    before = await dump(here.graph)
    for changed in ({"name": "x"}, {"areaId": gid(here, "Area", "village")}, {"kind": "OTHER"}):
        assert (await mutate(here, "unit", "editUnit", id=mine, **changed))["code"] == "FORBIDDEN"
    wrong = {"phone": "call me", "email": "nobody", "latitude": 91.0, "aliases": [" "]}
    for field, value in wrong.items():
        answer = await mutate(here, "unit", "editUnit", id=mine, **{field: value})
        assert (answer["code"], answer["field"]) == ("BAD_INPUT", field)
    far = await mutate(
        here, "coordinator", "editUnit", id=mine, areaId=gid(here, "Area", "district")
    )
    assert far["code"] == "FORBIDDEN"
    assert await dump(here.graph) == before


async def test_members_are_hidden_and_their_values_stay_out_of_events(here: Neighbourhood) -> None:
    given = {"name": "张三", "kind": "VOLUNTEER", "skills": ["急救"], "phone": "13800000000"}
    home = gid(here, "Area", "community")
    member = await made(here, "community", "createMember", "member", areaId=home, **given)
    before = await dump(here.graph)
    for who in ("unit", "village", "nobody"):
        for field, more in (("editMember", {"name": "x"}), ("retireMember", {})):
            answer = await mutate(here, who, field, id=member, **more)
            assert answer["code"] == "NOT_FOUND", (who, field, answer)
    moved = await mutate(
        here, "community", "editMember", id=member, areaId=gid(here, "Area", "village")
    )
    assert moved["code"] == "FORBIDDEN"
    assert await dump(here.graph) == before
    await mutate(here, "community", "editMember", id=member, name="张四", skills=["急救", "英语"])
    (event,) = await events_of(here.graph, parse_global_id(member)[1], "Member.EDIT")
    told = event.changes[parse_global_id(member)[1]]
    assert (told["name"], told["skills"]) == ([None, None], [None, None])
    assert "张" not in str([each.changes for each in await events_of(here.graph, here.community)])
    gone = await mutate(here, "community", "retireMember", "version", id=member)
    assert gone["version"] == 2


async def test_areas_are_made_and_moved_with_all_below(here: Neighbourhood) -> None:
    top = gid(here, "Area", "district")
    street = await made(
        here, "admin", "createArea", "area",
        name="新街道", level="SUBDISTRICT", parentId=top, code="310104999",
    )  # fmt: skip
    home = await made(
        here, "admin", "createArea", "area", name="新社区", level="COMMUNITY", parentId=street
    )
    taken = await mutate(
        here, "admin", "createArea", name="x", level="SUBDISTRICT", parentId=top, code="310104999"
    )
    assert (taken["code"], taken["node"]) == ("ALREADY_TAKEN", street)
    recoded = await mutate(
        here, "admin", "editArea", "area { code formerCodes }", id=street, code="310104998"
    )
    assert recoded["area"] == {"code": "310104998", "formerCodes": ["310104999"]}
    moved = await mutate(
        here, "admin", "moveArea", "version area { path parent { name } }",
        id=home, parentId=gid(here, "Area", "subdistrict"), expectedVersion=0,
    )  # fmt: skip
    plain = parse_global_id(home)[1]
    assert moved["area"] == {
        "path": f"{here.path('subdistrict')}{plain}/",
        "parent": {"name": "subdistrict"},
    }
    back = await mutate(here, "admin", "moveArea", id=home, parentId=street)
    assert back["version"] == 2
    building = await made(
        here, "admin", "createArea", "area", name="1号楼", level="BUILDING", parentId=home
    )
    whole = await mutate(here, "admin", "moveArea", id=home, parentId=top)
    assert whole["version"] == 3
    below = await mutate(here, "admin", "editArea", "area { path }", id=building, aliases=["一号"])
    assert below["area"]["path"].startswith(f"{here.path('district')}{plain}/")
    before = await dump(here.graph)
    wrong: list[tuple[str, str, dict[str, Any]]] = [
        ("moveArea", "BAD_INPUT", {"id": home, "parentId": building}),
        ("moveArea", "BAD_INPUT", {"id": top, "parentId": street}),
        ("createArea", "BAD_INPUT", {"name": "x", "level": "GRID", "parentId": building}),
        ("createArea", "BAD_INPUT", {"name": "x", "level": "CITY"}),
        ("createArea", "BAD_INPUT", {"name": "x", "level": "PROVINCE", "code": "1"}),
        ("editArea", "BAD_INPUT", {"id": home, "timeZone": "Mars/Base"}),
        ("retireArea", "IN_USE", {"id": home}),
    ]
    for field, code, given in wrong:
        answer = await mutate(here, "admin", field, **given)
        assert answer["code"] == code, (field, answer)
    for who in ("coordinator", "community", "nobody"):
        for field, given in (
            ("createArea", {"name": "x", "level": "GRID", "parentId": home}),
            ("editArea", {"id": home, "name": "x"}),
            ("moveArea", {"id": home, "parentId": top}),
            ("retireArea", {"id": building}),
        ):
            assert (await mutate(here, who, field, **given))["code"] == "FORBIDDEN", (who, field)
    assert await dump(here.graph) == before
    mine = gid(here, "Area", "community")
    done = await mutate(
        here, "community", "editArea", "area { phone }", id=mine, phone="021 5555 5555"
    )
    assert done["area"] == {"phone": "021 5555 5555"}
    gone = await mutate(here, "admin", "retireArea", "area { validUntil }", id=building)
    assert gone["area"] == {"validUntil": "2026-05-04"}


async def test_categories_are_made_and_moved(here: Neighbourhood) -> None:
    root = await made(
        here, "admin", "createCategory", "category", code="t_root", name="根", nameEn="Root"
    )
    child = await made(
        here, "admin", "createCategory", "category",
        code="t_child", name="子", nameEn="Child", parentId=root,
    )  # fmt: skip
    other = await made(
        here, "admin", "createCategory", "category",
        code="t_other", name="他", nameEn="Other", substituteIds=[child],
    )  # fmt: skip
    moved = await mutate(
        here, "admin", "moveCategory", "category { path }", id=root, parentId=other
    )
    assert moved["category"] == {"path": "/t_other/t_root/"}
    edited = await mutate(
        here, "admin", "editCategory", "category { path substitutes { totalCount } }",
        id=child, aliases=["小"], substituteIds=[root, other],
    )  # fmt: skip
    assert edited["category"] == {
        "path": "/t_other/t_root/t_child/",
        "substitutes": {"totalCount": 2},
    }
    before = await dump(here.graph)
    ring = await mutate(here, "admin", "moveCategory", id=other, parentId=child)
    assert ring["code"] == "BAD_INPUT"
    taken = await mutate(here, "admin", "createCategory", code="t_root", name="x", nameEn="x")
    assert taken["code"] == "ALREADY_TAKEN"
    bad = await mutate(here, "admin", "createCategory", code="T", name="x", nameEn="x")
    assert bad["field"] == "code"
    used = await mutate(here, "admin", "retireCategory", id=root)
    assert used["users"] == [child]
    for field, given in (
        ("createCategory", {"code": "t_x", "name": "x", "nameEn": "x"}),
        ("editCategory", {"id": root, "name": "x"}),
        ("moveCategory", {"id": root, "parentId": None}),
        ("retireCategory", {"id": child}),
    ):
        assert (await mutate(here, "coordinator", field, **given))["code"] == "FORBIDDEN"
    assert await dump(here.graph) == before
    top = await mutate(here, "admin", "moveCategory", "version", id=root, parentId=None)
    assert top["version"] == 2
    assert (await mutate(here, "admin", "retireCategory", "version", id=child))["version"] == 4


async def found(here: Neighbourhood, field: str, text: str) -> list[str]:
    """The titles of the offers or orders that a text finds."""
    query = f"query ($text: String!) {{ {field}(filter: {{text: $text}}) {{ nodes {{ title }} }} }}"
    nodes = (await data(here, "admin", query, {"text": text}))[field]["nodes"]
    return sorted(node["title"] for node in nodes)


async def test_what_is_renamed_is_found_by_its_new_name_with_all_it_has(
    here: Neighbourhood,
) -> None:
    area = gid(here, "Area", "subdistrict")
    node = await made(here, "coordinator", "createUnit", "unit", **unit(here, name="旧名单位"))
    category = await made(
        here, "admin", "createCategory", "category", code="mending", name="缝纫", nameEn="Mending"
    )
    listed = await made(
        here, "coordinator", "createNeedList", "needList", issuerId=node, title="清单"
    )
    await made(
        here, "coordinator", "createOrder", "order", ownerId=node, categoryId=category,
        title="窗帘改短", measure="PERSON", quantity=2, listId=listed, areaId=area,
    )  # fmt: skip
    offers = await made(
        here, "coordinator", "createResourceList", "resourceList", issuerId=node, title="清单"
    )
    await made(
        here, "coordinator", "createOffer", "offer", ownerId=node, categoryId=category,
        title="裁缝师傅", measure="PERSON", capacityKind="TOTAL", listId=offers, servesIds=[],
    )  # fmt: skip
    for field, title in (("orders", "窗帘改短"), ("offers", "裁缝师傅")):
        assert await found(here, field, "旧名单位") == await found(here, field, "缝纫") == [title]
    renamed = await mutate(
        here, "coordinator", "editUnit", "version", id=node, name="新名机构", aliases=["简称"]
    )
    assert renamed["version"] == 1
    relabelled = await mutate(here, "admin", "editCategory", "version", id=category, name="织补")
    assert relabelled["version"] == 1
    for field, title in (("orders", "窗帘改短"), ("offers", "裁缝师傅")):
        assert await found(here, field, "旧名单位") == await found(here, field, "缝纫") == []
        assert await found(here, field, "新名机构") == await found(here, field, "织补") == [title]


async def test_what_hangs_on_an_agent_keeps_it_in_use(here: Neighbourhood) -> None:
    """Grants, agreements, pairings, alliances with their chairs, check-ins: until they end."""
    node = await made(here, "coordinator", "createUnit", "unit", **unit(here, name="将停用单位"))
    area, home = gid(here, "Area", "subdistrict"), gid(here, "Area", "community")
    branch = await made(
        here, "coordinator", "createBranch", "branch", name="支部", kind="BRANCH", areaId=home
    )
    account = gid(here, "Account", "account nobody")
    granted = await mutate(
        here, "admin", "grantRole", "grant { id }", accountId=account, role="LIAISON", agentId=node
    )
    agreement = await made(
        here, "coordinator", "createAgreement", "agreement", title="协议", partyIds=[node, home]
    )
    pairing = await made(here, "coordinator", "createPairing", "pairing", agentIds=[node, home])
    alliance = await made(
        here, "coordinator", "createAlliance", "alliance", name="联盟", kind="COMMUNITY",
        areaId=area, memberIds=[node],
    )  # fmt: skip
    term = await made(
        here, "coordinator", "addChairTerm", "chairTerm", allianceId=alliance, chairId=node,
        startsOn="2026-05-01",
    )  # fmt: skip
    grant = granted["grant"]["id"]
    hanging = sorted([grant, agreement, pairing, alliance, term])
    used = await mutate(here, "coordinator", "retireUnit", id=node)
    assert (used["code"], used["count"], sorted(used["users"])) == ("IN_USE", 5, hanging)
    revoked = await mutate(here, "admin", "revokeGrant", "grant { validUntil }", grantId=grant)
    assert revoked["grant"]["validUntil"] is not None
    for who, field, given in (
        ("coordinator", "endAgreement", {"id": agreement}),
        ("coordinator", "endPairing", {"id": pairing}),
        ("coordinator", "endAlliance", {"id": alliance}),
    ):
        assert "code" not in await mutate(here, who, field, **given), field
    here.clock.forward(days=1)
    gone = await mutate(here, "coordinator", "retireUnit", "version", id=node)
    assert gone["version"] == 1
    checked_in = await made(
        here, "coordinator", "createCheckIn", "checkIn", agentId=branch, areaId=home,
        role="CO_BUILDING",
    )  # fmt: skip
    used = await mutate(here, "coordinator", "retireBranch", id=branch)
    assert (used["code"], used["users"]) == ("IN_USE", [checked_in])
    assert "code" not in await mutate(here, "coordinator", "endCheckIn", id=checked_in)
    assert "code" not in await mutate(here, "coordinator", "retireBranch", id=branch)
