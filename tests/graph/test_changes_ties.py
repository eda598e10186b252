"""Agreements, alliances with their chairs, and pairings: what binds agents."""

import pytest

from graph.driver import Graph
from tests.graph.builders import Neighbourhood, dump
from tests.graph.mutating import gid, made, mutate

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
async def here(graph: Graph) -> Neighbourhood:
    return await Neighbourhood(graph).build()


async def allied(here: Neighbourhood, *members: str) -> str:
    """Make an alliance of the subdistrict, and return its id."""
    return await made(
        here, "coordinator", "createAlliance", "alliance",
        name="联盟", kind="COMMUNITY", memberIds=[*members],
        areaId=gid(here, "Area", "subdistrict"),
    )  # fmt: skip


async def test_what_binds_agents(here: Neighbourhood) -> None:
    one, two = gid(here, "Unit", "unit"), gid(here, "Area", "community")
    pairing = await made(here, "unit", "createPairing", "pairing", agentIds=[one, two])
    twice = await mutate(here, "community", "createPairing", agentIds=[two, one])
    assert (twice["code"], twice["node"]) == ("ALREADY_TAKEN", pairing)
    same = await mutate(here, "unit", "createPairing", agentIds=[one, one])
    assert same["field"] == "agents"
    agreement = await made(
        here, "community", "createAgreement", "agreement",
        title="共建协议", partyIds=[one, two], signedOn="2026-01-01", validUntil="2027-01-01",
    )  # fmt: skip
    check_in = await made(
        here, "branch", "createCheckIn", "checkIn",
        agentId=gid(here, "PartyBranch", "branch"), areaId=two, role="SERVICE_TEAM",
        startsOn="2026-01-01",
    )  # fmt: skip
    before = await dump(here.graph)
    for field, given in (
        ("createPairing", {"agentIds": [one, gid(here, "Area", "village")]}),
        ("createAgreement", {"title": "x", "partyIds": [one, two]}),
        ("editPairing", {"id": pairing, "source": "x"}),
        ("editAgreement", {"id": agreement, "title": "x"}),
        ("endPairing", {"id": pairing}),
        ("endAgreement", {"id": agreement}),
        ("editCheckIn", {"id": check_in, "role": "OTHER"}),
        ("endCheckIn", {"id": check_in}),
    ):
        for who in ("school", "nobody"):
            answer = await mutate(here, who, field, **given)
            assert answer["code"] in {"FORBIDDEN", "NOT_FOUND"}, (who, field, answer)
    assert await dump(here.graph) == before
    edited = await mutate(here, "unit", "editPairing", "version", id=pairing, since="2026-02-01")
    assert edited["version"] == 1
    edited = await mutate(
        here, "unit", "editAgreement", "agreement { title parties { totalCount } }",
        id=agreement, partyIds=[one, two, gid(here, "Unit", "school")],
    )  # fmt: skip
    assert edited["agreement"]["parties"] == {"totalCount": 3}
    edited = await mutate(here, "community", "editCheckIn", "version", id=check_in, role="OTHER")
    assert edited["version"] == 1
    ended = await mutate(here, "unit", "endAgreement", "agreement { validUntil }", id=agreement)
    assert ended["agreement"] == {"validUntil": "2026-05-04"}
    ended = await mutate(here, "branch", "endCheckIn", "checkIn { endsOn }", id=check_in)
    assert ended["checkIn"] == {"endsOn": "2026-05-04"}
    ended = await mutate(here, "unit", "endPairing", "pairing { retiredAt }", id=pairing)
    assert ended["pairing"]["retiredAt"] is not None


async def test_of_areas_only_a_community_binds_itself(here: Neighbourhood) -> None:
    one, wide = gid(here, "Unit", "unit"), gid(here, "Area", "subdistrict")
    alliance = await allied(here, one)
    before = await dump(here.graph)
    for field, given in (
        ("createPairing", {"agentIds": [one, wide]}),
        ("createAgreement", {"title": "x", "partyIds": [one, wide]}),
        ("editAlliance", {"id": alliance, "supporterIds": [wide]}),
        ("addChairTerm", {"allianceId": alliance, "chairId": wide, "startsOn": "2026-01-01"}),
    ):
        answer = await mutate(here, "admin", field, **given)
        assert answer["code"] == "NOT_FOUND", (field, answer)
        assert wide in answer["message"]
    assert await dump(here.graph) == before


async def test_an_alliance_has_one_chair_at_a_time(here: Neighbourhood) -> None:
    one = gid(here, "Unit", "unit")
    alliance = await allied(here, one)
    term = {"allianceId": alliance, "chairId": one}
    first = await made(
        here, "coordinator", "addChairTerm", "chairTerm",
        **term, startsOn="2026-01-01", endsOn="2026-06-30",
    )  # fmt: skip
    second = await made(
        here, "coordinator", "addChairTerm", "chairTerm", **term, startsOn="2026-07-01"
    )
    before = await dump(here.graph)
    days = [("2026-06-30", "2026-06-30"), ("2025-01-01", None), ("2027-01-01", "2027-02-01")]
    for starts, ends in days:
        overlap = await mutate(
            here, "coordinator", "addChairTerm", **term, startsOn=starts, endsOn=ends
        )
        assert overlap["code"] == "TERMS_OVERLAP"
    late = await mutate(here, "coordinator", "editChairTerm", id=first, endsOn="2026-07-01")
    assert late["code"] == "TERMS_OVERLAP"
    for field, given in (
        (
            "createAlliance",
            {"name": "x", "kind": "OTHER", "areaId": gid(here, "Area", "subdistrict")},
        ),
        ("editAlliance", {"id": alliance, "name": "x"}),
        ("endAlliance", {"id": alliance}),
        ("addChairTerm", {**term, "startsOn": "2025-01-01", "endsOn": "2025-02-01"}),
        ("editChairTerm", {"id": second, "endsOn": "2026-08-01"}),
    ):
        assert (await mutate(here, "unit", field, **given))["code"] == "FORBIDDEN", field
    assert await dump(here.graph) == before
    done = await mutate(
        here, "coordinator", "editChairTerm", "version chairTerm { endsOn chair { name } }",
        id=second, endsOn="2026-12-31", expectedVersion=0,
    )  # fmt: skip
    assert done["chairTerm"] == {"endsOn": "2026-12-31", "chair": {"name": "unit"}}
    edited = await mutate(
        here, "coordinator", "editAlliance", "version alliance { supporters { totalCount } }",
        id=alliance, supporterIds=[gid(here, "Unit", "school")],
    )  # fmt: skip
    assert edited["alliance"] == {"supporters": {"totalCount": 1}}
    ended = await mutate(here, "coordinator", "endAlliance", "alliance { retiredAt }", id=alliance)
    assert ended["alliance"]["retiredAt"] is not None
    closed = await mutate(here, "coordinator", "addChairTerm", **term, startsOn="2028-01-01")
    assert closed["code"] == "RETIRED"
