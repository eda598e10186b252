"""The history gets its numbers in the order of commits, without gaps, whoever gives them."""

import asyncio
import json
from collections.abc import Sequence
from datetime import timedelta
from typing import Any, LiteralString, cast

import pytest

from domain.access import HeldGrant, Viewer
from domain.claims import ClaimAction
from domain.holds import LineRequest
from domain.identity import new_id
from domain.records import Agreement, Alliance, ChairTerm, CheckIn, EvidenceFile, Node
from domain.vocabulary import AllianceKind, CheckInRole, Initiator, Role
from graph.driver import Graph, Transaction
from graph.event_numbers import LEASE_MILLISECONDS, WaitingEvent, give_up_lease, standing
from graph.event_scopes import Scope
from graph.events import OFTEN, SELDOM, ChangedFields, event, write_event
from graph.history import Happened, events_after
from graph.migrations import m0005_event_numbers
from graph.statements import CompiledStatement, Statement
from resolvers import event_feed
from resolvers.accounts import GrantRequest, create_account
from resolvers.claims import StepRequest, propose, take_step
from resolvers.event_feed import EventFeed, FeedStopped, number_waiting
from tests.graph.builders import NOW, Neighbourhood, put
from tests.race.claimants import claimants

pytestmark = pytest.mark.anyio

NUMBERS = CompiledStatement(
    "MATCH (e:Event) RETURN e.id AS id, e.number AS number, e.position AS position ORDER BY number"
)
FORGET_NUMBERS = Statement(
    "tests.forget_numbers",
    "MATCH (e:Event) REMOVE e.number, e.position, e.areaIds, e.agentIds, e.scopes, e.nodeTypes "
    "WITH e MATCH (e)-[r:CHANGED]->() DELETE r",
    writes=True,
)
ABOUT = Statement(
    "tests.about",
    "MATCH (e:Event {id: $id}) MATCH (c:Claim {id: $claim}) CREATE (e)-[:ABOUT_CLAIM]->(c)",
    writes=True,
)
ABOUT_LEFT = CompiledStatement("MATCH ()-[r:ABOUT_CLAIM]->() RETURN count(r) AS left")
FORGET_COUNT = Statement(
    "tests.forget_count", "MATCH (l:EngineLock {id: 'events'}) DELETE l", writes=True
)
CHANGED = CompiledStatement(
    "MATCH (e:Event {id: $id})-[:CHANGED]->(n) RETURN n.id AS id ORDER BY id"
)
CONCERNED = CompiledStatement(
    "MATCH (e:Event {id: $id}) RETURN e.agentIds AS agents, e.areaIds AS areas"
)
SET_LEASE = Statement(
    "tests.set_lease",
    "MERGE (l:EngineLock {id: 'events'}) SET l.owner = $owner, l.until = timestamp() + $more",
    writes=True,
)


@pytest.fixture(scope="module")
async def here(graph: Graph) -> Neighbourhood:
    return await Neighbourhood(graph).build()


async def number_all(graph: Graph, owner: str = "tests") -> int:
    """Number everything that waits, and return the last number."""
    while (found := await standing(graph, owner)).waiting:
        await number_waiting(graph, owner)
    return found.last


async def all_events(graph: Graph) -> list[Happened]:
    last = await number_all(graph)
    found: list[Happened] = []
    while page := await events_after(graph, found[-1].number if found else 0, last, 100):
        found += page
    return found


async def proposed(here: Neighbourhood, key: str | None = None) -> str:
    order = await here.order(quantity=1000)
    claim = await propose(
        here.graph,
        viewer=here.viewer("unit"),
        initiator=Initiator.SUPPLIER,
        supplier_id=here.unit,
        order_id=order.id,
        lines=[LineRequest(1)],
        idempotency_key=key or order.id,
        clock=here.clock,
    )
    return claim.id


