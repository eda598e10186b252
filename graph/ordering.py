"""By what the nodes of a type can be ordered, and the keys that are stored for it.

A page is read along one index, between two bounds. So each order has a property of its own that is
unique and whose text order is the order meant: the value in a form of fixed width, then creation
and id. Names are ordered as they are read, in pinyin; vocabularies in the order in which they are
declared; what has no value comes after everything that has one. All of it is ASCII, which both
engines order alike.
"""

import struct
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import Enum
from typing import Any

from domain.availability import instant_text
from domain.folding import fold
from domain.hub_records import Event
from domain.records import (
    Agreement,
    Alliance,
    Area,
    Category,
    ChairTerm,
    CheckIn,
    Claim,
    DemandOrder,
    Evaluation,
    Member,
    NeedList,
    Node,
    PartyBranch,
    ResourceList,
    ResourceOffer,
    Slot,
    Unit,
)
from domain.run_records import MatchRun, Proposal
from domain.spelling import pinyin
from graph.naming import camel

SORT_KEY = "sortKey"
PATH = "path"
ABSENT = "~"
"""Above every value: what has none comes last."""
LONGEST_NAME = 80
"""Characters of a name's pinyin in its key."""
_OFFSET = 2**53

ORDERED: Mapping[type[Node], tuple[str, ...]] = {
    Area: ("name", "level"),
    Unit: ("name", "kind"),
    PartyBranch: ("name",),
    Member: ("name",),
    Category: ("name",),
    ResourceList: ("title", "starts_on", "ends_on"),
    NeedList: ("title", "starts_on", "ends_on"),
    ResourceOffer: ("title", "starts_on", "ends_on", "capacity", "state"),
    Slot: ("starts_at",),
    DemandOrder: ("title", "starts_on", "deadline", "urgency", "quantity", "state"),
    Evaluation: ("score",),
    Agreement: ("title", "signed_on", "valid_until"),
    Alliance: ("name", "founded_on"),
    ChairTerm: ("starts_on",),
    CheckIn: ("starts_on", "ends_on"),
    Claim: ("quantity", "expires_at", "completed_at", "state"),
    MatchRun: ("value", "finished_at"),
    Proposal: ("score", "quantity"),
}
"""The fields of records by which pages can be ordered, beside creation and the path of trees."""
TREES: frozenset[type[Node]] = frozenset({Area, Category})
"""Types whose `path`, unique as it is, orders from the root down."""


@dataclass(frozen=True, slots=True)
class Order:
    """An order: the field that it is by, and the property that is its key."""

    field: str
    key: str


CREATED = Order("createdAt", SORT_KEY)
BY_PATH = Order(PATH, PATH)
BY_NUMBER = Order("number", "position")
"""Of the history: its numbers as text of a fixed width."""


DESCENDING = "DESC"


def ordered(among: Iterable[Order], field: str | None, key: str) -> Order:
    """Return the order by a field, or that which has the key where none is asked for."""
    return next(
        each for each in among if (each.key == key if field is None else each.field == field)
    )


def key_of(field: str) -> str:
    """Return the property that holds the key of an ordered field of a record."""
    return f"{camel(field)}Key"


def orders(cls: type[Node]) -> tuple[Order, ...]:
    """Return the orders of a type."""
    if cls is Event:
        return (BY_NUMBER,)
    trees = (BY_PATH,) if cls in TREES else ()
    stored = tuple(Order(camel(name), key_of(name)) for name in ORDERED.get(cls, ()))
    return (CREATED, *trees, *stored)


def derived(cls: type[Node]) -> frozenset[str]:
    """Return the properties of a type that only order it."""
    return frozenset({SORT_KEY, *(key_of(name) for name in ORDERED.get(cls, ()))})


def keys(record: Node) -> dict[str, str]:
    """Return the keys of a record by their properties."""
    created = sort_key(record.created_at, record.id)
    stored = {
        key_of(name): key_with(getattr(record, name), created)
        for name in ORDERED.get(type(record), ())
    }
    return {SORT_KEY: created, **stored}


def key_with(value: Any, created: str) -> str:
    """Return the key of an order by a value: the value, then what orders by creation."""
    return f"{ordered_text(value)} {created}"


def sort_key(created_at: datetime, node_id: str) -> str:
    """Return the key of the order by creation."""
    return f"{instant_text(created_at)}|{node_id}"


def ordered_text(value: Any) -> str:
    """Return a value as ASCII text whose order is that of the values."""
    match value:
        case None:
            return ABSENT
        case Enum():
            return f"{list(type(value)).index(value):02}"
        case datetime():
            return instant_text(value)
        case date():
            return value.isoformat()
        case int():
            return f"{value + _OFFSET:017}"
        case float():
            return _float_text(value)
        case _:
            return _name_text(str(value))


def _float_text(value: float) -> str:
    """Return the bits of a number, turned so that they order as the numbers do."""
    (bits,) = struct.unpack(">q", struct.pack(">d", value))
    turned = bits ^ (2**63 - 1) if bits < 0 else bits
    return f"{turned + 2**63:020}"


def _name_text(name: str) -> str:
    """Return a name in pinyin: `xin-gong-she-qu`; what has none by its code, after all letters."""
    syllables = [
        "".join(
            character if character.isascii() else f"{{{ord(character):06x}"
            for character in syllable
            if character.isalnum() or not character.isascii()
        )
        for syllable in pinyin(fold(name))
    ]
    return "-".join(each for each in syllables if each)[:LONGEST_NAME]
