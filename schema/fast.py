"""The short way of a query: a document that was seen before goes straight to its statements.

What depends on more than the text of a document (which variables are null, which ends of a range
are given, what `@skip` and `@include` say, the type that an id is of) is the shape of the
variables; document, operation, shape and kind of access name a plan. Roots that are not reads (who
asks, what is searched for) are executed beside the others, as an operation of their own. What
changes something, what asks of the schema, and everything that turns out wrong, is left to the
ordinary executor, whose answer it then is.
"""

import asyncio
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, cast

import orjson
import structlog
from graphql import (
    DocumentNode,
    ExecutionResult,
    FieldNode,
    FragmentDefinitionNode,
    GraphQLEnumType,
    GraphQLError,
    GraphQLInputObjectType,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLSchema,
    InlineFragmentNode,
    ListValueNode,
    OperationDefinitionNode,
    OperationType,
    SelectionSetNode,
    ValueNode,
    VariableNode,
    execute,  # pyright: ignore[reportUnknownVariableType]
    get_named_type,
    type_from_ast,  # pyright: ignore[reportUnknownVariableType]
)
from graphql.execution.values import VariableValues, get_variable_values

from domain.errors import DomainError, EngineError, InputError, LimitError
from domain.identity import parse_global_id
from graph.access import AccessKind
from graph.mapping import AnyById, AnyByIds, GraphMapping
from graph.publishing import PUBLIC_STATES, published
from graph.reads.assemble import Anomaly
from graph.reads.columns import TYPE_NAME
from graph.reads.conditions import plain
from graph.reads.plan import Planner
from graph.reads.root import Caller, RootRead, plan_root
from graph.reads.search import Search
from schema.cost import Cost
from schema.documents import KNOWN_DOCUMENTS, LONGEST_KNOWN, Documents, NotValid
from schema.inputs import SHAPING, TEXT
from schema.limits import QueryLimits, fragments_of, too_many_values
from schema.recent import Recent

KNOWN_PLANS = 4_000

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Prepared:
    """A valid document: its operation when it is a query, None otherwise."""

    document: DocumentNode
    operation: OperationDefinitionNode | None = None
    fragments: Mapping[str, FragmentDefinitionNode] = field(
        default_factory=dict[str, FragmentDefinitionNode]
    )
    types: Mapping[str, object] = field(default_factory=dict[str, object])
    """The types of the variables."""
    ids: frozenset[str] = frozenset()
    """The variables whose ids decide of which type a root is."""
    cost: Cost | None = None
    """What the operation costs."""


@dataclass(frozen=True, slots=True)
class Plan:
    """The roots of a query: each compiled, the value of `__typename`, or one of `executed`.

    `roots` is None where the ordinary executor has to answer all of it.
    """

    roots: tuple[tuple[str, "RootRead | str | Executed"], ...] | None
    executed: DocumentNode | None = None
    """The operation of the roots that are not reads."""


class Executed(Enum):
    """Stands for a root that is executed."""

    ROOT = "ROOT"


