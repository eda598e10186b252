"""Accounts and grants as people administer them: who may give what, deputies, handing over."""

import asyncio
from typing import Any

import pytest

from domain.identity import global_id, new_id
from domain.language import Language
from domain.sign_in import subject_id
from graph.accounts import viewer as viewer_of
from graph.driver import Graph
from graph.migrations import m0008_granters
from graph.sign_in import account_of
from graph.statements import Statement
from resolvers.sign_in import account_of_subject
from tests.graph.builders import Neighbourhood, dump
from tests.graph.people import ISSUER, People

pytestmark = pytest.mark.anyio


@pytest.fixture
async def people(graph: Graph) -> People:
    return People(await Neighbourhood(graph).build())


async def test_an_administrator_invites_and_the_invited_one_comes_once(people: People) -> None:
    count = len(await people.events())
    result = await people.change(
        "admin",
        "inviteAccount",
        name=" Li ",
        email=f" {people.here.prefix}@Example.org ",
        language="en",
        grants=[{"role": "COORDINATOR", "areaId": people.area("community")}, {"role": "APP"}],
    )
    account = result["account"]
    email = f"{people.here.prefix}@example.org"
    assert (account["name"], account["language"], account["signInEmail"]) == ("Li", "en", email)
    assert sorted(each["role"] for each in account["grants"]["nodes"]) == ["APP", "COORDINATOR"]
    events = await people.events()
    assert len(events) == count + 1
    assert events[-1]["action"] == "ACCOUNT_INVITE"
    assert people.here.prefix not in events[-1]["changes"]
    assert "Li" not in events[-1]["changes"]
    found = await account_of_subject(
        people.graph, issuer=ISSUER, subject=new_id(), email=email, clock=people.here.clock
    )
    assert global_id("Account", found) == account["id"]
    viewer = await viewer_of(people.graph.read, found, people.here.clock())
    assert viewer is not None
    assert viewer.language is Language.EN
    assert viewer.coordinated_paths == (people.here.path("community"),)
    again = {"name": "Wang", "email": email, "grants": []}
    assert await people.code("admin", "inviteAccount", **again) == "BAD_INPUT"


async def test_somebody_is_invited_by_the_issuers_subject(people: People) -> None:
    result = await people.change("admin", "inviteAccount", name="Li", subject=people.here.prefix)
    found = await account_of(people.graph.read, subject_id(ISSUER, people.here.prefix))
    assert found is not None
    assert global_id("Account", found) == result["account"]["id"]


async def test_the_same_key_invites_once(people: People) -> None:
    given = {"idempotencyKey": new_id(), "name": "Li"}
    first = await people.change("admin", "inviteAccount", **given)
    before = await dump(people.graph)
    assert await people.change("admin", "inviteAccount", **given) == first
    assert await dump(people.graph) == before
    other = {**given, "name": "Wang"}
    assert await people.code("admin", "inviteAccount", **other) == "IDEMPOTENCY_CONFLICT"


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"name": " "}, "name"),
        ({"email": "nobody"}, "email"),
        ({"email": "a@b", "subject": "x"}, "subject"),
        ({"language": "fr"}, "language"),
        ({"grants": [{"role": "COORDINATOR"}]}, "grants"),
        ({"grants": [{"role": "APP"}] * 51}, "grants"),
        ({"grants": [{"role": "APP", "validUntil": "2020-01-01T00:00:00Z"}]}, "validUntil"),
        ({"grants": [{"role": "APP", "validFrom": "2020-01-01T00:00:00Z"}]}, "validFrom"),
    ],
)
async def test_an_impossible_invitation_is_named(
    people: People, given: dict[str, Any], field: str
) -> None:
    before = await dump(people.graph)
    result = await people.change("admin", "inviteAccount", **{"name": "Li", **given})
    assert (result["code"], result["field"]) == ("BAD_INPUT", field)
    assert await dump(people.graph) == before