async def test_numbers_follow_each_other_and_say_whom_events_concern(
    here: Neighbourhood, graph: Graph
) -> None:
    before = await number_all(graph)
    claim_id = await proposed(here)
    await take_step(
        graph,
        claim_id,
        StepRequest(action=ClaimAction.ACCEPT),
        viewer=here.viewer("community"),
        idempotency_key=claim_id,
        clock=here.clock,
    )
    assert (await standing(graph, "tests")).waiting == 2
    last = await number_all(graph)
    assert last == before + 2
    first, second = await events_after(graph, before, last, 10)
    assert [first.number, second.number] == [before + 1, before + 2]
    assert [first.action, second.action] == ["CLAIM_PROPOSE", "CLAIM_ACCEPT"]
    assert (claim_id, "Claim") in first.nodes
    scope = first.scopes[claim_id]
    assert scope.agents == {here.unit, here.id("community")}
    assert scope.lies_in(here.subdistrict)
    assert not scope.lies_in(here.id("elsewhere"))
    assert here.district in first.area_ids
    changed = {row["id"] for row in await graph.read(CHANGED, id=first.id)}
    assert changed == {node_id for node_id, _ in first.nodes}


async def test_what_binds_agents_concerns_them_and_where_they_are(
    here: Neighbourhood, graph: Graph
) -> None:
    """Of each kind: the agents whose it is, and the lowest areas in which it lies."""
    claim_id = await proposed(here)
    day = NOW.date()
    alliance, term, agreement, check_in, file = (new_id() for _ in range(5))
    records: list[Node] = [
        Alliance(id=alliance, created_at=NOW, name="alliance", kind=AllianceKind.BUSINESS),
        ChairTerm(id=term, created_at=NOW, starts_on=day),
        Agreement(id=agreement, created_at=NOW, title="agreement"),
        CheckIn(id=check_in, created_at=NOW, role=CheckInRole.OTHER),
        EvidenceFile(id=file, created_at=NOW, sha256="", media_type="image/png", size=1),
    ]
    unit, school, branch, village = (
        here.id(each) for each in ("unit", "school", "branch", "village")
    )
    links = [
        ("Alliance", alliance, "ALLIANCE_MEMBER", "Agent", school),
        ("Alliance", alliance, "ALLIANCE_SUPPORTER", "Agent", branch),
        ("Alliance", alliance, "ALLIANCE_AT", "Area", village),
        ("Alliance", alliance, "HAS_TERM", "ChairTerm", term),
        ("ChairTerm", term, "CHAIRED_BY", "Agent", school),
        ("Agreement", agreement, "AGREED_BY", "Agent", unit),
        ("Agreement", agreement, "AGREED_BY", "Agent", village),
        ("Agent", branch, "CHECKS_IN", "CheckIn", check_in),
        ("CheckIn", check_in, "CHECKED_IN_AT", "Area", village),
        ("EvidenceFile", file, "EVIDENCE_OF", "Claim", claim_id),
    ]
    await put(graph, records, links)
    expected: dict[str, tuple[set[str], bool]] = {
        alliance: ({school, branch}, True),
        term: ({school, branch}, True),
        agreement: ({unit, village}, True),
        check_in: ({branch, village}, True),
        file: ({unit, here.community}, False),
    }
    for record in records:
        changes = {record.id: ChangedFields(type(record).__name__, {"x": [None, 1]})}
        written = event(new_id(), here.clock(), "SYSTEM", "TEST", changes)
        await graph.write(lambda transaction, told=written: write_event(transaction, told))
        await number_all(graph)
        (row,) = await graph.read(CONCERNED, id=written.id)
        agents, in_village = expected[record.id]
        assert set(row["agents"]) == agents, type(record)
        assert here.subdistrict in row["areas"]
        assert (village in row["areas"]) == in_village


