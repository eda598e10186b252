"""`ResourceOffer.freeSlots`: what is free of an offer between two dates."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from domain.availability import SlotTime, instant_text, parse_instant
from domain.free_slots import check_range, free_slots
from domain.records import ResourceOffer
from domain.vocabulary import CapacityKind, ListState, Selection
from graph.access_parameters import NOW
from graph.reads.computed import Asked, Computed, Place
from graph.reads.cursors import HIGHEST, LOWEST
from graph.records import record

WIDEST_ZONE = timedelta(hours=14)
"""No local date begins or ends further from UTC than this."""

PROPERTIES = (
    "id",
    "createdAt",
    "title",
    "capacityKind",
    "capacity",
    "measure",
    "startsOn",
    "endsOn",
    "windows",
    "slotMinutes",
    "timeZone",
    "selection",
    "state",
    "held",
)


def _facts(at: Place) -> Sequence[str]:
    """What is held of the slots in the range, what of all has lapsed, and the list's state."""
    since, until = at.parameter("since"), at.parameter("until")
    held = (
        f"COLLECT {{ MATCH ({at.node})-[:HAS_SLOT]->(f1:Slot) "
        f"WHERE f1.startsAt >= {since} AND f1.startsAt < {until} AND f1.held > 0 "
        f"RETURN [f1.startsAt, f1.held] }}"
    )
    lapsed = (
        f"COLLECT {{ MATCH ({at.node})<-[:FROM_OFFER]-(f1:Claim)-[:HAS_LINE]->(f2:ClaimLine) "
        f"WHERE f1.state = 'PROPOSED' AND f1.expiresAt <= ${NOW} "
        f"RETURN [head([(f2)-[:USES_SLOT]->(f3:Slot) | f3.startsAt]), f2.offerQuantity] }}"
    )
    return held, lapsed, f"head([({at.node})<-[:LISTS_OFFER]-(f1:ResourceList) | f1.state])"


def _parameters(arguments: Mapping[str, Any]) -> Mapping[str, Any]:
    since, until = _range(arguments)
    return {
        "since": _edge(since, -WIDEST_ZONE),
        "until": _edge(until, timedelta(days=1) + WIDEST_ZONE),
    }


def _range(arguments: Mapping[str, Any]) -> tuple[date, date]:
    since, until = arguments["from"], arguments["to"]
    check_range(since, until)
    return since, until


def _edge(day: date, beyond: timedelta) -> str:
    """Return an instant safely outside of a local date, whatever its zone."""
    try:
        return instant_text(datetime.combine(day, time(), UTC) + beyond)
    except OverflowError:
        return LOWEST if beyond < timedelta() else HIGHEST


def _compute(values: Sequence[Any], asked: Asked) -> list[dict[str, Any]]:
    *properties, slots, lapsed, list_state = values
    if list_state not in {None, ListState.PUBLISHED}:
        return []
    offer = record(ResourceOffer, dict(zip(PROPERTIES, properties, strict=True)))
    held = {_key(starts_at): amount for starts_at, amount in slots}
    # Where the owner chooses, proposals hold nothing, so nothing lapses.
    if offer.capacity_kind is CapacityKind.TOTAL and offer.selection is Selection.FIRST:
        offer = replace(offer, held=offer.held - sum(amount or 0 for _, amount in lapsed))
    for starts_at, amount in lapsed if offer.selection is Selection.FIRST else ():
        if starts_at is not None and _key(starts_at) in held:
            held[_key(starts_at)] -= amount or 0
    since, until = _range(asked.arguments)
    return [
        {
            "startsAt": instant_text(slot.time.starts_at),
            "endsAt": instant_text(slot.time.ends_at),
            "left": slot.left,
        }
        for slot in free_slots(offer, held, since, until, asked.now)
    ]


def _key(starts_at: str) -> str:
    begins = parse_instant(starts_at)
    return SlotTime(begins, begins).key


FREE_SLOTS = Computed(
    name="freeSlots",
    compute=_compute,
    properties=PROPERTIES,
    facts=_facts,
    parameters=_parameters,
)
