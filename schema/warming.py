"""Having Neo4j plan the statements that are sure to be asked, before anybody waits for them.

What is planned at the start: the small statements by which any read can be run by levels, for each
kind of caller, made from documents that select every relation of every type; and, where only
trusted documents are run, the whole statements of these.
"""

from collections.abc import Hashable, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, TypeAlias, cast

from graphql import (
    DocumentNode,
    FragmentDefinitionNode,
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLSchema,
    OperationDefinitionNode,
    OperationType,
    type_from_ast,  # pyright: ignore[reportUnknownVariableType]
)
from graphql.execution.values import VariableValues, get_variable_values

from domain.access import VISITOR, HeldGrant, Viewer
from domain.errors import DomainError
from domain.identity import derived_id, global_id
from domain.vocabulary import Role
from graph.access import AccessKind
from graph.access_parameters import access_parameters
from graph.mapping import CONTACTS, GraphMapping, ManyField, OneField, Page
from graph.reads.cursors import HIGHEST, LOWEST
from graph.reads.plan import Planner
from graph.reads.root import RootRead, plan_root
from graph.reads.shapes import padded, size_class
from graph.statements import CompiledStatement
from schema.documents import parsed

SOME_ID = derived_id("Warming")
SOME_TIME = datetime(2026, 1, 1, tzinfo=UTC)
LIAISON = HeldGrant(Role.LIAISON, agent_id=SOME_ID)
COORDINATOR = HeldGrant(Role.COORDINATOR, area_path=f"/{SOME_ID}/{SOME_ID}/{SOME_ID}/")
CALLERS = (
    VISITOR,
    Viewer(SOME_ID, (LIAISON,)),
    Viewer(SOME_ID, (COORDINATOR,)),
)
"""The kinds of access that most callers have."""
CALLERS_BY_LEVELS = (
    Viewer(SOME_ID, (COORDINATOR,)),
    VISITOR,
    Viewer(SOME_ID, (HeldGrant(Role.APP),)),
    Viewer(SOME_ID, (LIAISON,)),
)
"""Those for whom the levels are planned ahead, as far as Neo4j keeps as many plans: first those who
ask the most different things."""


Planned: TypeAlias = tuple[CompiledStatement, dict[str, Any]]
"""A statement to be planned, with values of the sizes that its parameters mostly have."""


def level_statements(schema: GraphQLSchema, mapping: GraphMapping) -> list[Planned]:
    """Return the small statements of all relations: those of one kind of caller after another."""
    documents = [parsed(document) for document in level_documents(schema, mapping)]
    found: dict[Hashable, Planned] = {}
    for caller in CALLERS_BY_LEVELS:
        values = access_parameters(caller, SOME_TIME)
        for document in documents:
            for read in _reads(schema, mapping, document, caller, {}):
                for statement in read.levels.statements():
                    planned = _planned(statement, values)
                    found.setdefault((statement.text, size_class(planned[1])), planned)
    return list(found.values())


def document_statements(
    schema: GraphQLSchema, mapping: GraphMapping, documents: Iterable[str]
) -> list[Planned]:
    """Return the whole statements of documents, for each kind of caller.

    Variables are made up: a document whose statements depend on what is given (which ends of a
    range, which ids) is planned for one case of these.
    """
    found: list[Planned] = []
    for document in map(parsed, documents):
        inputs = _inputs(schema, document)
        for caller in CALLERS:
            values = access_parameters(caller, SOME_TIME)
            reads = _reads(schema, mapping, document, caller, inputs)
            found.extend(_planned(read.statement, values) for read in reads)
    return found


def _planned(statement: CompiledStatement, values: Mapping[str, Any]) -> Planned:
    return statement, {name: _value(name, values) for name in statement.parameters}


def level_documents(schema: GraphQLSchema, mapping: GraphMapping) -> Iterator[str]:
    """Yield documents that select every relation of every type, as pages from the front."""
    query_type = cast("GraphQLObjectType", schema.query_type)
    for name, root in sorted(mapping.roots.items()):
        if name not in query_type.fields or not isinstance(root.declared, Page):
            continue
        relations = _relations(mapping, root.target)
        related = " ".join(_related(schema, mapping, *each) for each in relations)
        yield f"{{ {name}(first: 1) {{ totalCount nodes {{ id {related} }} }} }}"
        contacts = " ".join(
            f"{field} {{ {_wrapped(mapped, f'id {CONTACTS[0]}')} }}"
            for field, mapped in relations
            if _has_contacts(mapping, mapped.target)
        )
        own = CONTACTS[0] if _has_contacts(mapping, root.target) else ""
        yield f"{{ {name}(first: 1) {{ nodes {{ id {own} {contacts} }} }} }}"


