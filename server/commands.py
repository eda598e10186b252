"""What the commands do, beside the demonstration: each over an open hub, with its words."""

import asyncio
import socket
from collections.abc import Sequence
from pathlib import Path

from domain.errors import BadInput, NotFound
from domain.identity import new_id
from domain.language import Phrase
from domain.run_records import MatchRun
from domain.vocabulary import Role
from graph import dump as dumping
from graph import reports
from graph import restore as restoring
from graph.migrations import MIGRATIONS
from matching.memory import changed_ids
from matching.model import Policy
from resolvers.accounts import SCOPED_BY_AGENT, SCOPED_BY_AREA, GrantRequest, create_account
from resolvers.loading import load
from resolvers.loading_report import LoadReport
from resolvers.match_answers import past_answers
from resolvers.match_run_holding import Working
from resolvers.match_runs import run_matching
from resolvers.matching import DEFAULT_POLICY, proposals_of_run
from resolvers.pair_why import compare_policies
from seed.reading import read_files
from server import app, report
from server.comparison_report import print_outcomes
from server.fit_weights import fit_aloud
from server.hub import Hub
from server.output import Output
from server.process import Stop
from server.report import Findings
from server.solvers import opening
from server.token_commands import sign_token


async def load_into(
    output: Output, hub: Hub, files: Sequence[Path], *, area: str | None, dry_run: bool
) -> LoadReport:
    """Load sheets as the operator, showing how far it is."""
    with output.step("command.loading") as step:
        progress = step.stage()
        progress("loading.progress.read", 0, len(files))
        sheets = await asyncio.to_thread(read_files, files, hub.clock().date())
        return await load(
            hub.graph,
            sheets,
            viewer=await hub.operator(),
            area=area,
            dry_run=dry_run,
            clock=hub.clock,
            ids=new_id,
            progress=progress,
        )


async def load_files(
    output: Output, hub: Hub, files: Sequence[Path], *, area: str | None, dry_run: bool
) -> bool:
    """Load sheets and say what became of them; return whether every row was good."""
    loaded = await load_into(output, hub, files, area=area, dry_run=dry_run)
    report.print_loaded(output, loaded)
    output.result(report.loaded_document(loaded, output.language))
    return loaded.ok


async def run_matching_aloud(
    output: Output, hub: Hub, *, area_id: str | None, policy: Policy = DEFAULT_POLICY
) -> MatchRun:
    """Match as the operator, showing how far it is."""
    with output.step("command.matching") as step:
        return await run_matching(
            hub.graph,
            viewer=await hub.operator(),
            area_id=area_id,
            policy=policy,
            progress=step.stage("enum.RunStep."),
            clock=hub.clock,
            working=Working(executor=opening(hub.settings.matching_workers), cancels=True),
        )


async def findings_of(hub: Hub, run: MatchRun) -> Findings:
    """Return what a report names of a run."""
    proposals = await proposals_of_run(hub.graph, run.id)
    unmatched = report.orders_of(run)
    changed = changed_ids(run.changes)
    order_ids = {row.order_id for row in proposals} | unmatched | changed
    offer_ids = {row.offer_id for row in proposals} | changed
    return Findings(
        run=run,
        proposals=proposals,
        orders=await reports.orders(hub.graph, sorted(order_ids)),
        offers=await reports.offers(hub.graph, sorted(offer_ids)),
    )


async def match(
    output: Output, hub: Hub, *, area: str | None, policy: Policy = DEFAULT_POLICY
) -> None:
    """Match the orders of an area and print the report."""
    area_id = None if area is None else await _area_id(hub, area)
    run = await run_matching_aloud(output, hub, area_id=area_id, policy=policy)
    findings = await findings_of(hub, run)
    report.print_matching(output, findings)
    output.result(report.matching_document(findings, output.language))


async def compare(
    output: Output, hub: Hub, *, area: str | None, policy: Policy = DEFAULT_POLICY
) -> None:
    """Say what several policies would reach for the orders of an area; write nothing."""
    area_id = None if area is None else await _area_id(hub, area)
    with output.step("command.matching"):
        outcomes = await compare_policies(
            hub.graph, viewer=await hub.operator(), area_id=area_id, policy=policy, clock=hub.clock
        )
    print_outcomes(output, outcomes)