async def test_a_coordinator_gives_less_than_it_holds_and_only_in_its_area(people: People) -> None:
    def asked(role: str, **scope: str) -> dict[str, Any]:
        return {"name": "Li", "grants": [{"role": role, **scope}]}

    for good in (
        asked("COORDINATOR", areaId=people.area("community")),
        asked("LOADER", areaId=people.area("subdistrict")),
        asked("LIAISON", agentId=people.unit()),
        asked("LIAISON", agentId=people.area("community")),
        asked("MEMBER", agentId=global_id("Member", people.here.id("resident"))),
    ):
        result = await people.change("coordinator", "inviteAccount", **good)
        assert result["account"]["grants"]["nodes"], result
    for more in (
        asked("COORDINATOR", areaId=people.area("subdistrict")),
        asked("COORDINATOR", areaId=people.area("district")),
        asked("LOADER", areaId=people.area("district")),
        asked("APP"),
        asked("ADMIN"),
        {"name": "Li", "grants": []},
    ):
        assert await people.code("coordinator", "inviteAccount", **more) == "FORBIDDEN"
    for who in ("unit", "community", "nobody"):
        given = asked("LIAISON", agentId=people.unit())
        assert await people.code(who, "inviteAccount", **given) == "FORBIDDEN"
    assert await people.code(None, "inviteAccount", name="Li") == "NOT_SIGNED_IN"
    other = People(await Neighbourhood(people.graph).build())
    given = asked("LIAISON", agentId=other.unit())
    assert await people.code("coordinator", "inviteAccount", **given) == "FORBIDDEN"


async def test_a_role_is_given_and_taken_again(people: People) -> None:
    until = people.soon(days=3)
    given = await people.change(
        "coordinator",
        "grantRole",
        accountId=people.account("unit"),
        role="LIAISON",
        agentId=people.unit("school"),
        validUntil=until,
    )
    grant = given["grant"]
    assert grant["grantedBy"]["id"] == people.account("coordinator")
    assert grant["account"]["id"] == people.account("unit")
    held = await people.viewer("unit")
    assert held is not None
    assert people.here.id("school") in held.own_agents
    for who, code in (("school", "NOT_FOUND"), ("village", "NOT_FOUND"), (None, "NOT_SIGNED_IN")):
        assert await people.code(who, "revokeGrant", grantId=grant["id"]) == code
    other = People(await Neighbourhood(people.graph).build())
    assert await other.code("coordinator", "revokeGrant", grantId=grant["id"]) == "NOT_FOUND"
    ended = await people.change("referee", "revokeGrant", grantId=grant["id"])
    assert ended["grant"]["validUntil"] < until
    left = await people.viewer("unit")
    assert left is not None
    assert people.here.id("school") not in left.own_agents
    events = len(await people.events())
    again = await people.change("referee", "revokeGrant", grantId=grant["id"])
    assert again["grant"]["validUntil"] == ended["grant"]["validUntil"]
    assert len(await people.events()) == events


async def test_nobody_gives_to_themselves_but_anybody_may_give_up(people: People) -> None:
    own = {"accountId": people.account("coordinator"), "role": "LIAISON", "agentId": people.unit()}
    assert await people.code("coordinator", "grantRole", **own) == "FORBIDDEN"
    listed = await people.ask("coordinator", "{ viewer { roles { grantId } } }")
    (role,) = listed["viewer"]["roles"]
    assert await people.code("referee", "revokeGrant", grantId=role["grantId"]) == "FORBIDDEN"
    await people.change("coordinator", "revokeGrant", grantId=role["grantId"])
    left = await people.viewer("coordinator")
    assert left is not None
    assert left.grants == ()


