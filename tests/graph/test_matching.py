"""Matching runs on the graph: what is read, what is written, who may, and what is remembered."""

import asyncio
from collections.abc import Coroutine
from datetime import date, timedelta

import pytest

from domain.availability import WeeklyWindow
from domain.claims import ClaimAction
from domain.errors import (
    BadInput,
    Forbidden,
    IdempotencyConflict,
    MatchingError,
    NotFound,
    NotSignedIn,
    NotThisSide,
    QuantityExceeded,
)
from domain.holds import LineRequest
from domain.identity import new_id
from domain.records import Agreement, Alliance, Claim, NeedList, Pairing, PartyBranch
from domain.run_records import MatchRun
from domain.vocabulary import (
    AllianceKind,
    BranchKind,
    CapacityKind,
    ClaimState,
    Initiator,
    ListState,
    ProposalState,
    RunState,
)
from graph.driver import Graph, Transaction
from matching.documents import read_certificate, read_reasons, read_unmatched
from matching.matcher import match
from matching.model import PartName, Policy, RelationKind, agent_pair
from matching.plans import Proof, Refusal
from matching.verification import verify
from resolvers.claims import StepRequest, propose, take_step
from resolvers.match_runs import run_matching
from resolvers.matching import (
    Endorsement,
    endorse_proposals,
    lines_of_proposal,
    proposals_of_run,
)
from resolvers.matching_situation import read_situation
from resolvers.proposals import reject_proposal
from tests.graph.builders import NOW, dump, put
from tests.graph.events_of import events_of
from tests.graph.matching_market import Market

pytestmark = pytest.mark.anyio

EVENINGS = (WeeklyWindow.parse("3 19:00-21:00"),)


@pytest.fixture
async def market(graph: Graph) -> Market:
    return await Market(graph).open()


def claims_of(endorsed: list[Endorsement]) -> list[Claim]:
    return [found.claim for found in endorsed if found.claim is not None]


async def states(graph: Graph, run: MatchRun) -> list[ProposalState]:
    return [row.proposal.state for row in await proposals_of_run(graph, run.id)]


async def refused(
    graph: Graph, attempt: Coroutine[object, object, object], error: type[Exception]
) -> None:
    before = await dump(graph)
    with pytest.raises(error):
        await attempt
    assert await dump(graph) == before


async def test_a_run_writes_its_plan_with_reasons_and_proof(graph: Graph, market: Market) -> None:
    large = await market.order(quantity=25, title="二十五人的会议场地")
    lost = await market.order("village", quantity=9, measure="SESSION")
    offers = [await market.offer(owner, title="会议场地") for owner in ("unit", "school", "branch")]
    run = await market.run()
    assert run.state is RunState.DONE
    assert (run.orders, run.matched_orders, run.value) == (2, 1, run.bound)
    rows = await proposals_of_run(graph, run.id)
    assert {row.offer_id for row in rows} == {offer.id for offer in offers}
    assert {row.order_id for row in rows} == {large.id}
    assert sum(row.proposal.quantity for row in rows) == 25
    parts, reasons = read_reasons(rows[0].proposal.reasons)
    assert [part.name for part in parts] == list(PartName)
    assert "CATEGORY_SAME" in [reason.code for reason in reasons]
    certificate = read_certificate(run.certificate)
    assert [proof.proof for proof in certificate.components] == [Proof.DUALS]
    assert certificate.reached.whole_orders == 1
    assert certificate.practice.value <= certificate.reached.value == run.value
    unmatched = read_unmatched(run.unmatched)
    assert [(item.order_id, item.missing, item.reason) for item in unmatched] == [
        (lost.id, 9, Refusal.MEASURE)
    ]


