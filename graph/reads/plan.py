"""From a root field's selection to a plan."""

from collections.abc import Mapping, Sequence
from typing import Any, cast

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

from domain.errors import BadInput
from domain.language import Phrase
from graph.mapping import (
    ComputedField,
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
from graph.ordering import CREATED, DESCENDING, Order, ordered
from graph.reads.columns import (
    TYPE_NAME,
    Answer,
    Columns,
    ComputedAnswer,
    ComputedColumn,
    Connection,
    Edges,
    Groups,
    GroupsColumn,
    KeyOfGroup,
    ManyAnswer,
    ManyColumn,
    Objects,
    OneAnswer,
    OneColumn,
    PagePlan,
    RootPlan,
    TypeNameAnswer,
    ValueAnswer,
    Views,
    nodes_key,
)
from graph.reads.grouping import MOST_KEYS, AnyKey, Asked, Grouping, NodeKey

BY_COUNT = "COUNT"
GROUPS = "groups"
QUANTITIES = "quantities"
CURSORS = frozenset({"startCursor", "endCursor"})
"""Fields of `pageInfo` for which the key of a row is read."""


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
        described = ManyField(None, root.target, order)
        column = self._many(described, definition, nodes, None)
        column.page.grouped = self._grouped(root.target, column.page)
        column.page.bounded = True
        connection = self._connection(column, definition, nodes)
        plan = RootPlan(key, root, nodes[0], definition, {}, {}, column, connection)
        plan.settle()
        return plan

    def _grouped(self, target: str, page: PagePlan) -> Order | None:
        """Return the order by the value that a root's filter asks for, where one is stored."""
        if page.filter is None or page.order != CREATED or page.filter.finds_few(page.shape):
            return None
        asked = page.filter.one_of_a_vocabulary(page.shape)
        return next((each for each in self._mapping.orders[target] if each.field in asked), None)

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
            case ComputedField():
                key_of = (nodes_key(nodes), mapped)
                computed = columns.computed_by_nodes.get(key_of)
                if computed is None:
                    computed = ComputedColumn(mapped, definition, nodes[0])
                    columns.computed.append(computed)
                    columns.computed_by_nodes[key_of] = computed
                return ComputedAnswer(key, computed, self.objects(definition, nodes))
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
            answer: Edges | Views | Objects | Groups | None = None
            if name == "edges":
                answer = self._edges(column, object_type.fields["edges"], fields)
            elif name == "nodes":
                answer = self._views(column.columns, fields, column.page)
            elif name == "pageInfo":
                answer = self.objects(object_type.fields["pageInfo"], fields)
                column.page.more = True
                if answer and any(asked in CURSORS for _, asked, _ in answer.answers):
                    column.reads_key()
            elif name == "totalCount":
                column.total = True
            elif name == GROUPS:
                answer = self._groups(column, object_type.fields[GROUPS], fields)
            if name in {"edges", "nodes", "pageInfo"}:
                column.page.rows = True
            connection.answers.append((key, name, answer))
        return connection

    def _edges(self, column: ManyColumn, definition: GraphQLField, nodes: list[FieldNode]) -> Edges:
        object_type = cast("GraphQLObjectType", named_type(definition))
        edges = Edges(object_type.name, [])
        sets = [node.selection_set for node in nodes]
        for key, fields in self.collect(object_type, sets).items():
            name = fields[0].name.value
            views = self._views(column.columns, fields, column.page) if name == "node" else {}
            if name == "cursor":
                column.reads_key()
            edges.answers.append((key, name, views))
        return edges

    def _groups(
        self, column: ManyColumn, definition: GraphQLField, nodes: list[FieldNode]
    ) -> Groups:
        object_type = cast("GraphQLObjectType", named_type(definition))
        grouping = self._mapping.groupings[column.field.target]
        arguments = self.arguments(definition, nodes[0])
        by = _keys(grouping, arguments["by"])
        known = column.groups_by_nodes.get(nodes_key(nodes))
        columns = {} if known is None else known.keys
        answers: list[tuple[str, str, KeyOfGroup | Objects | None]] = []
        read: set[str] = set()
        for key, fields in self.collect(
            object_type, [node.selection_set for node in nodes]
        ).items():
            name = fields[0].name.value
            answer: KeyOfGroup | Objects | None = None
            if name == "key":
                answer = self._key_of_group(columns, by, object_type.fields[name], fields, column)
            elif name != TYPE_NAME:
                answer = self.objects(object_type.fields[name], fields)
                read.add(name)
            if name == QUANTITIES and isinstance(answer, Objects):
                read |= {grouping.named.get(each, each) for _, each, _ in answer.answers}
            answers.append((key, name, answer))
        if known is None:
            asked = Asked(
                by=tuple(by.values()),
                by_count=arguments["orderBy"] == BY_COUNT,
                numbers=sorted(read & set(grouping.numbers)),
                quantities=sorted(read & set(grouping.quantities)) if QUANTITIES in read else None,
            )
            known = GroupsColumn(grouping, definition, nodes[0], column.page, asked, columns)
            column.groups.append(known)
            column.groups_by_nodes[nodes_key(nodes)] = known
        return Groups(object_type.name, known, answers)

    def _key_of_group(
        self,
        columns: dict[str, Columns],
        by: Mapping[str, AnyKey],
        definition: GraphQLField,
        nodes: list[FieldNode],
        column: ManyColumn,
    ) -> KeyOfGroup:
        object_type = cast("GraphQLObjectType", named_type(definition))
        found = KeyOfGroup(object_type.name, [])
        sets = [node.selection_set for node in nodes]
        for key, fields in self.collect(object_type, sets).items():
            name = fields[0].name.value
            grouped, views = by.get(name), cast("Views", {})
            if isinstance(grouped, NodeKey):
                types = self._mapping.possible[grouped.target]
                views = self._views(columns.setdefault(name, Columns(types)), fields, column.page)
            found.answers.append((key, name, views))
        return found

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
        given = cast("Mapping[str, Any] | None", arguments.get("filter"))
        made = self._mapping.filters.get(mapped.target) if given else None
        asked = cast("Mapping[str, Any]", arguments.get("orderBy") or {})
        order = ordered(self._mapping.orders[mapped.target], asked.get("field"), mapped.order)
        return PagePlan(
            definition=definition,
            node=node,
            order=order,
            descending=asked.get("direction") == DESCENDING,
            filter=made,
            shape=() if made is None or given is None else made.shape(given),
            backward=arguments.get("last") is not None,
            bounded=any(arguments.get(each) is not None for each in ("after", "before")),
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


def _keys(grouping: Grouping, names: Sequence[str]) -> dict[str, AnyKey]:
    """Return the keys of these names. Raises BadInput for too many."""
    found = {name: grouping.keys[name] for name in names}
    if len(found) > MOST_KEYS:
        expected = Phrase("expected.group_keys", {"keys": MOST_KEYS})
        raise BadInput(field="by", value=len(found), expected=expected)
    return found