async def test_a_suspended_account_signs_in_no_more(people: People) -> None:
    unit = {"accountId": people.account("unit")}
    suspended = await people.change("coordinator", "suspendAccount", **unit)
    assert suspended["account"]["active"] is False
    assert await people.viewer("unit") is None
    given = {"role": "LIAISON", "agentId": people.unit(), **unit}
    assert await people.code("coordinator", "grantRole", **given) == "BAD_INPUT"
    await people.change("coordinator", "reactivateAccount", **unit)
    assert await people.viewer("unit") is not None
    for who, whom, code in (
        ("coordinator", "district", "NOT_FOUND"),
        ("coordinator", "referee", "FORBIDDEN"),
        ("coordinator", "coordinator", "FORBIDDEN"),
        ("unit", "school", "NOT_FOUND"),
        ("unit", "unit", "FORBIDDEN"),
        ("coordinator", "admin", "NOT_FOUND"),
        ("coordinator", "nobody", "NOT_FOUND"),
        (None, "unit", "NOT_SIGNED_IN"),
    ):
        asked = {"accountId": people.account(whom)}
        assert await people.code(who, "suspendAccount", **asked) == code


async def test_everybody_says_in_which_language_they_are_spoken_to(people: People) -> None:
    own = {"accountId": people.account("unit"), "language": "en"}
    result = await people.change("unit", "updateAccount", **own)
    assert result["account"]["language"] == "en"
    found = await people.viewer("unit")
    assert found is not None
    assert found.language is Language.EN
    assert await people.code("school", "updateAccount", **own) == "NOT_FOUND"
    bad = {**own, "language": "de"}
    assert await people.code("unit", "updateAccount", **bad) == "BAD_INPUT"


async def only_administrators(people: People, *names: str) -> None:
    """Suspend all administrators but these, who are made such."""
    for name in names:
        if name != "admin":
            given = {"accountId": people.account(name), "role": "ADMIN"}
            await people.change("admin", "grantRole", **given)
    kept = {people.account(name) for name in names}
    listed = await people.ask(
        "admin", "{ grants(first: 100, filter: {role: {eq: ADMIN}}) { nodes { account { id } } } }"
    )
    for each in {node["account"]["id"] for node in listed["grants"]["nodes"]} - kept:
        await people.change("admin", "suspendAccount", accountId=each)


async def test_the_last_administrator_stays(people: People) -> None:
    await only_administrators(people, "admin")
    own = {"accountId": people.account("admin")}
    (role,) = (await people.ask("admin", "{ viewer { roles { grantId } } }"))["viewer"]["roles"]
    assert await people.code("admin", "suspendAccount", **own) == "LAST_ADMINISTRATOR"
    revoked = await people.code("admin", "revokeGrant", grantId=role["grantId"])
    assert revoked == "LAST_ADMINISTRATOR"
    for_a_week = {
        "accountId": people.account("unit"),
        "role": "ADMIN",
        "validUntil": people.soon(days=7),
    }
    await people.change("admin", "grantRole", **for_a_week)
    assert await people.code("admin", "suspendAccount", **own) == "LAST_ADMINISTRATOR"
    handed = await people.change(
        "admin", "handOverAccount", successorId=people.account("school"), **own
    )
    assert handed["account"]["active"] is False
    school = await people.viewer("school")
    assert school is not None
    assert school.is_admin


async def test_two_administrators_cannot_remove_each_other_at_once(people: People) -> None:
    await only_administrators(people, "admin", "district")
    found = await asyncio.gather(
        people.change("admin", "suspendAccount", accountId=people.account("district")),
        people.change("district", "suspendAccount", accountId=people.account("admin")),
        return_exceptions=True,
    )
    done = [each for each in found if isinstance(each, dict) and "account" in each]
    assert len(done) == 1, found
    left = [await people.viewer(who) for who in ("admin", "district")]
    assert sum(viewer is not None for viewer in left) == 1


