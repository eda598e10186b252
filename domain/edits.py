"""Edits of offers and orders beside the claims on them. Pure.

An edit that would leave less than is held, take a held slot away, or change measure, capacity
kind or selection under claims is refused, naming the claims.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from domain.claims import LIVE
from domain.errors import HeldByClaims
from domain.holds import Line, holds, offer_hold, order_hold, slot_at
from domain.identity import NodeReference
from domain.plausible import check_offer_fields, check_order_fields
from domain.records import DemandOrder, ResourceOffer
from domain.vocabulary import CapacityKind, ClaimState, Selection


@dataclass(frozen=True, slots=True)
class ClaimOnItem:
    """A claim as far as an edit of its order or offer is concerned."""

    id: str
    state: ClaimState
    lines: tuple[Line, ...]


def check_order_edit(
    before: DemandOrder, after: DemandOrder, claims: Sequence[ClaimOnItem]
) -> None:
    """Refuse an edit of an order that its claims do not bear, or that makes no sense.

    Raises HeldByClaims, BadInput or UnknownMeasure.
    """
    check_order_fields(after)
    holding = [claim for claim in claims if holds(claim.state, before.selection)]
    held = sum(order_hold(claim.state, before.selection, claim.lines) for claim in claims)
    split = after.indivisible and held > 0 and (held != after.quantity or len(holding) > 1)
    if after.quantity < held or split or (after.measure != before.measure and claims):
        raise _held(before, holding or claims)
    # No claim may leave a rest below the lot, nor may an edit beside claims; a rest that is there
    # already (less was delivered) hinders no edit of something else.
    rest = after.quantity - held
    terms = (after.quantity, after.minimum_lot) != (before.quantity, before.minimum_lot)
    if holding and terms and 0 < rest < after.minimum_lot:
        raise _held(before, holding)
    _selection(before, after.selection, claims)


def check_offer_edit(
    before: ResourceOffer, after: ResourceOffer, claims: Sequence[ClaimOnItem], now: datetime
) -> None:
    """Refuse an edit of an offer that its claims do not bear, or that makes no sense.

    Raises HeldByClaims, BadInput or UnknownMeasure.
    """
    check_offer_fields(after)
    other = (after.measure, after.capacity_kind) != (before.measure, before.capacity_kind)
    if other and claims:
        raise _held(before, claims)
    holding = [claim for claim in claims if holds(claim.state, before.selection)]
    if broken := [claim for claim in holding if _loses_slot(claim, after, now)]:
        raise _held(before, broken)
    if over := _over_capacity(after, holding, before.selection):
        raise _held(before, over)
    _selection(before, after.selection, claims)


def check_withdrawal(item: DemandOrder | ResourceOffer, claims: Sequence[ClaimOnItem]) -> None:
    """Refuse to take an order or offer away from claims that are under way.

    Raises HeldByClaims.
    """
    live = [claim for claim in claims if claim.state in LIVE and holds(claim.state, item.selection)]
    if live:
        raise _held(item, live)


def _over_capacity(
    after: ResourceOffer, holding: Sequence[ClaimOnItem], selection: Selection
) -> list[ClaimOnItem]:
    if after.capacity is None:
        return []
    if after.capacity_kind is CapacityKind.TOTAL:
        held = sum(offer_hold(claim.state, selection, claim.lines) for claim in holding)
        return list(holding) if held > after.capacity else []
    slots: dict[str, list[tuple[int, ClaimOnItem]]] = {}
    for claim in holding:
        for line in claim.lines:
            if line.slot is not None:
                slots.setdefault(line.slot.key, []).append((line.offer_held, claim))
    return [
        claim
        for users in slots.values()
        if sum(held for held, _ in users) > after.capacity
        for _, claim in users
    ]


def _loses_slot(claim: ClaimOnItem, after: ResourceOffer, now: datetime) -> bool:
    """Whether a slot to come that a claim under way holds would be no slot of the offer."""
    return claim.state in LIVE and any(
        line.slot is not None
        and line.slot.starts_at > now
        and slot_at(after, line.slot.starts_at) != line.slot
        for line in claim.lines
    )


def _selection(
    item: DemandOrder | ResourceOffer, after: Selection, claims: Iterable[ClaimOnItem]
) -> None:
    """Refuse to change what open proposals hold."""
    proposed = [claim for claim in claims if claim.state is ClaimState.PROPOSED]
    if item.selection is not after and proposed:
        raise _held(item, proposed)


def _held(item: DemandOrder | ResourceOffer, claims: Iterable[ClaimOnItem]) -> HeldByClaims:
    return HeldByClaims(
        node=NodeReference(type(item).__name__, item.id),
        claims=[NodeReference("Claim", each) for each in sorted({claim.id for claim in claims})],
    )