def _relations(mapping: GraphMapping, name: str) -> list[tuple[str, OneField | ManyField]]:
    fields = mapping.nodes[mapping.possible[name][0]]
    return [(key, each) for key, each in fields.items() if isinstance(each, (OneField, ManyField))]


def _has_contacts(mapping: GraphMapping, target: str) -> bool:
    return all(CONTACTS[0] in mapping.nodes[name] for name in mapping.possible[target])


def _wrapped(mapped: OneField | ManyField, selection: str) -> str:
    return selection if isinstance(mapped, OneField) else f"nodes {{ {selection} }}"


def _related(
    schema: GraphQLSchema,
    mapping: GraphMapping,
    field: str,
    mapped: OneField | ManyField,
) -> str:
    """Return the selection of a relation; of an interface with its own relations as well."""
    inner = "id"
    interface = schema.type_map.get(mapped.target)
    if isinstance(interface, GraphQLInterfaceType) and isinstance(mapped, OneField):
        for key, each in _relations(mapping, mapped.target):
            if key in interface.fields:
                asked = "nodes { id }"
                inner += (
                    f" {key}(first: 1) {{ totalCount {asked} }}"
                    if isinstance(each, ManyField)
                    else f" {key} {{ id }}"
                )
    if isinstance(mapped, OneField):
        return f"{field} {{ {inner} }}"
    return f"{field}(first: 1) {{ totalCount nodes {{ {inner} }} }}"


def _reads(
    schema: GraphQLSchema,
    mapping: GraphMapping,
    document: DocumentNode,
    caller: Viewer,
    inputs: Mapping[str, Any],
) -> Iterator[RootRead]:
    """Yield the compiled roots of the queries of a document, as far as they are plain reads."""
    query_type = cast("GraphQLObjectType", schema.query_type)
    fragments = {
        node.name.value: node
        for node in document.definitions
        if isinstance(node, FragmentDefinitionNode)
    }
    for node in document.definitions:
        if (
            not isinstance(node, OperationDefinitionNode)
            or node.operation is not OperationType.QUERY
        ):
            continue
        variables = get_variable_values(schema, node.variable_definitions or (), dict(inputs))
        if not isinstance(variables, VariableValues):
            continue
        planner = Planner(schema, mapping, fragments, variables)
        for key, nodes in planner.collect(query_type, [node.selection_set]).items():
            name = nodes[0].name.value
            if name not in mapping.roots:
                continue
            try:
                plan = plan_root(planner, mapping, key, query_type.fields[name], nodes)
            except DomainError:
                # Its variables cannot be made up: it is planned when it is asked.
                continue
            yield RootRead(plan, mapping, AccessKind.of(caller))


def _value(name: str, values: Mapping[str, Any]) -> Any:
    """Return a value of the size class that the parameter of this name mostly has."""
    kind = name.rstrip("0123456789")
    match kind:
        case "ids":
            return padded([])
        case "id":
            return SOME_ID
        case "size":
            return 1
        case "after" | "above":
            return LOWEST
        case "before" | "below":
            return HIGHEST
        case _:
            return values.get(name, SOME_ID)


def _inputs(schema: GraphQLSchema, document: DocumentNode) -> dict[str, Any]:
    """Return made-up values of the variables that a document requires."""
    found: dict[str, Any] = {}
    for node in document.definitions:
        if isinstance(node, OperationDefinitionNode):
            for definition in node.variable_definitions or ():
                declared = cast("Any", type_from_ast(schema, cast("Any", definition.type)))
                if isinstance(declared, GraphQLNonNull) and definition.default_value is None:
                    found[definition.variable.name.value] = _made_up(declared)
    return found


def _made_up(declared: Any) -> Any:
    match declared:
        case GraphQLNonNull():
            return _made_up(cast("Any", declared).of_type)
        case GraphQLList():
            return [_made_up(cast("Any", declared).of_type)]
        case GraphQLEnumType():
            return next(iter(declared.values))
        case GraphQLInputObjectType():
            fields = cast("dict[str, Any]", cast("object", declared.fields))
            return {
                name: _made_up(each.type)
                for name, each in fields.items()
                if isinstance(cast("object", each.type), GraphQLNonNull)
            }
        case _:
            known: dict[str, Any] = {
                "ID": global_id("Unit", SOME_ID),
                "Int": 1,
                "Long": 1,
                "Float": 1.0,
                "Boolean": True,
                "Date": "2026-01-01",
                "DateTime": "2026-01-01T00:00:00Z",
            }
            return known.get(declared.name, "会议室")
