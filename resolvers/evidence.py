"""Use cases of evidence files: upload, attach to a claim, forget what nobody attached."""

from collections.abc import Callable, Sequence
from datetime import timedelta

from domain.access import Viewer
from domain.claim_rights import SHOWN_IN, may_attach
from domain.clock import Clock
from domain.errors import BadInput, Forbidden, LimitExceeded, StateRefused
from domain.identity import NodeReference, new_id
from domain.limits import Limit
from domain.records import EvidenceFile
from domain.vocabulary import Role
from graph import evidence
from graph.driver import Graph, Transaction
from graph.events import ChangedFields, Changes, changes_between, event, write_event
from resolvers.changing import Changed, Request, missing, run_change
from resolvers.claims_common import Call, caller_of, fresh_viewer

UPLOADERS = frozenset({Role.LIAISON, Role.MEMBER, Role.COORDINATOR, Role.ADMIN})
MOST_FILES = 20
"""Files of one claim."""
SWEPT_AT_ONCE = 100


async def record_upload(
    graph: Graph,
    *,
    viewer: Viewer,
    sha256: str,
    media_type: str,
    size: int,
    quota_bytes: int,
    clock: Clock,
    ids: Callable[[], str] = new_id,
) -> EvidenceFile:
    """Take note of a file before its content is kept, and return it.

    Raises NotSignedIn, Forbidden for who has no role in claims, LimitExceeded when what the
    account has uploaded and not attached would be more than the quota.
    """
    account_id, now, token = caller_of(viewer), clock(), ids()
    file = EvidenceFile(id=ids(), created_at=now, sha256=sha256, media_type=media_type, size=size)
    told = event(ids(), now, account_id, "uploadEvidence", {file.id: changes_between(None, file)})

    async def work(transaction: Transaction) -> None:
        fresh = await fresh_viewer(transaction, account_id, now)
        if not any(grant.role in UPLOADERS for grant in fresh.grants):
            raise Forbidden(action="uploadEvidence")
        asked = size + await evidence.waiting_bytes(transaction, account_id, token)
        if asked > quota_bytes:
            raise LimitExceeded(what=Limit.UPLOADS, asked=asked, limit=quota_bytes)
        await evidence.write_file(transaction, account_id, file)
        await write_event(transaction, told)

    await graph.write(work)
    return file


async def attach_evidence(
    graph: Graph, claim_id: str, file_ids: Sequence[str], request: Request
) -> Changed:
    """Make one's own uploads evidence of a claim, for its supplier or as ADMIN.

    Raises NotFound for a claim or a file that is not there (or another's), Forbidden, StateRefused
    where nothing is being delivered, BadInput for no file, or more than a claim may have.
    """
    wanted = sorted(set(file_ids))

    async def work(transaction: Transaction, viewer: Viewer, call: Call) -> tuple[Changed, Changes]:
        claim = await evidence.lock_claim(transaction, claim_id, call.token)
        if claim is None:
            raise missing("Claim", claim_id)
        if not may_attach(viewer, claim.supplier_id):
            raise Forbidden(action="attachEvidence")
        if claim.state not in SHOWN_IN:
            raise StateRefused(
                node=NodeReference("Claim", claim_id),
                action="attachEvidence",
                state=claim.state,
                allowed=[],
            )
        if not 0 < len(wanted) <= MOST_FILES - claim.files:
            most = f"1..{MOST_FILES - claim.files}"
            raise BadInput(field="fileIds", value=len(wanted), expected=most)
        found = await evidence.lock_files(transaction, wanted, call.token)
        for file_id in wanted:
            file = found.get(file_id)
            if file is None or file.attached or file.account_id != call.account_id:
                raise missing("EvidenceFile", file_id)
        await evidence.attach(transaction, claim_id, wanted)
        changes = {
            file_id: ChangedFields("EvidenceFile", {"claim": [None, claim_id]})
            for file_id in wanted
        }
        return Changed(claim_id, 0), changes

    given = {"claim": claim_id, "files": wanted}
    return await run_change(graph, request, "attachEvidence", given, work)


async def forget_abandoned(
    graph: Graph, *, older_than: timedelta, clock: Clock, ids: Callable[[], str] = new_id
) -> list[tuple[str, str]]:
    """Forget uploads that nobody attached in time; return id and SHA-256 of each."""
    now, token, event_id = clock(), ids(), ids()

    async def work(transaction: Transaction) -> list[tuple[str, str]]:
        gone = await evidence.abandoned(transaction, now - older_than, SWEPT_AT_ONCE, token)
        if gone:
            changes: Changes = {
                file_id: ChangedFields("EvidenceFile", {"sha256": [sha256, None]})
                for file_id, sha256 in gone
            }
            told = event(event_id, now, "SYSTEM", "forgetEvidence", changes)
            await write_event(transaction, told)
        return gone

    return await graph.write(work)
