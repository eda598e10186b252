"""Who could serve an order now: the matcher's own rules and score, asked for one order."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from domain.access import Viewer
from domain.clock import Clock
from domain.errors import BadInput
from domain.holds import offer_past, order_past
from graph import match_runs, matching
from graph.driver import Graph
from graph.matching import OrderRow
from graph.paths import Stop, may_see
from graph.standing import agent_place
from matching.help import Help, who_could_help
from matching.memory import read_memory
from matching.model import Policy
from matching.policies import policy_of_run
from resolvers.matching_relations import relations_between
from resolvers.matching_situation import matched_offer, matched_order

MOST_HELPERS = 100
MOST_OFFERS = 5_000
"""Offers of the order's categories that are looked at, the oldest first."""
POLICY = Policy()


async def helpers_of(
    graph: Graph,
    viewer: Viewer,
    clock: Clock,
    order_id: str,
    first: int,
    *,
    by_price: bool = False,
) -> Sequence[Help] | None:
    """Return the offers that could serve an order, the best first; of what is over or full none.

    None where there is no such order for the caller. Only published offers are looked at. Who has
    worked together, and who has refused the order, counts only for callers who may see the claims
    that tell it: those who speak for the receiver or coordinate it. For them, `by_price` ranks by
    what the last run of an area around the order needs the offers for elsewhere, and goes by that
    run's policy; for others, and before any run, by score.

    Raises BadInput for a number that is not possible.
    """
    if not 1 <= first <= MOST_HELPERS:
        raise BadInput(field="first", value=first, expected=f"1..{MOST_HELPERS}")
    if not await may_see(graph, viewer, clock, Stop("DemandOrder", order_id)):
        return None
    now = clock()
    row = await matching.open_order(graph, order_id)
    if row is None:
        return []
    if order_past(row.order, now) or row.order.quantity <= row.order.held:
        return []
    place = await agent_place(graph, row.receiver_id)
    privy = place is not None and (place.spoken_for_by(viewer) or place.coordinated_by(viewer))
    substitutes = await matching.substitutes(graph)
    wanted = row.category_path
    below = [wanted, *(instead for each, instead in substitutes if wanted.startswith(each))]
    rows = await matching.offers_below(graph, sorted(set(below)), now, MOST_OFFERS)
    last = None
    if by_price and privy:
        last = await match_runs.remembered(graph.read, row.area_path, above=True)
    policy = POLICY if last is None else policy_of_run(last.policy, last.weights)
    until = now + timedelta(days=policy.horizon_days)
    order = matched_order(row if privy else _as_published(row))
    partners = await matching.partners(graph, row.receiver_id) if privy else ()
    relations = await relations_between(
        graph,
        {row.receiver_id},
        {each.supplier_id for each in rows},
        [(row.receiver_id, other) for other in partners],
        now,
    )
    found = await asyncio.to_thread(
        lambda: who_could_help(
            order,
            [matched_offer(each, now, until) for each in rows if not offer_past(each.offer, now)],
            policy,
            now,
            relations,
            substitutes,
            None if last is None else read_memory(last.memory).prices,
        )
    )
    return found[:first]


def _as_published(row: OrderRow) -> OrderRow:
    """Return an order without what only its claims and proposals tell."""
    return replace(row, rejected_offers=frozenset(), rejected_suppliers=frozenset())
