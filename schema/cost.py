"""What an operation costs: how many nodes its pages within pages may come to.

Groups cost as much as a page of as many, and what counting the nodes is worth.

Measured once per document; where a page's size, a list of ids, or what is skipped is a variable,
worked out anew for each request.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias, cast

from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLSchema,
    InlineFragmentNode,
    IntValueNode,
    ListValueNode,
    OperationDefinitionNode,
    SelectionSetNode,
    ValueNode,
    VariableNode,
    get_named_type,
)

from graph.reads.parameters import DEFAULT_PAGE

PAGE_PARTS = frozenset({"edges", "nodes", "pageInfo"})
"""The fields of a connection for which its nodes are read."""
COUNTING = 100
"""What it costs to count the nodes of a connection in groups."""

Condition: TypeAlias = tuple[tuple[str, bool], ...]
"""Variables and what they have to be, for a field to be read."""
Fields: TypeAlias = dict[tuple[str, str], list[tuple[FieldNode, Condition]]]
"""Fields by type and response key: those with one key are one page."""


@dataclass(slots=True)
class _Pages:
    """A page, groups, or a list of ids, with the pages within."""

    sizes: tuple[int | str, ...]
    """The size, or the variables that may give it, in their order."""
    is_list: bool
    conditions: tuple[Condition, ...]
    groups: bool = False
    within: list["_Pages"] = field(default_factory=list["_Pages"])

    def size(self, variables: Mapping[str, Any]) -> int:
        for size in self.sizes:
            if isinstance(size, int):
                return size
            value = variables.get(size)
            if self.is_list:
                return len(cast("list[object]", value)) if isinstance(value, list) else 1
            if isinstance(value, int):
                return max(0, value)
        return DEFAULT_PAGE

    def cost(self, variables: Mapping[str, Any], times: int) -> int:
        if not any(
            all(variables.get(name) is wanted for name, wanted in condition)
            for condition in self.conditions
        ):
            return 0
        nodes = times * self.size(variables)
        counted = times * COUNTING if self.groups else 0
        # Groups are of all nodes of a connection, whatever its page.
        within = (each.cost(variables, times if each.groups else nodes) for each in self.within)
        return nodes + counted + sum(within)

    @property
    def varies(self) -> bool:
        return (
            any(isinstance(size, str) for size in self.sizes)
            or () not in self.conditions
            or any(each.varies for each in self.within)
        )


class Cost:
    """The cost of one operation."""

    def __init__(
        self,
        schema: GraphQLSchema,
        operation: OperationDefinitionNode,
        fragments: Mapping[str, FragmentDefinitionNode],
    ) -> None:
        self._schema = schema
        self._fragments = fragments
        root = schema.get_root_type(operation.operation)
        self._pages: list[_Pages] = []
        if root is not None:
            self._walk([(root, operation.selection_set, ())], self._pages)
        varies = any(each.varies for each in self._pages)
        self._fixed = None if varies else sum(each.cost({}, 1) for each in self._pages)

    def of(self, variables: Mapping[str, Any]) -> int:
        """Return the cost for coerced variables."""
        if self._fixed is not None:
            return self._fixed
        return sum(each.cost(variables, 1) for each in self._pages)

    def _walk(
        self,
        sets: Sequence[tuple[GraphQLNamedType, SelectionSetNode, Condition]],
        into: list[_Pages],
    ) -> None:
        found: Fields = {}
        for parent, selection_set, condition in sets:
            self._collect(parent, selection_set, condition, frozenset(), found)
        for (type_name, _), nodes in found.items():
            parent = self._schema.type_map[type_name]
            definition = (
                parent.fields.get(nodes[0][0].name.value)
                if isinstance(parent, (GraphQLObjectType, GraphQLInterfaceType))
                else None
            )
            if definition is None:
                continue
            target = cast("GraphQLNamedType", get_named_type(definition.type))
            deeper = [
                (target, node.selection_set, condition)
                for node, condition in nodes
                if node.selection_set is not None
            ]
            if not deeper:
                continue
            pages = self._of(target, nodes, deeper)
            if pages is not None:
                into.append(pages)
            self._walk(deeper, into if pages is None else pages.within)

    def _of(
        self,
        target: GraphQLNamedType,
        nodes: list[tuple[FieldNode, Condition]],
        deeper: Sequence[tuple[GraphQLNamedType, SelectionSetNode, Condition]],
    ) -> _Pages | None:
        """Return the page that a field is, None for one that multiplies nothing."""
        conditions = tuple(condition for _, condition in nodes)
        arguments = {each.name.value: each.value for each in nodes[0][0].arguments or ()}
        if "ids" in arguments:
            return _Pages((_length(arguments["ids"]),), is_list=True, conditions=conditions)
        sizes = tuple(
            size for name in ("first", "last") if (size := _size(arguments.get(name))) is not None
        ) or (DEFAULT_PAGE,)
        if "by" in arguments and target.name.endswith("Group"):
            return _Pages(sizes, is_list=False, conditions=conditions, groups=True)
        if not (isinstance(target, GraphQLObjectType) and target.name.endswith("Connection")):
            return None
        selected: Fields = {}
        for parent, selection_set, condition in deeper:
            self._collect(parent, selection_set, condition, frozenset(), selected)
        names = {node.name.value for group in selected.values() for node, _ in group}
        if not names & PAGE_PARTS:
            return _Pages((0,), is_list=False, conditions=conditions)
        return _Pages(sizes, is_list=False, conditions=conditions)

    def _collect(
        self,
        parent: GraphQLNamedType,
        selection_set: SelectionSetNode,
        condition: Condition,
        within: frozenset[str],
        found: Fields,
    ) -> None:
        for node in selection_set.selections:
            read_if = _read_if(node, condition)
            if read_if is None:
                continue
            if isinstance(node, FieldNode):
                key = (node.alias or node.name).value
                found.setdefault((parent.name, key), []).append((node, read_if))
            elif isinstance(node, InlineFragmentNode):
                of = node.type_condition
                narrowed = parent if of is None else self._schema.type_map[of.name.value]
                self._collect(narrowed, node.selection_set, read_if, within, found)
            elif isinstance(node, FragmentSpreadNode) and node.name.value not in within:
                fragment = self._fragments[node.name.value]
                narrowed = self._schema.type_map[fragment.type_condition.name.value]
                deeper = within | {node.name.value}
                self._collect(narrowed, fragment.selection_set, read_if, deeper, found)


def _read_if(node: Any, condition: Condition) -> Condition | None:
    """Return when a selection is read; None: never."""
    for directive in node.directives or ():
        name = directive.name.value
        if name not in {"skip", "include"}:
            continue
        wanted = name == "include"
        value = directive.arguments[0].value
        if isinstance(value, VariableNode):
            condition = (*condition, (value.name.value, wanted))
        elif value.value is not wanted:
            return None
    return condition


def _size(value: ValueNode | None) -> int | str | None:
    if isinstance(value, IntValueNode):
        return max(0, int(value.value))
    return value.name.value if isinstance(value, VariableNode) else None


def _length(value: ValueNode) -> int | str:
    if isinstance(value, ListValueNode):
        return len(value.values)
    return value.name.value if isinstance(value, VariableNode) else 1
