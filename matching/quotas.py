"""What quotas leave: how much may still be taken of an agent's offers, in each measure.

A quota of an agent binds the agents that it is around as well (`Situation.above`), so several may
bind one offer; the least of what they leave counts.
"""

from collections.abc import Iterable, Iterator, Mapping

from domain.measures import ratio
from matching.model import Booking, Offer, Policy, Situation

Key = tuple[str, str]
"""An agent and a measure."""


def around(agent_id: str, above: Mapping[str, str]) -> Iterator[str]:
    """Yield an agent and those around it, of agents of which none is around itself."""
    found: str | None = agent_id
    while found is not None:
        yield found
        found = above.get(found)


def nested(above: Mapping[str, str]) -> dict[str, str]:
    """Return who is around whom without what would put an agent around itself."""
    kept: dict[str, str] = {}
    for agent_id, other in sorted(above.items()):
        if agent_id not in around(other, kept):
            kept[agent_id] = other
    return kept


class QuotaRooms:
    """What is left of each quota. `rooms` are by agent and measure."""

    def __init__(self, policy: Policy, above: Mapping[str, str]) -> None:
        """Begin with all of every quota; of two of one agent in one measure the lesser counts."""
        self.rooms: dict[Key, int] = {}
        self._above = nested(above) if policy.quotas else {}
        for quota in policy.quotas:
            key = quota.agent_id, quota.measure
            self.rooms[key] = min(quota.most, self.rooms.get(key, quota.most))

    def keys(self, offer: Offer) -> list[Key]:
        """Return the quotas that bind an offer, its supplier's own first."""
        if not self.rooms:
            return []
        keys = ((agent, offer.measure) for agent in around(offer.supplier_id, self._above))
        return [key for key in keys if key in self.rooms]

    def room(self, offer: Offer) -> int | None:
        """Return how much of an offer its quotas leave, in its measure; None where none binds."""
        return min((self.rooms[key] for key in self.keys(offer)), default=None)

    def take(self, offer: Offer, amount: int) -> None:
        """Take an amount of an offer, in its measure."""
        for key in self.keys(offer):
            self.rooms[key] -= amount


def rooms_left(situation: Situation, policy: Policy) -> QuotaRooms:
    """Return what the pins that hold leave of the quotas."""
    rooms = QuotaRooms(policy, situation.above)
    if rooms.rooms:
        take_bookings(rooms, situation, situation.held)
    return rooms


def take_bookings(rooms: QuotaRooms, situation: Situation, bookings: Iterable[Booking]) -> None:
    """Take what bookings have of their offers. Raises KeyError for one that is not there."""
    orders = {order.id: order for order in situation.orders}
    offers = {offer.id: offer for offer in situation.offers}
    for booking in bookings:
        offer = offers[booking.offer_id]
        rooms.take(offer, given(booking.quantity, orders[booking.order_id].measure, offer.measure))


def given(quantity: int, measure: str, of_offer: str) -> int:
    """Return a quantity of an order in its offer's measure."""
    step = ratio(measure, of_offer)
    if step is None:
        raise ValueError(f"no rule between {measure} and {of_offer}")
    return quantity // step[0] * step[1]