async def test_what_is_read_of_the_graph(graph: Graph, market: Market) -> None:
    instead = f"instead{market.here.prefix}"
    await market.add_category(instead)
    await put(graph, [], [("Category", market.category, "SUBSTITUTABLE_BY", "Category", instead)])
    pairing = Pairing(id=new_id(), created_at=NOW)
    await put(
        graph,
        [pairing],
        [
            ("Pairing", pairing.id, "PAIRS", "Agent", market.here.id("branch")),
            ("Pairing", pairing.id, "PAIRS", "Agent", market.here.community),
        ],
    )
    order = await market.order(latitude=40.9, longitude=117.8)
    offer = await market.offer(category=instead, ends_on=NOW.date() + timedelta(days=90))
    await put(graph, [], [("ResourceOffer", offer.id, "SERVES", "Area", market.here.community)])
    draft = NeedList(id=new_id(), created_at=NOW, title="draft", state=ListState.DRAFT)
    unpublished = await market.order()
    await put(
        graph, [draft], [("NeedList", draft.id, "LISTS_ORDER", "DemandOrder", unpublished.id)]
    )
    situation = await read_situation(
        graph, below=market.here.path("subdistrict"), now=NOW, policy=Policy()
    )
    (read,) = situation.orders
    (given,) = [found for found in situation.offers if found.id == offer.id]
    assert (read.id, read.coordinates, read.receiver_id) == (
        order.id,
        (40.9, 117.8),
        market.here.community,
    )
    assert read.area_path == market.here.path("community")
    assert given.serves == (market.here.path("community"),)
    assert given.category == f"/{instead}/"
    assert (f"/{market.category}/", f"/{instead}/") in situation.substitutes
    paired = agent_pair(market.here.unit, market.here.community)
    assert situation.relations[paired] is RelationKind.PAIRED


async def test_the_strongest_tie_counts_while_it_lasts(graph: Graph, market: Market) -> None:
    here, today = market.here, NOW.date()
    await market.order()
    for owner in ("unit", "school", "village"):
        await market.offer(owner)

    async def between(owner: str) -> RelationKind | None:
        situation = await read_situation(
            graph, below=here.path("subdistrict"), now=NOW, policy=Policy()
        )
        return situation.relations.get(agent_pair(here.id(owner), here.community))

    async def bind(tie: Alliance | Agreement, ends: dict[str, str]) -> None:
        kind = type(tie).__name__
        links = [(kind, tie.id, link, "Agent", here.id(name)) for name, link in ends.items()]
        await put(graph, [tie], links)

    # The unit's branch, of which no offer is, stands for the unit.
    await bind(
        Alliance(id=new_id(), created_at=NOW, name="联盟", kind=AllianceKind.COMMUNITY),
        {
            "branch": "ALLIANCE_MEMBER",
            "school": "ALLIANCE_SUPPORTER",
            "community": "ALLIANCE_MEMBER",
        },
    )
    assert await between("unit") is RelationKind.ALLIED
    assert await between("school") is RelationKind.ALLIED
    assert await between("village") is None

    parties = {"school": "AGREED_BY", "community": "AGREED_BY"}
    yesterday, tomorrow = today - timedelta(days=1), today + timedelta(days=1)
    for signed_on, valid_until, retired_at in (
        (None, yesterday, None),
        (tomorrow, None, None),
        (today, today, NOW),
    ):
        await bind(
            Agreement(
                id=new_id(),
                created_at=NOW,
                title="协议",
                signed_on=signed_on,
                valid_until=valid_until,
                retired_at=retired_at,
            ),
            parties,
        )
    assert await between("school") is RelationKind.ALLIED
    await bind(
        Agreement(id=new_id(), created_at=NOW, title="共建", signed_on=today, valid_until=today),
        parties,
    )
    assert await between("school") is RelationKind.AGREED
    assert await between("unit") is RelationKind.ALLIED

    run = await market.run()
    said = {
        row.offer_id: {reason.code for reason in read_reasons(row.proposal.reasons)[1]}
        for row in await proposals_of_run(graph, run.id)
    }
    assert [codes for codes in said.values() if "RELATION_AGREED" in codes]


