"""The values of a statement: page sizes, bounds, filters, ids, resolved anew for each request."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeAlias, cast

from graphql import (
    FieldNode,
    GraphQLField,
    ListValueNode,
    ObjectValueNode,
    ValueNode,
    VariableNode,
    get_argument_values,
)
from graphql.execution.values import VariableValues

from domain.access import Viewer
from domain.claims import ClaimPolicy
from domain.errors import BadInput, PageTooLarge
from domain.identity import parse_global_id
from domain.language import Language
from graph.ordering import key_with
from graph.reads.columns import ComputedColumn, GroupsColumn, PagePlan
from graph.reads.computed import Asked
from graph.reads.cursors import HIGHEST, LOWEST, decode_cursor
from graph.reads.grouping import LARGEST_OFFSET

DEFAULT_PAGE = 20
LARGEST_PAGE = 100


@dataclass(frozen=True, slots=True)
class PageValue:
    """What the answer needs of a page: its size, and whether it was bounded on either side."""

    size: int
    after: bool
    before: bool


RequestValue: TypeAlias = PageValue | Asked
"""What the answer needs of the request at one place: of a page, or of a computed field."""


@dataclass(frozen=True, slots=True)
class _Resolved:
    value: PageValue
    parameters: dict[str, Any]


class PageResolvers:
    """Resolves the pages of one root for given variables."""

    def __init__(self, pages: Sequence[PagePlan]) -> None:
        self._steps: list[Callable[[VariableValues], _Resolved]] = [_step(page) for page in pages]

    def resolve(
        self, variables: VariableValues, parameters: dict[str, Any]
    ) -> tuple[PageValue, ...]:
        """Add the parameters of all pages, and return the values that the answer needs.

        Raises InputError for sizes, cursors and filter values that are not possible.
        """
        values: list[PageValue] = []
        for step in self._steps:
            resolved = step(variables)
            parameters.update(resolved.parameters)
            values.append(resolved.value)
        return tuple(values)


class ComputedResolvers:
    """Resolves the arguments of the computed fields of one root for given variables."""

    def __init__(self, columns: Sequence[ComputedColumn]) -> None:
        self._columns = columns
        self._arguments = [_arguments(column.definition, column.node) for column in columns]

    def resolve(
        self,
        variables: VariableValues,
        parameters: dict[str, Any],
        viewer: Viewer,
        language: Language,
        now: datetime,
        policy: ClaimPolicy,
    ) -> tuple[Asked, ...]:
        """Add the parameters of all facts, and return what the functions are given.

        Raises InputError for arguments that are not possible.
        """
        found: list[Asked] = []
        for column, arguments_of in zip(self._columns, self._arguments, strict=True):
            arguments = arguments_of(variables)
            for name, value in column.field.computed.parameters(arguments).items():
                parameters[f"computed{column.index}_{name}"] = value
            found.append(Asked(viewer, language, now, policy, arguments))
        return tuple(found)


class GroupResolvers:
    """Resolves which groups of one root are asked for, for given variables."""

    def __init__(self, columns: Sequence[GroupsColumn]) -> None:
        self._columns = [(each, _arguments(each.definition, each.node)) for each in columns]

    def resolve(self, variables: VariableValues, parameters: dict[str, Any]) -> None:
        """Add the parameters of all groups. Raises InputError for what is not possible."""
        for column, arguments_of in self._columns:
            arguments = arguments_of(variables)
            first, offset = arguments.get("first"), arguments.get("offset")
            size = cast("int", DEFAULT_PAGE if first is None else first)
            skipped = cast("int", 0 if offset is None else offset)
            if not 1 <= size <= LARGEST_PAGE:
                raise PageTooLarge(asked=size, limit=LARGEST_PAGE)
            if not 0 <= skipped <= LARGEST_OFFSET:
                raise BadInput(field="offset", value=skipped, expected=f"0 - {LARGEST_OFFSET}")
            parameters[f"{column.prefix}first"] = size
            parameters[f"{column.prefix}offset"] = skipped


def _arguments(
    definition: GraphQLField, node: FieldNode
) -> Callable[[VariableValues], Mapping[str, Any]]:
    if not any(has_variables(argument.value) for argument in node.arguments or ()):
        fixed = get_argument_values(definition, node)
        return lambda _: fixed
    return lambda variables: get_argument_values(definition, node, variables)


def _step(page: PagePlan) -> Callable[[VariableValues], _Resolved]:
    if not any(has_variables(argument.value) for argument in page.node.arguments or ()):
        arguments = get_argument_values(page.definition, page.node)
        fixed: list[_Resolved] = []

        def constant(_: VariableValues) -> _Resolved:
            # Resolved at the first request, so that a bad value is that request's error.
            if not fixed:
                fixed.append(_resolve(page, arguments))
            return fixed[0]

        return constant

    def varying(variables: VariableValues) -> _Resolved:
        return _resolve(page, get_argument_values(page.definition, page.node, variables))

    return varying


def _resolve(page: PagePlan, arguments: Mapping[str, Any]) -> _Resolved:
    first, last = arguments.get("first"), arguments.get("last")
    if first is not None and last is not None:
        raise BadInput(field="last", value=last, expected="first | last")
    asked = first if first is not None else last
    size = cast("int", DEFAULT_PAGE if asked is None else asked)
    if not 1 <= size <= LARGEST_PAGE:
        raise PageTooLarge(asked=size, limit=LARGEST_PAGE)
    after, before = arguments.get("after"), arguments.get("before")
    start, end = (
        None if cursor is None else decode_cursor(cursor, page.order, descending=page.descending)
        for cursor in (after, before)
    )
    low, high = (end, start) if page.descending else (start, end)
    above, below = low or LOWEST, high or HIGHEST
    if page.grouped is not None:
        value = arguments["filter"][page.grouped.field]["eq"]
        above, below = key_with(value, above), key_with(value, below)
    parameters: dict[str, Any] = {f"size{page.index}": size + 1 if page.more else size}
    if page.bounded:
        parameters |= {f"above{page.index}": above, f"below{page.index}": below}
    if page.filter is not None:
        if page.filter.shape(arguments["filter"]) != page.shape:
            # The tests of the text, those of visibility among them, hold for its shape alone.
            raise RuntimeError("a filter of another shape than its plan's")
        given = page.filter.values(arguments["filter"])
        parameters.update({f"filter{page.index}_{at}": each for at, each in enumerate(given)})
    return _Resolved(PageValue(size, after is not None, before is not None), parameters)


def has_variables(value: ValueNode) -> bool:
    """Return whether a value of the document holds a variable."""
    if isinstance(value, VariableNode):
        return True
    if isinstance(value, ListValueNode):
        return any(has_variables(item) for item in value.values)
    if isinstance(value, ObjectValueNode):
        return any(has_variables(field.value) for field in value.fields)
    return False


def ids_by_type(
    values: Sequence[str], kinds: Sequence[str]
) -> tuple[dict[str, list[str]], list[tuple[str, str]]]:
    """Return the uids of global ids by type, and all of them in their order.

    Raises BadIdentifier, and PageTooLarge for more than a page of them.
    """
    if len(values) > LARGEST_PAGE:
        raise PageTooLarge(asked=len(values), limit=LARGEST_PAGE)
    ordered = [parse_global_id(value, kinds) for value in values]
    by_type: dict[str, list[str]] = {}
    for kind, uid in ordered:
        uids = by_type.setdefault(kind, [])
        if uid not in uids:
            uids.append(uid)
    return {kind: by_type[kind] for kind in sorted(by_type)}, ordered
