"""Which edits of offers and orders live claims forbid: those that would break what they hold."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from domain.holds import slot_at
from domain.records import DemandOrder, ResourceOffer
from domain.vocabulary import CapacityKind


def breaks_order(before: DemandOrder, after: DemandOrder) -> bool:
    """Whether an order with live claims may not become `after`.

    That is where less would be left than is held, or the measure would change.
    """
    return after.quantity < before.held or after.measure != before.measure


def breaks_offer(
    before: ResourceOffer,
    after: ResourceOffer,
    slots: Mapping[datetime, int],
    claimed_slots: Iterable[datetime],
) -> bool:
    """Whether an offer with live claims may not become `after`.

    That is where less would be left than is held, in all or in a slot, a claimed slot would be
    gone, or measure or capacity kind would change. `slots` is what is held by the start of the
    slot, `claimed_slots` the starts of the slots that live claims name.
    """
    if after.measure != before.measure or after.capacity_kind is not before.capacity_kind:
        return True
    if after.capacity_kind is CapacityKind.TOTAL:
        return after.capacity is not None and after.capacity < before.held
    if after.capacity is not None and any(held > after.capacity for held in slots.values()):
        return True
    return any(slot_at(after, starts_at) is None for starts_at in claimed_slots)
