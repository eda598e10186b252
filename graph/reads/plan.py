"""From a root field's selection to a plan: what is read of which nodes, and how it is answered.

A `Columns` says what is read of a node; the views of a place say, per type, which column answers
which response key. Both ways of a read, the compiled one and the ordinary executor, answer from
the same columns.
"""

from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias, cast

from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLField,
    GraphQLIncludeDirective,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLSkipDirective,
    GraphQLUnionType,
    InlineFragmentNode,
    SelectionSetNode,
    get_argument_values,
    get_directive_values,
)
from graphql.execution.values import VariableValues

from graph.mapping import (
    ContactField,
    GraphMapping,
    IdField,
    ManyField,
    MappedField,
    OneField,
    PropertyField,
    RootField,
    named_type,
)
from graph.reads.filters import Filter

TYPE_NAME = "__typename"


@dataclass(slots=True)
class PagePlan:
    """One page of a connection: its arguments, and what of them is in the text."""

    definition: GraphQLField
    node: FieldNode
    order: str
    filters: tuple[tuple[str, Filter, Hashable], ...]
    backward: bool
    rows: bool = False
    """Whether its rows are read, or only how many there are."""
    more: bool = False
    """Whether one row more is read, to know if there is a further page."""
    within: "PagePlan | None" = None
    index: int = -1
    """Its number in the statement; names the parameters."""

    @property
    def signature(self) -> str:
        """Return what of it is in the text."""
        shapes = ",".join(f"{name}={shape}" for name, _, shape in self.filters)
        return f"{self.order}{'<' if self.backward else '>'}{shapes}"


@dataclass(slots=True)
class OneColumn:
    """At most one other node."""

    field: OneField
    columns: "Columns"

    @property
    def signature(self) -> str:
        """Return what of it is in the text."""
        return f"1{self.field.relation} {self.columns.signature}"


@dataclass(slots=True)
class ManyColumn:
    """A page of other nodes, and how many there are in all."""

    field: ManyField
    page: PagePlan
    columns: "Columns"
    total: bool = False

    @property
    def signature(self) -> str:
        """Return what of it is in the text."""
        asked = f"{self.page.rows}{self.total}"
        return f"2{self.field.relation} {self.page.signature} {asked} {self.columns.signature}"


RelationColumn: TypeAlias = OneColumn | ManyColumn


@dataclass(slots=True)
class Columns:
    """What is read of a node of one of `types`, in canonical order once `settle` was called."""

    types: tuple[str, ...]
    properties: dict[str, int] = field(default_factory=dict[str, int])
    contacts: int | None = None
    label: int | None = None
    relations: list[RelationColumn] = field(default_factory=list[RelationColumn])
    by_nodes: dict[Hashable, RelationColumn] = field(default_factory=dict[Hashable, RelationColumn])
    """The relation columns by the field nodes that asked for them."""
    positions: dict[int, int] = field(default_factory=dict[int, int])
    """Where the relation column with this `id()` stands in a row."""
    signature: str = ""

    def settle(self) -> None:
        """Fix the order of the columns, so that equal selections have equal texts."""
        for relation in self.relations:
            relation.columns.settle()
        count = len(self.properties)
        self.properties = {name: place for place, name in enumerate(sorted(self.properties))}
        if self.contacts is not None:
            self.contacts, count = count, count + 1
        if len(self.types) > 1:
            self.label, count = count, count + 1
        self.relations.sort(key=lambda relation: relation.signature)
        self.positions = {
            id(relation): place for place, relation in enumerate(self.relations, count)
        }
        parts = [*self.properties, str(self.contacts), *(each.signature for each in self.relations)]
        self.signature = f"{self.types}[{','.join(parts)}]"

    def add(self, key: Hashable, column: RelationColumn) -> None:
        """Read one more relation, asked for by the field nodes of the key."""
        self.relations.append(column)
        self.by_nodes[key] = column

    def pages(self) -> Iterator[PagePlan]:
        """Yield the pages in the order of the statement."""
        for relation in self.relations:
            if isinstance(relation, ManyColumn):
                yield relation.page
            yield from relation.columns.pages()


@dataclass(slots=True)
class TypeNameAnswer:
    """`__typename` of the object."""

    key: str


@dataclass(slots=True)
class ValueAnswer:
    """A value of the node itself; `objects` is the selection of a structured one."""

    key: str
    field: IdField | PropertyField | ContactField
    objects: "Objects | None" = None


@dataclass(slots=True)
class OneAnswer:
    """Another node, or null."""

    key: str
    column: OneColumn
    views: "Views"


@dataclass(slots=True)
class ManyAnswer:
    """A connection."""

    key: str
    column: ManyColumn
    connection: "Connection"


Answer: TypeAlias = TypeNameAnswer | ValueAnswer | OneAnswer | ManyAnswer
Views: TypeAlias = dict[str, list[Answer]]
"""What is answered at one place, per type, in the order of the selection."""


@dataclass(slots=True)
class Objects:
    """The selection of plain objects: key, name, and the selection of deeper ones."""

    type_name: str
    answers: list[tuple[str, str, "Objects | None"]]