async def test_a_branch_stands_for_its_area(graph: Graph, market: Market) -> None:
    here = market.here
    await market.order("village")
    await market.offer()
    secretariat = PartyBranch(id=new_id(), created_at=NOW, name="村党支部", kind=BranchKind.BRANCH)
    pairing = Pairing(id=new_id(), created_at=NOW)
    await put(
        graph,
        [secretariat, pairing],
        [
            ("PartyBranch", secretariat.id, "OF_AREA", "Area", here.id("village")),
            ("Pairing", pairing.id, "PAIRS", "Agent", secretariat.id),
            ("Pairing", pairing.id, "PAIRS", "Agent", here.id("branch")),
        ],
    )
    situation = await read_situation(graph, below=here.path("village"), now=NOW, policy=Policy())
    assert situation.relations[agent_pair(here.unit, here.id("village"))] is RelationKind.PAIRED


async def test_a_run_stays_in_its_area(market: Market) -> None:
    here, elsewhere = await market.order("community"), await market.order("village")
    offer = await market.offer(capacity=100)
    run = await market.run(area="community")
    assert await market.proposed(run) == [(here.id, offer.id, 10)]
    both = await market.run(area="subdistrict")
    assert await market.proposed(both) == sorted(
        [(here.id, offer.id, 10), (elsewhere.id, offer.id, 10)]
    )


async def test_a_new_run_supersedes_the_open_proposals_of_its_area(
    graph: Graph, market: Market
) -> None:
    await market.order("community")
    await market.order("village")
    await market.offer(capacity=100)
    first = await market.run()
    second = await market.run(area="village")
    assert sorted(await states(graph, first)) == [ProposalState.OPEN, ProposalState.SUPERSEDED]
    assert await states(graph, second) == [ProposalState.OPEN]


async def test_two_runs_at_once_leave_one_open_plan(graph: Graph, market: Market) -> None:
    await market.order()
    await market.offer()
    runs = await asyncio.gather(*(market.run() for _ in range(4)))
    found = [state for run in runs for state in await states(graph, run)]
    assert sorted(found) == [ProposalState.OPEN] + [ProposalState.SUPERSEDED] * 3


@pytest.mark.parametrize("who", ["unit", "community", "nobody"])
async def test_only_coordinators_run_and_reject(graph: Graph, market: Market, who: str) -> None:
    await market.order()
    await market.offer()
    await refused(graph, market.run(who), Forbidden)
    run = await market.run()
    (row,) = await proposals_of_run(graph, run.id)
    attempt = reject_proposal(
        graph,
        viewer=market.here.viewer(who),
        proposal_id=row.proposal.id,
        idempotency_key="no",
        clock=market.here.clock,
    )
    await refused(graph, attempt, Forbidden)
    before = await dump(graph)
    (denied,) = await market.endorse(run, who=who)
    assert isinstance(denied.problem, Forbidden | NotThisSide)
    assert await dump(graph) == before


async def test_an_area_above_ones_own_is_refused_and_admin_runs_everything(
    graph: Graph, market: Market
) -> None:
    await market.order()
    await refused(graph, market.run("coordinator", "district"), Forbidden)
    await refused(graph, market.run("admin", "atlantis"), NotFound)
    viewer = market.here.viewer("coordinator")
    await refused(graph, run_matching(graph, viewer=viewer, clock=market.here.clock), Forbidden)
    stranger = market.here.viewer("never seen")
    await refused(graph, run_matching(graph, viewer=stranger, clock=market.here.clock), NotSignedIn)
    admin = market.here.viewer("admin")
    run = await run_matching(graph, viewer=admin, clock=market.here.clock)
    assert run.orders >= 1


