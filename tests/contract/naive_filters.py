"""Filters evaluated over the plain data of a world, and random filters to evaluate.

The meaning is written anew, from the promises of `docs/reads.md`: every test is true or false; what
the caller would not be served counts as absent; nodes that the caller may not see do not count.
"""

from typing import TYPE_CHECKING, Any, cast

from hypothesis import strategies as st

from domain.identity import parse_global_id
from domain.records import Area, Category
from domain.spelling import is_chinese, terms
from graph.mapping import CONTACTS, IN, OUT, Below, Relation
from graph.reads.conditions import (
    Compared,
    ConcernsArea,
    Identified,
    Listed,
    OfType,
    WithinArea,
    WithinCategory,
    WithinCategoryCode,
)
from graph.reads.filters import AsType, NodeFilter, ToMany, ToOne
from graph.reads.search import Search
from graph.records import names, stored
from tests.contract.naive import Naive
from tests.contract.world_records import World

if TYPE_CHECKING:
    from collections.abc import Callable

Filter = dict[str, Any]
FREE_TEXTS = ("note", "evidence", "reason", "pending_request", "pendingRequest")


def fits(naive: Naive, made: NodeFilter, name: str, given: Filter) -> bool:
    """Whether a node of the world fulfils a filter, for the caller."""
    return all(
        _holds(naive, made, name, field, value)
        for field, value in given.items()
        if value is not None
    )


def _holds(naive: Naive, made: NodeFilter, name: str, field: str, value: Any) -> bool:
    match field, made.fields.get(field):
        case "and", None:
            return all(fits(naive, made, name, each) for each in value)
        case "or", None:
            return any(fits(naive, made, name, each) for each in value)
        case "not", None:
            return not fits(naive, made, name, value)
        case _, ToOne(relation=relation, other=other):
            return any(fits(naive, other, each, value) for each in ends(naive, relation, name))
        case _, AsType(other=other):
            return type(naive.world.records[name]).__name__ in other.types and fits(
                naive, other, name, value
            )
        case _, ToMany() as related:
            return _related(naive, related, name, value)
        case _, Compared() | Listed() as condition:
            return _compared(naive, condition, name, value)
        case _, condition:
            return _special(naive, condition, name, value)


def _related(naive: Naive, related: ToMany, name: str, value: Filter) -> bool:
    seen = ends(naive, related.relation, name)
    quantifiers: dict[str, Callable[[list[bool]], bool]] = {
        "some": any,
        "none": lambda fitting: not any(fitting),
        "every": all,
    }
    return all(
        quantifiers[which]([fits(naive, related.other, each, inner) for each in seen])
        for which, inner in value.items()
        if inner is not None
    )


def _compared(naive: Naive, condition: Compared | Listed, name: str, value: Filter) -> bool:
    asked = {operator: operand for operator, operand in value.items() if operand is not None}
    match condition:
        case Identified():
            found: Any = naive.world.gid(name)
        case Compared(property=field):
            found = served(naive, name, field)
        case Listed(property=field):
            items = served(naive, name, field) or []
            return all(_listed(operator, items, operand) for operator, operand in asked.items())
    return all(_compare(operator, found, operand) for operator, operand in asked.items())


def _special(naive: Naive, condition: object, name: str, value: Any) -> bool:
    match condition:
        case Search():
            return _found(naive, name, value)
        case WithinArea():
            return _uid(value) in "".join(_paths(naive, name))
        case WithinCategory():
            above = Relation("CHILD_OF", OUT, transitive=True)
            return value in map(naive.world.gid, [name, *ends(naive, above, name)])
        case WithinCategoryCode():
            return f"/{value}/" in cast("Category", naive.world.records[name]).path
        case OfType():
            kinds = {each.replace("_", "").lower() for each in value}
            return type(naive.world.records[name]).__name__.lower() in kinds
        case _:
            raise TypeError(condition)


def ends(naive: Naive, relation: Any, name: str) -> list[str]:
    """Return the nodes at the other ends of a relation that the caller may see."""
    if isinstance(relation, Below):
        path = cast("Area", naive.world.records[name]).path
        found = [
            other
            for other, record in naive.world.records.items()
            if isinstance(record, Area) and record.path.startswith(path) and other != name
        ]
    else:
        follow = naive.into if relation.direction is IN else naive.out
        found = follow(name, relation.type)
        reached = found
        while relation.transitive and reached:
            reached = [end for each in reached for end in follow(each, relation.type)]
            found = found + reached
    return [each for each in found if naive.visible(each)]


def served(naive: Naive, name: str, field: str) -> Any:
    """Return what the caller would be served, as it is stored."""
    record = naive.world.records[name]
    masked = field in CONTACTS and not naive.contacts(name)
    if masked or (
        type(record).__name__ == "Claim" and field in FREE_TEXTS and not naive.free_text(name)
    ):
        return None
    (attribute,) = [own for own, key in names(type(record)) if key == field]
    return stored(getattr(record, attribute))


def _compare(operator: str, found: Any, operand: Any) -> bool:
    if operator == "isNull":
        return (found is None) is operand
    if operator == "ne":
        return found != operand
    if operator == "notIn":
        return found not in operand
    if found is None:
        return False
    tests: dict[str, Callable[[], bool]] = {
        "eq": lambda: found == operand,
        "in": lambda: found in operand,
        "lt": lambda: found < operand,
        "lte": lambda: found <= operand,
        "gt": lambda: found > operand,
        "gte": lambda: found >= operand,
        "startsWith": lambda: found.startswith(operand),
        "endsWith": lambda: found.endswith(operand),
        "contains": lambda: operand in found,
    }
    return tests[operator]()


