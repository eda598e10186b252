"""What is read of which nodes, and how it is answered: the parts of a plan.

A `Columns` says what is read of a node; the views of a place say, per type, which column answers
which response key. Both ways of a read, the compiled one and the ordinary executor, answer from
the same columns.
"""

import dataclasses
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from graphql import FieldNode, GraphQLField

from graph.mapping import (
    ComputedField,
    ContactField,
    IdField,
    ManyField,
    OneField,
    PropertyField,
    RootField,
)
from graph.ordering import Order
from graph.reads.filters import NodeFilter, Shape
from graph.reads.grouping import Asked, Grouping

TYPE_NAME = "__typename"


@dataclass(slots=True)
class PagePlan:
    """One page of a connection: its arguments, and what of them is in the text."""

    definition: GraphQLField
    node: FieldNode
    order: Order
    descending: bool
    filter: NodeFilter | None
    shape: Shape
    backward: bool
    rows: bool = False
    """Whether its rows are read, or only how many there are."""
    more: bool = False
    """Whether one row more is read, to know if there is a further page."""
    bounded: bool = True
    """Whether the text has its bounds: at a root, where there is an index to read along them, and
    where a cursor is given."""
    within: "PagePlan | None" = None
    grouped: Order | None = None
    """Of a root whose filter asks for one value of a vocabulary: the order by it, along whose key
    the nodes with that value stand together, as they were created."""
    index: int = -1
    """Its number in the statement; names the parameters."""

    @property
    def key(self) -> str:
        """Return the property along which it is read."""
        return (self.grouped or self.order).key

    @property
    def signature(self) -> str:
        """Return what of it is in the text."""
        bounds = "|" if self.bounded else ""
        return f"{self.order.key}{'<' if self.reversed else '>'}{bounds}{self.shape}"

    @property
    def reversed(self) -> bool:
        """Whether the index is read from its end."""
        return self.backward is not self.descending


@dataclass(slots=True)
class OneColumn:
    """At most one other node."""

    field: OneField
    columns: "Columns"

    @property
    def signature(self) -> str:
        """Return what of it is in the text."""
        return f"1{self.field.relation} {self.columns.signature}"

    def settle(self) -> None:
        """Fix the order of what is read of the node."""
        self.columns.settle()

    def below(self) -> Iterator["Columns"]:
        """Yield what is read of other nodes: of this one."""
        yield self.columns

    @property
    def aggregates(self) -> bool:
        """Whether groups are read of it or below."""
        return self.columns.aggregates


@dataclass(slots=True)
class GroupsColumn:
    """Groups of the nodes of a connection: a row for each, `[count, quantities, keys, numbers]`.

    Of the keys that are nodes, `keys` says what is read of them.
    """

    grouping: Grouping
    definition: GraphQLField
    node: FieldNode
    page: PagePlan
    asked: Asked
    keys: dict[str, "Columns"] = field(default_factory=dict[str, "Columns"])
    number: int = 0
    """Its place among the groups of the connection."""

    @property
    def prefix(self) -> str:
        """Return with what its parameters begin."""
        return f"group{self.page.index}_{self.number}"

    @property
    def signature(self) -> str:
        """Return what of it is in the text."""
        keys = [f"{name}{self.keys[name].signature}" for name in sorted(self.keys)]
        names = [key.name for key in self.asked.by]
        numbers = f"{self.asked.numbers}{self.asked.quantities}"
        return f"3{names}{self.asked.by_count}{numbers}{keys}"

    def settle(self) -> None:
        """Fix the order of what is read of the keys' nodes."""
        for columns in self.keys.values():
            columns.settle()

    def below(self) -> Iterator["Columns"]:
        """Yield what is read of the nodes of keys, in the order of the statement."""
        for key in self.asked.by:
            if key.name in self.keys:
                yield self.keys[key.name]


@dataclass(slots=True)
class ManyColumn:
    """A page of other nodes, and how many there are in all."""

    field: ManyField
    page: PagePlan
    columns: "Columns"
    total: bool = False
    groups: list[GroupsColumn] = dataclasses.field(default_factory=list[GroupsColumn])
    groups_by_nodes: dict[Hashable, GroupsColumn] = dataclasses.field(
        default_factory=dict[Hashable, GroupsColumn]
    )

    def reads_key(self) -> None:
        """Read the key of the order of each row: a cursor is asked for."""
        self.columns.properties[self.page.order.key] = 0

    @property
    def signature(self) -> str:
        """Return what of it is in the text."""
        groups = "".join(each.signature for each in self.groups)
        asked = f"{self.page.rows}{self.total}{groups}"
        return f"2{self.field.relation} {self.page.signature} {asked} {self.columns.signature}"

    def settle(self) -> None:
        """Fix the order of what is read of the nodes, and of the groups."""
        self.columns.settle()
        for each in self.groups:
            each.settle()
        self.groups.sort(key=lambda each: each.signature)
        for number, each in enumerate(self.groups):
            each.number = number

    def below(self) -> Iterator["Columns"]:
        """Yield what is read of the nodes and of those of the groups' keys."""
        yield self.columns
        for each in self.groups:
            yield from each.below()

    @property
    def aggregates(self) -> bool:
        """Whether groups are read of it or below."""
        return bool(self.groups) or self.columns.aggregates


