"""Packages: made by runs, proposed as claims, confirmed or ended with them.

What a package packs and which claims it binds never changes, so it is read before the locks. A
package changes only while its claims are locked, or, as long as it has none, itself; its
proposals change only with it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from domain.run_records import Package, Proposal
from graph.driver import Transaction
from graph.items import stored_changes
from graph.records import present_properties, record
from graph.statements import statement

PAIR = """CREATE (p)-[:PROPOSES_ORDER]->(o)
CREATE (p)-[:PROPOSES_OFFER]->(f)"""
"""Links a new proposal, `p`, with the order `o` and the offer `f`."""

CREATE = statement(
    "packages.create",
    """UNWIND $rows AS row
MATCH (r:MatchRun {id: $runId})
CREATE (r)-[:FOUND_PACKAGE]->(p:Package)
SET p = row
RETURN count(p) AS created""",
    writes=True,
)
PACK = statement(
    "packages.pack",
    f"""UNWIND $rows AS row
MATCH (k:Package {{id: row[0]}})
MATCH (o:DemandOrder {{id: row[1]}})
MATCH (f:ResourceOffer {{id: row[2]}})
CREATE (k)-[:PACKS]->(p:Proposal)
SET p = row[3]
{PAIR}
RETURN count(p) AS packed""",
    writes=True,
)
FOUND_BELOW = statement(
    "packages.found_below",
    """MATCH (k:Package)
WHERE k.state = 'FOUND'
    AND EXISTS {
        MATCH (k)-[:PACKS]->(:Proposal)-[:PROPOSES_ORDER]->(:DemandOrder)-[:ORDER_AT]->(a:Area)
        WHERE a.path STARTS WITH $path
    }
RETURN k.id AS id ORDER BY id""",
)
READ = statement(
    "packages.read",
    """MATCH (k:Package {id: $id})
RETURN properties(k) AS package,
    COLLECT {
        MATCH (k)-[:PACKS]->(p:Proposal)
        WITH p ORDER BY p.id
        RETURN [p.id, head([(p)-[:PROPOSES_ORDER]->(o:DemandOrder) | o.id]),
            head([(p)-[:PROPOSES_OFFER]->(f:ResourceOffer) | f.id])]
    } AS pairs""",
)
LOCK = statement(
    "packages.lock",
    """UNWIND $ids AS i
MATCH (k:Package {id: i})
SET k.lock = $token
RETURN properties(k) AS package""",
    writes=True,
)
PROPOSALS = statement(
    "packages.proposals",
    """UNWIND $ids AS i
MATCH (:Package {id: i})-[:PACKS]->(p:Proposal)
RETURN properties(p) AS proposal ORDER BY p.id""",
)
UPDATE = statement("packages.update", "MATCH (k:Package {id: $id}) SET k += $changes", writes=True)
BIND = statement(
    "packages.bind",
    """MATCH (k:Package {id: $id})
UNWIND $claimIds AS i
MATCH (c:Claim {id: i})
CREATE (c)-[:BOUND_BY]->(k)""",
    writes=True,
)
OPEN_OF_CLAIM = statement(
    "packages.open_of_claim",
    """MATCH (:Claim {id: $id})-[:BOUND_BY]->(k:Package)
WHERE k.state = 'PROPOSED'
RETURN k.id AS id,
    COLLECT { MATCH (k)<-[:BOUND_BY]-(c:Claim) RETURN c.id ORDER BY c.id } AS claimIds""",
)


@dataclass(frozen=True, slots=True)
class Pair:
    """A proposal of a package: its id, that of the order and of the offer."""

    proposal_id: str
    order_id: str
    offer_id: str


@dataclass(frozen=True, slots=True)
class PackedProposal:
    """A proposal of a package that is to be written, with what it pairs."""

    proposal: Proposal
    order_id: str
    offer_id: str


@dataclass(frozen=True, slots=True)
class FoundPackage:
    """A package that a run has found, with its proposals."""

    package: Package
    proposals: tuple[PackedProposal, ...]


@dataclass(frozen=True, slots=True)
class OpenPackage:
    """An open package that binds a claim: all that it binds, in the order of their ids."""

    id: str
    claim_ids: tuple[str, ...]


async def create(transaction: Transaction, run_id: str, found: Sequence[FoundPackage]) -> None:
    """Write what a run has found; the orders and offers are locked."""
    if not found:
        return
    await transaction.run(
        CREATE, runId=run_id, rows=[present_properties(each.package) for each in found]
    )
    rows = [
        [
            each.package.id,
            packed.order_id,
            packed.offer_id,
            present_properties(packed.proposal),
        ]
        for each in found
        for packed in each.proposals
    ]
    await transaction.run(PACK, rows=rows)


async def found_below(transaction: Transaction, path: str) -> list[str]:
    """Return the ids of packages that are only found, with an order below a path."""
    return [row["id"] for row in await transaction.run(FOUND_BELOW, path=path)]


async def read(
    transaction: Transaction, package_id: str
) -> tuple[Package, tuple[Pair, ...]] | None:
    """Return a package with what it pairs, None if there is none."""
    rows = await transaction.run(READ, id=package_id)
    if not rows:
        return None
    return record(Package, rows[0]["package"]), tuple(Pair(*pair) for pair in rows[0]["pairs"])


async def lock(transaction: Transaction, package_ids: Sequence[str], token: str) -> list[Package]:
    """Lock packages and return them as they are."""
    rows = await transaction.run(LOCK, ids=sorted(package_ids), token=token)
    return [record(Package, row["package"]) for row in rows]


async def proposals_of(transaction: Transaction, package_ids: Sequence[str]) -> list[Proposal]:
    """Return the proposals of packages."""
    rows = await transaction.run(PROPOSALS, ids=list(package_ids))
    return [record(Proposal, row["proposal"]) for row in rows]


async def update(
    transaction: Transaction, package: Package, changes: Mapping[str, list[Any]]
) -> None:
    """Write the changed fields of a package."""
    await transaction.run(UPDATE, id=package.id, changes=stored_changes(changes, package))


async def bind(transaction: Transaction, package_id: str, claim_ids: Sequence[str]) -> None:
    """Write that claims stand or fall together."""
    await transaction.run(BIND, id=package_id, claimIds=list(claim_ids))


async def open_of(transaction: Transaction, claim_id: str) -> OpenPackage | None:
    """Return the open package that binds a claim, None where none does or it is over."""
    rows = await transaction.run(OPEN_OF_CLAIM, id=claim_id)
    return OpenPackage(rows[0]["id"], tuple(rows[0]["claimIds"])) if rows else None
