"""Requests of one operation, as schemathesis generates them, sent to a running hub.

A tenth of them is generated from the whole schema, with arguments written into the document and
selections as deep as they come. The others are generated from the bounded view of it (`bounded`)
and sent as programs do: a document with variables.

Operations are shared out among processes; what stands here is what each of them needs.
"""

import json
import os
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import graphql
import hypothesis_graphql.strategies
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from hypothesis.internal.conjecture.providers import AVAILABLE_PROVIDERS, HypothesisProvider
from schemathesis.core.result import Ok
from schemathesis.graphql import nodes

from domain.measures import MEASURES
from tests.clients.bounded import ANY, ID_OF, NULL_OR_ID_OF, PROBLEM, SEPARATOR, bounded
from tests.clients.documents import request_of, used_by

ROOT = Path(__file__).parents[2]
TIMEOUT = 120
REPEATABLE = "RENLING_FUZZ_EXAMPLES" not in os.environ
"""Without a number of one's own the same requests are made in every run; else others each time."""
WHOLE = 10
"""One request in so many is generated from the whole schema."""
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
UNMUTATED = "unmutated"
"""Hypothesis's own draws, each anew, as it makes them for a backend that is not its own.

By itself it makes four requests in five by copying parts of the one before to others of its places:
that finds less here, and costs a third more.
"""
AVAILABLE_PROVIDERS[UNMUTATED] = HypothesisProvider
ODD_IDS = ["", "x", "VW5pdDo=", "VW5pdDrDqQ==", "%00", "統"]

_known: dict[str, list[str]] = {}
_cursors: list[str] = []
_own: list[str] = [ANY]


def _instant(days: int) -> str:
    return (NOW + timedelta(days=days)).isoformat()


def _day(days: int) -> str:
    return (TODAY + timedelta(days=days)).isoformat()


def _id_of(*kinds: str) -> Callable[[int], str]:
    """Return what takes a number for an id: of one of the kinds mostly, else any, else an odd one.

    Without kinds it is of the operation's own kind; with ANY among them any mostly.
    """
    fitting_ones = 8 if ANY in kinds else 30
    wanted = [each for each in kinds if each != ANY]

    def taken(number: int) -> str:
        step, which = divmod(number, 32)
        if which == 31:
            return ODD_IDS[step % len(ODD_IDS)]
        fitting = [each for kind in wanted or _own for each in _known.get(kind, ())]
        known = fitting if fitting and which < fitting_ones else _known[ANY]
        return known[step % len(known)]

    return taken


def _cursor_of(number: int) -> str:
    return _cursors[number % len(_cursors)]


_numbers = st.integers(min_value=0, max_value=2**16)
_eighths = st.integers(min_value=0, max_value=7)
_days = st.integers(min_value=-400, max_value=400)
_longs = st.integers(min_value=1, max_value=40) | st.integers(min_value=-10, max_value=2**53 - 1)
_ints = st.integers(min_value=graphql.GRAPHQL_MIN_INT, max_value=graphql.GRAPHQL_MAX_INT)
_characters = st.characters(codec="utf-8", max_codepoint=0xFFFF)
_texts = st.text(_characters)
_null = st.just(nodes.Null)


