"""The one form of all mutations: input to use case, result to payload, refusal to problem.

A mutation of `SomeMutations` is three lines:

    @strawberry.mutation
    async def edit_order(self, info: Info, given: Annotated[EditOrderInput, INPUT]) -> OrderResult:
        '''Change fields of an order.'''
        return await answer_with(info, OrderPayload, _edit(info, given))

where `_edit` is a coroutine that decodes ids and calls a use case. Where a payload holds more than
a node and its version, the coroutine makes it and the last line is `answer(info, _edit(...))`.
"""

import types
from collections.abc import Awaitable, Collection, Mapping
from dataclasses import fields
from functools import cache
from typing import (
    Any,
    Protocol,
    TypeAlias,
    TypeVar,
    Union,
    cast,
    get_args,
    get_origin,
    get_type_hints,
)

import strawberry

from domain.availability import END_OF_DAY, MINUTES_PER_HOUR, WeeklyWindow
from domain.errors import BadInput, DomainError
from domain.identity import NodeReference  # noqa: TC001 (read by Strawberry)
from domain.plausible import parse_window
from domain.records import Node
from graph.records import camel
from resolvers import entities
from resolvers.changing import Changed, Request
from resolvers.entities import Entity, Links
from schema.context import Info
from schema.ids import reference, uid
from schema.problems import problem_of

PayloadT = TypeVar("PayloadT", bound="NodePayload")
Kinds: TypeAlias = Mapping[str, tuple[str, ...]]
"""The types that may stand at the other end, by the name of the link."""
_SINGULAR = {
    "agents": "agent",
    "parties": "party",
    "members": "member",
    "supporters": "supporter",
    "substitutes": "substitute",
}
"""The names of links to several, as the fields of inputs have them."""
INPUT = strawberry.argument(name="input")


class Keyed(Protocol):
    """An input with its idempotency key."""

    idempotency_key: str


@strawberry.input
class ChangeInput:
    """A change: the key under which it may be repeated."""

    idempotency_key: str


@strawberry.input
class VersionedInput(ChangeInput):
    """A change of a node that is there, as the caller has seen it."""

    expected_version: int | None = None


@strawberry.input
class NodeInput(VersionedInput):
    """A change that needs nothing but the node."""

    id: strawberry.ID


@strawberry.input
class WeeklyWindowInput:
    """A window that recurs every week; the times are local, `HH:MM`, the end up to `24:00`."""

    weekday: int
    start: str
    end: str


async def answer(info: Info, work: Awaitable[object]) -> Any:
    """Return what a mutation comes to: its payload, or the problem that stood in the way."""
    try:
        return await work
    except DomainError as error:
        return problem_of(error, info.context.language)


def request_of(info: Info, given: Keyed) -> Request:
    """Return who asks, under which key, with which version in mind."""
    context = info.context
    return Request(
        viewer=context.viewer,
        idempotency_key=given.idempotency_key,
        expected_version=given.expected_version if isinstance(given, VersionedInput) else None,
        now=context.clock(),
        ids=context.ids,
    )


def given_fields(
    given: object, record: type[Node], names: Collection[str], *, new: bool = False
) -> dict[str, Any]:
    """Return those fields of an input that are given, as the record has them.

    An explicit null takes a field's value away; of a new node it says nothing. Raises BadInput
    where there has to be a value, and for windows that cannot be.
    """
    found: dict[str, Any] = {}
    for each in fields(cast("Any", given)):
        value = getattr(given, each.name)
        if each.name not in names or value is strawberry.UNSET:
            continue
        if value is None and new:
            continue
        if value is None and not _optional(record, each.name):
            raise BadInput(field=camel(each.name), value=None, expected="!= null")
        found[each.name] = _value(value)
    return found


@cache
def _optional(record: type[Node], name: str) -> bool:
    hint = get_type_hints(record)[name]
    return get_origin(hint) in (Union, types.UnionType) and type(None) in get_args(hint)


def _value(value: Any) -> Any:
    if isinstance(value, WeeklyWindowInput):
        return _window(value)
    if isinstance(value, list):
        return tuple(_value(each) for each in cast("list[Any]", value))
    return value


def _window(value: WeeklyWindowInput) -> WeeklyWindow:
    return parse_window(value.weekday, _minutes(value.start), _minutes(value.end))


def _minutes(text: str) -> int:
    hours, _, minutes = text.partition(":")
    if len(hours) == len(minutes) == len("00") and (hours + minutes).isdecimal():
        found = int(hours) * MINUTES_PER_HOUR + int(minutes)
        if int(minutes) < MINUTES_PER_HOUR and found <= END_OF_DAY:
            return found
    raise BadInput(field="windows", value=text, expected="HH:MM")


@strawberry.type
class NodePayload:
    """What a change came to: the node, read by its field's own selection, and its version then."""

    node_id: strawberry.Private[str]
    version: int


def links_of(given: object, entity: Entity, kinds: Kinds) -> Links:
    """Return the links that an input states, by the names of the entity's.

    The link `area` comes from the field `area_id`, `members` from `member_ids`; `kinds` are the
    types that may stand there. Null and an empty list take away. Raises BadIdentifier.
    """
    found: dict[str, tuple[NodeReference, ...]] = {}
    for name, link in entity.links.items():
        field = _SINGULAR.get(name, name) + ("_ids" if link.most > 1 else "_id")
        value = cast("list[str] | str | None", getattr(given, field, strawberry.UNSET))
        if value is strawberry.UNSET:
            continue
        each = [value] if isinstance(value, str) else value or []
        found[name] = tuple(reference(one, *kinds[name]) for one in each)
    return found


async def create_node(info: Info, given: Keyed, entity: Entity, kinds: Kinds) -> Changed:
    """Make a node of what an input says."""
    values = given_fields(given, entity.record, entity.fields, new=True)
    links, request = links_of(given, entity, kinds), request_of(info, given)
    return await entities.create(info.context.graph, entity, values, links, request)


async def edit_node(info: Info, given: NodeInput, entity: Entity, kinds: Kinds) -> Changed:
    """Change a node as an input says."""
    values = given_fields(given, entity.record, entity.fields)
    links, request = links_of(given, entity, kinds), request_of(info, given)
    node_id = uid(given.id, entity.kind)
    return await entities.edit(info.context.graph, entity, node_id, values, links, request)


async def retire_node(info: Info, given: NodeInput, entity: Entity) -> Changed:
    """Take a node out of use."""
    node_id = uid(given.id, entity.kind)
    return await entities.retire(info.context.graph, entity, node_id, request_of(info, given))


async def answer_with(info: Info, payload: type[PayloadT], work: Awaitable[Changed]) -> Any:
    """Return what the change of a node comes to: its payload, or what stood in the way."""

    async def made() -> PayloadT:
        done = await work
        return payload(node_id=done.id, version=done.version)

    return await answer(info, made())
