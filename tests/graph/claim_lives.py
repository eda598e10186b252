"""Carrying claims through their lives in tests."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from domain.claims import ClaimAction, ClaimPolicy
from domain.holds import LineRequest
from domain.identity import new_id
from domain.records import Claim
from domain.vocabulary import ClaimState, Initiator, Side
from resolvers.claims import StepRequest, propose, take_step
from tests.graph.builders import Neighbourhood

POLICY = ClaimPolicy()
REASON, EVIDENCE = "for a reason", "on a picture"
IN_OWN_WORDS = (REASON, EVIDENCE)
"""With blanks, as no id has by chance."""

Move = tuple[str, ClaimAction]
"""Whose account takes which step."""

TO_CONFIRMED: tuple[Move, ...] = (("community", ClaimAction.ACCEPT),)
TO_DELIVERED: tuple[Move, ...] = (*TO_CONFIRMED, ("unit", ClaimAction.DELIVER))
TO_COMPLETED: tuple[Move, ...] = (*TO_DELIVERED, ("community", ClaimAction.COMPLETE))

LIVES: dict[ClaimState, tuple[Move, ...]] = {
    ClaimState.PROPOSED: (),
    ClaimState.CONFIRMED: TO_CONFIRMED,
    ClaimState.IN_PROGRESS: (*TO_CONFIRMED, ("unit", ClaimAction.START)),
    ClaimState.DELIVERED: TO_DELIVERED,
    ClaimState.COMPLETED: TO_COMPLETED,
    ClaimState.EVALUATED: (
        *TO_COMPLETED,
        ("community", ClaimAction.EVALUATE),
        ("unit", ClaimAction.EVALUATE),
    ),
    ClaimState.DECLINED: (("community", ClaimAction.DECLINE),),
    ClaimState.WITHDRAWN: (("unit", ClaimAction.WITHDRAW),),
    ClaimState.RETURNED: (*TO_CONFIRMED, ("unit", ClaimAction.RETURN)),
    ClaimState.CANCELLED: (*TO_CONFIRMED, ("coordinator", ClaimAction.CANCEL)),
    ClaimState.DISPUTED: (*TO_DELIVERED, ("community", ClaimAction.DISPUTE)),
}
"""The shortest way to each state from a unit's claim of a community's order."""


@dataclass
class Lives:
    """Use cases with the clock and the accounts of a neighbourhood."""

    here: Neighbourhood
    policy: ClaimPolicy = field(default_factory=ClaimPolicy)

    async def propose(self, who: str, initiator: Initiator, *lines: Any, **values: Any) -> Claim:
        """Start a claim; a line is a quantity or a `LineRequest`."""
        given: dict[str, Any] = {"idempotency_key": new_id(), "policy": self.policy}
        return await propose(
            self.here.graph,
            viewer=self.here.viewer(who),
            initiator=initiator,
            lines=[line if isinstance(line, LineRequest) else LineRequest(line) for line in lines],
            clock=self.here.clock,
            **(given | values),
        )

    async def step(
        self,
        claim: Claim,
        who: str,
        action: ClaimAction,
        *,
        lines: Sequence[LineRequest] = (),
        side: Side | None = None,
        idempotency_key: str | None = None,
        version: int | None = None,
        **values: Any,
    ) -> Claim:
        """Take a step that lacks nothing."""
        given: dict[str, Any] = {"reason": REASON, "evidence": EVIDENCE, "score": 5}
        if action is ClaimAction.AMEND and not lines:
            lines = [LineRequest(claim.quantity)]
        request = StepRequest(action=action, side=side, lines=lines, **(given | values))
        return await take_step(
            self.here.graph,
            claim.id,
            request,
            viewer=self.here.viewer(who),
            idempotency_key=idempotency_key or new_id(),
            expected_version=version,
            clock=self.here.clock,
            policy=self.policy,
        )

    async def live(self, state: ClaimState) -> Claim:
        """Return a new unit's claim of 4 of a community's order of 10, brought to a state."""
        order = await self.here.order()
        offer = await self.here.offer()
        claim = await self.propose(
            "unit", Initiator.SUPPLIER, 4, order_id=order.id, offer_id=offer.id
        )
        for who, action in LIVES[state]:
            claim = await self.step(claim, who, action)
        return claim
