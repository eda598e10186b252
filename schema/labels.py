"""What enums and measures are called: beside each such field of a node, and as whole vocabularies.

`state` is served with `stateLabel`, in the language of the request or in that of its argument, so
that no client keeps a table of its own. The fields are made of what the nodes declare.
"""

from collections.abc import Sequence
from functools import partial
from typing import Any, cast

import strawberry
from graphql import (
    GraphQLArgument,
    GraphQLEnumType,
    GraphQLField,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLString,
)

from domain.errors import BadInput
from domain.language import CATALOGUES, Language, action_name, label
from domain.measures import MEASURES
from graph.mapping import ComputedField, GraphMapping, PropertyField, Scalar
from graph.reads.computed import Asked, Computed
from graph.reads.grouping import MEASURE
from schema.context import Info
from schema.resolve import raw_info

LABEL = "Label"
MEASURES_NAME = "Measure"
EVENT, ACTION = "Event", "action"
LANGUAGE = "language"
strawberry.enum(Language)


@strawberry.type
class Label:
    """A value of a vocabulary and what it is called."""

    value: str
    label: str
    scale: int | None


@strawberry.type
class Vocabulary:
    """The values of an enum, or the measures, and what they are called."""

    name: str
    values: list[Label]


@strawberry.type
class Vocabularies:
    """What values are called."""

    @strawberry.field
    def vocabularies(
        self, info: Info, names: list[str] | None = None, language: Language | None = None
    ) -> list[Vocabulary]:
        """Return vocabularies by their names, all of them where none are given."""
        known = _known(raw_info(info).schema)
        # Each once, so that no list of names can make the answer longer than all of them.
        wanted = list(dict.fromkeys(names or known))
        for name in wanted:
            if name not in known:
                raise BadInput(field="names", value=name, expected=" | ".join(known))
        spoken = language or info.context.language
        return [_vocabulary(name, known[name], spoken) for name in wanted]


def _known(schema: GraphQLSchema) -> dict[str, list[str]]:
    """Return the values of every vocabulary that has labels."""
    catalogue = CATALOGUES[Language.ZH]
    found = {
        name: list(graphql_type.values)
        for name, graphql_type in sorted(schema.type_map.items())
        if isinstance(graphql_type, GraphQLEnumType)
        and all(f"enum.{name}.{value}" in catalogue for value in graphql_type.values)
    }
    return {**found, MEASURES_NAME: list(MEASURES)}


def _vocabulary(name: str, values: Sequence[str], language: Language) -> Vocabulary:
    scales = {code: measure.scale for code, measure in MEASURES.items()}
    measures = scales if name == MEASURES_NAME else {}
    return Vocabulary(
        name=name,
        values=[
            Label(value=each, label=label(name, each, language), scale=measures.get(each))
            for each in values
        ],
    )


def add_labels(schema: GraphQLSchema, mapping: GraphMapping) -> None:
    """Give each enum, each measure and the action of events a field with what it is called."""
    for type_name, fields in mapping.nodes.items():
        object_type = cast("GraphQLObjectType", schema.type_map[type_name])
        for name, mapped in list(fields.items()):
            if not isinstance(mapped, PropertyField) or mapped.listed:
                continue
            kind = MEASURES_NAME if name == MEASURE else mapped.type_name
            if type_name == EVENT and name == ACTION:
                kind = ACTION
            elif mapped.scalar is not Scalar.ENUM and name != MEASURE:
                continue
            computed = Computed(f"{name}{LABEL}", partial(_label, kind), (mapped.name,))
            fields[computed.name] = ComputedField(computed, listed=False)
            said = GraphQLNonNull(GraphQLString) if mapped.required else GraphQLString
            language = cast("Any", schema.type_map["Language"])
            object_type.fields[computed.name] = GraphQLField(
                said, {LANGUAGE: GraphQLArgument(language)}
            )


def _label(kind: str, values: Sequence[Any], asked: Asked) -> str | None:
    (value,) = values
    language = asked.arguments.get(LANGUAGE) or asked.language
    if value is None:
        return None
    spoken = Language(language)
    return action_name(value, spoken) if kind == ACTION else label(kind, value, spoken)