def _listed(operator: str, items: list[str], operand: Any) -> bool:
    tests: dict[str, Callable[[], bool]] = {
        "has": lambda: operand in items,
        "hasAny": lambda: any(each in items for each in operand),
        "hasAll": lambda: all(each in items for each in operand),
        "isEmpty": lambda: (not items) is operand,
    }
    return tests[operator]()


def _found(naive: Naive, name: str, words: str) -> bool:
    there = naive.world.search_text(naive.world.records[name]).split()
    return all(
        any(word in term if is_chinese(word[0]) else term.startswith(word) for term in there)
        for word in terms(words)
    )


def _paths(naive: Naive, name: str) -> list[str]:
    record = naive.world.records[name]
    if isinstance(record, Area):
        return [record.path]
    return [cast("Area", naive.world.records[area]).path for area in naive.areas_of(name)]


def _uid(gid: str) -> str:
    return parse_global_id(gid)[1]


def filters(world: World, made: NodeFilter, depth: int = 3) -> st.SearchStrategy[Filter]:
    """Return random filters of a type, with values that occur in the world."""
    fields = {
        field: strategy
        for field, condition in made.fields.items()
        if (strategy := _strategy(world, made, field, condition, depth)) is not None
    }
    if not fields:
        return st.just({})
    one = st.sampled_from(sorted(fields)).flatmap(
        lambda field: fields[field].map(lambda value: {field: value})
    )
    several = st.lists(one, max_size=3).map(
        lambda found: {k: v for f in found for k, v in f.items()}
    )
    if depth <= 1:
        return several
    inner = st.deferred(lambda: filters(world, made, depth - 1))
    joined = st.fixed_dictionaries(
        {},
        optional={
            "and": st.lists(inner, max_size=2),
            "or": st.lists(inner, max_size=3),
            "not": inner,
        },
    )
    return st.one_of(several, several, st.builds(lambda a, b: {**a, **b}, several, joined))


KINDS = {"Area": "AREA", "Unit": "UNIT", "Member": "MEMBER", "PartyBranch": "PARTY_BRANCH"}
QUANTIFIERS = ("some", "none", "every")


def _strategy(
    world: World, made: NodeFilter, field: str, condition: object, depth: int
) -> st.SearchStrategy[Any] | None:
    if isinstance(condition, (ToOne, ToMany, AsType)):
        if depth <= 1:
            return None
        inner = st.deferred(lambda: filters(world, condition.other, depth - 1))
        if not isinstance(condition, ToMany):
            return inner
        return st.fixed_dictionaries({}, optional=dict.fromkeys(QUANTIFIERS, inner))
    of_type = [name for name, each in world.records.items() if type(each).__name__ in made.types]
    if isinstance(condition, (Compared, Listed)):
        identified = isinstance(condition, Identified)
        values = (
            [world.gid(name) for name in of_type]
            if identified
            else _occurring(world, of_type, field)
        )
        return _operands(condition.operators, values) if values else None
    areas = [name for name, each in world.records.items() if isinstance(each, Area)]
    pools: dict[type, list[str]] = {
        Search: WORDS,
        WithinArea: [world.gid(name) for name in areas],
        WithinCategory: [world.gid(name) for name in of_type],
        WithinCategoryCode: ["venue", "hall", "training", "al"],
        OfType: [KINDS.get(each, "") for each in made.types],
        # No event lies in this world: whom events concern is tested with the history itself.
        ConcernsArea: [],
    }
    pool = pools[type(condition)]
    if not pool:
        return None
    one = st.sampled_from(pool)
    return st.lists(one, max_size=2) if isinstance(condition, OfType) else one


def _occurring(world: World, of_type: list[str], field: str) -> list[Any]:
    """Return the values of a field that occur in the world, of lists their items."""
    found: set[Any] = set()
    for name in of_type:
        value = stored_value(world.records[name], field)
        if value is not None:
            found.update(cast("list[Any]", value) if isinstance(value, list) else [value])
    return sorted(found)


def stored_value(record: Any, field: str) -> Any:
    """Return a field of a record as it is stored."""
    found = [own for own, key in names(type(record)) if key == field]
    return stored(getattr(record, found[0])) if found else None


def _operands(operators: tuple[str, ...], values: list[Any]) -> st.SearchStrategy[Any]:
    one = st.sampled_from(values)
    several = st.lists(one, max_size=3)
    parts = one if not isinstance(values[0], str) else one.map(lambda text: text[len(text) // 2 :])
    kinds: dict[str, st.SearchStrategy[Any]] = {
        "in": several,
        "notIn": several,
        "hasAny": several,
        "hasAll": several,
        "isNull": st.booleans(),
        "isEmpty": st.booleans(),
        "contains": parts,
        "endsWith": parts,
        "startsWith": one.map(lambda value: value[:2] if isinstance(value, str) else value),
    }
    return st.lists(st.sampled_from(operators), min_size=1, max_size=2, unique=True).flatmap(
        lambda chosen: st.fixed_dictionaries({each: kinds.get(each, one) for each in chosen})
    )


WORDS = [
    "资源", "资源1", "會議室", "烘焙", "烘", "会议 资源", "it", "场地", "活动 需求3", "", "*",
    "xgsq",
    "xingong", "gsq", "党支部wide", "ZHIBU", "a", "hall", "leibie ha", "shequ 别名", "10",
]  # fmt: skip
