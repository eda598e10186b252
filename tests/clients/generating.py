"""Requests of one operation, as schemathesis generates them, sent to a running hub.

Generating takes longer than answering, so operations are shared out among processes; what stands
here is what each of them needs.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis.core.result import Ok
from schemathesis.graphql import nodes

ROOT = Path(__file__).parents[2]
TIMEOUT = 120
FAULTS = {"INTERNAL_ERROR", "ENGINE_UNAVAILABLE", "ENGINE_ERROR"}
TODAY = date(2026, 6, 1)
NOW = datetime(2026, 6, 1, tzinfo=UTC)
UNASKED = (
    HealthCheck.data_too_large,
    HealthCheck.filter_too_much,
    HealthCheck.large_base_example,
    HealthCheck.too_slow,
)
"""How well requests can be generated is not what is tested."""

_known: list[str] = []


def _instant(days: int) -> str:
    return (NOW + timedelta(days=days)).isoformat()


def _day(days: int) -> str:
    return (TODAY + timedelta(days=days)).isoformat()


_days = st.integers(min_value=-400, max_value=400)
_longs = st.integers(min_value=-10, max_value=2**53 - 1)
_ids = st.deferred(lambda: st.sampled_from(_known))
schemathesis.graphql.scalar("Date", _days.map(_day).map(nodes.String))
schemathesis.graphql.scalar("DateTime", _days.map(_instant).map(nodes.String))
schemathesis.graphql.scalar("Long", _longs.map(nodes.Int))
schemathesis.graphql.scalar("ID", _ids.map(nodes.String))

SCHEMA = schemathesis.graphql.from_path(ROOT / "schema" / "schema.graphql")
FOUND = list(SCHEMA.get_all_operations())
OPERATIONS = {each.ok().label: each.ok() for each in FOUND if isinstance(each, Ok)}


@dataclass(frozen=True)
class Target:
    """The hub that is asked, as whom, and the ids of what is in its graph."""

    address: str
    token: str
    known: Sequence[str]


def ask(label: str, target: Target, examples: int) -> Counter[str]:
    """Ask `examples` requests of an operation; return how many had data and how many errors.

    Raises AssertionError for an answer in which the hub itself has failed.
    """
    _known[:] = target.known
    counted: Counter[str] = Counter()
    headers = {"Authorization": f"Bearer {target.token}"}
    with httpx.Client(headers=headers, timeout=TIMEOUT) as client:

        @settings(
            max_examples=examples,
            deadline=None,
            database=None,
            phases=[Phase.generate],
            suppress_health_check=UNASKED,
        )
        @given(case=OPERATIONS[label].as_strategy())
        def ask_one(case: schemathesis.Case[Any]) -> None:
            answer = client.post(target.address, json={"query": case.body})
            body = answer.json()
            codes = {error["extensions"]["code"] for error in body.get("errors", ())}
            assert answer.status_code in {200, 400}, (case.body, body)
            assert not codes & FAULTS, (case.body, body)
            counted["errors" if codes else "data"] += 1

        ask_one()
    return counted
