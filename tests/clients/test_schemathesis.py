"""Generated requests against a running hub: whatever is asked, the hub itself never fails.

Ids are drawn from the graph, so that many requests are about something that is there. At the end of
the run it is reported which share of the answers had no error, and which share of the changes that
were asked for were made. `RENLING_FUZZ_EXAMPLES` sets how many requests are made of each operation
(200, the same in every run; `make fuzz` makes 1,000 others, `EXAMPLES` as many as it says).
"""

import os
from collections import Counter
from collections.abc import Generator, Mapping
from concurrent.futures import Future, ProcessPoolExecutor
from multiprocessing import get_context

import pytest
from graphql import GraphQLInputObjectType

from tests.clients.documents import arguments_of, usable
from tests.clients.generating import (
    BOUNDED,
    DEFINITIONS,
    FOUND,
    OPERATIONS,
    SCHEMA,
    VIEW,
    Asked,
    Target,
    ask,
)
from tests.hub_commands import Service

EXAMPLES = int(os.environ.get("RENLING_FUZZ_EXAMPLES", "200"))
PROCESSES = 2
MANY = 100
"""With so many requests of an operation each of its arguments has been given."""
ENOUGH = 0.9
"""The share of all arguments, fields of inputs and values of enums that is given then."""

pytestmark = [pytest.mark.clients, pytest.mark.timeout(600 + 2 * EXAMPLES)]

Answers = Mapping[str, Future[Asked]]


@pytest.fixture(scope="module")
def target(service: Service) -> Target:
    return Target(service.address, service.tokens["ADMIN"])


@pytest.fixture(scope="module")
def answers(
    target: Target, pytestconfig: pytest.Config, request: pytest.FixtureRequest
) -> Generator[Answers]:
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
    reporter = pytestconfig.pluginmanager.get_plugin("terminalreporter")
    capturing = pytestconfig.pluginmanager.get_plugin("capturemanager")
    assert reporter is not None
    assert capturing is not None
    # Otherwise it would be shown only where a test fails.
    with capturing.global_and_fixture_disabled():
        reporter.ensure_newline()
        for line in _report(asked):
            reporter.write_line(line)


def _report(answers: Answers) -> Generator[str]:
    """Say what became of the requests."""
    queries, changes, used = Counter[str](), Counter[str](), set[str]()
    for label, answered in answers.items():
        if not answered.cancelled() and answered.exception() is None:
            result = answered.result()
            (queries if label.startswith("Query.") else changes).update(result.answers)
            used |= result.used
    both = queries + changes
    without = 1 - both["errors"] / max(1, both.total())
    yield f"{both.total():,} generated requests, {without:.0%} without an error"
    read = queries["succeeded"] / max(1, queries.total())
    made = changes["succeeded"] / max(1, changes.total())
    yield f"{queries.total():,} queries, {read:.0%} answered"
    yield f"{changes.total():,} changes, {made:.0%} made, the others refused with a problem"
    wanted = _usable(answers)
    yield f"{len(used & wanted):,} of {len(wanted):,} arguments, fields and values given"


def _usable(answers: Answers) -> set[str]:
    return set[str]().union(*(usable(DEFINITIONS[label], label) for label in answers))


def test_every_operation_can_be_generated() -> None:
    assert len(OPERATIONS) == len(FOUND) > 0


def test_the_bounded_view_takes_all_that_the_schema_takes() -> None:
    assert BOUNDED.keys() == OPERATIONS.keys()
    for label, definition in DEFINITIONS.items():
        assert BOUNDED[label].definition.raw.args.keys() == definition.args.keys(), label
    inputs = {
        name: type_
        for name, type_ in SCHEMA.client_schema.type_map.items()
        if isinstance(type_, GraphQLInputObjectType)
    }
    for name, type_ in inputs.items():
        bounded = VIEW.client_schema.type_map[name]
        assert isinstance(bounded, GraphQLInputObjectType)
        assert bounded.fields.keys() == type_.fields.keys(), name


@pytest.mark.parametrize("label", OPERATIONS)
def test_the_hub_never_fails_by_itself(label: str, answers: Answers) -> None:
    asked = answers[label].result()
    assert asked.answers.total() == EXAMPLES
    if EXAMPLES >= MANY:
        assert arguments_of(DEFINITIONS[label], label) <= asked.used


@pytest.mark.skipif(EXAMPLES < MANY, reason="too few requests")
def test_requests_give_what_can_be_given(answers: Answers) -> None:
    wanted = _usable(answers)
    given = set[str]().union(*(each.result().used for each in answers.values()))
    assert len(wanted & given) >= ENOUGH * len(wanted), sorted(wanted - given)