@pytest.mark.unrecorded
async def test_numbers_are_in_the_order_of_commits_under_concurrent_writers_and_sequencers(
    here: Neighbourhood, graph: Graph
) -> None:
    """Three sequencers fight for the turn, while claims are made and taken further."""
    before = await number_all(graph)
    crowd = await claimants(here, 12)
    order = await here.order(quantity=1000)
    writing = True
    given: list[int] = []

    async def live(unit_id: str, key: str) -> str:
        viewer = next(viewer for unit, viewer in crowd if unit == unit_id)
        claim = await propose(
            graph,
            viewer=viewer,
            initiator=Initiator.SUPPLIER,
            supplier_id=unit_id,
            order_id=order.id,
            lines=[LineRequest(1)],
            idempotency_key=key,
            clock=here.clock,
        )
        await take_step(
            graph,
            claim.id,
            StepRequest(action=ClaimAction.ACCEPT),
            viewer=here.viewer("community"),
            idempotency_key=claim.id,
            clock=here.clock,
        )
        return claim.id

    async def sequence(owner: str) -> None:
        while writing or (await standing(graph, owner)).waiting:
            last = await number_waiting(graph, owner)
            if last is not None:
                given.append(last)
                await give_up_lease(graph, owner)
            await asyncio.sleep(0.005)

    sequencers = [asyncio.create_task(sequence(f"sequencer {number}")) for number in range(3)]
    made = await asyncio.gather(*(live(unit_id, unit_id) for unit_id, _ in crowd))
    writing = False
    await asyncio.gather(*sequencers)
    last = (await standing(graph, "tests")).last
    happened = await events_after(graph, before, last, 1000)
    assert [each.number for each in happened] == list(range(before + 1, before + 25))
    for claim_id in made:
        steps = [each.action for each in happened if claim_id in dict(each.nodes)]
        assert steps == ["CLAIM_PROPOSE", "CLAIM_ACCEPT"]
    # The order's version tells the order of the commits that touched it.
    versions = [await version_after(graph, each.id, order.id) for each in happened]
    assert [version for version in versions if version] == sorted(filter(None, versions))
    # In how many turns they were numbered is a matter of speed; the last turn came to the end.
    assert max(given) == last


ROLES_OF = CompiledStatement("MATCH (e:Event {id: $id}) RETURN e.actorRoles AS roles")
CHANGES = CompiledStatement("MATCH (e:Event {id: $id}) RETURN e.changes AS changes")


async def version_after(graph: Graph, event_id: str, node_id: str) -> int | None:
    changes = json.loads((await graph.read(CHANGES, id=event_id))[0]["changes"])
    return changes.get(node_id, {}).get("version", [None, None])[1]


async def test_another_may_number_only_when_the_lease_is_over(
    here: Neighbourhood, graph: Graph
) -> None:
    await number_all(graph)
    await graph.write(
        lambda transaction: transaction.run(SET_LEASE, owner="another", more=LEASE_MILLISECONDS)
    )
    await proposed(here)
    assert not (await standing(graph, "tests")).may_number
    assert await number_waiting(graph, "tests") is None
    assert (await standing(graph, "tests")).waiting == 1
    assert (await standing(graph, "another")).may_number
    await graph.write(lambda transaction: transaction.run(SET_LEASE, owner="another", more=-1))
    assert (await standing(graph, "tests")).may_number
    assert await number_waiting(graph, "tests") is not None


async def test_a_sequencer_that_lost_its_lease_meanwhile_numbers_nothing(
    here: Neighbourhood, graph: Graph, monkeypatch: pytest.MonkeyPatch
) -> None:
    last = await number_all(graph)
    await give_up_lease(graph, "tests")
    await proposed(here)

    usual = event_feed.scoping

    async def overtaken(graph: Graph, found: Sequence[WaitingEvent]) -> list[dict[str, Any]]:
        """Have another number what this one has read as waiting."""
        monkeypatch.setattr(event_feed, "scoping", usual)
        assert await number_waiting(graph, "overtaking") == last + 1
        return await usual(graph, found)

    monkeypatch.setattr(event_feed, "scoping", overtaken)
    assert await number_waiting(graph, "tests") is None
    assert (await standing(graph, "tests")).last == last + 1
    await give_up_lease(graph, "overtaking")


async def test_the_count_goes_on_after_the_highest_number(
    here: Neighbourhood, graph: Graph
) -> None:
    last = await number_all(graph)
    await graph.write(lambda transaction: transaction.run(FORGET_COUNT))
    await proposed(here)
    assert await number_all(graph) == last + 1


