"""How the types of the schema lie in the graph: declared beside each field, gathered here.

A type of the schema declares its relations with `One` and `Many`, its roots with `ById`, `ByIds`,
`Node` and `Page`, its inputs' fields with the predicates of `graph.reads.filters`; everything else
of a record is a property of the node of the same name. `graph_mapping` gathers the declarations of
a built schema for the read compiler.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, TypeAlias, cast

from graphql import (
    GraphQLArgument,
    GraphQLEnumType,
    GraphQLField,
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLNamedType,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLSchema,
    get_named_type,
)

from domain.access import CONTACT_FIELDS
from graph.ordering import SORT_KEY, Order
from graph.reads.computed import Computed
from graph.reads.filters import NodeFilter
from graph.reads.grouping import Grouping
from graph.records import camel

CONTACTS = tuple(camel(name) for name in CONTACT_FIELDS)
DEEPEST = 12
"""Levels of a tree that a transitive relation follows at most."""


class Direction(StrEnum):
    """Which way a relationship points, seen from the node that declares it."""

    OUT = "OUT"
    IN = "IN"


OUT = Direction.OUT
IN = Direction.IN


@dataclass(frozen=True, slots=True)
class Relation:
    """A relationship to other nodes; `transitive` follows it to any depth."""

    type: str
    direction: Direction
    transitive: bool = False

    @property
    def single(self) -> bool:
        """Whether it is one relationship."""
        return not self.transitive

    def pattern(self, start: str, end: str) -> str:
        """Return the pattern between a bound variable and the inside of the other node."""
        hops = f"*1..{DEEPEST}" if self.transitive else ""
        left, right = ("-", "->") if self.direction is OUT else ("<-", "-")
        return f"({start}){left}[:{self.type}{hops}]{right}({end})"


@dataclass(frozen=True, slots=True)
class Below:
    """All nodes of the same tree below this one, found by the prefix of their `path`."""

    label: str

    @property
    def single(self) -> bool:
        """Whether it is one relationship: it is none."""
        return False

    def pattern(self, start: str, end: str) -> str:
        """Return the pattern; its condition is part of it."""
        variable = end.partition(":")[0]
        return (
            f"({end}) WHERE {variable}.path STARTS WITH {start}.path "
            f"AND {variable}.path <> {start}.path"
        )


@dataclass(frozen=True, slots=True)
class One:
    """A field that is at most one other node."""

    relation: Relation


@dataclass(frozen=True, slots=True)
class Many:
    """A field that is a connection, in the order of a unique property."""

    relation: Relation | Below
    order: str = SORT_KEY


@dataclass(frozen=True, slots=True)
class Structured:
    """A field whose stored text is served as objects: `parse` gives plain dicts and lists.

    The dicts have the names of the fields of the GraphQL type. `parse` gets what is stored, None
    for an absent property; `property` is the property where it is not of the field's name.
    """

    parse: Callable[[Any], Any]
    property: str | None = None


@dataclass(frozen=True, slots=True)
class ById:
    """A root field: the node of one type with this global id, or null."""


@dataclass(frozen=True, slots=True)
class AnyById:
    """A root field: the node with this global id, of whatever type, or null."""


@dataclass(frozen=True, slots=True)
class AnyByIds:
    """A root field: the nodes with these global ids, in their order, null for each not found."""


@dataclass(frozen=True, slots=True)
class Page:
    """A root field: the connection of all nodes of a type, in the order of a unique property."""

    order: str = SORT_KEY


Declaration: TypeAlias = One | Many | Structured | Computed | ById | AnyById | AnyByIds | Page
GRAPH = "graph"
"""Under this key the metadata of a Strawberry field holds its declaration or predicate."""


class Scalar(StrEnum):
    """How a property's value is served."""

    TEXT = "TEXT"
    INTEGER = "INTEGER"
    LONG = "LONG"
    FLOAT = "FLOAT"
    ENUM = "ENUM"


SCALARS = {"Int": Scalar.INTEGER, "Long": Scalar.LONG, "Float": Scalar.FLOAT}


@dataclass(frozen=True, slots=True)
class IdField:
    """The global id, made of the type's name and the property `id`."""


@dataclass(frozen=True, slots=True)
class PropertyField:
    """A property; `values` are the names of an enum, `parse` serves structured ones."""

    name: str
    scalar: Scalar
    type_name: str
    required: bool
    listed: bool
    values: tuple[str, ...] = ()
    parse: Callable[[Any], Any] | None = None


@dataclass(frozen=True, slots=True)
class ContactField:
    """One of the three masked contact properties, by its place in CONTACTS."""

    index: int


@dataclass(frozen=True, slots=True)
class OneField:
    """At most one node of `target`, a type or an interface."""

    relation: Relation
    target: str
    required: bool


@dataclass(frozen=True, slots=True)
class ManyField:
    """A connection of nodes of `target`, a type or an interface; at a root without relation."""

    relation: Relation | Below | None
    target: str
    order: str


@dataclass(frozen=True, slots=True)
class ComputedField:
    """A field that a function computes; `listed` where it gives a list."""

    computed: Computed
    listed: bool


