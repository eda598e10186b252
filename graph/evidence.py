"""Files that show deliveries: who uploaded them, and which claim they are evidence of."""

from dataclasses import dataclass
from datetime import datetime

from domain.availability import instant_text
from domain.records import EvidenceFile
from domain.vocabulary import ClaimState
from graph.driver import Transaction
from graph.records import properties
from graph.statements import statement

LOCK_UPLOADER = statement(
    "evidence.lock_uploader",
    "MATCH (account:Account {id: $account}) SET account.lock = $token RETURN account.id AS id",
    writes=True,
)
WAITING = statement(
    "evidence.waiting",
    """MATCH (account:Account {id: $account})<-[:UPLOADED_BY]-(file:EvidenceFile)
WHERE NOT EXISTS { MATCH (file)-[:EVIDENCE_OF]->(:Claim) }
RETURN sum(file.size) AS bytes""",
)
CREATE_FILE = statement(
    "evidence.create",
    """MATCH (account:Account {id: $account})
CREATE (file:EvidenceFile)-[:UPLOADED_BY]->(account)
SET file = $properties""",
    writes=True,
)
LOCK_CLAIM = statement(
    "evidence.lock_claim",
    """MATCH (claim:Claim {id: $claim})
SET claim.lock = $token
WITH claim
MATCH (claim)-[:CLAIM_SUPPLIER]->(supplier:Agent)
RETURN claim.state AS state, supplier.id AS supplier,
    COUNT { (claim)<-[:EVIDENCE_OF]-() } AS files""",
    writes=True,
)
LOCK_FILES = statement(
    "evidence.lock_files",
    """UNWIND $ids AS id
MATCH (file:EvidenceFile {id: id})
SET file.lock = $token
WITH file
MATCH (file)-[:UPLOADED_BY]->(account:Account)
RETURN file.id AS id, account.id AS account,
    EXISTS { MATCH (file)-[:EVIDENCE_OF]->(:Claim) } AS attached""",
    writes=True,
)
ATTACH = statement(
    "evidence.attach",
    """UNWIND $ids AS id
MATCH (file:EvidenceFile {id: id})
MATCH (claim:Claim {id: $claim})
CREATE (file)-[:EVIDENCE_OF]->(claim)""",
    writes=True,
)
ABANDONED = statement(
    "evidence.abandoned",
    """MATCH (file:EvidenceFile)
WHERE file.sortKey < $before AND NOT EXISTS { MATCH (file)-[:EVIDENCE_OF]->(:Claim) }
WITH file ORDER BY file.sortKey LIMIT $size
RETURN file.id AS id, file.sha256 AS sha256""",
)
FORGET = statement(
    "evidence.forget",
    """UNWIND $ids AS id
MATCH (file:EvidenceFile {id: id})
SET file.lock = $token
WITH file
WHERE NOT EXISTS { MATCH (file)-[:EVIDENCE_OF]->(:Claim) }
WITH file, file.id AS id
DETACH DELETE file
RETURN id""",
    writes=True,
)


@dataclass(frozen=True, slots=True)
class EvidenceClaim:
    """What has to be known of a claim that files are attached to."""

    state: ClaimState
    supplier_id: str
    files: int


@dataclass(frozen=True, slots=True)
class Uploaded:
    """Who uploaded a file, and whether it is evidence of a claim already."""

    account_id: str
    attached: bool


async def waiting_bytes(transaction: Transaction, account_id: str, token: str) -> int:
    """Return how much an account has uploaded and not attached; its uploads take turns."""
    await transaction.run(LOCK_UPLOADER, account=account_id, token=token)
    rows = await transaction.run(WAITING, account=account_id)
    return rows[0]["bytes"] or 0


async def write_file(transaction: Transaction, account_id: str, file: EvidenceFile) -> None:
    """Add a file of an account."""
    await transaction.run(CREATE_FILE, account=account_id, properties=properties(file))


async def lock_claim(transaction: Transaction, claim_id: str, token: str) -> EvidenceClaim | None:
    """Lock a claim and return it, None where there is none."""
    rows = await transaction.run(LOCK_CLAIM, claim=claim_id, token=token)
    if not rows:
        return None
    return EvidenceClaim(ClaimState(rows[0]["state"]), rows[0]["supplier"], rows[0]["files"])


async def lock_files(
    transaction: Transaction, file_ids: list[str], token: str
) -> dict[str, Uploaded]:
    """Lock files and return those that there are."""
    rows = await transaction.run(LOCK_FILES, ids=sorted(file_ids), token=token)
    return {row["id"]: Uploaded(row["account"], row["attached"]) for row in rows}


async def attach(transaction: Transaction, claim_id: str, file_ids: list[str]) -> None:
    """Make files evidence of a claim."""
    await transaction.run(ATTACH, claim=claim_id, ids=file_ids)


async def abandoned(
    transaction: Transaction, before: datetime, size: int, token: str
) -> list[tuple[str, str]]:
    """Forget files from before an instant that are evidence of nothing; return id and SHA-256."""
    rows = await transaction.run(ABANDONED, before=instant_text(before), size=size)
    found = {row["id"]: row["sha256"] for row in rows}
    if not found:
        return []
    forgotten = await transaction.run(FORGET, ids=sorted(found), token=token)
    return [(row["id"], found[row["id"]]) for row in forgotten]
