"""How far a plan goes, in figures that add up across measures and in each measure."""

from collections.abc import Mapping
from dataclasses import dataclass

from matching.model import Situation
from matching.plans import Plan


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """What a plan reaches.

    `value` is what its units are worth, without any bonus; `filled` is the mean over the orders
    of the share that each gets, in [0, 1]; `quantities` are wanted and matched by measure, in
    smallest units.
    """

    orders: int
    matched_orders: int
    whole_orders: int
    filled: float
    value: int
    quantities: Mapping[str, tuple[int, int]]


def summarise(situation: Situation, plan: Plan) -> Summary:
    """Return the figures of a plan."""
    got = {order.id: 0 for order in situation.orders}
    for proposal in plan.proposals:
        got[proposal.order_id] += proposal.quantity
    wanted = sorted(
        (order for order in situation.orders if order.quantity > 0), key=lambda order: order.id
    )
    quantities: dict[str, tuple[int, int]] = {}
    for order in wanted:
        asked, matched = quantities.get(order.measure, (0, 0))
        quantities[order.measure] = (asked + order.quantity, matched + got[order.id])
    shares = [got[order.id] / order.quantity for order in wanted]
    return Summary(
        orders=len(wanted),
        matched_orders=sum(quantity > 0 for quantity in got.values()),
        whole_orders=sum(got[order.id] == order.quantity for order in wanted),
        filled=sum(shares) / len(shares) if shares else 0.0,
        value=plan.counted.worth,
        quantities=dict(sorted(quantities.items())),
    )