async def test_who_leaves_hands_everything_over_at_once(people: People) -> None:
    order = await people.here.order()
    offer = await people.here.offer()
    proposed = await people.ask(
        "coordinator",
        "mutation ($input: ProposeClaimInput!) { proposeClaim(input: $input) "
        "{ ... on ClaimPayload { claim { id } } ... on Problem { message } } }",
        input={
            "idempotencyKey": new_id(),
            "initiator": "COORDINATOR",
            "orderId": global_id("DemandOrder", order.id),
            "offerId": global_id("ResourceOffer", offer.id),
            "lines": [{"quantity": 2}],
        },
    )
    claim_id = proposed["proposeClaim"]["claim"]["id"]
    await people.change(
        "coordinator",
        "appointDeputy",
        deputyId=people.account("nobody"),
        validUntil=people.soon(days=7),
    )
    given = {
        "accountId": people.account("coordinator"),
        "successorId": people.account("unit"),
    }
    for who, code in (("unit", "NOT_FOUND"), ("referee", "FORBIDDEN"), (None, "NOT_SIGNED_IN")):
        assert await people.code(who, "handOverAccount", **given) == code
    count = len(await people.events())
    result = await people.change("district", "handOverAccount", **given)
    assert result["account"]["active"] is False
    assert len(await people.events()) == count + 1
    assert await people.viewer("coordinator") is None
    assert await people.viewer("nobody", "coordinator") is None
    successor = await people.viewer("unit")
    assert successor is not None
    assert successor.coordinated_paths == (people.here.path("subdistrict"),)
    assert successor.own_agents == (people.here.unit,)
    withdrawn = await people.ask(
        "unit",
        "mutation ($input: WithdrawClaimInput!) { withdrawClaim(input: $input) "
        "{ ... on ClaimPayload { claim { state } } ... on Problem { message } } }",
        input={"idempotencyKey": new_id(), "claimId": claim_id},
    )
    assert withdrawn["withdrawClaim"]["claim"]["state"] == "WITHDRAWN"


async def test_accounts_are_seen_by_those_who_may_know(people: People) -> None:
    async def seen(who: str | None) -> set[str]:
        names = ("unit", "school", "community", "coordinator", "district", "admin", "nobody")
        found = await people.ask(
            who,
            "query ($ids: [ID!]!) { nodes(ids: $ids) { id } accounts(first: 100) { totalCount } }",
            ids=[people.account(name) for name in names],
        )
        seen = {name for name, node in zip(names, found["nodes"], strict=True) if node}
        assert found["accounts"]["totalCount"] >= len(seen)
        return seen

    assert await seen(None) == set()
    assert await seen("unit") == {"unit"}
    assert await seen("nobody") == {"nobody"}
    assert await seen("coordinator") == {"unit", "school", "community", "coordinator"}
    assert await seen("district") == {"unit", "school", "community", "coordinator", "district"}
    assert len(await seen("admin")) == 7
    other = People(await Neighbourhood(people.graph).build())
    held = await other.ask(
        "coordinator",
        "query ($id: ID!) { unit(id: $id) { grants { totalCount nodes { account { name } } } } }",
        id=people.unit(),
    )
    assert held["unit"]["grants"] == {"totalCount": 0, "nodes": []}


async def test_grants_from_before_are_linked_with_who_gave_them(people: People) -> None:
    grant_id = (await people.viewer("unit")).grants[0].id  # pyright: ignore[reportOptionalMemberAccess]
    former = Statement("test", "MATCH (g:Grant {id: $id}) SET g.grantedBy = $by", writes=True)
    by = people.here.id("account admin")
    await people.graph.write(lambda transaction: transaction.run(former, id=grant_id, by=by))
    for _ in range(2):
        await m0008_granters.apply(people.graph)
    query = "query ($id: ID!) { grant(id: $id) { grantedBy { id } } }"
    found = await people.ask("admin", query, id=global_id("Grant", str(grant_id)))
    assert found["grant"]["grantedBy"]["id"] == people.account("admin")
