"""Generated requests against a running hub: whatever is asked, the hub itself never fails.

Ids are drawn from the graph, so that many requests are about something that is there; the share of
answers without an error is reported at the end of the run. `RENLING_FUZZ_EXAMPLES` sets how many
requests are made of each operation (20; `make fuzz` makes 200, with `EXAMPLES=1000` more).
"""

import os
from collections import Counter
from collections.abc import Generator
from concurrent.futures import Future, ProcessPoolExecutor
from multiprocessing import get_context

import httpx
import pytest

from tests.clients.generating import FOUND, OPERATIONS, Target, ask
from tests.hub_commands import Service

EXAMPLES = int(os.environ.get("RENLING_FUZZ_EXAMPLES", "20"))
PROCESSES = 2
IDS = """{
  areas(first: 20) { nodes { id } } units(first: 20) { nodes { id } }
  branches(first: 20) { nodes { id } } members(first: 20) { nodes { id } }
  categories(first: 20) { nodes { id } } offers(first: 50) { nodes { id } }
  orders(first: 50) { nodes { id } } claims(first: 20) { nodes { id } }
  resourceLists(first: 20) { nodes { id } } needLists(first: 20) { nodes { id } }
  matchRuns(first: 5) { nodes { id } } proposals(first: 50) { nodes { id } }
}"""

pytestmark = [pytest.mark.clients, pytest.mark.timeout(300 + EXAMPLES)]


@pytest.fixture(scope="module")
def target(service: Service) -> Target:
    token = service.tokens["ADMIN"]
    headers = {"Authorization": f"Bearer {token}"}
    found = httpx.post(service.address, json={"query": IDS}, headers=headers).json()["data"]
    known = [node["id"] for page in found.values() for node in page["nodes"]]
    return Target(service.address, token, known)


@pytest.fixture(scope="module")
def answers(
    target: Target, pytestconfig: pytest.Config, request: pytest.FixtureRequest
) -> Generator[dict[str, Future[Counter[str]]]]:
    """What becomes of each operation that is tested in this run, by its label."""
    labels = [
        str(item.callspec.params["label"])
        for item in request.session.items
        if isinstance(item, pytest.Function)
        and item.originalname == test_the_hub_never_fails_by_itself.__name__
    ]
    with ProcessPoolExecutor(PROCESSES, get_context("spawn")) as pool:
        asked = {label: pool.submit(ask, label, target, EXAMPLES) for label in labels}
        yield asked
        pool.shutdown(cancel_futures=True)
    counted = Counter[str]()
    for answered in asked.values():
        if not answered.cancelled() and answered.exception() is None:
            counted += answered.result()
    reporter = pytestconfig.pluginmanager.get_plugin("terminalreporter")
    assert reporter is not None
    share = counted["data"] / max(1, counted.total())
    reporter.write_line(f"{counted.total():,} generated requests, {share:.0%} without an error")


def test_every_operation_can_be_generated() -> None:
    assert len(OPERATIONS) == len(FOUND) > 0


@pytest.mark.parametrize("label", OPERATIONS)
def test_the_hub_never_fails_by_itself(
    label: str, answers: dict[str, Future[Counter[str]]]
) -> None:
    counted = answers[label].result()
    # Fewer only where an operation has no more different requests than these.
    assert counted.total() > 0
