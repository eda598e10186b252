"""Edits that make no sense, whatever claims there are."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from domain.edits import check_offer_edit
from domain.errors import BadInput
from domain.records import ResourceOffer
from domain.vocabulary import CapacityKind

NOW = datetime(2026, 5, 4, tzinfo=UTC)
OFFER = ResourceOffer(
    id="offer",
    created_at=NOW,
    title="会议室",
    capacity_kind=CapacityKind.EXCLUSIVE,
    measure="PERSON",
)


@pytest.mark.parametrize("minutes", [0, -1, 1441, 10**19])
def test_a_slot_is_a_day_at_most(minutes: int) -> None:
    check_offer_edit(OFFER, replace(OFFER, slot_minutes=1440), [], NOW)
    with pytest.raises(BadInput, match="slotMinutes"):
        check_offer_edit(OFFER, replace(OFFER, slot_minutes=minutes), [], NOW)
