"""Matching runs and their proposals: written in one transaction, read, endorsed or rejected.

Whoever writes the plan of a run has locked the run (`graph.run_owners`), then locks in the order of
all use cases: orders, offers, proposals, each by their ids.
"""

from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from domain.run_records import MatchRun, Proposal
from graph.driver import Graph, Transaction
from graph.packages import PAIR, PackedProposal
from graph.records import present_properties, record
from graph.statements import statement

T = TypeVar("T")
Run = Callable[..., Awaitable[list[dict[str, Any]]]]
"""`Graph.read`, or `Transaction.run` where the answer has to hold inside a transaction."""

BATCH = 500
OVER = ["DECLINED", "WITHDRAWN", "EXPIRED", "RETURNED", "CANCELLED"]
"""States of claims in which an order has nothing of the offer."""
EVERYWHERE = "/"
"""The path that every area's path begins with."""

OPEN_BELOW_PATH = """MATCH (p:Proposal)
WHERE p.state = 'OPEN'
    AND EXISTS {
        MATCH (p)-[:PROPOSES_ORDER]->(:DemandOrder)-[:ORDER_AT]->(a:Area)
        WHERE a.path STARTS WITH $path
    }
    AND NOT EXISTS { MATCH (p)<-[:PACKS]-(:Package) }"""
PAIRED_IDS = (
    "head(COLLECT { MATCH (p)-[:PROPOSES_ORDER]->(o:DemandOrder) RETURN o.id }) AS orderId,\n"
    "    head(COLLECT { MATCH (p)-[:PROPOSES_OFFER]->(o:ResourceOffer) RETURN o.id }) AS offerId"
)

AREA_PATH = statement(
    "match_runs.area_path", "MATCH (a:Area {id: $id}) RETURN a.path AS path, a.name AS name"
)
LOCK_ORDERS = statement(
    "match_runs.lock_orders",
    """UNWIND $ids AS i
MATCH (o:DemandOrder {id: i})
SET o.lock = $token
RETURN count(o) AS locked""",
    writes=True,
)
LOCK_OFFERS = statement(
    "match_runs.lock_offers",
    """UNWIND $ids AS i
MATCH (o:ResourceOffer {id: i})
SET o.lock = $token
RETURN count(o) AS locked""",
    writes=True,
)
LOCK_PROPOSALS = statement(
    "match_runs.lock_proposals",
    """UNWIND $ids AS i
MATCH (p:Proposal {id: i})
SET p.lock = $token
RETURN count(p) AS locked""",
    writes=True,
)
OPEN_BELOW = statement(
    "match_runs.open_below",
    f"""{OPEN_BELOW_PATH}
RETURN p.id AS id ORDER BY id""",
)
SUPERSEDE = statement(
    "match_runs.supersede",
    """UNWIND $ids AS i
MATCH (p:Proposal {id: i})
WHERE p.state = 'OPEN'
SET p.state = 'SUPERSEDED'
RETURN p.id AS id""",
    writes=True,
)
CREATE_RUN = statement(
    "match_runs.create_run", "CREATE (r:MatchRun) SET r = $properties", writes=True
)
RUN_IN = statement(
    "match_runs.run_in",
    """MATCH (r:MatchRun {id: $id})
MATCH (a:Area {id: $areaId})
CREATE (r)-[:RUN_IN]->(a)""",
    writes=True,
)
CREATE_PROPOSALS = statement(
    "match_runs.create_proposals",
    f"""UNWIND $rows AS row
MATCH (r:MatchRun {{id: $runId}})
MATCH (o:DemandOrder {{id: row[0]}})
MATCH (f:ResourceOffer {{id: row[1]}})
CREATE (r)-[:PROPOSED]->(p:Proposal)
SET p = row[2]
{PAIR}
RETURN count(p) AS created""",
    writes=True,
)
READ_RUN = statement(
    "match_runs.read_run", "MATCH (r:MatchRun {id: $id}) RETURN properties(r) AS run"
)
RUN_PROPOSALS = statement(
    "match_runs.run_proposals",
    f"""MATCH (:MatchRun {{id: $id}})-[:PROPOSED]->(p:Proposal)
RETURN properties(p) AS proposal,
    {PAIRED_IDS}
ORDER BY p.score DESC, p.id""",
)
PROPOSALS_TO_ENDORSE = statement(
    "match_runs.proposals_to_endorse",
    f"""UNWIND $ids AS i
MATCH (p:Proposal {{id: i}})
RETURN properties(p) AS proposal,
    {PAIRED_IDS},
    head(COLLECT {{
        MATCH (p)-[:PROPOSES_ORDER]->(:DemandOrder)-[:ORDER_AT]->(a:Area) RETURN a.path
    }}) AS areaPath,
    EXISTS {{ MATCH (p)<-[:PACKS]-(:Package) }} AS packed""",
)
STANDING = statement(
    "match_runs.standing",
    f"""{OPEN_BELOW_PATH}
RETURN properties(p) AS proposal,
    {PAIRED_IDS}
ORDER BY p.id""",
)
MEMORIES = statement(
    "match_runs.memories",
    """MATCH (r:MatchRun)
WHERE r.memory IS NOT NULL
RETURN r.id AS id, head(COLLECT { MATCH (r)-[:RUN_IN]->(a:Area) RETURN a.path }) AS path
ORDER BY r.sortKey DESC""",
)
MEMORY = statement(
    "match_runs.memory",
    """MATCH (r:MatchRun {id: $id})
RETURN r.memory AS memory, r.policy AS policy, r.weights AS weights""",
)
REMEMBER = statement(
    "match_runs.remember",
    "MATCH (r:MatchRun {id: $id}) SET r.memory = $memory RETURN r.id AS id",
    writes=True,
)
FORGET = statement(
    "match_runs.forget",
    "UNWIND $ids AS i MATCH (r:MatchRun {id: i}) REMOVE r.memory RETURN count(r) AS forgotten",
    writes=True,
)
ORDER_PATH = statement(
    "match_runs.order_path",
    "MATCH (:DemandOrder {id: $id})-[:ORDER_AT]->(a:Area) RETURN a.path AS path",
)
USERS_OF_OFFER = statement(
    "match_runs.users_of_offer",
    """MATCH (f:ResourceOffer {id: $id})
RETURN COLLECT {
    MATCH (f)<-[:PROPOSES_OFFER]-(p:Proposal)-[:PROPOSES_ORDER]->(o:DemandOrder)
    WHERE p.state = 'OPEN' AND NOT EXISTS { MATCH (p)<-[:PACKS]-(:Package) }
    RETURN [o.id, p.quantity]
} AS proposed,
COLLECT {
    MATCH (f)<-[:FROM_OFFER]-(c:Claim)-[:FOR_ORDER]->(o:DemandOrder)
    WHERE NOT c.state IN $over
    RETURN [o.id, c.quantity]
} AS claimed""",
)
DECIDE = statement(
    "match_runs.decide",
    """MATCH (p:Proposal {id: $id})
SET p.state = $state, p.pinned = $pinned
RETURN p.id AS id""",
    writes=True,
)


