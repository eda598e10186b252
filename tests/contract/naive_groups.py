"""Groups counted and added up over the plain data of a world.

The meaning is written anew, from the promises of `docs/reads.md`: a key is what the caller would be
served, of a related node that it may not see null; quantities are told per measure.
"""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from statistics import fmean
from typing import TYPE_CHECKING, Any, cast

from graph.mapping import OUT, Relation
from graph.ordering import keys
from graph.reads.grouping import AnyKey, Granularity, Grouping, NodeKey, TimeKey, TypeKey, ValueKey
from tests.contract.naive import Naive
from tests.contract.naive_filters import ends, served

if TYPE_CHECKING:
    from domain.records import Area

NAMED = {"wanted": "quantity", "matched": "held", "fulfilled": "completed"}
PARENTS = {"Area": "PART_OF", "Category": "CHILD_OF"}


def selection(grouping: Grouping, by: Sequence[str]) -> str:
    """Return the fields of a group that ask for all that is told of it."""
    parts = [
        f"{name} {{ id }}" if isinstance(grouping.keys[name], NodeKey) else name for name in by
    ]
    numbers = "{ count sum min max average }"
    told = [f"{name} {numbers}" for name in grouping.numbers]
    if grouping.quantities:
        named = " ".join(name for name in NAMED if grouping.named)
        inner = " ".join(f"{name} {numbers}" for name in grouping.quantities)
        told.append(f"quantities {{ measure count {named} {inner} }}")
    return f"count key {{ __typename {' '.join(parts)} }} {' '.join(told)}"


def groups(
    naive: Naive, grouping: Grouping, names: Sequence[str], by: Sequence[str], order: str
) -> list[dict[str, Any]]:
    """Return all groups of nodes, as they are served."""
    found: dict[tuple[Any, ...], list[str]] = {} if by else {(): []}
    for name in names:
        key = tuple(key_of(naive, grouping.keys[each], name) for each in by)
        found.setdefault(key, []).append(name)
    ranked = sorted(
        found,
        key=lambda key: (
            -len(found[key]) if order == "COUNT" else 0,
            [_rank(naive, grouping.keys[each], own) for each, own in zip(by, key, strict=True)],
        ),
    )
    return [_group(naive, grouping, by, key, found[key]) for key in ranked]


def key_of(naive: Naive, key: AnyKey, name: str) -> Any:
    """Return to which group a node belongs: a value, or the name of a node."""
    match key:
        case ValueKey(property=field):
            return served(naive, name, field)
        case TimeKey(property=field, part=part, instant=instant):
            value = served(naive, name, field)
            return None if value is None else _first_day(value, part, instant=instant)
        case NodeKey(hops=hops, rise=rise):
            reached = _followed(naive, hops, name)
            if rise is None or reached is None:
                return reached
            relation = Relation(PARENTS[rise.label], OUT)
            if rise.to == "TOP":
                while above := ends(naive, relation, reached):
                    (reached,) = above
                return reached
            while cast("Area", naive.world.records[reached]).level.value != rise.to:
                above = ends(naive, relation, reached)
                if not above:
                    return None
                (reached,) = above
            return reached
        case TypeKey(hops=hops):
            reached = _followed(naive, hops, name)
            return None if reached is None else type(naive.world.records[reached]).__name__


def _followed(naive: Naive, hops: Sequence[Any], name: str) -> str | None:
    for hop in hops:
        reached = ends(naive, hop.relation, name)
        if not reached:
            return None
        (name,) = reached
    return name


def _first_day(value: str, part: Granularity, *, instant: bool) -> str:
    day = value
    if instant:
        day = (datetime.fromisoformat(value) + timedelta(hours=8)).date().isoformat()
    year, month, _ = day.split("-")
    return {"DAY": day, "MONTH": f"{year}-{month}-01", "YEAR": f"{year}-01-01"}[part.value]


def _rank(naive: Naive, key: AnyKey, own: Any) -> Any:
    if own is None:
        return (1, "")
    match key:
        case NodeKey(ordered_by=ordered_by):
            record = naive.world.records[own]
            return (0, {**keys(record), "path": getattr(record, "path", "")}[ordered_by])
        case TypeKey():
            return (0, sorted(["Area", "Member", "PartyBranch", "Unit"]).index(own))
        case ValueKey(values=values) if values:
            return (0, values.index(own))
        case _:
            return (0, own)


def _group(
    naive: Naive, grouping: Grouping, by: Sequence[str], key: tuple[Any, ...], names: list[str]
) -> dict[str, Any]:
    def told(field: str, among: list[str]) -> dict[str, Any]:
        values = [value for name in among if (value := served(naive, name, field)) is not None]
        whole: Callable[[float], float] = round if all(isinstance(v, int) for v in values) else _six
        return {
            "count": len(values),
            "sum": whole(sum(values)),
            "min": min(values, default=None),
            "max": max(values, default=None),
            "average": _six(fmean(values)) if values else None,
        }

    group: dict[str, Any] = {
        "count": len(names),
        "key": {
            "__typename": "",
            **{
                each: _served_key(naive, grouping.keys[each], own)
                for each, own in zip(by, key, strict=True)
            },
        },
    }
    for field in grouping.numbers:
        group[field] = told(field, names)
    if grouping.quantities:
        measures = sorted({served(naive, name, "measure") for name in names})
        group["quantities"] = [
            {
                "measure": measure,
                "count": len(among),
                **{
                    called: told(field, among)["sum"]
                    for called, field in NAMED.items()
                    if grouping.named
                },
                **{field: told(field, among) for field in grouping.quantities},
            }
            for measure in measures
            for among in [[n for n in names if served(naive, n, "measure") == measure]]
        ]
    return group


def _six(value: float) -> float:
    return round(float(value), 6)


def _served_key(naive: Naive, key: AnyKey, own: Any) -> Any:
    match key:
        case NodeKey():
            return None if own is None else {"id": naive.world.gid(own)}
        case TypeKey():
            return {None: None, "PartyBranch": "PARTY_BRANCH"}.get(own, own and own.upper())
        case _:
            return own
