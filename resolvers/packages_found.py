"""The packages that a run finds: written with it, and superseded by the next."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from domain.identity import derived_id
from domain.run_records import MatchRun, Package
from domain.vocabulary import PackageState, ProposalState
from graph import match_runs, packages
from graph.driver import Transaction
from graph.events import ChangedFields, Changes, changes_between
from graph.packages import FoundPackage, PackedProposal
from matching import cycles
from matching.documents import package_text
from resolvers.proposal_records import proposal_record


def package_rows(run: MatchRun, found: cycles.Packages | None) -> list[FoundPackage]:
    """Return packages as a run writes them."""
    return [_package_row(run, each) for each in (found.packages if found else ())]


def _package_row(run: MatchRun, found: cycles.Package) -> FoundPackage:
    package = Package(
        id=derived_id("Package", run.id, *found.agents),
        created_at=run.created_at,
        state=PackageState.FOUND,
        size=len(found.agents),
        value=found.value,
        unserved=len(found.unserved),
        reasons=package_text(found),
    )
    packed = tuple(
        PackedProposal(proposal_record(run, each, package.id), each.order_id, each.offer_id)
        for each in found.proposals
    )
    return FoundPackage(package, packed)


async def write_packages(
    transaction: Transaction, run_id: str, rows: Sequence[FoundPackage]
) -> Changes:
    """Write what a run has found, its orders and offers locked; return the changes."""
    await packages.create(transaction, run_id, rows)
    changes = {row.package.id: changes_between(None, row.package) for row in rows}
    for row in rows:
        for each in row.proposals:
            # Named, not quoted: the rest of a proposal never changes.
            state = {"state": [None, each.proposal.state.value]}
            changes[each.proposal.id] = ChangedFields("Proposal", state)
    return changes


async def supersede_packages(
    transaction: Transaction, path: str, token: str, now: datetime
) -> Changes:
    """Close what earlier runs found for orders below a path and nobody has proposed."""
    locked = await packages.lock(transaction, await packages.found_below(transaction, path), token)
    still = [package for package in locked if package.state is PackageState.FOUND]
    changes: Changes = {}
    for package in still:
        after = replace(package, state=PackageState.SUPERSEDED, closed_at=now)
        changes[package.id] = changes_between(package, after)
        await packages.update(transaction, after, changes[package.id])
    proposals = await packages.proposals_of(transaction, [package.id for package in still])
    await match_runs.supersede(transaction, [each.id for each in proposals])
    for proposal in proposals:
        closed = replace(proposal, state=ProposalState.SUPERSEDED)
        changes[proposal.id] = changes_between(proposal, closed)
    return changes