@dataclass(frozen=True, slots=True)
class ProposalRow:
    """A proposal with what it pairs; `area_path` is where the order is.

    `packed`: it is in a package.
    """

    proposal: Proposal
    order_id: str
    offer_id: str
    area_path: str = ""
    packed: bool = False


async def area_path(run: Run, area_id: str) -> str | None:
    """Return the path of an area, None if there is no such area."""
    rows = await run(AREA_PATH, id=area_id)
    return rows[0]["path"] if rows else None


async def lock_pairs(
    transaction: Transaction, rows: Sequence[ProposalRow | PackedProposal], token: str
) -> None:
    """Lock the orders and offers that proposals are about to be linked to."""
    order_ids = sorted({row.order_id for row in rows})
    offer_ids = sorted({row.offer_id for row in rows})
    await transaction.run(LOCK_ORDERS, ids=order_ids, token=token)
    await transaction.run(LOCK_OFFERS, ids=offer_ids, token=token)


async def lock_proposals(transaction: Transaction, proposal_ids: Sequence[str], token: str) -> None:
    """Lock proposals that are about to change."""
    await transaction.run(LOCK_PROPOSALS, ids=sorted(proposal_ids), token=token)


async def open_below(transaction: Transaction, path: str) -> list[str]:
    """Return the ids of the open proposals for orders below a path."""
    return [row["id"] for row in await transaction.run(OPEN_BELOW, path=path)]


async def supersede(transaction: Transaction, proposal_ids: Sequence[str]) -> list[str]:
    """Close open proposals because a new plan takes their place; return which were still open."""
    closed: list[str] = []
    for ids in _batches(proposal_ids):
        closed.extend(row["id"] for row in await transaction.run(SUPERSEDE, ids=ids))
    return closed


