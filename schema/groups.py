"""The field `groups` of connections: its types, made of what nodes can be grouped by.

Like filters and orders they are added to the built schema: every connection has the groups of its
nodes (`graph.grouping`), and each is written once.
"""

from collections.abc import Callable
from typing import Any, cast

from graphql import (
    GraphQLArgument,
    GraphQLEnumType,
    GraphQLEnumValue,
    GraphQLField,
    GraphQLFloat,
    GraphQLInt,
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLNamedType,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLResolveInfo,
    GraphQLSchema,
    GraphQLString,
)

from domain.language import CATALOGUES, Language, text
from graph.mapping import GraphMapping, target_of
from graph.naming import constant
from graph.reads.grouping import (
    MEASURE,
    AnyKey,
    Grouping,
    NodeKey,
    Rise,
    TimeKey,
    TypeKey,
    ValueKey,
)
from graph.reads.parameters import DEFAULT_PAGE
from graph.reads.plan import BY_COUNT, GROUPS, QUANTITIES
from graph.reads.rows import ConnectionRows, Group
from schema.inputs import SHAPING

BY_KEY = "KEY"
GROUP_ORDER = "GroupOrder"
WHOLE, FRACTIONAL = "LongStatistics", "FloatStatistics"


def add_groups(schema: GraphQLSchema, mapping: GraphMapping) -> None:
    """Give every connection of nodes its field `groups`."""
    made = _Groups(schema, mapping)
    for graphql_type in list(schema.type_map.values()):
        if not isinstance(graphql_type, GraphQLObjectType) or "pageInfo" not in graphql_type.fields:
            continue
        target = target_of(GraphQLField(graphql_type))
        if target in mapping.groupings:
            graphql_type.fields[GROUPS] = made.field(target)


class _Groups:
    def __init__(self, schema: GraphQLSchema, mapping: GraphMapping) -> None:
        self._schema = schema
        self._mapping = mapping
        self._order = self._named(
            GraphQLEnumType(GROUP_ORDER, {BY_COUNT: BY_COUNT, BY_KEY: BY_KEY})
        )
        SHAPING.add(GROUP_ORDER)
        self._statistics = {
            name: self._named(
                GraphQLObjectType(
                    name,
                    {
                        "count": _of(GraphQLNonNull(GraphQLInt)),
                        "sum": _of(GraphQLNonNull(scalar)),
                        "min": _of(scalar),
                        "max": _of(scalar),
                        "average": _of(GraphQLFloat),
                    },
                )
            )
            for name, scalar in ((WHOLE, self._long), (FRACTIONAL, GraphQLFloat))
        }

    def field(self, target: str) -> GraphQLField:
        """Return the field of the connection of a type."""
        grouping = self._mapping.groupings[target]
        by = f"{target}GroupBy"
        SHAPING.add(by)
        keys = GraphQLEnumType(
            by,
            {
                constant(name): GraphQLEnumValue(name, _key_text(self._schema, key))
                for name, key in grouping.keys.items()
            },
        )
        group = self._group(target, grouping)
        return GraphQLField(
            GraphQLNonNull(GraphQLList(GraphQLNonNull(group))),
            {
                "by": GraphQLArgument(
                    GraphQLNonNull(GraphQLList(GraphQLNonNull(self._named(keys))))
                ),
                "orderBy": GraphQLArgument(GraphQLNonNull(self._order), default_value=BY_COUNT),
                "first": GraphQLArgument(GraphQLInt, default_value=DEFAULT_PAGE),
                "offset": GraphQLArgument(GraphQLInt, default_value=0),
            },
            resolve=_groups,
        )

    def _group(self, target: str, grouping: Grouping) -> GraphQLObjectType:
        key = GraphQLObjectType(
            f"{target}GroupKey",
            {
                name: GraphQLField(
                    self._key_type(each),
                    resolve=_key(name),
                    description=_key_text(self._schema, each),
                )
                for name, each in grouping.keys.items()
            },
        )
        fields = {
            "key": GraphQLField(GraphQLNonNull(self._named(key)), resolve=_itself),
            "count": GraphQLField(GraphQLNonNull(GraphQLInt), resolve=_count),
        }
        if grouping.quantities:
            quantities = GraphQLNonNull(self._quantities(target, grouping))
            fields[QUANTITIES] = GraphQLField(
                GraphQLNonNull(GraphQLList(quantities)), resolve=_quantities
            )
        for name, fractional in grouping.numbers.items():
            told = self._statistics[FRACTIONAL if fractional else WHOLE]
            fields[name] = GraphQLField(GraphQLNonNull(told), resolve=_number(name))
        return self._named(GraphQLObjectType(f"{target}Group", fields))

    def _quantities(self, target: str, grouping: Grouping) -> GraphQLObjectType:
        fields = {
            MEASURE: _of(GraphQLNonNull(GraphQLString)),
            "count": _of(GraphQLNonNull(GraphQLInt)),
            **{name: _of(GraphQLNonNull(self._long)) for name in grouping.named},
            **{name: _of(GraphQLNonNull(self._statistics[WHOLE])) for name in grouping.quantities},
        }
        return self._named(GraphQLObjectType(f"{target}Quantities", fields))

    def _key_type(self, key: AnyKey) -> Any:
        # What the library says of its types is partly unknown.
        match key:
            case NodeKey(target=name) | TypeKey(type_name=name):
                return self._schema.type_map[name]
            case TimeKey():
                return self._schema.type_map["Date"]
            case ValueKey(type_name=name):
                return self._schema.type_map[name]

    @property
    def _long(self) -> Any:
        return self._schema.type_map["Long"]

    def _named(self, made: Any) -> Any:
        self._schema.type_map[cast("GraphQLNamedType", made).name] = made
        return made


def _key_text(schema: GraphQLSchema, key: AnyKey) -> str:
    """Return what a key is, in both languages: the fields that lead to it, and what of them."""
    return " ".join(_said(schema, key, language) for language in Language)


def _said(schema: GraphQLSchema, key: AnyKey, language: Language) -> str:
    said = " / ".join(_field_text(schema, each, language) for each in key.fields)
    match key:
        case TimeKey(part=part):
            return text(f"group.by.{part}", language, field=said)
        case NodeKey(rise=Rise(to=to)):
            return text(f"group.by.{to}", language, field=said)
        case TypeKey(fields=()):
            return text("group.type", language)
        case TypeKey():
            return text("group.by.TYPE", language, field=said)
        case _:
            return said


def _field_text(schema: GraphQLSchema, field: str, language: Language) -> str:
    owner, _, name = field.partition(".")
    graphql_type = cast("GraphQLObjectType | GraphQLInterfaceType", schema.type_map[owner])
    above = [each.name for each in graphql_type.interfaces]
    candidates = [f"field.{each}.{name}" for each in (owner, *above)]
    catalogue = CATALOGUES[language]
    return next((catalogue[each] for each in candidates if each in catalogue), None) or text(
        f"field.{name}", language
    )


def _of(made: Any) -> GraphQLField:
    return GraphQLField(made)


def _groups(source: ConnectionRows, info: GraphQLResolveInfo[Any], **_: object) -> list[Group]:
    return source.grouped(info.field_nodes)


def _itself(source: Group, _: object) -> Group:
    return source


def _count(source: Group, _: object) -> int:
    return source.count


def _quantities(source: Group, _: object) -> list[dict[str, Any]]:
    return source.quantities()


def _key(name: str) -> Callable[[Group, object], Any]:
    return lambda source, _: source.key(name)


def _number(name: str) -> Callable[[Group, object], Any]:
    return lambda source, _: source.number(name)
