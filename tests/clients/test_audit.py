"""What other people's checks say of the hub: GraphQL over HTTP, Relay's rules of a schema."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.hub_commands import Service

Node = Callable[..., Any]

ROOT = Path(__file__).parents[2]

pytestmark = pytest.mark.clients


def test_the_hub_passes_the_audit_of_graphql_over_http(service: Service, node: Node) -> None:
    audits = node("audit.mjs", service.address, service.tokens["ADMIN"])
    failed = [audit for audit in audits if audit["status"] != "ok"]
    assert not failed
    assert len(audits) == 61


def test_the_schema_keeps_the_rules_of_relay(node: Node) -> None:
    checked = node(
        "node_modules/eslint/bin/eslint.js",
        *("--config", "tests/clients/eslint.config.mjs", "--format", "json"),
        "schema/schema.graphql",
        directory=ROOT,
    )
    assert [found["messages"] for found in checked] == [[]]
