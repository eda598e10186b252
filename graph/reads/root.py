"""A compiled root field: its statement, its parameters, and its answer in both ways."""

import asyncio
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any, Protocol, TypeAlias

from graphql import FieldNode, GraphQLField, get_argument_values
from graphql.execution.values import VariableValues

from domain.access import Viewer
from domain.claims import ClaimPolicy
from domain.clock import Clock
from domain.identity import parse_global_id
from domain.language import Language
from graph.access import AccessKind, Rules
from graph.access_parameters import PARAMETERS, access_parameters
from graph.driver import Dialect, Graph
from graph.mapping import AnyById, AnyByIds, ById, GraphMapping, Page, RootField
from graph.planning import planning_of
from graph.reads.assemble import Assembler, assembler
from graph.reads.columns import RootPlan
from graph.reads.cypher import compile_apart, compile_root
from graph.reads.levels import LevelRead
from graph.reads.parameters import (
    ComputedResolvers,
    GroupResolvers,
    PageResolvers,
    RequestValue,
    has_variables,
    ids_by_type,
)
from graph.reads.plan import Planner
from graph.reads.rows import ConnectionRows, Row, connection
from graph.statements import ROWS, TOTAL, CompiledStatement

Apart: TypeAlias = tuple[CompiledStatement | None, CompiledStatement | None]
"""Rows and total as statements of their own; None for what is not asked for."""
_PARAMETER = re.compile(r"\$(\w+)")


class Caller(Protocol):
    """What a read needs of a request."""

    @property
    def graph(self) -> Graph:
        """The graph to read."""
        ...

    @property
    def viewer(self) -> Viewer:
        """Who reads."""
        ...

    @property
    def language(self) -> Language:
        """In which language."""
        ...

    @property
    def clock(self) -> Clock:
        """What time it is."""
        ...

    @property
    def claim_policy(self) -> ClaimPolicy:
        """The times and limits of claims, by which some fields are computed."""
        ...


@dataclass(frozen=True, slots=True)
class Found:
    """What a statement answered: its one value, None for no record, and what was asked of it."""

    value: Any
    pages: tuple[RequestValue, ...]
    order: Sequence[tuple[str, str]] = ()
    """For `AnyByIds`: type and uid of each node that was asked for."""


