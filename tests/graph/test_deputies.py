"""Deputies act for an account for a time, and the history says both."""

import pytest

from domain.access import ActingAccount
from domain.errors import NotSignedIn
from domain.identity import global_id, new_id
from graph.driver import Graph
from resolvers.accounts import viewer_of as signed_in
from tests.graph.builders import Neighbourhood
from tests.graph.people import People

pytestmark = pytest.mark.anyio


@pytest.fixture
async def people(graph: Graph) -> People:
    return People(await Neighbourhood(graph).build())


async def test_a_deputy_acts_for_a_time_and_the_history_says_both(people: People) -> None:
    result = await people.change(
        "coordinator",
        "appointDeputy",
        deputyId=people.account("nobody"),
        validUntil=people.soon(days=7),
    )
    deputyship = result["deputyship"]
    assert deputyship["account"]["id"] == people.account("coordinator")
    acting = await people.viewer("nobody", "coordinator")
    assert acting is not None
    assert acting.coordinated_paths == (people.here.path("subdistrict"),)
    assert acting.acting_for == people.here.id("account coordinator")
    assert (await people.viewer("nobody")).grants == ()  # pyright: ignore[reportOptionalMemberAccess]
    given = {
        "accountId": people.account("unit"),
        "role": "LOADER",
        "areaId": people.area("village"),
    }
    done = await people.change("nobody", "grantRole", "coordinator", **given)
    assert done["grant"]["role"] == "LOADER"
    both = (people.here.id("account nobody"), people.here.id("account coordinator"))
    told = [each for each in await people.events() if each["actor"] == both[0]]
    assert [(each["action"], each.get("actingFor")) for each in told] == [("GRANT_GIVE", both[1])]
    # A deputy passes nothing on, and takes nothing for itself.
    further = {"deputyId": people.account("unit"), "validUntil": people.soon(days=1)}
    further["accountId"] = people.account("coordinator")
    refused = await people.change("nobody", "appointDeputy", "coordinator", **further)
    assert refused["code"] == "FORBIDDEN"
    own = {**given, "accountId": people.account("nobody")}
    assert (await people.change("nobody", "grantRole", "coordinator", **own))["code"] in {
        "FORBIDDEN",
        "NOT_FOUND",
    }
    ended = await people.change("nobody", "endDeputyship", deputyshipId=deputyship["id"])
    assert ended["deputyship"]["validUntil"] < deputyship["validUntil"]
    assert await people.viewer("nobody", "coordinator") is None


async def test_a_deputyship_has_its_time_and_its_limits(people: People) -> None:
    base = {"deputyId": people.account("nobody")}
    later = await people.change(
        "unit",
        "appointDeputy",
        validFrom=people.soon(days=1),
        validUntil=people.soon(days=2),
        **base,
    )
    assert later["deputyship"]
    assert await people.viewer("nobody", "unit") is None
    people.here.clock.forward(days=1, hours=1)
    assert await people.viewer("nobody", "unit") is not None
    people.here.clock.forward(days=1)
    assert await people.viewer("nobody", "unit") is None
    for bad in (
        {"validUntil": people.soon(days=-1)},
        {"validUntil": people.soon(days=400)},
        {"validUntil": people.soon(days=1), "deputyId": people.account("unit")},
    ):
        assert await people.code("unit", "appointDeputy", **{**base, **bad}) == "BAD_INPUT"
    unknown = {"deputyId": global_id("Account", new_id()), "validUntil": people.soon(days=1)}
    assert await people.code("unit", "appointDeputy", **unknown) == "NOT_FOUND"
    others = {**base, "validUntil": people.soon(days=1), "accountId": people.account("unit")}
    assert await people.code("school", "appointDeputy", **others) == "NOT_FOUND"
    assert (await people.change("coordinator", "appointDeputy", **others))["deputyship"]
    ended = {"deputyshipId": later["deputyship"]["id"]}
    assert await people.code("school", "endDeputyship", **ended) == "NOT_FOUND"
    assert await people.code(None, "endDeputyship", **ended) == "NOT_SIGNED_IN"


async def test_nobody_acts_for_an_account_whose_deputy_they_are_not(people: People) -> None:
    acting = ActingAccount(people.here.id("account unit"), people.here.id("account admin"))
    with pytest.raises(NotSignedIn):
        await signed_in(people.graph, acting, now=people.here.clock())