def _usually(usual: st.SearchStrategy[Any], odd: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Return what gives the usual seven times in eight; `one_of` counts equal branches once."""
    return _eighths.flatmap(lambda number: odd if number == 7 else usual)


def _text(*usual: str) -> st.SearchStrategy[graphql.ValueNode]:
    return _usually(st.sampled_from(usual), _texts).map(nodes.String)


_sizes = _usually(st.integers(min_value=1, max_value=100), _ints).map(nodes.Int)
SCALARS: dict[str, st.SearchStrategy[graphql.ValueNode]] = {
    "Date": _days.map(_day).map(nodes.String),
    "DateTime": _days.map(_instant).map(nodes.String),
    "Long": _longs.map(nodes.Int),
    "ID": _numbers.map(_id_of()).map(nodes.String),
    # Only the view has these.
    "Cursor": _usually(_null, (_numbers.map(_cursor_of) | _texts).map(nodes.String)),
    "Email": _text("li@example.org", "wang.fang@example.org"),
    "IdempotencyKey": _usually(
        _numbers.map(lambda _: str(uuid4())), st.sampled_from(["again", "once more"]) | _texts
    ).map(nodes.String),
    "LanguageCode": _text("zh", "en"),
    "LastSize": _usually(_null, _sizes),
    "MeasureCode": _text(*MEASURES),
    "PageSize": _sizes,
    "Phone": _text("+86 21 1234 5678", "13800138000"),
    "Small": _usually(st.integers(min_value=1, max_value=6), _ints).map(nodes.Int),
    "TimeZone": _text("Asia/Shanghai", "UTC"),
    "Version": _usually(_null, (st.integers(min_value=0, max_value=3) | _ints).map(nodes.Int)),
    "Words": _usually(st.text(_characters, min_size=1), _texts).map(nodes.String),
}


def _kept(build: Callable[..., st.SearchStrategy[Any]]) -> Callable[..., st.SearchStrategy[Any]]:
    """Return what builds a strategy once for the same schema and fields.

    schemathesis asks for it anew at each draw, and with it goes all that Hypothesis has found out
    about it and its parts: that is a third of the time.
    """
    built: dict[Any, st.SearchStrategy[Any]] = {}

    def once(schema: graphql.GraphQLSchema, **options: Any) -> st.SearchStrategy[Any]:
        key = (schema, tuple(options["fields"]), options["mode"])
        if key not in built:
            built[key] = build(schema, **options)
        return built[key]

    return once


for _name in ("queries", "mutations"):
    setattr(
        hypothesis_graphql.strategies, _name, _kept(getattr(hypothesis_graphql.strategies, _name))
    )

SCHEMA = schemathesis.graphql.from_path(ROOT / "schema" / "schema.graphql")
VIEW = schemathesis.graphql.from_dict(bounded(SCHEMA.raw_schema))
for _type in VIEW.client_schema.type_map:
    _role, *_kinds = _type.split(SEPARATOR)
    _ids = _numbers.map(_id_of(*_kinds)).map(nodes.String)
    if _role == ID_OF:
        SCALARS[_type] = _ids
    elif _role == NULL_OR_ID_OF:
        SCALARS[_type] = _usually(_ids, _null)
for _name, _strategy in SCALARS.items():
    schemathesis.graphql.scalar(_name, _strategy)

FOUND = list(SCHEMA.get_all_operations())
OPERATIONS = {each.ok().label: each.ok() for each in FOUND if isinstance(each, Ok)}
BOUNDED = {each.ok().label: each.ok() for each in VIEW.get_all_operations() if isinstance(each, Ok)}
DEFINITIONS: dict[str, graphql.GraphQLField] = {
    label: operation.definition.raw for label, operation in OPERATIONS.items()
}


@dataclass(frozen=True)
class Target:
    """The hub that is asked, and as whom."""

    address: str
    token: str


Send = Callable[[str, Mapping[str, Any]], dict[str, Any]]


@dataclass
class Asked:
    """What became of the requests of an operation."""

    answers: Counter[str] = field(default_factory=Counter[str])
    """How many had `errors`, how many a `problem` for a result, and how many `succeeded`."""
    used: set[str] = field(default_factory=set[str])
    """What they gave values: arguments, fields of inputs, values of enums."""


def ask(label: str, target: Target, examples: int) -> Asked:
    """Ask `examples` requests of an operation and return what became of them.

    Raises AssertionError for an answer in which the hub itself has failed.
    """
    asked = Asked()
    address = urlsplit(target.address)
    assert address.hostname is not None
    connection = HTTPConnection(address.hostname, address.port, timeout=TIMEOUT)
    headers = {"Authorization": f"Bearer {target.token}", "Content-Type": "application/json"}

    def send(query: str, variables: Mapping[str, Any]) -> dict[str, Any]:
        request = {"query": query, "variables": variables}
        connection.request("POST", address.path, json.dumps(request), headers)
        answer = connection.getresponse()
        body = json.loads(answer.read())
        assert answer.status in {200, 400}, (request, body)
        codes = {error["extensions"]["code"] for error in body.get("errors", ())}
        assert not codes & FAULTS, (request, body)
        return body

    with closing(connection):
        _learn(send, label)
        whole = -(-examples // WHOLE)
        _ask(OPERATIONS[label], whole, send, asked, lifted=False)
        _ask(BOUNDED[label], examples - whole, send, asked, lifted=True)
    return asked


def _ask(operation: Any, examples: int, send: Send, asked: Asked, *, lifted: bool) -> None:
    label: str = operation.label
    definition = DEFINITIONS[label]
    name = label.rpartition(".")[2]

    @settings(
        max_examples=examples,
        deadline=None,
        database=None,
        derandomize=REPEATABLE,
        backend=UNMUTATED,
        phases=[Phase.generate],
        suppress_health_check=UNASKED,
    )
    @given(case=operation.as_strategy())
    def ask_one(case: schemathesis.Case[Any]) -> None:
        request = request_of(str(case.body), definition, lifted=lifted)
        body = send(request.query, request.variables)
        result = (body.get("data") or {}).get(name)
        if "errors" in body:
            asked.answers["errors"] += 1
        elif isinstance(result, dict) and result.get("__typename", "").endswith(PROBLEM):
            asked.answers["problem"] += 1
        else:
            asked.answers["succeeded"] += 1
        asked.used.update(used_by(request.arguments, definition, label))

    ask_one()


def _node_of(type_: graphql.GraphQLNamedType, label: str) -> str:
    """Return of what nodes an operation is that gives this type, ANY if of none."""
    waiting = [type_]
    for each in waiting:
        if isinstance(each, graphql.GraphQLUnionType):
            waiting += [one for one in each.types if not one.name.endswith(PROBLEM)]
        elif isinstance(each, graphql.GraphQLObjectType | graphql.GraphQLInterfaceType):
            if "id" in each.fields:
                return each.name
            waiting += [graphql.get_named_type(one.type) for one in each.fields.values()]
    return next((kind for kind in LISTS.values() if label.endswith(kind)), ANY)


def _node_of_list(type_: graphql.GraphQLOutputType) -> str:
    connection = graphql.get_named_type(type_)
    assert isinstance(connection, graphql.GraphQLObjectType)
    return graphql.get_named_type(connection.fields["nodes"].type).name


LISTS = {
    label.rpartition(".")[2]: _node_of_list(definition.type)
    for label, definition in DEFINITIONS.items()
    if str(definition.type).endswith("Connection!")
}
"""The roots that are lists, and of what."""
LEARNT = " ".join(
    f"{name}(first: 50) {{ nodes {{ {'id role' if kind == 'Grant' else 'id'} }} "
    "pageInfo { endCursor } }"
    for name, kind in LISTS.items()
)


def _learn(send: Send, label: str) -> None:
    """Learn which ids and cursors there are, and of what an operation is.

    The account that asks stays as it is, and so do the grants that make an administrator: no
    request is about them by design.
    """
    name = label.rpartition(".")[2]
    answered = send(f"{{ viewer {{ account {{ id }} }} {LEARNT} }}", {})["data"]
    asking = answered["viewer"]["account"]["id"]
    _known.clear()
    for each, kind in LISTS.items():
        _known[kind] = [
            node["id"]
            for node in answered[each]["nodes"]
            if node["id"] != asking and node.get("role") != "ADMIN"
        ]
    # Sorted, so that what comes up most often is not what most arguments are about.
    _known[ANY] = sorted(each for ids in _known.values() for each in ids)
    lists = [name] if name in LISTS else list(LISTS)
    _cursors[:] = [answered[each]["pageInfo"]["endCursor"] or "" for each in lists]
    _own[:] = [_node_of(graphql.get_named_type(DEFINITIONS[label].type), label)]
