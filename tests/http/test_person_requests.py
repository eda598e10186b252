"""A person's data, asked for and erased over HTTP, and by the commands."""

import json
from collections.abc import Generator
from pathlib import Path
from typing import Any

import httpx
import pytest

from graph.driver import Graph
from tests.graph.loading_cases import sheet
from tests.hub_commands import TIMEOUT, Commands, Service, commands_of, serving

SHEETS = {
    "areas": (
        "区域名称|级别|上级区域|区划代码",
        "河北省|省||13",
        "承德市|市|13|1308",
        "双滦区|区县|1308|130803",
        "元宝山街道|街道|130803|130803001",
        "甲社区|社区|元宝山街道|",
    ),
    "members": (
        "编号|姓名|身份|特长|居住社区|联系电话",
        "人员01|王二娘|志愿者|烙画手艺|甲社区|000-7654321",
        "人员02|李四爷|志愿者||甲社区|000-1111111",
    ),
    "orders": ("需求单位|需求名称|类别|数量|来源", "人员01|疏通厨房下水|维修|1次|居民"),
}
OWN = ("王二娘", "烙画", "000-7654321", "疏通厨房下水")

DATA = "query ($id: ID!) { personalData(id: $id) { personId document } }"
ERASE = """mutation ($id: ID!) { erasePerson(input: {personId: $id}) {
  ... on ErasePersonPayload { personId erased } ... on Problem { code } } }"""
EVERYBODY = "{ members(first: 100) { nodes { id name phone } } }"


@pytest.fixture(scope="module")
def commands(
    engine_environment: dict[str, str], graph: Graph, tmp_path_factory: pytest.TempPathFactory
) -> Commands:
    """Commands of a hub with two persons."""
    made, folder = commands_of(engine_environment), tmp_path_factory.mktemp("sheets")
    files = [sheet(folder / f"{name}.csv", *lines) for name, lines in SHEETS.items()]
    made.run("load", *map(str, files), "--json")
    return made


@pytest.fixture(scope="module")
def service(commands: Commands) -> Generator[Service]:
    accounts = {
        role: commands.run("account", role, grant, "--json")["token"]
        for role, grant in (("ADMIN", "ADMIN"), ("COORDINATOR", "COORDINATOR:130803"))
    }
    sign_ins = [{"role": role, "token": token} for role, token in accounts.items()]
    with serving(commands, {"signIns": sign_ins}) as running:
        yield running


def ask(service: Service, query: str, role: str | None = "ADMIN", **variables: str) -> Any:
    """Return the whole answer to a request in a role, or of a visitor."""
    headers = {"Authorization": f"Bearer {service.tokens[role]}"} if role else {}
    answer = httpx.post(
        service.address,
        json={"query": query, "variables": variables},
        headers=headers,
        timeout=TIMEOUT,
    )
    assert answer.status_code == 200, answer.text
    return answer.json()


def everybody(service: Service) -> dict[str, dict[str, Any]]:
    """Return all members by their names."""
    nodes = ask(service, EVERYBODY)["data"]["members"]["nodes"]
    return {node["name"]: node for node in nodes}


def test_a_person_is_handed_out_and_erased(
    commands: Commands, service: Service, tmp_path: Path
) -> None:
    before = everybody(service)
    person = before["王二娘"]["id"]

    for role, code in ((None, "NOT_SIGNED_IN"), ("COORDINATOR", "FORBIDDEN")):
        (error,) = ask(service, DATA, role, id=person)["errors"]
        assert error["extensions"]["code"] == code
        refused = ask(service, ERASE, role, id=person)
        assert refused["data"]["erasePerson"] == {"code": code}
    (error,) = ask(service, DATA, id="nobody")["errors"]
    assert error["extensions"]["code"] == "BAD_IDENTIFIER"
    assert everybody(service) == before

    given = ask(service, DATA, id=person)["data"]["personalData"]
    assert given["personId"] == person
    text = json.dumps(given["document"], ensure_ascii=False)
    assert [value for value in OWN if value not in text] == []
    assert "李四爷" not in text

    file = tmp_path / "person.json"
    said = commands.run("person", "export", person, str(file))
    assert str(file) in said
    assert "王二娘" not in said
    assert file.stat().st_mode & 0o777 == 0o600
    written = json.loads(file.read_text(encoding="utf-8"))
    assert written["member"] == given["document"]["member"]
    assert commands.run("person", "export", person, "--json")["orders"] == written["orders"]

    done = {"personId": person, "erased": True}
    assert ask(service, ERASE, id=person)["data"]["erasePerson"] == done
    assert ask(service, ERASE, id=person)["data"]["erasePerson"] == done | {"erased": False}
    left = everybody(service)
    assert set(left) == {"已删除", "李四爷"}
    assert left["已删除"] == {"id": person, "name": "已删除", "phone": None}
    text = json.dumps(ask(service, DATA, id=person), ensure_ascii=False)
    assert [value for value in OWN if value in text] == []


def test_a_person_is_erased_by_a_command(commands: Commands, service: Service) -> None:
    person = everybody(service)["李四爷"]["id"]
    assert commands.run("person", "erase", person, "--json") == {"person": person, "erased": True}
    assert "李四爷" not in everybody(service)
    again = commands.run("person", "erase", person, "--json")
    assert again == {"person": person, "erased": False}
    unknown = commands.run("person", "erase", "nobody", "--json", status=1)
    assert unknown["error"]["code"] == "BAD_IDENTIFIER"
