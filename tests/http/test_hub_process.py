"""The hub as people start it: commands as processes, a service over HTTP."""

import re
import signal
from collections.abc import Generator
from pathlib import Path
from typing import Any

import httpx
import pytest

from domain.identity import global_id
from graph.driver import Graph
from tests.hub_commands import TIMEOUT, Commands, Service, commands_of, serving

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
TOUR = re.findall(r"```graphql\n(.*?)```", README, re.DOTALL)


@pytest.fixture(scope="module")
def commands(engine_environment: dict[str, str], graph: Graph) -> Commands:
    """Commands on a graph that nothing of another module is in."""
    return commands_of(engine_environment)


@pytest.fixture(scope="module")
def first_report(commands: Commands) -> dict[str, Any]:
    return commands.run("demo", "--no-serve", "--json")


@pytest.fixture(scope="module")
def service(commands: Commands, first_report: dict[str, Any]) -> Generator[Service]:
    with serving(commands, first_report) as running:
        yield running


def test_the_demonstration_carries_a_claim_of_each_initiator(first_report: dict[str, Any]) -> None:
    claims = {claim["initiator"]: claim for claim in first_report["claims"]}
    assert set(claims) == {"SUPPLIER", "RECEIVER", "COORDINATOR", "MATCHER"}
    for claim in claims.values():
        assert claim["state"] == "COMPLETED"
        actions = [step["action"] for step in claim["steps"]]
        assert actions[0] == "CLAIM_PROPOSE"
        assert actions[-3:] == ["CLAIM_START", "CLAIM_DELIVER", "CLAIM_COMPLETE"]


def test_the_demonstration_matches_better_than_first_come_first_served(
    first_report: dict[str, Any],
) -> None:
    matching = first_report["matching"]
    certificate = matching["certificate"]
    assert matching["value"] == certificate["reached"]["value"] > 0
    assert certificate["reached"]["value"] > certificate["firstComeFirstServed"]["value"]
    assert all(proposal["reasons"] for proposal in matching["proposals"])
    assert matching["unmatched"]
    assert all(left["why"] for left in matching["unmatched"])


def test_a_second_demonstration_writes_nothing(
    commands: Commands, first_report: dict[str, Any]
) -> None:
    second = commands.run("demo", "--no-serve", "--json")
    assert second["loaded"]["written"] == 0
    assert second["claims"] == first_report["claims"]
    assert second["matching"] == first_report["matching"]


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_report_is_for_people(
    commands: Commands, first_report: dict[str, Any], language: str
) -> None:
    said = commands.run("demo", "--no-serve", "--lang", language)
    heading = {"zh": "最好的配对及理由", "en": "The best pairs and why"}[language]
    assert heading in said


def test_the_tour_has_five_requests() -> None:
    assert len(TOUR) == 5


@pytest.mark.parametrize("request_text", TOUR, ids=lambda text: text.split()[1])
def test_the_tour_works_when_pasted(service: Service, request_text: str) -> None:
    for_coordinators = "proposals" in request_text or "mutation" in request_text
    headers = {"Authorization": f"Bearer {service.tokens['COORDINATOR']}"}
    for _ in range(2):
        answer = httpx.post(
            service.address,
            json={"query": request_text},
            headers=headers if for_coordinators else {},
            timeout=TIMEOUT,
        )
        assert answer.status_code == 200
        body = answer.json()
        assert "errors" not in body, body
        for root in body["data"].values():
            assert root.get("nodes") or root.get("claim"), body


def test_the_coordinator_sees_the_run_with_its_proof(service: Service) -> None:
    query = "{ matchRuns(first: 1) { nodes { certificate { components { proof } } } } }"
    headers = {"Authorization": f"Bearer {service.tokens['COORDINATOR']}"}
    answer = httpx.post(
        service.address, json={"query": query}, headers=headers, timeout=TIMEOUT
    ).json()
    assert answer["data"]["matchRuns"]["nodes"][0]["certificate"]["components"], answer