class RootRead:
    """One root field, compiled for a kind of access and a shape of variables."""

    def __init__(self, plan: RootPlan, mapping: GraphMapping, kind: AccessKind) -> None:
        self.plan = plan
        self.statement = CompiledStatement(compile_root(plan, Rules(kind), mapping.possible))
        self._kinds = tuple(sorted(mapping.nodes))
        self._pages = PageResolvers(tuple(plan.pages()))
        self._computed = ComputedResolvers(tuple(plan.all_computed()))
        self._groups = GroupResolvers(tuple(plan.all_groups()))
        used = set(_PARAMETER.findall(self.statement.text))
        self._access = used & PARAMETERS
        self._assembler: Assembler | None = None
        self._levels: LevelRead | None = None
        self._mapping, self._kind = mapping, kind
        self._fixed: Mapping[str, Any] | None = None
        if not any(has_variables(each.value) for each in plan.node.arguments or ()):
            self._fixed = get_argument_values(plan.definition, plan.node)

    async def run(
        self,
        caller: Caller,
        variables: VariableValues,
        uid: str | None = None,
        nodes: Sequence[tuple[str, str]] | None = None,
    ) -> Found:
        """Run the statement. `uid` is the node's where the root has no arguments for it.

        `nodes` are type and uid of those of an `AnyByIds` that has none.

        Raises InputError for arguments that are not possible, EngineError for the engine's faults.
        """
        parameters: dict[str, Any] = {}
        order: Sequence[tuple[str, str]] = ()
        if uid is not None:
            parameters["id"] = uid
        elif nodes is not None:
            order = nodes
            for place, kind in enumerate(self.plan.columns):
                parameters[f"ids{place}"] = sorted({each for of, each in nodes if of == kind})
        elif self.plan.column is None:
            order = self._ids(variables, parameters)
        pages = self._pages.resolve(variables, parameters)
        self._groups.resolve(variables, parameters)
        now = caller.clock()
        asked = self._computed.resolve(
            variables, parameters, caller.viewer, caller.language, now, caller.claim_policy
        )
        if self._access:
            parameters |= access_parameters(caller.viewer, now, self._access)
        value = await self._value(caller.graph, parameters)
        return Found(value, (*pages, *asked), order)

    async def _value(self, graph: Graph, parameters: dict[str, Any]) -> Any:
        """Return the value of the whole statement, by levels where that is not planned yet."""

        async def read(statement: CompiledStatement, given: dict[str, Any]) -> Any:
            record = await graph.read_single(statement, given)
            return record[0] if record else None

        planning = planning_of(graph)
        if planning is not None and planning.runs_by_levels(self.statement, parameters):
            try:
                with planning.reading_by_levels():
                    return await self.levels.run(read, parameters)
            except LookupError:
                # A node that one level found was gone at the next.
                pass
        if (apart := self._apart(graph.dialect)) is not None:
            rows, total = apart
            if rows is None or total is None:
                return [
                    None if rows is None else await graph.read_column(rows, parameters),
                    None if total is None else await read(total, parameters),
                ]
            return await asyncio.gather(
                graph.read_column(rows, parameters), read(total, parameters)
            )
        return await read(self.statement, parameters)

    def statements(self, dialect: Dialect) -> list[CompiledStatement]:
        """Return what is asked of such an engine."""
        found = self._apart(dialect) or (self.statement,)
        return [statement for statement in found if statement is not None]

    def _apart(self, dialect: Dialect) -> Apart | None:
        """Return rows and total as statements of their own, where the engine needs it."""
        return self._rows_and_total if dialect is Dialect.EMBEDDED else None

    @cached_property
    def _rows_and_total(self) -> Apart | None:
        texts = compile_apart(self.plan, partial(Rules, self._kind), self._mapping.possible)
        if texts is None:
            return None
        rows, total = texts
        if rows is None:
            return None if total is None else (None, CompiledStatement(total))
        return CompiledStatement(rows, ROWS), (
            None if total is None else CompiledStatement(total, TOTAL)
        )

    @property
    def levels(self) -> LevelRead:
        """The same plan as small statements."""
        if self._levels is None:
            self._levels = LevelRead(self.plan, self._mapping, self._kind)
        return self._levels

    def answer(self, found: Found) -> Any:
        """Return the response. Raises Anomaly when the row is not what the schema promises."""
        if self._assembler is None:
            self._assembler = assembler(self.plan)
        if found.value is None:
            return None
        if self._is_list:
            rows = self._by_id(found)
            return [
                None if (row := rows.get(each)) is None else self._assembler(row, found.pages)
                for each in found.order
            ]
        return self._assembler(found.value, found.pages)

    def rows(self, found: Found) -> Row | ConnectionRows | list[Row | None] | None:
        """Return what the ordinary executor walks."""
        plan = self.plan
        if found.value is None:
            return None
        if plan.column is not None:
            return connection(plan.column, found.value, found.pages)
        if self._is_list:
            rows = self._by_id(found)
            return [
                None
                if (row := rows.get(each)) is None
                else Row(plan.columns[row[0]], row[1], found.pages)
                for each in found.order
            ]
        (columns,) = plan.columns.values()
        return Row(columns, found.value, found.pages)

    @property
    def _is_list(self) -> bool:
        return self.plan.field is not None and isinstance(self.plan.field.declared, AnyByIds)

    def _by_id(self, found: Found) -> dict[tuple[str, str], tuple[str, list[Any]]]:
        return {
            (kind, uid): (kind, row)
            for kind, rows in zip(self.plan.columns, found.value, strict=True)
            for uid, row in rows
        }

    def _ids(
        self, variables: VariableValues, parameters: dict[str, Any]
    ) -> Sequence[tuple[str, str]]:
        arguments = self._fixed
        if arguments is None:
            arguments = get_argument_values(self.plan.definition, self.plan.node, variables)
        if self._is_list:
            by_type, order = ids_by_type(arguments["ids"], self._kinds)
            for place, kind in enumerate(self.plan.columns):
                parameters[f"ids{place}"] = by_type[kind]
            return order
        parameters["id"] = parse_global_id(arguments["id"], tuple(self.plan.columns))[1]
        return ()


def plan_root(
    planner: Planner,
    mapping: GraphMapping,
    key: str,
    definition: GraphQLField,
    nodes: list[FieldNode],
) -> RootPlan:
    """Plan a root field of the query type. Raises InputError for ids of no type of ours."""
    root: RootField = mapping.roots[nodes[0].name.value]
    kinds = tuple(sorted(mapping.nodes))
    match root.declared:
        case Page(order):
            return planner.page_root(key, root, definition, nodes, order)
        case ById():
            types: Sequence[str] = (root.target,)
        case AnyById():
            arguments = planner.arguments(definition, nodes[0])
            types = (parse_global_id(arguments["id"], kinds)[0],)
        case AnyByIds():
            arguments = planner.arguments(definition, nodes[0])
            types = tuple(ids_by_type(arguments["ids"], kinds)[0])
    return planner.node_root(key, root, definition, nodes, types)
