"""What is read of which nodes, and how it is answered: the parts of a plan.

A `Columns` says what is read of a node; the views of a place say, per type, which column answers
which response key. Both ways of a read, the compiled one and the ordinary executor, answer from
the same columns.
"""

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
    within: "PagePlan | None" = None
    index: int = -1
    """Its number in the statement; names the parameters."""

    @property
    def signature(self) -> str:
        """Return what of it is in the text."""
        return f"{self.order.key}{'<' if self.reversed else '>'}{self.shape}"

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
            relation.columns.settle()
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
            yield from relation.columns.pages()

    def all_computed(self) -> Iterator[ComputedColumn]:
        """Yield the computed columns, here and deeper, in the order of the statement."""
        yield from self.computed
        for relation in self.relations:
            yield from relation.columns.all_computed()


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
        """Fix the order of everything, number the pages and, after them, what is computed."""
        for columns in self.columns.values():
            columns.settle()
        if self.column is not None:
            self.column.columns.settle()
        number = 0
        for number, page in enumerate(self.pages(), 1):
            page.index = number - 1
        for place, column in enumerate(self.all_computed(), number):
            column.index = place

    def pages(self) -> Iterator[PagePlan]:
        """Yield all pages in the order of their numbers."""
        if self.column is not None:
            yield self.column.page
            yield from self.column.columns.pages()
        for columns in self.columns.values():
            yield from columns.pages()

    def all_computed(self) -> Iterator[ComputedColumn]:
        """Yield all computed columns in the order of their numbers."""
        if self.column is not None:
            yield from self.column.columns.all_computed()
        for columns in self.columns.values():
            yield from columns.all_computed()


def nodes_key(nodes: Sequence[FieldNode]) -> Hashable:
    """Return what identifies the field nodes that were merged into one field."""
    return tuple(id(node) for node in nodes)
