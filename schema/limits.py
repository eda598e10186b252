"""How much a document may ask for, and who is shown the schema.

Counted over an operation with its fragments written out, before it is validated: validation of a
hostile document can take longer than its execution.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, cast

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    InlineFragmentNode,
    OperationDefinitionNode,
    OperationType,
    SelectionSetNode,
)

from domain.access import Viewer
from domain.errors import BadInput, LimitExceeded
from domain.language import Phrase
from domain.limits import Limit
from domain.vocabulary import Role

INTROSPECTION_FIELDS = frozenset({"__schema", "__type"})


@dataclass(frozen=True, slots=True, kw_only=True)
class QueryLimits:
    """The most that a document may ask for; the names are those of `domain.limits.Limit`.

    `cost` is how many nodes the pages within pages of an operation may come to.
    """

    characters: int = 100_000
    tokens: int = 10_000
    values: int = 5_000
    depth: int = 24
    selections: int = 3_000
    root_fields: int = 30
    aliases: int = 100
    directives: int = 100
    mutations: int = 10
    cost: int = 50_000


class Audience(StrEnum):
    """Groups of callers; roles are the other ones."""

    EVERYONE = "EVERYONE"
    SIGNED_IN = "SIGNED_IN"
    NOBODY = "NOBODY"


@dataclass(frozen=True, slots=True)
class Introspection:
    """Who is shown the schema: a group, or whoever holds one of some roles."""

    shown_to: Audience | frozenset[Role] = Audience.SIGNED_IN

    @classmethod
    def read(cls, written: str) -> "Introspection":
        """Read `EVERYONE`, `SIGNED_IN`, `NOBODY`, or roles as in `ADMIN,APP`. Raises BadInput."""
        if written in set(Audience):
            return cls(Audience(written))
        roles = [name.strip() for name in written.split(",")]
        if not set(roles) <= set(Role):
            expected = " | ".join([*Audience, ", ".join(Role)])
            raise BadInput(field="introspection", value=written, expected=expected)
        return cls(frozenset(Role(name) for name in roles))

    def allows(self, viewer: Viewer) -> bool:
        """Whether this caller is shown the schema."""
        match self.shown_to:
            case Audience.EVERYONE:
                return True
            case Audience.SIGNED_IN:
                return viewer.signed_in
            case Audience.NOBODY:
                return False
            case roles:
                return any(grant.role in roles for grant in viewer.grants)

    @property
    def named(self) -> Phrase | list[Role]:
        """Who it is, for people."""
        if isinstance(self.shown_to, Audience):
            return Phrase(f"introspection.{self.shown_to}")
        return sorted(self.shown_to)


@dataclass(slots=True)
class _Measured:
    """What was counted of an operation."""

    depth: int = 0
    selections: int = 0
    aliases: int = 0
    directives: int = 0


def exceeded(document: DocumentNode, limits: QueryLimits) -> GraphQLError | None:
    """Return the first limit that an operation of the document exceeds."""
    fragments = fragments_of(document)
    for definition in document.definitions:
        if isinstance(definition, OperationDefinitionNode):
            found = _exceeded(definition, fragments, limits)
            if found is not None:
                return GraphQLError(str(found), definition, original_error=found)
    return None


def too_many_values(
    variables: Mapping[str, Any] | None, limits: QueryLimits
) -> LimitExceeded | None:
    """Return that the variables of a request hold more values than they may.

    Counted before they are compared with the schema, which takes much longer than reading them.
    """
    asked = 0
    todo: list[object] = [variables]
    while todo:
        given = todo.pop()
        if isinstance(given, dict):
            inner = list(cast("dict[str, object]", given).values())
        elif isinstance(given, list):
            inner = cast("list[object]", given)
        else:
            continue
        asked += len(inner)
        if asked > limits.values:
            return LimitExceeded(what=Limit.VALUES, asked=asked, limit=limits.values)
        todo += inner
    return None


def fragments_of(document: DocumentNode) -> dict[str, FragmentDefinitionNode]:
    """Return the fragments of a document by name."""
    return {
        node.name.value: node
        for node in document.definitions
        if isinstance(node, FragmentDefinitionNode)
    }


def introspects(
    operation: OperationDefinitionNode, fragments: Mapping[str, FragmentDefinitionNode]
) -> FieldNode | None:
    """Return a root field of an operation that shows the schema."""
    for node in _root_fields(operation, fragments):
        if node.name.value in INTROSPECTION_FIELDS:
            return node
    return None


def _exceeded(
    operation: OperationDefinitionNode,
    fragments: Mapping[str, FragmentDefinitionNode],
    limits: QueryLimits,
) -> LimitExceeded | None:
    measured = _Measured(directives=len(operation.directives or ()))
    for variable in operation.variable_definitions or ():
        measured.directives += len(variable.directives or ())
    todo: list[tuple[SelectionSetNode, int, frozenset[str]]] = [
        (operation.selection_set, 1, frozenset())
    ]
    while todo:
        selection_set, depth, within = todo.pop()
        measured.depth = max(measured.depth, depth)
        for node in selection_set.selections:
            measured.selections += 1
            measured.directives += len(node.directives or ())
            if isinstance(node, FragmentSpreadNode):
                name = node.name.value
                fragment = fragments.get(name)
                if fragment is not None and name not in within:
                    measured.directives += len(fragment.directives or ())
                    todo.append((fragment.selection_set, depth, within | {name}))
            elif isinstance(node, FieldNode):
                measured.aliases += node.alias is not None
                if node.selection_set is not None:
                    todo.append((node.selection_set, depth + 1, within))
            elif isinstance(node, InlineFragmentNode):
                todo.append((node.selection_set, depth, within))
        if (error := _over(measured, limits)) is not None:
            return error
    return _too_many_roots(operation, fragments, limits)


def _over(measured: _Measured, limits: QueryLimits) -> LimitExceeded | None:
    for limit in (Limit.DEPTH, Limit.SELECTIONS, Limit.ALIASES, Limit.DIRECTIVES):
        name = limit.value.lower()
        asked, most = getattr(measured, name), getattr(limits, name)
        if asked > most:
            return LimitExceeded(what=limit, asked=asked, limit=most)
    return None


def _too_many_roots(
    operation: OperationDefinitionNode,
    fragments: Mapping[str, FragmentDefinitionNode],
    limits: QueryLimits,
) -> LimitExceeded | None:
    keys = {
        (node.alias or node.name).value
        for node in _root_fields(operation, fragments)
        if node.name.value != "__typename"
    }
    if operation.operation is OperationType.MUTATION:
        what, most = Limit.MUTATIONS, limits.mutations
    else:
        what, most = Limit.ROOT_FIELDS, limits.root_fields
    if len(keys) > most:
        return LimitExceeded(what=what, asked=len(keys), limit=most)
    return None


def _root_fields(
    operation: OperationDefinitionNode, fragments: Mapping[str, FragmentDefinitionNode]
) -> list[FieldNode]:
    """Return the fields at the root of an operation, each fragment looked into once."""
    found: list[FieldNode] = []
    seen: set[str] = set()
    todo = [operation.selection_set]
    while todo:
        for node in todo.pop().selections:
            if isinstance(node, FieldNode):
                found.append(node)
            elif isinstance(node, FragmentSpreadNode):
                fragment = fragments.get(node.name.value)
                if fragment is not None and node.name.value not in seen:
                    seen.add(node.name.value)
                    todo.append(fragment.selection_set)
            elif isinstance(node, InlineFragmentNode):
                todo.append(node.selection_set)
    return found