@dataclass(slots=True)
class Edges:
    """The selection of a connection's edges: key and name of each field, views of `node`."""

    type_name: str
    answers: list[tuple[str, str, Views]]


@dataclass(slots=True)
class Connection:
    """The selection of a connection: key, name, and what belongs to that name."""

    type_name: str
    answers: list[tuple[str, str, Edges | Views | Objects | None]]


@dataclass(slots=True)
class RootPlan:
    """One root field: the node or nodes it begins with."""

    key: str
    field: RootField | None
    node: FieldNode
    definition: GraphQLField
    columns: dict[str, Columns]
    """By the type of the nodes: one entry, but for `AnyByIds`."""
    views: Views
    column: ManyColumn | None = None
    connection: Connection | None = None

    def settle(self) -> None:
        """Fix the order of everything and number the pages."""
        for columns in self.columns.values():
            columns.settle()
        if self.column is not None:
            self.column.columns.settle()
        for number, page in enumerate(self.pages()):
            page.index = number

    def pages(self) -> Iterator[PagePlan]:
        """Yield all pages in the order of their numbers."""
        if self.column is not None:
            yield self.column.page
            yield from self.column.columns.pages()
        for columns in self.columns.values():
            yield from columns.pages()


class Planner:
    """Plans the root fields of one operation with its variables."""

    def __init__(
        self,
        schema: GraphQLSchema,
        mapping: GraphMapping,
        fragments: Mapping[str, FragmentDefinitionNode],
        variables: VariableValues,
    ) -> None:
        self._schema = schema
        self._mapping = mapping
        self._fragments = fragments
        self._variables = variables

    def collect(
        self, object_type: GraphQLObjectType, sets: Sequence[SelectionSetNode | None]
    ) -> dict[str, list[FieldNode]]:
        """Return the fields of selection sets by response key, as the specification merges them."""
        found: dict[str, list[FieldNode]] = {}
        seen: set[str] = set()
        for selection_set in sets:
            if selection_set is not None:
                self._collect(object_type, selection_set, found, seen)
        return found

    def arguments(self, definition: GraphQLField, node: FieldNode) -> dict[str, Any]:
        """Return the coerced arguments of a field."""
        return get_argument_values(definition, node, self._variables)

    def page_root(
        self,
        key: str,
        root: RootField,
        definition: GraphQLField,
        nodes: list[FieldNode],
        order: str,
    ) -> RootPlan:
        """Plan a root connection."""
        described = ManyField(None, root.target, order, root.filters)
        column = self._many(described, definition, nodes, None)
        connection = self._connection(column, definition, nodes)
        plan = RootPlan(key, root, nodes[0], definition, {}, {}, column, connection)
        plan.settle()
        return plan

    def node_root(
        self,
        key: str,
        root: RootField | None,
        definition: GraphQLField,
        nodes: list[FieldNode],
        types: Sequence[str],
    ) -> RootPlan:
        """Plan a root that begins with nodes of known types."""
        columns = {name: Columns((name,)) for name in types}
        views: Views = {}
        for each in columns.values():
            views.update(self._views(each, nodes, None))
        plan = RootPlan(key, root, nodes[0], definition, columns, views)
        plan.settle()
        return plan

    def _views(self, columns: Columns, nodes: list[FieldNode], within: PagePlan | None) -> Views:
        sets = [node.selection_set for node in nodes]
        return {name: self._view(name, columns, sets, within) for name in columns.types}

    def _view(
        self,
        type_name: str,
        columns: Columns,
        sets: Sequence[SelectionSetNode | None],
        within: PagePlan | None,
    ) -> list[Answer]:
        object_type = cast("GraphQLObjectType", self._schema.type_map[type_name])
        mapped = self._mapping.nodes[type_name]
        answers: list[Answer] = []
        for key, nodes in self.collect(object_type, sets).items():
            name = nodes[0].name.value
            if name == TYPE_NAME:
                answers.append(TypeNameAnswer(key))
            else:
                definition = object_type.fields[name]
                answers.append(self._answer(key, mapped[name], definition, nodes, columns, within))
        return answers

    def _answer(
        self,
        key: str,
        mapped: MappedField,
        definition: GraphQLField,
        nodes: list[FieldNode],
        columns: Columns,
        within: PagePlan | None,
    ) -> Answer:
        match mapped:
            case IdField():
                columns.properties["id"] = 0
                return ValueAnswer(key, mapped)
            case ContactField():
                columns.contacts = 0
                return ValueAnswer(key, mapped)
            case PropertyField():
                columns.properties[mapped.name] = 0
                objects = None if mapped.parse is None else self.objects(definition, nodes)
                return ValueAnswer(key, mapped, objects)
            case OneField():
                key_of = (nodes_key(nodes), mapped)
                one = columns.by_nodes.get(key_of)
                if not isinstance(one, OneColumn):
                    one = OneColumn(mapped, Columns(self._mapping.possible[mapped.target]))
                    columns.add(key_of, one)
                return OneAnswer(key, one, self._views(one.columns, nodes, within))
            case ManyField():
                key_of = (nodes_key(nodes), mapped.relation)
                many = columns.by_nodes.get(key_of)
                if not isinstance(many, ManyColumn):
                    many = self._many(mapped, definition, nodes, within)
                    columns.add(key_of, many)
                return ManyAnswer(key, many, self._connection(many, definition, nodes))

    def _many(
        self,
        mapped: ManyField,
        definition: GraphQLField,
        nodes: list[FieldNode],
        within: PagePlan | None,
    ) -> ManyColumn:
        page = self._page(mapped, definition, nodes[0], within)
        return ManyColumn(mapped, page, Columns(self._mapping.possible[mapped.target]))

    def _connection(
        self, column: ManyColumn, definition: GraphQLField, nodes: list[FieldNode]
    ) -> Connection:
        object_type = cast("GraphQLObjectType", named_type(definition))
        connection = Connection(object_type.name, [])
        sets = [node.selection_set for node in nodes]
        for key, fields in self.collect(object_type, sets).items():
            name = fields[0].name.value
            answer: Edges | Views | Objects | None = None
            if name == "edges":
                answer = self._edges(column, object_type.fields["edges"], fields)
            elif name == "nodes":
                answer = self._views(column.columns, fields, column.page)
            elif name == "pageInfo":
                answer = self.objects(object_type.fields["pageInfo"], fields)
                column.page.more = True
            elif name == "totalCount":
                column.total = True
            if name in {"edges", "nodes", "pageInfo"}:
                column.page.rows = True
                column.columns.properties[column.page.order] = 0
            connection.answers.append((key, name, answer))
        return connection

    def _edges(self, column: ManyColumn, definition: GraphQLField, nodes: list[FieldNode]) -> Edges:
        object_type = cast("GraphQLObjectType", named_type(definition))
        edges = Edges(object_type.name, [])
        sets = [node.selection_set for node in nodes]
        for key, fields in self.collect(object_type, sets).items():
            name = fields[0].name.value
            views = self._views(column.columns, fields, column.page) if name == "node" else {}
            edges.answers.append((key, name, views))
        return edges

    def objects(self, definition: GraphQLField, nodes: list[FieldNode]) -> Objects | None:
        """Plan the selection of plain objects; None for scalars."""
        object_type = named_type(definition)
        if not isinstance(object_type, GraphQLObjectType):
            return None
        objects = Objects(object_type.name, [])
        sets = [node.selection_set for node in nodes]
        for key, fields in self.collect(object_type, sets).items():
            name = fields[0].name.value
            deeper = None
            if name != TYPE_NAME:
                deeper = self.objects(object_type.fields[name], fields)
            objects.answers.append((key, name, deeper))
        return objects

    def _page(
        self,
        mapped: ManyField,
        definition: GraphQLField,
        node: FieldNode,
        within: PagePlan | None,
    ) -> PagePlan:
        arguments = self.arguments(definition, node)
        given = cast("Mapping[str, Any]", arguments.get("filter") or {})
        filters = tuple(
            (name, compiled, compiled.shape(given[name]))
            for name, compiled in sorted(mapped.filters.items())
            if given.get(name) is not None
        )
        return PagePlan(
            definition=definition,
            node=node,
            order=mapped.order,
            filters=filters,
            backward=arguments.get("last") is not None,
            within=within,
        )

    def _collect(
        self,
        object_type: GraphQLObjectType,
        selection_set: SelectionSetNode,
        found: dict[str, list[FieldNode]],
        seen: set[str],
    ) -> None:
        for selection in selection_set.selections:
            if not self._included(selection):
                continue
            if isinstance(selection, FieldNode):
                key = selection.alias.value if selection.alias else selection.name.value
                found.setdefault(key, []).append(selection)
            elif isinstance(selection, InlineFragmentNode):
                condition = selection.type_condition
                if condition is None or self._applies(condition.name.value, object_type):
                    self._collect(object_type, selection.selection_set, found, seen)
            elif isinstance(selection, FragmentSpreadNode) and selection.name.value not in seen:
                seen.add(selection.name.value)
                fragment = self._fragments[selection.name.value]
                if self._applies(fragment.type_condition.name.value, object_type):
                    self._collect(object_type, fragment.selection_set, found, seen)

    def _included(self, node: Any) -> bool:
        skip = get_directive_values(GraphQLSkipDirective, node, self._variables)
        if skip is not None and skip["if"] is True:
            return False
        include = get_directive_values(GraphQLIncludeDirective, node, self._variables)
        return include is None or include["if"] is not False

    def _applies(self, condition: str, object_type: GraphQLObjectType) -> bool:
        if condition == object_type.name:
            return True
        named = self._schema.type_map.get(condition)
        return isinstance(
            named, (GraphQLInterfaceType, GraphQLUnionType)
        ) and self._schema.is_sub_type(named, object_type)


def nodes_key(nodes: Sequence[FieldNode]) -> Hashable:
    """Return what identifies the field nodes that were merged into one field."""
    return tuple(id(node) for node in nodes)
