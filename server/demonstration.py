"""The main job shown on an inventory: load, match, claim, report."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from domain.access import Viewer
from domain.claims import ClaimAction
from domain.errors import ClaimError, NotFound
from domain.identity import derived_id
from domain.records import Claim
from domain.vocabulary import Initiator, Role, Side
from graph import reports
from graph.match_runs import ProposalRow
from graph.reports import Item
from resolvers.accounts import GrantRequest, create_account, viewer_of
from resolvers.claims import StepRequest, propose, take_step
from resolvers.matching import endorse_proposals, lines_of_proposal
from seed import SAMPLE_FILES
from server import commands, report
from server.hub import Hub
from server.output import Output
from server.report import Findings, SignIn, Story


async def run(output: Output, hub: Hub, files: Sequence[Path], *, area: str | None) -> bool:
    """Show the whole loop and print the report; return whether every row was loaded.

    What an earlier demonstration wrote is found, and not written again.
    """
    loaded = await commands.load_into(output, hub, files or SAMPLE_FILES, area=area, dry_run=False)
    findings = await _matched(output, hub, anew=loaded.written > 0)
    with output.step("command.claiming") as step:
        cast = Cast(hub)
        stories: list[Story] = []
        for done, initiator in enumerate(Initiator):
            step(done, len(Initiator))
            used = {story.ends.order_id for story in stories}
            story = await _story(cast, findings, initiator, used)
            if story is not None:
                stories.append(story)
    sign_ins = await _sign_ins(cast, findings)
    output.heading("report.title")
    output.heading("report.loaded")
    report.print_loaded(output, loaded)
    output.heading("report.matched")
    report.print_matching(output, findings)
    report.print_claims(output, stories)
    report.print_sign_ins(output, sign_ins)
    output.result(
        {
            "loaded": report.loaded_document(loaded, output.language),
            "matching": report.matching_document(findings, output.language),
            "claims": report.claims_document(stories),
            "signIns": report.sign_ins_document(sign_ins),
        }
    )
    return loaded.ok


async def _matched(output: Output, hub: Hub, *, anew: bool) -> Findings:
    """Return the findings of the latest run; of a new one where there is none or data is new."""
    latest = None if anew else await reports.latest_run(hub.graph)
    area_id = await reports.area_of_all_orders(hub.graph)
    finished = latest or await commands.run_matching_aloud(output, hub, area_id=area_id)
    return await commands.findings_of(hub, finished)


@dataclass
class Cast:
    """The accounts that play in the demonstration, made when they are first needed."""

    hub: Hub

    async def account(self, name: str, key: str, request: GrantRequest) -> Viewer:
        """Return an account of the demonstration with its grants."""
        graph, clock = self.hub.graph, self.hub.clock
        account_id = await create_account(
            graph,
            viewer=await self.hub.operator(),
            name=name,
            grants=[request],
            account_id=derived_id("Account", "demonstration", key),
            clock=clock,
        )
        return await viewer_of(graph, account_id, now=clock())

    async def liaison(self, item: Item) -> Viewer:
        """Return the account of whoever speaks for the owner of an order or offer."""
        request = GrantRequest(role=Role.LIAISON, agent_id=item.agent_id)
        return await self.account(item.agent_name, item.agent_id, request)

    async def coordinator(self, order_id: str) -> Viewer:
        """Return the account that coordinates the district of an order."""
        place = await reports.district_of_order(self.hub.graph, order_id)
        request = GrantRequest(role=Role.COORDINATOR, area_id=place.id)
        return await self.account(place.name, place.id, request)


async def _story(
    cast: Cast, findings: Findings, initiator: Initiator, used: Collection[str | None]
) -> Story | None:
    """Carry a claim of this initiator to its verified result, or find the one that was carried.

    Proposals are tried from the best on: one that somebody has used since is passed over.
    """
    hub = cast.hub
    carried = (await reports.verified_claims(hub.graph)).get(initiator)
    if carried is not None:
        return await _told(hub, initiator, carried)
    for row in findings.proposals:
        if row.order_id in used:
            continue
        try:
            claim = await _carried(cast, findings, initiator, row)
        except ClaimError:
            # Used by somebody since the run: the next one serves the demonstration as well.
            continue
        return await _told(hub, initiator, claim.id)
    return None


async def _carried(cast: Cast, findings: Findings, initiator: Initiator, row: ProposalRow) -> Claim:
    """Carry a proposal as a claim of this initiator, from both sides to the verified result.

    The keys of its steps come from the proposal, so that an interrupted demonstration goes on
    where it stopped.
    """
    hub = cast.hub
    supplier = await cast.liaison(findings.offers[row.offer_id])
    receiver = await cast.liaison(findings.orders[row.order_id])
    coordinator = await cast.coordinator(row.order_id)
    starter = {Initiator.SUPPLIER: supplier, Initiator.RECEIVER: receiver}.get(
        initiator, coordinator
    )
    key = f"demonstration:{row.proposal.id}"
    claim = await _proposed(hub, initiator, row, starter, key)
    for action, viewer, request in _steps(row, supplier, receiver, starter):
        claim = await take_step(
            hub.graph,
            claim.id,
            request,
            viewer=viewer,
            idempotency_key=f"{key}:{action}:{request.side}",
            clock=hub.clock,
        )
    return claim


async def _proposed(
    hub: Hub, initiator: Initiator, row: ProposalRow, starter: Viewer, key: str
) -> Claim:
    if initiator is Initiator.MATCHER:
        (endorsement,) = await endorse_proposals(
            hub.graph,
            viewer=starter,
            proposal_ids=[row.proposal.id],
            idempotency_key=key,
            clock=hub.clock,
        )
        if endorsement.claim is None:
            raise endorsement.problem or NotFound(type="Proposal", id=row.proposal.id)
        return endorsement.claim
    return await propose(
        hub.graph,
        viewer=starter,
        initiator=initiator,
        lines=lines_of_proposal(row.proposal),
        idempotency_key=key,
        order_id=row.order_id,
        offer_id=row.offer_id,
        clock=hub.clock,
    )


def _steps(
    row: ProposalRow, supplier: Viewer, receiver: Viewer, starter: Viewer
) -> Iterator[tuple[ClaimAction, Viewer, StepRequest]]:
    """Yield the steps after the proposal, each with the account that takes it."""
    for viewer, side in ((supplier, Side.SUPPLIER), (receiver, Side.RECEIVER)):
        if viewer != starter:
            yield ClaimAction.ACCEPT, viewer, StepRequest(action=ClaimAction.ACCEPT, side=side)
    yield ClaimAction.START, supplier, StepRequest(action=ClaimAction.START, side=Side.SUPPLIER)
    delivery = StepRequest(
        action=ClaimAction.DELIVER,
        side=Side.SUPPLIER,
        quantity=row.proposal.quantity,
        evidence="演示：现场签到表 · demonstration: list of attendance",
    )
    yield ClaimAction.DELIVER, supplier, delivery
    completion = StepRequest(action=ClaimAction.COMPLETE, side=Side.RECEIVER)
    yield ClaimAction.COMPLETE, receiver, completion


async def _told(hub: Hub, initiator: Initiator, claim_id: str) -> Story:
    """Return the story of a claim from its history in the graph."""
    return Story(
        initiator=initiator,
        ends=await reports.claim_ends(hub.graph, claim_id),
        history=await reports.claim_history(hub.graph, claim_id),
    )


async def _sign_ins(cast: Cast, findings: Findings) -> list[SignIn]:
    """Return a token of each sample role; liaisons of the two sides of the best pair."""
    hub = cast.hub
    found = [
        SignIn(
            Role.ADMIN, "管理员 administrator", hub.token((await hub.operator()).account_id or "")
        )
    ]
    for row in findings.proposals[:1]:
        coordinator = await cast.coordinator(row.order_id)
        place = await reports.district_of_order(hub.graph, row.order_id)
        found.append(SignIn(Role.COORDINATOR, place.name, hub.token(coordinator.account_id or "")))
        for item in (findings.offers[row.offer_id], findings.orders[row.order_id]):
            liaison = await cast.liaison(item)
            found.append(SignIn(Role.LIAISON, item.agent_name, hub.token(liaison.account_id or "")))
    app = await cast.account("前端应用 front-end", "app", GrantRequest(role=Role.APP))
    found.append(SignIn(Role.APP, "前端应用 front-end", hub.token(app.account_id or "")))
    return found