def test_nobody_without_a_role_changes_anything(service: Service) -> None:
    mutation = next(text for text in TOUR if text.startswith("mutation"))
    count = {"query": "{ claims { totalCount } }"}
    admin = {"Authorization": f"Bearer {service.tokens['ADMIN']}"}
    before = httpx.post(service.address, json=count, headers=admin, timeout=TIMEOUT).json()
    body = {"query": mutation.replace("readme-tour", "stranger")}
    for headers in ({}, {"Authorization": f"Bearer {service.tokens['APP']}"}):
        answer = httpx.post(service.address, json=body, headers=headers, timeout=TIMEOUT).json()
        assert answer["data"]["proposeClaim"]["code"] in {"NOT_SIGNED_IN", "FORBIDDEN"}
    assert httpx.post(service.address, json=count, headers=admin, timeout=TIMEOUT).json() == before


def test_graphiql_comes_from_the_hub_itself(service: Service) -> None:
    page = httpx.get(service.address, headers={"Accept": "text/html"}, timeout=TIMEOUT)
    assert "default-src 'self'" in page.headers["content-security-policy"]
    parts = re.findall(r'(?:src|href)="(graphiql/[^"]+)"', page.text)
    assert len(parts) == 6
    for part in parts:
        url = httpx.URL(service.address).join(part)
        assert httpx.get(url, timeout=TIMEOUT).status_code == 200


def test_a_taken_port_is_named(commands: Commands, service: Service) -> None:
    port = str(httpx.URL(service.address).port)
    failed = commands.run("serve", "--port", port, "--json", status=1)
    assert failed["error"]["code"] == "ENGINE_UNUSABLE"
    assert port in failed["error"]["message"]


def test_a_setting_that_is_wrong_is_named(commands: Commands) -> None:
    wrong = Commands(commands.environment | {"RENLING_PORT": "many"})
    failed = wrong.run("serve", "--json", status=1)
    assert failed["error"]["field"] == "RENLING_PORT"


def test_an_account_gets_a_token_that_works(commands: Commands, service: Service) -> None:
    made = commands.run("account", "试用账号", "COORDINATOR:130803", "--json")
    headers = {"Authorization": f"Bearer {made['token']}"}
    query = {"query": "{ viewer { accountId roles { role } } }"}
    viewer = httpx.post(service.address, json=query, headers=headers, timeout=TIMEOUT).json()
    assert viewer["data"]["viewer"] == {
        "accountId": made["account"],
        "roles": [{"role": "COORDINATOR"}],
    }
    for known in (made["account"], global_id("Account", made["account"])):
        assert commands.run("token", known, "--json")["account"] == made["account"]
    unknown = commands.run("token", global_id("Account", "a" * 20), "--json", status=1)["error"]
    assert (unknown["code"], unknown["type"]) == ("NOT_FOUND", "Account")
    spoiled = commands.run("revoke-token", "x.y.z", "--json", status=1)["error"]
    assert spoiled["reason"] == "令牌不是本系统签发的"
    failed = commands.run("account", "试用账号", "COORDINATOR:nowhere", "--json", status=1)
    assert failed["error"]["code"] == "NOT_FOUND"


@pytest.mark.parametrize(
    ("written", "right"),
    [
        ("COORDINATOR", "COORDINATOR:区划代码或名称"),
        ("LIAISON:", "LIAISON:单位或人员名称"),
        ("ADMIN:130803", "ADMIN，不带范围"),
    ],
)
def test_a_role_that_is_written_wrong_is_shown_right(
    commands: Commands, written: str, right: str
) -> None:
    failed = commands.run("account", "试用账号", written, "--json", status=1)
    assert failed["error"]["code"] == "BAD_INPUT"
    assert right in failed["error"]["message"]


def test_a_signal_stops_the_service_cleanly(service: Service) -> None:
    assert httpx.get(httpx.URL(service.address).join("/health"), timeout=TIMEOUT).is_success
    service.process.send_signal(signal.SIGINT)
    said = service.process.communicate(timeout=TIMEOUT)
    assert service.process.returncode == 0, said
    assert b"Traceback" not in b"".join(said)