async def create_run(transaction: Transaction, run: MatchRun, area_id: str | None) -> None:
    """Write a run that is about to begin."""
    await transaction.run(CREATE_RUN, properties=present_properties(run))
    if area_id is not None:
        await transaction.run(RUN_IN, id=run.id, areaId=area_id)


async def create_proposals(
    transaction: Transaction, run_id: str, rows: Sequence[ProposalRow]
) -> None:
    """Write the proposals of a run."""
    for batch in _batches(rows):
        written = [[row.order_id, row.offer_id, present_properties(row.proposal)] for row in batch]
        await transaction.run(CREATE_PROPOSALS, runId=run_id, rows=written)


async def read_run(run: Run, run_id: str) -> MatchRun | None:
    """Return a run, None if there is none."""
    rows = await run(READ_RUN, id=run_id)
    return record(MatchRun, rows[0]["run"]) if rows else None


async def run_proposals(graph: Graph, run_id: str) -> list[ProposalRow]:
    """Return the proposals of a run, the best first."""
    return [_proposal(row) for row in await graph.read(RUN_PROPOSALS, id=run_id)]


async def read_proposals(run: Run, proposal_ids: Sequence[str]) -> dict[str, ProposalRow]:
    """Return the proposals with these ids that there are, with where their orders are."""
    rows = await run(PROPOSALS_TO_ENDORSE, ids=list(proposal_ids))
    return {row["proposal"]["id"]: _proposal(row) for row in rows}


async def standing(run: Run, path: str) -> list[ProposalRow]:
    """Return the open proposals for orders below a path: the last plan, as far as it stands."""
    return [_proposal(row) for row in await run(STANDING, path=path)]


async def order_path(run: Run, order_id: str) -> str | None:
    """Return the path of the area an order is for, None if there is no such order."""
    rows = await run(ORDER_PATH, id=order_id)
    return rows[0]["path"] if rows else None


@dataclass(frozen=True, slots=True)
class OfferUser:
    """An order that has something of an offer, by a claim or by the open plan."""

    order_id: str
    quantity: int


async def users_of_offer(run: Run, offer_id: str) -> list[OfferUser]:
    """Return who has something of an offer now: open proposals, and claims that hold of it."""
    rows = await run(USERS_OF_OFFER, id=offer_id, over=OVER)
    return [
        OfferUser(order_id, quantity)
        for row in rows
        for order_id, quantity in (*row["proposed"], *row["claimed"])
    ]


@dataclass(frozen=True, slots=True)
class Remembered:
    """What a run left, with the path of its area and the texts of its policy and weights."""

    run_id: str
    path: str
    memory: str
    policy: str
    weights: str


async def remembered(run: Run, path: str, *, above: bool = False) -> Remembered | None:
    """Return what the last run of the area with this path left; None where there was none.

    `above`: the last run whose area is this one or has it within.
    """
    for row in await run(MEMORIES):
        of_run = row["path"] or EVERYWHERE
        if of_run == path or (above and path.startswith(of_run)):
            (found,) = await run(MEMORY, id=row["id"])
            return Remembered(row["id"], of_run, found["memory"], found["policy"], found["weights"])
    return None


async def remember(transaction: Transaction, run_id: str, path: str, memory: str) -> None:
    """Keep what a run leaves; what earlier runs of the same area left is of no use any more."""
    rows = await transaction.run(MEMORIES)
    earlier = [row["id"] for row in rows if (row["path"] or EVERYWHERE) == path]
    if earlier:
        await transaction.run(FORGET, ids=earlier)
    await transaction.run(REMEMBER, id=run_id, memory=memory)


async def decide(transaction: Transaction, proposal: Proposal) -> None:
    """Write what was decided of a proposal, locked before: its state, whether it is pinned."""
    await transaction.run(
        DECIDE, id=proposal.id, state=proposal.state.value, pinned=proposal.pinned
    )


def _proposal(row: Mapping[str, Any]) -> ProposalRow:
    return ProposalRow(
        proposal=record(Proposal, row["proposal"]),
        order_id=row["orderId"],
        offer_id=row["offerId"],
        area_path=row.get("areaPath") or "",
        packed=row.get("packed") or False,
    )


def _batches(items: Sequence[T]) -> Iterator[list[T]]:
    for start in range(0, len(items), BATCH):
        yield list(items[start : start + BATCH])
