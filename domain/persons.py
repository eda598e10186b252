"""What is a person's own in the records that are about them, and what is left when it is erased.

The law lets people ask for what is held of them, and for its end (PIPL articles 45 and 47).
Figures and history stand on what is left: kinds, categories, quantities, dates, states.
"""

from dataclasses import replace
from datetime import datetime

from domain.access import Viewer
from domain.hub_records import Account
from domain.items import PUBLISHED
from domain.records import (
    Claim,
    DemandOrder,
    Evaluation,
    Member,
    NeedList,
    Node,
    ResourceList,
    ResourceOffer,
)
from domain.vocabulary import ItemState, Role

ERASED = "已删除"
"""What stands where a name or a title has to stand."""

OPEN_ITEMS = (PUBLISHED | {ItemState.DRAFT, ItemState.PENDING_REVIEW}) - {
    ItemState.FULFILLED,
    ItemState.EXPIRED,
}
"""States of offers and orders that end with their owner."""


def may_erase(viewer: Viewer, person_id: str) -> bool:
    """Whether an account may have a person's data handed out and erased: its own, or as ADMIN.

    A person is a member, or an account.
    """
    own = any(grant.role is Role.MEMBER and grant.agent_id == person_id for grant in viewer.grants)
    return own or viewer.account_id == person_id or viewer.is_admin


def erased(record: Node, now: datetime) -> Node:
    """Return a record of a person, or of what the person offered, needed or wrote, without it.

    Raises TypeError for a record that holds nothing of a person.
    """
    match record:
        case Member():
            return replace(
                record,
                name=ERASED,
                contact_name=None,
                phone=None,
                email=None,
                skills=(),
                erased_at=now,
                retired_at=record.retired_at or now,
                version=record.version + 1,
            )
        case Account():
            return replace(record, name=ERASED, active=False)
        case ResourceOffer():
            return replace(
                record,
                title=ERASED,
                description=None,
                address=None,
                latitude=None,
                longitude=None,
                conditions=None,
                beneficiaries=None,
                skills=(),
                review_note=None,
                state=ItemState.WITHDRAWN if record.state in OPEN_ITEMS else record.state,
                version=record.version + 1,
            )
        case DemandOrder():
            return replace(
                record,
                title=ERASED,
                description=None,
                latitude=None,
                longitude=None,
                beneficiaries=None,
                skills=(),
                review_note=None,
                state=ItemState.WITHDRAWN if record.state in OPEN_ITEMS else record.state,
                version=record.version + 1,
            )
        case ResourceList() | NeedList():
            return replace(record, title=ERASED, version=record.version + 1)
        case Claim():
            return replace(
                record,
                note=None,
                evidence=None,
                reason=None,
                pending_request=None,
                version=record.version + 1,
            )
        case Evaluation():
            return replace(record, text=None)
        case _:
            raise TypeError(type(record).__name__)