async def fit(
    output: Output, hub: Hub, *, area: str | None, policy: Policy, out: Path | None
) -> None:
    """Learn the weights of the score from the answers to past proposals, and say how good."""
    area_id = None if area is None else await _area_id(hub, area)
    with output.step("command.fitting"):
        answers = await past_answers(
            hub.graph, viewer=await hub.operator(), area_id=area_id, clock=hub.clock
        )
    fit_aloud(output, answers, policy, out)


async def dump(output: Output, hub: Hub, file: Path) -> None:
    """Write the whole graph to a file."""
    with output.step("command.dumping"):
        counts = await dumping.dump(hub.graph, file)
    found = {"nodes": counts.nodes, "relationships": counts.relationships}
    output.say("command.dumped", file=file, **found)
    output.result(found)


async def restore(output: Output, hub: Hub, file: Path) -> None:
    """Read a whole graph from a file."""
    with output.step("command.restoring"):
        counts = await restoring.restore(hub.graph, file)
    found = {"nodes": counts.nodes, "relationships": counts.relationships}
    output.say("command.restored", **found)
    output.result(found)


def migrated(output: Output, hub: Hub) -> None:
    """Say which version the graph has: opening it brought it there."""
    version = max(migration.number for migration in MIGRATIONS)
    output.say("command.migrated", engine=hub.graph.dialect, version=version)
    output.result({"engine": hub.graph.dialect, "version": version})


async def add_account(output: Output, hub: Hub, name: str, roles: Sequence[str]) -> None:
    """Add an account with grants written as `ROLE` or `ROLE:scope`, and print its token.

    The scope is the code or name of an area, or the name of an agent. Raises BadInput, NotFound.
    """
    requests = [await _grant(hub, written) for written in roles]
    account_id = await create_account(
        hub.graph, viewer=await hub.operator(), name=name, grants=requests, clock=hub.clock
    )
    output.say("command.account_added", name=name, account=account_id)
    await sign_token(output, hub, account_id)


async def _grant(hub: Hub, written: str) -> GrantRequest:
    name, _, scope = written.partition(":")
    if name not in set(Role):
        raise BadInput(field="role", value=name, expected=", ".join(Role))
    role = Role(name)
    scoped = role in SCOPED_BY_AREA or role in SCOPED_BY_AGENT
    if scoped != bool(scope):
        by = "area" if role in SCOPED_BY_AREA else "agent" if scoped else "all"
        expected = Phrase(f"expected.role_for_{by}", {"role": role.value})
        raise BadInput(field="role", value=written, expected=expected)
    if not scoped:
        return GrantRequest(role=role)
    if role in SCOPED_BY_AREA:
        return GrantRequest(role=role, area_id=await _area_id(hub, scope))
    found = await reports.agents_called(hub.graph, scope)
    return GrantRequest(role=role, agent_id=_the_one(found, scope, "Agent"))


async def _area_id(hub: Hub, wanted: str) -> str:
    found = [place.id for place in await reports.areas_called(hub.graph, wanted)]
    return _the_one(found, wanted, "Area")


def _the_one(found: Sequence[str], wanted: str, kind: str) -> str:
    """Return the only one that was found. Raises NotFound for none, BadInput for several."""
    if not found:
        raise NotFound(type=kind, id=wanted)
    if len(found) > 1:
        raise BadInput(field=kind, value=wanted, expected=Phrase("expected.code_or_name"))
    return found[0]


async def serve(output: Output, hub: Hub, listener: socket.socket, stop: Stop) -> None:
    """Serve until somebody asks to stop, saying where."""
    host, port = listener.getsockname()[:2]
    named = f"[{host}]" if ":" in host else host
    address = f"http://{named}:{port}{app.PATH}"
    output.say("command.serving", address=address)
    output.say("command.stop_hint")
    output.result({"serving": address})
    await app.serve(hub, listener, stop)
    output.say("command.stopped")