RelationColumn: TypeAlias = OneColumn | ManyColumn


@dataclass(slots=True)
class ComputedColumn:
    """What the function of a computed field needs of a node."""

    field: ComputedField
    definition: GraphQLField
    node: FieldNode
    index: int = -1
    """Its number among what a request resolves; names the parameters."""

    @property
    def signature(self) -> str:
        """Return what of it is in the text."""
        return self.field.computed.name


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
    computed: list[ComputedColumn] = field(default_factory=list[ComputedColumn])
    computed_by_nodes: dict[Hashable, ComputedColumn] = field(
        default_factory=dict[Hashable, ComputedColumn]
    )
    positions: dict[int, int] = field(default_factory=dict[int, int])
    """Where the relation or computed column with this `id()` stands in a row."""
    signature: str = ""

    def settle(self) -> None:
        """Fix the order of the columns, so that equal selections have equal texts."""
        for relation in self.relations:
            relation.settle()
        count = len(self.properties)
        self.properties = {name: place for place, name in enumerate(sorted(self.properties))}
        if self.contacts is not None:
            self.contacts, count = count, count + 1
        if len(self.types) > 1:
            self.label, count = count, count + 1
        self.computed.sort(key=lambda column: column.signature)
        self.relations.sort(key=lambda relation: relation.signature)
        others = [*self.computed, *self.relations]
        self.positions = {id(other): place for place, other in enumerate(others, count)}
        parts = [*self.properties, str(self.contacts), *(each.signature for each in others)]
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
            for columns in relation.below():
                yield from columns.pages()

    def all_groups(self) -> Iterator[GroupsColumn]:
        """Yield the groups, here and deeper."""
        for relation in self.relations:
            if isinstance(relation, ManyColumn):
                yield from relation.groups
            for columns in relation.below():
                yield from columns.all_groups()

    @property
    def aggregates(self) -> bool:
        """Whether groups are read of a relation here or deeper."""
        return any(relation.aggregates for relation in self.relations)

    def all_computed(self) -> Iterator[ComputedColumn]:
        """Yield the computed columns, here and deeper, in the order of the statement."""
        yield from self.computed
        for relation in self.relations:
            for columns in relation.below():
                yield from columns.all_computed()


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
class ComputedAnswer:
    """A computed value; `objects` is the selection of a structured one."""

    key: str
    column: ComputedColumn
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


Answer: TypeAlias = TypeNameAnswer | ValueAnswer | ComputedAnswer | OneAnswer | ManyAnswer
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
class KeyOfGroup:
    """The selection of a group's key: key and name of each field, views of a node."""

    type_name: str
    answers: list[tuple[str, str, Views]]


@dataclass(slots=True)
class Groups:
    """The selection of groups: key, name, and what belongs to that name."""

    type_name: str
    column: GroupsColumn
    answers: list[tuple[str, str, KeyOfGroup | Objects | None]]


@dataclass(slots=True)
class Connection:
    """The selection of a connection: key, name, and what belongs to that name."""

    type_name: str
    answers: list[tuple[str, str, Edges | Views | Objects | Groups | None]]


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
        """Fix the order of everything, number the pages and, after them, what is computed."""
        for columns in self.columns.values():
            columns.settle()
        if self.column is not None:
            self.column.settle()
        number = 0
        for number, page in enumerate(self.pages(), 1):
            page.index = number - 1
        for place, column in enumerate(self.all_computed(), number):
            column.index = place

    def pages(self) -> Iterator[PagePlan]:
        """Yield all pages in the order of their numbers."""
        if self.column is not None:
            yield self.column.page
        for columns in self.below():
            yield from columns.pages()

    def all_computed(self) -> Iterator[ComputedColumn]:
        """Yield all computed columns in the order of their numbers."""
        for columns in self.below():
            yield from columns.all_computed()

    def all_groups(self) -> Iterator[GroupsColumn]:
        """Yield all groups."""
        if self.column is not None:
            yield from self.column.groups
        for columns in self.below():
            yield from columns.all_groups()

    def below(self) -> Iterator[Columns]:
        """Yield what is read of the nodes at the root."""
        if self.column is not None:
            yield from self.column.below()
        yield from self.columns.values()


def nodes_key(nodes: Sequence[FieldNode]) -> Hashable:
    """Return what identifies the field nodes that were merged into one field."""
    return tuple(id(node) for node in nodes)
