"""What all types share: the node, pages, and ranges to filter by."""

from datetime import date, datetime
from typing import Generic, TypeVar

import strawberry

from domain.actions import Action
from schema.declare import interface
from schema.values import Long

T = TypeVar("T")

strawberry.enum(Action)
Actions = list[Action]


@interface
class Node:
    """Whatever has a global id (Relay)."""

    id: str


@strawberry.type
class PageInfo:
    """Where a page lies in its connection (Relay)."""

    has_next_page: bool
    has_previous_page: bool
    start_cursor: str | None
    end_cursor: str | None


@strawberry.type
class Edge(Generic[T]):
    """A node in its place in a connection (Relay)."""

    cursor: str
    node: T


@strawberry.type
class Connection(Generic[T]):
    """A page of nodes (Relay); `nodes` are those of `edges`."""

    edges: list[Edge[T]]
    nodes: list[T]
    page_info: PageInfo
    total_count: int


@strawberry.input
class InstantRange:
    """Instants from one (included) until another (excluded); either may be left out."""

    from_: datetime | None = strawberry.field(name="from", default=strawberry.UNSET)
    until: datetime | None = strawberry.UNSET


@strawberry.input
class DateRange:
    """Dates from one to another, both included; either may be left out."""

    from_: date | None = strawberry.field(name="from", default=strawberry.UNSET)
    to: date | None = strawberry.UNSET


@strawberry.input
class IntegerRange:
    """Whole numbers from a least to a greatest, both included; either may be left out."""

    min: Long | None = strawberry.UNSET
    max: Long | None = strawberry.UNSET
