"""The resolvers of the ordinary executor: they walk the rows that a compiled read returned."""

from collections.abc import Callable, Sequence
from typing import Any, cast

from graphql import (
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLResolveInfo,
    GraphQLSchema,
)

from graph.access import AccessKind
from graph.mapping import (
    AnyByIds,
    ComputedField,
    GraphMapping,
    MappedField,
    PropertyField,
    RootField,
    named_type,
)
from graph.reads.columns import RootPlan
from graph.reads.plan import GROUPS, Planner
from graph.reads.root import RootRead, plan_root
from graph.reads.rows import Row
from schema.context import Context, Info

READS = "reads"
"""Under this key the extensions of the schema hold its mapping."""


def attach(schema: GraphQLSchema, mapping: GraphMapping) -> None:
    """Give every declared field its resolver, and every node type the way to tell it."""
    schema.extensions[READS] = mapping
    for name, fields in mapping.nodes.items():
        object_type = cast("GraphQLObjectType", schema.type_map[name])
        object_type.is_type_of = None
        for field_name, mapped in fields.items():
            graphql_field = object_type.fields[field_name]
            graphql_field.resolve = _resolver(mapped)
            structured = isinstance(mapped, PropertyField) and mapped.parse is not None
            if structured or isinstance(mapped, ComputedField):
                _walk_objects(named_type(graphql_field))
    for graphql_type in schema.type_map.values():
        if isinstance(graphql_type, GraphQLInterfaceType) and graphql_type.name in mapping.possible:
            graphql_type.resolve_type = _type_of
        elif isinstance(graphql_type, GraphQLObjectType) and _pages(graphql_type):
            _walk_attributes(graphql_type)
    query_type = cast("GraphQLObjectType", schema.query_type)
    for name in mapping.roots:
        query_type.fields[name].resolve = _resolve_root


def mapping_of(schema: GraphQLSchema) -> GraphMapping:
    """Return the mapping that was attached to a schema."""
    return cast("GraphMapping", schema.extensions[READS])


def raw_info(info: Info) -> GraphQLResolveInfo[Context]:
    """Return graphql-core's info: the selection and the schema are only there."""
    return cast("GraphQLResolveInfo[Context]", cast("Any", info)._raw_info)  # noqa: SLF001


async def read_node(info: Info, type_name: str, node_id: str) -> Any:
    """Return a node for a field of a payload, read by the field's own selection: one statement.

    None when there is no such node, or not for this caller.
    """
    raw = raw_info(info)
    mapping = mapping_of(raw.schema)
    planner = Planner(raw.schema, mapping, raw.fragments, raw.variable_values)
    definition = raw.parent_type.fields[raw.field_name]
    plan = planner.node_root(str(raw.path.key), None, definition, raw.field_nodes, (type_name,))
    return await _read(_compiled(plan, mapping, raw.context), raw, node_id)


async def read_nodes(info: Info, nodes: Sequence[tuple[str, str]]) -> list[Any]:
    """Return nodes, given as type and uid, for a field that serves them: one statement.

    They are in the order in which they are given, None for each that is not for this caller.
    """
    if not nodes:
        return []
    raw = raw_info(info)
    mapping = mapping_of(raw.schema)
    planner = Planner(raw.schema, mapping, raw.fragments, raw.variable_values)
    definition = raw.parent_type.fields[raw.field_name]
    types = sorted({kind for kind, _ in nodes})
    field = RootField(AnyByIds(), named_type(definition).name)
    plan = planner.node_root(str(raw.path.key), field, definition, raw.field_nodes, types)
    read = _compiled(plan, mapping, raw.context)
    found = read.rows(await read.run(raw.context, raw.variable_values, nodes=nodes))
    return cast("list[Any]", found)


def _compiled(plan: RootPlan, mapping: GraphMapping, context: Context) -> RootRead:
    return RootRead(plan, mapping, AccessKind.of(context.viewer))


async def _read(read: RootRead, raw: GraphQLResolveInfo[Context], uid: str | None = None) -> Any:
    return read.rows(await read.run(raw.context, raw.variable_values, uid))


async def _resolve_root(_: object, info: GraphQLResolveInfo[Context], **_arguments: object) -> Any:
    mapping = mapping_of(info.schema)
    planner = Planner(info.schema, mapping, info.fragments, info.variable_values)
    definition = info.parent_type.fields[info.field_name]
    plan = plan_root(planner, mapping, str(info.path.key), definition, info.field_nodes)
    return await _read(_compiled(plan, mapping, info.context), info)


def _resolver(mapped: MappedField) -> Callable[..., Any]:
    def resolve(row: Row, info: GraphQLResolveInfo[Context], **_: object) -> Any:
        return row.value(mapped, info.field_nodes)

    return resolve


def _type_of(row: Row, *_: object) -> str:
    return row.type_name


def _pages(graphql_type: GraphQLObjectType) -> bool:
    return graphql_type.name == "PageInfo" or graphql_type.name.endswith(("Connection", "Edge"))


def _walk_attributes(graphql_type: GraphQLObjectType) -> None:
    for name, graphql_field in graphql_type.fields.items():
        if name != GROUPS:
            graphql_field.resolve = _attribute(name)
    graphql_type.is_type_of = None


def _attribute(name: str) -> Callable[..., Any]:
    def resolve(source: object, _: GraphQLResolveInfo[Context]) -> Any:
        return getattr(source, name)

    return resolve


def _walk_objects(graphql_type: object) -> None:
    if not isinstance(graphql_type, GraphQLObjectType):
        return
    for name, graphql_field in graphql_type.fields.items():
        graphql_field.resolve = _item(name)
        _walk_objects(named_type(graphql_field))


def _item(name: str) -> Callable[..., Any]:
    def resolve(source: dict[str, Any], _: GraphQLResolveInfo[Context]) -> Any:
        return source[name]

    return resolve
