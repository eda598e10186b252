"""Policies as people give them: the fields of a document, checked, over the defaults.

The same names are in a policy file (`renling match --policy FILE`), in the GraphQL input and in
what a run keeps.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from math import isfinite
from typing import Any, cast

from domain.errors import BadIdentifier, BadInput
from domain.identity import parse_global_id
from domain.measures import MEASURES
from domain.vocabulary import Urgency
from matching.model import Diminishing, PartName, Policy, Quota, Segment
from matching.score import MILLI

MOST_DAYS = 366
LONGEST_NAME = 80
MOST_EFFORT = 60.0
MOST_FACTOR = 1000.0
LONGEST_CYCLE = 4
TOLERANCE = 1e-6
MOST_QUANTITY = 10**12
MOST_QUOTAS = 5_000
MOST_SEGMENTS = 5

Reader = Callable[[str, object], Any]


def read_policy(document: bytes, file: str) -> Policy:
    """Return the policy of a JSON document. Raises BadInput."""
    try:
        given: object = json.loads(document)
    except ValueError as error:
        raise BadInput(field=file, value=str(error), expected="JSON") from error
    if not isinstance(given, dict):
        raise BadInput(field=file, value=str(given), expected="{…}")
    return policy_of(cast("dict[str, object]", given), f"{file}:")


def policy_of_run(policy: str, weights: str) -> Policy:
    """Return the policy that a run kept, given both its texts."""
    return policy_of({**json.loads(policy), "weights": json.loads(weights)})


def policy_of(given: Mapping[str, object], prefix: str = "policy.") -> Policy:
    """Return the default policy with these fields instead. Raises BadInput."""
    values: dict[str, Any] = {}
    for name, value in given.items():
        field = FIELDS.get(name)
        if field is None:
            raise BadInput(field=prefix + name, value=str(value), expected=", ".join(FIELDS))
        values[field[0]] = field[1](prefix + name, value)
    return replace(Policy(), **values)


def number(least: float, most: float) -> Reader:
    """Return a reader of a number in a range."""

    def read(field: str, value: object) -> float:
        good = isinstance(value, int | float) and not isinstance(value, bool) and isfinite(value)
        if not good or not least <= cast("float", value) <= most:
            raise BadInput(field=field, value=str(value), expected=f"{least:g}..{most:g}")
        return float(cast("float", value))

    return read


def whole(least: int, most: int) -> Reader:
    """Return a reader of a whole number in a range."""

    def read(field: str, value: object) -> int:
        if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
            raise BadInput(field=field, value=str(value), expected=f"{least}..{most}")
        return value

    return read


def _name(field: str, value: object) -> str:
    if not isinstance(value, str) or not 0 < len(value) <= LONGEST_NAME:
        raise BadInput(field=field, value=str(value), expected=f"1..{LONGEST_NAME}")
    return value


def _flag(field: str, value: object) -> bool:
    if not isinstance(value, bool):
        raise BadInput(field=field, value=str(value), expected="true, false")
    return value


def _weights(field: str, value: object) -> Mapping[PartName, float]:
    given = _table(field, value, list(PartName))
    weights = {name: number(0, 1)(f"{field}.{name}", given.get(name, 0.0)) for name in PartName}
    if abs(sum(weights.values()) - 1) > TOLERANCE:
        raise BadInput(field=field, value=f"{sum(weights.values()):g}", expected="1")
    return weights


def _urgencies(field: str, value: object) -> Mapping[Urgency, float]:
    given = _table(field, value, list(Urgency))
    defaults = Policy().urgencies
    return {
        name: number(0, MOST_FACTOR)(f"{field}.{name}", given.get(name, defaults[name]))
        for name in Urgency
    }


def _quotas(field: str, value: object) -> tuple[Quota, ...]:
    found = tuple(
        Quota(
            **_agent(f"{place}.agentId", row.get("agentId")),
            measure=_measure(f"{place}.measure", row.get("measure")),
            most=whole(0, MOST_QUANTITY)(f"{place}.most", row.get("most")),
        )
        for place, row in _rows(field, value, MOST_QUOTAS, ["agentId", "measure", "most"])
    )
    keys = [(quota.agent_id, quota.measure) for quota in found]
    for number, key in enumerate(keys):
        if key in keys[:number]:
            raise BadInput(field=f"{field}.{number}", value=" ".join(key), expected="…")
    return found


def _diminishing(field: str, value: object) -> Diminishing:
    given = _table(field, value, ["community", "subdistrict"])
    return Diminishing(
        community=_segments(f"{field}.community", given.get("community") or []),
        subdistrict=_segments(f"{field}.subdistrict", given.get("subdistrict") or []),
    )


def _segments(field: str, value: object) -> tuple[Segment, ...]:
    found: list[Segment] = []
    for place, row in _rows(field, value, MOST_SEGMENTS, ["share", "bonus"]):
        before = found[-1].bonus if found else 1.0
        share = number(0.001, 1)(f"{place}.share", row.get("share"))
        bonus = number(0, before)(f"{place}.bonus", row.get("bonus"))
        found.append(Segment(share=round(share * MILLI), bonus=bonus))
    if (total := sum(segment.share for segment in found)) > MILLI:
        raise BadInput(field=field, value=f"{total / MILLI:g}", expected="0..1")
    return tuple(found)


def _rows(
    field: str, value: object, most: int, names: list[str]
) -> list[tuple[str, Mapping[str, object]]]:
    rows = cast("list[object]", value) if isinstance(value, list) else None
    if rows is None or len(rows) > most:
        raise BadInput(field=field, value="…", expected=f"[…], 0..{most}")
    return [(f"{field}.{at}", _table(f"{field}.{at}", row, names)) for at, row in enumerate(rows)]


def _agent(field: str, value: object) -> dict[str, str]:
    """Return who is named: by a node's global id, or by the name that files have."""
    if not isinstance(value, str) or not value:
        raise BadInput(field=field, value=str(value), expected="…")
    try:
        kind, uid = parse_global_id(value)
    except BadIdentifier:
        return {"agent_id": value}
    return {"agent_id": uid, "agent_type": kind}


def _measure(field: str, value: object) -> str:
    if value not in MEASURES:
        raise BadInput(field=field, value=str(value), expected=", ".join(MEASURES))
    return cast("str", value)


def _table(field: str, value: object, names: list[Any]) -> Mapping[str, object]:
    if not isinstance(value, dict):
        raise BadInput(field=field, value=str(value), expected="{…}")
    given = cast("dict[str, object]", value)
    for name in given:
        if name not in names:
            raise BadInput(field=f"{field}.{name}", value=name, expected=", ".join(names))
    return given


FIELDS: Mapping[str, tuple[str, Reader]] = {
    "name": ("name", _name),
    "weights": ("weights", _weights),
    "urgencies": ("urgencies", _urgencies),
    "horizonDays": ("horizon_days", whole(1, MOST_DAYS)),
    "maxKm": ("max_km", number(0, 20_000)),
    "overlapMinutes": ("overlap_minutes", whole(1, 24 * 60)),
    "allowSubstitutes": ("allow_substitutes", _flag),
    "effort": ("effort", number(0, MOST_EFFORT)),
    "keep": ("keep", number(0, 1)),
    "floorCost": ("floor_cost", number(0, 1)),
    "longestCycle": ("longest_cycle", whole(0, LONGEST_CYCLE)),
    "quotas": ("quotas", _quotas),
    "diminishing": ("diminishing", _diminishing),
    "leastScore": ("least_score", number(0, 1)),
}
"""The fields of a policy document: the policy's own name of each, and how it is read."""