class FastReads:
    """Answers the queries that are plain reads."""

    def __init__(
        self,
        schema: GraphQLSchema,
        mapping: GraphMapping,
        limits: QueryLimits,
        documents: Documents,
    ) -> None:
        self._schema = schema
        self._mapping = mapping
        self._limits = limits
        self._documents = documents
        self._prepared: Recent[tuple[str, str | None], Prepared] = Recent(KNOWN_DOCUMENTS)
        self._plans: Recent[Hashable, Plan] = Recent(KNOWN_PLANS)

    async def answer(
        self,
        query: str,
        inputs: Mapping[str, Any] | None,
        operation_name: str | None,
        caller: Caller,
    ) -> bytes | None:
        """Return the encoded response, or None where the ordinary executor has to answer.

        Raises EngineError when the graph does not answer, LimitError when it took too long:
        asking it again would not help.
        """
        try:
            return await self._answer(query, inputs, operation_name, caller)
        except (EngineError, LimitError):
            raise
        except (DomainError, GraphQLError, Anomaly):
            return None
        except Exception:
            # A fault of ours, or a statement that the engine refuses: the ordinary executor tells
            # the client which field it was, without what is for the log only.
            log.exception("the short way of a read failed")
            return None

    async def _answer(
        self,
        query: str,
        inputs: Mapping[str, Any] | None,
        operation_name: str | None,
        caller: Caller,
    ) -> bytes | None:
        prepared = self._prepare(query, operation_name)
        if prepared is None or prepared.operation is None or prepared.cost is None:
            return None
        if too_many_values(inputs, self._limits) is not None:
            return None
        variables = get_variable_values(
            self._schema, prepared.operation.variable_definitions or (), dict(inputs or {})
        )
        if isinstance(variables, list) or prepared.cost.of(variables.coerced) > self._limits.cost:
            return None
        plan = self._plan(query, operation_name, prepared, variables, caller)
        if plan.roots is None:
            return None
        data = await self._run(plan.roots, plan.executed, caller, variables, inputs)
        return orjson.dumps({"data": data})

    def _prepare(self, query: str, operation_name: str | None) -> Prepared | None:
        key = (query, operation_name)
        prepared = self._prepared.get(key)
        if prepared is None:
            try:
                document = self._documents.read(query)
            except (GraphQLError, NotValid):
                return None
            prepared = _prepared(self._schema, self._mapping, document, operation_name)
            if len(query) <= LONGEST_KNOWN:
                self._prepared.put(key, prepared)
        return prepared

    def _plan(
        self,
        query: str,
        operation_name: str | None,
        prepared: Prepared,
        variables: VariableValues,
        caller: Caller,
    ) -> Plan:
        kind = AccessKind.of(caller.viewer)
        shape = tuple(
            (name, _shape(prepared.types[name], value, ids=name in prepared.ids))
            for name, value in variables.coerced.items()
        )
        key = (query, operation_name, kind, shape)
        plan = self._plans.get(key)
        if plan is None:
            plan = self._compile(prepared, variables, kind)
            if len(query) <= LONGEST_KNOWN:
                self._plans.put(key, plan)
        return plan

    def _compile(self, prepared: Prepared, variables: VariableValues, kind: AccessKind) -> Plan:
        query_type = cast("GraphQLObjectType", self._schema.query_type)
        operation = cast("OperationDefinitionNode", prepared.operation)
        planner = Planner(self._schema, self._mapping, prepared.fragments, variables)
        roots: list[tuple[str, RootRead | str | Executed]] = []
        executed: list[FieldNode] = []
        for key, nodes in planner.collect(query_type, [operation.selection_set]).items():
            name = nodes[0].name.value
            if name == TYPE_NAME:
                roots.append((key, query_type.name))
            elif name in self._mapping.roots:
                plan = plan_root(planner, self._mapping, key, query_type.fields[name], nodes)
                roots.append((key, RootRead(plan, self._mapping, kind)))
            elif name in query_type.fields:
                roots.append((key, Executed.ROOT))
                executed += nodes
            else:
                return Plan(None)
        return Plan(tuple(roots), _operation(prepared, executed) if executed else None)

    async def _run(
        self,
        roots: tuple[tuple[str, RootRead | str | Executed], ...],
        executed: DocumentNode | None,
        caller: Caller,
        variables: VariableValues,
        inputs: Mapping[str, Any] | None,
    ) -> dict[str, Any]:
        """Run all roots side by side, each read on a session of its own."""
        reads = [root for _, root in roots if isinstance(root, RootRead)]
        others: dict[str, Any] = {}
        if executed is not None:
            running = asyncio.gather(*(read.run(caller, variables) for read in reads))
            others, found = await asyncio.gather(self._execute(executed, caller, inputs), running)
        elif len(reads) == 1:
            found = [await reads[0].run(caller, variables)]
        else:
            found = await asyncio.gather(*(read.run(caller, variables) for read in reads))
        answers = iter([read.answer(each) for read, each in zip(reads, found, strict=True)])
        values: dict[str, Any] = {}
        for key, root in roots:
            match root:
                case RootRead():
                    values[key] = next(answers)
                case Executed.ROOT:
                    values[key] = others[key]
                case _:
                    values[key] = root
        return values

    async def _execute(
        self, document: DocumentNode, caller: Caller, inputs: Mapping[str, Any] | None
    ) -> dict[str, Any]:
        """Return what the roots that are not reads come to. Raises Anomaly for any error."""
        running = execute(
            self._schema, document, context_value=caller, variable_values=dict(inputs or {})
        )
        result = running if isinstance(running, ExecutionResult) else await running
        if result.errors or result.data is None:
            raise Anomaly
        return result.data


