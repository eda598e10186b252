"""The inputs of connections, made of the filters and orders that the types declare.

They are added to the built schema rather than declared in it: every connection has the filter and
the orders of its nodes, and each is written once, in the graph's own terms (`graph.filtering`).
"""

from collections.abc import Iterator, Mapping
from typing import Any, cast

from graphql import (
    GraphQLArgument,
    GraphQLBoolean,
    GraphQLEnumType,
    GraphQLField,
    GraphQLFloat,
    GraphQLID,
    GraphQLInputField,
    GraphQLInputObjectType,
    GraphQLInt,
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLNamedType,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLString,
)

from graph.mapping import GraphMapping, PropertyField, Scalar, is_connection, target_of
from graph.naming import constant
from graph.ordering import DESCENDING
from graph.reads.conditions import (
    Compared,
    Condition,
    Identified,
    Listed,
    OfType,
    WithinCategoryCode,
)
from graph.reads.filters import (
    AND,
    EVERY,
    NONE,
    NOT,
    OR,
    SOME,
    AsType,
    NodeFilter,
    ToMany,
    ToOne,
)
from graph.reads.search import Search

FILTER, ORDER_BY = "filter", "orderBy"
TEXT = "text"
"""The field of filters that is a search."""
DIRECTION = "SortDirection"
ASCENDING = "ASC"
SHAPING: set[str] = {DIRECTION}
"""The enums whose values change the text of a statement."""
_SCALARS: Mapping[str, GraphQLNamedType] = {
    each.name: each for each in (GraphQLString, GraphQLInt, GraphQLFloat, GraphQLBoolean, GraphQLID)
}


def add_inputs(schema: GraphQLSchema, mapping: GraphMapping) -> None:
    """Give every connection of nodes its arguments `filter` and `orderBy`."""
    inputs = _Inputs(schema, mapping)
    for graphql_field in _connections(schema):
        target = target_of(graphql_field)
        if target in mapping.filters:
            graphql_field.args[FILTER] = GraphQLArgument(inputs.filter(target))
            graphql_field.args[ORDER_BY] = GraphQLArgument(inputs.order(target))


def _connections(schema: GraphQLSchema) -> Iterator[GraphQLField]:
    for graphql_type in list(schema.type_map.values()):
        if isinstance(graphql_type, (GraphQLObjectType, GraphQLInterfaceType)):
            for graphql_field in graphql_type.fields.values():
                if is_connection(graphql_field):
                    yield graphql_field


class _Inputs:
    def __init__(self, schema: GraphQLSchema, mapping: GraphMapping) -> None:
        self._schema = schema
        self._mapping = mapping

    def filter(self, target: str) -> GraphQLInputObjectType:
        """Return the filter of a type; its fields are made when they are first asked for."""
        made = self._mapping.filters[target]
        return self._input(made.name, lambda: self._fields(made))

    def order(self, target: str) -> GraphQLInputObjectType:
        """Return the orders of a type: by which field, in which direction."""
        by = f"{target}SortField"
        SHAPING.add(by)
        fields = {constant(each.field): each.field for each in self._mapping.orders[target]}
        return self._input(
            f"{target}Sort",
            lambda: {
                "field": GraphQLInputField(GraphQLNonNull(self._enum(by, fields))),
                "direction": GraphQLInputField(
                    GraphQLNonNull(
                        self._enum(DIRECTION, {ASCENDING: ASCENDING, DESCENDING: DESCENDING})
                    ),
                    default_value=ASCENDING,
                ),
            },
        )

    def _fields(self, made: NodeFilter) -> dict[str, GraphQLInputField]:
        itself = GraphQLNonNull(self._known(made.name))
        found: dict[str, GraphQLInputField] = {
            AND: GraphQLInputField(GraphQLList(itself)),
            OR: GraphQLInputField(GraphQLList(itself)),
            NOT: GraphQLInputField(itself.of_type),
        }
        for name, condition in made.fields.items():
            found[name] = GraphQLInputField(self._condition(made, name, condition))
        return found

    def _condition(
        self, made: NodeFilter, name: str, condition: Condition | ToOne | ToMany | AsType
    ) -> Any:
        # What the library says of its input types is partly unknown.
        match condition:
            case ToOne(other=other) | AsType(other=other):
                return self._filter_of(other)
            case ToMany(other=other):
                return self._related(other)
            case OfType():
                interface = made.name.removesuffix("Filter")
                kinds = {constant(each): each for each in made.types}
                return GraphQLList(GraphQLNonNull(self._enum(f"{interface}Type", kinds)))
            case Identified(operators=operators):
                return self._operators("ID", GraphQLID, operators)
            case Listed(operators=operators):
                return self._operators("StringList", GraphQLString, operators)
            case Compared(operators=operators):
                return self._compared(made, name, operators)
            case Search() | WithinCategoryCode():
                return GraphQLString
            case _:
                return GraphQLID

    def _compared(
        self, made: NodeFilter, name: str, operators: tuple[str, ...]
    ) -> GraphQLInputObjectType:
        mapped = self._mapping.nodes[made.types[0]][name]
        if not isinstance(mapped, PropertyField):
            return self._operators("String", GraphQLString, operators)
        named = self._named(mapped.type_name)
        kind = mapped.type_name if mapped.scalar is not Scalar.ENUM else named.name
        return self._operators(kind, named, operators)

    def _operators(
        self, kind: str, operand: GraphQLNamedType, operators: tuple[str, ...]
    ) -> GraphQLInputObjectType:
        one: Any = operand
        several: Any = GraphQLList(GraphQLNonNull(one))

        def fields() -> dict[str, GraphQLInputField]:
            kinds: dict[str, Any] = {
                "isNull": GraphQLBoolean,
                "isEmpty": GraphQLBoolean,
                "in": several,
                "notIn": several,
                "hasAny": several,
                "hasAll": several,
            }
            return {name: GraphQLInputField(kinds.get(name, one)) for name in operators}

        return self._input(f"{kind}Filter", fields)

    def _related(self, other: NodeFilter) -> GraphQLInputObjectType:
        def fields() -> dict[str, GraphQLInputField]:
            inner = self._filter_of(other)
            return {name: GraphQLInputField(inner) for name in (SOME, NONE, EVERY)}

        return self._input(f"{other.name.removesuffix('Filter')}RelationFilter", fields)

    def _filter_of(self, other: NodeFilter) -> GraphQLInputObjectType:
        return self.filter(other.name.removesuffix("Filter"))

    def _named(self, name: str) -> GraphQLNamedType:
        return _SCALARS.get(name) or self._schema.type_map[name]

    def _known(self, name: str) -> Any:
        return self._schema.type_map[name]

    def _input(self, name: str, fields: Any) -> GraphQLInputObjectType:
        if name in self._schema.type_map:
            return cast("GraphQLInputObjectType", self._known(name))
        made = GraphQLInputObjectType(name, fields)
        self._schema.type_map[name] = made
        # Asking for the fields makes the types that they are of.
        _ = made.fields
        return made

    def _enum(self, name: str, values: dict[str, str]) -> GraphQLEnumType:
        if name not in self._schema.type_map:
            self._schema.type_map[name] = GraphQLEnumType(name, cast("Any", values))
        return cast("GraphQLEnumType", self._known(name))
