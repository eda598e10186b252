"""Why an order and an offer are, or are not, a pair of the plan; and what other plans reach."""

import asyncio

from domain.access import Viewer
from domain.clock import Clock, system_clock
from graph import accounts, match_runs
from graph.driver import Graph
from matching.comparison import Outcome, compare
from matching.memory import read_memory
from matching.model import Booking, Policy
from matching.policies import policy_of_run
from matching.why import Why, why
from resolvers.claims_common import caller_of
from resolvers.matching import DEFAULT_POLICY, area_path, check_coordinates, read_changed_situation
from resolvers.matching_situation import read_situation


async def why_pair(
    graph: Graph,
    *,
    viewer: Viewer,
    order_id: str,
    offer_id: str,
    clock: Clock = system_clock,
) -> Why | None:
    """Return why a pair is or is not in the plan; None where either is not open to be matched.

    By the policy and the prices of the last run of an area around the order; without one, by the
    default policy and without prices. For ADMIN and the coordinator of the order's area. Raises
    NotSignedIn and Forbidden.
    """
    now = clock()
    present = await accounts.viewer(graph.read, caller_of(viewer), now)
    place = await match_runs.order_path(graph.read, order_id)
    if place is None:
        return None
    check_coordinates(present, place, "MATCHING_RUN")
    last = await match_runs.remembered(graph.read, place, above=True)
    policy = DEFAULT_POLICY if last is None else policy_of_run(last.policy, last.weights)
    path = match_runs.EVERYWHERE if last is None else last.path
    situation = await read_situation(graph, below=path, now=now, policy=policy)
    if not any(order.id == order_id for order in situation.orders):
        return None
    if not any(offer.id == offer_id for offer in situation.offers):
        return None
    bookings = tuple(
        Booking(user.order_id, offer_id, user.quantity)
        for user in await match_runs.users_of_offer(graph.read, offer_id)
    )
    prices = None if last is None else read_memory(last.memory).prices
    return await asyncio.to_thread(why, situation, policy, (order_id, offer_id), prices, bookings)


async def compare_policies(
    graph: Graph,
    *,
    viewer: Viewer,
    area_id: str | None,
    policy: Policy,
    clock: Clock = system_clock,
) -> tuple[Outcome, ...]:
    """Return what each practice and policy would reach on what is open now; writes nothing.

    For whoever may match the area. Raises NotSignedIn, Forbidden, NotFound, MatchingError.
    """
    now = clock()
    present = await accounts.viewer(graph.read, caller_of(viewer), now)
    path = await area_path(graph.read, area_id)
    check_coordinates(present, path, "MATCHING_RUN")
    situation = await read_changed_situation(graph, below=path, now=now, policy=policy)
    return await asyncio.to_thread(compare, situation, policy)
