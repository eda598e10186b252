"""Descriptions from the catalogues: Chinese first, then English.

A field is described by `field.Type.name`, else by that of an interface or by `field.name`; an
argument by `argument.Type.name` or `argument.name`; connections and edges by those of all
connections and edges; the
inputs that are made of the declarations by `NodeFilter`, `RelationFilter`, `Operators`, `Sort`, and
their fields by those of the nodes that they are for; groups by those of all groups and by the
fields of their nodes; the input of a change by the fields of what it
changes.
"""

import re

from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLSchema,
    is_introspection_type,
    is_specified_scalar_type,
)

from domain.language import CATALOGUES, Language, text

GENERIC = ("Connection", "Edge", "GroupKey", "Group", "Quantities", "Statistics")
GROUP_BY = "GroupBy"
_CHANGE = re.compile(r"(?:Create|Edit)(\w+)Input")
_NODES = {
    "Order": "DemandOrder",
    "Offer": "ResourceOffer",
    "List": "NeedList",
    "Branch": "PartyBranch",
}
"""Where the input of a change is named otherwise than the type that it changes."""
SORT_FIELD = "SortField"
LABEL = "Label"
"""With this ends the field that says what the value of another is called."""


def describe(schema: GraphQLSchema) -> list[str]:
    """Describe everything in a schema; return the keys that the catalogues do not have."""
    missing: list[str] = []
    for graphql_type in schema.type_map.values():
        if is_introspection_type(graphql_type) or is_specified_scalar_type(graphql_type):
            continue
        made = [*_generated(schema, graphql_type.name), *_of_groups(graphql_type.name)]
        kind = _kind(graphql_type.name)
        graphql_type.description = _found(
            missing, f"type.{kind}", *(f"type.{each}" for each in made)
        )
        if isinstance(graphql_type, GraphQLEnumType):
            _describe_values(schema, graphql_type, made, missing)
        elif isinstance(graphql_type, (GraphQLObjectType, GraphQLInterfaceType)):
            _describe_fields(graphql_type, missing)
        elif isinstance(graphql_type, GraphQLInputObjectType):
            of = _ordered(schema, graphql_type.name)
            above = [
                *_changed_by(graphql_type.name),
                *made,
                *([of.name, *_above(of)] if of is not None else []),
            ]
            for name, input_field in graphql_type.fields.items():
                input_field.description = _found(missing, *_keys(graphql_type.name, above, name))
    return missing


def _describe_values(
    schema: GraphQLSchema, graphql_type: GraphQLEnumType, made: list[str], missing: list[str]
) -> None:
    if GROUP_BY in made:
        # They are described where the keys are made (`schema.groups`).
        return
    of = _ordered(schema, graphql_type.name) if SORT_FIELD in made else None
    for name, value in graphql_type.values.items():
        keys = [f"enum.{graphql_type.name}.{name}"]
        if "InterfaceType" in made:
            keys.append(f"type.{value.value}")
        if of is not None:
            keys += _keys(of.name, _above(of), _field_name(name))
        value.description = _found(missing, *keys)


def _generated(schema: GraphQLSchema, name: str) -> list[str]:
    """Return what kind of an input is made of the declarations, [] for others."""
    if name.endswith("RelationFilter"):
        return ["RelationFilter"]
    if name.endswith("Filter"):
        return ["NodeFilter" if _ordered(schema, name) is not None else "Operators"]
    if name.endswith(SORT_FIELD):
        return [SORT_FIELD]
    if name.endswith("Sort"):
        return ["Sort"]
    if name.endswith("Type") and isinstance(
        schema.type_map.get(name.removesuffix("Type")), GraphQLInterfaceType
    ):
        return ["InterfaceType"]
    return []


def _of_groups(name: str) -> list[str]:
    """Return what else says what the types of groups are: the type whose fields they are of."""
    if name.endswith(GROUP_BY):
        return [GROUP_BY]
    for ending in ("Group", "Quantities"):
        if name.endswith(ending):
            return [name.removesuffix(ending)]
    return []


def _ordered(schema: GraphQLSchema, name: str) -> GraphQLObjectType | GraphQLInterfaceType | None:
    """Return the type of the nodes that a generated input or enum is for."""
    for ending in ("RelationFilter", "Filter", SORT_FIELD, "Sort"):
        if name.endswith(ending):
            found = schema.type_map.get(name.removesuffix(ending))
            known = isinstance(found, (GraphQLObjectType, GraphQLInterfaceType))
            return found if known else None
    return None


def _above(graphql_type: GraphQLObjectType | GraphQLInterfaceType) -> list[str]:
    return [each.name for each in graphql_type.interfaces]


def _field_name(constant: str) -> str:
    first, *rest = constant.lower().split("_")
    return first + "".join(part.capitalize() for part in rest)


def _describe_fields(
    graphql_type: GraphQLObjectType | GraphQLInterfaceType, missing: list[str]
) -> None:
    above = _above(graphql_type)
    kind = _kind(graphql_type.name)
    owners = [*_of_groups(graphql_type.name), *above]
    for name, field in graphql_type.fields.items():
        # Keys are described where they are made (`schema.groups`).
        if kind != "GroupKey":
            named = name.removesuffix(LABEL)
            labelled = named != name and named in graphql_type.fields
            field.description = _found(
                missing,
                *_keys(kind, owners, named if labelled else name),
                ending="label.of" if labelled else None,
            )
        for argument_name, argument in field.args.items():
            argument.description = _found(
                missing,
                f"argument.{graphql_type.name}.{argument_name}",
                f"argument.{argument_name}",
            )


def _changed_by(name: str) -> list[str]:
    """Return the type that an input makes or edits: their fields mean the same."""
    found = _CHANGE.fullmatch(name)
    return [_NODES.get(found[1], found[1])] if found else []


def _found(missing: list[str], *keys: str, ending: str | None = None) -> str | None:
    for key in keys:
        if all(key in catalogue for catalogue in CATALOGUES.values()):
            return " ".join(
                text(key, each) + ("" if ending is None else text(ending, each))
                for each in Language
            )
    missing.append(keys[0])
    return None


def _kind(name: str) -> str:
    for generic in GENERIC:
        if name.endswith(generic):
            return generic
    return name


def _keys(kind: str, above: list[str], field_name: str) -> list[str]:
    return [f"field.{owner}.{field_name}" for owner in (kind, *above)] + [f"field.{field_name}"]