async def test_events_from_before_the_numbers_get_theirs(here: Neighbourhood, graph: Graph) -> None:
    claim_id = await proposed(here)
    before = await all_events(graph)
    await graph.write(lambda transaction: transaction.run(FORGET_COUNT))
    await graph.write(lambda transaction: transaction.run(FORGET_NUMBERS))
    about = before[-1].id
    await graph.write(lambda transaction: transaction.run(ABOUT, id=about, claim=claim_id))
    for _ in range(2):
        await m0005_event_numbers.apply(graph)
    after = await all_events(graph)
    assert {each.id: set(each.nodes) for each in after} == {
        each.id: set(each.nodes) for each in before
    }
    assert [each.number for each in after] == list(range(1, len(before) + 1))
    assert [each.created_at for each in after] == sorted(each.created_at for each in after)
    assert {row["id"] for row in await graph.read(CHANGED, id=about)} >= {claim_id}
    assert (await graph.read(ABOUT_LEFT))[0]["left"] == 0
    await m0005_event_numbers.apply(graph)
    assert await all_events(graph) == after


async def test_every_kind_of_node_is_linked_with_its_events(graph: Graph) -> None:
    ids = {kind: new_id() for kind in (*OFTEN, *SELDOM)}
    event_id = new_id()
    changes = {ids[kind]: ChangedFields(kind, {"name": [None, "x"]}) for kind in ids}

    async def work(transaction: Transaction) -> None:
        for kind, node_id in ids.items():
            text = cast("LiteralString", f"CREATE (n:{kind} {{id: $id}})")
            await transaction.run(Statement("tests.node", text, writes=True), id=node_id)
        await write_event(transaction, event(event_id, NOW, "SYSTEM", "TEST", changes))

    await graph.write(work)
    assert {row["id"] for row in await graph.read(CHANGED, id=event_id)} == set(ids.values())
    await graph.write(lambda transaction: transaction.run(FORGET_COUNT))
    await graph.write(lambda transaction: transaction.run(FORGET_NUMBERS))
    assert not await graph.read(CHANGED, id=event_id)
    await m0005_event_numbers.apply(graph)
    assert {row["id"] for row in await graph.read(CHANGED, id=event_id)} == set(ids.values())
    await number_all(graph)


async def test_the_roles_of_the_actor_are_kept(here: Neighbourhood, graph: Graph) -> None:
    made = await create_account(
        graph,
        viewer=Viewer(here.viewer("admin").account_id, (HeldGrant(Role.ADMIN),)),
        name="another",
        grants=[GrantRequest(role=Role.APP)],
        clock=here.clock,
    )
    assert made
    happened = (await all_events(graph))[-1]
    assert (await graph.read(ROLES_OF, id=happened.id))[0]["roles"] == ["ADMIN"]
    assert happened.action == "createAccount"
    assert happened.area_ids == frozenset()
    assert happened.scopes == {}


@pytest.mark.unrecorded
async def test_the_feed_wakes_who_follows_it(here: Neighbourhood, graph: Graph) -> None:
    last = await number_all(graph)
    await give_up_lease(graph, "tests")
    first, second = EventFeed(graph), EventFeed(graph)
    await first.start()
    await second.start()
    try:
        following = [asyncio.create_task(feed.after(last)) for feed in (first, second)]
        await asyncio.sleep(0)
        claim_id = await proposed(here)
        async with asyncio.timeout(10):
            (here_seen,), (there_seen,) = await asyncio.gather(*following)
        assert here_seen == there_seen
        assert here_seen.number == last + 1
        assert claim_id in here_seen.scopes
        # From the graph where it is not kept, from what is kept where it is.
        assert [each.number for each in await first.after(0)] == list(range(1, 201))[: last + 1]
        assert [each.number for each in await first.after(last)] == [last + 1]
        waiting = asyncio.create_task(first.after(last + 1))
        await asyncio.sleep(0)
    finally:
        await first.stop()
        await second.stop()
    with pytest.raises(FeedStopped):
        await waiting
    assert (await standing(graph, "anybody")).may_number


def test_a_scope_knows_the_areas_above() -> None:
    scope = Scope(paths={"/a/b/c/"})
    assert scope.lies_in("b")
    assert not scope.lies_in("d")
    assert timedelta(milliseconds=LEASE_MILLISECONDS) < timedelta(seconds=10)
