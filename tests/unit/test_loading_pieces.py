"""What a row of a load states of an item, and what it leaves as it is."""

from domain.records import DemandOrder
from resolvers.loading_pieces import piece
from tests.graph.builders import NOW


def test_limits_stay_where_a_row_says_nothing_of_them() -> None:
    plain = DemandOrder(id="o", created_at=NOW, title="t", quantity=1, measure="PERSON")
    stated = piece(plain, {}, origin=None, whole=True).stated
    assert stated["beneficiaries"] is None
    assert not {"partnerLimit", "contiguousMinutes"} & stated.keys()
    plain.partner_limit = 2
    assert piece(plain, {}, origin=None, whole=True).stated["partnerLimit"] == 2