async def test_endorsed_proposals_become_claims_that_both_sides_accept(
    graph: Graph, market: Market
) -> None:
    order = await market.order(quantity=15)
    await market.offer("unit")
    await market.offer("school", capacity=5)
    run = await market.run()
    claims = claims_of(await market.endorse(run))
    assert sorted(claim.quantity for claim in claims) == [5, 10]
    for claim in claims:
        assert claim.initiator is Initiator.MATCHER
        assert claim.state is ClaimState.PROPOSED
        assert claim.supplier_accepted_at is None
        assert claim.receiver_accepted_at is None
    assert set(await states(graph, run)) == {ProposalState.ENDORSED}
    again = claims_of(await market.endorse(run))
    assert [claim.id for claim in again] == [claim.id for claim in claims]
    empty = await market.run()
    assert order.id not in [found[0] for found in await market.proposed(empty)]


async def test_a_proposal_that_came_too_late_hinders_no_other(graph: Graph, market: Market) -> None:
    await market.order("community")
    await market.order("village")
    taken, free = await market.offer("unit"), await market.offer("school")
    run = await market.run()
    rows = await proposals_of_run(graph, run.id)
    await propose(
        graph,
        viewer=market.here.viewer("community"),
        initiator=Initiator.RECEIVER,
        lines=[LineRequest(10)],
        idempotency_key="faster",
        offer_id=taken.id,
        receiver_id=market.here.community,
        clock=market.here.clock,
    )
    offers = {row.proposal.id: row.offer_id for row in rows}
    outcome = {offers[found.proposal_id]: found for found in await market.endorse(run)}
    assert isinstance(outcome[taken.id].problem, QuantityExceeded)
    assert [claim.state for claim in claims_of([outcome[free.id]])] == [ClaimState.PROPOSED]


async def test_slots_are_taken_where_there_is_room(graph: Graph, market: Market) -> None:
    hall = await market.offer(
        capacity_kind=CapacityKind.EXCLUSIVE,
        capacity=50,
        windows=EVENINGS,
        ends_on=NOW.date() + timedelta(days=13),
    )
    for owner in ("community", "village"):
        await market.order(owner, quantity=40, minimum_lot=40)
    third = await market.order("community", quantity=30, minimum_lot=30)
    run = await market.run()
    rows = await proposals_of_run(graph, run.id)
    slots = sorted(slot for row in rows for slot in row.proposal.slots)
    assert slots == ["2026-05-06T11:00Z", "2026-05-13T11:00Z"]
    assert [row.proposal.slot_quantities for row in rows] == [(40,), (40,)]
    assert all(found.problem is None for found in await market.endorse(run))
    later = await market.run()
    assert await market.proposed(later) == []
    assert {item.order_id: item.reason for item in read_unmatched(later.unmatched)} == {
        third.id: Refusal.EXHAUSTED
    }
    assert hall.id in {row.offer_id for row in rows}


async def test_declined_returned_and_rejected_pairs_are_remembered(
    graph: Graph, market: Market
) -> None:
    order = await market.order()
    declined = await market.offer("unit")
    run = await market.run()
    (claim,) = claims_of(await market.endorse(run))
    await take_step(
        graph,
        claim.id,
        StepRequest(action=ClaimAction.DECLINE, reason="busy"),
        viewer=market.here.viewer("unit"),
        idempotency_key="decline",
        clock=market.here.clock,
    )
    nothing = await market.run()
    assert await market.proposed(nothing) == []
    assert [item.reason for item in read_unmatched(nothing.unmatched)] == [Refusal.REJECTED]
    await market.offer("unit")
    nothing = await market.run()
    assert await market.proposed(nothing) == []
    assert [item.reason for item in read_unmatched(nothing.unmatched)] == [Refusal.REJECTED]
    other = await market.offer("school")
    second = await market.run()
    (row,) = await proposals_of_run(graph, second.id)
    assert (row.order_id, row.offer_id) == (order.id, other.id)
    rejected = await reject_proposal(
        graph,
        viewer=market.here.viewer("coordinator"),
        proposal_id=row.proposal.id,
        idempotency_key="not this one",
        clock=market.here.clock,
    )
    assert rejected.state is ProposalState.REJECTED
    third = await market.run()
    assert await market.proposed(third) == []
    assert await states(graph, second) == [ProposalState.REJECTED]
    assert declined.id != other.id