def _operation(prepared: Prepared, nodes: Sequence[FieldNode]) -> DocumentNode:
    """Return a document of some fields of an operation, with all of its fragments."""
    operation = cast("OperationDefinitionNode", prepared.operation)
    alone = OperationDefinitionNode(
        operation=operation.operation,
        variable_definitions=operation.variable_definitions,
        selection_set=SelectionSetNode(selections=tuple(nodes)),
    )
    return DocumentNode(definitions=(alone, *prepared.fragments.values()))


def _prepared(
    schema: GraphQLSchema,
    mapping: GraphMapping,
    document: DocumentNode,
    operation_name: str | None,
) -> Prepared:
    operations = [
        node for node in document.definitions if isinstance(node, OperationDefinitionNode)
    ]
    if operation_name is not None:
        operations = [
            node for node in operations if node.name and node.name.value == operation_name
        ]
    if len(operations) != 1 or operations[0].operation is not OperationType.QUERY:
        return Prepared(document)
    (operation,) = operations
    types: dict[str, object] = {
        definition.variable.name.value: type_from_ast(schema, cast("Any", definition.type))
        for definition in operation.variable_definitions or ()
    }
    deciding = {
        name
        for name, root in mapping.roots.items()
        if isinstance(root.declared, (AnyById, AnyByIds))
    }
    fragments = fragments_of(document)
    ids = {
        each
        for selection_set in (
            operation.selection_set,
            *(fragment.selection_set for fragment in fragments.values()),
        )
        for each in _id_variables(selection_set, deciding)
    }
    cost = Cost(schema, operation, fragments)
    return Prepared(document, operation, fragments, types, frozenset(ids), cost)


def _id_variables(selection_set: SelectionSetNode, deciding: set[str]) -> set[str]:
    """Return the variables in the arguments of the fields whose ids decide of their type."""
    found: set[str] = set()
    for selection in selection_set.selections:
        if isinstance(selection, InlineFragmentNode):
            found |= _id_variables(selection.selection_set, deciding)
        elif isinstance(selection, FieldNode) and selection.name.value in deciding:
            for argument in selection.arguments or ():
                found |= _variables(argument.value)
    return found


def _variables(value: ValueNode) -> set[str]:
    if isinstance(value, VariableNode):
        return {value.name.value}
    if isinstance(value, ListValueNode):
        return {name for item in value.values for name in _variables(item)}
    return set()


def _shape(declared: object, value: object, *, ids: bool, searched: bool = True) -> Hashable:
    """Return what of a variable's value can change the text of a statement."""
    if value is None or isinstance(value, bool):
        return value
    if ids:
        return _kinds(cast("list[str] | str", value))
    named = cast("GraphQLNamedType", get_named_type(cast("Any", declared)))
    if isinstance(named, GraphQLInputObjectType):
        return _input_shape(named, value)
    if isinstance(named, GraphQLEnumType) and named.name in SHAPING:
        return str(value)
    if isinstance(named, GraphQLEnumType) and named.name in PUBLIC_STATES:
        states = cast("list[object]", value) if isinstance(value, list) else [value]
        known = published(named.name, [plain(each) for each in states])
        return "given" if known is None else known
    if isinstance(value, str) and named.name == "String" and searched:
        return Search().shape(value)
    return "given"


def _input_shape(declared: GraphQLInputObjectType, value: object) -> Hashable:
    if isinstance(value, list):
        return tuple(_input_shape(declared, each) for each in cast("list[object]", value))
    if not isinstance(value, dict):
        return value is not None
    return tuple(
        sorted(
            (name, _shape(declared.fields[name].type, each, ids=False, searched=name == TEXT))
            for name, each in cast("dict[str, object]", value).items()
            if each is not None
        )
    )


def _kinds(value: list[str] | str) -> Hashable:
    try:
        return tuple(
            sorted(
                {
                    parse_global_id(each)[0]
                    for each in ([value] if isinstance(value, str) else value)
                }
            )
        )
    except InputError:
        return "none"
