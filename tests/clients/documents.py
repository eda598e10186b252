"""Generated documents: what they ask with, and the same with variables, as programs send them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import graphql

from tests.clients.bounded import PROBLEM

ALL_PROBLEMS = f"... on {PROBLEM} {{ code message }}"


@dataclass(frozen=True)
class Request:
    """A document with one root field, and what the field's arguments are."""

    query: str
    variables: Mapping[str, Any]
    arguments: Mapping[str, Any]


def request_of(body: str, definition: graphql.GraphQLField, *, lifted: bool) -> Request:
    """Return the request that a generated document makes, with `lifted` arguments by variables.

    Whatever its selection, a result that is a union says which of its members it is. What is null
    among lifted arguments is left out in every second document.
    """
    operation = graphql.parse(body).definitions[0]
    assert isinstance(operation, graphql.OperationDefinitionNode)
    (root,) = operation.selection_set.selections
    assert isinstance(root, graphql.FieldNode)
    arguments = {
        each.name.value: graphql.value_from_ast_untyped(each.value) for each in root.arguments or ()
    }
    before, selected = body, ""
    if root.selection_set is not None:
        assert root.selection_set.loc is not None
        start = root.selection_set.loc.start
        before, selected = body[:start], body[start:]
    if graphql.is_union_type(graphql.get_named_type(definition.type)):
        added = ALL_PROBLEMS if lifted else ""
        selected = f"{{ __typename {added} {selected[1:]}"
    if not lifted:
        return Request(before + selected, {}, arguments)
    declared = ", ".join(f"${name}: {definition.args[name].type}" for name in arguments)
    given = ", ".join(f"{name}: ${name}" for name in arguments)
    heading = operation.operation.value + (f"({declared})" if arguments else "")
    field = root.name.value + (f"({given})" if arguments else "")
    variables = arguments if len(body) % 2 else _without_nulls(arguments)
    # What is selected ends with the brace of the operation.
    rest = selected or "}"
    return Request(f"{heading} {{ {field} {rest}", variables, arguments)


def _without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _without_nulls(each) for name, each in value.items() if each is not None}
    return [_without_nulls(each) for each in value] if isinstance(value, list) else value


def used_by(
    arguments: Mapping[str, Any], definition: graphql.GraphQLField, label: str
) -> Iterator[str]:
    """Yield what a request gives a value: arguments, fields of inputs and values of enums."""
    for name, value in arguments.items():
        if value is not None:
            yield f"{label}({name})"
            yield from _used_in(value, definition.args[name].type)


def _used_in(value: Any, type_: graphql.GraphQLInputType) -> Iterator[str]:
    inner = graphql.get_nullable_type(type_)
    if value is None:
        return
    if isinstance(inner, graphql.GraphQLList):
        for each in value if isinstance(value, list) else [value]:
            yield from _used_in(each, inner.of_type)
    elif isinstance(inner, graphql.GraphQLEnumType):
        yield f"{inner.name}.{value}"
    elif isinstance(inner, graphql.GraphQLInputObjectType):
        for name, each in value.items():
            if each is not None:
                yield f"{inner.name}.{name}"
                yield from _used_in(each, inner.fields[name].type)


def arguments_of(definition: graphql.GraphQLField, label: str) -> set[str]:
    """Return the arguments of an operation, named as `used_by` does."""
    return {f"{label}({name})" for name in definition.args}


def usable(definition: graphql.GraphQLField, label: str) -> set[str]:
    """Return all that requests of an operation can give a value."""
    found = arguments_of(definition, label)
    waiting = [each.type for each in definition.args.values()]
    entered = set[str]()
    while waiting:
        inner = graphql.get_named_type(waiting.pop())
        if inner.name in entered:
            continue
        entered.add(inner.name)
        if isinstance(inner, graphql.GraphQLEnumType):
            found |= {f"{inner.name}.{value}" for value in inner.values}
        elif isinstance(inner, graphql.GraphQLInputObjectType):
            found |= {f"{inner.name}.{name}" for name in inner.fields}
            waiting += [each.type for each in inner.fields.values()]
    return found
