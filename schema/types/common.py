"""What all types share: the node, and pages."""

from typing import Generic, TypeVar

import strawberry

from domain.actions import Action
from schema.declare import interface

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
