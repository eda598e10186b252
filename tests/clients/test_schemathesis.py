"""Generated requests against a running hub: whatever is asked, the hub itself never fails.

Ids are drawn from the graph, so that many requests are about something that is there; the share of
answers without an error is reported at the end of the run. `RENLING_FUZZ_EXAMPLES` sets how many
requests are made of each operation (20; `make fuzz` makes 200).
"""

import os
from collections import Counter
from collections.abc import Generator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis.core.result import Ok
from schemathesis.graphql import nodes

from tests.hub_commands import TIMEOUT, Service

pytestmark = pytest.mark.clients

ROOT = Path(__file__).parents[2]
EXAMPLES = int(os.environ.get("RENLING_FUZZ_EXAMPLES", "20"))
FAULTS = {"INTERNAL_ERROR", "ENGINE_UNAVAILABLE", "ENGINE_ERROR"}
TODAY = date(2026, 6, 1)
IDS = """{
  areas(first: 20) { nodes { id } } units(first: 20) { nodes { id } }
  branches(first: 20) { nodes { id } } members(first: 20) { nodes { id } }
  categories(first: 20) { nodes { id } } offers(first: 50) { nodes { id } }
  orders(first: 50) { nodes { id } } claims(first: 20) { nodes { id } }
  resourceLists(first: 20) { nodes { id } } needLists(first: 20) { nodes { id } }
  matchRuns(first: 5) { nodes { id } } proposals(first: 50) { nodes { id } }
}"""

known: list[str] = []


def _instant(days: int) -> str:
    return (datetime(2026, 6, 1, tzinfo=UTC) + timedelta(days=days)).isoformat()


def _day(days: int) -> str:
    return (TODAY + timedelta(days=days)).isoformat()


days = st.integers(min_value=-400, max_value=400)
schemathesis.graphql.scalar("Date", days.map(_day).map(nodes.String))
schemathesis.graphql.scalar("DateTime", days.map(_instant).map(nodes.String))
schemathesis.graphql.scalar("Long", st.integers(min_value=-10, max_value=2**53 - 1).map(nodes.Int))


schemathesis.graphql.scalar("ID", st.deferred(lambda: st.sampled_from(known)).map(nodes.String))


SCHEMA = schemathesis.graphql.from_path(ROOT / "schema" / "schema.graphql")
FOUND = list(SCHEMA.get_all_operations())
OPERATIONS = [found.ok() for found in FOUND if isinstance(found, Ok)]


@pytest.fixture(scope="module")
def answers(pytestconfig: pytest.Config) -> Generator[Counter[str]]:
    counted: Counter[str] = Counter()
    yield counted
    share = counted["data"] / counted.total()
    reporter = pytestconfig.pluginmanager.get_plugin("terminalreporter")
    assert reporter is not None
    reporter.write_line(f"{counted.total():,} generated requests, {share:.0%} without an error")


@pytest.fixture(scope="module")
def headers(service: Service) -> dict[str, str]:
    headers = {"Authorization": f"Bearer {service.tokens['ADMIN']}"}
    found = httpx.post(service.address, json={"query": IDS}, headers=headers).json()["data"]
    known[:] = [node["id"] for page in found.values() for node in page["nodes"]]
    return headers


def test_every_operation_can_be_generated() -> None:
    assert len(OPERATIONS) == len(FOUND) > 0


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.label)
def test_the_hub_never_fails_by_itself(
    operation: schemathesis.APIOperation[Any, Any, Any, Any],
    service: Service,
    headers: dict[str, str],
    answers: Counter[str],
) -> None:
    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=[*HealthCheck.__members__.values()],
    )
    @given(case=operation.as_strategy())
    def ask(case: schemathesis.Case[Any]) -> None:
        answer = case.call(base_url=service.address, headers=headers, timeout=TIMEOUT)
        body = answer.json()
        codes = {error["extensions"]["code"] for error in body.get("errors", ())}
        assert answer.status_code in {200, 400}, body
        assert not codes & FAULTS, body
        answers["errors" if codes else "data"] += 1

    ask()