MappedField: TypeAlias = (
    IdField | PropertyField | ContactField | OneField | ManyField | ComputedField
)


@dataclass(frozen=True, slots=True)
class RootField:
    """A root field: what it is, and of which type."""

    declared: ById | AnyById | AnyByIds | Page
    target: str


@dataclass(slots=True)
class GraphMapping:
    """The declarations of a schema, by type and field."""

    nodes: dict[str, dict[str, MappedField]] = field(
        default_factory=dict[str, dict[str, MappedField]]
    )
    roots: dict[str, RootField] = field(default_factory=dict[str, RootField])
    possible: dict[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    """The node types that a name stands for: itself, or an interface's implementations."""
    interfaces: dict[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    """The fields of each interface of nodes."""
    filters: dict[str, NodeFilter] = field(default_factory=dict[str, NodeFilter])
    """The filter of each type that a connection or a relation leads to."""
    orders: dict[str, tuple[Order, ...]] = field(default_factory=dict[str, tuple[Order, ...]])
    """By what the nodes of each such type can be ordered."""
    groupings: dict[str, Grouping] = field(default_factory=dict[str, Grouping])
    """By what they can be grouped."""


Metadata: TypeAlias = Callable[[object], object]
"""Returns what a field of the schema declares, or None."""


def graph_mapping(
    schema: GraphQLSchema, node_types: frozenset[str], metadata: Metadata
) -> GraphMapping:
    """Gather the declarations of a built schema. `node_types` are the types that are nodes."""
    mapping = GraphMapping()
    for name, graphql_type in schema.type_map.items():
        if isinstance(graphql_type, GraphQLInterfaceType):
            implementations = schema.get_possible_types(graphql_type)
            names = tuple(sorted(found.name for found in implementations))
            if names and node_types.issuperset(names):
                mapping.possible[name] = names
                mapping.interfaces[name] = tuple(graphql_type.fields)
        elif name in node_types:
            mapping.possible[name] = (name,)
    for name in node_types:
        object_type = cast("GraphQLObjectType", schema.type_map[name])
        mapping.nodes[name] = {
            field_name: _mapped(field_name, graphql_field, metadata)
            for field_name, graphql_field in object_type.fields.items()
        }
    if schema.query_type is not None:
        for field_name, graphql_field in schema.query_type.fields.items():
            declared = metadata(graphql_field)
            if isinstance(declared, (ById, AnyById, AnyByIds, Page)):
                mapping.roots[field_name] = RootField(declared, target_of(graphql_field))
    return mapping


def named_type(declared: GraphQLField | GraphQLArgument) -> GraphQLNamedType:
    """Return the type of a field or an argument without its lists and non-nulls."""
    # The library's own annotation of `type` is partly unknown.
    return cast("GraphQLNamedType", get_named_type(cast("Any", declared).type))


def is_required(declared: GraphQLField) -> bool:
    """Return whether a field is never null."""
    return isinstance(cast("Any", declared).type, GraphQLNonNull)


def is_listed(declared: GraphQLField) -> bool:
    """Return whether a field is a list."""
    found = cast("Any", declared).type
    return isinstance(found.of_type if is_required(declared) else found, GraphQLList)


def _mapped(name: str, graphql_field: GraphQLField, metadata: Metadata) -> MappedField:
    declared = metadata(graphql_field)
    if isinstance(declared, One):
        required = is_required(graphql_field)
        return OneField(declared.relation, target_of(graphql_field), required)
    if isinstance(declared, Many):
        return ManyField(declared.relation, target_of(graphql_field), declared.order)
    if isinstance(declared, Computed):
        return ComputedField(declared, is_listed(graphql_field))
    if name == "id":
        return IdField()
    if name in CONTACTS:
        return ContactField(CONTACTS.index(name))
    return _property(name, graphql_field, declared)


def _property(name: str, graphql_field: GraphQLField, declared: object) -> PropertyField:
    named = named_type(graphql_field)
    values: tuple[str, ...] = ()
    scalar = SCALARS.get(named.name, Scalar.TEXT)
    if isinstance(named, GraphQLEnumType):
        scalar, values = Scalar.ENUM, tuple(named.values)
    structured = declared if isinstance(declared, Structured) else None
    return PropertyField(
        name=(structured and structured.property) or name,
        scalar=scalar,
        type_name=named.name,
        required=is_required(graphql_field),
        listed=is_listed(graphql_field),
        values=values,
        parse=structured and structured.parse,
    )


def is_connection(graphql_field: GraphQLField) -> bool:
    """Return whether a field is a connection."""
    named = named_type(graphql_field)
    return isinstance(named, GraphQLObjectType) and "pageInfo" in named.fields


def target_of(graphql_field: GraphQLField) -> str:
    """Return the type of the nodes of a field: its own, or that of its connection's nodes."""
    named = named_type(graphql_field)
    if isinstance(named, GraphQLObjectType) and "pageInfo" in named.fields:
        named = named_type(named.fields["nodes"])
    return named.name
