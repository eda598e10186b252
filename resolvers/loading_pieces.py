"""A piece of a load: one node that a row states, and the relationships that it states of it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from domain.inventory import Origin
from domain.records import Area, Node
from domain.searching import search_text
from domain.vocabulary import AreaLevel
from graph.records import names, properties

SEARCH = "search"
NEVER_LOADED = frozenset(
    {
        "id",
        "created_at",
        "state",
        "selection",
        "time_zone",
        "held",
        "completed",
        "version",
        "review_note",
        "least_score",
        "retired_at",
    }
)
"""Fields that a load sets when it makes a node, and never touches again."""
WHERE_STATED = frozenset({"partner_limit", "contiguous_minutes"})
"""Fields that an item keeps where its row says nothing of them: most sheets have no such column."""


@dataclass(slots=True)
class Piece:
    """A node as rows state it.

    `stated` are properties that the node is to have (None: not to have), `made` all properties
    of a new node; `links` the other ends by relationship type, as seen from this node.
    """

    kind: str
    node: Node
    stated: dict[str, Any]
    made: dict[str, Any]
    links: dict[str, frozenset[str]] = field(default_factory=dict[str, frozenset[str]])
    origin: Origin | None = None
    mentioned: bool = False
    of_person: bool = False
    """Whether it is what a person offers, needs or issues: events do not quote its words."""

    @property
    def id(self) -> str:
        """The id of the node."""
        return self.node.id

    @property
    def label(self) -> str:
        """The label of the node that is a type of the domain."""
        return type(self.node).__name__

    @property
    def name(self) -> str:
        """What people call it."""
        for name in ("title", "name", "source"):
            if found := getattr(self.node, name, None):
                return str(found)
        return self.id


def piece(
    node: Node,
    links: Mapping[str, str | Iterable[str] | None],
    *,
    origin: Origin | None,
    search: Iterable[str | None] = (),
    whole: bool = False,
    mentioned: bool = False,
) -> Piece:
    """Return the piece of a record.

    Of an agent a row says only what it fills; an item of a list is stated `whole`: what its row
    leaves out it is not to have. A link to None says nothing. A mention states nothing of a node
    that is there.
    """
    made = {name: value for name, value in properties(node).items() if value is not None}
    text = search_text(search)
    if text:
        made[SEARCH] = text
    fields = [each for each in names(type(node)) if each[0] not in NEVER_LOADED]
    kept = {key for name, key in fields if name in WHERE_STATED}
    loaded = [*(key for _, key in fields), SEARCH]
    stated = {key: made.get(key) for key in loaded if (whole and key not in kept) or key in made}
    if not whole and not text:
        stated.pop(SEARCH, None)
    community = isinstance(node, Area) and node.level is AreaLevel.COMMUNITY
    return Piece(
        kind="Community" if community else type(node).__name__,
        node=node,
        stated={} if mentioned else stated,
        made=made,
        links={
            name: frozenset((ends,) if isinstance(ends, str) else ends)
            for name, ends in links.items()
            if ends is not None
        },
        origin=origin,
        mentioned=mentioned,
    )
