"""How a type of the schema says what it is in the graph.

`node` makes a Strawberry type of a class that inherits its record; `one`, `many` and `page` declare
fields that the read compiler answers. Such a field has no resolver of its own: `schema.build`
gives it one.
"""

import inspect
from collections.abc import Callable, Mapping
from typing import Any, TypeVar, dataclass_transform, get_type_hints

import strawberry
from strawberry.annotation import StrawberryAnnotation
from strawberry.types.arguments import StrawberryArgument
from strawberry.types.field import StrawberryField

from domain.availability import WeeklyWindow
from graph.mapping import GRAPH, OUT, Below, Direction, Many, One, Page, Relation, Structured
from graph.reads.computed import Computed
from graph.records import SORT_KEY
from schema.values import Long, Window, parse_windows

T = TypeVar("T")
NODE_TYPES: set[str] = set()
"""The names of the types that are nodes of the graph."""

QUANTITIES = frozenset(
    {
        "bound",
        "capacity",
        "completed",
        "delivered_number",
        "delivered_offer_quantity",
        "delivered_quantity",
        "held",
        "minimum_lot",
        "offer_quantity",
        "quantity",
        "slot_quantities",
        "value",
        "wanted_quantity",
    }
)
"""The fields of records that may need more than 32 bits: in a measure's smallest unit, or sums of
it, and numbers of the history."""
SERVED: Mapping[Any, Any] = {
    int: Long,
    int | None: Long | None,
    tuple[int, ...]: list[Long],
}

_PAGE_ARGUMENTS: Mapping[str, Any] = {
    "first": int | None,
    "after": str | None,
    "last": int | None,
    "before": str | None,
}


@dataclass_transform(kw_only_default=True)
def node(cls: type[T]) -> type[T]:
    """Make the GraphQL type of a record's class: the same fields, but for what JSON needs.

    The id is global, windows are objects, quantities may need more than 32 bits. The class is
    never instantiated: a compiled read answers from its own rows.
    """
    return _node_type(cls, {})


def node_with(**served: tuple[Any, Structured]) -> Callable[[type[T]], type[T]]:
    """Make the type as `node` does, with text of the record served as objects of another type."""

    def decorate(cls: type[T]) -> type[T]:
        return _node_type(cls, served)

    return decorate


def structured(parse: Callable[[Any], Any], stored: str) -> Any:
    """Declare a field that is objects, read from the text of a property."""
    return strawberry.field(metadata={GRAPH: Structured(parse, stored)})


def _node_type(cls: type[T], served: Mapping[str, tuple[Any, Structured]]) -> type[T]:
    _retype(cls, "id", strawberry.ID)
    for name, (hint, declared) in served.items():
        _retype(cls, name, hint)
        setattr(cls, name, strawberry.field(metadata={GRAPH: declared}))
    for name, hint in get_type_hints(cls.__mro__[1]).items():
        if hint == tuple[WeeklyWindow, ...]:
            _retype(cls, name, list[Window])
            setattr(cls, name, strawberry.field(metadata={GRAPH: Structured(parse_windows)}))
        elif name in QUANTITIES:
            _retype(cls, name, SERVED[hint])
            setattr(cls, name, strawberry.field())
    NODE_TYPES.add(cls.__name__)
    return strawberry.type(cls)


def interface(cls: type[T]) -> type[T]:
    """Make a GraphQL interface of a class whose `id` is global."""
    _retype(cls, "id", strawberry.ID)
    return strawberry.interface(cls)


def _retype(cls: type, name: str, hint: object) -> None:
    """Serve a field of the record as another type than it has in Python."""
    cls.__annotations__ = {**cls.__annotations__, name: hint}


def one(relationship: str, direction: Direction = OUT) -> Any:
    """Declare a field that is the one node at the other end of a relationship."""
    return strawberry.field(metadata={GRAPH: One(Relation(relationship, direction))})


def many(
    relationship: str,
    direction: Direction = OUT,
    *,
    transitive: bool = False,
    order: str = SORT_KEY,
) -> Any:
    """Declare a field that is the connection of the nodes at the other end of a relationship."""
    relation = Relation(relationship, direction, transitive=transitive)
    return _connection(Many(relation, order))


def below(label: str) -> Any:
    """Declare a field that is the connection of all nodes below this one in its tree."""
    return _connection(Many(Below(label), "path"))


def computed(how: Computed, **arguments: object) -> Any:
    """Declare a field that is computed of its node, with its arguments by name and type.

    An underscore at the end of a name is not part of it: `from_` is served as `from`.
    """
    named = {name.rstrip("_"): annotation for name, annotation in arguments.items()}
    return _field(how, named, required=True)


def page(*, order: str = SORT_KEY) -> Any:
    """Declare a root field that is the connection of all nodes of a type."""
    return _connection(Page(order))


def root(declared: object, name: str | None = None, /, **arguments: object) -> Any:
    """Declare any other root field with its arguments by name and type.

    `name` is for a field that cannot have its name in Python.
    """
    field = _field(declared, arguments, required=True)
    field.graphql_name = name
    return field


def _connection(declared: object) -> StrawberryField:
    """Declare a connection; `schema.inputs` adds its filter and its order."""
    return _field(declared, _PAGE_ARGUMENTS, required=False)


def _field(declared: object, arguments: Mapping[str, object], *, required: bool) -> StrawberryField:
    field = strawberry.field(metadata={GRAPH: declared})
    field.arguments = [
        StrawberryArgument(
            python_name=name,
            graphql_name=name,
            type_annotation=StrawberryAnnotation(annotation),
            default=inspect.Parameter.empty if required else strawberry.UNSET,
        )
        for name, annotation in arguments.items()
    ]
    return field