async def test_a_settled_proposal_is_not_rejected(graph: Graph, market: Market) -> None:
    await market.order()
    await market.offer()
    run = await market.run()
    await market.endorse(run)
    (row,) = await proposals_of_run(graph, run.id)
    attempt = reject_proposal(
        graph,
        viewer=market.here.viewer("coordinator"),
        proposal_id=row.proposal.id,
        idempotency_key="late",
        clock=market.here.clock,
    )
    await refused(graph, attempt, MatchingError)


async def test_what_a_lapsed_proposal_held_is_free_again(graph: Graph, market: Market) -> None:
    order = await market.order()
    offer = await market.offer()
    await market.endorse(await market.run())
    assert await market.proposed(await market.run()) == []
    market.here.clock.forward(hours=73)
    assert await market.proposed(await market.run()) == [(order.id, offer.id, 10)]


async def test_one_key_makes_one_run(graph: Graph, market: Market) -> None:
    await market.order()
    await market.offer()

    async def run(area: str) -> MatchRun:
        return await run_matching(
            graph,
            viewer=market.here.viewer("coordinator"),
            area_id=market.here.id(area),
            idempotency_key="today",
            clock=market.here.clock,
        )

    first = await run("subdistrict")
    before = await dump(graph)
    assert await run("subdistrict") == first
    assert [row for row in await dump(graph) if "IdempotencyKey" not in row[0]] == [
        row for row in before if "IdempotencyKey" not in row[0]
    ]
    with pytest.raises(IdempotencyConflict):
        await run("community")


async def test_a_run_that_is_cut_off_leaves_no_proposals(
    graph: Graph, market: Market, monkeypatch: pytest.MonkeyPatch
) -> None:
    await market.order()
    await market.offer()
    before = await dump(graph)

    async def fail(_: Transaction, *__: object, **___: object) -> None:
        raise ConnectionAbortedError

    monkeypatch.setattr("graph.events.write_event", fail)
    with pytest.raises(ConnectionAbortedError):
        await market.run()
    assert await dump(graph) == before


async def test_a_run_writes_one_event_that_names_every_node(graph: Graph, market: Market) -> None:
    await market.order()
    await market.offer()
    first = await market.run()
    second = await market.run()
    (event,) = await events_of(graph, second.id, "MATCHING_RUN")
    expected = {second.id}
    for run in (first, second):
        expected |= {row.proposal.id for row in await proposals_of_run(graph, run.id)}
    assert set(event.changes) == expected


async def test_too_many_or_unknown_proposals(graph: Graph, market: Market) -> None:
    viewer = market.here.viewer("coordinator")
    for wrong in ([], ["x"] * 501):
        attempt = endorse_proposals(
            graph, viewer=viewer, proposal_ids=wrong, idempotency_key="k", clock=market.here.clock
        )
        await refused(graph, attempt, BadInput)
    (outcome,) = await endorse_proposals(
        graph, viewer=viewer, proposal_ids=["nowhere"], idempotency_key="k", clock=market.here.clock
    )
    assert isinstance(outcome.problem, NotFound)


async def test_the_plan_of_the_graph_can_be_verified(graph: Graph, market: Market) -> None:
    for quantity in (7, 12, 30):
        await market.order(quantity=quantity, deadline=date(2026, 7, 1))
        await market.offer(capacity=quantity + 1)
    policy = Policy()
    situation = await read_situation(
        graph, below=market.here.path("subdistrict"), now=NOW, policy=policy
    )
    verify(situation, policy, match(situation, policy))
    run = await market.run()
    assert [
        sum(line.quantity for line in lines_of_proposal(row.proposal)) == row.proposal.quantity
        for row in await proposals_of_run(graph, run.id)
    ] == [True] * len(await proposals_of_run(graph, run.id))
