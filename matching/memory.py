"""What a run leaves for the next one and for what comes between, as JSON text: prices, what it saw.

And what a plan changed of the last one, which is served.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from matching.changes import Cause, CauseCode, ChangeKind, PlanChange, seen_offers, seen_orders
from matching.model import Booking, Earlier, OfferPrices, Seen, Situation
from matching.plans import Refusal


@dataclass(frozen=True, slots=True)
class Memory:
    """What a run leaves: prices of offers, and what it saw of orders and offers."""

    prices: OfferPrices
    orders: Mapping[str, Seen]
    offers: Mapping[str, Seen]


def memory_of(situation: Situation, prices: OfferPrices) -> Memory:
    """Return what a run of this situation leaves."""
    return Memory(prices, seen_orders(situation), seen_offers(situation))


def earlier_of(memory: Memory | None, bookings: tuple[Booking, ...]) -> Earlier | None:
    """Return the last plan as the next run knows it; None where there is nothing of one."""
    if memory is None:
        return Earlier(bookings=bookings) if bookings else None
    return Earlier(
        bookings=bookings, prices=memory.prices, orders=memory.orders, offers=memory.offers
    )


def memory_document(memory: Memory) -> dict[str, Any]:
    """Return a memory as plain data."""
    return {
        "prices": {offer: dict(prices) for offer, prices in memory.prices.items()},
        "orders": {each: [seen.quantity, seen.fingerprint] for each, seen in memory.orders.items()},
        "offers": {each: [seen.quantity, seen.fingerprint] for each, seen in memory.offers.items()},
    }


def memory_text(memory: Memory) -> str:
    """Return a memory as text."""
    return json.dumps(memory_document(memory), ensure_ascii=False, separators=(",", ":"))


def memory_from(found: Mapping[str, Any]) -> Memory:
    """Return a memory from its plain data."""
    return Memory(
        found["prices"],
        {each: Seen(*seen) for each, seen in found["orders"].items()},
        {each: Seen(*seen) for each, seen in found["offers"].items()},
    )


def read_memory(document: str) -> Memory:
    """Read a memory back."""
    return memory_from(json.loads(document))


def changes_text(changes: tuple[PlanChange, ...]) -> str:
    """Return the changes of a plan as text."""
    return json.dumps(
        [
            {
                "kind": change.kind,
                "order": change.order_id,
                "offer": change.offer_id,
                "from": change.from_offer_id,
                "before": change.before,
                "after": change.after,
                "causes": [[cause.code, cause.id, cause.refusal] for cause in change.causes],
            }
            for change in changes
        ],
        separators=(",", ":"),
    )


def changed_ids(document: str) -> set[str]:
    """Return the orders and offers that the changes of a plan name."""
    return {
        each
        for change in read_changes(document)
        for each in (
            change.order_id,
            change.offer_id,
            change.from_offer_id,
            *(cause.id for cause in change.causes),
        )
        if each
    }


def read_changes(document: str) -> tuple[PlanChange, ...]:
    """Read the changes of a plan back."""
    return tuple(
        PlanChange(
            kind=ChangeKind(found["kind"]),
            order_id=found["order"],
            offer_id=found["offer"],
            from_offer_id=found["from"],
            before=found["before"],
            after=found["after"],
            causes=tuple(
                Cause(CauseCode(code), each, Refusal(refusal) if refusal else None)
                for code, each, refusal in found["causes"]
            ),
        )
        for found in json.loads(document)
    )
