"""What the ordinary executor walks: rows with the columns they were read by.

Each resolver looks its value up by the field nodes that it is called for, so any alias, fragment
or merge that the executor sees finds the column that the plan made for it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from graphql import FieldNode

from domain.identity import global_id
from graph.mapping import (
    ComputedField,
    ContactField,
    IdField,
    ManyField,
    MappedField,
    OneField,
    PropertyField,
)
from graph.reads.columns import Columns, GroupsColumn, ManyColumn, OneColumn, nodes_key
from graph.reads.computed import Asked
from graph.reads.cursors import encode_cursor, order_mark
from graph.reads.grouping import FIRST_KEY, quantities, statistics
from graph.reads.parameters import PageValue, RequestValue


@dataclass(frozen=True, slots=True)
class Row:
    """One node as it was read."""

    columns: Columns
    values: list[Any]
    pages: Sequence[RequestValue]

    @property
    def type_name(self) -> str:
        """The type of the node."""
        if self.columns.label is None:
            return self.columns.types[0]
        return self.values[self.columns.label]

    def value(self, field: MappedField, nodes: Sequence[FieldNode]) -> Any:
        """Return what a field resolves to."""
        match field:
            case IdField():
                return global_id(self.type_name, self.values[self.columns.properties["id"]])
            case ContactField(index=index):
                place = self.columns.contacts
                contacts = None if place is None else self.values[place]
                return None if contacts is None else contacts[index]
            case PropertyField():
                value = self.values[self.columns.properties[field.name]]
                if field.parse is not None:
                    return field.parse(value)
                return [] if value is None and field.listed else value
            case ComputedField(computed=computed):
                column = self.columns.computed_by_nodes[nodes_key(nodes), field]
                asked = self.pages[column.index]
                if not isinstance(asked, Asked):
                    raise TypeError(f"not computed: {computed.name}")
                return computed.compute(self.values[self.columns.positions[id(column)]], asked)
            case OneField():
                one = self.columns.by_nodes[nodes_key(nodes), field]
                value = self.values[self.columns.positions[id(one)]]
                return None if value is None else Row(one.columns, value, self.pages)
            case ManyField():
                many = self.columns.by_nodes[nodes_key(nodes), field.relation]
                value = self.values[self.columns.positions[id(many)]]
                return connection(many, value, self.pages)


@dataclass(frozen=True, slots=True)
class Edge:
    """An edge: a row and its cursor, None where no cursor of the connection is asked for."""

    cursor: str | None
    node: Row


@dataclass(frozen=True, slots=True)
class PageInfo:
    """Where a page lies. The names are the fields of GraphQL."""

    hasNextPage: bool  # noqa: N815
    hasPreviousPage: bool  # noqa: N815
    startCursor: str | None  # noqa: N815
    endCursor: str | None  # noqa: N815


@dataclass(frozen=True, slots=True)
class ConnectionRows:
    """A page of rows. The names are the fields of GraphQL."""

    edges: list[Edge]
    pageInfo: PageInfo  # noqa: N815
    totalCount: int | None  # noqa: N815
    column: ManyColumn
    groups: Sequence[list[list[Any]]]
    values: Sequence[RequestValue]

    @property
    def nodes(self) -> list[Row]:
        """The rows without their cursors."""
        return [edge.node for edge in self.edges]

    def grouped(self, nodes: Sequence[FieldNode]) -> list["Group"]:
        """Return the groups that field nodes ask for."""
        groups = self.column.groups_by_nodes[nodes_key(nodes)]
        return [Group(groups, row, self.values) for row in self.groups[groups.number]]


@dataclass(frozen=True, slots=True)
class Group:
    """A group as it was read."""

    column: GroupsColumn
    row: list[Any]
    pages: Sequence[RequestValue]

    @property
    def count(self) -> int:
        """How many nodes it has."""
        return self.row[0]

    def quantities(self) -> list[dict[str, Any]]:
        """What is told of it per measure."""
        return quantities(self.column.grouping, self.column.asked, self.row[1])

    def number(self, name: str) -> dict[str, Any]:
        """What is told of a number."""
        asked = self.column.asked
        found = self.row[FIRST_KEY + len(asked.by) + asked.numbers.index(name)]
        return statistics(found, whole=not self.column.grouping.numbers[name])

    def key(self, name: str) -> Any:
        """Return a part of its key: a value or a node; None where it is not grouped by that."""
        for place, key in enumerate(self.column.asked.by, FIRST_KEY):
            if key.name == name:
                value = self.row[place]
                columns = self.column.keys.get(name)
                return (
                    value if columns is None or value is None else Row(columns, value, self.pages)
                )
        return None


def connection(
    column: OneColumn | ManyColumn, value: list[Any], pages: Sequence[RequestValue]
) -> ConnectionRows:
    """Return a page as it was read: `[rows, total, *groups]`, null what was not asked for."""
    if not isinstance(column, ManyColumn):
        raise TypeError(f"not a connection: {column.field}")
    page = pages[column.page.index]
    if not isinstance(page, PageValue):
        raise TypeError(f"not a page: {column.field}")
    rows, total, *groups = value
    found: list[list[Any]] = rows or []
    kept = found[: page.size]
    if column.page.backward:
        kept.reverse()
    more = len(found) > page.size
    # The key is read where a cursor is asked for.
    place = column.columns.properties.get(column.page.order.key)
    mark = order_mark(column.page.order, descending=column.page.descending)
    cursors = [None if place is None else encode_cursor(mark, row[place]) for row in kept]
    edges = [
        Edge(cursor, Row(column.columns, row, pages))
        for cursor, row in zip(cursors, kept, strict=True)
    ]
    backward = column.page.backward
    info = PageInfo(
        hasNextPage=page.before if backward else more,
        hasPreviousPage=more if backward else page.after,
        startCursor=edges[0].cursor if edges else None,
        endCursor=edges[-1].cursor if edges else None,
    )
    return ConnectionRows(edges, info, total, column, groups, pages)
