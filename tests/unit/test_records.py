from dataclasses import fields
from datetime import UTC, date, datetime

import pytest

from domain import hub_records, records, run_records, sign_in
from domain.availability import WeeklyWindow
from domain.identity import ID_LENGTH, derived_id, new_id
from domain.records import Node, ResourceOffer, Unit
from domain.vocabulary import CapacityKind, UnitKind
from graph.records import properties, record

NOW = datetime(2026, 5, 1, 8, 30, tzinfo=UTC)


def test_an_offer_comes_back_from_its_properties() -> None:
    offer = ResourceOffer(
        id=new_id(),
        created_at=NOW,
        title="会议室",
        capacity_kind=CapacityKind.EXCLUSIVE,
        capacity=50,
        measure="PERSON",
        starts_on=date(2026, 5, 1),
        windows=(WeeklyWindow(6, 540, 690),),
        skills=("法律",),
    )
    stored = properties(offer)
    assert stored["sortKey"] == f"2026-05-01T08:30:00.000000Z|{offer.id}"
    assert stored["windows"] == ["6 09:00-11:30"]
    assert stored["capacityKind"] == "EXCLUSIVE"
    assert record(ResourceOffer, stored) == offer


def test_absent_properties_are_defaults() -> None:
    unit = Unit(id=new_id(), created_at=NOW, name="某校", kind=UnitKind.SCHOOL)
    stored = {key: value for key, value in properties(unit).items() if value is not None}
    assert "aliases" not in stored
    assert record(Unit, stored) == unit


@pytest.mark.parametrize("cls", Node.__subclasses__(), ids=lambda cls: cls.__name__)
def test_every_record_is_readable(cls: type[Node]) -> None:
    assert cls.__doc__
    declared_in = (records, run_records, hub_records, sign_in)
    assert cls.__module__ in {module.__name__ for module in declared_in}
    assert {field.name for field in fields(cls)} >= {"id", "created_at"}


def test_identifiers() -> None:
    assert derived_id("Unit", "a", "b") == derived_id("Unit", "a", "b")
    assert derived_id("Unit", "a", "b") != derived_id("Unit", "ab")
    assert len(new_id()) == len(derived_id("Unit", "x")) == ID_LENGTH
    assert new_id() != new_id()
