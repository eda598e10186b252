"""The three real lists of a subdistrict, as they are; skipped where they are not at hand."""

from datetime import date
from pathlib import Path

import pytest

from domain.inventory import AreaRow, BranchRow, OfferRow, PairingRow, SheetContent, UnitRow
from domain.neighbourhoods import same_community
from domain.vocabulary import CapacityKind
from seed.reading import read_file

FOLDER = Path(__file__).parents[3] / "shared" / "data" / "lujiazui2017"
pytestmark = pytest.mark.skipif(
    not FOLDER.is_dir(), reason="the real sheets are not part of the project (../shared/data)"
)


def read(name: str) -> SheetContent:
    """Read one of the sheets, in which nothing is wrong."""
    (content,) = read_file(FOLDER / name, date(2026, 5, 4))
    assert not content.errors
    return content


def test_the_venues_are_sixty_rooms_and_one_said_twice() -> None:
    content = read("venues.xlsx")
    offers = [row for row in content.rows if isinstance(row, OfferRow)]
    assert (content.kind, content.row_count, len(offers)) == ("venues", 61, 60)
    (again,) = content.duplicates
    assert (again.origin.row, again.first.row) == (37, 30)
    assert {row.capacity_kind for row in offers} == {CapacityKind.EXCLUSIVE}
    assert {row.measure for row in offers} == {"PERSON"}
    assert sum(row.capacity or 0 for row in offers) > 4000
    assert sum(row.provider == "文化中心" for row in offers) == 17
    assert sum(row.provider == "社区生活服务中心" for row in offers) == 6
    assert all(row.place == row.provider for row in offers if row.provider.endswith("居民区"))
    assert len({row.name for row in content.rows if isinstance(row, UnitRow)}) == 7


def test_the_co_building_sheet_links_25_neighbourhoods_with_their_units() -> None:
    content = read("co-building.xlsx")
    assert (content.kind, content.row_count) == ("co_building", 134)
    assert [(again.origin.row, again.first.row) for again in content.duplicates] == [
        (39, 7), (40, 8),
    ]  # fmt: skip
    assert len({row.name for row in content.rows if isinstance(row, BranchRow)}) == 25
    pairs = [(row.one, row.other) for row in content.rows if isinstance(row, PairingRow)]
    # 132 distinct rows; one of them names three units in one cell.
    assert len(pairs) == len(set(pairs)) == 134
    assert len({row.name for row in content.rows if isinstance(row, UnitRow)}) == 127
    assert not content.notes, "each block names as many units as it states"


def test_the_aid_is_offered_without_quantities() -> None:
    content = read("aid-claims.xlsx")
    offers = [row for row in content.rows if isinstance(row, OfferRow)]
    assert (content.kind, content.row_count, len(offers)) == ("aid_claims", 44, 44)
    assert {row.capacity for row in offers} == {None}
    assert {row.category for row in offers} == {"aid_money", "aid_goods"}


def test_neighbourhoods_meet_across_the_sheets() -> None:
    def names(sheet: str) -> set[str]:
        return {row.name for row in read(sheet).rows if isinstance(row, AreaRow)}

    venues, co_building = names("venues.xlsx"), names("co-building.xlsx")
    met = {(one, other) for one in venues for other in co_building if same_community(one, other)}
    assert ("崂一居民区", "崂山一村居民区") in met
    assert len({one for one, _ in met}) == len(met) == len({other for _, other in met})
    assert len(met) == 23
